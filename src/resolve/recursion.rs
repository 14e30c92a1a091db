//! Nothing is made of itself: params, variables, lets, functions and groups that need each other in a circle are refused, so every program ends.

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use super::Lowerer;
use super::problem::ResolveProblem;
use crate::text::Span;

/// Something that is made of other things.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Node {
    Param(usize),
    Variable(usize),
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
        let (mut circles, mut chains) = (Vec::new(), Vec::new());
        for node in nodes {
            visit(&self.references, node, &mut done, &mut circles, &mut chains);
        }
        for (node, at) in chains {
            let (what, name) = (what(node), self.node_name(node));
            self.report(ResolveProblem::LongChain { what, name, at });
            self.cut(node);
        }
        for (chain, at) in circles {
            let names: Vec<SmolStr> = chain.iter().map(|n| self.node_name(*n)).collect();
            self.report(ResolveProblem::Recursion { what: what(chain[0]), chain: names, at });
            self.cut(chain[0]);
        }
    }

    /// Makes something of nothing any more.
    fn cut(&mut self, node: Node) {
        let poison = super::hir::Expr::poison;
        match node {
            Node::Param(i) => {
                if let Some(default) = &mut self.program.params[i].default {
                    *default = poison(default.span);
                }
            }
            Node::Variable(i) => {
                if let Some(default) = &mut self.program.variables[i].default {
                    *default = poison(default.span);
                }
            }
            Node::Let(i) => self.program.lets[i].value = poison(self.program.lets[i].value.span),
            Node::Function(i) => self.program.functions[i].body = poison(self.program.functions[i].body.span),
            Node::Group(i) => self.program.groups[i].steps.clear(),
        }
    }

    fn node_name(&self, node: Node) -> SmolStr {
        match node {
            Node::Param(i) => self.program.params[i].name.name.clone(),
            Node::Variable(i) => self.program.variables[i].name.name.clone(),
            Node::Let(i) => self.program.lets[i].name.name.clone(),
            Node::Function(i) => self.program.functions[i].name.name.clone(),
            Node::Group(i) => self.program.groups[i].name.name.clone(),
        }
    }
}

fn what(node: Node) -> &'static str {
    match node {
        Node::Param(_) => "the param",
        Node::Variable(_) => "the variable",
        Node::Let(_) => "the value",
        Node::Function(_) => "the function",
        Node::Group(_) => "the group",
    }
}

/// How deep things may be made of each other: later phases recurse.
pub const DEEPEST: usize = 5_001;

/// Depth first with an explicit stack: a chain of ten thousand lets must not end the program.
fn visit(
    references: &References,
    start: Node,
    done: &mut FxHashSet<Node>,
    circles: &mut Vec<(Vec<Node>, Span)>,
    chains: &mut Vec<(Node, Span)>,
) {
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
        let node = *node;
        if let Some(&position) = positions.get(&target) {
            circles.push((path[position..].iter().map(|(n, _)| *n).collect(), at));
        } else if path.len() == DEEPEST {
            chains.push((node, at));
        } else if !done.contains(&target) {
            positions.insert(target, path.len());
            path.push((target, 0));
        }
    }
}
