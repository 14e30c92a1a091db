//! Names with variables in them: those of builds, and keys of records. The compiler must know them, so their variables become
//! params, where these can be known when the plan is made.

use rustc_hash::FxHashSet;

use crate::import::draft::{Draft, Entry, For, Kind, Lost, Name, Piece, Value, Variable};
use crate::import::legacy::{text_value, text_variables};
use crate::import::program::identifier;
use crate::text::{FileId, Span};

use super::variables::{each_value, each_value_mut, secrets};

/// The variables that can be known when the plan is made: no secrets, with defaults that need no run, and read by no action of it.
pub(super) fn knowable(draft: &Draft) -> FxHashSet<String> {
    let mut read = secrets(draft);
    each_value(draft, &mut |value| read.extend(in_actions(value)));
    let early = |v: &&Variable| !read.contains(&v.name) && v.default.as_ref().is_none_or(|d| is_early(d, None));
    let mut known: FxHashSet<String> = draft.variables.iter().filter(early).map(|v| v.name.clone()).collect();
    // A default may hold other variables.
    loop {
        let still =
            |v: &&Variable| known.contains(&v.name) && v.default.as_ref().is_none_or(|d| is_early(d, Some(&known)));
        let left: FxHashSet<String> = draft.variables.iter().filter(still).map(|v| v.name.clone()).collect();
        if left.len() == known.len() {
            return known;
        }
        known = left;
    }
}

/// The variables that the actions of a text read.
pub(super) fn in_actions(value: &Value) -> Vec<String> {
    let Kind::Text(pieces) = &value.kind else { return Vec::new() };
    let read = |piece: &Piece| if let Piece::Action(source) = piece { text_variables(source) } else { Vec::new() };
    pieces.iter().flat_map(read).collect()
}

/// Whether a value is known when the plan is made, if some variables are.
fn is_early(value: &Value, known: Option<&FxHashSet<String>>) -> bool {
    let mut early = true;
    value.each(&mut |value| match &value.kind {
        Kind::Name(Name::Variable(name)) => early &= known.is_none_or(|known| known.contains(name)),
        Kind::Name(Name::Local(_)) => early = false,
        Kind::Text(pieces) => early &= pieces.iter().all(|piece| !matches!(piece, Piece::Action(_))),
        _ => {}
    });
    early
}

/// Names of builds get a form of their own, and those with variables in them are kept so where that can be.
pub(super) fn builds(draft: &mut Draft, known: &FxHashSet<String>) {
    for builder in &mut draft.builders {
        let Some(said) = &builder.said else { continue };
        let why = if !is_early(said, Some(known)) {
            "names of builds are known when the plan is made, and what is in this one is not"
        } else if formed(&builder.name) != builder.name {
            "names of builds are letters, digits, `.`, `_` and `-`"
        } else {
            continue;
        };
        let name = formed(&builder.name);
        let what = "this name of a build".to_owned();
        draft.lost.push(Lost { what, why: format!("{why}; it is called `{name}`"), span: said.span });
        (builder.name, builder.said) = (name, None);
    }
    without_variables(draft);
    let mut taken: FxHashSet<String> = FxHashSet::default();
    for builder in &mut draft.builders {
        let wanted = formed(&builder.name);
        let mut name = wanted.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            name = format!("{wanted}-{number}");
            number += 1;
        }
        if name != builder.name {
            let what = format!("the name `{}`", builder.name);
            let why = format!("names of builds are letters, digits, `.`, `_` and `-`; it is called `{name}`");
            let span = builder.block.span.unwrap_or(Span::file_start(FileId(0)));
            draft.lost.push(Lost { what, why, span });
            (builder.name, builder.said) = (name, None);
        }
    }
}

/// The nearest name that a build may have.
fn formed(name: &str) -> String {
    const LONGEST: usize = 128;
    let letter = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    let name: String = name.chars().map(letter).take(LONGEST).collect();
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    if name.is_empty() { "build".into() } else { name.to_owned() }
}

/// Builds of one name but for its variables are told apart by the rest of it, where that is enough.
fn without_variables(draft: &mut Draft) {
    if draft.builders.len() < 2 || draft.builders.iter().all(|b| b.said.is_none()) {
        return;
    }
    let rest = |said: &Value| {
        let Kind::Text(pieces) = &said.kind else { return String::new() };
        let chars = pieces.iter().filter_map(|p| if let Piece::Chars(chars) = p { Some(chars.as_str()) } else { None });
        let words = chars.map(|c| c.trim_matches(|c: char| !c.is_ascii_alphanumeric())).filter(|c| !c.is_empty());
        words.collect::<Vec<_>>().join("-")
    };
    let names: Vec<String> =
        draft.builders.iter().map(|b| b.said.as_ref().map_or_else(|| b.name.clone(), rest)).collect();
    let distinct: FxHashSet<&String> = names.iter().collect();
    if distinct.len() == names.len() && names.iter().all(|name| !name.is_empty()) {
        draft.builders.iter_mut().zip(names).for_each(|(builder, name)| builder.name = name);
    }
}

/// Keys with variables in them are made when the plan is: `{ for key in ["${k}"]: key = … }`.
pub(super) fn keys(draft: &mut Draft, known: &FxHashSet<String>) {
    let others: FxHashSet<String> = draft.variables.iter().map(|v| identifier(&v.name)).collect();
    let Some(bound) = bound(|name| others.contains(name)) else { return };
    each_value_mut(draft, &|value| {
        let Kind::Record(entries) = &mut value.kind else { return };
        for entry in entries.iter_mut().filter(|e| e.key.contains("{{")) {
            let key = text_value(&entry.key, entry.span);
            let holds = match &key.kind {
                Kind::Text(pieces) => pieces.iter().any(|p| matches!(p, Piece::Value(_))),
                _ => true,
            };
            if holds && is_early(&key, Some(known)) {
                *entry = made(entry, key, bound);
            }
        }
    });
}

/// A name for a key that is worked out, which nothing else has.
pub(super) fn bound(taken: impl Fn(&str) -> bool) -> Option<&'static str> {
    ["key", "made_key", "key_of_it", "the_key"].into_iter().find(|name| !taken(name))
}

/// An entry whose key is worked out.
pub(super) fn made(entry: &Entry, key: Value, bound: &str) -> Entry {
    let span = entry.span;
    let key = match key.kind {
        Kind::Text(_) => key,
        _ => Value::new(Kind::Text(vec![Piece::Value(Box::new(key))]), span),
    };
    let each = For {
        key: None,
        value: bound.to_owned(),
        over: Value::new(Kind::List(vec![key]), span),
        condition: None,
        makes_key: Some(Value::bound(bound, span)),
        makes: entry.value.clone(),
    };
    let value = Value::new(Kind::Spread(Box::new(Value::new(Kind::For(Box::new(each)), span))), span);
    Entry { key: String::new(), value, comments: entry.comments.clone(), span }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::draft::{Builder, Type};

    const HERE: Span = Span { file: FileId(0), start: 0, end: 0 };

    fn variable(name: &str, default: &str) -> Variable {
        Variable {
            name: name.into(),
            ty: Type::Any,
            default: Some(text_value(default, HERE)),
            sensitive: name == "hidden",
            doc: Vec::new(),
            comments: Vec::new(),
            span: HERE,
        }
    }

    fn draft(names: &[&str]) -> Draft {
        let builder = |name: &&str| {
            let said = text_value(name, HERE);
            let said = (said.plain() != Some(name)).then_some(said);
            Builder { name: formed(&name.replace("{{user `os`}}", "ubuntu")), said, block: Default::default() }
        };
        let variables = [
            ("os", "ubuntu"),
            ("hidden", "x"),
            ("when", "{{timestamp}}"),
            ("of_when", "a-{{user `when`}}"),
            ("of_os", "a-{{user `os`}}"),
        ];
        Draft {
            builders: names.iter().map(builder).collect(),
            variables: variables.map(|(n, d)| variable(n, d)).into(),
            late: true,
            ..Draft::default()
        }
    }

    #[test]
    fn what_the_run_decides_cannot_be_known() {
        let mut known: Vec<String> = knowable(&draft(&[])).into_iter().collect();
        known.sort();
        assert_eq!(known, ["of_os", "os"]);
    }

    #[test]
    fn builds_are_told_apart_by_what_is_no_variable() {
        let named = |names: &[&str]| {
            let mut draft = draft(names);
            let known = knowable(&draft);
            builds(&mut draft, &known);
            let names: Vec<String> = draft.builders.iter().map(|b| b.name.clone()).collect();
            (names.join(" "), draft.builders.iter().filter(|b| b.said.is_some()).count(), draft.lost.len())
        };
        assert_eq!(named(&["{{user `os`}}-ebs", "{{user `os`}}-box"]), ("ebs box".into(), 2, 0));
        assert_eq!(named(&["a-{{user `os`}}-b", "c"]), ("a-b c".into(), 1, 0));
        assert_eq!(named(&["{{user `os`}}", "c"]), ("ubuntu c".into(), 1, 0));
        let (_, said, lost) = named(&["{{user `os`}}-{{timestamp}}", "c"]);
        assert_eq!((said, lost), (0, 1));
    }
}
