//! Values of the evaluator. Each keeps the place of the literal that made it, so that a value error is shown there.

use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use smol_str::SmolStr;

use crate::plan::Scalar;
use crate::resolve::hir::LiteralAction;
use crate::text::Span;

/// A value and its origin.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) data: Data,
    pub(super) origin: Span,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Data {
    Null,
    Bool(bool),
    Int(i64),
    Number(f64),
    Duration(i64),
    Size(u64),
    Text(Text),
    List(Arc<Vec<Value>>),
    Record(Arc<Record>),
    /// A whole variable, by its index.
    Variable(usize),
    /// A table, by its index.
    Table(usize),
    /// An image, by its index.
    Image(usize),
    /// One cell of an image, as policies and outputs see it.
    Build(CellRef),
    /// While a rule is decided: something that is known only when the plan runs.
    Unknown,
}

/// One cell of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct CellRef {
    pub(super) image: u32,
    pub(super) cell: u32,
}

/// Text: known characters, or parts.
#[derive(Clone, Debug)]
pub(super) enum Text {
    Plain(SmolStr),
    Parts(Arc<[Part]>),
}

/// A part of a text.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Chars(SmolStr),
    Action(Arc<LiteralAction>),
    Variable(usize),
    Ami(CellRef, Option<SmolStr>),
}

/// Fields by name, in order, with the place of each key.
pub(super) type Record = IndexMap<SmolStr, Field, FxBuildHasher>;

/// A field of a record.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) key: Span,
    pub(super) value: Value,
}

impl Value {
    pub(super) fn new(data: Data, origin: Span) -> Self {
        Value { data, origin }
    }

    pub(super) fn text(text: impl Into<SmolStr>, origin: Span) -> Self {
        Value { data: Data::Text(Text::Plain(text.into())), origin }
    }

    pub(super) fn list(values: Vec<Value>, origin: Span) -> Self {
        Value { data: Data::List(Arc::new(values)), origin }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.data, Data::Null)
    }

    /// The characters of an early text.
    pub(super) fn as_text(&self) -> Option<&SmolStr> {
        match &self.data {
            Data::Text(Text::Plain(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether any part of it is known only when the plan runs.
    pub(super) fn is_late(&self) -> bool {
        match &self.data {
            Data::Variable(_) | Data::Unknown | Data::Text(Text::Parts(_)) => true,
            Data::List(list) => list.iter().any(Value::is_late),
            Data::Record(record) => record.values().any(|f| f.value.is_late()),
            _ => false,
        }
    }

    /// The value as the coordinate of a cell or the key of a row.
    pub(super) fn scalar(&self) -> Option<Scalar> {
        Some(match &self.data {
            Data::Bool(b) => Scalar::Bool(*b),
            Data::Int(i) => Scalar::Int(*i),
            Data::Text(Text::Plain(text)) => Scalar::Text(text.clone()),
            Data::Number(n) => Scalar::Text(smol_str::format_smolstr!("{n}")),
            Data::Duration(d) => Scalar::Text(crate::ty::describe::duration(*d).into()),
            Data::Size(s) => Scalar::Text(crate::ty::describe::size(*s).into()),
            _ => return None,
        })
    }

    /// How `${…}` writes it, where all of it is known.
    pub(super) fn display(&self) -> Option<SmolStr> {
        Some(match &self.data {
            Data::Text(Text::Plain(text)) => text.clone(),
            Data::Bool(b) => smol_str::format_smolstr!("{b}"),
            Data::Int(i) => smol_str::format_smolstr!("{i}"),
            Data::Number(n) => smol_str::format_smolstr!("{n}"),
            Data::Duration(d) => crate::ty::describe::duration(*d).into(),
            Data::Size(s) => crate::ty::describe::size(*s).into(),
            _ => return None,
        })
    }

    /// Whether two values are equal; `None` where that is known only when the plan runs.
    pub(super) fn equals(&self, other: &Value) -> Option<bool> {
        Some(match (&self.data, &other.data) {
            // A late value counts as present.
            (Data::Null, Data::Null) => true,
            (Data::Null, _) | (_, Data::Null) => false,
            (Data::Unknown, _) | (_, Data::Unknown) => return None,
            (Data::Variable(a), Data::Variable(b)) if a == b => true,
            (Data::Variable(_), _) | (_, Data::Variable(_)) => return None,
            (Data::Text(Text::Plain(a)), Data::Text(Text::Plain(b))) => a == b,
            (Data::Text(_), Data::Text(_)) => return None,
            (Data::Bool(a), Data::Bool(b)) => a == b,
            (Data::Int(a), Data::Int(b)) => a == b,
            (Data::Int(a), Data::Number(b)) | (Data::Number(b), Data::Int(a)) => *a as f64 == *b,
            (Data::Number(a), Data::Number(b)) => a == b,
            (Data::Duration(a), Data::Duration(b)) => a == b,
            (Data::Size(a), Data::Size(b)) => a == b,
            (Data::List(a), Data::List(b)) => {
                if a.len() != b.len() {
                    return Some(false);
                }
                all(a.iter().zip(b.iter()).map(|(a, b)| a.equals(b)))?
            }
            (Data::Record(a), Data::Record(b)) => {
                if a.len() != b.len() || !a.keys().all(|k| b.contains_key(k)) {
                    return Some(false);
                }
                all(a.iter().map(|(k, f)| b.get(k).map_or(Some(false), |g| f.value.equals(&g.value))))?
            }
            (Data::Build(a), Data::Build(b)) => a == b,
            (Data::Image(a), Data::Image(b)) | (Data::Table(a), Data::Table(b)) => a == b,
            _ => false,
        })
    }
}

/// Three-valued conjunction: false wins over unknown.
fn all(mut facts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    loop {
        match facts.next() {
            None => return known.then_some(true),
            Some(Some(false)) => return Some(false),
            Some(None) => known = false,
            Some(Some(true)) => {}
        }
    }
}
