//! All tests of the house, in one program.

<<<<<<< HEAD
mod support;

mod book;
mod console;
mod corpus;
mod examples;
mod generated;
=======
mod facts;
>>>>>>> template
mod house;
mod program;
mod promises;
#[path = "../peer/packer.rs"]
mod peer;
mod rust;
