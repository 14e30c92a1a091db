//! Nothing is made of itself: params, lets, functions and groups that need each other in a circle are refused, so every program ends.

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use super::Lowerer;
use super::problem::ResolveProblem;
use crate::text::Span;

/// Something that is made of other things.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Node {
    Param(usize),
    Let(usize),
    Function(usize),
    Group(usize),
}

/// Who needs whom, and where it says so.
#[derive(Default)]
pub(super) struct References {
    edges: FxHashMap<Node, Vec<(Node, Span)>>,
}

impl Lowerer<'_> {
    /// Notes that what is being lowered needs `target`.
    pub(super) fn refer(&mut self, target: Node, at: Span) {
        if let Some(owner) = self.owner {
            self.references.edges.entry(owner).or_default().push((target, at));
        }
    }

    /// Reports each circle once and cuts it, so that later phases may follow references blindly.
    pub(super) fn report_recursion(&mut self) {
        let mut nodes: Vec<Node> = self.references.edges.keys().copied().collect();
        nodes.sort_unstable();
        let mut done = FxHashSet::default();
        let mut circles = Vec::new();
        for node in nodes {
            visit(&self.references, node, &mut done, &mut circles);
        }
        for (chain, at) in circles {
            let names: Vec<SmolStr> = chain.iter().map(|n| self.node_name(*n)).collect();
            let what = match chain[0] {
                Node::Param(_) => "the param",
                Node::Let(_) => "the value",
                Node::Function(_) => "the function",
                Node::Group(_) => "the group",
            };
            self.report(ResolveProblem::Recursion { what, chain: names, at });
            match chain[0] {
                Node::Param(i) => {
                    if let Some(default) = &mut self.program.params[i].default {
                        *default = super::hir::Expr::poison(default.span);
                    }
                }
                Node::Let(i) => self.program.lets[i].value = super::hir::Expr::poison(self.program.lets[i].value.span),
                Node::Function(i) => {
                    self.program.functions[i].body = super::hir::Expr::poison(self.program.functions[i].body.span)
                }
                Node::Group(i) => self.program.groups[i].steps.clear(),
            }
        }
    }

    fn node_name(&self, node: Node) -> SmolStr {
        match node {
            Node::Param(i) => self.program.params[i].name.name.clone(),
            Node::Let(i) => self.program.lets[i].name.name.clone(),
            Node::Function(i) => self.program.functions[i].name.name.clone(),
            Node::Group(i) => self.program.groups[i].name.name.clone(),
        }
    }
}

/// Depth first with an explicit stack: a chain of ten thousand lets must not end the program.
fn visit(references: &References, start: Node, done: &mut FxHashSet<Node>, circles: &mut Vec<(Vec<Node>, Span)>) {
    if done.contains(&start) {
        return;
    }
    let mut path = vec![(start, 0)];
    let mut positions = FxHashMap::from_iter([(start, 0)]);
    while let Some((node, next)) = path.last_mut() {
        let edges = references.edges.get(node).map_or(&[][..], Vec::as_slice);
        let Some(&(target, at)) = edges.get(*next) else {
            done.insert(*node);
            positions.remove(node);
            path.pop();
            continue;
        };
        *next += 1;
        if let Some(&position) = positions.get(&target) {
            circles.push((path[position..].iter().map(|(n, _)| *n).collect(), at));
        } else if !done.contains(&target) {
            positions.insert(target, path.len());
            path.push((target, 0));
        }
    }
}
