//! Options as attributes and blocks: the schema's types decide. A record is a block and a list of records are blocks of one
//! name, for that is how Packer's plugins declare their structures; a map, and all else, is the value of an attribute.

use smol_str::SmolStr;

use crate::plan::Value;
use crate::ty::{Encoding, describe};

use super::layout::{Body, Expr, key};
use super::text::{Piece, Place, Texts, expression};
use crate::emit::shape::{Shape, word};
use crate::emit::text::holds_braces;

/// Writes options into bodies.
pub(super) struct Writer<'w, 'a, 'p> {
    pub(super) texts: &'w mut Texts<'a>,
    pub(super) place: Place<'p>,
    /// Whether data with a `{{` in it has been written.
    pub(super) braces: bool,
}

impl Writer<'_, '_, '_> {
    /// One option of a block.
    pub(super) fn option(&mut self, body: &mut Body, name: &str, value: &Value, shape: Shape<'_>) {
        match value {
            Value::Record(entries) if shape.is_structure(value) => {
                let inner = self.structure(entries, shape);
                body.block(name.to_owned(), inner);
            }
            Value::List(values) if shape.element().are_structures(values) => {
                for value in values {
                    if let Value::Record(entries) = value {
                        let inner = self.structure(entries, shape.element());
                        body.block(name.to_owned(), inner);
                    }
                }
            }
            value => {
                let value = self.value(value, shape);
                body.attribute(name, value);
            }
        }
    }

    fn structure(&mut self, entries: &[(SmolStr, Value)], shape: Shape<'_>) -> Body {
        let mut body = Body::default();
        for (name, value) in entries {
            self.option(&mut body, name, value, shape.field(name));
        }
        body
    }

    /// A value as an expression.
    pub(super) fn value(&mut self, value: &Value, shape: Shape<'_>) -> Expr {
        let mut out = String::new();
        if word(&mut out, value, shape.encoding()) {
            return Expr::Line(out);
        }
        match value {
            Value::Text(text) | Value::Path(text) => {
                self.braces |= holds_braces(text);
                let path = matches!(value, Value::Path(_));
                if shape.is_list() {
                    self.texts.list(text, path, self.place)
                } else {
                    self.texts.expr(text, path, self.place)
                }
            }
            Value::Duration(nanos) => Expr::text(&describe::duration(*nanos)),
            Value::List(values) => {
                let shape = shape.element();
                Expr::list(values.iter().map(|v| self.value(v, shape)))
            }
            Value::Record(entries) if shape.encoding() == Some(Encoding::Pairs) => {
                Expr::list(entries.iter().map(|(name, value)| self.pair(name, value, shape)))
            }
            Value::Record(entries) => Expr::map(entries.iter().map(|(name, value)| {
                // Packer renders keys as it renders values.
                self.braces |= name.contains("{{");
                (key(&crate::template::escape(name)), self.value(value, shape.field(name)))
            })),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Number(_) | Value::Size(_) => Expr::Line(out),
        }
    }

    /// `K=V` as one text.
    fn pair(&mut self, name: &SmolStr, value: &Value, shape: Shape<'_>) -> Expr {
        let mut pieces = vec![Piece::Text(format!("{}=", crate::template::escape(name)))];
        let more = match value {
            Value::Text(text) | Value::Path(text) => {
                self.braces |= holds_braces(text);
                self.texts.pieces(text, matches!(value, Value::Path(_)), self.place)
            }
            Value::Duration(nanos) => vec![Piece::Text(describe::duration(*nanos))],
            other => match self.value(other, shape.field(name).plain()) {
                Expr::Line(word) => vec![Piece::Text(word)],
                parts => vec![Piece::Expr(format!("jsonencode({})", parts.inline()))],
            },
        };
        for piece in more {
            match (pieces.last_mut(), piece) {
                (Some(Piece::Text(last)), Piece::Text(text)) => last.push_str(&text),
                (_, piece) => pieces.push(piece),
            }
        }
        expression(&pieces)
    }
}
