//! The resolved program: every name is an index, every type a [`Ty`], the layout of the source is gone.
//!
//! The checker and the evaluator walk the same tree. Wherever something could not be resolved there is a
//! [`ExprKind::Poison`] or an absent index, already reported. Here is what files declare; [`expr`] has the expressions, [`kind`]
//! what the schema says of kinds and records.

mod expr;
mod kind;

use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::resolve::mention::Mention;
use crate::syntax::ast::{BlockKind, ExternKind};
use crate::text::{FileId, Span};
use crate::ty::{TableTy, Ty};

/// A name with its place.
pub use crate::syntax::ast::Ident;
pub use expr::{Arm, Entry, Expr, ExprKind, For, IndexArg, LiteralAction, TextLiteral, TextPart};
pub use kind::{Declared, Fact, FactArg, Kind, OptionSet, Unique};

/// A whole program. References between its parts are indices into these lists.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Values known at compile time.
    pub params: Vec<Input>,
    /// Values known when the plan runs, secrets among them.
    pub variables: Vec<Input>,
    /// The variables by name.
    pub variable_names: FxHashMap<SmolStr, usize>,
    /// `let`s at the top of files.
    pub lets: Vec<Let>,
    /// Functions.
    pub functions: Vec<Function>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Images of all files; the plan takes the root's and those they reach.
    pub images: Vec<Image>,
    /// Groups.
    pub groups: Vec<Group>,
    /// Policies of all files.
    pub policies: Vec<Policy>,
    /// Outputs of the root file.
    pub outputs: Vec<Output>,
    /// Kinds: those of the prelude that the program names, and the user's.
    pub kinds: IndexMap<(ExternKind, SmolStr), Kind>,
    /// Record types that were declared with defaults or rules, and the option lists of kinds.
    pub records: Vec<Declared>,
    /// The file that was compiled.
    pub root: Option<FileId>,
    /// Named types: name, documentation, what they stand for.
    pub types: Vec<NamedType>,
    /// The names that were resolved, in no order.
    pub mentions: Vec<Mention>,
}

/// `type Name = T`
#[derive(Clone, Debug)]
pub struct NamedType {
    /// The name.
    pub name: Ident,
    /// The type, under its name.
    pub ty: Ty,
}

/// A param, variable or secret.
#[derive(Clone, Debug)]
pub struct Input {
    /// The name and where it is declared first.
    pub name: Ident,
    /// Documentation.
    pub doc: SmolStr,
    /// The written type.
    pub ty: Option<Ty>,
    /// The default.
    pub default: Option<Expr>,
    /// Whether it is a secret.
    pub secret: bool,
    /// The whole declaration.
    pub span: Span,
}

/// `let x = e`
#[derive(Clone, Debug)]
pub struct Let {
    /// The name.
    pub name: Ident,
    /// The written type.
    pub ty: Option<Ty>,
    /// The value.
    pub value: Expr,
}

/// A function. Its parameters are the locals `0..params.len()`.
#[derive(Clone, Debug)]
pub struct Function {
    /// The name.
    pub name: Ident,
    /// Parameters.
    pub params: Vec<Parameter>,
    /// The written result type.
    pub result: Option<Ty>,
    /// The body.
    pub body: Expr,
}

/// A parameter of a function or group. Its default sees no locals.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// The name.
    pub name: Ident,
    /// The type.
    pub ty: Ty,
    /// The default.
    pub default: Option<Expr>,
}

/// A table with its cells as literal expressions.
#[derive(Clone, Debug)]
pub struct Table {
    /// The name.
    pub name: Ident,
    /// Columns and key.
    pub ty: Arc<TableTy>,
    /// The rows; each as long as the header (short rows are filled with poison).
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Cells in the order of the columns; `null` for `-`.
    pub cells: Vec<Expr>,
    /// The whole row.
    pub span: Span,
}

/// An image. Its axes and lets are the locals `0..columns.len()`, in the order of `columns`.
#[derive(Clone, Debug)]
pub struct Image {
    /// The name.
    pub name: Ident,
    /// Documentation.
    pub doc: SmolStr,
    /// Axes and lets, in order; local `n` is column `n`.
    pub columns: Vec<Ident>,
    /// The matrix, then the image's lets.
    pub matrix: Vec<MatrixStep>,
    /// `name = e`
    pub name_value: Option<Expr>,
    /// `builder` blocks.
    pub builders: Vec<Block>,
    /// Whether a statement did not parse: what is missing may have been that.
    pub broken: bool,
    /// `provision`, `use`, `test`, `cleanup`, in order.
    pub steps: Vec<Step>,
    /// `post` statements.
    pub posts: Vec<Post>,
    /// `retain` entries.
    pub retain: Vec<Entry>,
    /// Where the matrix stands.
    pub matrix_span: Option<Span>,
}

/// A statement of a matrix, or a let of the image.
#[derive(Clone, Debug)]
pub enum MatrixStep {
    /// `axis`
    Axis(Axis),
    /// `let`
    Let {
        /// The column that it fills.
        local: u32,
        /// The written type.
        ty: Option<Ty>,
        /// The value.
        value: Expr,
    },
    /// `exclude`
    Exclude(Exclude),
}

/// `axis a in e` or `axis { a, b } in e`.
#[derive(Clone, Debug)]
pub struct Axis {
    /// The columns that it fills.
    pub locals: Vec<u32>,
    /// The names, also those of the source's columns where `columns` is set.
    pub names: Vec<Ident>,
    /// Whether the names stand in braces.
    pub columns: bool,
    /// What it runs over; a table here is its rows.
    pub source: Expr,
    /// The whole statement.
    pub span: Span,
}

/// `exclude when e because "…"`
#[derive(Clone, Debug)]
pub struct Exclude {
    /// The condition.
    pub when: Expr,
    /// The reason.
    pub because: Option<SmolStr>,
    /// The whole statement.
    pub span: Span,
}

/// A statement that does something to the machine.
#[derive(Clone, Debug)]
pub enum Step {
    /// `provision`, `test` or `cleanup`, told apart by [`Block::statement`].
    Block(Block),
    /// `use group(args)`
    Use(Use),
}

/// `builder`, `provision`, … with its options.
#[derive(Clone, Debug)]
pub struct Block {
    /// Which statement.
    pub statement: BlockKind,
    /// Which kind, an index into [`Program::kinds`].
    pub kind: Option<usize>,
    /// The kind as written.
    pub kind_name: Ident,
    /// The label.
    pub label: Option<SmolStr>,
    /// The condition.
    pub when: Option<Expr>,
    /// The options.
    pub body: Vec<Entry>,
    /// From the keyword to the kind, label included: what is underlined for the block as a whole.
    pub header: Span,
    /// The whole block.
    pub span: Span,
}

/// `use group(args) when e`
#[derive(Clone, Debug)]
pub struct Use {
    /// The group.
    pub group: usize,
    /// Arguments in the order of the parameters; `None`, and those behind the last one, take the default.
    pub args: Vec<Option<Expr>>,
    /// The condition.
    pub when: Option<Expr>,
    /// The whole statement.
    pub span: Span,
}

/// A chain of post-processors.
#[derive(Clone, Debug)]
pub struct Post {
    /// The links in order.
    pub links: Vec<Block>,
    /// The condition of the whole chain.
    pub when: Option<Expr>,
    /// The word `post`.
    pub keyword: Span,
}

/// A group of provisioners. Its parameters are the locals `0..params.len()`.
#[derive(Clone, Debug)]
pub struct Group {
    /// The name.
    pub name: Ident,
    /// Parameters.
    pub params: Vec<Parameter>,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// A policy. The build is local 0.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The name.
    pub name: Ident,
    /// The condition.
    pub when: Option<Expr>,
    /// Its requirements.
    pub requires: Vec<Require>,
}

/// `require e, "message"`, or a schema's `rule`.
#[derive(Clone, Debug)]
pub struct Require {
    /// What must hold.
    pub condition: Expr,
    /// What to say when it does not.
    pub message: Expr,
    /// The options to underline (rules only).
    pub at: Vec<Ident>,
    /// The whole statement.
    pub span: Span,
}

/// `output "file" = e`
#[derive(Clone, Debug)]
pub struct Output {
    /// The file.
    pub file: Ident,
    /// The value.
    pub value: Expr,
}
