//! What the plan says and Packer does not do, collected on the way. It knows the plan and the problems, no form of output.

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use crate::packer::Edge;
use crate::plan::{Builds, Origin, Plan, Step};

use super::problem::{EmitProblem, Lost};
use super::stand_in::is_replaced;

/// The problems found so far, in the order of the plan.
pub(super) struct Losses<'a> {
    plan: &'a Plan,
    /// Builds whose AMIs are there when the plan runs.
    earlier: &'a FxHashSet<SmolStr>,
    /// Whether the text keeps in a comment what Packer does not do.
    kept: bool,
    problems: Vec<EmitProblem>,
    /// Where in `problems` the edges of a place are.
    edges_at: FxHashMap<Origin, usize>,
    /// Places of data with braces that have been reported.
    braces_at: FxHashSet<Origin>,
}

impl<'a> Losses<'a> {
    pub(super) fn new(plan: &'a Plan, earlier: &'a FxHashSet<SmolStr>, kept: bool) -> Self {
        Losses {
            plan,
            earlier,
            kept,
            problems: Vec::new(),
            edges_at: FxHashMap::default(),
            braces_at: FxHashSet::default(),
        }
    }

    pub(super) fn into_all(self) -> Vec<EmitProblem> {
        self.problems
    }

    pub(super) fn push(&mut self, at: Origin, lost: Lost) {
        self.problems.push(EmitProblem { at, lost, kept: self.kept });
    }

    /// Reports data with a `{{` in a place where Packer renders without end, once a place.
    pub(super) fn braces(&mut self, at: Origin, name: &str) {
        if self.braces_at.insert(at) {
            self.push(at, Lost::Braces { name: name.into() });
        }
    }

    /// Reports edges, with others of the same place. Those to an earlier stage are no surprise.
    pub(super) fn edges(&mut self, at: Origin, met: Vec<Edge>) {
        for edge in met {
            if self.earlier.contains(&edge.ami.build) {
                continue;
            }
            let place = match self.edges_at.get(&at) {
                Some(place) => *place,
                None => {
                    self.push(at, Lost::Edges(Vec::new()));
                    self.edges_at.insert(at, self.problems.len() - 1);
                    self.problems.len() - 1
                }
            };
            // Builds that follow each other mostly share their parent.
            if let Lost::Edges(edges) = &mut self.problems[place].lost
                && edges.last() != Some(&edge)
            {
                edges.push(edge);
            }
        }
    }

    /// The cleanup that Packer gets: the first that is for all builds. The others are reported.
    pub(super) fn cleanup(&mut self) -> Option<&'a Step> {
        let plan = self.plan;
        let mut first = None;
        for step in &plan.cleanups {
            let all = match &step.builds {
                Builds::All => true,
                Builds::Only(builds) => builds.len() == plan.builds.len(),
            };
            let lost = match first {
                _ if !all => Lost::PartialCleanup,
                Some(_) => Lost::SecondCleanup,
                None => {
                    first = Some(step);
                    continue;
                }
            };
            self.push(step.origin, lost);
        }
        first
    }

    /// Reports the steps for which others stand.
    pub(super) fn stand_ins(&mut self, plan: &Plan) {
        for step in plan.provisioners.iter().chain(&plan.cleanups).filter(|step| is_replaced(step)) {
            self.push(step.origin, Lost::StandIn { kind: step.kind.clone() });
        }
    }

    /// Reports what Packer has no place for at all.
    pub(super) fn unsaid(&mut self) {
        let plan = self.plan;
        for test in &plan.tests {
            let name = test.label.clone().unwrap_or_else(|| test.kind.clone());
            self.push(test.origin, Lost::Test { name });
        }
        for output in &plan.outputs {
            self.push(output.origin, Lost::Output { file: output.file.clone() });
        }
        for retain in &plan.retain {
            let at = plan.builds.iter().find(|b| b.image == retain.image).map(|b| b.origin);
            let image = plan.images.get(retain.image as usize).map(|i| i.name.clone());
            if let (Some(at), Some(image)) = (at, image) {
                self.push(at, Lost::Retain { image });
            }
        }
    }
}
