//! Files and the items at their top, but for images, groups and what belongs to them.

use smol_str::SmolStr;

use crate::text::Span;

use super::{Expr, Extern, Group, Image, Output, Policy, Text, Type};

/// A parsed file.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// `//!` lines, joined, without the marks.
    pub doc: Option<Doc>,
    /// Items in source order.
    pub items: Vec<Item>,
    /// Every comment of the file, doc comments included, in source order.
    pub comments: Vec<Comment>,
    /// Names that broken items seem to declare: that they are unknown is not worth a message.
    pub broken_names: Vec<Ident>,
    /// The whole file.
    pub span: Span,
}

/// A comment as written, without its line ending.
#[derive(Clone, Debug, PartialEq)]
pub struct Comment {
    /// Which mark begins it.
    pub kind: CommentKind,
    /// From the mark to the end of the line (trailing blanks excluded).
    pub span: Span,
}

/// The four marks of a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommentKind {
    /// `//`
    Slashes,
    /// `#`
    Hash,
    /// `///`
    Doc,
    /// `//!`
    FileDoc,
}

/// Documentation text: the lines of `///` or `//!` without mark and first blank, joined by newlines.
#[derive(Clone, Debug, PartialEq)]
pub struct Doc {
    /// The text.
    pub text: SmolStr,
    /// From the first mark to the end of the last line.
    pub span: Span,
}

/// A name as written. Kinds (`amazon-ebs`) and keys may hold hyphens; identifiers in expressions do not.
#[derive(Clone, Debug, PartialEq)]
pub struct Ident {
    /// The name.
    pub name: SmolStr,
    /// Where it stands.
    pub span: Span,
}

/// An item: what may stand at the top of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// `///` lines above it.
    pub doc: Option<Doc>,
    /// Which item.
    pub kind: ItemKind,
    /// From its first keyword to its end.
    pub span: Span,
}

/// The items of the language.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum ItemKind {
    Import(Import),
    Param(Binding),
    Variable(Binding),
    Secret(Binding),
    Let(Binding),
    Fn(Function),
    Type(TypeItem),
    Table(Table),
    Image(Image),
    Group(Group),
    Policy(Policy),
    Output(Output),
    Extern(Extern),
    /// What did not parse; its problem has been reported.
    Bad,
}

/// `import "path" as name`.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// The path text (no interpolation in it).
    pub path: Text,
    /// The name behind `as`.
    pub alias: Option<Ident>,
}

/// `param|variable|secret|let name: T = e`. A `let` always has a value; the others may lack type or value, not both.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// `///` lines above it (a `let` inside an image has its own; at the top they are the item's).
    pub doc: Option<Doc>,
    /// The name.
    pub name: Ident,
    /// The written type.
    pub ty: Option<Type>,
    /// The value or default.
    pub value: Option<Expr>,
    /// The whole binding.
    pub span: Span,
}

/// `fn name(params) -> T = body`.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// The name.
    pub name: Ident,
    /// Parameters in order.
    pub params: Vec<Parameter>,
    /// The written result type.
    pub result: Option<Type>,
    /// The body.
    pub body: Expr,
}

/// `name: T = default` in a function or group.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The name.
    pub name: Ident,
    /// Its type.
    pub ty: Type,
    /// Its default.
    pub default: Option<Expr>,
    /// The whole parameter.
    pub span: Span,
}

/// `type Name = T`.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeItem {
    /// The name.
    pub name: Ident,
    /// What it stands for.
    pub ty: Type,
}

/// `table t key (k1, k2) { header and rows }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The name.
    pub name: Ident,
    /// The key columns.
    pub key: Vec<Ident>,
    /// The header cells.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
    /// From `{` to `}`.
    pub braces: Span,
}

/// A header cell, `name: T`.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The name.
    pub name: Ident,
    /// The type of its cells.
    pub ty: Type,
}

/// A row. It may have more or fewer cells than the header; that is judged later.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its cells.
    pub cells: Vec<Cell>,
    /// From the first to the last `|`.
    pub span: Span,
}

/// A row's cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What it holds.
    pub kind: CellKind,
    /// Its text without the blanks around it; the place between the bars when it is empty.
    pub span: Span,
}

/// What a cell holds.
#[derive(Clone, Debug, PartialEq)]
pub enum CellKind {
    /// A bare word, read by the column's type.
    Word(SmolStr),
    /// A literal: text, list or record.
    Literal(Expr),
    /// `-`
    Absent,
    /// Nothing between the bars.
    Empty,
}
