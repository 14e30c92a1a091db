//! Steps of two plans, paired by what they are: equal ones first, then those of one kind and label, then those of one kind that
//! have most in common. What stands in another order is told as moved.

use rustc_hash::FxHashSet;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::builds::Pairs;
use super::value::{Change, option_changes, same};
use crate::packer::document::Step;

/// More steps without a partner than these are paired by their order.
const MOST: usize = 500;

/// Differences between steps.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Steps {
    /// Those that only the second plan has.
    pub added: Vec<StepName>,
    /// Those that only the first has.
    pub removed: Vec<StepName>,
    /// Those that stand before or behind others than they did.
    pub moved: Vec<Moved>,
    /// Those that differ.
    pub changed: Vec<StepChange>,
}

/// A step.
#[derive(Clone, Debug, Serialize)]
pub struct StepName {
    /// Where it stands, from 1.
    pub position: usize,
    /// Its kind; of a chain, the kinds of its links.
    pub kind: String,
    /// Its label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// For which builds, where not for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub builds: Option<Vec<String>>,
    /// Its options.
    pub options: Map<String, Json>,
}

/// A step that stands elsewhere.
#[derive(Clone, Debug, Serialize)]
pub struct Moved {
    /// Where it stood, from 1.
    pub before: usize,
    /// Where it stands.
    pub after: usize,
    /// Its kind.
    pub kind: String,
    /// Its label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// A step that differs.
#[derive(Clone, Debug, Serialize)]
pub struct StepChange {
    /// Where it stood, from 1.
    pub before: usize,
    /// Where it stands.
    pub after: usize,
    /// Its kind.
    pub kind: String,
    /// Its label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Where it differs. The path `builds` is for which builds it runs.
    pub changes: Vec<Change>,
}

impl Steps {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.moved.is_empty() && self.changed.is_empty()
    }
}

/// Chains as steps: the links' options under their kinds.
pub(super) fn chains(chains: &[Vec<Step>]) -> Vec<Step> {
    let one = |links: &Vec<Step>| {
        let first = links.first()?;
        if links.len() == 1 {
            return Some(first.clone());
        }
        let link = |(index, link): (usize, &Step)| {
            let again = links[..index].iter().filter(|l| l.kind == link.kind).count();
            let name = if again > 0 { format!("{} {}", link.kind, again + 1) } else { link.kind.clone() };
            (name, Json::Object(link.options.iter().cloned().collect()))
        };
        Some(Step {
            kind: links.iter().map(|l| l.kind.as_str()).collect::<Vec<_>>().join(" then "),
            options: links.iter().enumerate().map(link).collect(),
            ..first.clone()
        })
    };
    chains.iter().filter_map(one).collect()
}

pub(super) fn steps(before: &[Step], after: &[Step], pairs: &Pairs<'_>) -> Steps {
    let old: Vec<Side<'_>> = before.iter().map(|step| Side::new(step, |name| pairs.after(name), pairs)).collect();
    let known: FxHashSet<&str> = pairs.common.iter().copied().collect();
    let new: Vec<Side<'_>> = after.iter().map(|step| Side::new(step, |name| known.get(name).copied(), pairs)).collect();
    let matched = matched(&old, &new);
    let mut steps = Steps::default();
    let name = |side: &Side<'_>, index: usize| StepName {
        position: index + 1,
        kind: side.step.kind.clone(),
        label: side.step.label.clone(),
        builds: side.step.builds.clone(),
        options: side.step.options.iter().cloned().collect(),
    };
    let (mut left, mut right) = (vec![false; old.len()], vec![false; new.len()]);
    for &(a, b) in &matched {
        (left[a], right[b]) = (true, true);
        let changes = old[a].changes(&new[b]);
        if !changes.is_empty() {
            let step = new[b].step;
            let (before, after) = (a + 1, b + 1);
            steps.changed.push(StepChange {
                before,
                after,
                kind: step.kind.clone(),
                label: step.label.clone(),
                changes,
            });
        }
    }
    for (a, b) in moved(&matched) {
        let step = new[b].step;
        steps.moved.push(Moved { before: a + 1, after: b + 1, kind: step.kind.clone(), label: step.label.clone() });
    }
    steps.removed = (0..old.len()).filter(|i| !left[*i]).map(|i| name(&old[i], i)).collect();
    steps.added = (0..new.len()).filter(|i| !right[*i]).map(|i| name(&new[i], i)).collect();
    steps.changed.sort_by_key(|change| change.after);
    steps
}

/// A step as it is compared.
struct Side<'d> {
    step: &'d Step,
    /// Builds that both plans have, by their name in the second; none for all.
    builds: Option<Vec<&'d str>>,
    /// Equal for equal steps.
    key: String,
}

impl<'d> Side<'d> {
    fn new(step: &'d Step, name: impl Fn(&str) -> Option<&'d str>, pairs: &Pairs<'_>) -> Self {
        let mut builds = step.builds.as_ref().map(|b| b.iter().filter_map(|n| name(n)).collect::<Vec<_>>());
        if let Some(names) = &mut builds {
            names.sort_unstable();
        }
        let builds = builds.filter(|b| b.len() < pairs.common.len());
        let mut options: Vec<String> = step.options.iter().map(|(k, v)| format!("{k}={v}")).collect();
        options.sort_unstable();
        let key = format!("{} {:?} {builds:?} {options:?}", step.kind, step.label);
        Side { step, builds, key }
    }

    fn changes(&self, new: &Side<'_>) -> Vec<Change> {
        let mut changes = option_changes(&self.step.options, &new.step.options);
        if self.step.label != new.step.label && !(self.step.label.is_none() || new.step.label.is_none()) {
            let text = |label: &Option<String>| label.as_deref().map(Json::from);
            changes.push(Change::new("label", text(&self.step.label), text(&new.step.label)));
        }
        if self.builds != new.builds {
            let list = |b: &Option<Vec<&str>>| b.as_ref().map_or(Json::from("all"), |b| b.iter().copied().collect());
            changes.push(Change::new("builds", Some(list(&self.builds)), Some(list(&new.builds))));
        }
        changes
    }

    /// How much two steps of one kind have in common; nothing where they are two things.
    fn likeness(&self, new: &Side<'_>) -> Option<usize> {
        let (a, b) = (&self.step.options, &new.step.options);
        let shared = a.iter().filter_map(|(name, old)| Some((old, &b.iter().find(|(other, _)| other == name)?.1)));
        let (mut equal, mut names) = (0, 0);
        for (old, new) in shared {
            names += 1;
            equal += usize::from(same(old, new));
        }
        let all = names == a.len() && names == b.len();
        (equal > 0 || all).then_some(equal * 4 + names * 2 + usize::from(self.builds == new.builds))
    }
}

/// Which step of the first plan is which of the second, in the order of the first.
fn matched(old: &[Side<'_>], new: &[Side<'_>]) -> Vec<(usize, usize)> {
    let keys = |sides: &[Side<'_>]| sides.iter().map(|s| s.key.clone()).collect::<Vec<_>>();
    let mut pairs = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &keys(old), &keys(new)) {
        let (tag, a, b) = op.as_tag_tuple();
        if tag == DiffTag::Equal {
            pairs.extend(a.zip(b));
        }
    }
    let mut rest = Rest::new(old.len(), new.len(), &pairs);
    rest.pair(&mut pairs, |a, b| (old[a].key == new[b].key).then_some(0));
    rest.pair(&mut pairs, |a, b| {
        let (a, b) = (old[a].step, new[b].step);
        (a.label.is_some() && a.kind == b.kind && a.label == b.label).then_some(0)
    });
    if rest.old.len().max(rest.new.len()) <= MOST {
        rest.pair(&mut pairs, |a, b| {
            let (a, b) = (&old[a], &new[b]);
            let labels = a.step.label.is_some() && b.step.label.is_some();
            if a.step.kind != b.step.kind || labels { None } else { a.likeness(b) }
        });
    } else {
        rest.pair(&mut pairs, |a, b| (a == b && old[a].step.kind == new[b].step.kind).then_some(0));
    }
    pairs.sort_unstable();
    pairs
}

/// Steps without a partner.
struct Rest {
    old: Vec<usize>,
    new: Vec<usize>,
}

impl Rest {
    fn new(old: usize, new: usize, pairs: &[(usize, usize)]) -> Self {
        let (a, b): (FxHashSet<usize>, FxHashSet<usize>) = pairs.iter().copied().unzip();
        Rest { old: (0..old).filter(|i| !a.contains(i)).collect(), new: (0..new).filter(|i| !b.contains(i)).collect() }
    }

    /// Pairs those with the best score first; among equal scores those that stand nearest to each other.
    fn pair(&mut self, pairs: &mut Vec<(usize, usize)>, score: impl Fn(usize, usize) -> Option<usize>) {
        let mut candidates = Vec::new();
        for &a in &self.old {
            candidates.extend(self.new.iter().filter_map(|&b| Some((score(a, b)?, a, b))));
        }
        candidates.sort_by_key(|(score, a, b)| (std::cmp::Reverse(*score), a.abs_diff(*b), *a, *b));
        for (_, a, b) in candidates {
            if let (Some(x), Some(y)) = (self.old.iter().position(|i| *i == a), self.new.iter().position(|i| *i == b)) {
                self.old.remove(x);
                self.new.remove(y);
                pairs.push((a, b));
            }
        }
    }
}

/// The fewest pairs that must have moved: those outside the longest run that kept its order.
fn moved(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // The last pair of the best run of each length, and for each pair the one before it in its run.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (index, (_, b)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < *b);
        previous.push(length.checked_sub(1).map(|l| ends[l]));
        match ends.get_mut(length) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let mut kept = vec![false; pairs.len()];
    let mut next = ends.last().copied();
    while let Some(index) = next {
        kept[index] = true;
        next = previous[index];
    }
    pairs.iter().zip(kept).filter(|(_, kept)| !kept).map(|(pair, _)| *pair).collect()
}
