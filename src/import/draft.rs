//! A template of Packer's as both front halves hand it on: what it says, in the template's own words and order, with a place
//! for everything.
//!
//! It must not know JSON, HCL2, the schema or how `.bake` is written. A front half (`legacy`, `hcl`) makes a [`Draft`]; the back
//! half gives values their types, finds the shape that a person would have chosen, and writes it.
//!
//! What a front half owes the back half:
//!
//! * Names are those of the template, also where they are no identifiers (`aws-region`); the back half renames.
//! * Old names of options and kinds are mended already, as `packer fix` does. Loose types are left as they are: `"true"` stays
//!   a text, for only the schema knows what an option wants.
//! * A text that refers to a variable or local holds it as [`Piece::Value`]; every other `{{…}}` is a [`Piece::Action`] with its
//!   braces. A value that is nothing but a reference is the reference, not a text of one piece.
//! * A name that stands for several builders is resolved: [`Block::builds`] holds positions in [`Draft::builders`].
//! * What cannot be said is left out and told in [`Draft::lost`]; where it belongs to an entry or a block, its comment says so too.

use crate::text::Span;

/// A template.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// What the template says of itself: `description`, and comments before everything else. Lines.
    pub doc: Vec<String>,
    /// Variables in their order.
    pub variables: Vec<Variable>,
    /// Values with a name, HCL2's `locals`; a later one may use earlier ones and the other way round.
    pub locals: Vec<Entry>,
    /// Builders in the order in which Packer lists the builds. Each is one build.
    pub builders: Vec<Builder>,
    /// Provisioners in their order.
    pub provisioners: Vec<Block>,
    /// Steps after a failure.
    pub cleanups: Vec<Block>,
    /// Chains of post-processors; one that stands alone is a chain of one link.
    pub posts: Vec<Vec<Block>>,
    /// The lowest version of Packer that the template demands, as written.
    pub min_packer_version: Option<String>,
    /// Comments behind everything else. Lines.
    pub end: Vec<String>,
    /// What cannot be said in the language, or not so.
    pub lost: Vec<Lost>,
    /// Whether all its variables are given to the run alone, as those of legacy JSON: one that the compiler must know is told.
    pub late: bool,
}

/// A variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// The name.
    pub name: String,
    /// Its type, where the template says or shows it.
    pub ty: Type,
    /// What it is when nobody sets it; `None` where it must be set. An environment variable is a call of `env`.
    pub default: Option<Value>,
    /// Whether it must never be shown.
    pub sensitive: bool,
    /// What the template says of it.
    pub doc: Vec<String>,
    /// Comments above it.
    pub comments: Vec<String>,
    /// Its declaration.
    pub span: Span,
}

impl Variable {
    /// A variable of which nothing is said but its name: it must be set.
    pub fn unsaid(name: impl Into<String>, span: Span) -> Self {
        Variable {
            name: name.into(),
            ty: Type::Any,
            default: None,
            sensitive: false,
            doc: Vec::new(),
            comments: Vec::new(),
            span,
        }
    }
}

/// The type of a variable, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Type {
    /// Nothing is said; legacy JSON knows only texts.
    #[default]
    Any,
    /// `string`
    Text,
    /// `number`
    Number,
    /// `bool`
    Bool,
    /// One of some texts.
    OneOf(Vec<String>),
    /// A text that a pattern finds something in.
    Matches(String),
    /// A list, set or tuple.
    List(Box<Type>),
    /// A map.
    Map(Box<Type>),
    /// An object with its keys; those that may be absent say so.
    Record(Vec<(String, Type, bool)>),
}

/// A builder: a build, before anything has been lifted out of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Builder {
    /// The name of the build, as `-only` takes it. In HCL2 the name of the source, in legacy JSON `name`, or else the kind.
    pub name: String,
    /// The name where variables are in it; `name` is then what it is if nobody sets them.
    pub said: Option<Value>,
    /// The block. Its `builds` is not used.
    pub block: Block,
}

/// A block: a builder, a step, or a link of a chain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// The kind: `amazon-ebs`.
    pub kind: String,
    /// Its label, for steps that have one.
    pub label: Option<String>,
    /// Options in their order.
    pub options: Vec<Entry>,
    /// Builds to which it applies, ascending positions in [`Draft::builders`]; `None` for all.
    pub builds: Option<Vec<usize>>,
    /// Options that are others for some builds, by position in [`Draft::builders`].
    pub overrides: Vec<(usize, Vec<Entry>)>,
    /// Comments above it.
    pub comments: Vec<String>,
    /// Comments behind its last entry.
    pub end: Vec<String>,
    /// The block.
    pub span: Option<Span>,
}

/// A key with its value: an option, a member of a record, a local.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key, decoded.
    pub key: String,
    /// The value.
    pub value: Value,
    /// Comments above it, and the one behind it on its line.
    pub comments: Vec<String>,
    /// The key.
    pub span: Span,
}

/// A value that will be written, and where the template says it. Equality asks for the value alone.
#[derive(Clone, Debug)]
pub struct Value {
    /// The value.
    pub kind: Kind,
    /// Where the template says it.
    pub span: Span,
}

/// The kinds of values.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number, as written.
    Number(String),
    /// Nanoseconds. Only the back half makes it.
    Duration(i64),
    /// Bytes. Only the back half makes it.
    Size(u64),
    /// A text.
    Text(Vec<Piece>),
    /// A list; an element may be [`Kind::Spread`].
    List(Vec<Value>),
    /// A record; an entry whose value is [`Kind::Spread`] has no key.
    Record(Vec<Entry>),
    /// `...e` in a list or record.
    Spread(Box<Value>),
    /// A reference.
    Name(Name),
    /// `e.name`
    Field(Box<Value>, String),
    /// `e[i, j]`
    Index(Box<Value>, Vec<Value>),
    /// `name(a, b)`, a built-in function of the language; the front half knows which.
    Call(String, Vec<Value>),
    /// `!e`
    Not(Box<Value>),
    /// `-e`
    Negative(Box<Value>),
    /// `a + b`
    Operation(Operator, Box<Value>, Box<Value>),
    /// `if c then a else b`
    If(Box<Value>, Box<Value>, Box<Value>),
    /// `match e { "a" | "b" => v, _ => w }`; an arm without patterns is the last one.
    Match(Box<Value>, Vec<(Vec<Value>, Value)>),
    /// `[for x in xs if c: e]`, `{ for k, v in m if c: key = e }`
    For(Box<For>),
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Characters, decoded. A `{{` among them is data.
    Chars(String),
    /// `{{…}}` of the run-time language, with its braces.
    Action(String),
    /// A value within the text.
    Value(Box<Value>),
}

/// What a reference names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// A variable of the template, by its name there.
    Variable(String),
    /// A local of the template, by its name there.
    Local(String),
    /// An identifier of the program to come: a name that a `for` binds, an axis, a table.
    Bound(String),
}

/// Operators, by their signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
    /// `??`
    Else,
    In,
    /// `a matches /b/`; the right side is a plain text, the pattern.
    Matches,
}

/// A comprehension.
#[derive(Clone, Debug, PartialEq)]
pub struct For {
    /// The name of the key or index, where it is used.
    pub key: Option<String>,
    /// The name of the element.
    pub value: String,
    /// What it runs over.
    pub over: Value,
    /// Which elements are taken.
    pub condition: Option<Value>,
    /// The key of what is made; `None` makes a list.
    pub makes_key: Option<Value>,
    /// What is made.
    pub makes: Value,
}

/// Something that is not said in the result, or not as the template says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lost {
    /// What: `` the option `ssh_private_ip` ``. It begins a sentence.
    pub what: String,
    /// Why, and what to do about it.
    pub why: String,
    /// Where the template says it.
    pub span: Span,
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }
}

impl Value {
    /// A value and its place.
    pub fn new(kind: Kind, span: Span) -> Self {
        Value { kind, span }
    }

    /// A text without references and actions.
    pub fn text(chars: impl Into<String>, span: Span) -> Self {
        let chars = chars.into();
        let pieces = if chars.is_empty() { Vec::new() } else { vec![Piece::Chars(chars)] };
        Value::new(Kind::Text(pieces), span)
    }

    /// A reference to what the program to come binds.
    pub fn bound(name: impl Into<String>, span: Span) -> Self {
        Value::new(Kind::Name(Name::Bound(name.into())), span)
    }

    /// The characters, if it is a text of nothing else.
    pub fn plain(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(pieces) => match &pieces[..] {
                [] => Some(""),
                [Piece::Chars(chars)] => Some(chars),
                _ => None,
            },
            _ => None,
        }
    }

    /// Calls `change` with this value and then with all that it is made of.
    pub fn change(&mut self, change: &dyn Fn(&mut Value)) {
        change(self);
        match &mut self.kind {
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Number(_) | Kind::Duration(_) | Kind::Size(_) => {}
            Kind::Name(_) => {}
            Kind::Text(pieces) => pieces.iter_mut().for_each(|piece| {
                if let Piece::Value(value) = piece {
                    value.change(change);
                }
            }),
            Kind::List(values) | Kind::Call(_, values) => values.iter_mut().for_each(|v| v.change(change)),
            Kind::Record(entries) => entries.iter_mut().for_each(|e| e.value.change(change)),
            Kind::Spread(value) | Kind::Field(value, _) | Kind::Not(value) | Kind::Negative(value) => {
                value.change(change)
            }
            Kind::Index(value, indices) => {
                value.change(change);
                indices.iter_mut().for_each(|v| v.change(change));
            }
            Kind::Operation(_, a, b) => [a, b].into_iter().for_each(|v| v.change(change)),
            Kind::If(a, b, c) => [a, b, c].into_iter().for_each(|v| v.change(change)),
            Kind::Match(value, arms) => {
                value.change(change);
                arms.iter_mut().for_each(|(_, v)| v.change(change));
            }
            Kind::For(each) => {
                each.over.change(change);
                [&mut each.condition, &mut each.makes_key].into_iter().flatten().for_each(|v| v.change(change));
                each.makes.change(change);
            }
        }
    }

    /// Calls `see` with this value and all that it is made of.
    pub fn each(&self, see: &mut dyn FnMut(&Value)) {
        see(self);
        match &self.kind {
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Number(_) | Kind::Duration(_) | Kind::Size(_) => {}
            Kind::Name(_) => {}
            Kind::Text(pieces) => pieces.iter().for_each(|piece| {
                if let Piece::Value(value) = piece {
                    value.each(see);
                }
            }),
            Kind::List(values) | Kind::Call(_, values) => values.iter().for_each(|v| v.each(see)),
            Kind::Record(entries) => entries.iter().for_each(|e| e.value.each(see)),
            Kind::Spread(value) | Kind::Field(value, _) | Kind::Not(value) | Kind::Negative(value) => value.each(see),
            Kind::Index(value, indices) => {
                value.each(see);
                indices.iter().for_each(|v| v.each(see));
            }
            Kind::Operation(_, a, b) => [a, b].into_iter().for_each(|v| v.each(see)),
            Kind::If(a, b, c) => [a, b, c].into_iter().for_each(|v| v.each(see)),
            Kind::Match(value, arms) => {
                value.each(see);
                arms.iter().for_each(|(_, v)| v.each(see));
            }
            Kind::For(each) => {
                each.over.each(see);
                [&each.condition, &each.makes_key].into_iter().flatten().for_each(|v| v.each(see));
                each.makes.each(see);
            }
        }
    }
}

impl Operator {
    /// How the language writes it.
    pub fn sign(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
            Operator::Equal => "==",
            Operator::Unequal => "!=",
            Operator::Less => "<",
            Operator::LessEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterEqual => ">=",
            Operator::And => "&&",
            Operator::Or => "||",
            Operator::Else => "??",
            Operator::In => "in",
            Operator::Matches => "matches",
        }
    }
}
