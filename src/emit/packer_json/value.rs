//! One value as JSON, in the shape that its option wants.
//!
//! It knows JSON; of Packer, that durations are texts as Go writes them.

use std::borrow::Cow;
use std::fmt::Write;

use smol_str::SmolStr;

use crate::plan::{Text, Value};
use crate::template::escape;
use crate::ty::{Encoding, describe};

use crate::emit::edges::Edges;
use crate::emit::paths::Paths;
use crate::emit::shape::{Shape, word};
use crate::emit::text::{holds_braces, template};

/// Writes JSON values into a text.
pub(super) struct Writer<'w, 'a> {
    pub(super) out: &'w mut String,
    pub(super) edges: &'w mut Edges<'a>,
    pub(super) paths: &'w Paths,
    /// Whether data with a `{{` in it has been written.
    pub(super) braces: bool,
    /// Spaces before the line that the value begins in; `None` writes all on one line.
    pub(super) indent: Option<usize>,
}

impl Writer<'_, '_> {
    pub(super) fn value(&mut self, value: &Value, shape: Shape<'_>) {
        if word(self.out, value, shape.encoding()) {
            return;
        }
        match value {
            Value::Text(text) | Value::Path(text) => {
                let text = self.template(text, matches!(value, Value::Path(_)));
                string(self.out, &text);
            }
            Value::Duration(nanos) => string(self.out, &describe::duration(*nanos)),
            Value::List(values) => self.list(values, shape.element()),
            Value::Record(entries) if shape.encoding() == Some(Encoding::Pairs) => self.pairs(entries, shape),
            Value::Record(entries) => self.record(entries, shape),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Number(_) | Value::Size(_) => {}
        }
    }

    fn template<'t>(&mut self, text: &'t Text, path: bool) -> Cow<'t, str> {
        self.braces |= holds_braces(text);
        template(text, path.then_some(self.paths), self.edges)
    }

    fn list(&mut self, values: &[Value], shape: Shape<'_>) {
        self.bracket('[', ']', values, |writer, value| writer.value(value, shape));
    }

    fn record(&mut self, entries: &[(SmolStr, Value)], shape: Shape<'_>) {
        self.bracket('{', '}', entries, |writer, (key, value)| {
            // Packer renders keys as it renders values.
            writer.braces |= key.contains("{{");
            let escaped = escape(key);
            string(writer.out, &escaped);
            writer.out.push_str(if writer.indent.is_some() { ": " } else { ":" });
            writer.value(value, shape.field(key));
        });
    }

    /// A record as a list of `K=V`.
    fn pairs(&mut self, entries: &[(SmolStr, Value)], shape: Shape<'_>) {
        self.bracket('[', ']', entries, |writer, (key, value)| {
            let value = match value {
                Value::Text(text) | Value::Path(text) => {
                    writer.template(text, matches!(value, Value::Path(_))).into_owned()
                }
                other => {
                    let mut json = String::new();
                    let mut inner = Writer {
                        out: &mut json,
                        edges: writer.edges,
                        paths: writer.paths,
                        braces: false,
                        indent: None,
                    };
                    inner.value(other, shape.field(key).plain());
                    // Durations are texts.
                    json.trim_matches('"').to_owned()
                }
            };
            string(writer.out, &format!("{}={value}", escape(key)));
        });
    }

    /// A list or object with one element a line, or all on one line.
    pub(super) fn bracket<T>(&mut self, open: char, close: char, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.out.push(open);
        let outer = self.indent;
        self.indent = outer.map(|i| i + 2);
        for (i, each) in items.iter().enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            if let Some(indent) = self.indent {
                new_line(self.out, indent);
            }
            item(self, each);
        }
        self.indent = outer;
        if let Some(indent) = outer.filter(|_| !items.is_empty()) {
            new_line(self.out, indent);
        }
        self.out.push(close);
    }
}

pub(super) fn new_line(out: &mut String, indent: usize) {
    const SPACES: &str = "                                                                ";
    out.push('\n');
    let mut rest = indent;
    while rest > 0 {
        let now = rest.min(SPACES.len());
        out.push_str(&SPACES[..now]);
        rest -= now;
    }
}

/// A text as a JSON string.
pub(super) fn string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|b| b < 0x20 || b == b'"' || b == b'\\') {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            other => {
                let _ = write!(out, "\\u{other:04x}");
            }
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_what_a_json_reader_reads() {
        for text in ["", "plain", "a\"b\\c", "\u{1}\n\r\t\u{8}", "ü€😀", "{{user `x`}}\u{7f}"] {
            let mut out = String::new();
            string(&mut out, text);
            assert_eq!(serde_json::from_str::<String>(&out).ok().as_deref(), Some(text), "{out}");
        }
    }
}
