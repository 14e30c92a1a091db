//! The options of a block, evaluated for one build.

use std::rc::Rc;
use std::sync::Arc;

use smol_str::SmolStr;

use super::value::Value;
use crate::plan;
use crate::resolve::hir::{Declared, Fact, FactArg};
use crate::text::Span;

/// The value of an option, as rules read it and as the plan keeps it.
#[derive(Debug)]
pub(super) struct Frozen {
    pub(super) value: Value,
    pub(super) setting: Arc<plan::Setting>,
    /// Where the option's name stands.
    pub(super) key: Span,
    /// Whether it refers to AMIs of builds.
    pub(super) with_amis: bool,
}

/// The options of one build, in the order in which they are written.
#[derive(Debug, Default)]
pub(super) struct Options(Vec<(SmolStr, Rc<Frozen>)>);

impl Options {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Options(Vec::with_capacity(capacity))
    }

    pub(super) fn push(&mut self, name: SmolStr, frozen: Rc<Frozen>) {
        self.0.push((name, frozen));
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&SmolStr, &Rc<Frozen>)> {
        self.0.iter().map(|(name, frozen)| (name, frozen))
    }

    /// The option of a name.
    pub(super) fn get(&self, name: &str) -> Option<&Rc<Frozen>> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, frozen)| frozen)
    }

    /// The option of a field of the kind.
    pub(super) fn field(&self, declared: &Declared, index: usize) -> Option<&Rc<Frozen>> {
        self.get(declared.fields.get_index(index)?.0)
    }

    /// Whether the option that a statement asks for has the value that it names: `remote(path, option, "value")`.
    pub(super) fn meet(&self, fact: &Fact, declared: &Declared) -> bool {
        let [.., FactArg::Option(other), FactArg::Text(wanted)] = fact.args.as_slice() else { return false };
        self.field(declared, *other).and_then(|f| f.value.display()).is_some_and(|given| given == *wanted)
    }
}
