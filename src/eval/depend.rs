//! On which axes an expression depends.

use super::Evaluator;
use super::cells::Mask;
use crate::resolve::hir::{Entry, Expr, ExprKind, MatrixStep, TextPart};

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
        let mut seen: Vec<(u8, usize)> = Vec::new();
        let mut found = false;
        while let Some(body) = bodies.pop() {
            let mut more: Vec<(u8, usize)> = Vec::new();
            each(body, &mut |e| match e.kind {
                ExprKind::Param(_) => found = true,
                ExprKind::Let(index) => more.push((0, index)),
                ExprKind::CallFunction(index, _) => more.push((1, index)),
                ExprKind::Local(local) => more.push((2, local as usize)),
                _ => {}
            });
            for node in more {
                if seen.contains(&node) {
                    continue;
                }
                seen.push(node);
                bodies.extend(match node {
                    (0, index) => Some(&self.program().lets[index].value),
                    (1, index) => Some(&self.program().functions[index].body),
                    (_, local) => self.column_source(image, local as u32),
                });
            }
        }
        found
    }

    /// What a column of an image is made from.
    fn column_source(&self, image: usize, column: u32) -> Option<&Expr> {
        self.images[image].image.matrix.iter().find_map(|step| match step {
            MatrixStep::Axis(axis) if axis.locals.contains(&column) => Some(&axis.source),
            MatrixStep::Let { local, value, .. } if *local == column => Some(value),
            _ => None,
        })
    }

    fn local_mask(&self, image: usize, site: usize, local: u32) -> Mask {
        let cells = &self.images[image];
        if site == 0 {
            return cells.column_mask(local);
        }
        cells.sites.borrow()[site].args.get(local as usize).map_or(0, |a| a.mask)
    }
}

/// Calls `see` with every local that an expression reads.
pub(super) fn each_local(expr: &Expr, see: &mut dyn FnMut(u32)) {
    each(expr, &mut |e| {
        if let ExprKind::Local(local) = e.kind {
            see(local);
        }
    });
}

/// Calls `see` with an expression and all those inside it. Bodies of functions are not inside.
pub(super) fn each(expr: &Expr, see: &mut dyn FnMut(&Expr)) {
    see(expr);
    match &expr.kind {
        ExprKind::Text(text) => {
            for part in &text.parts {
                if let TextPart::Value(value) = part {
                    each(value, see);
                }
            }
        }
        ExprKind::Field(base, _) | ExprKind::Unary(_, base) | ExprKind::Matches(base, ..) => each(base, see),
        ExprKind::Index(base, args) => {
            each(base, see);
            args.iter().for_each(|a| each(&a.value, see));
        }
        ExprKind::CallFunction(_, args) => args.iter().flatten().for_each(|a| each(a, see)),
        ExprKind::Call(_, args) => args.iter().for_each(|a| each(a, see)),
        ExprKind::Binary(_, _, left, right) => {
            each(left, see);
            each(right, see);
        }
        ExprKind::If(condition, then, otherwise) => {
            each(condition, see);
            each(then, see);
            each(otherwise, see);
        }
        ExprKind::Match(subject, arms) => {
            each(subject, see);
            for arm in arms {
                arm.patterns.iter().for_each(|p| each(p, see));
                each(&arm.value, see);
            }
        }
        ExprKind::List(elements) => elements.iter().for_each(|(e, _)| each(e, see)),
        ExprKind::Record(entries) => each_entry(entries, see),
        ExprKind::ForList(clause, value) => {
            each(&clause.source, see);
            clause.condition.iter().for_each(|c| each(c, see));
            each(value, see);
        }
        ExprKind::ForRecord(clause, key, value) => {
            each(&clause.source, see);
            clause.condition.iter().for_each(|c| each(c, see));
            each(key, see);
            each(value, see);
        }
        ExprKind::Poison
        | ExprKind::Null
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Number(_)
        | ExprKind::Duration(_)
        | ExprKind::Size(_)
        | ExprKind::Param(_)
        | ExprKind::Variable(_)
        | ExprKind::Let(_)
        | ExprKind::Local(_)
        | ExprKind::Table(_)
        | ExprKind::Image(_)
        | ExprKind::Builds => {}
    }
}

/// Calls `see` with the expressions of entries.
pub(super) fn each_entry(entries: &[Entry], see: &mut dyn FnMut(&Expr)) {
    for entry in entries {
        match entry {
            Entry::Field { value, .. } | Entry::Spread { value, .. } => each(value, see),
        }
    }
}
