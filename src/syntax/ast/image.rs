//! Images, groups and policies: what they hold and in which form.

use crate::text::Span;

use super::{Arg, Binding, Doc, Entry, Expr, ExternKind, Ident, Parameter, Text};

/// `image name { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// The name.
    pub name: Ident,
    /// Its statements in order.
    pub body: Vec<ImageItem>,
}

/// A statement of an image or group. What a group may not hold (a matrix, a builder …) is judged by the resolver.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum ImageItem {
    Matrix(Matrix),
    Let(Binding),
    /// `name = e`
    Name {
        value: Expr,
        span: Span,
    },
    /// `builder`, `provision`, `cleanup`, `test`
    Block(Block),
    Use(Use),
    Post(Post),
    /// `retain { … }`
    Retain {
        body: Vec<Entry>,
        keyword: Span,
        span: Span,
    },
    /// What did not parse.
    Bad(Span),
}

/// `matrix { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// Its statements in order.
    pub items: Vec<MatrixItem>,
    /// The word `matrix`.
    pub keyword: Span,
    /// The whole block.
    pub span: Span,
}

/// A statement of a matrix.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum MatrixItem {
    Axis(Axis),
    Let(Binding),
    Exclude(Exclude),
    Bad(Span),
}

/// `axis a in e`, or `axis { a, b } in table`.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// One name, or the bound columns.
    pub names: Vec<Ident>,
    /// Whether the names stand in braces.
    pub columns: bool,
    /// What it runs over.
    pub source: Expr,
    /// The whole statement.
    pub span: Span,
}

/// `exclude when e because "…"`.
#[derive(Clone, Debug, PartialEq)]
pub struct Exclude {
    /// The condition.
    pub when: Expr,
    /// The reason.
    pub because: Option<Text>,
    /// The whole statement.
    pub span: Span,
}

/// Which statement a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BlockKind {
    Builder,
    Provision,
    Cleanup,
    Test,
    Post,
}

impl BlockKind {
    /// Which kinds the statement takes.
    pub fn category(self) -> ExternKind {
        match self {
            BlockKind::Builder => ExternKind::Builder,
            BlockKind::Provision | BlockKind::Cleanup | BlockKind::Test => ExternKind::Provisioner,
            BlockKind::Post => ExternKind::Post,
        }
    }
}

/// `builder KIND ["label"] [when e] { entries }`, and the same for the other block statements.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// `///` lines above it.
    pub doc: Option<Doc>,
    /// Which statement.
    pub statement: BlockKind,
    /// The keyword (for a link of a post chain, the kind itself).
    pub keyword: Span,
    /// The kind, `amazon-ebs`.
    pub kind: Ident,
    /// The label in quotes.
    pub label: Option<Text>,
    /// The condition.
    pub when: Option<Expr>,
    /// The options.
    pub body: Vec<Entry>,
    /// The whole block.
    pub span: Span,
}

/// `use group(args) when e`.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// The group, perhaps behind a namespace: `ubuntu.hardening`.
    pub group: Vec<Ident>,
    /// The arguments.
    pub args: Vec<Arg>,
    /// The condition.
    pub when: Option<Expr>,
    /// The whole statement.
    pub span: Span,
}

/// `post KIND { … }` (one link) or `post { a { … } then b { … } }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// Whether the links stand in braces.
    pub chain: bool,
    /// The links in order.
    pub links: Vec<Block>,
    /// The condition of the whole chain (a single post has its own).
    pub when: Option<Expr>,
    /// The word `post`.
    pub keyword: Span,
    /// The whole statement.
    pub span: Span,
}

/// `group name(params) { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The name.
    pub name: Ident,
    /// Its parameters.
    pub params: Vec<Parameter>,
    /// Its statements.
    pub body: Vec<ImageItem>,
}

/// `policy name for b in builds when e { require … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The name.
    pub name: Ident,
    /// The variable that stands for a build.
    pub variable: Ident,
    /// What it runs over: the name `builds`.
    pub domain: Ident,
    /// The condition.
    pub when: Option<Expr>,
    /// Its requirements.
    pub requires: Vec<Require>,
}

/// `require e, "message"`.
#[derive(Clone, Debug, PartialEq)]
pub struct Require {
    /// What must hold.
    pub condition: Expr,
    /// What to say when it does not; may interpolate.
    pub message: Expr,
    /// The whole statement.
    pub span: Span,
}

/// `output "file" = e`.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The file.
    pub file: Text,
    /// The value.
    pub value: Expr,
}
