//! Going through collections: comprehensions and the sources of axes.

use std::sync::Arc;

use super::Checker;
use super::lookup::row_type;
use super::problem::{CheckProblem, Hint};
use super::records::{field_value, found, join};
use super::want::Want;
use crate::resolve::hir::{Expr, ExprKind, For};
use crate::ty::{Literal, Ty};

/// What the turns of a loop give: the key or index, and the element.
struct Turn {
    key: Ty,
    element: Ty,
    /// Whether a single name stands for the element rather than the key.
    keyed: bool,
}

impl<'a> Checker<'a> {
    pub(super) fn for_list(&mut self, clause: &'a For, value: &'a Expr, want: Option<Want<'_>>) -> Ty {
        let ty = self.in_loop(clause, |c| {
            let ty = c.expr(value, want.map(|w| Want { null: true, ..w }));
            c.not_null(value, ty, "an element of a list")
        });
        Ty::List(Arc::new(ty))
    }

    pub(super) fn for_record(&mut self, clause: &'a For, key: &'a Expr, value: &'a Expr, want: Option<Want<'_>>) -> Ty {
        let ty = self.in_loop(clause, |c| {
            let found = c.infer(key);
            let found = c.not_null(key, found, "a key");
            if found.is_late() && !c.scope.late_ok {
                c.late("a key", key);
            } else {
                c.flow(key, found, Want::new(&Ty::String, c.scope.lateness()).named("a key"));
            }
            c.expr(value, want.map(|w| Want { null: true, ..w }))
        });
        // `null` removes the key.
        let ty = if ty == Ty::Poison { ty } else { ty.non_null() };
        Ty::Map(Arc::new(ty))
    }

    /// Looks at a body with the loop's locals in scope, under its condition.
    fn in_loop(&mut self, clause: &'a For, body: impl FnOnce(&mut Self) -> Ty) -> Ty {
        let turn = self.turns(&clause.source);
        match clause.locals.as_slice() {
            [(only, _)] => self.scope.set(*only, turn.element, Some(&clause.source)),
            [(first, _), (second, _)] => {
                let key = if turn.keyed { turn.key } else { Ty::Int };
                self.scope.set(*first, key, None);
                self.scope.set(*second, turn.element, Some(&clause.source));
            }
            _ => {}
        }
        let facts = self.when(clause.condition.as_ref());
        self.narrowed(facts, body)
    }

    fn turns(&mut self, source: &'a Expr) -> Turn {
        let list = |element: Ty| Turn { key: Ty::Int, element, keyed: false };
        // An image without axes is an AMI as a value, and one build to go through.
        if let ExprKind::Image(_) = source.kind {
            return list(Ty::Build);
        }
        let ty = self.infer(source);
        let ty = self.not_null(source, ty, "what a `for` goes through");
        match ty.plain() {
            Ty::Poison => Turn { key: Ty::Poison, element: Ty::Poison, keyed: true },
            Ty::List(inner) => list((**inner).clone()),
            Ty::Map(inner) => Turn { key: Ty::String, element: (**inner).clone(), keyed: true },
            Ty::Record(record) => {
                let keys = record.fields.keys().map(|k| Ty::Literal(Literal::Text(k.clone())));
                let element = record.fields.values().map(field_value).fold(Ty::Never, join);
                Turn { key: Ty::union(keys), element, keyed: true }
            }
            Ty::Table(table) => list(row_type(table)),
            Ty::Image(_) | Ty::Builds => list(Ty::Build),
            Ty::Late(inner) if self.scope.late_ok => match inner.plain() {
                Ty::List(inner) => list((**inner).clone()),
                Ty::Map(inner) => Turn { key: Ty::String, element: (**inner).clone(), keyed: true },
                _ => list(Ty::Poison),
            },
            Ty::Late(_) => {
                self.late("what a `for` goes through", source);
                list(Ty::Poison)
            }
            Ty::Union(members) if members.iter().all(|m| matches!(m.plain(), Ty::List(_))) => {
                let elements = members
                    .iter()
                    .filter_map(|m| if let Ty::List(inner) = m.plain() { Some((**inner).clone()) } else { None });
                list(elements.fold(Ty::Never, join))
            }
            _ => {
                let hint = Hint::words(match ty.is_text() {
                    true => "go through `lines(text)` or `split(text, separator)`",
                    false => "a `for` goes through a list, map, record, table or image",
                });
                self.report(CheckProblem::Mismatch {
                    name: None,
                    wanted: "something to go through".into(),
                    found: found(&ty),
                    at: source.span,
                    hint,
                });
                Turn { key: Ty::Poison, element: Ty::Poison, keyed: true }
            }
        }
    }

    /// The type of the elements that an axis runs over.
    pub(super) fn axis_elements(&mut self, source: &'a Expr) -> Ty {
        let ty = self.infer(source);
        let ty = self.not_null(source, ty, "what an axis runs over");
        if ty.is_late() {
            return self.late("what an axis runs over", source);
        }
        match ty.plain() {
            Ty::Poison => Ty::Poison,
            Ty::List(inner) => {
                let inner = (**inner).clone();
                if Self::late_inside(&inner) { self.late("a value of an axis", source) } else { inner }
            }
            Ty::Table(table) => row_type(table),
            _ => {
                let help = match ty.plain() {
                    Ty::Map(_) | Ty::Record(_) => "run over its keys: `axis name in keys(map)`",
                    Ty::Image(_) => "an axis runs over values; index the image in a builder's option",
                    _ => "put the values in brackets: `axis name in [\"a\", \"b\"]`",
                };
                self.poison(CheckProblem::Unfit {
                    what: "the source of an axis",
                    ty: found(&ty),
                    at: source.span,
                    help,
                })
            }
        }
    }
}
