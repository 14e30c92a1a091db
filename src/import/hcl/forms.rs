//! Functions as other forms: a call of the language's own function, an operator, a comprehension, a text.

use crate::import::draft::{Entry, For, Kind, Name, Operator, Piece, Type, Value};
use crate::text::Span;

use super::at_run::plain_class;
use super::expr::{keyed, pieces_of};
use super::fold::value_of;
use super::format::Verb;
use super::known::joined;
use super::order::{small, sort_keys};
use super::{Place, Reader, format, pure};

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
    ("floor", "floor"),
    ("index", "index_of"),
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
                for map in maps.iter().filter(|map| map.kind != Kind::Null) {
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
            ("join", [separator, lists @ ..]) => {
                let separator = self.constant(separator)?.as_str()?.to_owned();
                let mut elements = Vec::new();
                for list in lists {
                    match &self.followed(list).kind {
                        Kind::List(list) if list.iter().all(|v| !matches!(v.kind, Kind::Spread(_))) => {
                            elements.extend(list.iter().cloned());
                        }
                        _ => return None,
                    }
                }
                let mut pieces = Vec::new();
                for (i, element) in elements.into_iter().enumerate() {
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
            ("tolist" | "tomap" | "nonsensitive", [one]) => return Some(one.clone()),
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
                        None if verb.is_plain() && matches!(verb.letter, 's' | 'v' | 'd' | 't') => {
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
    fn padded(&mut self, verb: &Verb, value: &Value) -> Option<Value> {
        // What is filled up with zeros may have a sign in front of them.
        let fill = if verb.zeros { "0" } else { " " };
        if !verb.only_fills() || !matches!((fill, verb.letter), ("0", 'd') | (" ", 'd' | 's' | 'v')) {
            return None;
        }
        self.known(value).ok()?;
        let text = Value::new(Kind::Call("string".into(), vec![value.clone()]), value.span);
        let width = Kind::Int(i64::try_from(verb.width).ok()?);
        let arguments = vec![text, Value::new(width, value.span), Value::text(fill, value.span)];
        Some(Value::new(Kind::Call("pad".into(), arguments), value.span))
    }

    /// Functions that the language has.
    pub(super) fn same(&mut self, name: &str, arguments: &[Value], place: &Place<'_>, span: Span) -> Option<Value> {
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
            // With an end before its start it counts down, which only a known one shows.
            ("range", [_] | [_, _]) => {
                let numbers = arguments.iter().map(|a| self.constant(a)?.as_f64()).collect::<Option<Vec<f64>>>();
                let (start, end) = match numbers.as_deref() {
                    Some([end]) => (0.0, *end),
                    Some([start, end]) => (*start, *end),
                    _ => (0.0, 0.0),
                };
                (start <= end).then(|| call("range", arguments.to_vec()))?
            }
            ("keys", [map]) => call("sort", vec![call("keys", vec![map.clone()])]),
            ("toset", [list]) => call("sort", vec![call("distinct", vec![list.clone()])]),
            ("values", [map]) => {
                small(map).ok()?;
                let keys = call("sort", vec![call("keys", vec![map.clone()])]);
                let key = self.fresh("key", place);
                let makes = Value::new(Kind::Index(map.clone().into(), vec![Value::bound(key.clone(), span)]), span);
                let each = For { key: None, value: key, over: keys, condition: None, makes_key: None, makes };
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
            // Behind its last element a list begins again.
            ("element", [list, index]) => {
                if let (Some(list), Some(index)) = (self.constant(list), self.constant(index)) {
                    return Some(value_of(&pure::call(name, &[list, index])?, span));
                }
                small(list).ok()?;
                let length = call("len", vec![list.clone()]);
                let operation = Kind::Operation(Operator::Remainder, index.clone().into(), length.into());
                let first = self.constant(index).is_some_and(|i| i == 0);
                let index = if first { index.clone() } else { Value::new(operation, span) };
                Value::new(Kind::Index(list.clone().into(), vec![index]), span)
            }
            // One call takes one layer of lists away.
            ("flatten", [lists]) => {
                let layers = self.layers(lists, &mut Vec::new(), LAYERS).saturating_sub(1).max(1);
                (0..layers).fold(lists.clone(), |lists, _| call("flatten", vec![lists]))
            }
            ("jsonencode", [one]) => match self.constant(one) {
                Some(constant) => Value::text(pure::json(&constant), span),
                None => call("json", vec![self.with_sorted_keys(one, place)?]),
            },
            _ => return None,
        })
    }

    /// Functions that something longer says.
    pub(super) fn nearly(&mut self, name: &str, arguments: &[Value], place: &Place<'_>, span: Span) -> Option<Value> {
        let item = self.fresh("item", place);
        let item = item.as_str();
        let bound = |name: &str| Value::bound(name, span);
        let call = |name: &str, arguments: Vec<Value>| Value::new(Kind::Call(name.to_owned(), arguments), span);
        let set = |list: Value| call("sort", vec![call("distinct", vec![list])]);
        let filter = |list: &Value, condition: Value| {
            let over = list.clone();
            let each = For {
                key: None,
                value: item.into(),
                over,
                condition: Some(condition),
                makes_key: None,
                makes: bound(item),
            };
            Value::new(Kind::For(Box::new(each)), span)
        };
        let operation = |op, a: Value, b: Value| Value::new(Kind::Operation(op, a.into(), b.into()), span);
        Some(match (name, arguments) {
            ("compact", [list]) => filter(list, operation(Operator::Unequal, bound(item), Value::text("", span))),
            ("setunion", lists) => set(Value::new(Kind::List(lists.iter().flat_map(elements).collect()), span)),
            ("setintersection", [a, b]) => set(filter(a, operation(Operator::In, bound(item), b.clone()))),
            ("setsubtract", [a, b]) => {
                let within = operation(Operator::In, bound(item), b.clone());
                set(filter(a, Value::new(Kind::Not(within.into()), span)))
            }
            ("zipmap", [keys, values]) => {
                let (at, key) = (self.fresh("at", place), self.fresh("key", place));
                let makes = Value::new(Kind::Index(values.clone().into(), vec![bound(&at)]), span);
                let makes_key = Some(bound(&key));
                let each = For { key: Some(at), value: key, over: keys.clone(), condition: None, makes_key, makes };
                Value::new(Kind::For(Box::new(each)), span)
            }
            ("coalescelist", [a, b]) => {
                let length = call("len", vec![a.clone()]);
                let filled = operation(Operator::Greater, length, Value::new(Kind::Int(0), span));
                Value::new(Kind::If(filled.into(), a.clone().into(), b.clone().into()), span)
            }
            ("basename", [path]) => call("last", vec![call("split", vec![path.clone(), Value::text("/", span)])]),
            // One list, and values that are the same for all its elements.
            ("formatlist", [format, values @ ..]) => {
                let is_list = |v: &&Value| !self.is_scalar(v);
                let at = values.iter().position(|v| is_list(&v))?;
                if values.iter().filter(is_list).count() > 1 {
                    return None;
                }
                let mut row = values.to_vec();
                let over = std::mem::replace(row.get_mut(at)?, bound(item));
                let makes = Value::new(Kind::Text(self.formatted(format, &row)?), span);
                let each = For { key: None, value: item.into(), over, condition: None, makes_key: None, makes };
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

/// How deep lists within lists are looked into.
const LAYERS: usize = 16;

impl Reader<'_> {
    /// How many layers of lists a value has; what cannot be told counts as a list.
    fn layers<'v>(&'v self, value: &'v Value, bound: &mut Vec<(&'v str, usize)>, most: usize) -> usize {
        let Some(most) = most.checked_sub(1) else { return 0 };
        match &self.followed(value).kind {
            Kind::List(values) => 1 + values.iter().map(|v| self.layers(v, bound, most)).max().unwrap_or(0),
            Kind::For(each) if each.makes_key.is_none() => {
                let over = self.layers(&each.over, bound, most).saturating_sub(1);
                bound.push((&each.value, over));
                let layers = 1 + self.layers(&each.makes, bound, most);
                bound.pop();
                layers
            }
            Kind::Spread(inner) => self.layers(inner, bound, most).saturating_sub(1),
            Kind::If(_, a, b) | Kind::Operation(Operator::Else, a, b) => {
                self.layers(a, bound, most).max(self.layers(b, bound, most))
            }
            Kind::Name(Name::Bound(name)) => {
                bound.iter().rev().find(|(own, _)| own == name).map_or(1, |(_, layers)| *layers)
            }
            Kind::Name(Name::Variable(name)) => {
                let mut ty = self.variable_of(name).map(|v| &v.ty);
                let mut layers = 0;
                while let Some(Type::List(inner)) = ty {
                    (layers, ty) = (layers + 1, Some(&**inner));
                }
                layers
            }
            Kind::Name(Name::Local(_)) | Kind::Field(..) | Kind::Index(..) | Kind::Call(..) => 1,
            _ => 0,
        }
    }

    /// Whether a value is a text, a number or a truth value for certain.
    fn is_scalar(&self, value: &Value) -> bool {
        match &self.followed(value).kind {
            Kind::Text(_) | Kind::Int(_) | Kind::Number(_) | Kind::Bool(_) => true,
            Kind::Name(Name::Variable(name)) => {
                let ty = self.variable_of(name).map(|v| &v.ty);
                matches!(ty, Some(Type::Text | Type::Number | Type::Bool | Type::OneOf(_) | Type::Matches(_)))
            }
            _ => false,
        }
    }

    /// A value whose maps have their keys in alphabetical order, as far as they are written down.
    fn with_sorted_keys(&self, value: &Value, place: &Place<'_>) -> Option<Value> {
        let mut value = value.clone();
        if !matches!(value.kind, Kind::Record(_)) && self.is_unsorted_map(&value, place) {
            small(&value).ok()?;
            let call = |name: &str, of: Value| Value::new(Kind::Call(name.into(), vec![of.clone()]), of.span);
            let key = self.fresh("key", place);
            let bound = Value::bound(key.clone(), value.span);
            let makes = Value::new(Kind::Index(value.clone().into(), vec![bound.clone()]), value.span);
            let over = call("sort", call("keys", value.clone()));
            let each = For { key: None, value: key, over, condition: None, makes_key: Some(bound), makes };
            return Some(Value::new(Kind::For(each.into()), value.span));
        }
        sort_keys(&mut value);
        Some(value)
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
