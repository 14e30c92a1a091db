//! From text to tree. Parsing never fails: `parse` returns a [`ast::File`] for any input, and what is wrong with it.
//!
//! Floor 2. It knows no option name and no file system.

pub mod ast;
