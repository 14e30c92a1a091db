//! Operators: what they join, and comparisons that can never come out true.

use std::sync::Arc;

use super::Checker;
use super::matching::near_hint;
use super::problem::{CheckProblem, Hint};
use super::records::{comparable, found, join};
use super::scope::place_of;
use super::want::Want;
use crate::resolve::hir::{Expr, ExprKind};
use crate::syntax::ast::BinaryOp;
use crate::text::Span;
use crate::ty::flow::Lateness;
use crate::ty::{Literal, Ty};

/// What a value is to an operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    Text,
    Int,
    Number,
    Duration,
    Size,
    List,
    Map,
    Other,
}

/// What values of a type are to an operator.
pub(super) fn class(ty: &Ty) -> Class {
    match ty.plain() {
        Ty::Int | Ty::Literal(Literal::Int(_)) => Class::Int,
        Ty::Number => Class::Number,
        Ty::Duration => Class::Duration,
        Ty::Size => Class::Size,
        Ty::Range(range) => class(&range.base),
        Ty::List(_) => Class::List,
        Ty::Record(_) | Ty::Map(_) => Class::Map,
        Ty::Union(members) => {
            let mut classes = members.iter().map(class);
            let first = classes.next().unwrap_or(Class::Other);
            classes.fold(first, |all, one| match (all, one) {
                (a, b) if a == b => a,
                (Class::Int | Class::Number, Class::Int | Class::Number) => Class::Number,
                _ => Class::Other,
            })
        }
        ty if ty.is_text() => Class::Text,
        _ => Class::Other,
    }
}

impl<'a> Checker<'a> {
    pub(super) fn binary(&mut self, span: Span, op: BinaryOp, left: &'a Expr, right: &'a Expr) -> Ty {
        match op {
            BinaryOp::And | BinaryOp::Or => self.logic(op, left, right),
            BinaryOp::Equal | BinaryOp::NotEqual => self.equal(span, left, right),
            BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual => {
                self.ordered(op, span, left, right)
            }
            BinaryOp::In => self.contained(span, left, right),
            BinaryOp::Default => {
                self.missing_is_null = matches!(left.kind, ExprKind::Index(..));
                let left = self.infer(left);
                let right = self.infer(right);
                join(left.non_null(), right)
            }
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder => {
                self.arithmetic(op, span, left, right)
            }
            // The resolver gives `matches` its own form.
            BinaryOp::Matches => Ty::Poison,
        }
    }

    fn logic(&mut self, op: BinaryOp, left: &'a Expr, right: &'a Expr) -> Ty {
        let place = if op == BinaryOp::And { "an operand of `&&`" } else { "an operand of `||`" };
        let first = self.condition_like(left, place);
        let facts = self.facts_of(left, op == BinaryOp::And);
        let second = self.narrowed(facts, |c| c.condition_like(right, place));
        if first.is_late() || second.is_late() { Ty::Bool.late() } else { Ty::Bool }
    }

    fn equal(&mut self, span: Span, left: &'a Expr, right: &'a Expr) -> Ty {
        let null = matches!(left.kind, ExprKind::Null) || matches!(right.kind, ExprKind::Null);
        let (a, b) = (self.infer(left), self.infer(right));
        // Whether a value is there is known early, also of a late one.
        if null {
            return Ty::Bool;
        }
        let late = Self::late_inside(&a) || Self::late_inside(&b);
        let a = self.early_inside(left, a, "a compared value");
        let b = self.early_inside(right, b, "a compared value");
        self.judge_equality(span, (left, &a), (right, &b));
        if late && self.scope.late_ok { Ty::Bool.late() } else { Ty::Bool }
    }

    /// Reports a comparison whose sides share no value. What conditions have ruled out does not count: an overlapping
    /// `exclude` is no mistake.
    fn judge_equality(&mut self, span: Span, (left, a): (&'a Expr, &Ty), (right, b): (&'a Expr, &Ty)) {
        if shares(a, b) {
            self.written_in_domain(a, right);
            self.written_in_domain(b, left);
            return;
        }
        let (a, b) = (self.declared(left, a), self.declared(right, b));
        if shares(&a, &b) {
            return;
        }
        let written = |e: &Expr| e.as_plain_text().is_some();
        let fix = if written(right) { Some(right.span) } else { written(left).then_some(left.span) };
        let hint = equality_hint(&a, &b).unwrap_or_else(|| near_hint(&a, &b, fix));
        self.report(CheckProblem::NeverEqual { left: found(&a), right: found(&b), at: span, hint });
    }

    /// A text, or a list of them, that is compared with values of a domain is one of them.
    fn written_in_domain(&mut self, ty: &Ty, written: &'a Expr) {
        match &written.kind {
            ExprKind::Text(text) => {
                if let Some(text) = text.as_plain() {
                    self.in_domain(ty, &text, written.span);
                }
            }
            ExprKind::List(items) => {
                items.iter().filter(|(_, spread)| !spread).for_each(|(item, _)| self.written_in_domain(ty, item))
            }
            _ => {}
        }
    }

    /// The type of an expression before conditions have narrowed it.
    fn declared(&mut self, expr: &'a Expr, ty: &Ty) -> Ty {
        if self.scope.narrowed.is_empty() || place_of(expr).is_none() {
            return ty.clone();
        }
        let narrowed = std::mem::take(&mut self.scope.narrowed);
        let ty = self.quietly(|c| c.infer(expr));
        self.scope.narrowed = narrowed;
        ty
    }

    fn ordered(&mut self, op: BinaryOp, at: Span, left: &'a Expr, right: &'a Expr) -> Ty {
        let (a, late_a) = self.operand(left, op);
        let (b, late_b) = self.operand(right, op);
        if a == Ty::Poison || b == Ty::Poison {
            return Ty::Bool;
        }
        let fits = match (class(&a), class(&b)) {
            (Class::Int | Class::Number, Class::Int | Class::Number) => true,
            (x, y) => x == y && matches!(x, Class::Duration | Class::Size | Class::Text),
        };
        if !fits {
            return self.wrong_operands(
                op,
                at,
                &a,
                &b,
                "numbers, durations, sizes and texts are compared with their own kind",
            );
        }
        if (late_a || late_b) && !self.scope.late_ok {
            return self.late("a compared value", if late_a { left } else { right });
        }
        if late_a || late_b { Ty::Bool.late() } else { Ty::Bool }
    }

    /// An operand without null, as it is once the plan runs; and whether it is late.
    fn operand(&mut self, expr: &'a Expr, op: BinaryOp) -> (Ty, bool) {
        let ty = self.infer(expr);
        let ty = self.not_null(expr, ty, &format!("an operand of `{}`", op.symbol()));
        let late = ty.is_late();
        (ty.early(), late)
    }

    fn wrong_operands(&mut self, op: BinaryOp, at: Span, a: &Ty, b: &Ty, help: &str) -> Ty {
        self.poison(CheckProblem::Operator {
            symbol: op.symbol(),
            left: found(a),
            right: found(b),
            at,
            help: help.to_owned(),
        })
    }

    fn contained(&mut self, span: Span, left: &'a Expr, right: &'a Expr) -> Ty {
        let item = self.infer(left);
        let whole = self.infer(right);
        let item = self.not_null(left, item, "the left side of `in`");
        let whole = self.not_null(right, whole, "the right side of `in`");
        let late = Self::late_inside(&item) || whole.is_late();
        let item = self.early_inside(left, item, "the left side of `in`");
        let whole = if matches!(whole.early().plain(), Ty::List(_)) {
            self.early_inside(right, whole, "the right side of `in`")
        } else if whole.is_late() && !self.scope.late_ok {
            self.late("the right side of `in`", right)
        } else {
            whole
        };
        let (item, whole) = (item.early(), whole.early());
        match (class(&whole), whole.plain()) {
            (_, Ty::Poison) => {}
            (_, Ty::List(inner)) => {
                if shares(&item, inner) {
                    self.written_in_domain(&item, right);
                } else {
                    let declared = self.declared(left, &item);
                    if !shares(&declared, inner) {
                        let hint = near_hint(inner, &declared, None);
                        let right = format!("an element of {}", found(&whole));
                        self.report(CheckProblem::NeverEqual { left: found(&declared), right, at: span, hint });
                    }
                }
            }
            (Class::Map | Class::Text, _) => {
                if !item.is_text() && item != Ty::Poison {
                    let wanted = if class(&whole) == Class::Map { "a key" } else { "a part of a text" };
                    return self.poison(CheckProblem::Mismatch {
                        name: None,
                        wanted: format!("{wanted}, which is text"),
                        found: found(&item),
                        at: left.span,
                        hint: Hint::default(),
                    });
                }
            }
            (_, other) => {
                return self.poison(CheckProblem::Mismatch {
                    name: None,
                    wanted: "a list, map or text behind `in`".into(),
                    found: found(other),
                    at: right.span,
                    hint: Hint::default(),
                });
            }
        }
        if late && self.scope.late_ok { Ty::Bool.late() } else { Ty::Bool }
    }

    fn arithmetic(&mut self, op: BinaryOp, at: Span, left: &'a Expr, right: &'a Expr) -> Ty {
        let (a, late_a) = self.operand(left, op);
        let (b, late_b) = self.operand(right, op);
        if a == Ty::Poison || b == Ty::Poison {
            return Ty::Poison;
        }
        let late = late_a || late_b;
        if op == BinaryOp::Add {
            match (a.plain(), b.plain()) {
                (Ty::List(_), Ty::List(_)) if late => {
                    return self.late("a joined list", if late_a { left } else { right });
                }
                (Ty::List(x), Ty::List(y)) => return Ty::List(Arc::new(join((**x).clone(), (**y).clone()))),
                (Ty::Template(x), Ty::Template(y)) => {
                    let fields = x.iter().chain(y.iter().filter(|f| !x.contains(f))).cloned().collect();
                    return Ty::Template(fields).late();
                }
                (Ty::Template(_), other) | (other, Ty::Template(_)) if other.is_text() => {
                    return if matches!(a, Ty::Template(_)) { a.late() } else { b.late() };
                }
                (x, y) if class(x) == Class::Text && class(y) == Class::Text => {
                    return if late { Ty::String.late() } else { Ty::String };
                }
                _ => {}
            }
        }
        use BinaryOp::{Add, Divide, Multiply, Subtract};
        use Class::{Duration, Int, Number, Size};
        let result = match (op, class(&a), class(&b)) {
            (_, Int, Int) => Ty::Int,
            (_, Int | Number, Int | Number) => Ty::Number,
            (Add | Subtract, Duration, Duration) => Ty::Duration,
            (Add | Subtract, Size, Size) => Ty::Size,
            (Multiply | Divide, Duration, Int) | (Multiply, Int, Duration) => Ty::Duration,
            (Multiply | Divide, Size, Int) | (Multiply, Int, Size) => Ty::Size,
            (Add, x, y) if x == Class::Text || y == Class::Text => {
                return self.wrong_operands(op, at, &a, &b, "write the value into the text: `\"${value}\"`");
            }
            (Add, Class::Map, Class::Map) => {
                return self.wrong_operands(
                    op,
                    at,
                    &a,
                    &b,
                    "lay records over each other with `{ ...a, ...b }` or `merge(a, b)`",
                );
            }
            (Add, Class::List, _) | (Add, _, Class::List) => {
                return self.wrong_operands(op, at, &a, &b, "put the element in brackets, `list + [element]`");
            }
            (Add, ..) => {
                return self.wrong_operands(
                    op,
                    at,
                    &a,
                    &b,
                    "`+` joins two texts or lists, and adds numbers, durations or sizes",
                );
            }
            _ => {
                return self.wrong_operands(
                    op,
                    at,
                    &a,
                    &b,
                    "it calculates with numbers; durations and sizes are multiplied and divided by an int",
                );
            }
        };
        if late && !self.scope.late_ok {
            return self.late("a number to calculate with", if late_a { left } else { right });
        }
        if late { result.late() } else { result }
    }

    pub(super) fn negate(&mut self, span: Span, inner: &'a Expr) -> Ty {
        let ty = self.infer(inner);
        let ty = self.not_null(inner, ty, "the operand of `-`");
        match ty.early().plain() {
            Ty::Poison => Ty::Poison,
            Ty::Literal(Literal::Int(i)) => i.checked_neg().map_or(Ty::Int, |i| Ty::Literal(Literal::Int(i))),
            _ if ty.is_late() && !self.scope.late_ok => self.late("a number to calculate with", inner),
            plain => match class(plain) {
                Class::Int => Ty::Int,
                Class::Number => Ty::Number,
                Class::Duration => Ty::Duration,
                _ => self.poison(CheckProblem::Mismatch {
                    name: None,
                    wanted: "a number or duration behind `-`".into(),
                    found: found(&ty),
                    at: span,
                    hint: Hint::default(),
                }),
            },
        }
    }

    pub(super) fn matches(&mut self, left: &'a Expr) -> Ty {
        let ty = self.infer(left);
        if *ty.plain() == Ty::Null || ty.admits_null() && *ty.plain() != Ty::Poison {
            let what = "`null` matches no pattern, and this may be `null`".to_owned();
            let help = match self.scope.late_ok {
                true => "judge only the builds that have it: add `when … != null` to the policy, or give a default with `?? \"\"`".into(),
                false => super::expr::null_help(left),
            };
            self.report(CheckProblem::Null { what, at: left.span, help });
            return Ty::Bool;
        }
        if ty.is_late() && !self.scope.late_ok {
            return self.late("a text to match", left);
        }
        let late = ty.is_late();
        let checked = self.flow(left, ty, Want::new(&Ty::String, Lateness::Ignored));
        match (late, checked) {
            (true, _) => Ty::Bool.late(),
            _ => Ty::Bool,
        }
    }
}

/// Whether two compared types share a value. A single literal stands for its kind: a `let` that is a switch may be
/// compared with every text, while an axis of several literals may not.
fn shares(a: &Ty, b: &Ty) -> bool {
    let single = |ty: &Ty| matches!(ty.plain(), Ty::Literal(_));
    match (single(a), single(b)) {
        (true, true) => comparable(&a.plain().widened(), &b.plain().widened()),
        _ => comparable(a, b),
    }
}

/// A number beside a text, and the like.
fn equality_hint(a: &Ty, b: &Ty) -> Option<Hint> {
    let (a, b) = (a.non_null(), b.non_null());
    let mixed = |x: &Ty, y: &Ty| class(x) == Class::Text && matches!(class(y), Class::Int | Class::Number);
    if mixed(&a, &b) || mixed(&b, &a) {
        return Some(Hint::words("one is text and the other a number: quotes make a number text"));
    }
    let truth = |ty: &Ty| matches!(ty.plain(), Ty::Bool | Ty::Literal(Literal::Bool(_)));
    (truth(&a) != truth(&b) && (class(&a) == Class::Text || class(&b) == Class::Text))
        .then(|| Hint::words("`true` and `false` are written without quotes"))
}
