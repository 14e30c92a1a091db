//! On which axes an expression depends.

use rustc_hash::FxHashSet;

use super::Evaluator;
use super::cells::Mask;
use crate::resolve::hir::{Expr, ExprKind};
use crate::resolve::walk::{each, each_local};

/// What an expression may be made of.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Node {
    Let(usize),
    Function(usize),
    Local(u32),
}

impl Evaluator<'_> {
    /// The axes that an expression at a site depends on. Locals from `columns` on are its own.
    pub(super) fn mask(&self, expr: &Expr, image: usize, site: usize, columns: u32) -> Mask {
        let mut mask = 0;
        each_local(expr, &mut |local| {
            if local < columns {
                mask |= self.local_mask(image, site, local);
            }
        });
        mask
    }

    /// The axes of an optional expression.
    pub(super) fn mask_opt(&self, expr: Option<&Expr>, image: usize, site: usize, columns: u32) -> Mask {
        expr.map_or(0, |e| self.mask(e, image, site, columns))
    }

    /// Whether an expression of an image's matrix depends on a param, also through axes, lets and functions.
    pub(super) fn reads_param(&self, expr: &Expr, image: usize) -> bool {
        let mut bodies: Vec<&Expr> = vec![expr];
        let mut seen: FxHashSet<Node> = FxHashSet::default();
        let mut found = false;
        while let Some(body) = bodies.pop() {
            // A chain of lets is walked once for each that asks.
            if self.spend(1, expr.span).is_err() {
                return true;
            }
            let mut more: Vec<Node> = Vec::new();
            each(body, &mut |e| match e.kind {
                ExprKind::Param(_) => found = true,
                ExprKind::Let(index) => more.push(Node::Let(index)),
                ExprKind::CallFunction(index, _) => more.push(Node::Function(index)),
                ExprKind::Local(local) => more.push(Node::Local(local)),
                _ => {}
            });
            for node in more {
                if !seen.insert(node) {
                    continue;
                }
                bodies.extend(match node {
                    Node::Let(index) => Some(&self.program().lets[index].value),
                    Node::Function(index) => Some(&self.program().functions[index].body),
                    Node::Local(local) => self.images[image].source(local),
                });
            }
        }
        found
    }

    fn local_mask(&self, image: usize, site: usize, local: u32) -> Mask {
        let cells = &self.images[image];
        if site == 0 {
            return cells.column_mask(local);
        }
        cells.sites.borrow()[site].args.get(local as usize).map_or(0, |a| a.mask)
    }
}
