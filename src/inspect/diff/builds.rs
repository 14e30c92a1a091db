//! Builds of two plans, paired by name. One whose name alone has changed is told as renamed.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::value::{Change, option_changes, same};
use crate::packer::Document;
use crate::packer::document::Build;

/// Differences between builds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Builds {
    /// How many the first plan has.
    pub before: usize,
    /// How many the second has.
    pub after: usize,
    /// Those that only the second has.
    pub added: Vec<Named>,
    /// Those that only the first has.
    pub removed: Vec<Named>,
    /// Those that have another name only, or stand at the same axes under another.
    pub renamed: Vec<Renamed>,
    /// Those that differ in more than their name.
    pub changed: Vec<BuildChange>,
}

/// A build.
#[derive(Clone, Debug, Serialize)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Values of its axes, where they are known.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub axes: Map<String, Json>,
}

/// A build under two names.
#[derive(Clone, Debug, Serialize)]
pub struct Renamed {
    /// In the first plan.
    pub before: String,
    /// In the second.
    pub after: String,
}

/// A build that differs.
#[derive(Clone, Debug, Serialize)]
pub struct BuildChange {
    /// Its name in the second plan.
    pub name: String,
    /// Where it differs.
    pub changes: Vec<Change>,
}

impl Builds {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.renamed.is_empty() && self.changed.is_empty()
    }
}

/// Which names of the first plan stand for which of the second.
pub(super) struct Pairs<'d> {
    after: FxHashMap<&'d str, &'d str>,
    /// Builds of both, by their name in the second.
    pub(super) common: Vec<&'d str>,
}

impl<'d> Pairs<'d> {
    pub(super) fn new(before: &'d Document, after: &'d Document, renamed: &'d [Renamed]) -> Self {
        let new: FxHashMap<&str, ()> = after.builds.iter().map(|b| (b.name.as_str(), ())).collect();
        let mut pairs: FxHashMap<&str, &str> = before
            .builds
            .iter()
            .filter(|b| new.contains_key(b.name.as_str()))
            .map(|b| (b.name.as_str(), b.name.as_str()))
            .collect();
        pairs.extend(renamed.iter().map(|r| (r.before.as_str(), r.after.as_str())));
        let known: FxHashMap<&str, ()> = pairs.values().map(|name| (*name, ())).collect();
        let common = after.builds.iter().map(|b| b.name.as_str()).filter(|n| known.contains_key(n)).collect();
        Pairs { after: pairs, common }
    }

    /// The name in the second plan.
    pub(super) fn after(&self, before: &str) -> Option<&'d str> {
        self.after.get(before).copied()
    }
}

pub(super) fn builds(before: &Document, after: &Document) -> Builds {
    let new: FxHashMap<&str, &Build> = after.builds.iter().map(|b| (b.name.as_str(), b)).collect();
    let old: FxHashMap<&str, &Build> = before.builds.iter().map(|b| (b.name.as_str(), b)).collect();
    let mut gone: Vec<&Build> = before.builds.iter().filter(|b| !new.contains_key(b.name.as_str())).collect();
    let mut come: Vec<&Build> = after.builds.iter().filter(|b| !old.contains_key(b.name.as_str())).collect();
    let mut pairs: Vec<(&Build, &Build)> = Vec::new();
    // First those that are equal, then those that stand at the same place of the same matrix.
    take_pairs(
        &mut gone,
        &mut come,
        &mut pairs,
        |b| Some(options_hash(b)),
        |a, b| a.kind == b.kind && (a.axes == b.axes || a.axes.is_empty() || b.axes.is_empty()) && equal_options(a, b),
    );
    take_pairs(&mut gone, &mut come, &mut pairs, axes_hash, |a, b| {
        a.kind == b.kind && a.image == b.image && a.axes == b.axes
    });
    let order: FxHashMap<&str, usize> = after.builds.iter().enumerate().map(|(i, b)| (b.name.as_str(), i)).collect();
    pairs.sort_by_key(|(_, new)| order.get(new.name.as_str()).copied());
    let renamed: Vec<Renamed> =
        pairs.iter().map(|(a, b)| Renamed { before: a.name.clone(), after: b.name.clone() }).collect();
    let partner: FxHashMap<&str, &Build> = pairs.iter().map(|(a, b)| (b.name.as_str(), *a)).collect();
    let mut changed = Vec::new();
    for build in &after.builds {
        let former = old.get(build.name.as_str()).or_else(|| partner.get(build.name.as_str()));
        let Some(former) = former else { continue };
        let changes = build_changes(former, build);
        if !changes.is_empty() {
            changed.push(BuildChange { name: build.name.clone(), changes });
        }
    }
    Builds {
        before: before.builds.len(),
        after: after.builds.len(),
        added: come.into_iter().map(named).collect(),
        removed: gone.into_iter().map(named).collect(),
        renamed,
        changed,
    }
}

fn named(build: &Build) -> Named {
    let axes = build.axes.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    Named { name: build.name.clone(), kind: build.kind.clone(), axes }
}

/// Pairs what has one partner only on either side.
fn take_pairs<'d>(
    gone: &mut Vec<&'d Build>,
    come: &mut Vec<&'d Build>,
    pairs: &mut Vec<(&'d Build, &'d Build)>,
    key: impl Fn(&Build) -> Option<u64>,
    fit: impl Fn(&Build, &Build) -> bool,
) {
    let mut by_key: FxHashMap<u64, Vec<&'d Build>> = FxHashMap::default();
    for build in come.iter() {
        if let Some(key) = key(build) {
            by_key.entry(key).or_default().push(build);
        }
    }
    let mut taken: FxHashMap<&str, ()> = FxHashMap::default();
    gone.retain(|old| {
        let candidates = key(old).and_then(|key| by_key.get_mut(&key));
        let Some(candidates) = candidates else { return true };
        let Some(position) = candidates.iter().position(|new| fit(old, new)) else { return true };
        let new = candidates.remove(position);
        taken.insert(new.name.as_str(), ());
        pairs.push((old, new));
        false
    });
    come.retain(|build| !taken.contains_key(build.name.as_str()));
}

fn equal_options(a: &Build, b: &Build) -> bool {
    a.options.len() == b.options.len()
        && a.options.iter().all(|(name, a)| b.options.iter().any(|(other, b)| name == other && same(a, b)))
}

/// Equal for builds with equal options, whatever their order.
fn options_hash(build: &Build) -> u64 {
    let options = build.options.iter().map(|(name, value)| (name.as_str(), value));
    record_hash(options) ^ hash(&build.kind)
}

fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

fn record_hash<'j>(entries: impl Iterator<Item = (&'j str, &'j Json)>) -> u64 {
    entries.map(|(name, value)| hash(&(name, value_hash(value)))).fold(1, u64::wrapping_add)
}

/// Equal for values that Packer reads as the same.
fn value_hash(value: &Json) -> u64 {
    let number = |number: f64| hash(&(number + 0.0).to_bits());
    match value {
        Json::Null => 0,
        Json::Bool(bool) => hash(&bool.to_string()),
        Json::Number(n) => n.as_f64().map_or(0, number),
        Json::String(text) => text.parse().map_or_else(|_| hash(text), number),
        Json::Array(list) => hash(&list.iter().map(value_hash).collect::<Vec<_>>()),
        Json::Object(map) => record_hash(map.iter().map(|(name, value)| (name.as_str(), value))),
    }
}

fn axes_hash(build: &Build) -> Option<u64> {
    if build.axes.is_empty() {
        return None;
    }
    let mut hasher = FxHasher::default();
    (&build.kind, &build.image, &build.axes).hash(&mut hasher);
    Some(hasher.finish())
}

fn build_changes(before: &Build, after: &Build) -> Vec<Change> {
    let mut changes = Vec::new();
    let text = |text: &str| Some(Json::from(text));
    if before.kind != after.kind {
        changes.push(Change::new("type", text(&before.kind), text(&after.kind)));
    }
    // A plan without the comment does not know images and axes.
    if let (Some(a), Some(b)) = (&before.image, &after.image) {
        if a != b {
            changes.push(Change::new("image", text(a), text(b)));
        }
        let axes = |build: &Build| {
            build.axes.iter().map(|(name, value)| (format!("axes.{name}"), json!(value))).collect::<Vec<_>>()
        };
        changes.extend(option_changes(&axes(before), &axes(after)));
    }
    changes.extend(option_changes(&before.options, &after.options));
    changes
}
