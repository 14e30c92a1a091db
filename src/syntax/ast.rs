//! The syntax tree: what stands in the file, as it stands there, names unresolved and nothing judged.
//!
//! One tree for everyone: the formatter prints it, the resolver lowers it. A part that does not parse is a `Bad` node, so
//! that the rest stays analysed. Every node keeps its span. Comments are not in the tree but beside it, in
//! [`File::comments`], in source order.

use smol_str::SmolStr;

use crate::text::Span;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// A text literal.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// Its quotes.
    pub quote: Quote,
    /// Its parts, decoded: escapes resolved, indentation of a multi-line text removed.
    pub parts: Vec<TextPart>,
    /// With the quotes.
    pub span: Span,
}

/// The four quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// `"…"`
    Double,
    /// `'…'`
    Single,
    /// `"""…"""`
    TripleDouble,
    /// `'''…'''`
    TripleSingle,
}

/// A part of a text. `{{…}}` is not told apart here: that is the template language's.
#[derive(Clone, Debug, PartialEq)]
pub enum TextPart {
    /// Decoded characters.
    Chars(Chars),
    /// `${e}`
    Interpolation(Expr),
}

/// Decoded characters and the way back to the source.
#[derive(Clone, Debug, PartialEq)]
pub struct Chars {
    /// The decoded text.
    pub value: SmolStr,
    /// Where it stands, as written.
    pub span: Span,
    /// Where decoded and written text part: `(offset in value, offset in file)`, ascending; between two entries
    /// both run in step. Empty when nothing is escaped (then offset `n` of the value is `span.start + n`).
    pub map: Vec<(u32, u32)>,
}

impl Chars {
    /// The span in the source of the byte range `start..end` of the decoded value.
    pub fn span_of(&self, start: usize, end: usize) -> Span {
        let begin = self.source_offset(start);
        let stop = if end >= self.value.len() { self.span.end } else { self.source_offset(end) };
        Span { file: self.span.file, start: begin, end: stop.max(begin) }
    }

    fn source_offset(&self, offset: usize) -> u32 {
        let offset = offset as u32;
        let at = self.map.partition_point(|&(decoded, _)| decoded <= offset);
        match at.checked_sub(1).map(|i| self.map[i]) {
            Some((decoded, source)) => source + (offset - decoded),
            None => self.span.start + offset,
        }
    }
}

impl Text {
    /// The text itself where it holds no interpolation.
    pub fn as_plain(&self) -> Option<SmolStr> {
        match self.parts.as_slice() {
            [] => Some(SmolStr::default()),
            [TextPart::Chars(chars)] => Some(chars.value.clone()),
            _ => None,
        }
    }
}
