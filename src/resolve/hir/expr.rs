//! Expressions, the entries of records and blocks, and text literals.

use std::sync::Arc;

use smol_str::SmolStr;

use crate::resolve::builtin::Builtin;
use crate::syntax::ast::{BinaryOp, UnaryOp};
use crate::template::Action;
use crate::text::Span;
use crate::ty::Pattern;

use super::Ident;

/// `key = value` or `...value`
#[derive(Clone, Debug)]
pub enum Entry {
    /// `key = value`
    Field {
        /// The key.
        key: Ident,
        /// The value.
        value: Expr,
    },
    /// `...value`
    Spread {
        /// What is spread.
        value: Expr,
        /// The whole entry.
        span: Span,
    },
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Which form.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// Something that is wrong and has been reported.
    Poison,
    /// `null`
    Null,
    /// `true`
    Bool(bool),
    /// `5`
    Int(i64),
    /// `1.5`
    Number(f64),
    /// In nanoseconds.
    Duration(i64),
    /// In bytes.
    Size(u64),
    /// A text literal.
    Text(Arc<TextLiteral>),
    /// A param.
    Param(usize),
    /// A variable or secret.
    Variable(usize),
    /// A `let` at the top of a file.
    Let(usize),
    /// A local of the enclosing function, image, group, policy, rule or comprehension.
    Local(u32),
    /// A table.
    Table(usize),
    /// An image.
    Image(usize),
    /// `builds`, in an output.
    Builds,
    /// `e.name`
    Field(Box<Expr>, Ident),
    /// `e[args]`; an argument may be named (`official[region = r]`).
    Index(Box<Expr>, Vec<IndexArg>),
    /// A function with its arguments in the order of its parameters; `None` takes the default.
    CallFunction(usize, Vec<Option<Expr>>),
    /// A built-in function; its arity has been checked.
    Call(Builtin, Vec<Expr>),
    /// `!e`, `-e`
    Unary(UnaryOp, Box<Expr>),
    /// `a op b`; not `matches`. The span is the operator's.
    Binary(BinaryOp, Span, Box<Expr>, Box<Expr>),
    /// `e matches /…/`
    Matches(Box<Expr>, Arc<Pattern>, Span),
    /// `if c then a else b`
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `match e { … }`
    Match(Box<Expr>, Vec<Arm>),
    /// `[a, ...b]`; the flag says spread.
    List(Vec<(Expr, bool)>),
    /// `{ a = 1, ...b }`
    Record(Vec<Entry>),
    /// `[for x in xs if c: e]`
    ForList(Box<For>, Box<Expr>),
    /// `{ for k, v in m if c: k = v }`
    ForRecord(Box<For>, Box<Expr>, Box<Expr>),
}

/// `for a, b in e if c`. The locals are numbered behind those of the enclosing scope.
#[derive(Clone, Debug)]
pub struct For {
    /// One local (element, or value of a map) or two (index or key, then value).
    pub locals: Vec<(u32, Ident)>,
    /// What it runs over.
    pub source: Expr,
    /// The condition.
    pub condition: Option<Expr>,
}

/// An argument of an index.
#[derive(Clone, Debug)]
pub struct IndexArg {
    /// The axis or column, where it is named.
    pub name: Option<Ident>,
    /// The value.
    pub value: Expr,
}

/// An arm of a `match`.
#[derive(Clone, Debug)]
pub struct Arm {
    /// The patterns; empty for `_`.
    pub patterns: Vec<Expr>,
    /// Whether one of the patterns is `_`.
    pub any: bool,
    /// The value.
    pub value: Expr,
    /// The whole arm.
    pub span: Span,
}

/// A text literal with its `{{…}}` parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct TextLiteral {
    /// Its parts.
    pub parts: Vec<TextPart>,
    /// With the quotes.
    pub span: Span,
}

/// A part of a text literal.
#[derive(Clone, Debug)]
pub enum TextPart {
    /// Plain characters.
    Chars(SmolStr),
    /// `{{…}}`
    Action(Arc<LiteralAction>),
    /// `${e}`
    Value(Expr),
}

impl PartialEq for TextPart {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (TextPart::Chars(a), TextPart::Chars(b)) => a == b,
            (TextPart::Action(a), TextPart::Action(b)) => a.source == b.source,
            _ => false,
        }
    }
}

/// `{{…}}` as it stands in a literal.
#[derive(Clone, Debug)]
pub struct LiteralAction {
    /// Decoded, with the braces.
    pub source: SmolStr,
    /// Parsed.
    pub action: Action,
    /// Where it stands.
    pub span: Span,
}

impl Expr {
    /// An expression that has been reported.
    pub fn poison(span: Span) -> Self {
        Expr { kind: ExprKind::Poison, span }
    }

    /// The text of a literal without `${…}` and `{{…}}`.
    pub fn as_plain_text(&self) -> Option<SmolStr> {
        match &self.kind {
            ExprKind::Text(text) => text.as_plain(),
            _ => None,
        }
    }
}

impl TextLiteral {
    /// The text where it holds neither `${…}` nor `{{…}}`.
    pub fn as_plain(&self) -> Option<SmolStr> {
        match self.parts.as_slice() {
            [] => Some(SmolStr::default()),
            [TextPart::Chars(chars)] => Some(chars.clone()),
            _ => None,
        }
    }
}
