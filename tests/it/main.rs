//! All tests of the house, in one program.

mod program;
mod support;

mod book;
mod console;
mod corpus;
mod examples;
mod generated;
mod facts;
mod house;
mod promises;
#[path = "../peer/packer.rs"]
mod peer;
mod rust;
