//! What the compiler says of a first program, and what a person would then change: a variable that must be known earlier, a value or a
//! default that nobody has filled in.
//!
//! It knows diagnostics and the program's tree. How a draft is mended with it, `typed` knows.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::diagnostic::{Code, Diagnostic, Severity, code};
use crate::syntax::ast::{Block, Element, Entry, Expr, ExprKind, ImageItem, ItemKind, UnaryOp};
use crate::syntax::parse;
use crate::text::{FileId, Source, Span};

use super::draft::Name;
use super::program::Names;
use super::typed::Typed;

/// The file of the program among those of its compilation.
pub(super) const PROGRAM: FileId = FileId(0);

/// What is known from programs that did not compile; names are those of the template.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Lessons {
    /// Variables that the compiler must know.
    pub(super) early: FxHashSet<String>,
    /// Variables whose default is no value for where they are used, and why.
    pub(super) blank: FxHashMap<String, String>,
    /// Values that are refused, by option and by what stands there, and why.
    pub(super) refused: FxHashMap<(String, String), String>,
}

/// Refusals of a value for what it is.
const OF_VALUES: &[Code] = &[
    code::TYPE_MISMATCH,
    code::VALUE_DOMAIN,
    code::VALUE_PATTERN,
    code::VALUE_RANGE,
    code::VALUE_CONVERSION,
    code::BUILD_NAME,
    code::OPTION_RULE,
    code::OPTION_MISSING,
];

impl Lessons {
    /// Learns from what is said of a program. Whether there was anything new.
    pub(super) fn learn(&mut self, text: &str, names: &Names, typed: &Typed, said: &[Diagnostic]) -> bool {
        let before = self.clone();
        let source = Source::new("", text);
        let file = parse(PROGRAM, text).file;
        // What a plugin takes that nobody knows, the import itself has said.
        let known = |block: &&Block| typed.externs.iter().all(|kind| kind.kind.as_str() != block.kind.name.as_str());
        let blocks: Vec<&Block> = file
            .items
            .iter()
            .filter_map(|item| if let ItemKind::Image(image) = &item.kind { Some(&image.body) } else { None })
            .flatten()
            .flat_map(|item| match item {
                ImageItem::Block(block) => std::slice::from_ref(block),
                ImageItem::Post(post) => &post.links[..],
                _ => &[],
            })
            .filter(known)
            .collect();
        for error in said.iter().filter(|d| d.severity == Severity::Error) {
            let places: Vec<Span> = error.labels.iter().map(|l| l.span).filter(|s| s.file == PROGRAM).collect();
            if error.code == code::TYPE_LATE {
                let slices = places.iter().filter_map(|span| text.get(span.range()));
                self.early.extend(slices.filter_map(|slice| variable(names, slice)));
            }
            let Some(at) = places.first().filter(|_| OF_VALUES.contains(&error.code)) else { continue };
            if let Some((key, words)) = blocks.iter().find_map(|block| in_entries(&block.body, *at)) {
                let meant = error.help.as_ref().filter(|help| help.starts_with("did you mean"));
                let why = meant.map_or(error.message.clone(), |meant| format!("{}: {meant}", error.message));
                self.refused.entry((key, words)).or_insert(why);
            }
            // An option that stood empty is missed.
            for key in typed.emptied.iter().filter(|key| error.message.contains(&format!("`{key}`"))) {
                self.refused.entry((key.clone(), String::new())).or_insert_with(|| error.message.clone());
            }
            self.empty_defaults(text, &source, names, typed, error, &places);
        }
        *self != before
    }

    /// Variables with an empty default on the lines of an error.
    fn empty_defaults(
        &mut self,
        text: &str,
        source: &Source,
        names: &Names,
        typed: &Typed,
        error: &Diagnostic,
        places: &[Span],
    ) {
        let word = |c: char| !(c.is_alphanumeric() || c == '_');
        for span in places {
            let line = source.line(source.line_column(span.start).0);
            let slice = text.get(span.range()).unwrap_or_default();
            for name in line.split(word).chain(slice.split(word)).filter_map(|w| variable(names, w)) {
                let declared = typed.draft.variables.iter().find(|v| v.name == name);
                if declared.is_some_and(|v| v.default.as_ref().is_some_and(|d| d.plain() == Some(""))) {
                    self.blank.entry(name).or_insert_with(|| error.message.clone());
                }
            }
        }
    }
}

/// The variable of the template that an identifier of the program stands for.
fn variable(names: &Names, identifier: &str) -> Option<String> {
    match names.given(identifier)? {
        Name::Variable(name) => Some(name.clone()),
        _ => None,
    }
}

/// The option whose value holds a literal at a place, and what the literal says.
fn in_entries(entries: &[Entry], at: Span) -> Option<(String, String)> {
    entries.iter().find_map(|entry| match entry {
        Entry::Field { key, value, .. } if holds(value, at) => in_value(&key.name, value, at),
        _ => None,
    })
}

fn in_value(key: &str, value: &Expr, at: Span) -> Option<(String, String)> {
    if value.span == at {
        return Some((key.to_owned(), words(value)?));
    }
    match &value.kind {
        ExprKind::Record(entries) => in_entries(entries, at),
        ExprKind::List(elements) => elements.iter().find_map(|element| match element {
            Element::Value(value) if holds(value, at) => in_value(key, value, at),
            _ => None,
        }),
        ExprKind::If(_, yes, no) => [yes, no].into_iter().find(|v| holds(v, at)).and_then(|v| in_value(key, v, at)),
        ExprKind::Match(_, arms) => {
            arms.iter().find(|arm| holds(&arm.value, at)).and_then(|arm| in_value(key, &arm.value, at))
        }
        ExprKind::Paren(inner) => in_value(key, inner, at),
        _ => None,
    }
}

fn holds(value: &Expr, at: Span) -> bool {
    value.span.start <= at.start && at.end <= value.span.end
}

/// What a literal says, as a template would say it.
fn words(value: &Expr) -> Option<String> {
    const GIB: u64 = 1 << 30;
    match &value.kind {
        ExprKind::Text(text) => text.as_plain().map(Into::into),
        ExprKind::Int(int) => Some(int.to_string()),
        ExprKind::Bool(bool) => Some(bool.to_string()),
        ExprKind::Size(bytes) if bytes.is_multiple_of(GIB) => Some((bytes / GIB).to_string()),
        ExprKind::Unary(UnaryOp::Negate, inner) => words(inner).map(|words| format!("-{words}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_found_with_its_option() {
        let text = "image a { builder b { x = { y = [\"1\", \"FILL\"], n = -3 } } }";
        let parsed = parse(PROGRAM, text);
        let ItemKind::Image(image) = &parsed.file.items[0].kind else { panic!("an image") };
        let ImageItem::Block(block) = &image.body[0] else { panic!("a block") };
        let at = |part: &str| {
            let start = text.find(part).expect("it is there") as u32;
            let span = Span { file: PROGRAM, start, end: start + part.len() as u32 };
            in_entries(&block.body, span)
        };
        assert_eq!(at("\"FILL\""), Some(("y".into(), "FILL".into())));
        assert_eq!(at("-3"), Some(("n".into(), "-3".into())));
        assert_eq!(at("[\"1\", \"FILL\"]"), None);
        assert_eq!(at("FILL"), None);
    }
}
