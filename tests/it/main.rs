//! All tests of the house, in one program.

mod support;

mod book;
mod console;
mod corpus;
mod examples;
mod generated;
mod house;
mod program;
mod promises;
#[path = "../peer/packer.rs"]
mod peer;
mod rust;
