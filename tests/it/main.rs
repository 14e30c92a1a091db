//! All tests of the house, in one program.

mod support;

mod book;
mod console;
mod corpus;
mod examples;
mod facts;
mod generated;
mod house;
#[path = "../peer/packer.rs"]
mod peer;
mod promises;
mod rust;
