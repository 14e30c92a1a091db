//! One value, mended to the type of its place. Where it does not fit, it stays as it is: the compiler says what is wrong.

use rustc_hash::FxHashMap;

use crate::import::draft::{Entry, Kind, Lost, Name, Piece, Value, Variable};
use crate::import::legacy::{go_bool, go_number};
use crate::import::program::identifier;
use crate::ty::{Domain, Encoding, Field, Literal, Ty};

use super::expressions::{is_made_of_names, is_spread, sides};
use super::names::{bound, made};
use super::paths::Paths;
use super::variables::Written;

pub(super) struct Mender<'m> {
    pub(super) variables: &'m FxHashMap<String, Written>,
    /// Values with names.
    pub(super) locals: &'m FxHashMap<String, Value>,
    pub(super) paths: &'m Paths<'m>,
    /// Defaults of variables that are plain texts.
    pub(super) defaults: &'m FxHashMap<String, String>,
    pub(super) lost: Vec<Lost>,
}

/// Why a value cannot be said, in words.
pub(super) type Mended = Result<(), String>;

impl Mender<'_> {
    /// Mends a value in place.
    pub(super) fn value(&mut self, value: &mut Value, ty: &Ty, encoding: Option<Encoding>) -> Mended {
        if let Some(mended) = self.expression(value, ty, encoding) {
            return mended;
        }
        if let Some(mended) = self.composed(value, ty, encoding) {
            return mended;
        }
        match ty {
            Ty::Named(named) => self.value(value, &named.ty, encoding),
            Ty::Optional(inner) | Ty::Late(inner) => self.value(value, inner, encoding),
            Ty::Union(members) => member(value, members).map_or(Ok(()), |member| self.value(value, member, encoding)),
            Ty::Bool => {
                let bool = match &value.kind {
                    Kind::Int(int) => Some(*int != 0),
                    _ => value.plain().and_then(|t| if t.is_empty() { Some(false) } else { go_bool(t) }),
                };
                replace(value, bool.map(Kind::Bool))
            }
            Ty::Int | Ty::Range(_) | Ty::Size if matches!(range_base(ty), Ty::Int | Ty::Size) => {
                let int = match &value.kind {
                    Kind::Bool(bool) => Some(i64::from(*bool)),
                    Kind::Number(written) => whole(written),
                    Kind::Int(int) => Some(*int),
                    _ => value.plain().and_then(|t| t.trim().parse().ok()),
                };
                let kind = match (int, encoding) {
                    (Some(int), Some(Encoding::Gib)) => {
                        u64::try_from(int).ok().and_then(|n| n.checked_mul(1 << 30)).map(Kind::Size)
                    }
                    (int, _) => int.map(Kind::Int),
                };
                replace(value, kind)
            }
            Ty::Duration | Ty::Range(_) if matches!(range_base(ty), Ty::Duration) => {
                let nanos = match (&value.kind, encoding) {
                    (Kind::Int(int), Some(Encoding::Minutes)) => int.checked_mul(60_000_000_000),
                    (Kind::Int(int), Some(Encoding::Seconds)) => int.checked_mul(1_000_000_000),
                    (Kind::Int(int), _) => Some(*int),
                    _ => value.plain().and_then(|t| duration(t).or_else(|| self.counted(t, encoding))),
                };
                replace(value, nanos.map(Kind::Duration))
            }
            Ty::Number => {
                let kind = value.plain().and_then(|t| {
                    t.parse().map(Kind::Int).ok().or_else(|| t.parse::<f64>().ok().map(|_| Kind::Number(t.to_owned())))
                });
                replace(value, kind)
            }
            Ty::Domain(Domain::Path) => {
                self.text(value);
                self.paths.mend(value);
                Ok(())
            }
            Ty::String | Ty::Matches(_) | Ty::Template(_) | Ty::Domain(_) | Ty::Literal(Literal::Text(_)) => {
                self.text(value);
                Ok(())
            }
            Ty::List(inner) => self.list(value, inner, encoding),
            Ty::Map(inner) if encoding == Some(Encoding::Pairs) => self.pairs(value, inner),
            Ty::Map(inner) => {
                merged(value);
                let Kind::Record(entries) = &mut value.kind else { return Ok(()) };
                entries.iter_mut().try_for_each(|entry| {
                    if let Kind::Spread(more) = &mut entry.value.kind {
                        return self.value(more, ty, encoding);
                    }
                    if entry.key.contains("{{") {
                        return Err(format!("the key `{}` is known only when the plan runs", entry.key));
                    }
                    self.value(&mut entry.value, inner, None)
                })
            }
            Ty::Record(record) => {
                if let Kind::List(values) = &mut value.kind
                    && let [only] = &mut values[..]
                {
                    *value = only.clone();
                }
                let Kind::Record(entries) = &mut value.kind else { return Ok(()) };
                self.fields(entries, |name| record.fields.iter().find(|(n, f)| **n == name || f.was_named(name)))
            }
            _ => Ok(()),
        }
    }

    fn fields<'f>(
        &mut self,
        entries: &mut [Entry],
        find: impl Fn(&str) -> Option<(&'f smol_str::SmolStr, &'f Field)>,
    ) -> Mended {
        for entry in entries.iter_mut().filter(|e| !is_spread(e)) {
            match find(&entry.key) {
                Some((name, field)) => {
                    entry.key = name.to_string();
                    self.value(&mut entry.value, &field.ty, field.encoding())?;
                }
                None => return Err(format!("it has no member `{}`", entry.key)),
            }
        }
        Ok(())
    }

    fn counted(&self, text: &str, encoding: Option<Encoding>) -> Option<i64> {
        let count: i64 = text.trim().parse().ok()?;
        match encoding? {
            Encoding::Minutes => count.checked_mul(60_000_000_000),
            Encoding::Seconds => count.checked_mul(1_000_000_000),
            _ => None,
        }
    }

    /// A place that takes text.
    fn text(&mut self, value: &mut Value) {
        let text = match &value.kind {
            Kind::Bool(bool) => Some(u8::from(*bool).to_string()),
            Kind::Int(int) => Some(int.to_string()),
            Kind::Number(written) => Some(go_number(written)),
            // What is no text becomes one.
            Kind::Name(Name::Variable(name)) => {
                if self.variables.get(name).is_some_and(|v| !v.text) {
                    let inner = Value::new(value.kind.clone(), value.span);
                    value.kind = Kind::Text(vec![Piece::Value(Box::new(inner))]);
                }
                None
            }
            _ => None,
        };
        if let Some(text) = text {
            *value = Value::text(text, value.span);
        }
    }

    fn list(&mut self, value: &mut Value, inner: &Ty, encoding: Option<Encoding>) -> Mended {
        match &value.kind {
            Kind::List(_) => {}
            Kind::Name(Name::Variable(name)) if self.variables.get(name).is_some_and(|v| v.list) => return Ok(()),
            Kind::Text(pieces) if pieces.is_empty() => value.kind = Kind::List(Vec::new()),
            Kind::Text(pieces) => value.kind = Kind::List(split(pieces, value.span)),
            Kind::Record(entries) if entries.is_empty() => value.kind = Kind::List(Vec::new()),
            _ if self.is_split(value) => {
                let arguments = vec![value.clone(), Value::text(",", value.span)];
                value.kind = Kind::Call("split".into(), arguments);
                return Ok(());
            }
            _ => {
                if let Kind::Name(Name::Variable(name)) = &value.kind {
                    let what = format!("the list that `{name}` may hold");
                    let why = "within a text it is one text, so it is one here too; commas in it part nothing";
                    self.lost.push(Lost { what, why: why.into(), span: value.span });
                }
                value.kind = Kind::List(vec![value.clone()]);
            }
        }
        let Kind::List(values) = &mut value.kind else { return Ok(()) };
        values.iter_mut().try_for_each(|value| match &mut value.kind {
            Kind::Spread(more) => self.value(more, &Ty::List(inner.clone().into()), encoding),
            _ => self.value(value, inner, encoding),
        })
    }

    /// `["A=1", "B=2"]` as a record.
    fn pairs(&mut self, value: &mut Value, inner: &Ty) -> Mended {
        let span = value.span;
        if matches!(value.kind, Kind::Text(_)) {
            let Kind::Text(pieces) = &value.kind else { return Ok(()) };
            value.kind = Kind::List(split(pieces, span));
        }
        if let Kind::List(values) = &value.kind {
            let mut entries: Vec<Entry> = Vec::new();
            for value in values {
                if let Kind::Spread(_) = &value.kind {
                    // What is spread becomes a record too.
                    let (value, span) = (value.clone(), value.span);
                    entries.push(Entry { key: String::new(), value, comments: Vec::new(), span });
                    continue;
                }
                let Some((key, rest)) = pair(value) else {
                    let (key, rest) = sides(value)
                        .filter(|(key, _)| is_made_of_names(key))
                        .ok_or("each variable has the form `NAME=value`, its name known beforehand")?;
                    let known =
                        |name: &str| self.variables.keys().chain(self.locals.keys()).any(|n| identifier(n) == name);
                    let bound = bound(known).ok_or("its name is known only when the plan is made")?;
                    let (comments, span) = (Vec::new(), value.span);
                    entries.push(made(&Entry { key: String::new(), value: rest, comments, span }, key, bound));
                    continue;
                };
                if let Some(at) = entries.iter().position(|e| e.key == key) {
                    // The last one wins where the script runs.
                    entries.remove(at);
                }
                entries.push(Entry { key, value: rest, comments: Vec::new(), span: value.span });
            }
            value.kind = Kind::Record(entries);
        }
        let Kind::Record(entries) = &mut value.kind else { return Err("it is no list of `NAME=value`".into()) };
        entries.iter_mut().try_for_each(|entry| match &mut entry.value.kind {
            Kind::Spread(more) => self.value(more, &Ty::Map(inner.clone().into()), Some(Encoding::Pairs)),
            _ => self.value(&mut entry.value, inner, None),
        })
    }

    /// A value of a kind that nobody knows: it stays as it is, but for lists that mix sorts.
    pub(super) fn loose(&mut self, value: &mut Value) {
        if let Kind::Name(Name::Variable(name)) = &value.kind
            && !self.variables.get(name).is_some_and(|v| v.list || v.early)
        {
            self.text(value);
        }
        match &mut value.kind {
            Kind::List(values) => values.iter_mut().for_each(|v| self.loose(v)),
            Kind::Record(entries) => {
                // Packer takes it for none, and no type is known that would have it.
                entries.retain(|e| e.value.kind != Kind::Null);
                entries.iter_mut().for_each(|e| self.loose(&mut e.value));
            }
            _ => {}
        }
    }

    /// The numbers and truth values in a list become texts, where texts in it read run-time fields: these stand in no mixed list.
    pub(super) fn texts(&mut self, value: &mut Value) {
        if let Kind::List(values) = &mut value.kind {
            values.iter_mut().for_each(|value| match &value.kind {
                Kind::List(_) => self.texts(value),
                _ => self.text(value),
            });
        }
    }

    /// The default of a variable, mended to what the variable is.
    pub(super) fn default(&mut self, variable: &mut Variable, written: &Written) {
        if written.unsaid {
            let default = variable.default.as_ref().and_then(Value::plain).unwrap_or_default();
            let empty = if default.is_empty() { "empty " } else { "" };
            self.lost.push(Lost {
                what: format!("the {empty}default of `{}`", variable.name),
                why: format!("where it is used, it is of the type `{}`; a value must be given", written.word),
                span: variable.span,
            });
            variable.default = None;
        }
        if let Some(default) = &mut variable.default
            && !matches!(default.kind, Kind::Call(..))
        {
            // It fits, or the variable would be a text.
            let _ = self.value(default, &written.ty, None);
        }
    }
}

fn replace(value: &mut Value, kind: Option<Kind>) -> Mended {
    if let Some(kind) = kind {
        value.kind = kind;
    }
    Ok(())
}

fn range_base(ty: &Ty) -> &Ty {
    match ty {
        Ty::Range(range) => range.base.plain(),
        other => other,
    }
}

fn whole(written: &str) -> Option<i64> {
    let number: f64 = written.parse().ok()?;
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

/// The member of a union that a value is, or may become.
pub(super) fn member<'t>(value: &Value, members: &'t [Ty]) -> Option<&'t Ty> {
    let plain = value.plain();
    let fitting = members.iter().find(|m| fits(value, m));
    let literal = || members.iter().find(|m| is_literal(m, plain, value));
    fitting.or_else(literal).or_else(|| members.iter().find(|m| !matches!(m, Ty::Literal(_))))
}

/// Whether a value is of a type as it stands, or nearly so.
pub(super) fn fits(value: &Value, ty: &Ty) -> bool {
    match (ty.plain(), &value.kind) {
        (Ty::Bool, Kind::Bool(_)) => true,
        (Ty::Int | Ty::Size | Ty::Number, Kind::Int(_)) | (Ty::Number, Kind::Number(_)) => true,
        (Ty::Literal(_), _) => is_literal(ty, value.plain(), value),
        (Ty::String | Ty::Template(_) | Ty::Matches(_) | Ty::Domain(_), Kind::Text(_)) => true,
        (Ty::List(_), Kind::List(_)) => true,
        (Ty::Map(_) | Ty::Record(_), Kind::Record(_)) => true,
        (Ty::Union(members), _) => members.iter().any(|m| fits(value, m)),
        (Ty::Optional(inner), _) => fits(value, inner),
        _ => false,
    }
}

fn is_literal(ty: &Ty, plain: Option<&str>, value: &Value) -> bool {
    match ty.plain() {
        Ty::Literal(Literal::Text(text)) => plain == Some(text.as_str()),
        Ty::Literal(Literal::Int(int)) => value.kind == Kind::Int(*int),
        Ty::Literal(Literal::Bool(bool)) => value.kind == Kind::Bool(*bool),
        _ => false,
    }
}

/// Several records in a list are one.
fn merged(value: &mut Value) {
    let Kind::List(values) = &value.kind else { return };
    let mut all: Vec<Entry> = Vec::new();
    for value in values {
        let Kind::Record(entries) = &value.kind else { return };
        all.retain(|e| entries.iter().all(|own| own.key != e.key));
        all.extend(entries.iter().cloned());
    }
    value.kind = Kind::Record(all);
}

/// The parts of a text between its commas.
pub(super) fn split(pieces: &[Piece], span: crate::text::Span) -> Vec<Value> {
    let mut elements: Vec<Vec<Piece>> = vec![Vec::new()];
    for piece in pieces {
        let Piece::Chars(chars) = piece else {
            elements.last_mut().into_iter().for_each(|e| e.push(piece.clone()));
            continue;
        };
        for (number, part) in chars.split(',').enumerate() {
            if number > 0 {
                elements.push(Vec::new());
            }
            if !part.is_empty() {
                elements.last_mut().into_iter().for_each(|e| e.push(Piece::Chars(part.to_owned())));
            }
        }
    }
    elements.into_iter().map(|pieces| alone(pieces, span)).collect()
}

/// A text; one that is nothing but a value is that.
pub(super) fn alone(mut pieces: Vec<Piece>, span: crate::text::Span) -> Value {
    if let [Piece::Value(_)] = &pieces[..]
        && let Some(Piece::Value(value)) = pieces.pop()
    {
        return *value;
    }
    Value::new(Kind::Text(pieces), span)
}

/// `K=V` apart.
pub(super) fn pair(value: &Value) -> Option<(String, Value)> {
    let Kind::Text(pieces) = &value.kind else { return None };
    let [Piece::Chars(first), rest @ ..] = &pieces[..] else { return None };
    let (key, begin) = first.split_once('=')?;
    let mut pieces: Vec<Piece> = Vec::new();
    if !begin.is_empty() {
        pieces.push(Piece::Chars(begin.to_owned()));
    }
    pieces.extend(rest.iter().cloned());
    (!key.is_empty()).then(|| (key.to_owned(), alone(pieces, value.span)))
}

/// A duration as Go writes them, in nanoseconds.
pub(in crate::import) fn duration(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut nanos = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        nanos += number
            * match &rest[..letters] {
                "h" => 3.6e12,
                "m" => 6e10,
                "s" => 1e9,
                "ms" => 1e6,
                "us" | "µs" | "μs" => 1e3,
                "ns" => 1.0,
                _ => return None,
            };
        rest = &rest[letters..];
    }
    (nanos < 9e18).then_some((sign * nanos).round() as i64)
}
