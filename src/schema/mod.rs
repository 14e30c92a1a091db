//! The schema: every kind of builder, provisioner and post-processor that bakec knows, with its options.
//!
//! Floor 3. The kinds are declared in the language itself, in the prelude beside this file; here they stand as plain data after
//! the program has been resolved, for those who read plans without reading `.bake` files.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use smol_str::SmolStr;

use crate::ty::Field;

/// A kind with its options.
#[derive(Clone, Debug, Default)]
pub struct Kind {
    /// The name: `amazon-ebs`.
    pub name: SmolStr,
    /// Documentation.
    pub doc: SmolStr,
    /// The user's file that declares it; `None` for a kind of the prelude.
    pub file: Option<SmolStr>,
    /// The options in their declared order.
    pub options: IndexMap<SmolStr, Field>,
    /// Whether plans hold it for Packer only: bakec does not run it.
    pub emit_only: bool,
    /// The sets of options that it takes over, in their order. Like all that follows, it is known where kinds are documented.
    pub sets: Vec<OptionSet>,
    /// For each option the set that declares it, an index into `sets`; `None` for those of the kind itself.
    pub homes: Vec<Option<usize>>,
    /// What must hold of the options.
    pub rules: Vec<Rule>,
    /// What must hold of record types among the options' types, by [`Record::declared`](crate::ty::Record::declared).
    pub record_rules: BTreeMap<u32, Vec<Rule>>,
}

/// A set of options that several kinds may share.
#[derive(Clone, Debug)]
pub struct OptionSet {
    /// The name.
    pub name: SmolStr,
    /// The file that declares it.
    pub file: SmolStr,
    /// Documentation.
    pub doc: SmolStr,
}

/// Something that must hold.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What is said where it does not hold; `${…}` as the schema writes it.
    pub message: SmolStr,
    /// The options or members that it is about.
    pub about: Vec<SmolStr>,
    /// The set that declares it, an index into [`Kind::sets`]; `None` for the kind itself.
    pub home: Option<usize>,
}

impl Kind {
    /// The set that declares an option.
    pub fn home(&self, option: usize) -> Option<usize> {
        self.homes.get(option).copied().flatten()
    }
}

/// What a kind is a kind of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// What makes the machine and the image.
    Builder,
    /// A step on the machine: provisioners, cleanups and tests.
    Provisioner,
    /// A step on the artifact.
    Post,
}

impl Category {
    /// All of them, in the order in which a build meets them.
    pub const ALL: [Category; 3] = [Category::Builder, Category::Provisioner, Category::Post];

    /// The word of an `extern` declaration.
    pub fn word(self) -> &'static str {
        match self {
            Category::Builder => "builder",
            Category::Provisioner => "provisioner",
            Category::Post => "post",
        }
    }

    /// The statement of an image that takes such a kind.
    pub fn statement(self) -> &'static str {
        match self {
            Category::Builder => "builder",
            Category::Provisioner => "provision",
            Category::Post => "post",
        }
    }

    /// The name of several, as Packer calls them.
    pub fn plural(self) -> &'static str {
        match self {
            Category::Builder => "builders",
            Category::Provisioner => "provisioners",
            Category::Post => "post-processors",
        }
    }
}

/// The kinds that a program names, or all of them, by category and name.
pub type Kinds = IndexMap<(Category, SmolStr), Kind>;
