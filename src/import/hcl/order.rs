//! What is run over, and in which order: HCL takes the keys of a map and the elements of a set in alphabetical order, the language
//! takes those of a map as they stand.

use hcl_edit::expr::Expression;

use crate::import::draft::{Entry, For, Kind, Name, Type, Value};
use crate::text::Span;

use super::module::Variable as Declared;
use super::reference::name_of;
use super::{Came, Place, Reader, Why};

/// How large a value may be that has to be written twice.
const TWICE: usize = 2_000;
/// How far names are followed to what they stand for.
const FAR: usize = 16;

/// What a `for` or `dynamic` runs over.
pub(super) struct Collection {
    pub(super) over: Value,
    /// Whether it is a set: its keys are its elements.
    pub(super) set: bool,
}

/// What a value may be.
enum Sample<'v> {
    Value(&'v Value),
    Type(&'v Type),
}

impl<'a> Reader<'a> {
    /// The value of an expression that something runs over.
    pub(super) fn collection(&mut self, expression: &'a Expression, place: &Place<'a>) -> Result<Collection, Why> {
        let mut over = self.value(expression, place)?;
        self.known(&over)?;
        if let Kind::Name(Name::Local(name)) = &over.kind {
            self.sort_local(&name.clone());
        }
        sort_keys(&mut over);
        let set = self.is_set(expression);
        if set && !matches!(&over.kind, Kind::Call(name, _) if name == "sort") {
            let span = over.span;
            let call = |name: &str, of: Value| Value::new(Kind::Call(name.into(), vec![of]), span);
            over = call("sort", call("distinct", over));
        }
        Ok(Collection { over, set })
    }

    /// Sorts the keys of a local that something runs over.
    fn sort_local(&mut self, name: &str) {
        if let Some(Came::Value(value)) = self.locals.get_mut(name) {
            sort_keys(value);
            let value = value.clone();
            if let Some(local) = self.draft.locals.iter_mut().find(|local| local.key == name) {
                local.value = value;
            }
        }
    }

    /// Whether an expression is a set for certain.
    fn is_set(&self, expression: &'a Expression) -> bool {
        match self.resolved(expression) {
            Expression::FuncCall(call) => {
                matches!(call.name.name.value().as_str(), "toset" | "setunion" | "setintersection" | "setsubtract")
            }
            Expression::Traversal(traversal) => {
                let (Some(root), [name]) = (traversal.expr.as_variable(), &traversal.operators[..]) else {
                    return false;
                };
                let declared = name_of(name.value()).filter(|_| root.as_str() == "var");
                let declared = declared.and_then(|name| self.module.variables.get(name));
                let Some(Declared::Block(at)) = declared else { return false };
                let ty = at.block.body.get_attribute("type").and_then(|ty| ty.value.as_func_call());
                ty.is_some_and(|ty| ty.name.name.value().as_str() == "set")
            }
            _ => false,
        }
    }

    /// A comprehension that takes the keys of a map in HCL's order.
    pub(super) fn in_order(&self, mut each: For, place: &Place<'_>, span: Span) -> Result<For, Why> {
        if each.makes_key.is_some() || !self.is_unsorted_map(&each.over, place) {
            return Ok(each);
        }
        small(&each.over)?;
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
        Ok(each)
    }

    /// Whether a value is a map whose keys may stand otherwise than HCL takes them.
    pub(super) fn is_unsorted_map(&self, value: &Value, place: &Place<'_>) -> bool {
        let mut samples = Vec::new();
        self.samples(value, place, FAR, &mut samples);
        samples.into_iter().any(|sample| match sample {
            Sample::Type(ty) => matches!(ty, Type::Map(_) | Type::Record(_)),
            Sample::Value(value) => match &value.kind {
                Kind::Record(entries) => {
                    let spread = entries.iter().any(|e| matches!(e.value.kind, Kind::Spread(_)));
                    spread || !entries.is_sorted_by(|a, b| a.key <= b.key)
                }
                Kind::For(each) => each.makes_key.is_some(),
                _ => false,
            },
        })
    }

    /// What a value may be, as far as it is written down or declared.
    fn samples<'v>(&'v self, value: &'v Value, place: &'v Place<'_>, far: usize, found: &mut Vec<Sample<'v>>) {
        let Some(far) = far.checked_sub(1) else { return };
        let value = self.followed(value);
        match &value.kind {
            Kind::Name(Name::Variable(name)) => {
                let Some(variable) = self.variable_of(name) else { return };
                found.push(Sample::Type(&variable.ty));
            }
            Kind::Name(Name::Bound(name)) => {
                let bound = place.bound.iter().rev().find(|b| b.value.as_ref() == Some(name));
                if let Some(over) = bound.and_then(|b| b.over.as_deref()) {
                    self.parts(over, None, place, far, found);
                }
            }
            Kind::If(_, a, b) | Kind::Operation(_, a, b) => {
                self.samples(a, place, far, found);
                self.samples(b, place, far, found);
            }
            Kind::Field(base, name) => self.parts(base, Some(name), place, far, found),
            Kind::Index(base, keys) => {
                self.parts(base, keys.first().and_then(Value::plain), place, far, found);
            }
            _ => found.push(Sample::Value(value)),
        }
    }

    /// What the part of a key may be, or any part.
    fn parts<'v>(
        &'v self,
        value: &'v Value,
        key: Option<&str>,
        place: &'v Place<'_>,
        far: usize,
        found: &mut Vec<Sample<'v>>,
    ) {
        let mut wholes = Vec::new();
        self.samples(value, place, far, &mut wholes);
        let meant = |e: &&Entry| key.is_none_or(|key| e.key == key);
        for whole in wholes {
            match whole {
                Sample::Type(Type::Map(inner) | Type::List(inner)) => found.push(Sample::Type(inner)),
                Sample::Type(Type::Record(fields)) => {
                    let meant = fields.iter().filter(|(name, ..)| key.is_none_or(|key| name == key));
                    found.extend(meant.map(|(_, ty, _)| Sample::Type(ty)));
                }
                Sample::Type(_) => {}
                Sample::Value(value) => match &value.kind {
                    Kind::Record(entries) => {
                        entries.iter().filter(meant).for_each(|e| self.samples(&e.value, place, far, found));
                    }
                    Kind::List(values) => values.iter().for_each(|v| self.samples(v, place, far, found)),
                    _ => {}
                },
            }
        }
    }
}

/// Puts the keys of maps that are written down into HCL's order.
pub(super) fn sort_keys(value: &mut Value) {
    match &mut value.kind {
        Kind::Record(entries) => {
            if entries.iter().all(|e| !matches!(e.value.kind, Kind::Spread(_))) {
                entries.sort_by(|a, b| a.key.cmp(&b.key));
            }
            entries.iter_mut().for_each(|e| sort_keys(&mut e.value));
        }
        Kind::List(values) => values.iter_mut().for_each(sort_keys),
        _ => {}
    }
}

/// Refuses to write a large value twice: values within values would grow without end.
pub(super) fn small(value: &Value) -> Result<(), Why> {
    let mut size = 0;
    value.each(&mut |_| size += 1);
    if size <= TWICE {
        return Ok(());
    }
    let why = "what it runs over is too large to be written here; give it a name in `locals`".to_owned();
    Err(Why { why, span: value.span })
}
