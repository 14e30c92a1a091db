//! Where the names of a program stand, and what each of them means there: for editors, which jump, rename and colour by it.
//!
//! The resolver notes every name that it resolves, the checker those of fields and options, whose meaning depends on types. Names
//! inside the prelude are not noted; nobody edits it. What is written around a name is the syntax tree's.

use super::Lowerer;
use super::builtin::Builtin;
use super::hir::Ident;
use super::scope::Def;
use crate::text::{FileId, Span};

/// What a name stands for. Indices are those of [`Program`](super::Program).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Symbol {
    /// A param.
    Param(usize),
    /// A variable or secret.
    Variable(usize),
    /// A `let` at the top of a file.
    Let(usize),
    /// A function.
    Function(usize),
    /// A table.
    Table(usize),
    /// An image.
    Image(usize),
    /// A group.
    Group(usize),
    /// A policy.
    Policy(usize),
    /// A named type, by the place of its name.
    Type(Span),
    /// A set of options, by the place of its name.
    OptionSet(Span),
    /// A kind of builder, provisioner or post-processor.
    Kind(usize),
    /// A built-in function.
    Builtin(Builtin),
    /// An imported file.
    File(FileId),
    /// An axis, a `let` of an image, a parameter, a loop's variable: by the place of its name.
    Local(Span),
    /// A column, an option, a field of a record: by the place of its name. That of the prelude's options lies in the prelude.
    Member(Span),
}

/// A name where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Mention {
    /// The name.
    pub at: Span,
    /// What it stands for.
    pub symbol: Symbol,
    /// Whether it is declared here.
    pub declares: bool,
}

impl From<Def> for Symbol {
    fn from(def: Def) -> Self {
        match def {
            Def::Param(i) => Symbol::Param(i),
            Def::Variable(i) => Symbol::Variable(i),
            Def::Let(i) => Symbol::Let(i),
            Def::Function(i) => Symbol::Function(i),
            Def::Table(i) => Symbol::Table(i),
            Def::Image(i) => Symbol::Image(i),
            Def::Group(i) => Symbol::Group(i),
        }
    }
}

impl Lowerer<'_> {
    /// Notes a name that is used.
    pub(super) fn mention(&mut self, at: Span, symbol: impl Into<Symbol>) {
        self.note(Mention { at, symbol: symbol.into(), declares: false });
    }

    /// Notes a name that is declared.
    pub(super) fn introduce(&mut self, name: &Ident, symbol: impl Into<Symbol>) {
        self.note(Mention { at: name.span, symbol: symbol.into(), declares: true });
    }

    fn note(&mut self, mention: Mention) {
        if !mention.at.file.is_builtin() {
            self.program.mentions.push(mention);
        }
    }
}
