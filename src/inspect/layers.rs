//! Layers: Packer knows no order between builds, so a plan in which builds start from AMIs of others runs in stages.
//!
//! Stage 1 holds the builds that need no other, each further stage those that need only earlier ones. Stages are those of the
//! whole plan, whatever is selected of it: the number of a build's stage stays the same under `--only`.

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use std::sync::Arc;

use crate::packer::Edge;
use crate::plan::{Ami, Builds, Chain, Part, Plan, Setting, Step, Text, Value, VariableDefault};
use crate::template;

use super::select::reduced;

/// The stages of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layers {
    /// The stage of each build by its name, from 1.
    stages: FxHashMap<SmolStr, u32>,
    count: u32,
    /// The AMIs that other builds need, each once, in the order of the plan.
    needed: Vec<Ami>,
}

impl Layers {
    /// The stages of a whole plan.
    pub fn of(plan: &Plan) -> Layers {
        let numbers: FxHashMap<&str, u32> =
            plan.builds.iter().enumerate().map(|(number, b)| (b.name.as_str(), number as u32)).collect();
        let mut graph = Graph { parents: vec![Vec::new(); plan.builds.len()], needed: Vec::new() };
        let mut seen = FxHashSet::default();
        for (number, build) in plan.builds.iter().enumerate() {
            each_ami(&build.options, &mut |ami| graph.add(number as u32, ami, &numbers, &mut seen));
        }
        let by_builders = graph.parents.clone();
        for step in plan.steps() {
            each_ami(&step.options, &mut |ami| {
                each_build(&step.builds, plan, &mut |build| graph.add(build, ami, &numbers, &mut seen));
            });
        }
        // A step may speak of the very AMI that it helps to make; then it decides no order.
        let stages = levels(&graph.parents).or_else(|| levels(&by_builders)).unwrap_or_default();
        Layers {
            count: stages.iter().copied().max().unwrap_or(1),
            stages: plan.builds.iter().map(|b| b.name.clone()).zip(stages).collect(),
            needed: graph.needed,
        }
    }

    /// How many stages there are, at least one.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The stage of a build.
    pub fn stage_of(&self, build: &str) -> u32 {
        self.stages.get(build).copied().unwrap_or(1)
    }

    /// The builds of stages before this one.
    pub fn before(&self, stage: u32) -> FxHashSet<SmolStr> {
        self.stages.iter().filter(|(_, s)| **s < stage).map(|(name, _)| name.clone()).collect()
    }

    /// What a plan, whole or selected, has in a stage: its builds, with the steps, variables and outputs that belong to them.
    ///
    /// What makes an AMI that a later stage needs ends with a `manifest` in a file of this name; it tells, for each variable of
    /// `edges` that stands for such an AMI, in which region the AMI is.
    pub fn stage(&self, plan: &Plan, stage: u32, edges: &[Edge], manifest: &str) -> Plan {
        let kept: Vec<bool> = plan.builds.iter().map(|b| self.stage_of(&b.name) == stage).collect();
        let mut part = reduced(plan.clone(), &kept);
        part.outputs.retain(|output| {
            let mut last = None;
            output.value.each_ami(&mut |ami| last = last.max(Some(self.stage_of(&ami.build))));
            last.unwrap_or(self.count) == stage
        });
        self.hand_over(&mut part, stage, edges, manifest);
        keep_variables(&mut part);
        part
    }

    fn hand_over(&self, part: &mut Plan, stage: u32, edges: &[Edge], manifest: &str) {
        if stage >= self.count {
            return;
        }
        for (number, build) in part.builds.iter().enumerate() {
            let needed = |edge: &&Edge| edge.ami.build == build.name && self.needed.contains(&edge.ami);
            let regions: Vec<(SmolStr, Value)> = edges
                .iter()
                .filter(needed)
                .map(|edge| {
                    let region = edge.ami.region.clone().map(|r| Value::Text(Text::Plain(r)));
                    let own = || build.option("region").cloned().unwrap_or(Value::Text(Text::Plain("".into())));
                    (edge.variable.clone(), region.unwrap_or_else(own))
                })
                .collect();
            if regions.is_empty() {
                continue;
            }
            let option = |name: &str, value| (name.into(), Arc::new(Setting { value, origin: build.origin }));
            let output = Value::Text(Text::Plain(manifest.into()));
            part.posts.push(Chain {
                links: vec![Step {
                    kind: "manifest".into(),
                    label: None,
                    builds: Builds::Only(vec![number as u32]),
                    options: vec![option("output", output), option("custom_data", Value::Record(regions))],
                    origin: build.origin,
                }],
            });
        }
    }
}

struct Graph {
    parents: Vec<Vec<u32>>,
    needed: Vec<Ami>,
}

impl Graph {
    fn add(&mut self, build: u32, ami: &Ami, numbers: &FxHashMap<&str, u32>, seen: &mut FxHashSet<Ami>) {
        let Some(parent) = numbers.get(ami.build.as_str()) else { return };
        if *parent == build {
            return;
        }
        if seen.insert(ami.clone()) {
            self.needed.push(ami.clone());
        }
        if let Some(parents) = self.parents.get_mut(build as usize)
            && parents.last() != Some(parent)
        {
            parents.push(*parent);
        }
    }
}

/// For each build one more than the highest of its parents; `None` where they go in a circle.
fn levels(parents: &[Vec<u32>]) -> Option<Vec<u32>> {
    let mut levels = vec![1; parents.len()];
    let mut children: Vec<Vec<u32>> = vec![Vec::new(); parents.len()];
    let mut waiting: Vec<usize> = parents.iter().map(Vec::len).collect();
    for (build, parents) in parents.iter().enumerate() {
        for parent in parents {
            children[*parent as usize].push(build as u32);
        }
    }
    let mut ready: Vec<usize> = (0..parents.len()).filter(|b| waiting[*b] == 0).collect();
    let mut done = 0;
    while let Some(build) = ready.pop() {
        done += 1;
        for child in std::mem::take(&mut children[build]) {
            let child = child as usize;
            levels[child] = levels[child].max(levels[build] + 1);
            waiting[child] -= 1;
            if waiting[child] == 0 {
                ready.push(child);
            }
        }
    }
    (done == parents.len()).then_some(levels)
}

fn each_build(builds: &Builds, plan: &Plan, see: &mut dyn FnMut(u32)) {
    match builds {
        Builds::All => (0..plan.builds.len() as u32).for_each(see),
        Builds::Only(list) => list.iter().copied().for_each(see),
    }
}

fn each_ami(options: &[(SmolStr, Arc<Setting>)], see: &mut dyn FnMut(&Ami)) {
    for (_, setting) in options {
        setting.value.each_ami(see);
    }
}

/// Keeps the variables that something in the plan needs, and those that their defaults need.
fn keep_variables(plan: &mut Plan) {
    let mut needed: FxHashSet<SmolStr> = FxHashSet::default();
    let mut note = |text: &Text| names_in(text, &mut needed);
    for build in &plan.builds {
        build.options.iter().for_each(|(_, s)| s.value.each_text(&mut note));
    }
    for step in plan.steps() {
        step.options.iter().for_each(|(_, s)| s.value.each_text(&mut note));
    }
    plan.outputs.iter().for_each(|o| o.value.each_text(&mut note));
    plan.retain.iter().flat_map(|r| &r.options).for_each(|(_, v)| v.each_text(&mut note));
    loop {
        let before = needed.len();
        for variable in &plan.variables {
            if let VariableDefault::Text(text) = &variable.default
                && needed.contains(&variable.name)
            {
                names_in(text, &mut needed);
            }
        }
        if needed.len() == before {
            break;
        }
    }
    plan.variables.retain(|v| needed.contains(&v.name));
}

/// The variables that a text names, also in actions.
fn names_in(text: &Text, names: &mut FxHashSet<SmolStr>) {
    let Text::Parts(parts) = text else { return };
    for part in parts.iter() {
        match part {
            Part::Variable(name) => {
                names.insert(name.clone());
            }
            Part::Action(source) => {
                for piece in &template::parse(source).pieces {
                    if let template::Piece::Action { action, .. } = piece {
                        names.extend(template::user_variables(action).into_iter().map(SmolStr::from));
                    }
                }
            }
            Part::Chars(_) | Part::Ami(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_one_above_the_highest_parent() {
        let diamond = vec![vec![], vec![0], vec![0], vec![1, 2], vec![0, 3]];
        assert_eq!(levels(&diamond), Some(vec![1, 2, 2, 3, 4]));
        assert_eq!(levels(&[vec![1], vec![0]]), None);
        assert_eq!(levels(&[]), Some(vec![]));
    }
}
