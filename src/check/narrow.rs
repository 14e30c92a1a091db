//! What a condition says of the names in it: not null, one of these literals.

use super::Checker;
use super::scope::{Place, place_of};
use crate::resolve::hir::{Expr, ExprKind};
use crate::syntax::ast::{BinaryOp, UnaryOp};
use crate::ty::{Literal, Ty};

impl<'a> Checker<'a> {
    /// Checks a condition that something stands under; what holds there.
    pub(super) fn when(&mut self, condition: Option<&'a Expr>) -> Vec<(Place, Ty)> {
        let Some(condition) = condition else { return Vec::new() };
        self.condition(condition);
        self.facts_of(condition, true)
    }

    /// The narrower types of places that hold when the condition came out as `truth`.
    pub(super) fn facts_of(&mut self, condition: &'a Expr, truth: bool) -> Vec<(Place, Ty)> {
        let mut facts = Vec::new();
        self.gather_facts(condition, truth, &mut facts);
        facts
    }

    fn gather_facts(&mut self, condition: &'a Expr, truth: bool, facts: &mut Vec<(Place, Ty)>) {
        match &condition.kind {
            ExprKind::Unary(UnaryOp::Not, inner) => self.gather_facts(inner, !truth, facts),
            ExprKind::Binary(BinaryOp::And, _, left, right) if truth => self.both(left, right, truth, facts),
            ExprKind::Binary(BinaryOp::Or, _, left, right) if !truth => self.both(left, right, truth, facts),
            ExprKind::Binary(op @ (BinaryOp::Equal | BinaryOp::NotEqual), _, left, right) => {
                let equal = (*op == BinaryOp::Equal) == truth;
                self.equality(left, right, equal, facts);
                self.equality(right, left, equal, facts);
            }
            ExprKind::Binary(BinaryOp::In, _, left, right) if truth => self.membership(left, right, facts),
            // A plain bool: `if public then …`.
            _ => {
                let Some(place) = place_of(condition) else { return };
                let ty = self.quietly(|c| c.infer(condition));
                if *ty.plain() == Ty::Bool {
                    facts.push((place, Ty::Literal(Literal::Bool(truth))));
                }
            }
        }
    }

    /// What the left side says holds already where the right one is judged.
    fn both(&mut self, left: &'a Expr, right: &'a Expr, truth: bool, facts: &mut Vec<(Place, Ty)>) {
        self.gather_facts(left, truth, facts);
        let known = facts.clone();
        let more = self.narrowed(known, |c| c.facts_of(right, truth));
        facts.extend(more);
    }

    fn equality(&mut self, named: &'a Expr, other: &'a Expr, equal: bool, facts: &mut Vec<(Place, Ty)>) {
        let Some(place) = place_of(named) else { return };
        let ty = self.quietly(|c| c.infer(named));
        match literal_of(other) {
            Some(Value::Null) if !equal => facts.push((place, without_null(&ty))),
            Some(Value::Literal(literal)) => {
                let Some(literals) = ty.non_null().literals() else {
                    if equal && ty.admits_null() {
                        facts.push((place, ty.non_null()));
                    }
                    return;
                };
                let kept: Vec<Literal> = literals.into_iter().filter(|l| (*l == literal) == equal).collect();
                // An impossible case is left as it was: that it cannot be is reported elsewhere.
                if kept.is_empty() {
                    return;
                }
                let mut kept = Ty::union(kept.into_iter().map(Ty::Literal));
                if !equal && ty.admits_null() {
                    kept = kept.optional();
                }
                facts.push((place, if ty.is_late() { kept.late() } else { kept }));
            }
            _ => {}
        }
    }

    /// `x in ["a", "b"]`
    fn membership(&mut self, named: &'a Expr, list: &'a Expr, facts: &mut Vec<(Place, Ty)>) {
        let Some(place) = place_of(named) else { return };
        let ExprKind::List(items) = &list.kind else { return };
        let mut wanted = Vec::new();
        for (item, spread) in items {
            match literal_of(item) {
                Some(Value::Literal(literal)) if !spread => wanted.push(literal),
                _ => return,
            }
        }
        let ty = self.quietly(|c| c.infer(named));
        let Some(literals) = ty.non_null().literals() else { return };
        let kept: Vec<Literal> = literals.into_iter().filter(|l| wanted.contains(l)).collect();
        if !kept.is_empty() && !ty.is_late() {
            facts.push((place, Ty::union(kept.into_iter().map(Ty::Literal))));
        }
    }
}

/// A literal as a value.
pub(super) enum Value {
    Null,
    Literal(Literal),
}

/// The value of a literal expression.
pub(super) fn literal_of(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Null => Some(Value::Null),
        ExprKind::Bool(b) => Some(Value::Literal(Literal::Bool(*b))),
        ExprKind::Int(i) => Some(Value::Literal(Literal::Int(*i))),
        ExprKind::Unary(UnaryOp::Negate, inner) => match inner.kind {
            ExprKind::Int(i) => i.checked_neg().map(|i| Value::Literal(Literal::Int(i))),
            _ => None,
        },
        ExprKind::Text(text) => text.as_plain().map(|t| Value::Literal(Literal::Text(t))),
        _ => None,
    }
}

/// A type once null was left out; a place that was only ever null keeps nothing.
pub(super) fn without_null(ty: &Ty) -> Ty {
    match ty.plain() {
        Ty::Late(inner) if inner.admits_null() => inner.non_null().late(),
        _ => ty.non_null(),
    }
}
