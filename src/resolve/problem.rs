//! What can go wrong with names.

use smol_str::SmolStr;

use crate::diagnostic::{Diagnostic, code};
use crate::text::Span;

/// A mistake in names, declarations and the shape of calls.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum ResolveProblem {
    /// A name that nothing declares.
    Unknown { what: &'static str, name: SmolStr, at: Span, nearest: Option<SmolStr>, help: Option<String> },
    /// `a-b` where neither is a name: meant as one.
    Hyphenated { whole: String, at: Span, nearest: Option<SmolStr> },
    /// One name for two things.
    Duplicate { what: &'static str, name: SmolStr, first: Span, second: Span },
    /// A param, variable or secret that two files declare differently.
    Disagreement { name: SmolStr, why: &'static str, first: Span, second: Span },
    /// A name of one sort where another is wanted.
    WrongSort { wanted: &'static str, found: &'static str, name: SmolStr, at: Span, help: &'static str },
    /// More parameters or columns than anybody can read.
    TooMany { what: &'static str, name: SmolStr, most: usize, parts: &'static str, at: Span },
    /// Things that are made of each other in a chain that no phase can walk down.
    LongChain { what: &'static str, name: SmolStr, at: Span },
    /// A type with more parts than can be checked.
    LargeType { name: SmolStr, at: Span },
    /// A type, let, function or group that needs itself.
    Recursion { what: &'static str, chain: Vec<SmolStr>, at: Span },
    /// A pattern that does not compile.
    Pattern { why: String, at: Span },
    /// A refinement of a type that has none.
    Refinement { base: String, at: Span, wanted: &'static str },
    /// Arguments that do not fit the parameters.
    Arguments { message: String, at: Span, usage: String },
    /// A statement where it cannot stand.
    Misplaced { what: &'static str, place: &'static str, at: Span, help: &'static str },
    /// A row of another length than the header.
    RowLength { cells: usize, columns: usize, at: Span, header: Span },
    /// A cell that its column's type does not accept.
    Cell { text: SmolStr, ty: String, at: Span, column: Span },
    /// `-` in a column whose type does not end in `?`.
    AbsentCell { column: SmolStr, at: Span, declared: Span },
    /// A cell with nothing in it.
    EmptyCell { at: Span },
    /// Two rows of one key.
    SameKey { key: String, first: Span, second: Span },
    /// A name of a fact or encoding that the schema language does not have.
    Schema { message: String, at: Span, nearest: Option<SmolStr> },
    /// An option whose name the plan itself needs.
    Taken { name: SmolStr, at: Span, help: &'static str },
}

use ResolveProblem::*;

impl From<ResolveProblem> for Diagnostic {
    fn from(problem: ResolveProblem) -> Self {
        match problem {
            Unknown { what, name, at, nearest, help } => {
                let diagnostic = Diagnostic::error(code::NAME_UNKNOWN, format!("no {what} is named `{name}`"));
                match nearest {
                    Some(nearest) => {
                        diagnostic.label(at, "not found").help(format!("did you mean `{nearest}`?")).fix(at, nearest)
                    }
                    None => diagnostic.label(at, "not found").help_opt(help),
                }
            }
            Hyphenated { whole, at, nearest } => {
                let diagnostic = Diagnostic::error(
                    code::NAME_UNKNOWN,
                    format!("`{whole}` is read as a subtraction, and these are no names"),
                )
                .label(at, "not found");
                match nearest {
                    Some(nearest) => diagnostic.help(format!("did you mean `{nearest}`?")).fix(at, nearest),
                    None => diagnostic.help(format!(
                        "names hold no `-`: write `{}`, or put a text in quotes: `\"{whole}\"`",
                        whole.replace('-', "_")
                    )),
                }
            }
            Duplicate { what, name, first, second } => {
                Diagnostic::error(code::NAME_DUPLICATE, format!("{what} `{name}` is declared twice"))
                    .label(second, "declared again")
                    .label(first, "first declared here")
                    .help("rename or remove one of them")
            }
            Disagreement { name, why, first, second } => Diagnostic::error(
                code::NAME_DUPLICATE,
                format!("the two declarations of `{name}` disagree: {why}"),
            )
            .label(second, "declared again")
            .label(first, "first declared here")
            .help("params, variables and secrets are one per program: give both the same type and at most one default"),
            WrongSort { wanted, found, name, at, help } => {
                Diagnostic::error(code::NAME_SORT, format!("`{name}` is {found}, not {wanted}"))
                    .label(at, format!("{wanted} is wanted here"))
                    .help(help)
            }
            Recursion { what, chain, at } => {
                let message = match chain.as_slice() {
                    [one] => format!("{what} `{one}` needs itself"),
                    _ => format!(
                        "{what} `{}` needs itself: {}",
                        chain[0],
                        chain.iter().chain(&chain[..1]).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" → ")
                    ),
                };
                Diagnostic::error(code::NAME_RECURSION, message)
                    .label(at, "closes the circle")
                    .help("every program ends, so nothing may be made of itself: break the circle")
            }
            LongChain { what, name, at } => {
                Diagnostic::error(code::VALUE_LIMIT, format!("{what} `{name}` stands at the end of too long a chain"))
                    .label(at, "given up here")
                    .help("what is made of others, and those of others, goes five thousand steps deep at most")
            }
            TooMany { what, name, most, parts, at } => {
                Diagnostic::error(code::VALUE_LIMIT, format!("{what} `{name}` has more than {most} {parts}"))
                    .label(at, "given up here")
                    .help(format!("{most} are read at most: hold several in one record or list"))
            }
            LargeType { name, at } => Diagnostic::error(code::TYPE_UNFIT, format!("the type `{name}` is too large"))
                .label(at, "it has more than ten thousand parts")
                .help("types that hold others twice double at every step: name less, or use `map<…>`"),
            Pattern { why, at } => Diagnostic::error(code::TYPE_PATTERN, format!("not a usable pattern: {why}"))
                .label(at, "")
                .help("patterns are regular expressions without look-around and back-references; `\\/` is a slash"),
            Refinement { base, at, wanted } => {
                Diagnostic::error(code::TYPE_PATTERN, format!("`{base}` cannot be refined this way"))
                    .label(at, format!("{wanted} is wanted here"))
                    .help("`string matches /…/` refines text, `int in 1..64` refines int, number, duration and size")
            }
            Arguments { message, at, usage } => {
                Diagnostic::error(code::NAME_ARGUMENTS, message).label(at, "").help(format!("it is used as `{usage}`"))
            }
            Misplaced { what, place, at, help } => {
                Diagnostic::error(code::NAME_MISPLACED, format!("{what} cannot stand in {place}"))
                    .label(at, "not here")
                    .help(help)
            }
            RowLength { cells, columns, at, header } => Diagnostic::error(
                code::TABLE_ROW,
                format!("this row has {cells} {}, the header {columns}", if cells == 1 { "cell" } else { "cells" }),
            )
            .label(at, if cells < columns { "cells are missing" } else { "too many cells" })
            .label(header, "the header")
            .help(match cells < columns {
                true => "write `-` for an absent cell, in a column whose type ends in `?`",
                false => "remove what is too much, or give the header a column for it; a text that holds `|` stands in quotes",
            }),
            Cell { text, ty, at, column } => Diagnostic::error(code::TABLE_CELL, format!("`{text}` is no {ty}"))
                .label(at, format!("expected {ty}"))
                .label(column, "by this column's type")
                .help("a cell is a bare word or a literal of the column's type"),
            AbsentCell { column, at, declared } => {
                Diagnostic::error(code::TABLE_CELL, format!("column `{column}` has a value in every row"))
                    .label(at, "absent")
                    .label(declared, "its type does not end in `?`")
                    .help("fill the cell, or let the column's type end in `?`")
            }
            EmptyCell { at } => Diagnostic::error(code::TABLE_CELL, "a cell without content")
                .label(at, "empty")
                .help("write `-` for an absent cell, `\"\"` for an empty text"),
            SameKey { key, first, second } => {
                Diagnostic::error(code::TABLE_KEY, format!("two rows have the key {key}"))
                    .label(second, "the same key again")
                    .label(first, "first here")
                    .help("a key stands for one row: change or remove one of them")
            }
            Schema { message, at, nearest } => Diagnostic::error(code::NAME_SCHEMA, message)
                .label(at, "")
                .help_opt(nearest.map(|n| format!("did you mean `{n}`?"))),
            Taken { name, at, help } => {
                Diagnostic::error(code::NAME_SCHEMA, format!("`{name}` is a word of the plan, not an option of a kind"))
                    .label(at, "Packer reads it itself")
                    .help(help)
            }
        }
    }
}
