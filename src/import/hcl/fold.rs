//! Values that can be worked out now: of constants alone, or with the defaults of variables and a moment like any other.

use jiff::civil::DateTime;
use serde_json::Value as Json;

use crate::import::draft::{Entry, Kind, Name, Operator, Piece, Value};
use crate::template::{go_layout, specimen};
use crate::text::Span;

use super::expr::number_of;
use super::{Came, Reader, moment, pure};

/// The most steps that are worth working something out.
const STEPS: usize = 10_000;
/// How many characters are as much work as a step.
const CHARACTERS: usize = 16;

impl Reader<'_> {
    /// The value of what is made of constants alone.
    pub(super) fn constant(&self, value: &Value) -> Option<Json> {
        Fold { reader: self, moment: None, bound: Vec::new(), steps: STEPS }.value(value)
    }

    /// The value that something has if no variable is set, provided that it has it at all times.
    pub(super) fn assumed(&self, value: &Value) -> Option<Json> {
        let at = |moment| Fold { reader: self, moment: Some(moment), bound: Vec::new(), steps: STEPS }.value(value);
        let [first, second] = moment::specimens().map(at);
        first.filter(|first| Some(first) == second.as_ref())
    }
}

/// A value that was worked out.
pub(super) fn value_of(json: &Json, span: Span) -> Value {
    let kind = match json {
        Json::Null => Kind::Null,
        Json::Bool(bool) => Kind::Bool(*bool),
        Json::Number(number) => number_of(&number.to_string()),
        Json::String(text) => return Value::text(text.as_str(), span),
        Json::Array(values) => Kind::List(values.iter().map(|v| value_of(v, span)).collect()),
        Json::Object(members) => {
            let entry = |(key, value): (&String, &Json)| {
                let value = value_of(value, span);
                Entry { key: key.clone(), value, comments: Vec::new(), span }
            };
            Kind::Record(members.iter().map(entry).collect())
        }
    };
    Value::new(kind, span)
}

struct Fold<'r, 'a> {
    reader: &'r Reader<'a>,
    /// Where variables have their defaults and the run its time.
    moment: Option<DateTime>,
    bound: Vec<(String, Json)>,
    /// Steps that are left. A text takes as many as it is long, so what is worked out stays small.
    steps: usize,
}

impl Fold<'_, '_> {
    fn value(&mut self, value: &Value) -> Option<Json> {
        let found = self.found(value)?;
        let length = found.as_str().map_or(0, str::len);
        self.steps = self.steps.checked_sub(1 + length / CHARACTERS)?;
        Some(found)
    }

    fn found(&mut self, value: &Value) -> Option<Json> {
        // Also on the way down: a circle would have no end.
        self.steps.checked_sub(1)?;
        Some(match &value.kind {
            Kind::Null => Json::Null,
            Kind::Bool(bool) => (*bool).into(),
            Kind::Int(int) => (*int).into(),
            Kind::Number(written) => pure::number(written.parse().ok()?)?,
            Kind::Text(pieces) => self.text(pieces)?,
            Kind::List(values) => Json::Array(self.list(values)?),
            Kind::Record(entries) => Json::Object(self.record(entries)?),
            Kind::Name(Name::Local(name)) => match self.reader.locals.get(name)? {
                Came::Value(value) => self.value(value)?,
                Came::Busy | Came::Nothing(_) => return None,
            },
            Kind::Name(Name::Variable(name)) => {
                let variable = self.reader.variable_of(name)?;
                let default = variable.default.as_ref().filter(|_| self.moment.is_some() && !variable.sensitive)?;
                match &default.kind {
                    Kind::Call(..) => return None,
                    _ => self.value(default)?,
                }
            }
            Kind::Name(Name::Bound(name)) => self.bound.iter().rev().find(|(bound, _)| bound == name)?.1.clone(),
            Kind::Field(base, field) => self.value(base)?.get(field)?.clone(),
            Kind::Index(base, indices) => {
                let [index] = &indices[..] else { return None };
                let (base, index) = (self.value(base)?, self.value(index)?);
                match &index {
                    Json::String(key) => base.get(key)?.clone(),
                    Json::Number(number) => base.get(usize::try_from(number.as_i64()?).ok()?)?.clone(),
                    _ => return None,
                }
            }
            Kind::Call(name, arguments) => {
                let arguments = self.list(arguments)?;
                pure::built_in(name, &arguments)?
            }
            Kind::Not(inner) => (!pure::truth(&self.value(inner)?)?).into(),
            Kind::Negative(inner) => pure::number(-pure::float(&self.value(inner)?)?)?,
            Kind::Operation(op, a, b) => self.operation(*op, a, b)?,
            Kind::If(condition, a, b) => {
                let holds = pure::truth(&self.value(condition)?)?;
                self.value(if holds { a } else { b })?
            }
            Kind::For(each) => {
                let over: Vec<(Json, Json)> = match self.value(&each.over)? {
                    Json::Array(values) => values.into_iter().enumerate().map(|(i, v)| (i.into(), v)).collect(),
                    Json::Object(members) => pure::sorted(members).into_iter().map(|(k, v)| (k.into(), v)).collect(),
                    _ => return None,
                };
                let depth = self.bound.len();
                let (mut list, mut record) = (Vec::new(), serde_json::Map::new());
                for (key, value) in over {
                    self.bound.extend(each.key.iter().map(|name| (name.clone(), key.clone())));
                    self.bound.push((each.value.clone(), value));
                    let taken = match &each.condition {
                        Some(condition) => pure::truth(&self.value(condition)?)?,
                        None => true,
                    };
                    if taken {
                        let made = self.value(&each.makes)?;
                        match &each.makes_key {
                            Some(key) => {
                                record.insert(pure::text(&self.value(key)?)?, made);
                            }
                            None => list.push(made),
                        }
                    }
                    self.bound.truncate(depth);
                }
                if each.makes_key.is_some() { Json::Object(record) } else { Json::Array(list) }
            }
            Kind::Duration(_) | Kind::Size(_) | Kind::Spread(_) | Kind::Match(..) => return None,
        })
    }

    fn text(&mut self, pieces: &[Piece]) -> Option<Json> {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Chars(chars) => text.push_str(chars),
                Piece::Value(value) => text.push_str(&pure::text(&self.value(value)?)?),
                Piece::Action(source) => {
                    let at = self.moment?;
                    let one = Value::new(Kind::Text(vec![piece.clone()]), Span::file_start(crate::text::FileId(0)));
                    text.push_str(&match moment::layout(&one) {
                        Some(layout) => go_layout(&layout, at),
                        None => match crate::template::parse(source).pieces.first() {
                            Some(crate::template::Piece::Action { action, .. }) => specimen(action, &|_| None)?,
                            _ => return None,
                        },
                    });
                }
            }
        }
        Some(text.into())
    }

    fn list(&mut self, values: &[Value]) -> Option<Vec<Json>> {
        let mut list = Vec::with_capacity(values.len());
        for value in values {
            match &value.kind {
                Kind::Spread(inner) => match self.value(inner)? {
                    Json::Array(more) => list.extend(more),
                    _ => return None,
                },
                _ => list.push(self.value(value)?),
            }
        }
        Some(list)
    }

    fn record(&mut self, entries: &[Entry]) -> Option<serde_json::Map<String, Json>> {
        let mut record = serde_json::Map::new();
        for entry in entries {
            match &entry.value.kind {
                Kind::Spread(inner) => match self.value(inner)? {
                    Json::Object(more) => record.extend(more),
                    _ => return None,
                },
                _ => {
                    record.insert(entry.key.clone(), self.value(&entry.value)?);
                }
            }
        }
        Some(record)
    }

    fn operation(&mut self, op: Operator, a: &Value, b: &Value) -> Option<Json> {
        let a = self.value(a)?;
        match (op, &a) {
            (Operator::And, a) if pure::truth(a) == Some(false) => return Some(false.into()),
            (Operator::Or, a) if pure::truth(a) == Some(true) => return Some(true.into()),
            (Operator::Else, a) if !a.is_null() => return Some(a.clone()),
            _ => {}
        }
        let b = self.value(b)?;
        Some(match op {
            Operator::Equal => (a == b).into(),
            Operator::Unequal => (a != b).into(),
            Operator::And | Operator::Or => pure::truth(&b)?.into(),
            Operator::Else => b,
            Operator::Matches => regex::Regex::new(b.as_str()?).ok()?.is_match(&pure::text(&a)?).into(),
            Operator::In => pure::call("contains", &[b, a])?,
            _ => {
                let (a, b) = (pure::float(&a)?, pure::float(&b)?);
                match op {
                    Operator::Add => pure::calculated(a + b)?,
                    Operator::Subtract => pure::calculated(a - b)?,
                    Operator::Multiply => pure::calculated(a * b)?,
                    Operator::Divide if b != 0.0 => pure::calculated(a / b)?,
                    Operator::Remainder if b != 0.0 => pure::calculated(a % b)?,
                    Operator::Less => (a < b).into(),
                    Operator::LessEqual => (a <= b).into(),
                    Operator::Greater => (a > b).into(),
                    Operator::GreaterEqual => (a >= b).into(),
                    _ => return None,
                }
            }
        })
    }
}
