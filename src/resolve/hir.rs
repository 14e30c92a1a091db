//! The resolved program: every name is an index, every type a [`Ty`], the layout of the source is gone.
//!
//! The checker and the evaluator walk the same tree. Wherever something could not be resolved there is a
//! [`ExprKind::Poison`] or an absent index, already reported.

use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::syntax::ast::{BinaryOp, BlockKind, ExternKind, UnaryOp};
use crate::template::Action;
use crate::text::{FileId, Span};
use crate::ty::{Field, Pattern, TableTy, Ty};

use super::builtin::Builtin;
use super::fact::FactName;

/// A name with its place.
pub use crate::syntax::ast::Ident;

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
}

/// A param, variable or secret.
#[derive(Clone, Debug)]
pub struct Input {
    /// The name and where it is declared first.
    pub name: Ident,
    /// Documentation.
    pub doc: SmolStr,
    /// The declared type, or the type of the default (then `inferred`).
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

/// A group of provisioners. Its parameters are the locals `0..params.len()`, then its lets.
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

/// A kind of builder, provisioner or post-processor, or a set of options.
#[derive(Clone, Debug)]
pub struct Kind {
    /// What it is.
    pub category: ExternKind,
    /// Its name.
    pub name: Ident,
    /// Documentation.
    pub doc: SmolStr,
    /// The sets of options that it takes over, in their order, those of sets before the sets.
    pub sets: Vec<OptionSet>,
    /// Its options, rules and defaults: an index into [`Program::records`].
    pub record: usize,
    /// Whether it comes from the prelude.
    pub prelude: bool,
}

/// A set of options that kinds take over.
#[derive(Clone, Debug)]
pub struct OptionSet {
    /// Its name.
    pub name: Ident,
    /// Documentation.
    pub doc: SmolStr,
    /// The whole declaration.
    pub span: Span,
}

/// A record's fields with what is written in expressions about them. In its expressions field `n` is local `n`.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// The fields or options.
    pub fields: IndexMap<SmolStr, Field>,
    /// Defaults, by field; a default sees no locals.
    pub defaults: Vec<Option<Expr>>,
    /// Rules.
    pub rules: Vec<Require>,
    /// Questions to EC2's facts, and roles of options.
    pub facts: Vec<Fact>,
    /// What must be unique among builds.
    pub uniques: Vec<Unique>,
    /// Whether all of it comes from the prelude, whose rules and defaults are known to be right.
    pub prelude: bool,
}

/// `fact name(args)`
#[derive(Clone, Debug)]
pub struct Fact {
    /// Which fact.
    pub name: FactName,
    /// Options (by index of the field) and literals.
    pub args: Vec<FactArg>,
    /// The whole statement.
    pub span: Span,
}

impl Declared {
    /// The statements of a fact.
    pub fn facts_of(&self, name: FactName) -> impl Iterator<Item = &Fact> {
        self.facts.iter().filter(move |fact| fact.name == name)
    }

    /// The name of the option that has a role such as [`FactName::Placed`].
    pub fn role(&self, name: FactName) -> Option<&SmolStr> {
        let index = self.facts_of(name).next()?.option()?;
        self.fields.get_index(index).map(|(name, _)| name)
    }
}

impl Fact {
    /// The option that it is about, by index of the field: its first argument.
    pub fn option(&self) -> Option<usize> {
        self.args.first().and_then(FactArg::option)
    }
}

impl FactArg {
    /// The option that it names, by index of the field.
    pub fn option(&self) -> Option<usize> {
        match self {
            FactArg::Option(index) => Some(*index),
            FactArg::Text(_) => None,
        }
    }
}

/// An argument of a fact.
#[derive(Clone, Debug)]
pub enum FactArg {
    /// The value of an option.
    Option(usize),
    /// A text written in the schema.
    Text(SmolStr),
}

/// `unique a per b`
#[derive(Clone, Debug)]
pub struct Unique {
    /// The option that must differ, by index of the field.
    pub option: usize,
    /// The options that say where.
    pub per: Vec<usize>,
}

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
