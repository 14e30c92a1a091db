//! What can be wrong with a JSON file.

use crate::diagnostic::{Diagnostic, code};
use crate::text::{Span, suggest};

/// One mistake in a JSON file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JsonProblem {
    /// Something else than JSON allows here.
    Unexpected {
        /// Where; empty at the end of the file.
        span: Span,
        /// What stands there; empty at the end of the file.
        found: String,
        /// What could stand there, in words.
        expected: &'static str,
    },
    /// A value behind the only one that a file has.
    AfterEnd {
        /// Its first character.
        span: Span,
    },
    /// `[1 2]`
    MissingComma {
        /// The empty place behind the value that the comma should follow.
        span: Span,
    },
    /// `[1, 2,]`
    TrailingComma {
        /// The comma.
        span: Span,
        /// What closes, `]` or `}`.
        closer: char,
    },
    /// `{"a" = 1}`
    EqualsForColon {
        /// The `=`.
        span: Span,
    },
    /// `{a: 1}`
    UnquotedKey {
        /// The key.
        span: Span,
        /// As written.
        name: String,
    },
    /// `'text'`
    SingleQuotes {
        /// With the quotes.
        span: Span,
        /// Between the quotes.
        text: String,
    },
    /// A key that the record has already.
    DuplicateKey {
        /// As decoded.
        name: String,
        /// The first one.
        first: Span,
        /// This one.
        second: Span,
    },
    /// A bracket, text or comment that is not closed.
    Unclosed {
        /// What opens it.
        span: Span,
        /// What it is, in words.
        what: &'static str,
        /// What closes it.
        closer: &'static str,
    },
    /// `[1}`
    WrongCloser {
        /// What opened.
        open: Span,
        /// The closer of another kind.
        span: Span,
        /// What closes it.
        closer: char,
    },
    /// `01`, `.5`, `1.`, `+1`
    BadNumber {
        /// The number.
        span: Span,
        /// As written.
        written: String,
        /// Why it is none, in words.
        why: &'static str,
    },
    /// An escape that JSON does not have.
    BadEscape {
        /// From the backslash.
        span: Span,
        /// As written.
        escape: String,
    },
    /// A control character in a text, such as the end of a line.
    ControlCharacter {
        /// The character.
        span: Span,
        /// How to write it.
        escape: String,
    },
    /// `True`, `None`, `yes`
    UnknownWord {
        /// The word.
        span: Span,
        /// As written.
        word: String,
    },
    /// Values within values beyond the limit.
    TooDeep {
        /// The bracket that is one too many.
        span: Span,
        /// The limit.
        limit: usize,
    },
    /// More mistakes than are worth reading.
    TooMany {
        /// Where the reading stops.
        span: Span,
    },
}

impl JsonProblem {
    /// The primary place of the mistake.
    pub fn span(&self) -> Span {
        use JsonProblem as P;
        match self {
            P::DuplicateKey { second, .. } => *second,
            P::Unexpected { span, .. }
            | P::AfterEnd { span }
            | P::MissingComma { span }
            | P::TrailingComma { span, .. }
            | P::EqualsForColon { span }
            | P::UnquotedKey { span, .. }
            | P::SingleQuotes { span, .. }
            | P::Unclosed { span, .. }
            | P::WrongCloser { span, .. }
            | P::BadNumber { span, .. }
            | P::BadEscape { span, .. }
            | P::ControlCharacter { span, .. }
            | P::UnknownWord { span, .. }
            | P::TooDeep { span, .. }
            | P::TooMany { span } => *span,
        }
    }
}

impl From<JsonProblem> for Diagnostic {
    fn from(problem: JsonProblem) -> Self {
        use JsonProblem as P;
        match problem {
            P::Unexpected { span, found, expected } => {
                let message = match found.as_str() {
                    "" => format!("the file ends where {expected} should stand"),
                    found => format!("unexpected `{found}`"),
                };
                Diagnostic::error(code::JSON_UNEXPECTED, message).label(span, format!("expected {expected}"))
            }
            P::AfterEnd { span } => Diagnostic::error(code::JSON_UNEXPECTED, "a JSON file holds one value")
                .label(span, "expected the end of the file")
                .help("join several values in one record: { \"name\": value, … }"),
            P::MissingComma { span } => Diagnostic::error(code::JSON_UNEXPECTED, "a comma is missing")
                .label(span, "expected `,`")
                .help("separate the entries with `,`")
                .fix(span, ","),
            P::TrailingComma { span, closer } => {
                Diagnostic::error(code::JSON_TRAILING_COMMA, format!("a comma before `{closer}`"))
                    .label(span, "nothing follows it")
                    .help("JSON has no comma behind the last entry: take it away")
                    .fix(span, "")
            }
            P::EqualsForColon { span } => Diagnostic::error(code::JSON_UNEXPECTED, "`=` between key and value")
                .label(span, "expected `:`")
                .help("JSON writes \"name\": value")
                .fix(span, ":"),
            P::UnquotedKey { span, name } => {
                Diagnostic::error(code::JSON_UNEXPECTED, format!("the key `{name}` has no quotes"))
                    .label(span, "expected a text in double quotes")
                    .help(format!("write \"{name}\""))
                    .fix(span, format!("\"{name}\""))
            }
            P::SingleQuotes { span, text } => {
                let quoted = serde_json::Value::from(text).to_string();
                Diagnostic::error(code::JSON_UNEXPECTED, "a text in single quotes")
                    .label(span, "expected double quotes")
                    .help(format!("write {quoted}"))
                    .fix(span, quoted)
            }
            P::DuplicateKey { name, first, second } => {
                Diagnostic::error(code::JSON_DUPLICATE_KEY, format!("the key `{name}` is written twice"))
                    .label(second, "written again here")
                    .label(first, "first written here")
                    .help("keep one of them")
            }
            P::Unclosed { span, what, closer } => {
                Diagnostic::error(code::JSON_UNCLOSED, format!("{what} is not closed"))
                    .label(span, "opened here")
                    .help(format!("close it with `{closer}`"))
            }
            P::WrongCloser { open, span, closer } => {
                Diagnostic::error(code::JSON_UNCLOSED, "the brackets do not match")
                    .label(span, format!("expected `,` or `{closer}`"))
                    .label(open, "opened here")
                    .help(format!("close it with `{closer}`"))
                    .fix(span, closer)
            }
            P::BadNumber { span, written, why } => {
                Diagnostic::error(code::JSON_BAD_NUMBER, format!("`{written}` is no number of JSON"))
                    .label(span, why)
                    .help("write a number as in 12, -3 or 0.5; anything else is a text in double quotes")
            }
            P::BadEscape { span, escape } => {
                Diagnostic::error(code::JSON_BAD_TEXT, format!("`{escape}` is no escape of JSON"))
                    .label(span, "unknown escape")
                    .help(r#"JSON knows \" \\ \/ \b \f \n \r \t and \u0000; a backslash itself is written \\"#)
            }
            P::ControlCharacter { span, escape } => {
                Diagnostic::error(code::JSON_BAD_TEXT, "a control character in a text")
                    .label(span, "not allowed as it stands")
                    .help(format!("write {escape}"))
                    .fix(span, escape)
            }
            P::UnknownWord { span, word } => {
                let near = match word.as_str() {
                    "yes" | "on" => Some("true"),
                    "no" | "off" => Some("false"),
                    "None" | "nil" | "undefined" => Some("null"),
                    word => suggest::nearest(word, ["true", "false", "null"]),
                };
                let problem = Diagnostic::error(code::JSON_UNKNOWN_WORD, format!("no value `{word}` in JSON"))
                    .label(span, "expected `true`, `false`, `null` or a text in double quotes");
                match near {
                    Some(near) => problem.help(format!("did you mean `{near}`?")).fix(span, near),
                    None => problem.help(format!("write \"{word}\" if it is a text")),
                }
            }
            P::TooDeep { span, limit } => Diagnostic::error(code::JSON_TOO_DEEP, "values are nested too deeply")
                .label(span, "one too many")
                .help(format!("at most {limit} levels are read")),
            P::TooMany { span } => {
                Diagnostic::error(code::JSON_UNEXPECTED, "too many mistakes: the rest of the file is not read")
                    .label(span, "reading stops here")
                    .help("is this a JSON file?")
            }
        }
    }
}
