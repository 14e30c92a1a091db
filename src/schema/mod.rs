//! The schema: every kind of builder, provisioner and post-processor that bakec knows, with its options.
//!
//! Floor 3. The kinds are declared in the language itself, in the prelude beside this file; here they stand as plain data after
//! the program has been resolved, for those who read plans without reading `.bake` files.

use indexmap::IndexMap;
use smol_str::SmolStr;

use crate::ty::Field;

/// A kind with its options.
#[derive(Clone, Debug)]
pub struct Kind {
    /// The name: `amazon-ebs`.
    pub name: SmolStr,
    /// Documentation.
    pub doc: SmolStr,
    /// The options in their declared order.
    pub options: IndexMap<SmolStr, Field>,
    /// Whether plans hold it for Packer only: bakec does not run it.
    pub emit_only: bool,
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

/// The kinds that a program names, or all of them, by category and name.
pub type Kinds = IndexMap<(Category, SmolStr), Kind>;
