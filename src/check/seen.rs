//! What the checker sees on its way and does not need afterwards: for editors, which show and propose it.
//!
//! A plain compilation keeps none of it.

use super::Checker;
use super::want::Want;
use crate::resolve::hir::Expr;
use crate::resolve::mention::{Mention, Symbol};
use crate::text::Span;
use crate::ty::{Field, Ty};

/// Types and names by where they stand. Where an expression was looked at more than once, the last word counts.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The type of each expression.
    pub types: Vec<(Span, Ty)>,
    /// What the place of an expression takes, where it takes something in particular.
    pub wants: Vec<(Span, Ty)>,
    /// Names whose meaning depends on types: fields, options, columns, axes of an index.
    pub mentions: Vec<Mention>,
    /// The options or fields that the entries of a block or record may be, by the first and the last of them that stand there:
    /// what is underlined for it as a whole.
    pub records: Vec<(Span, Vec<Offer>)>,
}

/// An option or field that may stand in a block or record.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The name.
    pub name: smol_str::SmolStr,
    /// What is known of it.
    pub field: Field,
    /// Whether it is given, also by a spread.
    pub given: bool,
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
