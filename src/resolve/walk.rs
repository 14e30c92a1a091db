//! Walks over expressions: what stands inside them.
//!
//! It knows the shape of the resolved tree, not what it is walked for.

use super::hir::{Entry, Expr, ExprKind, TextPart};

/// Calls `see` with every local that an expression reads.
pub fn each_local(expr: &Expr, see: &mut dyn FnMut(u32)) {
    each(expr, &mut |e| {
        if let ExprKind::Local(local) = e.kind {
            see(local);
        }
    });
}

/// Calls `see` with an expression and all those inside it. Bodies of functions are not inside.
pub fn each(expr: &Expr, see: &mut dyn FnMut(&Expr)) {
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
fn each_entry(entries: &[Entry], see: &mut dyn FnMut(&Expr)) {
    for entry in entries {
        match entry {
            Entry::Field { value, .. } | Entry::Spread { value, .. } => each(value, see),
        }
    }
}
