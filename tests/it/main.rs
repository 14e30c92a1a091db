//! All tests of the house, in one program.

mod program;
mod support;

mod book;
mod cli;
mod completions;
mod console;
mod corpus;
mod doc;
mod emitted;
mod examples;
mod facts;
mod fuzzed;
mod generated;
mod growth;
mod hostile;
mod house;
mod init;
mod limits;
mod moving;
mod oracle;
#[path = "../peer/packer.rs"]
mod peer;
mod prelude;
mod promises;
mod properties;
mod rust;
mod schema;
mod spec;
