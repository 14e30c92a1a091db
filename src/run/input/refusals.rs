//! Problems of many builds, told once each: what several builds have in common is one problem with their names.
//!
//! Neighbours: `mod` collects here.

use std::sync::Arc;

use crate::run::problem::Problem;
use crate::text::words;

/// So many builds are named; more are counted.
const NAMED: usize = 3;

/// Problems and the builds that have them, in the order in which they were found.
#[derive(Default)]
pub(super) struct Refusals(Vec<(Problem, Vec<Arc<str>>)>);

impl Refusals {
    /// Problems of the whole plan.
    pub(super) fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        for problem in problems {
            self.add(problem, None);
        }
    }

    /// Problems of a build.
    pub(super) fn of_build(&mut self, name: &Arc<str>, problems: Vec<Problem>) {
        for problem in problems {
            self.add(problem, Some(name));
        }
    }

    fn add(&mut self, problem: Problem, build: Option<&Arc<str>>) {
        let same = |(known, _): &&mut (Problem, Vec<Arc<str>>)| {
            (&known.code, &known.message, &known.help) == (&problem.code, &problem.message, &problem.help)
        };
        let at = match self.0.iter_mut().find(same) {
            Some((_, builds)) => builds,
            None => {
                self.0.push((problem, Vec::new()));
                match self.0.last_mut() {
                    Some((_, builds)) => builds,
                    None => return,
                }
            }
        };
        if let Some(build) = build.filter(|b| !at.contains(b)) {
            at.push(build.clone());
        }
    }

    /// All of them; where the plan has several builds they say in which.
    pub(super) fn finish(self, all: usize) -> Vec<Problem> {
        let told = |(problem, builds): (Problem, Vec<Arc<str>>)| {
            if all < 2 || builds.is_empty() {
                return problem;
            }
            let names: Vec<String> = builds.iter().take(NAMED).map(|b| format!("`{b}`")).collect();
            let which = match builds.len() - names.len() {
                0 => format!("in {}", words::list(&names, "and")),
                more => format!("in {}: {} and {more} more", words::count(builds.len(), "build"), names.join(", ")),
            };
            Problem { message: format!("{} ({which})", problem.message), ..problem }
        };
        self.0.into_iter().map(told).collect()
    }
}
