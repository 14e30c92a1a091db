//! Why a pattern matches no build: what was meant instead. It knows builds and axes, not the words for them.

use std::ops::Range;

use super::pattern::{Pattern, value};
use super::problem::Mistake;
use crate::plan::Plan;
use crate::text::suggest::nearest;

/// Why a pattern matches no build.
pub(super) fn why_unmatched(plan: &Plan, pattern: &Pattern) -> (Range<usize>, Mistake) {
    for term in &pattern.terms {
        let Some(axis) = &term.axis else { continue };
        if !matches!(axis.as_str(), "image" | "kind") && !plan.images.iter().any(|i| i.axes.iter().any(|a| a == axis)) {
            let mut axes: Vec<String> = Vec::new();
            for name in plan.images.iter().flat_map(|i| &i.axes).map(|a| a.as_str()).chain(["image", "kind"]) {
                if !axes.iter().any(|a| a == name) {
                    axes.push(name.to_owned());
                }
            }
            let near = nearest(axis, axes.iter().map(String::as_str)).map(str::to_owned);
            let range = term.range.start..term.range.start + axis.len();
            return (range, Mistake::UnknownAxis { axis: axis.clone(), near, axes });
        }
    }
    let Some(term) = pattern.terms.iter().find(|t| !t.matches_any(plan)) else {
        return (pattern.range.clone(), Mistake::NoCombination);
    };
    let wanted = term.wanted.clone();
    let mistake = match &term.axis {
        Some(axis) => {
            let values: Vec<String> = values(plan, axis);
            let near = nearest(&wanted, values.iter().map(String::as_str)).map(str::to_owned);
            Mistake::NoValue { axis: axis.clone(), wanted, near }
        }
        None => {
            let near = nearest(&wanted, plan.builds.iter().map(|b| b.name.as_str())).map(str::to_owned);
            let axes = plan.images.iter().flat_map(|i| &i.axes);
            let axis = axes.map(|a| a.as_str()).find(|a| values(plan, a).contains(&wanted)).map(str::to_owned);
            Mistake::NoName { wanted, near, axis }
        }
    };
    (term.range.clone(), mistake)
}

/// The values of an axis in all images, each once.
fn values(plan: &Plan, axis: &str) -> Vec<String> {
    let positions: Vec<Option<usize>> = plan.images.iter().map(|i| i.axes.iter().position(|a| a == axis)).collect();
    let mut seen = rustc_hash::FxHashSet::default();
    let mut values = Vec::new();
    for build in &plan.builds {
        let image = build.image as usize;
        let found = match (positions.get(image).copied().flatten(), axis) {
            (Some(position), _) => build.axes.get(position).map(|v| value(v).into_owned()),
            (None, "image") => plan.images.get(image).map(|i| i.name.to_string()),
            (None, "kind") => Some(build.kind.to_string()),
            (None, _) => None,
        };
        values.extend(found.filter(|v| seen.insert(v.clone())));
    }
    values
}
