//! The order of a list that is made of a map: HCL takes its keys in alphabetical order, the language in that of the map.

use crate::import::draft::{For, Kind, Name, Piece, Type, Value};
use crate::text::Span;

use super::Reader;

impl Reader<'_> {
    /// A comprehension that takes the keys of a map in HCL's order.
    pub(super) fn in_order(&self, mut each: For, span: Span) -> For {
        if each.makes_key.is_some() || !self.is_unsorted_map(&each.over) {
            return each;
        }
        let call = |name: &str, of: Value| Value::new(Kind::Call(name.into(), vec![of]), span);
        let key = each.key.take().unwrap_or_else(|| format!("{}_key", each.value));
        let element = Value::new(Kind::Index(each.over.clone().into(), vec![Value::bound(key.clone(), span)]), span);
        for part in each.condition.iter_mut().chain([&mut each.makes]) {
            replace(part, &each.value, &element);
        }
        each.over = call("sort", call("keys", each.over));
        each.value = key;
        each
    }

    fn is_unsorted_map(&self, value: &Value) -> bool {
        match self.looked_up(value).kind {
            Kind::Record(entries) => {
                let spread = entries.iter().any(|e| matches!(e.value.kind, Kind::Spread(_)));
                spread || !entries.is_sorted_by(|a, b| a.key <= b.key)
            }
            Kind::Name(Name::Variable(name)) => {
                let variable = self.draft.variables.iter().find(|v| v.name == name);
                variable.is_some_and(|v| matches!(v.ty, Type::Map(_) | Type::Record(_)))
            }
            Kind::For(each) => each.makes_key.is_some(),
            _ => false,
        }
    }
}

/// Puts a value in the place of a bound name.
fn replace(value: &mut Value, name: &str, with: &Value) {
    match &mut value.kind {
        Kind::Name(Name::Bound(bound)) if bound == name => *value = with.clone(),
        Kind::Text(pieces) => pieces.iter_mut().for_each(|piece| {
            if let Piece::Value(inner) = piece {
                replace(inner, name, with);
            }
        }),
        Kind::List(values) | Kind::Call(_, values) => values.iter_mut().for_each(|v| replace(v, name, with)),
        Kind::Record(entries) => entries.iter_mut().for_each(|e| replace(&mut e.value, name, with)),
        Kind::Spread(inner) | Kind::Field(inner, _) | Kind::Not(inner) | Kind::Negative(inner) => replace(inner, name, with),
        Kind::Index(base, indices) => {
            replace(base, name, with);
            indices.iter_mut().for_each(|v| replace(v, name, with));
        }
        Kind::Operation(_, a, b) => [a, b].into_iter().for_each(|v| replace(v, name, with)),
        Kind::If(a, b, c) => [a, b, c].into_iter().for_each(|v| replace(v, name, with)),
        Kind::Match(base, arms) => {
            replace(base, name, with);
            arms.iter_mut().for_each(|(_, v)| replace(v, name, with));
        }
        Kind::For(each) => {
            let parts = [Some(&mut each.over), each.condition.as_mut(), each.makes_key.as_mut(), Some(&mut each.makes)];
            parts.into_iter().flatten().for_each(|v| replace(v, name, with));
        }
        Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Number(_) | Kind::Duration(_) | Kind::Size(_) | Kind::Name(_) => {}
    }
}
