//! Functions as other forms: a call of the language's own function, an operator, a comprehension, a text.

use crate::import::draft::{Entry, For, Kind, Operator, Piece, Value};
use crate::text::Span;

use super::at_run::plain_class;
use super::expr::{keyed, pieces_of};
use super::known::joined;
use super::{Reader, format};

/// Functions that the language has under another name, or the same, with the same arguments.
const SAME: &[(&str, &str)] = &[
    ("abs", "abs"),
    ("alltrue", "all"),
    ("anytrue", "any"),
    ("base64decode", "from_base64"),
    ("base64encode", "base64"),
    ("ceil", "ceil"),
    ("contains", "contains"),
    ("distinct", "distinct"),
    ("endswith", "ends_with"),
    ("flatten", "flatten"),
    ("floor", "floor"),
    ("index", "index_of"),
    ("jsonencode", "json"),
    ("length", "len"),
    ("lower", "lower"),
    ("max", "max"),
    ("md5", "md5"),
    ("min", "min"),
    ("replace", "replace"),
    ("reverse", "reverse"),
    ("sha1", "sha1"),
    ("sha256", "sha256"),
    ("sha512", "sha512"),
    ("slice", "slice"),
    ("sort", "sort"),
    ("startswith", "starts_with"),
    ("strcontains", "contains"),
    ("sum", "sum"),
    ("title", "title"),
    ("trim", "trim"),
    ("trimprefix", "trim_prefix"),
    ("trimspace", "trim"),
    ("trimsuffix", "trim_suffix"),
    ("upper", "upper"),
];

impl Reader<'_> {
    /// Calls that are another form: what they hold may be known late.
    pub(super) fn formed(&mut self, name: &str, arguments: &[Value], span: Span) -> Option<Value> {
        let kind = match (name, arguments) {
            ("concat", lists) => Kind::List(lists.iter().flat_map(elements).collect()),
            ("merge", maps) => {
                let mut entries: Vec<Entry> = Vec::new();
                for map in maps {
                    for entry in members(map) {
                        entries.retain(|e| e.key.is_empty() || e.key != entry.key);
                        entries.push(entry);
                    }
                }
                Kind::Record(entries)
            }
            ("coalesce", [first, rest @ ..]) => {
                return Some(rest.iter().fold(first.clone(), |a, b| {
                    Value::new(Kind::Operation(Operator::Else, a.into(), b.clone().into()), span)
                }));
            }
            ("join", [separator, list]) => {
                let separator = self.constant(separator)?.as_str()?.to_owned();
                let list = match self.looked_up(list).kind {
                    Kind::List(list) if list.iter().all(|v| !matches!(v.kind, Kind::Spread(_))) => list,
                    _ => return None,
                };
                let mut pieces = Vec::new();
                for (i, element) in list.into_iter().enumerate() {
                    if i > 0 {
                        pieces.push(Piece::Chars(separator.clone()));
                    }
                    pieces.extend(pieces_of(element));
                }
                Kind::Text(joined(pieces))
            }
            ("format", [format, values @ ..]) => Kind::Text(self.formatted(format, values)?),
            ("tostring", [one]) if matches!(one.kind, Kind::Text(_)) => return Some(one.clone()),
            ("tostring", [one]) => Kind::Text(pieces_of(one.clone())),
            ("tolist" | "tomap" | "sensitive" | "nonsensitive", [one]) => return Some(one.clone()),
            _ => return None,
        };
        Some(Value::new(kind, span))
    }

    fn formatted(&mut self, format: &Value, values: &[Value]) -> Option<Vec<Piece>> {
        let format = self.constant(format)?;
        let mut pieces = Vec::new();
        for part in format::parts(format.as_str()?)? {
            match part {
                format::Part::Chars(chars) => pieces.push(Piece::Chars(chars)),
                format::Part::Argument(i, verb) => {
                    let value = values.get(i)?;
                    match self.constant(value) {
                        Some(constant) => pieces.push(Piece::Chars(format::rendered(&verb, &constant)?)),
                        None if matches!(verb.as_str(), "s" | "v" | "d" | "t") => {
                            pieces.extend(pieces_of(value.clone()))
                        }
                        None => pieces.push(Piece::Value(Box::new(self.padded(&verb, value)?))),
                    }
                }
            }
        }
        Some(joined(pieces))
    }

    /// `%03d`
    fn padded(&mut self, verb: &str, value: &Value) -> Option<Value> {
        let (fill, digits, letter) = match verb.strip_prefix('0') {
            Some(rest) => ("0", rest.get(..rest.len().checked_sub(1)?)?, verb.chars().last()?),
            None => (" ", verb.get(..verb.len().checked_sub(1)?)?, verb.chars().last()?),
        };
        let width: i64 = digits.parse().ok()?;
        if !matches!((fill, letter), ("0", 'd') | (" ", 'd' | 's')) || self.known(value).is_err() {
            return None;
        }
        let text = Value::new(Kind::Call("string".into(), vec![value.clone()]), value.span);
        let arguments = vec![text, Value::new(Kind::Int(width), value.span), Value::text(fill, value.span)];
        Some(Value::new(Kind::Call("pad".into(), arguments), value.span))
    }

    /// Functions that the language has.
    pub(super) fn same(&mut self, name: &str, arguments: &[Value], span: Span) -> Option<Value> {
        let call = |name: &str, arguments: Vec<Value>| Value::new(Kind::Call(name.to_owned(), arguments), span);
        if let Some((_, own)) = SAME.iter().find(|(theirs, _)| *theirs == name) {
            return Some(call(own, arguments.to_vec()));
        }
        Some(match (name, arguments) {
            ("split" | "join" | "indent", [a, b]) => call(name, vec![b.clone(), a.clone()]),
            ("substr", [text, start, length]) => match self.constant(length).and_then(|l| l.as_i64()) {
                Some(-1) => call("substr", vec![text.clone(), start.clone()]),
                _ => call("substr", arguments.to_vec()),
            },
            ("range", [_] | [_, _]) => call("range", arguments.to_vec()),
            ("keys", [map]) => call("sort", vec![call("keys", vec![map.clone()])]),
            ("toset", [list]) => call("sort", vec![call("distinct", vec![list.clone()])]),
            ("values", [map]) => {
                let keys = call("sort", vec![call("keys", vec![map.clone()])]);
                let makes = Value::new(Kind::Index(map.clone().into(), vec![Value::bound("key", span)]), span);
                let each = For { key: None, value: "key".into(), over: keys, condition: None, makes_key: None, makes };
                Value::new(Kind::For(Box::new(each)), span)
            }
            ("parseint", [text, base]) if self.constant(base).is_some_and(|b| b == 10) => {
                call("int", vec![text.clone()])
            }
            ("tonumber", [text]) => call("int", vec![text.clone()]),
            ("lookup", [map, key]) => Value::new(Kind::Index(map.clone().into(), vec![key.clone()]), span),
            ("lookup", [map, key, other]) => {
                let found = Value::new(Kind::Index(map.clone().into(), vec![key.clone()]), span);
                Value::new(Kind::Operation(Operator::Else, found.into(), other.clone().into()), span)
            }
            ("element", [list, index]) => Value::new(Kind::Index(list.clone().into(), vec![index.clone()]), span),
            _ => return None,
        })
    }

    /// Functions that something longer says.
    pub(super) fn nearly(&mut self, name: &str, arguments: &[Value], span: Span) -> Option<Value> {
        let bound = |name: &str| Value::bound(name, span);
        let call = |name: &str, arguments: Vec<Value>| Value::new(Kind::Call(name.to_owned(), arguments), span);
        let filter = |list: &Value, condition: Value| {
            let over = list.clone();
            let each = For {
                key: None,
                value: "item".into(),
                over,
                condition: Some(condition),
                makes_key: None,
                makes: bound("item"),
            };
            Value::new(Kind::For(Box::new(each)), span)
        };
        let operation = |op, a: Value, b: Value| Value::new(Kind::Operation(op, a.into(), b.into()), span);
        Some(match (name, arguments) {
            ("compact", [list]) => filter(list, operation(Operator::Unequal, bound("item"), Value::text("", span))),
            ("setunion", lists) => {
                call("distinct", vec![Value::new(Kind::List(lists.iter().flat_map(elements).collect()), span)])
            }
            ("setintersection", [a, b]) => filter(a, operation(Operator::In, bound("item"), b.clone())),
            ("setsubtract", [a, b]) => {
                let within = operation(Operator::In, bound("item"), b.clone());
                filter(a, Value::new(Kind::Not(within.into()), span))
            }
            ("zipmap", [keys, values]) => {
                let makes = Value::new(Kind::Index(values.clone().into(), vec![bound("at")]), span);
                let each = For {
                    key: Some("at".into()),
                    value: "key".into(),
                    over: keys.clone(),
                    condition: None,
                    makes_key: Some(bound("key")),
                    makes,
                };
                Value::new(Kind::For(Box::new(each)), span)
            }
            ("coalescelist", [a, b]) => {
                let length = call("len", vec![a.clone()]);
                let filled = operation(Operator::Greater, length, Value::new(Kind::Int(0), span));
                Value::new(Kind::If(filled.into(), a.clone().into(), b.clone().into()), span)
            }
            ("basename", [path]) => call("last", vec![call("split", vec![path.clone(), Value::text("/", span)])]),
            ("formatlist", [format, list]) => {
                let text = self.formatted(format, &[bound("item")])?;
                let makes = Value::new(Kind::Text(text), span);
                let each = For {
                    key: None,
                    value: "item".into(),
                    over: list.clone(),
                    condition: None,
                    makes_key: None,
                    makes,
                };
                Value::new(Kind::For(Box::new(each)), span)
            }
            // A pattern that is one plain character, or a choice of such.
            ("regex_replace", [text, pattern, with]) => {
                let characters = plain_class(self.constant(pattern)?.as_str()?)?;
                self.constant(with)?.as_str().filter(|with| !with.contains('$'))?;
                characters.into_iter().fold(text.clone(), |text, c| {
                    call("replace", vec![text, Value::text(c.to_string(), span), with.clone()])
                })
            }
            _ => return None,
        })
    }
}

/// The elements of a list, or the list to be spread.
fn elements(list: &Value) -> Vec<Value> {
    match &list.kind {
        Kind::List(values) => values.clone(),
        _ => vec![Value::new(Kind::Spread(list.clone().into()), list.span)],
    }
}

/// The entries of a record, or the record to be spread.
pub(super) fn members(map: &Value) -> Vec<Entry> {
    match &map.kind {
        Kind::Record(entries) => entries.clone(),
        _ => vec![keyed(Ok(String::new()), Value::new(Kind::Spread(map.clone().into()), map.span), map.span)],
    }
}
