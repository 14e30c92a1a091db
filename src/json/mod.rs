//! JSON with a place for every key and value: files of parameters and variables.
//!
//! Floor 2. It knows text and diagnostics, not what the values mean. Comments are allowed (`//`, `#`, `/* */`); everything else
//! that JSON forbids is named, and what follows a mistake is read on, so that one reading shows all of them.

mod problem;
mod reader;

pub use problem::JsonProblem;
pub use reader::{DEPTH_LIMIT, parse};

use crate::text::Span;

/// A read file: its value, where there is one, and all that is wrong with it.
#[derive(Clone, PartialEq, Debug)]
pub struct Parse {
    /// The value; incomplete when there are problems.
    pub value: Option<Node>,
    /// In the order of the text.
    pub problems: Vec<JsonProblem>,
    /// The comments with their marks, in the order of the text.
    pub comments: Vec<Span>,
}

/// A value and its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// The value.
    pub kind: Kind,
    /// From its first to its last character.
    pub span: Span,
}

/// The kinds of JSON's values.
#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as written.
    Number(String),
    /// A text, decoded.
    Text(String),
    /// `[ … ]`
    List(Vec<Node>),
    /// `{ … }` in the order of the text, each key once.
    Record(Vec<(Key, Node)>),
}

/// A key of a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// Decoded.
    pub name: String,
    /// With its quotes.
    pub span: Span,
}

impl Node {
    /// What the value is, in words.
    pub fn describe(&self) -> &'static str {
        match self.kind {
            Kind::Null => "`null`",
            Kind::Bool(_) => "a truth value",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Record(_) => "a record",
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The keys and values, if it is a record.
    pub fn record(&self) -> Option<&[(Key, Node)]> {
        match &self.kind {
            Kind::Record(members) => Some(members),
            _ => None,
        }
    }

    /// The elements, if it is a list.
    pub fn list(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// The value without its places. A number that serde_json does not hold is a text.
    pub fn plain(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(bool) => (*bool).into(),
            Kind::Number(written) => serde_json::from_str(written).unwrap_or_else(|_| Value::String(written.clone())),
            Kind::Text(text) => text.as_str().into(),
            Kind::List(nodes) => nodes.iter().map(Node::plain).collect(),
            Kind::Record(members) => members.iter().map(|(key, node)| (key.name.clone(), node.plain())).collect(),
        }
    }

    /// The value of a key, if it is a record that has it.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.record()?.iter().find(|(key, _)| key.name == name).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests;
