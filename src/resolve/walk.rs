//! Walks over expressions: what stands inside them.
//!
//! It knows the shape of the resolved tree, not what it is walked for.

use super::hir::{Entry, Expr, ExprKind, TextPart};
use crate::text::Span;

/// Calls `see` with every local that an expression reads.
pub fn each_local(expr: &Expr, see: &mut dyn FnMut(u32)) {
    each(expr, &mut |e| {
        if let ExprKind::Local(local) = e.kind {
            see(local);
        }
    });
}

/// Calls `see` with an expression and all those inside it. Bodies of functions are not inside.
pub fn each<'e>(expr: &'e Expr, see: &mut dyn FnMut(&'e Expr)) {
    see(expr);
    each_child(expr, &mut |child| each(child, see));
}

/// Calls `see` with the expressions that an expression is made of.
fn each_child<'e>(expr: &'e Expr, see: &mut dyn FnMut(&'e Expr)) {
    match &expr.kind {
        ExprKind::Text(text) => {
            for part in &text.parts {
                if let TextPart::Value(value) = part {
                    see(value);
                }
            }
        }
        ExprKind::Field(base, _) | ExprKind::Unary(_, base) | ExprKind::Matches(base, ..) => see(base),
        ExprKind::Index(base, args) => {
            see(base);
            args.iter().for_each(|a| see(&a.value));
        }
        ExprKind::CallFunction(_, args) => args.iter().flatten().for_each(&mut *see),
        ExprKind::Call(_, args) => args.iter().for_each(&mut *see),
        ExprKind::Binary(_, _, left, right) => {
            see(left);
            see(right);
        }
        ExprKind::If(condition, then, otherwise) => {
            see(condition);
            see(then);
            see(otherwise);
        }
        ExprKind::Match(subject, arms) => {
            see(subject);
            for arm in arms {
                arm.patterns.iter().for_each(&mut *see);
                see(&arm.value);
            }
        }
        ExprKind::List(elements) => elements.iter().for_each(|(e, _)| see(e)),
        ExprKind::Record(entries) => each_entry(entries, see),
        ExprKind::ForList(clause, value) => {
            see(&clause.source);
            clause.condition.iter().for_each(&mut *see);
            see(value);
        }
        ExprKind::ForRecord(clause, key, value) => {
            see(&clause.source);
            clause.condition.iter().for_each(&mut *see);
            see(key);
            see(value);
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

/// The outermost expression at a place, this one or one inside it.
pub fn find(expr: &Expr, at: Span) -> Option<&Expr> {
    if expr.span == at {
        return Some(expr);
    }
    let covers = expr.span.file == at.file && expr.span.start <= at.start && at.end <= expr.span.end;
    let mut found = None;
    if covers {
        each_child(expr, &mut |child| found = found.or_else(|| find(child, at)));
    }
    found
}

/// Calls `see` with the expressions of entries.
fn each_entry<'e>(entries: &'e [Entry], see: &mut dyn FnMut(&'e Expr)) {
    for entry in entries {
        match entry {
            Entry::Field { value, .. } | Entry::Spread { value, .. } => see(value),
        }
    }
}
