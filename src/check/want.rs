//! What the place of an expression takes.

use crate::ty::Ty;
use crate::ty::flow::Lateness;

/// What a place takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Want<'w> {
    pub ty: &'w Ty,
    /// Whether null may stand there beside the values of the type.
    pub null: bool,
    pub late: Lateness,
    /// The option, parameter or column, for messages.
    pub name: Option<&'w str>,
}

impl<'w> Want<'w> {
    pub(super) fn new(ty: &'w Ty, late: Lateness) -> Self {
        Want { ty, null: false, late, name: None }
    }

    pub(super) fn named(self, name: &'w str) -> Self {
        Want { name: Some(name), ..self }
    }

    /// The same place for another type: an element, a field.
    pub(super) fn part(self, ty: &'w Ty) -> Self {
        Want { ty, null: false, ..self }
    }

    /// The type behind names, `?` and `late`, and whether late values are taken.
    pub(super) fn bare(self) -> Want<'w> {
        let mut want = self;
        loop {
            match want.ty {
                Ty::Named(named) => want.ty = &named.ty,
                Ty::Optional(inner) => (want.ty, want.null) = (inner, true),
                Ty::Late(inner) => (want.ty, want.late) = (inner, Lateness::Ignored),
                _ => return want,
            }
        }
    }
}
