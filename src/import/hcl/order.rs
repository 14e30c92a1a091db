//! The order of a list that is made of a map: HCL takes its keys in alphabetical order, the language in that of the map.

use crate::import::draft::{For, Kind, Name, Type, Value};
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
            part.change(&|value| {
                if matches!(&value.kind, Kind::Name(Name::Bound(bound)) if *bound == each.value) {
                    *value = element.clone();
                }
            });
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
