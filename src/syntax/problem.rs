//! What can be wrong with the form of a file: one variant a mistake, and its words beside it.
//!
//! It knows no names and no types. `lower`, `scan` and `recover` make these.

use crate::diagnostic::{Code, Diagnostic, code};
use crate::text::{Span, words};

/// A mistake of form.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum SyntaxProblem {
    /// Something stands where something else was expected.
    Unexpected { span: Span, found: String, expected: Vec<String>, help: Option<String> },
    /// Brackets, interpolations or expressions nest too deep.
    TooDeep { span: Span },
    /// `{`, `[` or `(` without its counterpart; `at` is where it was missed.
    UnclosedBracket { open: Span, at: Span, mark: &'static str },
    /// A quote that its line (or the file) does not close.
    UnclosedQuote { mark: &'static str, open: Span, end: Span },
    /// `${` without `}` before the text's end.
    UnclosedInterpolation { span: Span, end: Span, inner: String },
    /// `${}`
    EmptyInterpolation { span: Span },
    /// `${a b}`
    InterpolationLeftover { span: Span, found: String },
    /// A line break inside `${…}` of a one-line text.
    NewlineInInterpolation { span: Span },
    /// `\q`
    BadEscape { span: Span, found: String },
    /// `"{{isotime "2006"}}"`
    QuoteInTemplate { span: Span, found: String },
    /// A line of a multi-line text that is indented less than its closing quotes.
    BadIndent { span: Span, quotes: Span },
    /// `/` behind `matches` without its counterpart.
    UnclosedRegex { span: Span },
    /// `:` where `=` belongs.
    ColonForEquals { span: Span, name: String },
    /// `==` where `=` belongs.
    DoubleEquals { span: Span },
    /// `;` between entries or elements.
    Semicolon { span: Span, in_list: bool },
    /// `let my-name = 1`
    Hyphened { span: Span, name: String, meant: String },
    /// Two elements of a list with nothing between them.
    MissingComma { before: Span, next: Span, reads_on: bool },
    /// One comma too many.
    ExtraComma { span: Span },
    /// `name { … }` where `name = { … }` or `name = [{ … }]` belongs.
    BlockWithoutEquals { key: Span, name: String, body: Span },
    /// `a == b == c`
    ChainedComparison { first: Span, second: Span },
    /// `if` without `else`.
    MissingElse { span: Span, keyword: Span },
    /// One key written twice by hand.
    KeyTwice { name: String, first: Span, second: Span },
    /// Two `matrix` blocks in one image.
    MatrixTwice { first: Span, second: Span },
    /// Digits and letters that are no number, duration or size.
    BadNumber { span: Span, found: String },
    /// A number beyond what its type holds.
    NumberTooLarge { span: Span, found: String, what: &'static str },
    /// A bare word as a pattern of `match`.
    NameAsPattern { span: Span, name: String },
    /// A row of a table without its last `|`.
    UnclosedRow { span: Span },
    /// A cell that is neither one word nor one literal.
    BadCell { span: Span, found: String },
    /// `${…}` in a text that must be known as it stands.
    NotPlain { span: Span, what: &'static str },
    /// A `let` without a value.
    LetWithoutValue { name: Span, span: Span },
    /// A `param`, `variable` or `secret` with neither type nor value.
    NeitherTypeNorValue { span: Span, word: String, name: String },
    /// A modifier of an option written twice.
    ModifierTwice { word: &'static str, span: Span },
    /// `///` with nothing behind it that can be documented (a warning).
    DanglingDoc { span: Span, trailing: bool },
    /// `//!` that does not stand at the top (a warning).
    MisplacedFileDoc { span: Span },
}

impl SyntaxProblem {
    /// The primary place.
    pub fn span(&self) -> Span {
        use SyntaxProblem::*;
        match self {
            UnclosedBracket { open: span, .. }
            | UnclosedQuote { open: span, .. }
            | MissingComma { next: span, .. }
            | BlockWithoutEquals { key: span, .. }
            | ChainedComparison { second: span, .. }
            | KeyTwice { second: span, .. }
            | MatrixTwice { second: span, .. }
            | LetWithoutValue { name: span, .. }
            | Unexpected { span, .. }
            | TooDeep { span }
            | UnclosedInterpolation { span, .. }
            | EmptyInterpolation { span }
            | InterpolationLeftover { span, .. }
            | NewlineInInterpolation { span }
            | BadEscape { span, .. }
            | QuoteInTemplate { span, .. }
            | BadIndent { span, .. }
            | UnclosedRegex { span }
            | ColonForEquals { span, .. }
            | DoubleEquals { span }
            | Semicolon { span, .. }
            | Hyphened { span, .. }
            | ExtraComma { span }
            | MissingElse { span, .. }
            | BadNumber { span, .. }
            | NumberTooLarge { span, .. }
            | NameAsPattern { span, .. }
            | UnclosedRow { span }
            | BadCell { span, .. }
            | NotPlain { span, .. }
            | NeitherTypeNorValue { span, .. }
            | ModifierTwice { span, .. }
            | DanglingDoc { span, .. }
            | MisplacedFileDoc { span } => *span,
        }
    }

    /// Its stable name.
    pub fn code(&self) -> Code {
        use SyntaxProblem::*;
        match self {
            Unexpected { .. } => code::SYNTAX_UNEXPECTED,
            TooDeep { .. } => code::SYNTAX_TOO_DEEP,
            UnclosedBracket { .. } => code::SYNTAX_UNCLOSED_BRACKET,
            UnclosedQuote { .. } => code::SYNTAX_UNCLOSED_QUOTE,
            UnclosedInterpolation { .. } => code::SYNTAX_UNCLOSED_INTERPOLATION,
            EmptyInterpolation { .. } | InterpolationLeftover { .. } => code::SYNTAX_BAD_INTERPOLATION,
            NewlineInInterpolation { .. } => code::SYNTAX_NEWLINE_IN_INTERPOLATION,
            BadEscape { .. } => code::SYNTAX_BAD_ESCAPE,
            QuoteInTemplate { .. } => code::SYNTAX_QUOTE_IN_TEMPLATE,
            BadIndent { .. } => code::SYNTAX_BAD_INDENT,
            UnclosedRegex { .. } => code::SYNTAX_UNCLOSED_REGEX,
            ColonForEquals { .. } => code::SYNTAX_COLON_FOR_EQUALS,
            DoubleEquals { .. } => code::SYNTAX_DOUBLE_EQUALS,
            Semicolon { .. } => code::SYNTAX_SEMICOLON,
            Hyphened { .. } => code::SYNTAX_HYPHENED_NAME,
            MissingComma { .. } => code::SYNTAX_MISSING_COMMA,
            ExtraComma { .. } => code::SYNTAX_EXTRA_COMMA,
            BlockWithoutEquals { .. } => code::SYNTAX_BLOCK_WITHOUT_EQUALS,
            ChainedComparison { .. } => code::SYNTAX_CHAINED_COMPARISON,
            MissingElse { .. } => code::SYNTAX_MISSING_ELSE,
            KeyTwice { .. } => code::SYNTAX_KEY_TWICE,
            MatrixTwice { .. } => code::SYNTAX_MATRIX_TWICE,
            BadNumber { .. } => code::SYNTAX_BAD_NUMBER,
            NumberTooLarge { .. } => code::SYNTAX_NUMBER_TOO_LARGE,
            NameAsPattern { .. } => code::SYNTAX_NAME_AS_PATTERN,
            UnclosedRow { .. } => code::SYNTAX_UNCLOSED_ROW,
            BadCell { .. } => code::SYNTAX_BAD_CELL,
            NotPlain { .. } => code::SYNTAX_NOT_PLAIN,
            LetWithoutValue { .. } | NeitherTypeNorValue { .. } => code::SYNTAX_MISSING_VALUE,
            ModifierTwice { .. } => code::SYNTAX_MODIFIER_TWICE,
            DanglingDoc { .. } => code::SYNTAX_DANGLING_DOC,
            MisplacedFileDoc { .. } => code::SYNTAX_MISPLACED_FILE_DOC,
        }
    }
}

impl From<SyntaxProblem> for Diagnostic {
    fn from(problem: SyntaxProblem) -> Self {
        use SyntaxProblem::*;
        let code = problem.code();
        let say = |message: String| Diagnostic::error(code, message);
        match problem {
            Unexpected { span, found, expected, help } => {
                let message = match expected.as_slice() {
                    [] => format!("{found} cannot stand here"),
                    expected => format!("expected {}, found {found}", words::list(expected, "or")),
                };
                say(message).label(span, "not expected here").help_opt(help)
            }
            TooDeep { span } => say("the file nests too deep here".to_owned())
                .label(span, "one level too many")
                .help("give the inner parts names with `let` and use those"),
            UnclosedBracket { open, at, mark } => say(format!("this `{mark}` is not closed"))
                .label(open, format!("opened here, wants a `{}`", counterpart(mark)))
                .label(at, format!("`{}` was still missing here", counterpart(mark)))
                .help(format!("write `{}` where it ends", counterpart(mark))),
            UnclosedQuote { mark, open, end } => {
                let help = match mark {
                    "'" => "close it with `'` on the same line; text that holds a `'` goes in `\"…\"`, text of several lines in `'''`",
                    "\"" => "close it with `\"` on the same line; a `\"` inside is written `\\\"`, text of several lines goes in `\"\"\"`",
                    _ => "close it with the same three quotes on a line of their own",
                };
                say(format!("this `{mark}` is not closed")).label(open, "the text begins here").help(help).fix(end, mark)
            }
            UnclosedInterpolation { span, end, inner } => {
                let help = if inner.is_empty() {
                    "close it with `}`; for the characters themselves write `$${`".to_owned()
                } else {
                    format!("write `${{{inner}}}`; for the characters themselves write `$${{`")
                };
                say("this `${` is not closed".to_owned()).label(span, "wants a `}` before the text ends").help(help).fix(end, "}")
            }
            EmptyInterpolation { span } => say("there is nothing between `${` and `}`".to_owned())
                .label(span, "expected a value")
                .help("name a value, such as `${region}`; for the characters themselves write `$${`"),
            InterpolationLeftover { span, found } => say(format!("expected `}}` or an operator, found {found}"))
                .label(span, "`${…}` holds one value")
                .help("write one `${…}` for each value, or join them with `+`"),
            NewlineInInterpolation { span } => say("`${…}` holds a line break inside a one-line text".to_owned())
                .label(span, "closed on a later line")
                .help("write it on one line, put the value in a `let`, or use `\"\"\"` for text of several lines"),
            BadEscape { span, found } => say(format!("`{found}` is no escape"))
                .label(span, "not known")
                .help(escape_help(&found))
                .fix(span, escape_fix(&found)),
            QuoteInTemplate { span, found } => {
                let fixed = found.replace('"', "\\\"");
                say("a `\"` inside `{{…}}` ends the text".to_owned())
                    .label(span, "wants backslashes before its quotes")
                    .help(format!("write `{fixed}`, or put the whole text in `'…'`"))
                    .fix(span, fixed)
            }
            BadIndent { span, quotes } => say("this line is indented less than the closing quotes".to_owned())
                .label(span, "starts too far left")
                .label(quotes, "these quotes say how much indentation is removed")
                .help("indent the line, or move the closing quotes to the left"),
            UnclosedRegex { span } => say("this regular expression is not closed".to_owned())
                .label(span, "wants a `/` at its end")
                .help("close it with `/` on the same line; a `/` inside is written `\\/`")
                .fix(span.after(), "/"),
            Hyphened { span, name, meant } => say(format!("`{name}` is no name: names hold no `-`"))
                .label(span, "would be read as a subtraction")
                .help(format!("write `{meant}`"))
                .fix(span, meant),
            ColonForEquals { span, name } => say("expected `=`, found `:`".to_owned())
                .label(span, "a value follows `=`; `:` is for types")
                .help(format!("write `{name} = …`"))
                .fix(span, " ="),
            DoubleEquals { span } => say("expected `=`, found `==`".to_owned())
                .label(span, "`==` compares")
                .help("write a single `=` to give a value")
                .fix(span, "="),
            Semicolon { span, in_list: true } => say("expected `,`, found `;`".to_owned())
                .label(span, "not a separator")
                .help("separate the elements with commas")
                .fix(span, ","),
            Semicolon { span, in_list: false } => say("`;` cannot stand here".to_owned())
                .label(span, "entries end by themselves")
                .help("leave it out, or begin a new line")
                .fix(span, ""),
            MissingComma { before, next, reads_on } => {
                let why = if reads_on { "begins a new element, because it begins a line" } else { "begins a new element" };
                say("expected `,` between two elements".to_owned())
                    .label(next, why)
                    .label(before, "the element before it")
                    .help(if reads_on {
                        "write `,` at the end of the line above; to go on with that element, move this up to its line"
                    } else {
                        "write `,` between them"
                    })
                    .fix(before.after(), ",")
            }
            ExtraComma { span } => {
                say("there is one comma too many".to_owned()).label(span, "nothing before it").help("leave it out").fix(span, "")
            }
            BlockWithoutEquals { key, name, body } => say(format!("`{name}` wants a `=` before its value"))
                .label(key, "an option, not a block")
                .help(format!("write `{name} = {{ … }}`, or `{name} = [{{ … }}]` for a list of records"))
                .fix(Span { end: body.start, ..key }, format!("{name} = ")),
            ChainedComparison { first, second } => say("comparisons are not chained".to_owned())
                .label(second, "a second comparison")
                .label(first, "the first one")
                .help("join two comparisons with `&&`, or write parentheses"),
            MissingElse { span, keyword } => say("expected `else`".to_owned())
                .label(span, "`else` was expected here")
                .label(keyword, "an `if` is a value and wants both cases")
                .help("write `else null` where there is nothing to give"),
            KeyTwice { name, first, second } => say(format!("`{name}` is written twice"))
                .label(second, "again")
                .label(first, "first written here")
                .help("remove one of them"),
            MatrixTwice { first, second } => say("an image has one `matrix`".to_owned())
                .label(second, "a second one")
                .label(first, "the first one")
                .help("move its axes into the first one"),
            BadNumber { span, found } => say(format!("`{found}` is no number, duration or size"))
                .label(span, "not a number")
                .help("a duration is written `1h30m`, `90s` or `500ms`, a size `8GiB` or `10GB`; other text goes in quotes"),
            NumberTooLarge { span, found, what } => say(format!("`{found}` is too large for {what}"))
                .label(span, "too large")
                .help("write it in quotes where the digits only name something"),
            NameAsPattern { span, name } => say(format!("expected a literal or `_`, found the name `{name}`"))
                .label(span, "a pattern is a literal")
                .help(format!("write `\"{name}\"` for the text, or `_` for every other value"))
                .fix(span, format!("\"{name}\"")),
            UnclosedRow { span } => say("expected `|` at the end of the row".to_owned())
                .label(span, "the row ends without it")
                .help("end every row with `|`")
                .fix(span.after(), " |"),
            BadCell { span, found } => say("a cell holds one word or one literal".to_owned())
                .label(span, "more than one word")
                .help(format!("write `\"{}\"`", found.replace('\\', "\\\\").replace('"', "\\\""))),
            NotPlain { span, what } => say(format!("{what} holds no `${{…}}`"))
                .label(span, "must be known as it stands")
                .help("write the text out"),
            LetWithoutValue { name, .. } => say("a `let` wants a value".to_owned())
                .label(name, "expected `=` and a value")
                .help("write `let name = value`"),
            NeitherTypeNorValue { span, word, name } => say(format!("`{name}` has neither type nor value"))
                .label(span, "expected `: type` or `= value`")
                .help(format!("write `{word} {name}: string`, or `{word} {name} = …` with a default")),
            ModifierTwice { word, span } => {
                say(format!("`{word}` is written twice")).label(span, "again").help("remove one of them")
            }
            DanglingDoc { span, trailing } => Diagnostic::warning(code, "this documentation belongs to nothing")
                .label(span, if trailing { "stands behind something" } else { "nothing follows that can be documented" })
                .help(if trailing { "write `///` on the line above what it documents" } else { "write `//` for a comment" }),
            MisplacedFileDoc { span } => Diagnostic::warning(code, "`//!` documents the file and stands at its top")
                .label(span, "behind an item")
                .help("move it to the top, or write `//` for a comment"),
        }
    }
}

fn counterpart(mark: &str) -> &'static str {
    match mark {
        "{" => "}",
        "[" => "]",
        _ => ")",
    }
}

fn escape_help(found: &str) -> &'static str {
    match found {
        "\\$" => "write `$${` for the characters `${`; a `$` alone needs nothing",
        "\\'" => "a `'` needs no backslash in `\"…\"`",
        _ if found.starts_with("\\u") => "write `\\u{e9}`: one to six hexadecimal digits of a character",
        _ => {
            "the escapes are `\\n \\r \\t \\\" \\\\ \\u{…}` and `$${`; write `\\\\` for a backslash, or use `'…'`, which has no escapes"
        }
    }
}

fn escape_fix(found: &str) -> String {
    match found {
        "\\$" => "$".to_owned(),
        "\\'" => "'".to_owned(),
        _ => format!("\\{found}"),
    }
}
