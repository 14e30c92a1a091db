//! Values that know their size: lists and maps are counted when they are made and given back when they go.
//!
//! A value's weight is what it takes when it is written out: a list that holds another twice weighs twice as much, though
//! memory holds it once. Texts are the engine's own; their bytes are counted when they are made and never given back.

use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::value::{DynObject, Enumerator, Object, ObjectExt, ObjectRepr};
use minijinja::{Error, ErrorKind, Value};

use super::budget::{Budget, Held, refused};

/// What the smallest value weighs.
pub(super) const UNIT: u64 = 16;
/// How deep values may nest: what walks them recurses.
const DEPTH: u32 = 64;

/// How much a value weighs and how deep it nests.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measure {
    pub(super) weight: u64,
    pub(super) depth: u32,
}

impl Measure {
    fn add(&mut self, other: Measure) {
        self.weight = self.weight.saturating_add(other.weight);
        self.depth = self.depth.max(other.depth.saturating_add(1));
    }

    fn of_items(items: &[Value]) -> Measure {
        let mut sum = Measure { weight: UNIT, depth: 0 };
        items.iter().for_each(|item| sum.add(measure(item)));
        sum
    }

    fn of_entries(entries: &IndexMap<Value, Value>) -> Measure {
        let mut sum = Measure { weight: UNIT, depth: 0 };
        entries.iter().for_each(|(key, value)| {
            sum.add(measure(key));
            sum.add(measure(value));
        });
        sum
    }
}

#[derive(Debug)]
struct List {
    items: Vec<Value>,
    measure: Measure,
    _held: Held,
}

impl Object for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.items.get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.mapped_rev_enumerator(|this| Box::new(this.items.iter().cloned()))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.items.len())
    }
}

#[derive(Debug)]
struct Map {
    entries: IndexMap<Value, Value>,
    measure: Measure,
    _held: Held,
}

impl Object for Map {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.entries.get(key).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.mapped_rev_key_value_enumerator(|this| Box::new(this.entries.iter().map(|(k, v)| (k.clone(), v.clone()))))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// What `groupby` gives: a pair whose halves have names as well.
#[derive(Debug)]
struct Group {
    grouper: Value,
    list: Value,
}

impl Object for Group {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match (key.as_usize(), key.as_str()) {
            (Some(0), _) | (_, Some("grouper")) => Some(self.grouper.clone()),
            (Some(1), _) | (_, Some("list")) => Some(self.list.clone()),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(2)
    }
}

/// The weight and depth of a value. Lists and maps of ours know theirs; of the engine's own, the elements are asked.
pub(super) fn measure(value: &Value) -> Measure {
    if let Some(text) = value.as_str() {
        return Measure { weight: UNIT + text.len() as u64, depth: 0 };
    }
    if let Some(list) = value.downcast_object_ref::<List>() {
        return list.measure;
    }
    if let Some(map) = value.downcast_object_ref::<Map>() {
        return map.measure;
    }
    let mut sum = Measure { weight: UNIT, depth: 0 };
    let Some(object) = value.as_object() else { return sum };
    match object.repr() {
        ObjectRepr::Map => object.try_iter_pairs().into_iter().flatten().for_each(|(key, value)| {
            sum.add(measure(&key));
            sum.add(measure(&value));
        }),
        ObjectRepr::Seq | ObjectRepr::Iterable => {
            object.try_iter().into_iter().flatten().for_each(|value| sum.add(measure(&value)));
        }
        _ => {}
    }
    sum
}

/// Whether it can change, and so could come to hold itself: it must not become part of another value.
pub(super) fn changes(value: &Value) -> bool {
    let name = value.as_object().map(DynObject::type_name).unwrap_or_default();
    name.ends_with("::Namespace") || name.ends_with("::Loop")
}

/// A value as an operation gives it, counted: the engine's lists and maps become ours.
pub(super) fn counted(value: Value, budget: &Arc<Budget>) -> Result<Value, Error> {
    counted_at(value, budget, 0)
}

fn counted_at(value: Value, budget: &Arc<Budget>, depth: u32) -> Result<Value, Error> {
    if depth > DEPTH {
        return Err(refused("values nest too deeply"));
    }
    if let Some(text) = value.as_str() {
        budget.make(text.len() as u64)?;
        return Ok(value);
    }
    let Some(object) = value.as_object() else { return Ok(value) };
    let known = object.is::<List>() || object.is::<Map>() || object.is::<Group>();
    if known || value.is_kwargs() || changes(&value) {
        return Ok(value);
    }
    match object.repr() {
        ObjectRepr::Map => {
            let mut entries = IndexMap::new();
            for (key, value) in object.try_iter_pairs().into_iter().flatten() {
                entries.insert(counted_at(key, budget, depth + 1)?, counted_at(part(value)?, budget, depth + 1)?);
            }
            map(entries, budget)
        }
        ObjectRepr::Seq if object.type_name().ends_with("::GroupTuple") => {
            let half = |index: usize| object.get_value(&Value::from(index)).unwrap_or_default();
            let list = counted_at(half(1), budget, depth + 1)?;
            Ok(Value::from_object(Group { grouper: half(0), list }))
        }
        ObjectRepr::Seq | ObjectRepr::Iterable => {
            let mut items = Vec::new();
            for item in object.try_iter().into_iter().flatten() {
                items.push(counted_at(part(item)?, budget, depth + 1)?);
                budget.fits(items.len() as u64 * UNIT)?;
            }
            list(items, budget)
        }
        _ => Ok(value),
    }
}

/// A value that is to become part of another.
pub(super) fn part(value: Value) -> Result<Value, Error> {
    if changes(&value) {
        return Err(Error::new(ErrorKind::InvalidOperation, "`namespace` and `loop` cannot be part of another value"));
    }
    Ok(value)
}

/// A list of counted values.
pub(super) fn list(items: Vec<Value>, budget: &Arc<Budget>) -> Result<Value, Error> {
    let measure = Measure::of_items(&items);
    let held = admitted(measure, items.len(), budget)?;
    Ok(Value::from_object(List { items, measure, _held: held }))
}

/// A map of counted values.
pub(super) fn map(entries: IndexMap<Value, Value>, budget: &Arc<Budget>) -> Result<Value, Error> {
    let measure = Measure::of_entries(&entries);
    let held = admitted(measure, entries.len() * 3, budget)?;
    Ok(Value::from_object(Map { entries, measure, _held: held }))
}

fn admitted(sum: Measure, slots: usize, budget: &Arc<Budget>) -> Result<Held, Error> {
    budget.fits(sum.weight)?;
    if sum.depth > DEPTH {
        return Err(refused("values nest too deeply"));
    }
    budget.look(slots as u64 * UNIT)?;
    budget.hold((slots as u64 + 4) * 24)
}

/// The elements of a list or other sequence.
pub(super) fn items(value: &Value) -> Option<Vec<Value>> {
    let object = value.as_object()?;
    matches!(object.repr(), ObjectRepr::Seq | ObjectRepr::Iterable).then(|| object.try_iter())?.map(Iterator::collect)
}

/// A value given to a template. What is given counts as nothing made.
pub(super) fn from_json(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::from(()),
        Json::Bool(bool) => Value::from(*bool),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Value::from(int),
            (None, Some(int)) => Value::from(int),
            (None, None) => Value::from(number.as_f64()),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(array) => {
            let items: Vec<Value> = array.iter().map(from_json).collect();
            let measure = Measure::of_items(&items);
            Value::from_object(List { items, measure, _held: Held::GIVEN })
        }
        Json::Object(object) => {
            let entries: IndexMap<Value, Value> =
                object.iter().map(|(key, value)| (Value::from(key.as_str()), from_json(value))).collect();
            let measure = Measure::of_entries(&entries);
            Value::from_object(Map { entries, measure, _held: Held::GIVEN })
        }
    }
}
