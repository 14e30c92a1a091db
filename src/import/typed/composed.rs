//! Texts made of variables where something else than a text is wanted: `"{{user `minutes`}}m"`, `"{{user `gib`}}000"`.

use crate::import::draft::{Kind, Lost, Name, Operator, Piece, Value};
use crate::ty::{Encoding, Literal, Ty};

use super::expressions::bare;
use super::mend::{Mended, Mender, duration};

/// The variables in a text that is made of these and characters alone; none where there is none in it, or something else.
pub(super) fn parts(pieces: &[Piece]) -> Option<Vec<&String>> {
    let mut names = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Chars(_) => {}
            Piece::Value(value) => match &value.kind {
                Kind::Name(Name::Variable(name)) => names.push(name),
                _ => return None,
            },
            Piece::Action(_) => return None,
        }
    }
    (!names.is_empty()).then_some(names)
}

/// A number and the unit behind it, in nanoseconds.
pub(super) fn counted(pieces: &[Piece]) -> Option<(&Value, i64)> {
    match pieces {
        [Piece::Value(count), Piece::Chars(unit)] => Some((count, duration(&format!("1{unit}"))?)),
        _ => None,
    }
}

impl Mender<'_> {
    /// Mends such a text; none where it is none, or texts are welcome.
    pub(super) fn composed(&mut self, value: &mut Value, ty: &Ty, encoding: Option<Encoding>) -> Option<Mended> {
        let Kind::Text(pieces) = &value.kind else { return None };
        let names = parts(pieces)?;
        let ty = bare(ty);
        let wanted = match ty {
            Ty::Bool | Ty::Int | Ty::Size | Ty::Duration | Ty::Number => true,
            Ty::Union(members) => members.iter().all(|m| matches!(m, Ty::Literal(Literal::Text(_)))),
            _ => false,
        };
        if !wanted {
            return None;
        }
        let span = value.span;
        let early = names.iter().all(|name| self.variables.get(*name).is_some_and(|v| v.early));
        let made = match ty {
            Ty::Duration if early => counted(pieces).filter(|(count, _)| self.is_int(count)).map(|(count, unit)| {
                let unit = Value::new(Kind::Duration(unit), span);
                Kind::Operation(Operator::Multiply, unit.into(), count.clone().into())
            }),
            Ty::Int | Ty::Size if early => {
                let number = Kind::Call("int".into(), vec![value.clone()]);
                Some(match (ty, encoding) {
                    (Ty::Size, Some(Encoding::Gib)) => {
                        let unit = Value::new(Kind::Size(1 << 30), span);
                        Kind::Operation(Operator::Multiply, unit.into(), Value::new(number, span).into())
                    }
                    _ => number,
                })
            }
            _ => None,
        };
        if let Some(kind) = made {
            value.kind = kind;
            return Some(Ok(()));
        }
        // What cannot be worked out is what it is if nobody sets a variable.
        let text = self.with_defaults(pieces)?;
        let what = format!("what `{}` decides here", names.first().map_or("", |n| n.as_str()));
        let why = format!("only a text can be made of a variable; it is `{text}`, which its default makes of it");
        self.lost.push(Lost { what, why, span });
        *value = Value::text(text, span);
        Some(self.value(value, ty, encoding))
    }

    /// Whether a value is a variable that holds a whole number.
    fn is_int(&self, value: &Value) -> bool {
        let Kind::Name(Name::Variable(name)) = &value.kind else { return false };
        self.variables.get(name).is_some_and(|v| *bare(&v.ty) == Ty::Int)
    }

    /// A text with the defaults of its variables, where they have plain ones.
    fn with_defaults(&self, pieces: &[Piece]) -> Option<String> {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Chars(chars) => text.push_str(chars),
                Piece::Value(value) => {
                    let Kind::Name(Name::Variable(name)) = &value.kind else { return None };
                    text.push_str(self.defaults.get(name)?);
                }
                Piece::Action(_) => return None,
            }
        }
        Some(text)
    }
}
