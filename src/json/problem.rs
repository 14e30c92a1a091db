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
