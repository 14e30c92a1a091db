//! The shape that an option wants its value in: types with the schema's encodings, and the values that JSON and HCL write alike.
//!
//! It knows types and their notes, no form of output.

use std::fmt::Write;

use crate::plan::Value;
use crate::ty::{Encoding, Field, Ty};

/// What a value's place says of its shape.
#[derive(Clone, Copy, Default)]
pub(super) struct Shape<'k> {
    ty: Option<&'k Ty>,
    encoding: Option<Encoding>,
}

impl<'k> Shape<'k> {
    pub(super) fn of(field: &'k Field) -> Self {
        Shape { ty: Some(&field.ty), encoding: field.encoding() }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_rounded_up() {
        assert_eq!(units(90_000_000_000, 60_000_000_000), 2);
        assert_eq!(units(60_000_000_000, 60_000_000_000), 1);
        assert_eq!(units(0, 60_000_000_000), 0);
    }
}
