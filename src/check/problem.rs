//! What can go wrong with types.

use std::fmt::Display;

use smol_str::SmolStr;

use crate::diagnostic::{Diagnostic, code};
use crate::text::Span;

/// A mistake in types, options or indices.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum CheckProblem {
    /// A value of another type than its place takes.
    Mismatch { name: Option<SmolStr>, wanted: String, found: String, at: Span, hint: Hint },
    /// A value that is known only when the plan runs where the compiler must know it.
    Late { place: String, at: Span, source: Option<LateSource> },
    /// A value that may be null where null cannot stand.
    Null { what: String, at: Span, help: String },
    /// An operator between values that it does not join.
    Operator { symbol: &'static str, left: String, right: String, at: Span, help: String },
    /// Two values that can never be equal.
    NeverEqual { left: String, right: String, at: Span, hint: Hint },
    /// A `match` that leaves values without an arm.
    NotExhaustive { ty: String, missing: Vec<String>, at: Span },
    /// A pattern that an earlier one has taken already.
    UnreachableArm { pattern: String, at: Span, earlier: Span },
    /// A type that a param, variable or axis cannot have.
    Unfit { what: &'static str, ty: String, at: Span, help: &'static str },
    /// A field or key that the value does not have.
    UnknownField { owner: String, name: SmolStr, at: Span, nearest: Option<SmolStr>, known: Vec<SmolStr> },
    /// Fields that a record lacks.
    MissingFields { owner: Option<SmolStr>, names: Vec<(SmolStr, SmolStr)>, at: Span },
    /// An option that the kind does not have.
    UnknownOption { owner: String, name: SmolStr, at: Span, spread: Option<Span>, nearest: Option<SmolStr> },
    /// An option under the name that it had once.
    RenamedOption { owner: String, name: SmolStr, now: SmolStr, at: Span, spread: Option<Span> },
    /// Required options that a block lacks.
    MissingOptions { owner: String, names: Vec<(SmolStr, SmolStr)>, at: Span },
    /// An option that Packer knows and bakec refuses.
    RefusedOption { owner: String, name: SmolStr, at: Span, spread: Option<Span>, instead: SmolStr },
    /// An option that has had its day.
    DeprecatedOption { owner: String, name: SmolStr, at: Span, spread: Option<Span>, instead: SmolStr },
    /// Something spread that is neither record nor map.
    Spread { found: String, at: Span, into: &'static str },
    /// An index that does not fit a table or image.
    Index { message: String, at: Span, help: String, fix: Option<(Span, String)> },
    /// A key that no row of the table has.
    UnknownKey { table: SmolStr, key: String, at: Span, nearest: Option<String>, column: Option<SmolStr> },
    /// A value that an axis of the indexed image does not hold.
    NoCell { image: SmolStr, axis: SmolStr, value: String, at: Span, help: String },
    /// An image that nothing builds.
    NoBuilder { name: SmolStr, at: Span },
    /// `env` somewhere else than in a default.
    EnvPlace { at: Span },
    /// `{{user}}` of something that is no variable.
    UserVariable { name: SmolStr, at: Span, nearest: Option<SmolStr>, param: bool },
    /// A run-time field that comes from afar to an option that does not have it.
    RunTimeField { field: SmolStr, name: Option<SmolStr>, at: Span, offered: Vec<SmolStr> },
}

/// What to write instead, if that is known.
#[derive(Clone, Debug, Default)]
pub struct Hint {
    /// In words.
    pub help: Option<String>,
    /// As a replacement.
    pub fix: Option<(Span, String)>,
}

impl Hint {
    /// Words only.
    pub fn words(help: impl Into<String>) -> Self {
        Hint { help: Some(help.into()), fix: None }
    }
}

/// Where lateness comes from.
#[derive(Clone, Debug)]
pub enum LateSource {
    /// A variable or secret.
    Variable { name: SmolStr, declared: Span, secret: bool },
    /// The AMI of an image.
    Ami { image: SmolStr, at: Span },
    /// A `{{…}}` in a text.
    Action { source: SmolStr, at: Span },
    /// A parameter that takes late values.
    Parameter { name: SmolStr, declared: Span },
}

use CheckProblem::*;

impl From<CheckProblem> for Diagnostic {
    fn from(problem: CheckProblem) -> Self {
        match problem {
            Mismatch { name, wanted, found, at, hint } => {
                let message = match name {
                    Some(name) => format!("`{name}` takes {wanted}, not {found}"),
                    None => format!("expected {wanted}, found {found}"),
                };
                hinted(Diagnostic::error(code::TYPE_MISMATCH, message).label(at, format!("this is {found}")), hint)
            }
            Late { place, at, source } => late(place, at, source),
            Null { what, at, help } => Diagnostic::error(code::TYPE_NULL, what).label(at, "").help(help),
            Operator { symbol, left, right, at, help } => {
                Diagnostic::error(code::TYPE_OPERATOR, format!("`{symbol}` does not join {left} and {right}"))
                    .label(at, format!("{left} and {right}"))
                    .help(help)
            }
            NeverEqual { left, right, at, hint } => hinted(
                Diagnostic::error(code::TYPE_NEVER_EQUAL, format!("{left} can never be equal to {right}"))
                    .label(at, "always the same answer"),
                hint,
            ),
            NotExhaustive { ty, missing, at } => {
                let message = match missing.is_empty() {
                    true => format!("a `match` over {ty} needs a `_` arm"),
                    false => format!("this `match` has no arm for {}", list(&missing)),
                };
                Diagnostic::error(code::TYPE_NOT_EXHAUSTIVE, message)
                    .label(
                        at,
                        if missing.is_empty() { "not every value has an arm".into() } else { format!("over {ty}") },
                    )
                    .help("add the missing arms, or `_ => …` for all others")
            }
            UnreachableArm { pattern, at, earlier } => {
                Diagnostic::warning(code::TYPE_UNREACHABLE, format!("the pattern {pattern} is never reached"))
                    .label(at, "never reached")
                    .label(earlier, "taken here already")
                    .help("remove it, or move it up")
            }
            Unfit { what, ty, at, help } => Diagnostic::error(code::TYPE_UNFIT, format!("{what} cannot be {ty}"))
                .label(at, format!("this is {ty}"))
                .help(help),
            UnknownField { owner, name, at, nearest, known } => {
                let diagnostic = Diagnostic::error(code::NAME_UNKNOWN_FIELD, format!("{owner} has no `{name}`"))
                    .label(at, "not found");
                match nearest {
                    Some(nearest) => diagnostic.help(format!("did you mean `{nearest}`?")).fix(at, nearest),
                    None if known.is_empty() => diagnostic,
                    None => diagnostic.help(format!("it has {}", list_of(&known))),
                }
            }
            MissingFields { owner, names, at } => {
                let owner = owner.map_or("this record".into(), |o| format!("`{o}`"));
                missing(code::OPTION_MISSING, owner, names, at)
            }
            UnknownOption { owner, name, at, spread, nearest } => {
                let help = match &nearest {
                    Some(nearest) => format!("did you mean `{nearest}`?"),
                    None if spread.is_some() => {
                        format!("take it out of the spread for this block with `{name} = null`")
                    }
                    None => "the book's reference lists the options of every kind".into(),
                };
                let diagnostic =
                    Diagnostic::error(code::NAME_UNKNOWN_OPTION, format!("{owner} has no option `{name}`"))
                        .label(at, "no such option")
                        .help(help);
                let diagnostic = by_spread(diagnostic, spread);
                match nearest {
                    Some(nearest) => diagnostic.fix(at, nearest),
                    None => diagnostic,
                }
            }
            RenamedOption { owner, name, now, at, spread } => {
                let message = format!("the option `{name}` of {owner} is called `{now}` today");
                by_spread(Diagnostic::error(code::NAME_RENAMED_OPTION, message).label(at, "its old name"), spread)
                    .help(format!("write `{now}`"))
                    .fix(at, now)
            }
            MissingOptions { owner, names, at } => missing(code::OPTION_MISSING, owner, names, at),
            RefusedOption { owner, name, at, spread, instead } => {
                let message = format!("{owner} does not take `{name}`");
                by_spread(Diagnostic::error(code::OPTION_REFUSED, message).label(at, "refused"), spread).help(instead)
            }
            DeprecatedOption { owner, name, at, spread, instead } => {
                let message = format!("the option `{name}` of {owner} is deprecated");
                by_spread(Diagnostic::warning(code::OPTION_DEPRECATED, message).label(at, "deprecated"), spread)
                    .help(instead)
            }
            Spread { found, at, into } => {
                let wanted = if into == "a list" { "a list" } else { "a record or map" };
                Diagnostic::error(code::TYPE_MISMATCH, format!("only {wanted} can be spread into {into}, not {found}"))
                    .label(at, format!("this is {found}"))
                    .help(if into == "a list" {
                        "drop the `...` to make it one element"
                    } else {
                        "write `key = value` for a single value"
                    })
            }
            Index { message, at, help, fix } => {
                let diagnostic = Diagnostic::error(code::TYPE_INDEX, message).label(at, "").help(help);
                match fix {
                    Some((at, text)) => diagnostic.fix(at, text),
                    None => diagnostic,
                }
            }
            UnknownKey { table, key, at, nearest, column } => {
                let message = match column {
                    Some(column) => format!("no row of `{table}` has {key} as `{column}`"),
                    None => format!("`{table}` has no row {key}"),
                };
                Diagnostic::error(code::TABLE_NO_ROW, message)
                    .label(at, "no such key")
                    .help(nearest.map_or("add a row, or leave this key out".into(), |n| format!("did you mean {n}?")))
            }
            NoCell { image, axis, value, at, help } => {
                Diagnostic::error(code::IMAGE_CELL, format!("no build of `{image}` has `{value}` as `{axis}`"))
                    .label(at, "the axis does not hold it")
                    .help(help)
            }
            NoBuilder { name, at } => {
                Diagnostic::error(code::BUILD_BUILDER, format!("nothing builds the image `{name}`"))
                    .label(at, "has no `builder`")
                    .help("add a block such as `builder amazon-ebs { … }`")
            }
            EnvPlace { at } => Diagnostic::error(
                code::NAME_MISPLACED,
                "`env` stands only in the default of a param, variable or secret",
            )
            .label(at, "not here")
            .help("declare `param name = env(\"NAME\")` and use the param"),
            UserVariable { name, at, nearest, param } => {
                let help = match nearest {
                    _ if param => format!("`{name}` is a param: write `${{{name}}}`"),
                    Some(nearest) => format!("did you mean `{nearest}`?"),
                    None => format!("declare it with `variable {name}: string`"),
                };
                Diagnostic::error(code::NAME_UNKNOWN, format!("no variable is named `{name}`"))
                    .label(at, "not found")
                    .help(help)
            }
            RunTimeField { field, name, at, offered } => {
                let place = name.map_or("this place".into(), |n| format!("`{n}`"));
                let help = match offered.is_empty() {
                    true => "only options whose type is `template<…>` have run-time fields".into(),
                    false => format!("it has {}", list(&offered.iter().map(|f| format!("`.{f}`")).collect::<Vec<_>>())),
                };
                Diagnostic::error(
                    code::TEMPLATE_UNKNOWN_FIELD,
                    format!("{place} does not have the run-time field `.{field}`"),
                )
                .label(at, format!("holds `{{{{.{field}}}}}`"))
                .help(help)
            }
        }
    }
}

fn late(place: String, at: Span, source: Option<LateSource>) -> Diagnostic {
    let diagnostic = Diagnostic::error(code::TYPE_LATE, format!("{place} must be known when the plan is made"))
        .label(at, "known only when the plan runs");
    match source {
        Some(LateSource::Variable { name, declared, secret }) => {
            let what = if secret { "secret" } else { "variable" };
            diagnostic.label(declared, format!("`{name}` is a {what}")).help(match secret {
                true => "a secret never stands in the plan; decide by a `param` instead".into(),
                false => format!("declare `{name}` as a `param`, which is known when the plan is made"),
            })
        }
        Some(LateSource::Ami { image, at: origin }) => labelled(diagnostic, at, origin, format!("an AMI of `{image}`"))
            .help("an AMI has its id only after it was built: it can go into options, texts and outputs"),
        Some(LateSource::Action { source, at: origin }) => {
            let help = match source.contains("env ") {
                true => "write `env(\"NAME\")` to read the environment in a default".into(),
                false => {
                    format!("Packer evaluates `{source}`; use a `param` or `${{…}}` for what the compiler must know")
                }
            };
            labelled(diagnostic, at, origin, "Packer evaluates this").help(help)
        }
        Some(LateSource::Parameter { name, declared }) => diagnostic
            .label(declared, format!("`{name}` takes late values"))
            .help("drop `late` from the parameter's type, or use it only in texts and options"),
        None => diagnostic.help("use a `param`, which is known when the plan is made"),
    }
}

fn labelled(diagnostic: Diagnostic, at: Span, origin: Span, text: impl Into<String>) -> Diagnostic {
    if at == origin { diagnostic } else { diagnostic.label(origin, text) }
}

fn hinted(diagnostic: Diagnostic, hint: Hint) -> Diagnostic {
    let diagnostic = diagnostic.help_opt(hint.help);
    match hint.fix {
        Some((at, text)) => diagnostic.fix(at, text),
        None => diagnostic,
    }
}

fn by_spread(diagnostic: Diagnostic, spread: Option<Span>) -> Diagnostic {
    match spread {
        Some(span) => diagnostic.label(span, "comes in by this spread"),
        None => diagnostic,
    }
}

fn missing(code: crate::diagnostic::Code, owner: String, missing: Vec<(SmolStr, SmolStr)>, at: Span) -> Diagnostic {
    let shown: Vec<SmolStr> = missing.iter().map(|(name, _)| name.clone()).collect();
    let mut help = String::from("add");
    for (i, (name, doc)) in missing.iter().enumerate() {
        let first = doc.lines().next().unwrap_or("").trim_end_matches('.');
        help.push_str(if i > 0 { ", and" } else { "" });
        help.push_str(&format!(" `{name} = …`"));
        if !first.is_empty() {
            help.push_str(&format!(" ({first})"));
        }
    }
    Diagnostic::error(code, format!("{owner} needs {}", list_of(&shown))).label(at, "incomplete").help(help)
}

/// Names or values in backticks, the last one behind `and`; a long list is cut.
pub(super) fn list_of(all: &[impl Display]) -> String {
    list(&all.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>())
}

/// Words in a row, the last one behind `and`; a long list is cut.
fn list(words: &[String]) -> String {
    const MOST: usize = 12;
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] if words.len() <= MOST => format!("{} and {last}", all.join(", ")),
        _ => format!("{} and {} more", words[..MOST].join(", "), words.len() - MOST),
    }
}
