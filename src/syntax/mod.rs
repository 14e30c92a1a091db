//! From text to tree. Parsing never fails: [`parse`] returns a [`ast::File`] for any input, and what is wrong with it.
//!
//! Floor 2. It knows no option name and no file system. The way of a text: `scan` looks over it once (comments, nesting,
//! open quotes), `parser` is the grammar `grammar/bake.pest`, `recover` drives it over the file in pieces (`together`) or item by item, `lower` builds
//! the tree, `report` and `problem` have the words.

pub mod ast;
mod habit;
mod lower;
mod parser;
mod problem;
mod recover;
mod report;
mod same;
mod scan;
mod symbol;
pub mod together;

#[cfg(test)]
mod tests;

pub use lower::MAX_TREE;
pub use problem::SyntaxProblem;
pub use recover::{Parse, parse, parse_expr, parse_literal};
pub use same::same;
pub use scan::MAX_DEPTH;
