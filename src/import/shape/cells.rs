//! Builds as cells of axes, and conditions that hold for some of them.

use rustc_hash::FxHashSet;

use crate::import::draft::{Kind, Operator, Piece, Value};
use crate::text::Span;

/// An axis with its values in the order of their first use.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Dimension {
    pub(super) name: String,
    pub(super) values: Vec<String>,
}

/// The builds and their coordinates.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    pub(super) axes: Vec<Dimension>,
    /// For each build the index of its value on each axis.
    pub(super) of: Vec<Vec<usize>>,
    /// How a build's name is made of its coordinates.
    pub(super) name: Value,
    /// A place for what has none.
    pub(super) span: Span,
}

impl Cells {
    /// All builds.
    pub(super) fn all(&self) -> Vec<usize> {
        (0..self.of.len()).collect()
    }

    /// A build's value on an axis.
    pub(super) fn value(&self, build: usize, axis: usize) -> &str {
        &self.axes[axis].values[self.of[build][axis]]
    }

    pub(super) fn axis(&self, axis: usize) -> Value {
        Value::bound(self.axes[axis].name.clone(), self.span)
    }

    /// Whether the cells are all that there can be, in the order of the axes.
    pub(super) fn is_product(&self) -> bool {
        let all: usize = self.axes.iter().map(|a| a.values.len()).product();
        all == self.of.len() && self.of.is_sorted()
    }

    /// What holds for some of the builds and no others; nothing where it is all of them.
    pub(super) fn condition(&self, some: &[usize], of: &[usize]) -> Option<Value> {
        if some.len() == of.len() {
            return None;
        }
        if let Some(parts) = self.box_of(some, of) {
            return Some(joined(parts, Operator::And, self.span));
        }
        let others: Vec<usize> = of.iter().copied().filter(|b| !some.contains(b)).collect();
        if let Some(parts) = self.box_of(&others, of) {
            let parts = parts.into_iter().map(|part| self.denied(part)).collect();
            return Some(joined(parts, Operator::Or, self.span));
        }
        let names: Vec<Value> = some.iter().map(|b| Value::text(self.build_name(*b), self.span)).collect();
        let list = Value::new(Kind::List(names), self.span);
        Some(self.operation(Operator::In, self.name.clone(), list))
    }

    /// Conditions on single axes that together mean these builds.
    fn box_of(&self, some: &[usize], of: &[usize]) -> Option<Vec<Value>> {
        let mut parts: Vec<(usize, Value)> = Vec::new();
        let wanted: FxHashSet<usize> = some.iter().copied().collect();
        let mut left: Vec<usize> = of.to_vec();
        for axis in 0..self.axes.len() {
            let taken = self.taken(some, axis);
            let there = self.taken(of, axis);
            if taken.len() == there.len() {
                continue;
            }
            left.retain(|b| taken.contains(&self.of[*b][axis]));
            parts.push((axis, self.among(axis, &taken, &there)));
        }
        if left.len() != wanted.len() || parts.is_empty() {
            return None;
        }
        // One axis alone may tell as much as several.
        let alone = |axis: usize| {
            let taken = self.taken(some, axis);
            of.iter().filter(|b| taken.contains(&self.of[**b][axis])).count() == some.len()
        };
        if let Some(at) = parts.iter().position(|(axis, _)| alone(*axis)) {
            return Some(vec![parts.swap_remove(at).1]);
        }
        Some(parts.into_iter().map(|(_, value)| value).collect())
    }

    /// The values on an axis, ascending.
    fn taken(&self, builds: &[usize], axis: usize) -> Vec<usize> {
        let mut taken: Vec<usize> = builds.iter().map(|b| self.of[*b][axis]).collect();
        taken.sort_unstable();
        taken.dedup();
        taken
    }

    fn among(&self, axis: usize, taken: &[usize], there: &[usize]) -> Value {
        let text = |index: &usize| Value::text(self.axes[axis].values[*index].clone(), self.span);
        match taken {
            [only] => self.operation(Operator::Equal, self.axis(axis), text(only)),
            _ if taken.len() + 1 == there.len() => {
                let other = there.iter().find(|t| !taken.contains(t)).unwrap_or(&0);
                self.operation(Operator::Unequal, self.axis(axis), text(other))
            }
            _ => {
                let list = Value::new(Kind::List(taken.iter().map(text).collect()), self.span);
                self.operation(Operator::In, self.axis(axis), list)
            }
        }
    }

    fn denied(&self, value: Value) -> Value {
        let kind = match value.kind {
            Kind::Operation(Operator::Equal, a, b) => Kind::Operation(Operator::Unequal, a, b),
            Kind::Operation(Operator::Unequal, a, b) => Kind::Operation(Operator::Equal, a, b),
            other => Kind::Not(Box::new(Value::new(other, self.span))),
        };
        Value::new(kind, self.span)
    }

    fn operation(&self, operator: Operator, a: Value, b: Value) -> Value {
        Value::new(Kind::Operation(operator, Box::new(a), Box::new(b)), self.span)
    }

    /// The name of a build, as its coordinates make it.
    pub(super) fn build_name(&self, build: usize) -> String {
        let axis_of = |value: &Value| {
            self.axes.iter().position(
                |a| matches!(&value.kind, Kind::Name(crate::import::draft::Name::Bound(name)) if *name == a.name),
            )
        };
        match &self.name.kind {
            Kind::Text(pieces) => pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Chars(chars) | Piece::Action(chars) => chars.clone(),
                    Piece::Value(value) => axis_of(value).map(|a| self.value(build, a).to_owned()).unwrap_or_default(),
                })
                .collect(),
            _ => axis_of(&self.name).map(|a| self.value(build, a).to_owned()).unwrap_or_default(),
        }
    }
}

fn joined(parts: Vec<Value>, operator: Operator, span: Span) -> Value {
    let join = |a: Value, b: Value| Value::new(Kind::Operation(operator, Box::new(a), Box::new(b)), span);
    parts.into_iter().reduce(join).unwrap_or(Value::new(Kind::Bool(true), span))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::program::Names;
    use crate::text::FileId;

    fn cells() -> Cells {
        let dimension = |name: &str, values: &[&str]| Dimension {
            name: name.into(),
            values: values.iter().map(|v| (*v).to_owned()).collect(),
        };
        let span = Span::file_start(FileId(0));
        let piece = |name: &str| Piece::Value(Box::new(Value::bound(name, span)));
        Cells {
            axes: vec![dimension("region", &["a", "b", "c"]), dimension("virt", &["pv", "hvm"])],
            of: (0..3).flat_map(|r| (0..2).map(move |v| vec![r, v])).collect(),
            name: Value::new(Kind::Text(vec![piece("region"), Piece::Chars("-".into()), piece("virt")]), span),
            span,
        }
    }

    #[test]
    fn conditions_are_those_that_a_person_would_write() {
        let cells = cells();
        let all = cells.all();
        let names = Names::default();
        let said = |some: &[usize]| {
            let condition = cells.condition(some, &all)?;
            Some(crate::import::write::value(&condition, &names))
        };
        assert_eq!(said(&[0, 1, 2, 3, 4, 5]), None);
        assert_eq!(said(&[1, 3, 5]).as_deref(), Some("virt == \"hvm\""));
        assert_eq!(said(&[0, 1, 2, 3]).as_deref(), Some("region != \"c\""));
        assert_eq!(said(&[1]).as_deref(), Some("region == \"a\" && virt == \"hvm\""));
        assert_eq!(said(&[0, 2, 3, 4, 5]).as_deref(), Some("region != \"a\" || virt != \"hvm\""));
        assert_eq!(said(&[0, 3]).as_deref(), Some("\"${region}-${virt}\" in [\"a-pv\", \"b-hvm\"]"));
        assert!(cells.is_product());
    }
}
