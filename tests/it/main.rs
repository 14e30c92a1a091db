//! All tests of the house, in one program.

mod support;

mod book;
mod cli;
mod console;
mod corpus;
mod emitted;
mod examples;
mod generated;
mod facts;
mod house;
mod promises;
#[path = "../peer/packer.rs"]
mod peer;
mod rust;
