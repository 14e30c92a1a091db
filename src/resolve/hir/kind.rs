//! Kinds and records as the schema declares them: options with their defaults, rules, facts, and what must be unique.

use indexmap::IndexMap;
use smol_str::SmolStr;

use crate::resolve::fact::FactName;
use crate::syntax::ast::ExternKind;
use crate::text::Span;
use crate::ty::Field;

use super::{Expr, Ident, Require};

/// A kind of builder, provisioner or post-processor.
#[derive(Clone, Debug)]
pub struct Kind {
    /// What it is.
    pub category: ExternKind,
    /// Its name.
    pub name: Ident,
    /// Documentation.
    pub doc: SmolStr,
    /// The sets of options that it takes over, in their order, those of sets before the sets.
    pub sets: Vec<OptionSet>,
    /// Its options, rules and defaults: an index into [`Program::records`].
    pub record: usize,
    /// Whether it comes from the prelude.
    pub prelude: bool,
}

/// A set of options that kinds take over.
#[derive(Clone, Debug)]
pub struct OptionSet {
    /// Its name.
    pub name: Ident,
    /// Documentation.
    pub doc: SmolStr,
    /// The whole declaration.
    pub span: Span,
}

/// A record's fields with what is written in expressions about them. In its expressions field `n` is local `n`.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// The fields or options.
    pub fields: IndexMap<SmolStr, Field>,
    /// Defaults, by field; a default sees no locals.
    pub defaults: Vec<Option<Expr>>,
    /// Rules.
    pub rules: Vec<Require>,
    /// Questions to EC2's facts, and roles of options.
    pub facts: Vec<Fact>,
    /// What must be unique among builds.
    pub uniques: Vec<Unique>,
    /// Whether all of it comes from the prelude, whose rules and defaults are known to be right.
    pub prelude: bool,
}

/// `fact name(args)`
#[derive(Clone, Debug)]
pub struct Fact {
    /// Which fact.
    pub name: FactName,
    /// Options (by index of the field) and literals.
    pub args: Vec<FactArg>,
    /// The whole statement.
    pub span: Span,
}

/// An argument of a fact.
#[derive(Clone, Debug)]
pub enum FactArg {
    /// The value of an option.
    Option(usize),
    /// A text written in the schema.
    Text(SmolStr),
}

/// `unique a per b`
#[derive(Clone, Debug)]
pub struct Unique {
    /// The option that must differ, by index of the field.
    pub option: usize,
    /// The options that say where.
    pub per: Vec<usize>,
}

impl Declared {
    /// The statements of a fact.
    pub fn facts_of(&self, name: FactName) -> impl Iterator<Item = &Fact> {
        self.facts.iter().filter(move |fact| fact.name == name)
    }

    /// The name of the option that has a role such as [`FactName::Placed`].
    pub fn role(&self, name: FactName) -> Option<&SmolStr> {
        let index = self.facts_of(name).next()?.option()?;
        self.fields.get_index(index).map(|(name, _)| name)
    }
}

impl Fact {
    /// The option that it is about, by index of the field: its first argument.
    pub fn option(&self) -> Option<usize> {
        self.args.first().and_then(FactArg::option)
    }
}

impl FactArg {
    /// The option that it names, by index of the field.
    pub fn option(&self) -> Option<usize> {
        match self {
            FactArg::Option(index) => Some(*index),
            FactArg::Text(_) => None,
        }
    }
}
