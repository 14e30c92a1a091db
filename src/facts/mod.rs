//! EC2's own facts: regions and zones, instance types and where they are offered.
//!
//! Floor 1. It knows texts, not options and not the language: what follows from a fact is for the schema's rules to say. What the
//! facts do not hold is *unknown* ([`None`]), never *no*: a region can be younger than the table.
//!
//! The built-in table is packed (`data/ec2.txt`) and searched where it lies: a look-up reads one line. [`Facts::from_tsv`]
//! packs another table in its place; `tests/it/facts.rs` makes the built-in one again.

mod pack;
pub mod regions;
mod types;

pub use pack::{FactsProblem, pack};
pub use types::{Facts, InstanceType, Words};
