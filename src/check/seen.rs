//! What the checker sees on its way and does not need afterwards: for editors, which show and propose it.
//!
//! A plain compilation keeps none of it.

use super::Checker;
use super::want::Want;
use crate::resolve::hir::Expr;
use crate::resolve::mention::{Mention, Symbol};
use crate::text::Span;
use crate::ty::Ty;

/// Types and names by where they stand. Where an expression was looked at more than once, the last word counts.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The type of each expression.
    pub types: Vec<(Span, Ty)>,
    /// What the place of an expression takes, where it takes something in particular.
    pub wants: Vec<(Span, Ty)>,
    /// Names whose meaning depends on types: fields, options, columns, axes of an index.
    pub mentions: Vec<Mention>,
}

impl<'a> Checker<'a> {
    /// Notes what the place of an expression takes.
    pub(super) fn saw_want(&mut self, expr: &Expr, want: Option<Want<'_>>) {
        if let (Some(seen), Some(want)) = (self.seen.as_deref_mut(), want)
            && !expr.span.file.is_builtin()
        {
            seen.wants.push((expr.span, want.ty.clone()));
        }
    }

    /// Notes the type of an expression.
    pub(super) fn saw_type(&mut self, expr: &Expr, ty: &Ty) {
        if let Some(seen) = self.seen.as_deref_mut()
            && !expr.span.file.is_builtin()
        {
            seen.types.push((expr.span, ty.clone()));
        }
    }

    /// Notes a name of a field, option, column or axis.
    pub(super) fn saw_name(&mut self, at: Span, symbol: Symbol) {
        if let Some(seen) = self.seen.as_deref_mut()
            && !at.file.is_builtin()
        {
            seen.mentions.push(Mention { at, symbol, declares: false });
        }
    }
}
