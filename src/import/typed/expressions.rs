//! Values that are worked out, mended to the type of their place: choices and comprehensions inside, all others by what is done to
//! them. Legacy JSON has none of these.

use crate::import::draft::{Entry, Kind, Name, Operator, Piece, Value};
use crate::ty::{Encoding, Ty};

use super::mend::{Mended, Mender, pair};

/// Functions whose result is a truth value.
const BOOLS: &[&str] = &["all", "any", "contains", "ends_with", "has", "starts_with"];

impl Mender<'_> {
    /// Mends a value that is worked out; none where it is written as it is.
    pub(super) fn expression(&mut self, value: &mut Value, ty: &Ty, encoding: Option<Encoding>) -> Option<Mended> {
        Some(match &mut value.kind {
            Kind::If(_, a, b) | Kind::Operation(Operator::Else, a, b) => {
                [a, b].into_iter().try_for_each(|branch| self.value(branch, ty, encoding))
            }
            Kind::Match(_, arms) => arms.iter_mut().try_for_each(|(_, arm)| self.value(arm, ty, encoding)),
            Kind::Spread(inner) => self.value(inner, ty, encoding),
            Kind::Null => Ok(()),
            Kind::For(each) => match bare(ty) {
                Ty::List(inner) if each.makes_key.is_none() => self.value(&mut each.makes, inner, None),
                Ty::Map(inner) if each.makes_key.is_some() => self.value(&mut each.makes, inner, None),
                Ty::Map(inner) if encoding == Some(Encoding::Pairs) => {
                    // `["${k}=${v}" for …]` as a record of what is on both sides.
                    let Some((key, made)) = sides(&each.makes) else {
                        return Some(Err("each variable has the form `NAME=value`".into()));
                    };
                    each.makes_key = Some(key);
                    each.makes = made;
                    self.value(&mut each.makes, inner, None)
                }
                _ => Ok(()),
            },
            Kind::Name(Name::Variable(name)) => {
                let early = self.variables.get(name).is_some_and(|v| v.early);
                if !early {
                    return None;
                }
                if self.is_split(value) && matches!(bare(ty), Ty::List(_)) {
                    return None;
                }
                self.worked_out(value, ty, encoding)
            }
            Kind::Name(_) | Kind::Field(..) | Kind::Index(..) | Kind::Call(..) | Kind::Operation(..) => {
                self.worked_out(value, ty, encoding)
            }
            Kind::Not(_) | Kind::Negative(_) => self.worked_out(value, ty, encoding),
            _ => return None,
        })
    }

    /// What is known when compiling and not written here: numbers get the unit of their place, and become texts where it takes these.
    fn worked_out(&mut self, value: &mut Value, ty: &Ty, encoding: Option<Encoding>) -> Mended {
        let number = self.is_number(value);
        let ty = bare(ty);
        if let (Ty::Size, Some(Encoding::Gib), Some(true)) = (ty, encoding, number) {
            let unit = Value::new(Kind::Size(1 << 30), value.span);
            let count = value.clone();
            value.kind = Kind::Operation(Operator::Multiply, unit.into(), count.into());
        } else if ty.is_text() && (number == Some(true) || self.is_bool(value)) {
            let inner = Value::new(value.kind.clone(), value.span);
            value.kind = Kind::Text(vec![Piece::Value(Box::new(inner))]);
        } else if let Ty::List(inner) = ty
            && (number == Some(true) || self.is_text(value))
        {
            self.value(value, inner, None)?;
            value.kind = Kind::List(vec![value.clone()]);
        }
        Ok(())
    }

    /// Whether a value is a variable whose text is a list in some places.
    pub(super) fn is_split(&self, value: &Value) -> bool {
        matches!(&value.kind, Kind::Name(Name::Variable(name)) if self.variables.get(name).is_some_and(|v| v.split))
    }

    fn is_number(&self, value: &Value) -> Option<bool> {
        const NUMBERS: &[&str] = &["len", "int", "sum", "min", "max", "abs", "floor", "ceil", "round", "index_of"];
        Some(match &value.kind {
            Kind::Int(_) | Kind::Number(_) | Kind::Negative(_) => true,
            Kind::Operation(op, ..) => {
                matches!(
                    op,
                    Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder
                )
            }
            Kind::Call(name, _) => NUMBERS.contains(&name.as_str()),
            Kind::Name(Name::Variable(name)) => matches!(bare(&self.variables.get(name)?.ty), Ty::Int | Ty::Number),
            Kind::Name(Name::Local(name)) => return self.is_number(self.locals.get(name)?),
            Kind::If(_, a, _) => return self.is_number(a),
            _ => return None,
        })
    }

    fn is_bool(&self, value: &Value) -> bool {
        match &value.kind {
            Kind::Bool(_) | Kind::Not(_) => true,
            Kind::Call(name, _) => BOOLS.contains(&name.as_str()),
            Kind::Operation(op, ..) => !matches!(
                op,
                Operator::Add
                    | Operator::Subtract
                    | Operator::Multiply
                    | Operator::Divide
                    | Operator::Remainder
                    | Operator::Else
            ),
            Kind::Name(Name::Variable(name)) => {
                self.variables.get(name).is_some_and(|v| matches!(bare(&v.ty), Ty::Bool))
            }
            Kind::Name(Name::Local(name)) => self.locals.get(name).is_some_and(|v| self.is_bool(v)),
            _ => false,
        }
    }

    fn is_text(&self, value: &Value) -> bool {
        match &value.kind {
            Kind::Text(_) => true,
            Kind::Name(Name::Variable(name)) => self.variables.get(name).is_some_and(|v| v.text),
            Kind::Name(Name::Local(name)) => self.locals.get(name).is_some_and(|v| self.is_text(v)),
            _ => false,
        }
    }
}

/// A type without what only wraps it.
pub(super) fn bare(ty: &Ty) -> &Ty {
    match ty {
        Ty::Named(named) => bare(&named.ty),
        Ty::Optional(inner) | Ty::Late(inner) => bare(inner),
        Ty::Range(range) => bare(&range.base),
        other => other,
    }
}

/// Whether a text is made of variables and characters, so that it can be known beforehand.
pub(super) fn is_made_of_names(value: &Value) -> bool {
    match &value.kind {
        Kind::Name(_) => true,
        Kind::Text(pieces) => super::composed::parts(pieces).is_some(),
        _ => false,
    }
}

/// `"${k}=${v}"` apart.
pub(super) fn sides(value: &Value) -> Option<(Value, Value)> {
    if let Some((key, made)) = pair(value) {
        return Some((Value::text(key, value.span), made));
    }
    let Kind::Text(pieces) = &value.kind else { return None };
    let at = pieces.iter().position(|p| matches!(p, Piece::Chars(chars) if chars.contains('=')))?;
    let Piece::Chars(chars) = pieces.get(at)? else { return None };
    let (left, right) = chars.split_once('=')?;
    let text = |before: &[Piece], chars: &str, behind: &[Piece]| {
        let own = (!chars.is_empty()).then(|| Piece::Chars(chars.to_owned()));
        super::mend::alone(before.iter().cloned().chain(own).chain(behind.iter().cloned()).collect(), value.span)
    };
    Some((text(&pieces[..at], left, &[]), text(&[], right, &pieces[at + 1..])))
}

/// Entries that spread a record have no key of their own.
pub(super) fn is_spread(entry: &Entry) -> bool {
    matches!(entry.value.kind, Kind::Spread(_))
}
