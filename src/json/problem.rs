<<<<<<< HEAD
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
        /// The first one, which is kept.
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
=======
//! What can be wrong with a JSON text: one variant a mistake, and its words beside it.
//!
//! `parse` and `scalar` make these; nothing here looks at a text.

use crate::diagnostic::{Diagnostic, code};
use crate::text::Span;

use super::MAX_DEPTH;

/// A mistake in a JSON text.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum JsonProblem {
    /// Nothing but blanks and comments.
    Empty { span: Span },
    /// Something stands where something else was expected.
    Unexpected { span: Span, found: String, expected: &'static str },
    /// More behind the end of the value.
    Leftover { span: Span, value: Span },
    /// A character that looks like a blank and is none to JSON.
    OddBlank { span: Span, found: char },
    /// `{` or `[` without its counterpart; `at` is where it was missed.
    Unclosed { open: Span, at: Span, mark: &'static str, close: &'static str },
    /// `[` closed by `}`, or the reverse.
    Mismatched { open: Span, at: Span, mark: &'static str, close: &'static str },
    /// `/*` without `*/`.
    UnclosedComment { open: Span },
    /// A quote that its line does not close.
    UnclosedText { open: Span, end: Span },
    /// Records and lists that nest too deep.
    TooDeep { span: Span },
    /// `,` before `}` or `]`.
    TrailingComma { span: Span, close: Span },
    /// `,` with nothing before it.
    ExtraComma { span: Span },
    /// Two members or elements with nothing between them.
    MissingComma { before: Span, next: Span },
    /// `;` for `,`, or `=` for `:`.
    InsteadOf { span: Span, found: &'static str, wanted: &'static str },
    /// A key and its value with nothing between them.
    MissingColon { key: Span, next: Span },
    /// A key without a value.
    MissingValue { key: Span, at: Span },
    /// One key twice in a record.
    DuplicateKey { name: String, first: Span, second: Span },
    /// `'…'`; `json` is the same text as JSON writes it.
    SingleQuotes { span: Span, json: String },
    /// A key without quotes.
    UnquotedKey { span: Span, name: String },
    /// A word that is not `true`, `false` or `null`.
    Word { span: Span, found: String, nearest: Option<&'static str> },
    /// `NaN`, `Infinity` or `-Infinity`.
    NotFinite { span: Span, found: String },
    /// Digits that are no number of JSON; `instead` where the meaning is plain.
    BadNumber { span: Span, found: String, instead: Option<String> },
    /// A backslash before something that has no escape.
    BadEscape { span: Span, found: String },
    /// Half of a surrogate pair.
    LoneSurrogate { span: Span, found: String },
    /// A control character that stands in a text as it is.
    ControlCharacter { span: Span, found: char },
}

use JsonProblem::*;

impl From<JsonProblem> for Diagnostic {
    fn from(problem: JsonProblem) -> Self {
        match problem {
            Empty { span } => syntax("the file holds no value")
                .label(span, "a value is expected here")
                .help("an empty record is written `{}`"),
            Unexpected { span, found, expected } => {
                let diagnostic = syntax(format!("found `{}`, expected {expected}", shown(&found))).label(span, "not expected here");
                match found.as_str() {
                    "“" | "”" | "„" | "‘" | "’" | "«" | "»" | "`" => diagnostic.help("texts stand in straight double quotes: `\"…\"`"),
                    _ => diagnostic,
                }
            }
            Leftover { span, value } => syntax("the file goes on behind its value")
                .label(span, "not part of the value")
                .label(value, "the value")
                .help("a file holds one value: put several into a list `[…]`, or remove the rest"),
            OddBlank { span, found } => syntax(format!("an invisible character (U+{:04X}) between the values", found as u32))
                .label(span, "invisible")
                .help("only spaces, tabs and line breaks may stand between values")
                .fix(span, " "),
            Unclosed { open, at, mark, close } => syntax(format!("`{mark}` is not closed"))
                .label(open, "opened here")
                .label(at, format!("`{close}` is expected before this"))
                .help(format!("close it with `{close}`")),
            Mismatched { open, at, mark, close } => syntax(format!("`{mark}` is closed by another bracket"))
                .label(at, format!("`{close}` is expected here"))
                .label(open, "opened here")
                .help(format!("write `{close}`"))
                .fix(at, close),
            UnclosedComment { open } => {
                syntax("the comment is not closed").label(open, "opened here").help("close it with `*/`, or begin a comment of one line with `//`")
            }
            UnclosedText { open, end } => syntax("the text is not closed on its line")
                .label(open, "opened here")
                .label(end, "the line ends here")
                .help("close it with the same quote; a line break inside a text is written `\\n`"),
            TooDeep { span } => syntax(format!("more than {MAX_DEPTH} records and lists inside each other"))
                .label(span, "one too many")
                .help("make the value flatter"),
            TrailingComma { span, close } => Diagnostic::error(code::JSON_TRAILING_COMMA, "a comma behind the last entry")
                .label(span, "nothing follows it")
                .label(close, "the end")
                .help("remove the comma: JSON has commas only between entries")
                .fix(span, ""),
            ExtraComma { span } => {
                syntax("a comma with nothing before it").label(span, "nothing to separate").help("remove it").fix(span, "")
            }
            MissingComma { before, next } => Diagnostic::error(code::JSON_MISSING_COMMA, "no comma between two entries")
                .label(next, "the next entry begins here")
                .label(before, "a comma is expected behind this")
                .help("write `,` between them")
                .fix(before.after(), ","),
            InsteadOf { span, found, wanted } => syntax(format!("found `{found}`, expected `{wanted}`"))
                .label(span, format!("`{wanted}` is expected here"))
                .help(format!("write `{wanted}`"))
                .fix(span, wanted),
            MissingColon { key, next } => syntax("no colon between a key and its value")
                .label(next, "a colon is expected before this")
                .label(key, "the key")
                .help("write `\"key\": value`")
                .fix(key.after(), ":"),
            MissingValue { key, at } => syntax("a key without a value")
                .label(key, "this key")
                .label(at, "a value is expected before this")
                .help("write `\"key\": value`; `null` stands for none"),
            DuplicateKey { name, first, second } => {
                Diagnostic::error(code::JSON_DUPLICATE_KEY, format!("the key `{}` stands twice in one record", shown(&name)))
                    .label(second, "again here")
                    .label(first, "first here")
                    .help("keep one of them: readers of JSON disagree which one counts")
            }
            SingleQuotes { span, json } => quotes("a text in single quotes")
                .label(span, "single quotes")
                .help(format!("texts stand in double quotes: `{}`", shown(&json)))
                .fix(span, json),
            UnquotedKey { span, name } => quotes(format!("the key `{}` is not quoted", shown(&name)))
                .label(span, "quotes are missing")
                .help(format!("write `\"{}\"`", shown(&name)))
                .fix(span, format!("\"{name}\"")),
            Word { span, found, nearest: Some(nearest) } => syntax(format!("`{}` is no value of JSON", shown(&found)))
                .label(span, "no such word")
                .help(format!("did you mean `{nearest}`?"))
                .fix(span, nearest),
            Word { span, found, nearest: None } => quotes(format!("`{}` is no value of JSON", shown(&found)))
                .label(span, "a text without quotes?")
                .help(format!("texts stand in double quotes: `\"{}\"`", shown(&found)))
                .fix(span, format!("\"{found}\"")),
            NotFinite { span, found } => number(format!("JSON has no `{}`", shown(&found)))
                .label(span, "not a finite number")
                .help("write a finite number, or `null` for none"),
            BadNumber { span, found, instead: Some(instead) } => number(format!("`{}` is no number of JSON", shown(&found)))
                .label(span, "not of JSON's form")
                .help(format!("write `{}`", shown(&instead)))
                .fix(span, instead),
            BadNumber { span, found, instead: None } => number(format!("`{}` is no number of JSON", shown(&found)))
                .label(span, "not of JSON's form")
                .help("numbers are decimal without leading zeros: `12`, `-0.5`, `1e3`; anything else, such as a file mode or `10GB`, is a text in double quotes"),
            BadEscape { span, found } => syntax(format!("`{}` is no escape of JSON", shown(&found)))
                .label(span, "not an escape")
                .help(r#"the escapes are `\"` `\\` `\/` `\b` `\f` `\n` `\r` `\t` and `\u` with four hexadecimal digits; a backslash itself is `\\`"#),
            LoneSurrogate { span, found } => syntax(format!("`{}` is half a character", shown(&found)))
                .label(span, "its other half is missing")
                .help("write the character itself: the file is UTF-8"),
            ControlCharacter { span, found } => syntax(format!("a control character (U+{:04X}) in a text", found as u32))
                .label(span, "stands here as it is")
                .help(format!("write `{}`", control_escape(found)))
                .fix(span, control_escape(found)),
        }
    }
}

fn syntax(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code::JSON_SYNTAX, message)
}

fn quotes(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code::JSON_QUOTES, message)
}

fn number(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code::JSON_NUMBER, message)
}

/// The user's words in a message: one line of bounded length.
fn shown(words: &str) -> String {
    const LONGEST: usize = 60;
    let mut out = String::new();
    for (i, c) in words.chars().enumerate() {
        if i == LONGEST {
            out.push('…');
            break;
        }
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

fn control_escape(c: char) -> String {
    if c == '\t' { "\\t".into() } else { format!("\\u{:04x}", c as u32) }
}
>>>>>>> json
