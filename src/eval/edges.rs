//! The graph of builds: who starts from whose AMI. No circles, an AMI is used only in regions where it will be, and of builds that
//! make one.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::Evaluator;
use super::builds::BuildTable;
use super::options::Options;
use super::problem::EvalProblem;
use super::value::{CellRef, Data, Part, Text, Value};
use crate::resolve::fact::FactName;
use crate::text::Span;

/// An edge: a build needs the AMI of another, and where it says so.
pub(super) struct Edge {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) at: Span,
}

impl Evaluator<'_> {
    /// The edges of a build, from all texts in its options.
    pub(super) fn edges_of(&self, build: u32, options: &Options, table: &BuildTable, edges: &mut Vec<Edge>) {
        for (_, frozen) in options.iter().filter(|(_, frozen)| frozen.with_amis) {
            each_ami(&frozen.value, &mut |cell, at| {
                if let Some(to) = table.of(cell) {
                    edges.push(Edge { from: build, to, at });
                }
            });
        }
    }

    /// Reports circles, AMIs that will not be, and AMIs that are used where they will not be.
    pub(super) fn check_edges(&self, edges: &[Edge], table: &BuildTable) {
        for edge in edges {
            if let Some(problem) = self.no_ami(table.builds[edge.to as usize].cell, edge.at) {
                self.touches(&problem.into(), edge.from);
            }
        }
        self.regions(edges, table);
        let mut next: FxHashMap<u32, Vec<&Edge>> = FxHashMap::default();
        for edge in edges {
            next.entry(edge.from).or_default().push(edge);
        }
        let mut done = vec![false; table.builds.len()];
        for edge in edges {
            if let Some(circle) = circle(edge.from, &next, &mut done) {
                let names: Vec<SmolStr> = circle.iter().map(|e| table.builds[e.from as usize].name.clone()).collect();
                self.warn(EvalProblem::Circle { builds: names, at: circle[0].at });
                return;
            }
        }
    }

    /// What is wrong with a value that refers to the AMI of a build that makes none; the first such build.
    pub(super) fn missing_ami(&self, value: &Value) -> Option<EvalProblem> {
        let mut problem = None;
        each_ami(value, &mut |cell, at| {
            if problem.is_none() {
                problem = self.no_ami(cell, at);
            }
        });
        problem
    }

    /// What is wrong with the AMI of a build, where it makes none. A builder that could not be evaluated makes one.
    pub(super) fn no_ami(&self, cell: CellRef, at: Span) -> Option<EvalProblem> {
        let block = self.builder_of(cell)?;
        let declared = &self.program().records[self.program().kinds[block.kind?].record];
        let options = self.options_of(cell)?;
        let option = declared.facts_of(FactName::NoAmi).find(|f| options.meet(f, declared));
        if option.is_none() && declared.role(FactName::Ami).is_some() {
            return None;
        }
        let option = option.and_then(|fact| {
            let (name, _) = declared.fields.get_index(fact.option()?)?;
            options.get(name).map(|frozen| (name.clone(), frozen.value.origin))
        });
        Some(EvalProblem::NoAmi {
            build: self.name_of(cell),
            kind: block.kind_name.name.clone(),
            at,
            builder: block.header,
            option,
            known: declared.prelude,
        })
    }

    fn regions(&self, edges: &[Edge], table: &BuildTable) {
        let mut seen: FxHashMap<(u32, Span, SmolStr), super::problem::Stop> = FxHashMap::default();
        for edge in edges {
            let (child, parent) = (table.builds[edge.from as usize].cell, table.builds[edge.to as usize].cell);
            let Some(region) = self.role(child, FactName::Placed).and_then(|v| v.as_text().cloned()) else { continue };
            let regions = self.regions_of(parent);
            if regions.is_empty() || regions.contains(&region) {
                continue;
            }
            let stop = seen
                .entry((parent.image, edge.at, region.clone()))
                .or_insert_with(|| {
                    let parent = table.builds[edge.to as usize].name.clone();
                    EvalProblem::OtherRegion {
                        parent,
                        region,
                        regions: regions.iter().map(|r| r.to_string()).collect(),
                        at: edge.at,
                    }
                    .into()
                })
                .clone();
            self.touches(&stop, edge.from);
        }
    }
}

/// Follows edges depth first with an explicit stack; the edges of the first circle found.
fn circle<'e>(start: u32, next: &FxHashMap<u32, Vec<&'e Edge>>, done: &mut [bool]) -> Option<Vec<&'e Edge>> {
    let mut path: Vec<(u32, usize)> = vec![(start, 0)];
    let mut taken: Vec<&'e Edge> = Vec::new();
    while let Some((build, position)) = path.last_mut() {
        if done[*build as usize] {
            path.pop();
            taken.pop();
            continue;
        }
        let Some(edge) = next.get(build).and_then(|edges| edges.get(*position)) else {
            done[*build as usize] = true;
            path.pop();
            taken.pop();
            continue;
        };
        *position += 1;
        if let Some(begin) = path.iter().position(|(b, _)| *b == edge.to) {
            taken.push(edge);
            return Some(taken.split_off(begin));
        }
        taken.push(edge);
        path.push((edge.to, 0));
    }
    None
}

/// Whether a value refers to an AMI.
pub(super) fn holds_ami(value: &Value) -> bool {
    let mut found = false;
    each_ami(value, &mut |_, _| found = true);
    found
}

/// Calls `see` with every AMI that a value refers to.
fn each_ami(value: &Value, see: &mut dyn FnMut(CellRef, Span)) {
    match &value.data {
        Data::Text(Text::Parts(parts)) => {
            for part in parts.iter() {
                if let Part::Ami(cell, _) = part {
                    see(*cell, value.origin);
                }
            }
        }
        Data::List(list) => list.iter().for_each(|v| each_ami(v, see)),
        Data::Record(record) => record.values().for_each(|f| each_ami(&f.value, see)),
        _ => {}
    }
}
