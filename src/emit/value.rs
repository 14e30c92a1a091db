//! One value in the shape that its option wants: the language's values with the schema's encodings as JSON.
//!
//! It knows types and their notes; of Packer, that durations are texts as Go writes them.

use std::borrow::Cow;
use std::fmt::Write;

use crate::plan::{Text, Value};
use crate::ty::{Encoding, Field, Ty, describe};

use super::edges::Edges;
use super::paths::Paths;
use super::text::{holds_braces, template};

/// What a value's place says of its shape.
#[derive(Clone, Copy, Default)]
pub(super) struct Shape<'k> {
    ty: Option<&'k Ty>,
    encoding: Option<Encoding>,
}

impl<'k> Shape<'k> {
    pub(super) fn of(field: &'k Field) -> Self {
        Shape { ty: Some(&field.ty), encoding: field.notes.as_ref().and_then(|n| n.encoding) }
    }

    pub(super) fn encoding(self) -> Option<Encoding> {
        self.encoding
    }

    /// The shape without its encoding.
    pub(super) fn plain(self) -> Self {
        Shape { encoding: None, ..self }
    }

    /// Whether a list is wanted.
    pub(super) fn is_list(self) -> bool {
        self.ty.is_some_and(|t| member(t, &|t| matches!(t, Ty::List(_))).is_some())
    }

    /// Whether the value is what a record type wants, and not any map.
    pub(super) fn is_structure(self, value: &Value) -> bool {
        let (Value::Record(entries), Some(ty)) = (value, self.ty) else { return false };
        let fits = |t: &Ty| matches!(t, Ty::Record(r) if entries.iter().all(|(key, _)| r.fields.contains_key(key)));
        let map = |t: &Ty| matches!(t, Ty::Map(_));
        member(ty, &fits).is_some() || self.wants_structure() && member(ty, &map).is_none()
    }

    fn wants_structure(self) -> bool {
        self.ty.is_some_and(|t| member(t, &|t| matches!(t, Ty::Record(_))).is_some())
    }

    /// Whether all of the values are what a record type wants; of none, whether the place wants such.
    pub(super) fn are_structures(self, values: &[Value]) -> bool {
        self.wants_structure() && values.iter().all(|value| self.is_structure(value))
    }

    /// The shape of a list's elements or a map's values.
    pub(super) fn element(self) -> Shape<'k> {
        let ty = self.ty.and_then(|t| member(t, &|t| matches!(t, Ty::List(_) | Ty::Map(_))));
        let inner = match ty {
            Some(Ty::List(inner) | Ty::Map(inner)) => Some(&**inner),
            _ => None,
        };
        Shape { ty: inner, encoding: self.encoding }
    }

    /// The shape of a record's field.
    pub(super) fn field(self, name: &str) -> Shape<'k> {
        let with_field = |t: &Ty| matches!(t, Ty::Record(r) if r.fields.contains_key(name));
        match self.ty.and_then(|t| member(t, &with_field)) {
            Some(Ty::Record(record)) => record.fields.get(name).map(Shape::of).unwrap_or_default(),
            _ => self.element(),
        }
    }
}

/// The first type that fits among those which a type stands for.
fn member<'k>(ty: &'k Ty, fits: &dyn Fn(&Ty) -> bool) -> Option<&'k Ty> {
    match ty {
        Ty::Named(named) => member(&named.ty, fits),
        Ty::Optional(inner) | Ty::Late(inner) => member(inner, fits),
        Ty::Union(members) => members.iter().find_map(|m| member(m, fits)),
        other => fits(other).then_some(other),
    }
}

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
        if word(self.out, value, shape.encoding) {
            return;
        }
        match value {
            Value::Text(text) | Value::Path(text) => {
                let text = self.template(text, matches!(value, Value::Path(_)));
                string(self.out, &text);
            }
            Value::Duration(nanos) => string(self.out, &describe::duration(*nanos)),
            Value::List(values) => self.list(values, shape.element()),
            Value::Record(entries) if shape.encoding == Some(Encoding::Pairs) => self.pairs(entries, shape),
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

    fn record(&mut self, entries: &[(smol_str::SmolStr, Value)], shape: Shape<'_>) {
        self.bracket('{', '}', entries, |writer, (key, value)| {
            // Packer renders keys as it renders values.
            writer.braces |= key.contains("{{");
            let escaped = crate::template::escape(key);
            string(writer.out, &escaped);
            writer.out.push_str(if writer.indent.is_some() { ": " } else { ":" });
            writer.value(value, shape.field(key));
        });
    }

    /// A record as a list of `K=V`.
    fn pairs(&mut self, entries: &[(smol_str::SmolStr, Value)], shape: Shape<'_>) {
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
                    inner.value(other, Shape { encoding: None, ..shape.field(key) });
                    // Durations are texts.
                    json.trim_matches('"').to_owned()
                }
            };
            string(writer.out, &format!("{}={value}", crate::template::escape(key)));
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

/// Writes a value that JSON and HCL write alike, and without quotes; whether it is one.
pub(super) fn word(out: &mut String, value: &Value, encoding: Option<Encoding>) -> bool {
    // A `String` takes all text.
    let _ = match (value, encoding) {
        (Value::Null, _) => write!(out, "null"),
        (Value::Bool(bool), _) => write!(out, "{bool}"),
        (Value::Int(int), _) => write!(out, "{int}"),
        (Value::Number(number), _) => match serde_json::Number::from_f64(*number) {
            Some(number) => write!(out, "{number}"),
            None => write!(out, "null"),
        },
        (Value::Duration(nanos), Some(Encoding::Minutes)) => write!(out, "{}", units(*nanos, 60_000_000_000)),
        (Value::Duration(nanos), Some(Encoding::Seconds)) => write!(out, "{}", units(*nanos, 1_000_000_000)),
        (Value::Size(bytes), Some(Encoding::Gib)) => write!(out, "{}", bytes.div_ceil(1 << 30)),
        (Value::Size(bytes), _) => write!(out, "{bytes}"),
        _ => return false,
    };
    true
}

/// The nanoseconds in whole units, rounded away from zero: a wait is never cut short.
fn units(nanos: i64, unit: i64) -> i64 {
    nanos / unit + (nanos % unit).signum()
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

    #[test]
    fn waits_are_rounded_up() {
        assert_eq!(units(90_000_000_000, 60_000_000_000), 2);
        assert_eq!(units(60_000_000_000, 60_000_000_000), 1);
        assert_eq!(units(0, 60_000_000_000), 0);
    }
}
