//! Where a value comes from: the literal that made it, the variable that makes it late.

use std::cell::Cell;

use super::Checker;
use super::problem::LateSource;
use crate::resolve::hir::{Entry, Expr, ExprKind, TextPart};
use crate::text::Span;

/// How far a search may still go, and whether locals mean those of the current scope: behind a `let` they do not.
#[derive(Clone, Copy)]
struct Trail<'t> {
    /// How many expressions may still be looked at, by all branches together.
    budget: &'t Cell<u32>,
    depth: u32,
    home: bool,
}

/// Where a search begins: enough for any name that a person can follow.
fn trail<R>(search: impl FnOnce(Trail<'_>) -> R) -> R {
    search(Trail { budget: &Cell::new(2_000), depth: 32, home: true })
}

impl Trail<'_> {
    fn next(self) -> Option<Self> {
        self.budget.set(self.budget.get().checked_sub(1)?);
        Some(Trail { depth: self.depth.checked_sub(1)?, ..self })
    }

    fn away(self) -> Self {
        Trail { home: false, ..self }
    }
}

impl<'a> Checker<'a> {
    /// What a name stands for, where that is one expression.
    fn value_of<'t>(&self, expr: &'a Expr, trail: Trail<'t>) -> Option<(&'a Expr, Trail<'t>)> {
        match &expr.kind {
            ExprKind::Let(i) => self.program.lets.get(*i).map(|l| (&l.value, trail.away())),
            ExprKind::Param(i) => {
                self.program.params.get(*i).and_then(|p| p.default.as_ref()).map(|d| (d, trail.away()))
            }
            ExprKind::Local(n) if trail.home => self.scope.locals.get(*n as usize)?.value.map(|v| (v, trail)),
            ExprKind::Field(base, name) => self.field_of(base, &name.name, trail),
            _ => None,
        }
    }

    /// The expression that a record literal, reached through names, gives a field.
    pub(super) fn field_expr(&self, record: &'a Expr, name: &str) -> Option<&'a Expr> {
        trail(|t| self.field_of(record, name, t).map(|(expr, _)| expr))
    }

    fn field_of<'t>(&self, record: &'a Expr, name: &str, trail: Trail<'t>) -> Option<(&'a Expr, Trail<'t>)> {
        let trail = trail.next()?;
        match &record.kind {
            ExprKind::Record(entries) => entries.iter().rev().find_map(|entry| match entry {
                Entry::Field { key, value } => (key.name == name).then_some((value, trail)),
                Entry::Spread { value, .. } => self.field_of(value, name, trail),
            }),
            _ => {
                let (value, trail) = self.value_of(record, trail)?;
                self.field_of(value, name, trail)
            }
        }
    }

    /// The place of the literal with this text that the expression may give.
    pub(super) fn literal_place(&self, expr: &'a Expr, text: &str) -> Option<Span> {
        trail(|t| self.literal_place_deep(expr, text, t))
    }

    fn literal_place_deep(&self, expr: &'a Expr, text: &str, trail: Trail<'_>) -> Option<Span> {
        let trail = trail.next()?;
        let look = |e: &'a Expr| self.literal_place_deep(e, text, trail);
        match &expr.kind {
            ExprKind::Text(_) => (expr.as_plain_text()? == text).then_some(expr.span),
            ExprKind::If(_, then, otherwise) => look(then).or_else(|| look(otherwise)),
            ExprKind::Match(_, arms) => arms.iter().find_map(|arm| look(&arm.value)),
            ExprKind::Binary(_, _, left, right) => look(left).or_else(|| look(right)),
            ExprKind::List(items) => items.iter().find_map(|(item, _)| look(item)),
            ExprKind::Record(entries) => entries.iter().find_map(|entry| match entry {
                Entry::Field { value, .. } | Entry::Spread { value, .. } => look(value),
            }),
            ExprKind::ForList(_, value) => look(value),
            _ => {
                let (value, trail) = self.value_of(expr, trail)?;
                self.literal_place_deep(value, text, trail)
            }
        }
    }

    /// What makes a value late.
    pub(super) fn late_source(&self, expr: &'a Expr) -> Option<LateSource> {
        trail(|t| self.late_source_deep(expr, t))
    }

    fn late_source_deep(&self, expr: &'a Expr, trail: Trail<'_>) -> Option<LateSource> {
        let trail = trail.next()?;
        let look = |e: &'a Expr| self.late_source_deep(e, trail);
        match &expr.kind {
            ExprKind::Variable(i) => self.program.variables.get(*i).map(|v| LateSource::Variable {
                name: v.name.name.clone(),
                declared: v.name.span,
                secret: v.secret,
            }),
            ExprKind::Image(i) => self
                .program
                .images
                .get(*i)
                .map(|image| LateSource::Ami { image: image.name.name.clone(), at: expr.span }),
            ExprKind::Text(text) => text.parts.iter().find_map(|part| match part {
                TextPart::Chars(_) => None,
                TextPart::Action(action) => Some(LateSource::Action { source: action.source.clone(), at: action.span }),
                TextPart::Value(value) => look(value),
            }),
            ExprKind::Local(n) if trail.home => {
                let local = self.scope.locals.get(*n as usize)?;
                match &local.parameter {
                    Some((name, declared)) if local.ty.is_late() => {
                        Some(LateSource::Parameter { name: name.clone(), declared: *declared })
                    }
                    _ => local.value.and_then(look),
                }
            }
            ExprKind::Field(base, _) => match self.value_of(expr, trail) {
                Some((value, trail)) => self.late_source_deep(value, trail),
                None => look(base),
            },
            ExprKind::Index(base, _) => look(base),
            ExprKind::Unary(_, inner) | ExprKind::Matches(inner, ..) => look(inner),
            ExprKind::Binary(_, _, left, right) => look(left).or_else(|| look(right)),
            ExprKind::If(_, then, otherwise) => look(then).or_else(|| look(otherwise)),
            ExprKind::Match(_, arms) => arms.iter().find_map(|arm| look(&arm.value)),
            ExprKind::List(items) => items.iter().find_map(|(item, _)| look(item)),
            ExprKind::Record(entries) => entries.iter().find_map(|entry| match entry {
                Entry::Field { value, .. } | Entry::Spread { value, .. } => look(value),
            }),
            ExprKind::ForList(clause, value) => look(value).or_else(|| look(&clause.source)),
            ExprKind::ForRecord(clause, key, value) => {
                look(key).or_else(|| look(value)).or_else(|| look(&clause.source))
            }
            ExprKind::Call(_, args) => args.iter().find_map(look),
            ExprKind::CallFunction(_, args) => args.iter().flatten().find_map(look),
            _ => {
                let (value, trail) = self.value_of(expr, trail)?;
                self.late_source_deep(value, trail)
            }
        }
    }
}
