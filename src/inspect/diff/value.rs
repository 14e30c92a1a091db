//! The places where two values differ.
//!
//! Values are compared as Packer reads them: a number and its text are the same, the order of a record's keys is nothing. List
//! elements are paired by what names them, where all have such a key, else by their order. The keys are those that
//! lists of records have in any kind; no option is known.

use rustc_hash::FxHashMap;
use serde::Serialize;
use serde_json::Value as Json;
use similar::{Algorithm, DiffTag, capture_diff_slices};

/// Keys that name an element of a list.
const NAMES: [&str; 4] = ["device_name", "name", "key", "type"];
/// Lists of more elements are compared element by element.
const LONGEST: usize = 2_000;

/// A place where two things differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The way to the place: `tags.Release`, `launch_block_device_mappings[/dev/sda1].volume_size`.
    pub path: String,
    /// What it was; nothing where it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Json>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Json>,
    /// Whether the values are secret and so not told.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
}

impl Change {
    pub(super) fn new(path: impl Into<String>, before: Option<Json>, after: Option<Json>) -> Self {
        Change { path: path.into(), before, after, secret: false }
    }

    pub(super) fn hidden(path: &str) -> Self {
        Change { path: path.into(), before: None, after: None, secret: true }
    }
}

/// The places where two values differ.
pub(super) fn changes(path: &str, before: &Json, after: &Json) -> Vec<Change> {
    let mut found = Vec::new();
    compare(path, before, after, &mut found);
    found
}

/// The places where two lists of options differ.
pub(super) fn option_changes(before: &[(String, Json)], after: &[(String, Json)]) -> Vec<Change> {
    let mut found = Vec::new();
    let by_name: FxHashMap<&str, &Json> = after.iter().map(|(name, value)| (name.as_str(), value)).collect();
    for (name, old) in before {
        match by_name.get(name.as_str()) {
            Some(new) => compare(name, old, new, &mut found),
            None => found.push(Change::new(name, Some(old.clone()), None)),
        }
    }
    let known: FxHashMap<&str, ()> = before.iter().map(|(name, _)| (name.as_str(), ())).collect();
    let added = after.iter().filter(|(name, _)| !known.contains_key(name.as_str()));
    found.extend(added.map(|(name, value)| Change::new(name, None, Some(value.clone()))));
    found
}

/// Whether Packer reads two values as the same.
pub(super) fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::String(text), Json::Number(number)) | (Json::Number(number), Json::String(text)) => {
            *text == number.to_string()
        }
        (Json::String(text), Json::Bool(bool)) | (Json::Bool(bool), Json::String(text)) => *text == bool.to_string(),
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

fn compare(path: &str, before: &Json, after: &Json, found: &mut Vec<Change>) {
    match (before, after) {
        (a, b) if same(a, b) => {}
        (Json::Object(a), Json::Object(b)) if !a.is_empty() && !b.is_empty() => {
            for (key, old) in a {
                match b.get(key) {
                    Some(new) => compare(&below(path, key), old, new, found),
                    None => found.push(Change::new(below(path, key), Some(old.clone()), None)),
                }
            }
            let added = b.iter().filter(|(key, _)| !a.contains_key(*key));
            found.extend(added.map(|(key, new)| Change::new(below(path, key), None, Some(new.clone()))));
        }
        (Json::Array(a), Json::Array(b)) if !a.is_empty() && !b.is_empty() => lists(path, a, b, found),
        (a, b) => found.push(Change::new(path, Some(a.clone()), Some(b.clone()))),
    }
}

fn below(path: &str, key: &str) -> String {
    let plain = key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    match (path.is_empty(), plain && !key.is_empty()) {
        (true, true) => key.to_owned(),
        (false, true) => format!("{path}.{key}"),
        (_, false) => format!("{path}[{}]", Json::from(key)),
    }
}

fn lists(path: &str, a: &[Json], b: &[Json], found: &mut Vec<Change>) {
    let whole = || Change::new(path, Some(a.to_vec().into()), Some(b.to_vec().into()));
    if let Some((old, new)) = settings(a).zip(settings(b)) {
        let before = found.len();
        pairs(&old, &new, |name| below(path, name), found);
        if found.len() > before {
            return;
        }
    } else if let Some((old, new)) = NAMES.iter().find_map(|key| named(a, key).zip(named(b, key))) {
        let before = found.len();
        pairs(&old, &new, |name| format!("{path}[{name}]"), found);
        if found.len() > before {
            return;
        }
    } else if a.iter().chain(b).any(|v| v.is_object() || v.is_array()) {
        return in_order(path, a, b, found);
    }
    // Lists of plain values, and those in which only the order differs, are read as a whole.
    found.push(whole());
}

/// A list of `NAME=value` texts, by name.
fn settings(list: &[Json]) -> Option<Vec<(&str, Json)>> {
    let mut entries: Vec<(&str, Json)> = Vec::with_capacity(list.len());
    for element in list {
        let (name, value) = element.as_str()?.split_once('=')?;
        let word = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !word {
            return None;
        }
        entries.push((name, value.into()));
    }
    distinct(entries)
}

/// A list of records, by a key that all have.
fn named<'j>(list: &'j [Json], key: &str) -> Option<Vec<(&'j str, Json)>> {
    let entries: Option<Vec<_>> = list.iter().map(|e| Some((e.get(key)?.as_str()?, e.clone()))).collect();
    distinct(entries?)
}

fn distinct(entries: Vec<(&str, Json)>) -> Option<Vec<(&str, Json)>> {
    let mut names: Vec<&str> = entries.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.windows(2).all(|two| two[0] != two[1]).then_some(entries)
}

fn pairs(a: &[(&str, Json)], b: &[(&str, Json)], path: impl Fn(&str) -> String, found: &mut Vec<Change>) {
    let new: FxHashMap<&str, &Json> = b.iter().map(|(name, value)| (*name, value)).collect();
    let old: FxHashMap<&str, &Json> = a.iter().map(|(name, value)| (*name, value)).collect();
    for (name, value) in a {
        match new.get(name) {
            Some(new) => compare(&path(name), value, new, found),
            None => found.push(Change::new(path(name), Some(value.clone()), None)),
        }
    }
    let added = b.iter().filter(|(name, _)| !old.contains_key(name));
    found.extend(added.map(|(name, value)| Change::new(path(name), None, Some(value.clone()))));
}

/// Elements without names: those that are equal stay together, the others are paired by their order.
fn in_order(path: &str, a: &[Json], b: &[Json], found: &mut Vec<Change>) {
    let mut pair = |old: std::ops::Range<usize>, new: std::ops::Range<usize>| {
        for offset in 0..old.len().max(new.len()) {
            let at = |start: usize| format!("{path}[{}]", start + offset);
            match (a[old.clone()].get(offset), b[new.clone()].get(offset)) {
                (Some(x), Some(y)) => compare(&at(new.start), x, y, found),
                (Some(x), None) => found.push(Change::new(at(old.start), Some(x.clone()), None)),
                (None, Some(y)) => found.push(Change::new(at(new.start), None, Some(y.clone()))),
                (None, None) => {}
            }
        }
    };
    if a.len().max(b.len()) > LONGEST {
        return pair(0..a.len(), 0..b.len());
    }
    let texts = |list: &[Json]| list.iter().map(Json::to_string).collect::<Vec<_>>();
    for op in capture_diff_slices(Algorithm::Myers, &texts(a), &texts(b)) {
        let (tag, old, new) = op.as_tag_tuple();
        if tag != DiffTag::Equal {
            pair(old, new);
        }
    }
}
