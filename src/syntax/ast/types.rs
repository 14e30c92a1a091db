//! Types as written, and the declarations inside kinds and record types.

use smol_str::SmolStr;

use crate::text::Span;

use super::{Doc, Expr, Ident, Text};

/// What an `extern` declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum ExternKind {
    Builder,
    Provisioner,
    Post,
    /// A set of options that other externs take over by `...name`.
    Options,
}

/// `extern builder KIND { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Extern {
    /// What is declared.
    pub category: ExternKind,
    /// The kind.
    pub kind: Ident,
    /// Its declarations.
    pub body: Vec<Member>,
}

/// A declaration inside an `extern` or a record type.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)]
pub enum Member {
    /// `name: T = default modifiers`
    Field(FieldDecl),
    /// `...options`: all members of a set of options.
    Include(Vec<Ident>, Span),
    /// `rule e, "message" at name`
    Rule(Rule),
    /// `fact name(option, …)`: a question to EC2's facts.
    Fact {
        /// Which fact.
        name: Ident,
        /// Options and literals it is asked with.
        args: Vec<Expr>,
        /// The whole statement.
        span: Span,
    },
    /// `unique a per b, c`: no two builds of a plan that agree in `b` and `c` agree in `a`.
    Unique {
        /// The option that must differ.
        option: Ident,
        /// The options that say where.
        per: Vec<Ident>,
        /// The whole statement.
        span: Span,
    },
    /// What did not parse.
    Bad(Span),
}

/// An option or record field: `name: T = default`, then modifiers.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldDecl {
    /// `///` lines above it.
    pub doc: Option<Doc>,
    /// The name.
    pub name: Ident,
    /// Its type.
    pub ty: Type,
    /// Its default.
    pub default: Option<Expr>,
    /// `as pairs`: how Packer wants it written.
    pub encoding: Option<Ident>,
    /// `since "1.2.0"`: the first Packer version that knows it.
    pub since: Option<Text>,
    /// `formerly a, b`: names it had before.
    pub formerly: Vec<Ident>,
    /// `deprecated "use …"`: accepted with a warning.
    pub deprecated: Option<Text>,
    /// `refused "use …"`: known, and refused with these words.
    pub refused: Option<Text>,
    /// The whole declaration.
    pub span: Span,
}

/// `rule e, "message" at name`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What must hold.
    pub condition: Expr,
    /// What to say when it does not; may interpolate.
    pub message: Expr,
    /// The options to underline; the block where none is given.
    pub at: Vec<Ident>,
    /// The whole statement.
    pub span: Span,
}

/// A type as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// Which type.
    pub kind: TypeKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of a type.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `string`, `Version`, `ubuntu.Release`.
    Name(Vec<Ident>),
    /// `[T]`
    List(Box<Type>),
    /// `map<T>`
    Map(Box<Type>),
    /// `{ a: T, b: T? }`
    Record(Vec<Member>),
    /// `T?`
    Optional(Box<Type>),
    /// `A | B`; two or more.
    Union(Vec<Type>),
    /// A literal as a type: `"pv"`, `5`, `true`.
    Literal(Box<Expr>),
    /// `string matches /re/`
    Matches(Box<Type>, Regex),
    /// `int in 1..64`; an end may be left out.
    Range(Box<Type>, Option<Box<Expr>>, Option<Box<Expr>>),
    /// `template<.A, .B>`
    Template(Vec<Ident>),
    /// `late T`
    Late(Box<Type>),
    /// `(T)`
    Paren(Box<Type>),
    /// What did not parse.
    Bad,
}

/// `/…/` behind `matches`.
#[derive(Clone, Debug, PartialEq)]
pub struct Regex {
    /// The pattern between the slashes, `\/` as `/`.
    pub pattern: SmolStr,
    /// With the slashes.
    pub span: Span,
}
