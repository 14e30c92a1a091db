//! Some builds of a plan: `--only` and `--except`.
//!
//! An argument holds patterns with commas between them, any of which may match. A pattern is one term or several with `+`
//! between them, all of which must match: `region=us-*+virt=hvm`. A term is a glob on the build's name, or on the value of an
//! axis; `image` and `kind` are axes of every image that has none of that name.

pub mod documents;
mod pattern;
mod problem;
mod unmatched;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::plan::{Builds, Plan, Step};

pub use problem::{Mistake, SelectProblem};

/// The plan with those builds that a pattern of `only` matches (all where there is none) and none of `except` does.
///
/// What no build is left for goes too; variables and outputs stay.
///
/// # Errors
/// A pattern that matches no build of the plan, or that is none.
pub fn select(plan: Plan, only: &[String], except: &[String]) -> Result<Plan, Box<SelectProblem>> {
    if only.is_empty() && except.is_empty() {
        return Ok(plan);
    }
    let mut kept = if only.is_empty() { vec![true; plan.builds.len()] } else { matches(&plan, "--only", only)? };
    if !except.is_empty() {
        for (kept, out) in kept.iter_mut().zip(matches(&plan, "--except", except)?) {
            *kept &= !out;
        }
    }
    if !kept.contains(&true) && !plan.builds.is_empty() {
        // Each pattern matches something, so it is an `--except` that took the last build away.
        let text = except.last().or(only.last()).cloned().unwrap_or_default();
        let argument = except.len().saturating_sub(1);
        let range = 0..text.len();
        let mistake = Mistake::NothingLeft;
        return Err(Box::new(SelectProblem { option: "--except", argument, text, range, mistake }));
    }
    Ok(reduced(plan, &kept))
}

/// Which builds the arguments of an option match.
fn matches(plan: &Plan, option: &'static str, arguments: &[String]) -> Result<Vec<bool>, Box<SelectProblem>> {
    let mut matched = vec![false; plan.builds.len()];
    let mut names: Option<FxHashMap<&str, Vec<usize>>> = None;
    for (argument, text) in arguments.iter().enumerate() {
        let fail = |(range, mistake)| Box::new(SelectProblem { option, argument, text: text.clone(), range, mistake });
        for pattern in pattern::parse(text).map_err(fail)? {
            // A list of names may be as long as the plan.
            let mut hit = false;
            if let Some(name) = pattern.plain_name() {
                let names = names.get_or_insert_with(|| by_name(plan));
                for build in names.get(name).into_iter().flatten() {
                    matched[*build] = true;
                    hit = true;
                }
            } else {
                let bound = pattern.bind(plan);
                for (build, matched) in plan.builds.iter().zip(&mut matched) {
                    if bound.matches(plan, build) {
                        *matched = true;
                        hit = true;
                    }
                }
            }
            if !hit {
                return Err(fail(unmatched::why_unmatched(plan, &pattern)));
            }
        }
    }
    Ok(matched)
}

/// Builds by name. Of two plans that are compared each may have one.
fn by_name(plan: &Plan) -> FxHashMap<&str, Vec<usize>> {
    let mut names: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (index, build) in plan.builds.iter().enumerate() {
        names.entry(&build.name).or_default().push(index);
    }
    names
}

/// The plan with the builds that are kept. Indices are told anew, and what is left for no build goes.
pub(super) fn reduced(mut plan: Plan, kept: &[bool]) -> Plan {
    let mut next = 0;
    let renumbered: Vec<Option<u32>> = kept
        .iter()
        .map(|kept| {
            kept.then(|| {
                next += 1;
                next - 1
            })
        })
        .collect();
    let mut position = 0;
    plan.builds.retain(|_| {
        position += 1;
        kept[position - 1]
    });
    let reduce = |builds: &mut Builds| match builds {
        Builds::All => true,
        Builds::Only(list) => {
            *list = list.iter().filter_map(|b| renumbered.get(*b as usize).copied().flatten()).collect();
            !list.is_empty()
        }
    };
    let steps = |steps: &mut Vec<Step>| steps.retain_mut(|step| reduce(&mut step.builds));
    steps(&mut plan.provisioners);
    steps(&mut plan.cleanups);
    steps(&mut plan.tests);
    plan.posts.retain_mut(|chain| {
        // All links of a chain are for the same builds, so they go together.
        chain.links.retain_mut(|link| reduce(&mut link.builds));
        !chain.links.is_empty()
    });
    let images: FxHashSet<u32> = plan.builds.iter().map(|b| b.image).collect();
    plan.retain.retain(|r| images.contains(&r.image));
    plan
}

#[cfg(test)]
mod tests;
