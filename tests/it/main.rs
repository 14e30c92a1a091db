//! All tests of the house, in one program.

mod program;
mod support;

mod book;
mod cli;
mod console;
mod corpus;
mod emitted;
mod examples;
mod facts;
mod generated;
mod hcl;
mod hostile;
mod house;
mod layers;
#[path = "../peer/packer.rs"]
mod peer;
#[path = "../peer/targets.rs"]
mod peer_targets;
mod prelude;
mod promises;
mod properties;
mod rust;
mod spec;
