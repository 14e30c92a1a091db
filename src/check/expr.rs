//! Expressions: what type they have, and whether it is the one that their place takes.

use smol_str::SmolStr;

use super::problem::{CheckProblem, LateSource};
use super::want::Want;
use super::{Checker, records};
use crate::resolve::hir::{Expr, ExprKind};
use crate::syntax::ast::{BinaryOp, UnaryOp};
use crate::text::Span;
use crate::ty::flow::Lateness;
use crate::ty::{Literal, Ty};

impl<'a> Checker<'a> {
    /// The type of an expression that may be anything.
    pub(super) fn infer(&mut self, expr: &'a Expr) -> Ty {
        self.expr(expr, None)
    }

    /// Checks an expression against what its place takes; poison where it was reported.
    pub(super) fn expect(&mut self, expr: &'a Expr, want: Want<'_>) -> Ty {
        self.expr(expr, Some(want))
    }

    /// Checks an early expression against a type, with a name for the place.
    pub(super) fn expect_early(&mut self, expr: &'a Expr, ty: &Ty, name: &str) -> Ty {
        let late = self.scope.lateness();
        self.expect(expr, Want::new(ty, late).named(name))
    }

    /// A value that is bound to a name, with or without a written type.
    pub(super) fn bound(&mut self, written: Option<&'a Ty>, value: &'a Expr, name: &str) -> Ty {
        match written {
            Some(ty) => {
                self.expect_early(value, ty, name);
                ty.clone()
            }
            None => self.infer(value),
        }
    }

    pub(super) fn expr(&mut self, expr: &'a Expr, want: Option<Want<'_>>) -> Ty {
        if self.problems.is_full() {
            return Ty::Poison;
        }
        self.saw_want(expr, want);
        let ty = self.judged(expr, want);
        self.saw_type(expr, &ty);
        ty
    }

    fn judged(&mut self, expr: &'a Expr, want: Option<Want<'_>>) -> Ty {
        let bare = want.map(Want::bare);
        let ty = match &expr.kind {
            // Forms that pass the wanted type on; whoever takes it has judged it.
            ExprKind::If(condition, then, otherwise) => {
                self.condition(condition);
                let (yes, no) = (self.facts_of(condition, true), self.facts_of(condition, false));
                let then = self.narrowed(yes, |c| c.expr(then, want));
                let otherwise = self.narrowed(no, |c| c.expr(otherwise, want));
                return records::join(then, otherwise);
            }
            ExprKind::Match(subject, arms) => return self.match_expr(expr.span, subject, arms, want),
            ExprKind::Binary(BinaryOp::Default, _, left, right) if want.is_some() => {
                let left = match left.kind {
                    ExprKind::Index(..) => {
                        self.missing_is_null = true;
                        let ty = self.infer(left).non_null();
                        match want {
                            Some(want) => self.flow(left, ty, want),
                            None => ty,
                        }
                    }
                    _ => self.expr(left, want.map(|w| Want { null: true, ..w })),
                };
                let right = self.expr(right, want);
                return records::join(left.non_null(), right);
            }
            // Each part of a joined text is judged where it stands; the whole is judged when its value is known.
            ExprKind::Binary(BinaryOp::Add, _, left, right)
                if bare.is_some_and(|w| w.ty.is_text() && w.ty.literals().is_none()) =>
            {
                let template = bare.is_some_and(|w| matches!(w.ty, Ty::Template(_)));
                let part = want.map(|w| w.part(if template { w.bare().ty } else { &Ty::String }));
                let (left, right) = (self.expr(left, part), self.expr(right, part));
                return match (left, right) {
                    (Ty::Poison, _) | (_, Ty::Poison) => Ty::Poison,
                    (left, right) if left.is_late() || right.is_late() => Ty::String.late(),
                    _ => Ty::String,
                };
            }
            ExprKind::List(items) => match bare.and_then(|w| records::list_member(w.ty).map(|inner| w.part(inner))) {
                Some(inner) => return self.list(items, Some(inner)),
                None => self.list(items, None),
            },
            ExprKind::ForList(clause, value) => {
                match bare.and_then(|w| records::list_member(w.ty).map(|inner| w.part(inner))) {
                    Some(inner) => return self.for_list(clause, value, Some(inner)),
                    None => self.for_list(clause, value, None),
                }
            }
            ExprKind::Record(entries) => match bare.and_then(|w| records::record_member(w.ty).map(|ty| w.part(ty))) {
                Some(inner) => return self.record_against(expr.span, entries, inner),
                None => self.record(entries),
            },
            ExprKind::ForRecord(clause, key, value) => {
                match bare.and_then(|w| records::map_member(w.ty).map(|inner| w.part(inner))) {
                    Some(inner) => return self.for_record(clause, key, value, Some(inner)),
                    None => self.for_record(clause, key, value, None),
                }
            }
            ExprKind::Text(text) => self.text(text, bare),
            _ => self.plain(expr),
        };
        match want {
            Some(want) => self.flow(expr, ty, want),
            None => ty,
        }
    }

    /// The forms in which a wanted type changes nothing.
    fn plain(&mut self, expr: &'a Expr) -> Ty {
        match &expr.kind {
            ExprKind::Poison => Ty::Poison,
            ExprKind::Null => Ty::Null,
            ExprKind::Bool(b) => Ty::Literal(Literal::Bool(*b)),
            ExprKind::Int(i) => Ty::Literal(Literal::Int(*i)),
            ExprKind::Number(_) => Ty::Number,
            ExprKind::Duration(_) => Ty::Duration,
            ExprKind::Size(_) => Ty::Size,
            ExprKind::Param(_) | ExprKind::Variable(_) | ExprKind::Let(_) | ExprKind::Local(_) => self.name(expr),
            ExprKind::Table(i) => self.program.tables.get(*i).map_or(Ty::Poison, |t| Ty::Table(t.ty.clone())),
            ExprKind::Image(i) => self.image_value(*i),
            ExprKind::Builds => Ty::Builds,
            ExprKind::Field(base, name) => match self.narrowed_type(expr) {
                Some(ty) => ty,
                None => self.field(base, name),
            },
            ExprKind::Index(base, args) => self.index(expr.span, base, args),
            ExprKind::CallFunction(function, args) => self.call_function(*function, args),
            ExprKind::Call(builtin, args) => self.call_builtin(expr.span, *builtin, args),
            ExprKind::Unary(UnaryOp::Not, inner) => {
                let late = self.condition_like(inner, "the operand of `!`").is_late();
                if late { Ty::Bool.late() } else { Ty::Bool }
            }
            ExprKind::Unary(UnaryOp::Negate, inner) => self.negate(expr.span, inner),
            ExprKind::Binary(op, _, left, right) => self.binary(expr.span, *op, left, right),
            ExprKind::Matches(left, ..) => self.matches(left),
            ExprKind::Text(_)
            | ExprKind::If(..)
            | ExprKind::Match(..)
            | ExprKind::List(_)
            | ExprKind::Record(_)
            | ExprKind::ForList(..)
            | ExprKind::ForRecord(..) => self.infer(expr),
        }
    }

    fn name(&mut self, expr: &'a Expr) -> Ty {
        if let Some(ty) = self.narrowed_type(expr) {
            return ty;
        }
        match super::scope::place_of(expr) {
            Some(place) => self.root_type(place.root),
            None => Ty::Poison,
        }
    }

    /// A condition: a bool that is known when the plan is made, except in rules and policies.
    pub(super) fn condition(&mut self, expr: &'a Expr) -> Ty {
        self.condition_like(expr, "a condition")
    }

    pub(super) fn condition_like(&mut self, expr: &'a Expr, place: &str) -> Ty {
        let ty = self.infer(expr);
        let ty = self.early(expr, ty, place);
        self.flow(expr, ty, Want::new(&Ty::Bool, Lateness::Ignored))
    }

    /// Reports a late value where the compiler must know it.
    pub(super) fn late(&mut self, place: impl Into<String>, expr: &'a Expr) -> Ty {
        let source = self.late_source(expr);
        self.late_from(place, expr.span, source)
    }

    pub(super) fn late_from(&mut self, place: impl Into<String>, at: Span, source: Option<LateSource>) -> Ty {
        self.poison(CheckProblem::Late { place: place.into(), at, source })
    }

    /// Reports a value that may be null; otherwise gives the type back.
    pub(super) fn not_null(&mut self, expr: &'a Expr, ty: Ty, what: &str) -> Ty {
        let null = matches!(ty.plain(), Ty::Null | Ty::Optional(_))
            || matches!(ty.plain(), Ty::Late(t) if matches!(t.plain(), Ty::Optional(_)));
        if !null {
            return ty;
        }
        let (what, help) = (format!("{what} cannot be `null`"), null_help(expr));
        self.poison(CheckProblem::Null { what, at: expr.span, help })
    }

    /// A value that the compiler must know; what it holds may be late.
    pub(super) fn early(&mut self, expr: &'a Expr, ty: Ty, place: &str) -> Ty {
        if self.scope.late_ok || !ty.is_late() { ty } else { self.late(place, expr) }
    }

    /// A part of an index: known early, not null, and of its type.
    pub(super) fn key(&mut self, value: &'a Expr, want: Want<'_>, what: &str, place: &str) -> Ty {
        let found = self.infer(value);
        let found = self.not_null(value, found, what);
        let found = self.early(value, found, place);
        self.flow(value, found, want)
    }

    /// Whether any part of a value is known only when the plan runs.
    pub(super) fn late_inside(ty: &Ty) -> bool {
        match ty.plain() {
            Ty::Late(_) => true,
            Ty::Optional(inner) | Ty::List(inner) | Ty::Map(inner) => Self::late_inside(inner),
            Ty::Union(members) => members.iter().any(Self::late_inside),
            Ty::Record(record) => record.fields.values().any(|f| Self::late_inside(&f.ty)),
            _ => false,
        }
    }

    /// A value whose content the compiler must know, all of it.
    pub(super) fn early_inside(&mut self, expr: &'a Expr, ty: Ty, place: &str) -> Ty {
        if self.scope.late_ok || !Self::late_inside(&ty) { ty } else { self.late(place, expr) }
    }

    /// The nearest of the names that would have been right.
    pub(super) fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<SmolStr> {
        crate::text::suggest::nearest(name, names).map(SmolStr::from)
    }
}

/// How to get rid of null.
pub(super) fn null_help(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Null => "leave it out, or write a value".into(),
        _ if super::scope::place_of(expr).is_some() => {
            "give a default with `?? …`, or leave the null out first: `exclude when … == null`, `when … != null` or `if … != null`".into()
        }
        _ => "give a default with `?? …`, or bind it by `let` and leave the null out with `exclude when` or `when`".into(),
    }
}
