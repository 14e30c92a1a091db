//! Expressions, and the entries of records and blocks.

use smol_str::SmolStr;

use crate::text::Span;

use super::{Ident, Regex, Text};

/// A binding of a record or block: `key = value`, `...spread`, or what did not parse.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// `key = value`
    Field {
        /// The key.
        key: Key,
        /// The value.
        value: Expr,
        /// The whole entry.
        span: Span,
    },
    /// `...e`
    Spread {
        /// What is spread.
        value: Expr,
        /// The whole entry.
        span: Span,
    },
    /// What did not parse.
    Bad(Span),
}

/// The key of an entry: any word, or a text in quotes.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The decoded key.
    pub name: SmolStr,
    /// As written, with quotes.
    pub span: Span,
    /// Whether it stands in quotes.
    pub quoted: bool,
}

/// An argument of a call, an index or `use`: by position or by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    /// The name before `=`.
    pub name: Option<Ident>,
    /// The value.
    pub value: Expr,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Which form.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `42`
    Int(i64),
    /// `1.5`
    Number(f64),
    /// `1h30m`, in nanoseconds.
    Duration(i64),
    /// `8GiB`, in bytes.
    Size(u64),
    /// Text in any of the four quotes.
    Text(Text),
    /// `/…/`; stands only behind `matches`.
    Regex(Regex),
    /// A name.
    Name(SmolStr),
    /// `e.name`
    Field(Box<Expr>, Ident),
    /// `e[args]`
    Index(Box<Expr>, Vec<Arg>),
    /// `e(args)`
    Call(Box<Expr>, Vec<Arg>),
    /// `!e`, `-e`
    Unary(UnaryOp, Box<Expr>),
    /// `a op b`; the span is the operator's.
    Binary(BinaryOp, Span, Box<Expr>, Box<Expr>),
    /// `if c then a else b`
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `match e { p => v }`
    Match(Box<Expr>, Vec<Arm>),
    /// `[a, ...b]`
    List(Vec<Element>),
    /// `{ a = 1, ...b }`
    Record(Vec<Entry>),
    /// `[for x in xs if c: e]`
    ForList(Box<ForClause>, Box<Expr>),
    /// `{ for k, v in m if c: k = v }`; the key is an expression.
    ForRecord(Box<ForClause>, Box<Expr>, Box<Expr>),
    /// `(e)`; kept for the formatter.
    Paren(Box<Expr>),
    /// What did not parse.
    Bad,
}

/// `for a, b in e if c`.
#[derive(Clone, Debug, PartialEq)]
pub struct ForClause {
    /// One name (element, or value of a map) or two (index or key, then value).
    pub names: Vec<Ident>,
    /// What it runs over.
    pub source: Expr,
    /// The condition.
    pub condition: Option<Expr>,
}

/// An element of a list.
#[derive(Clone, Debug, PartialEq)]
pub enum Element {
    /// A value.
    Value(Expr),
    /// `...e`
    Spread(Expr, Span),
}

/// `p => v`; several patterns by `|`.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// The patterns.
    pub patterns: Vec<Pattern>,
    /// The value.
    pub value: Expr,
    /// The whole arm.
    pub span: Span,
}

/// A pattern: a literal, or `_`.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// A literal (text without interpolation, number, `true`, `false`, `null`).
    Literal(Expr),
    /// `_`
    Any(Span),
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum UnaryOp {
    Not,
    Negate,
}

/// Infix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Multiply,
    Divide,
    Remainder,
    Add,
    Subtract,
    Default,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    Matches,
    And,
    Or,
}

impl BinaryOp {
    /// The operator as written.
    pub fn symbol(self) -> &'static str {
        use BinaryOp::*;
        match self {
            Multiply => "*",
            Divide => "/",
            Remainder => "%",
            Add => "+",
            Subtract => "-",
            Default => "??",
            Equal => "==",
            NotEqual => "!=",
            Less => "<",
            LessEqual => "<=",
            Greater => ">",
            GreaterEqual => ">=",
            In => "in",
            Matches => "matches",
            And => "&&",
            Or => "||",
        }
    }

    /// How tightly it binds; higher is tighter.
    pub fn precedence(self) -> u8 {
        use BinaryOp::*;
        match self {
            Multiply | Divide | Remainder => 6,
            Add | Subtract => 5,
            Default => 4,
            Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual | In | Matches => 3,
            And => 2,
            Or => 1,
        }
    }
}
