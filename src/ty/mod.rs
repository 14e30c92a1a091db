//! Types as data: what a value may be, how a type names itself in messages, and whether one type flows into another.
//!
//! Floor 1. It knows sources and EC2's vocabulary of domains, not expressions or options. A type describes itself once, in
//! [`describe`], for errors, hover, completion and the book. What a single value must look like is in [`domain`].

pub mod describe;
pub mod domain;
pub mod flow;

use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

pub use domain::Domain;

use crate::text::Span;

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub enum Ty {
    /// Something is wrong here and has been reported; it flows everywhere and everything flows into it.
    Poison,
    /// No value at all: the element type of `[]`.
    Never,
    /// `null`
    Null,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `number`: an int or a fraction.
    Number,
    /// `string`
    String,
    /// `duration`
    Duration,
    /// `size`
    Size,
    /// One value: `"pv"`.
    Literal(Literal),
    /// One of several types, two or more, none of them a union or optional.
    Union(Arc<[Ty]>),
    /// `string matches /…/`
    Matches(Arc<Pattern>),
    /// `int in 1..64`
    Range(Arc<Range>),
    /// A type of the field's own: `region`, `ami_id`.
    Domain(Domain),
    /// `template<.A, .B>`: text that may use these run-time fields.
    Template(Arc<[SmolStr]>),
    /// `[T]`
    List(Arc<Ty>),
    /// `map<T>`
    Map(Arc<Ty>),
    /// `{ a: T, b: T? }`
    Record(Arc<Record>),
    /// `T?`
    Optional(Arc<Ty>),
    /// A name for a type; it flows as what it stands for.
    Named(Arc<Named>),
    /// Known only when the plan runs.
    Late(Arc<Ty>),
    /// A table, by its index.
    Table(Arc<TableTy>),
    /// An image: a table of AMIs that are not built yet, by its index.
    Image(u32),
    /// All builds of the plan: what a policy runs over.
    Builds,
    /// One build, as policies and outputs see it.
    Build,
}

/// A value that is a type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Literal {
    /// `"pv"`
    Text(SmolStr),
    /// `5`
    Int(i64),
    /// `true`
    Bool(bool),
}

/// A text that matches a pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As written between the slashes.
    pub source: SmolStr,
    compiled: OnceLock<Option<regex::Regex>>,
}

impl Pattern {
    /// The largest compiled form of a pattern, in bytes: what a repetition of repetitions runs into.
    pub const MAX_COMPILED: usize = 1 << 20;

    /// A pattern that is compiled when it is first matched; one that does not compile matches everything.
    pub fn lazy(source: SmolStr) -> Self {
        Pattern { source, compiled: OnceLock::new() }
    }

    /// Compiles the pattern now.
    ///
    /// # Errors
    /// What is wrong with the pattern, on one line.
    pub fn compile(&self) -> Result<(), String> {
        match Self::build(&self.source) {
            Ok(regex) => {
                let _ = self.compiled.set(Some(regex));
                Ok(())
            }
            Err(regex::Error::CompiledTooBig(_)) => {
                Err("it would grow too large; use smaller repetition counts".into())
            }
            Err(error) => {
                let text = error.to_string();
                Err(text.lines().last().unwrap_or("not a regular expression").trim_start_matches("error: ").to_owned())
            }
        }
    }

    /// Whether the text matches; linear in the text.
    pub fn is_match(&self, text: &str) -> bool {
        let regex = self.compiled.get_or_init(|| Self::build(&self.source).ok());
        regex.as_ref().is_none_or(|r| r.is_match(text))
    }

    fn build(source: &str) -> Result<regex::Regex, regex::Error> {
        regex::RegexBuilder::new(source).size_limit(Self::MAX_COMPILED).build()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

/// A number between two ends, both included.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// `int`, `number`, `duration` or `size`.
    pub base: Ty,
    /// The lower end, in the base's unit (ns, bytes).
    pub low: Option<i64>,
    /// The upper end.
    pub high: Option<i64>,
}

impl Range {
    /// Whether a number, duration (in ns) or size (in bytes) lies in it.
    pub fn holds(&self, number: i64) -> bool {
        self.low.is_none_or(|low| low <= number) && self.high.is_none_or(|high| number <= high)
    }
}

/// A record type.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Record {
    /// The fields in their declared order.
    pub fields: IndexMap<SmolStr, Field>,
    /// Index of the record's rules and defaults in the resolved program, where it was declared with any.
    pub declared: Option<u32>,
}

/// A field of a record type, or an option of a kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its type; without the `?` that says it may be absent.
    pub ty: Ty,
    /// Whether it may be absent: declared with `?` or a default.
    pub optional: bool,
    /// Whether it has a default.
    pub default: bool,
    /// Documentation, empty where there is none.
    pub doc: SmolStr,
    /// What the schema says of it beyond the type; `None` outside the schema.
    pub notes: Option<Arc<Notes>>,
    /// Where it is declared.
    pub span: Span,
}

impl Field {
    /// How Packer wants it written, where that is another shape than the language's.
    pub fn encoding(&self) -> Option<Encoding> {
        self.notes.as_ref()?.encoding
    }

    /// Whether Packer knows it and bakec refuses it.
    pub fn is_refused(&self) -> bool {
        self.notes.as_ref().is_some_and(|n| n.refused.is_some())
    }

    /// Whether it had this name before.
    pub fn was_named(&self, name: &str) -> bool {
        self.notes.as_ref().is_some_and(|n| n.formerly.iter().any(|old| old == name))
    }
}

/// What the schema says of an option beyond its type.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Notes {
    /// How Packer wants it written.
    pub encoding: Option<Encoding>,
    /// The first Packer version that knows it.
    pub since: Option<SmolStr>,
    /// Names it had before.
    pub formerly: Vec<SmolStr>,
    /// What to use instead, where it is deprecated.
    pub deprecated: Option<SmolStr>,
    /// What to write instead, where it is refused.
    pub refused: Option<SmolStr>,
    /// The default as written in the schema.
    pub default_text: Option<SmolStr>,
}

/// How an option is emitted where Packer wants another shape than the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// A map as a list of `K=V`.
    Pairs,
    /// A size (or int) as a whole number of GiB.
    Gib,
    /// A duration as a whole number of minutes.
    Minutes,
    /// A duration as a whole number of seconds.
    Seconds,
}

impl Encoding {
    /// The names that the schema uses.
    pub const NAMES: [&'static str; 4] = ["pairs", "gib", "minutes", "seconds"];

    /// The encoding of a name.
    pub fn find(name: &str) -> Option<Self> {
        [Encoding::Pairs, Encoding::Gib, Encoding::Minutes, Encoding::Seconds]
            .into_iter()
            .zip(Self::NAMES)
            .find(|(_, n)| *n == name)
            .map(|(e, _)| e)
    }
}

/// A named type.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// The name.
    pub name: SmolStr,
    /// Documentation, empty where there is none.
    pub doc: SmolStr,
    /// What it stands for.
    pub ty: Ty,
}

/// The type of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableTy {
    /// Index of the table in the resolved program.
    pub index: u32,
    /// Its name.
    pub name: SmolStr,
    /// The types of its columns.
    pub columns: IndexMap<SmolStr, Ty>,
    /// Where the columns are declared, in their order.
    pub places: Vec<Span>,
    /// The key columns, indices into `columns`.
    pub key: Vec<usize>,
}

/// The most parts of a type. One that is made of others twice, and so on, has more parts than can be walked over.
pub const MOST_PARTS: usize = 10_000;

impl Ty {
    /// The type behind its names.
    pub fn plain(&self) -> &Ty {
        let mut ty = self;
        while let Ty::Named(named) = ty {
            ty = &named.ty;
        }
        ty
    }

    /// Whether the value is known only when the plan runs.
    pub fn is_late(&self) -> bool {
        match self.plain() {
            Ty::Late(_) => true,
            Ty::Optional(inner) => inner.is_late(),
            Ty::Union(members) => members.iter().any(Ty::is_late),
            _ => false,
        }
    }

    /// The type of the value once the plan runs.
    pub fn early(&self) -> Ty {
        match self.plain() {
            Ty::Late(inner) => (**inner).clone(),
            Ty::Optional(inner) if inner.is_late() => inner.early().optional(),
            Ty::Union(members) if self.is_late() => Ty::union(members.iter().map(Ty::early)),
            _ => self.clone(),
        }
    }

    /// This type, known only when the plan runs.
    pub fn late(self) -> Ty {
        match self {
            Ty::Poison | Ty::Late(_) => self,
            other if other.is_late() => Ty::Late(Arc::new(other.early())),
            other => Ty::Late(Arc::new(other)),
        }
    }

    /// This type or null.
    pub fn optional(self) -> Ty {
        match self {
            Ty::Optional(_) | Ty::Null | Ty::Poison => self,
            other => Ty::Optional(Arc::new(other)),
        }
    }

    /// Whether null is one of its values.
    pub fn admits_null(&self) -> bool {
        matches!(self.plain(), Ty::Optional(_) | Ty::Null | Ty::Poison)
    }

    /// This type without null.
    pub fn non_null(&self) -> Ty {
        match self.plain() {
            Ty::Optional(inner) => inner.non_null(),
            Ty::Null => Ty::Never,
            _ => self.clone(),
        }
    }

    /// Whether the type has no more parts, all that it is made of counted as often as it stands there.
    pub fn has_at_most(&self, parts: usize) -> bool {
        self.parts(parts + 1) <= parts
    }

    /// How many parts the type has, all that it is made of counted as often as it stands there; no more than `most` are
    /// counted.
    pub fn parts(&self, most: usize) -> usize {
        fn weigh(ty: &Ty, left: &mut usize) -> bool {
            match left.checked_sub(1) {
                Some(rest) => *left = rest,
                None => return false,
            }
            match ty {
                Ty::Named(named) => weigh(&named.ty, left),
                Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) | Ty::Late(inner) => weigh(inner, left),
                Ty::Union(members) => members.iter().all(|m| weigh(m, left)),
                Ty::Record(record) => record.fields.values().all(|f| weigh(&f.ty, left)),
                _ => true,
            }
        }
        let mut left = most;
        weigh(self, &mut left);
        most - left
    }

    /// The smallest type that holds all of these.
    pub fn union(types: impl IntoIterator<Item = Ty>) -> Ty {
        let mut members: Vec<Ty> = Vec::new();
        // As long as there are only literals, each is looked up among them; long lists of literals are common.
        let mut literals: FxHashSet<Literal> = FxHashSet::default();
        let mut only_literals = true;
        let mut null = false;
        let mut queue: Vec<Ty> = types.into_iter().collect();
        queue.reverse();
        while let Some(ty) = queue.pop() {
            match ty {
                Ty::Poison => return Ty::Poison,
                Ty::Never => {}
                Ty::Null => null = true,
                Ty::Optional(inner) => {
                    null = true;
                    queue.push((*inner).clone());
                }
                Ty::Union(inner) => queue.extend(inner.iter().rev().cloned()),
                Ty::Literal(literal) if only_literals => {
                    if literals.insert(literal.clone()) {
                        members.push(Ty::Literal(literal));
                    }
                }
                other => {
                    only_literals = false;
                    if members.iter().any(|m| flow::absorbs(m, &other)) {
                        continue;
                    }
                    members.retain(|m| !flow::absorbs(&other, m));
                    members.push(other);
                }
            }
        }
        let ty = match members.len() {
            0 if null => return Ty::Null,
            0 => return Ty::Never,
            1 => members.remove(0),
            _ => Ty::Union(members.into()),
        };
        if null { ty.optional() } else { ty }
    }

    /// The type with literals widened to what they are values of: `"pv"` to `string`.
    pub fn widened(&self) -> Ty {
        match self {
            Ty::Literal(Literal::Text(_)) => Ty::String,
            Ty::Literal(Literal::Int(_)) => Ty::Int,
            Ty::Literal(Literal::Bool(_)) => Ty::Bool,
            Ty::Union(members) => Ty::union(members.iter().map(Ty::widened)),
            Ty::List(inner) => Ty::List(Arc::new(inner.widened())),
            Ty::Map(inner) => Ty::Map(Arc::new(inner.widened())),
            Ty::Optional(inner) => inner.widened().optional(),
            Ty::Late(inner) => inner.widened().late(),
            other => other.clone(),
        }
    }

    /// Whether its values are text.
    pub fn is_text(&self) -> bool {
        match self.plain() {
            Ty::String | Ty::Literal(Literal::Text(_)) | Ty::Matches(_) | Ty::Template(_) | Ty::Domain(_) => true,
            Ty::Union(members) => members.iter().all(Ty::is_text),
            Ty::Never => true,
            _ => false,
        }
    }

    /// The values of a literal or a union of literals; `bool` counts as both of its values.
    pub fn literals(&self) -> Option<Vec<Literal>> {
        match self.plain() {
            Ty::Literal(l) => Some(vec![l.clone()]),
            Ty::Bool => Some(vec![Literal::Bool(true), Literal::Bool(false)]),
            Ty::Union(members) => {
                let mut all = Vec::new();
                for m in members.iter() {
                    all.extend(m.literals()?);
                }
                Some(all)
            }
            _ => None,
        }
    }
}
