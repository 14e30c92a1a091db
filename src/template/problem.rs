//! What can be wrong with a text's run-time actions. Ranges count in the parsed text; the caller knows where they stand.

use std::ops::Range;

use crate::diagnostic::{Code, Diagnostic, Severity, code};
use crate::text::{Span, suggest, words};

use super::ast::DEPTH_LIMIT;
use super::function::{BUILD_NAMES, functions};

/// One mistake in the run-time language.
#[derive(Clone, PartialEq, Debug)]
pub enum TemplateProblem {
    /// `{{` without `}}`.
    Unclosed {
        /// The braces.
        range: Range<usize>,
    },
    /// A quote that nothing closes.
    UnclosedText {
        /// The quote.
        range: Range<usize>,
    },
    /// `{{/*` that does not end with `*/}}`.
    UnclosedComment {
        /// The comment, or its opening.
        range: Range<usize>,
    },
    /// `{{}}`.
    Empty {
        /// With the braces.
        range: Range<usize>,
    },
    /// `{{{`: the engine takes the first two braces for the opening.
    Brace {
        /// The three braces.
        range: Range<usize>,
    },
    /// Parentheses within parentheses beyond the limit.
    TooDeep {
        /// The one too many.
        range: Range<usize>,
    },
    /// The grammar allows something else here.
    Unexpected {
        /// The unexpected characters; empty at the end of the action.
        range: Range<usize>,
        /// Those characters.
        found: String,
        /// What could stand there, in words.
        expected: String,
    },
    /// `'text'`: single quotes hold one character in Go.
    SingleQuotes {
        /// With the quotes.
        range: Range<usize>,
        /// Between the quotes.
        text: String,
    },
    /// An escape that Go does not know.
    BadEscape {
        /// From the backslash.
        range: Range<usize>,
        /// The escape.
        escape: String,
    },
    /// A value that gets arguments or stands behind `|`.
    NotCallable {
        /// The value.
        range: Range<usize>,
        /// The first argument; absent behind `|`.
        argument: Option<Range<usize>>,
    },
    /// A function that neither Packer nor the engine has.
    UnknownFunction {
        /// As written.
        name: String,
        /// Where.
        range: Range<usize>,
        /// Whether it stands where an argument stands, so that it may be a text without quotes.
        argument: bool,
    },
    /// A function that Packer has given another name.
    Renamed {
        /// As written.
        name: String,
        /// Today's name.
        now: &'static str,
        /// Where.
        range: Range<usize>,
    },
    /// A function that Packer has taken away.
    Removed {
        /// As written.
        name: String,
        /// Where.
        range: Range<usize>,
    },
    /// Too many or too few arguments.
    ArgumentCount {
        /// The function.
        function: &'static str,
        /// The call.
        range: Range<usize>,
        /// How many it takes, in words.
        takes: String,
        /// How many it got.
        given: usize,
        /// A right call.
        example: &'static str,
    },
    /// An argument of another kind.
    ArgumentKind {
        /// The function.
        function: &'static str,
        /// The argument.
        range: Range<usize>,
        /// What it has to be, in words.
        wanted: &'static str,
        /// What it is, in words.
        found: &'static str,
        /// A right call.
        example: &'static str,
    },
    /// `{{split "a-b" "-" 5}}`: a piece that there is not.
    NoPiece {
        /// The index.
        range: Range<usize>,
        /// How many pieces there are.
        pieces: usize,
    },
    /// `$x` that nothing before declares.
    UnknownVariable {
        /// Without `$`.
        name: String,
        /// Where.
        range: Range<usize>,
        /// The nearest declared one.
        near: Option<String>,
    },
    /// `{{if …}}` and the like without `{{end}}`.
    MissingEnd {
        /// The keyword.
        word: &'static str,
        /// The opening action.
        range: Range<usize>,
    },
    /// `{{end}}`, `{{else}}` or `{{break}}` outside of what it belongs to.
    Stray {
        /// The action.
        range: Range<usize>,
        /// What it needs around it, in words.
        needs: &'static str,
    },
    /// A function that only defaults of variables may call.
    OnlyInVariables {
        /// The function.
        name: String,
        /// The call.
        range: Range<usize>,
    },
    /// `{{build …}}` in an option that is read before an instance runs.
    NoBuild {
        /// The call.
        range: Range<usize>,
    },
    /// ``{{build `X`}}`` with a name that no builder is known to give.
    BuildName {
        /// The name.
        name: String,
        /// The argument.
        range: Range<usize>,
    },
    /// A field that the option does not have.
    UnknownField {
        /// Without the dot.
        name: String,
        /// Where.
        range: Range<usize>,
        /// The option's fields.
        fields: Vec<String>,
    },
}

impl TemplateProblem {
    /// The diagnostic, with ranges mapped to places by `to_span`.
    pub fn into_diagnostic(self, to_span: &dyn Fn(Range<usize>) -> Span) -> Diagnostic {
        use TemplateProblem as P;
        match self {
            P::Unclosed { range } => Diagnostic::error(code::TEMPLATE_UNCLOSED, "`{{` is not closed")
                .label(to_span(range), "this action has no `}}`")
                .help("close it with `}}`, or write verbatim(\"…\") if the braces are plain text"),
            P::UnclosedText { range } => {
                Diagnostic::error(code::TEMPLATE_UNCLOSED, "a text within `{{…}}` is not closed")
                    .label(to_span(range), "the text begins here and does not end")
                    .help("close it with the same quote; backticks need no escaping: {{user `name`}}")
            }
            P::UnclosedComment { range } => {
                Diagnostic::error(code::TEMPLATE_UNCLOSED, "a comment within `{{…}}` is not closed")
                    .label(to_span(range), "expected `*/}}` at its end")
                    .help("a comment is the only thing in its braces: {{/* why */}}")
            }
            P::Empty { range } => Diagnostic::error(code::TEMPLATE_EMPTY, "`{{}}` holds nothing")
                .label(to_span(range), "expected a function or a field")
                .help("write an action such as {{timestamp}}, or verbatim(\"…\") if the braces are plain text"),
            P::Brace { range } => {
                Diagnostic::error(code::TEMPLATE_SYNTAX, "`{{{` opens an action with its first two braces")
                    .label(to_span(range), "expected a function or a field behind `{{`")
                    .help("write a plain brace before an action as {{`{`}}")
            }
            P::TooDeep { range } => Diagnostic::error(code::TEMPLATE_SYNTAX, "parentheses are nested too deeply")
                .label(to_span(range), "one too many")
                .help(format!("at most {DEPTH_LIMIT} levels are read")),
            P::Unexpected { range, found, expected } => unexpected(to_span(range), &found, &expected),
            P::SingleQuotes { range, text } => single_quotes(to_span(range), &text),
            P::BadEscape { range, escape } => {
                Diagnostic::error(code::TEMPLATE_SYNTAX, format!("`{escape}` is no escape of the run-time language"))
                    .label(to_span(range), "unknown escape")
                    .help("write \\\\ for a backslash, or the whole text in backticks, which know no escapes")
            }
            P::NotCallable { range, argument: Some(argument) } => {
                Diagnostic::error(code::TEMPLATE_SYNTAX, "only a function takes arguments")
                    .label(to_span(range), "this is a value")
                    .label(to_span(argument), "and this stands where its argument would")
                    .help("join texts outside of the braces: {{.Path}} {{.Vars}}")
            }
            P::NotCallable { range, argument: None } => {
                Diagnostic::error(code::TEMPLATE_SYNTAX, "expected a function behind `|`")
                    .label(to_span(range), "this is a value")
                    .help("a value goes from left to right through functions: {{isotime | clean_resource_name}}")
            }
            P::UnknownFunction { name, range, argument } => unknown_function(&name, to_span(range), argument),
            P::Renamed { name, now, range } => {
                Diagnostic::error(code::TEMPLATE_UNKNOWN_FUNCTION, format!("`{name}` has been renamed"))
                    .label(to_span(range.clone()), format!("is called `{now}` today"))
                    .help(format!("write {now}"))
                    .fix(to_span(range), now)
            }
            P::Removed { name, range } => {
                Diagnostic::error(code::TEMPLATE_REMOVED_FUNCTION, format!("`{name}` has been removed from Packer"))
                    .label(to_span(range), "Packer stops at this function")
                    .help("write {{build_name | replace_all `old` `new`}}")
            }
            P::ArgumentCount { function, range, takes, given, example } => {
                Diagnostic::error(code::TEMPLATE_ARGUMENTS, format!("`{function}` takes {takes}"))
                    .label(to_span(range), format!("got {given}"))
                    .help(format!("write it as in {example}"))
            }
            P::ArgumentKind { function, range, wanted, found, example } => {
                Diagnostic::error(code::TEMPLATE_ARGUMENTS, format!("`{function}` wants {wanted} here, not {found}"))
                    .label(to_span(range), format!("expected {wanted}"))
                    .help(format!("write it as in {example}"))
            }
            P::NoPiece { range, pieces } => {
                let message = format!("this text splits into {}", words::count(pieces, "piece"));
                Diagnostic::error(code::TEMPLATE_ARGUMENTS, message)
                    .label(to_span(range), "out of range")
                    .help(format!("the pieces are counted from 0 to {}", pieces.saturating_sub(1)))
            }
            P::UnknownVariable { name, range, near } => Diagnostic::error(
                code::TEMPLATE_UNKNOWN_VARIABLE,
                format!("no variable `${name}` is declared before"),
            )
            .label(to_span(range), "not declared")
            .help(near.map_or_else(
                || {
                    format!(
                        "declare it with {{{{${name} := …}}}}; for a variable of the plan write {{{{user `{name}`}}}}"
                    )
                },
                |near| format!("did you mean `${near}`?"),
            )),
            P::MissingEnd { word, range } => {
                Diagnostic::error(code::TEMPLATE_UNBALANCED, format!("`{{{{{word} …}}}}` has no `{{{{end}}}}`"))
                    .label(to_span(range), "opened here")
                    .help(format!("write {{{{{word} .Field}}}}…{{{{end}}}}"))
            }
            P::Stray { range, needs } => {
                Diagnostic::error(code::TEMPLATE_UNBALANCED, format!("this action stands outside of {needs}"))
                    .label(to_span(range), "closes nothing that is open here")
                    .help("write {{if .Field}}…{{else}}…{{end}}")
            }
            P::OnlyInVariables { name, range } => Diagnostic::error(
                code::TEMPLATE_ONLY_IN_VARIABLES,
                format!("`{name}` is known only in the default of a variable"),
            )
            .label(to_span(range), "Packer refuses it here")
            .help(match name.as_str() {
                "env" => "declare `variable name: string = env(\"NAME\")` and use the variable here".to_owned(),
                _ => "give the value to a variable or secret and use that here".to_owned(),
            }),
            P::NoBuild { range } => {
                Diagnostic::error(code::TEMPLATE_BUILD_NOT_HERE, "`build` is known only while an instance runs")
                    .label(to_span(range), "this option is read before there is an instance")
                    .help("provisioners and post-processors may use {{build `ID`}} and its like")
            }
            P::BuildName { name, range } => build_name(&name, to_span(range)),
            P::UnknownField { name, range, fields } => unknown_field(&name, to_span(range), &fields),
        }
    }
}

fn unexpected(span: Span, found: &str, expected: &str) -> Diagnostic {
    let message = match found {
        "" => format!("the action ends where {expected} should stand"),
        found => format!("unexpected `{found}` within `{{{{…}}}}`"),
    };
    Diagnostic::error(code::TEMPLATE_SYNTAX, message).label(span, format!("expected {expected}")).help(match found {
        "(" => "arguments follow the function without parentheses: {{isotime `2006-01-02`}}",
        "," => "arguments are separated by spaces: {{split `a-b` `-` 0}}",
        "\\" => "write quotes within `{{…}}` without a backslash here, or as backticks: {{user `name`}}",
        _ => "an action is a function with arguments or a field: {{user `name`}}, {{.Path}}, {{isotime | clean_resource_name}}",
    })
}

fn single_quotes(span: Span, text: &str) -> Diagnostic {
    let quoted = if text.contains('`') { format!("{text:?}") } else { format!("`{text}`") };
    Diagnostic::error(code::TEMPLATE_SYNTAX, "single quotes hold one character in the run-time language")
        .label(span, "expected backticks or double quotes")
        .help(format!("write {quoted}"))
        .fix(span, quoted)
}

fn unknown_function(name: &str, span: Span, argument: bool) -> Diagnostic {
    let problem = Diagnostic::error(code::TEMPLATE_UNKNOWN_FUNCTION, format!("no run-time function `{name}`"))
        .label(span, "unknown function");
    // Of short functions only short names are misspelt.
    let names = functions().iter().map(|f| f.name).filter(|f| f.len() > 3 || name.len() <= 3);
    if let Some(near) = suggest::nearest(name, names) {
        return problem.help(format!("did you mean `{near}`?")).fix(span, near);
    }
    problem.help(match argument {
        true => format!("write `{name}` in backticks if it is a text"),
        false => format!(
            "write {{{{user `{name}`}}}} for a variable, {{{{.{name}}}}} for a field, or verbatim(\"…\") if the braces are plain text"
        ),
    })
}

fn build_name(name: &str, span: Span) -> Diagnostic {
    let message = format!("no builder is known to give `{name}` to `build`");
    let near = suggest::nearest(name, BUILD_NAMES.iter().copied());
    // Builders of other plugins may give names that are not in the list, but hardly one that is a slip of the pen.
    let problem = Diagnostic::warning(code::TEMPLATE_BUILD_NAME, message).label(span, "unknown name");
    match near {
        Some(near) => Diagnostic { severity: Severity::Error, ..problem }.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("known are {}", list(BUILD_NAMES))),
    }
}

fn unknown_field(name: &str, span: Span, fields: &[String]) -> Diagnostic {
    let code: Code = code::TEMPLATE_UNKNOWN_FIELD;
    if fields.is_empty() {
        return Diagnostic::error(code, format!("no run-time field is known here, so `.{name}` has no value"))
            .label(span, "this option has no fields")
            .help(format!(
                "for a variable write {{{{user `{name}`}}}}; plain text in braces goes into verbatim(\"…\")"
            ));
    }
    let problem = Diagnostic::error(code, format!("no run-time field `.{name}` here")).label(span, "unknown field");
    match suggest::nearest(name, fields.iter().map(String::as_str)) {
        Some(near) => problem.help(format!("did you mean `.{near}`?")).fix(span, format!(".{near}")),
        None => problem.help(format!("this option has {}", list(fields.iter().map(|f| format!(".{f}"))))),
    }
}

fn list<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|n| format!("`{}`", n.as_ref())).collect();
    words::list(&names, "and")
}
