//! What the axes of a set of builders are, from how their names and options vary.

use crate::facts::regions;
use crate::import::draft::{Builder, Kind, Piece, Value};
use crate::import::program::Names;
use crate::text::Span;

use super::cells::{Cells, Dimension};

/// One axis that holds the names themselves: it fits any builders.
pub(super) fn by_name(builders: &[Builder], names: &mut Names, span: Span) -> Cells {
    let name = names.fresh("build");
    Cells {
        axes: vec![Dimension { name: name.clone(), values: builders.iter().map(|b| b.name.clone()).collect() }],
        of: (0..builders.len()).map(|b| vec![b]).collect(),
        name: Value::bound(name, span),
        span,
    }
}

/// A part of a name: what separates it from the former one, and its word.
type Part<'n> = (&'n str, &'n str);

/// Axes that the names are made of; nothing where they are made of no common parts.
pub(super) fn by_parts(builders: &[Builder], names: &mut Names, span: Span) -> Option<Cells> {
    let parts: Vec<Vec<Part<'_>>> = builders.iter().map(parts).collect();
    let first = parts.first()?;
    let alike = |own: &Vec<Part<'_>>| own.len() == first.len() && own.iter().zip(first).all(|((a, _), (b, _))| a == b);
    if builders.len() < 2 || !parts.iter().all(alike) {
        return None;
    }
    let mut axes: Vec<Dimension> = Vec::new();
    let mut of: Vec<Vec<usize>> = vec![Vec::new(); builders.len()];
    let mut name: Vec<Piece> = Vec::new();
    for place in 0..first.len() {
        let words: Vec<&str> = parts.iter().map(|p| p[place].1).collect();
        let (separator, constant) = first[place];
        push(&mut name, separator);
        if words.iter().all(|w| *w == constant) {
            push(&mut name, constant);
            continue;
        }
        let mut values: Vec<String> = Vec::new();
        for (build, word) in words.iter().enumerate() {
            let index = values.iter().position(|v| v == word).unwrap_or_else(|| {
                values.push((*word).to_owned());
                values.len() - 1
            });
            of[build].push(index);
        }
        let axis = names.fresh(&axis_name(builders, &words));
        name.push(Piece::Value(Box::new(Value::bound(axis.clone(), span))));
        axes.push(Dimension { name: axis, values });
    }
    let name = match &name[..] {
        [Piece::Value(only)] => (**only).clone(),
        _ => Value::new(Kind::Text(name), span),
    };
    ordered(Cells { axes, of, name, span })
}

fn push(name: &mut Vec<Piece>, chars: &str) {
    match name.last_mut() {
        _ if chars.is_empty() => {}
        Some(Piece::Chars(last)) => last.push_str(chars),
        _ => name.push(Piece::Chars(chars.to_owned())),
    }
}

/// The axes in an order in which the builds come as they do, if there is one.
fn ordered(cells: Cells) -> Option<Cells> {
    /// More orders than of so many axes are not tried.
    const MOST_AXES: usize = 5;
    if cells.axes.is_empty() || cells.axes.len() > MOST_AXES {
        return None;
    }
    let orders = permutations(cells.axes.len());
    let arranged = |order: &Vec<usize>| Cells {
        axes: order.iter().map(|a| cells.axes[*a].clone()).collect(),
        of: cells.of.iter().map(|own| order.iter().map(|a| own[*a]).collect()).collect(),
        ..cells.clone()
    };
    let found = orders.iter().map(arranged).find(Cells::is_product);
    Some(found.unwrap_or_else(|| cells.clone()))
}

fn permutations(length: usize) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..length {
        let extend = |begun: &Vec<usize>| {
            let begun = begun.clone();
            (0..length).filter(|a| !begun.contains(a)).map(|a| [&begun[..], &[a]].concat()).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(extend).collect();
    }
    all
}

/// The parts of a build's name. A region is one part, and so is what an option holds as a whole.
fn parts(builder: &Builder) -> Vec<Part<'_>> {
    let name = builder.name.as_str();
    let separator = |c: char| matches!(c, '-' | '_' | '.' | ' ' | '/');
    let mut bounds: Vec<usize> = vec![0];
    bounds.extend(name.char_indices().filter(|(_, c)| separator(*c)).map(|(i, _)| i));
    bounds.push(name.len());
    let whole = |word: &str| is_region(word) || builder.block.options.iter().any(|e| e.value.plain() == Some(word));
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut at = 0;
    while at + 1 < bounds.len() {
        let start = bounds[at];
        let word_start = if at == 0 { 0 } else { start + 1 };
        // The longest stretch that means something as a whole, else one word.
        let end = (at + 2..bounds.len()).rev().find(|end| name.get(word_start..bounds[*end]).is_some_and(whole));
        let end = end.unwrap_or(at + 1);
        parts.push((name.get(start..word_start).unwrap_or(""), name.get(word_start..bounds[end]).unwrap_or("")));
        at = end;
    }
    parts
}

fn is_region(word: &str) -> bool {
    regions::find(word).is_some()
}

/// What an axis of these values is called.
fn axis_name(builders: &[Builder], words: &[&str]) -> String {
    if words.iter().all(|w| is_region(w)) {
        return "region".into();
    }
    // An option that holds the same says what it is.
    let options = builders.first().map(|b| b.block.options.as_slice()).unwrap_or_default();
    let same = |key: &str| {
        builders
            .iter()
            .zip(words)
            .all(|(builder, word)| builder.block.options.iter().any(|e| e.key == key && e.value.plain() == Some(word)))
    };
    if let Some(option) = options.iter().find(|e| same(&e.key)) {
        return option.key.clone();
    }
    // So does a tag.
    let tag = |option: &str, key: &str| {
        builders.iter().zip(words).all(|(builder, word)| {
            let options = builder.block.options.iter().find(|e| e.key == option).map(|e| &e.value.kind);
            let Some(Kind::Record(tags)) = options else { return false };
            tags.iter().any(|e| e.key == key && e.value.plain() == Some(word))
        })
    };
    for option in options {
        if let Kind::Record(tags) = &option.value.kind
            && let Some(found) = tags.iter().find(|e| tag(&option.key, &e.key))
        {
            return found.key.to_ascii_lowercase();
        }
    }
    let all = |known: &[&str]| words.iter().all(|w| known.contains(w));
    if all(&["pv", "hvm", "paravirtual"]) {
        return "virt".into();
    }
    if all(&["ebs", "instance", "s3"]) {
        return "storage".into();
    }
    if all(&["x86_64", "amd64", "arm64", "i386", "aarch64", "x64", "arm"]) {
        return "arch".into();
    }
    if all(&["dev", "development", "test", "testing", "stage", "staging", "qa", "prod", "production"]) {
        return "stage".into();
    }
    if words.iter().all(|w| w.starts_with(|c: char| c.is_ascii_digit())) {
        return "release".into();
    }
    "variant".into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::draft::{Block, Entry};
    use crate::text::FileId;

    fn builder(name: &str, options: &[(&str, &str)]) -> Builder {
        let span = Span::file_start(FileId(0));
        let entry = |(key, value): &(&str, &str)| Entry {
            key: (*key).to_owned(),
            value: Value::text(*value, span),
            comments: Vec::new(),
            span,
        };
        let block = Block { options: options.iter().map(entry).collect(), ..Block::default() };
        Builder { name: name.to_owned(), said: None, block }
    }

    #[test]
    fn names_fall_into_axes() {
        let builders: Vec<Builder> =
            ["us-east-1-1204-pv", "us-east-1-1204-hvm", "eu-west-1-1204-pv", "eu-west-1-1204-hvm"]
                .map(|n| builder(n, &[("region", &n[..9])]))
                .into();
        let cells = by_parts(&builders, &mut Names::default(), Span::file_start(FileId(0))).expect("they have parts");
        let axes: Vec<&str> = cells.axes.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(axes, ["region", "virt"]);
        assert!(cells.is_product());
        assert_eq!(cells.build_name(2), "eu-west-1-1204-pv");
    }

    #[test]
    fn an_option_names_its_axis_and_keeps_words_together() {
        let builders = [("web-m5.large", "m5.large"), ("web-c5.large", "c5.large")]
            .map(|(n, t)| builder(n, &[("instance_type", t)]));
        let cells = by_parts(&builders, &mut Names::default(), Span::file_start(FileId(0))).expect("they have parts");
        assert_eq!((cells.axes.len(), cells.axes[0].name.as_str()), (1, "instance_type"));
        assert!(
            by_parts(&[builder("a", &[]), builder("b-c", &[])], &mut Names::default(), Span::file_start(FileId(0)))
                .is_none()
        );
    }
}
