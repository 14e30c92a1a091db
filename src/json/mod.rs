//! JSON as people write it: comments are read over, every value knows its place, and common slips have their own names.
//!
//! Floor 2. It knows neither Packer nor any option's name, and opens no file. [`parse`](fn@parse) is total: any text gives a
//! [`Parse`], whose value is what could be read and whose problems say what could not. What a value means is for `load`
//! and `packer`, one floor up.

mod parse;
mod problem;
mod scalar;
#[cfg(test)]
mod tests;

pub use parse::parse;
pub use problem::JsonProblem;

use crate::text::Span;

/// Records and lists inside each other beyond this are refused, so that no walk over a value can exhaust the stack.
pub const MAX_DEPTH: usize = 128;

/// What was read from a text.
#[derive(Clone, Debug)]
pub struct Parse {
    /// The value as far as it could be read; members and elements that could not be are left out of it.
    pub value: Option<Node>,
    /// All mistakes in the order in which they were met, up to a limit that keeps a binary file from filling memory. Without any,
    /// `value` is the whole text's.
    pub problems: Vec<JsonProblem>,
}

/// A value and its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// The value.
    pub kind: NodeKind,
    /// From its first byte to its last, quotes and brackets included.
    pub span: Span,
}

/// The six sorts of values.
#[derive(Clone, PartialEq, Debug)]
pub enum NodeKind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it is written, in the form that JSON allows.
    Number(String),
    /// A text with its escapes resolved.
    Text(String),
    /// `[…]`
    List(Vec<Node>),
    /// `{…}` in the order of the text, each key once: of a duplicate the first stays.
    Record(Vec<(Key, Node)>),
}

/// The name of a member and its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Key {
    /// The name with its escapes resolved.
    pub name: String,
    /// The name with its quotes.
    pub span: Span,
}
