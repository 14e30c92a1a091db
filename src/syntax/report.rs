//! From pest's failure to a message: where it stopped, what stands there, what was expected.
//!
//! It knows rules and their names, not the tree. Neighbours: `symbol` names the rules, `lower` and `recover` ask.

use pest::Parser;
use pest::error::{Error, ErrorVariant, InputLocation};

use crate::text::Span;
use crate::text::suggest::nearest;

use super::habit;
use super::parser::{BakeParser, Rule};
use super::problem::SyntaxProblem;
use super::scan::{ITEM_WORDS, Place};
use super::symbol::{Symbol, to_symbol};

/// What is read alone to find out what is wrong with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    Item,
    Statement,
    MatrixItem,
    Require,
    Member,
    Entry,
    Arm,
    Element,
    /// With what closes the arguments.
    Argument(&'static str),
    Row,
    Value,
}

impl Part {
    fn rule(self) -> Rule {
        match self {
            Part::Item | Part::Row => Rule::whole_item,
            Part::Statement => Rule::probe_statement,
            Part::MatrixItem => Rule::probe_matrix_item,
            Part::Require => Rule::probe_require,
            Part::Member => Rule::probe_member,
            Part::Entry => Rule::probe_entry,
            Part::Arm => Rule::probe_arm,
            Part::Element => Rule::probe_element,
            Part::Argument(_) => Rule::probe_argument,
            Part::Value => Rule::lone_expr,
        }
    }

    /// What may begin it, in words.
    fn form(self) -> &'static str {
        match self {
            Part::Item => "an item such as `let`, `image` or `param`",
            Part::Statement => "a statement such as `name`, `builder` or `provision`",
            Part::MatrixItem => "`axis`, `exclude` or `let`",
            Part::Require => "`require`",
            Part::Member => "an option `name: type`",
            Part::Entry => "an entry `name = value`",
            Part::Arm => "a case `pattern => value`",
            Part::Element | Part::Argument(_) | Part::Value => "a value",
            Part::Row => "a row `| … |`",
        }
    }

    /// What may end it.
    fn ends(self) -> &'static [&'static str] {
        match self {
            Part::Element => &["`,`", "`]`"],
            Part::Argument("]") => &["`,`", "`]`"],
            Part::Argument(_) => &["`,`", "`)`"],
            Part::Value => &["the end of the value"],
            Part::Item => &["an item such as `let`, `image` or `param`"],
            _ => &["the end of the line"],
        }
    }

    /// The words that may begin it, for `did you mean`.
    fn words(self) -> &'static [&'static str] {
        match self {
            Part::Item => ITEM_WORDS,
            Part::Statement => {
                &["matrix", "let", "name", "builder", "provision", "cleanup", "test", "use", "post", "retain"]
            }
            Part::MatrixItem => &["axis", "exclude", "let"],
            Part::Require => &["require"],
            _ => &[],
        }
    }
}

/// The message for `source[start..end]`, which was to be a `part`. `parsed` is the text as it was parsed; where the failure
/// lies before `from`, what stands there has been reported already, and the message is about `from`.
pub(super) fn explain(
    place: Place,
    source: &str,
    parsed: &str,
    part: Part,
    start: usize,
    end: usize,
    from: usize,
) -> (usize, SyntaxProblem) {
    let failure = match part {
        Part::Row => None,
        _ => BakeParser::parse(part.rule(), &parsed[start..end]).err(),
    };
    let Some(error) = failure else { return unexpected(place, source, from, &ends_of(part, from == start), None) };
    if matches!(error.variant, ErrorVariant::CustomError { .. }) {
        return (from, SyntaxProblem::TooDeep { span: found_at(place, source, from).1 });
    }
    let at = start + offset(&error);
    if part == Part::Item && source[from..].starts_with(['}', ']', ')']) {
        let help = "remove it, or look above for a block that ends too early";
        return unexpected(place, source, from, &[], Some(help.to_owned()));
    }
    if at < from {
        return unexpected(place, source, from, &ends_of(part, from == start), None);
    }
    // What follows an item on a line of its own was to be the next item.
    let start = if part == Part::Item && from > start && begins_line(source, from) { from } else { start };
    if skip_blank(source, start) >= at {
        let word = word_at(source, start);
        let near = || nearest(word, part.words().iter().copied()).filter(|w| *w != word);
        let help = habit::opening(part, source, start).or_else(|| near().map(|w| format!("did you mean `{w}`?")));
        return unexpected(place, source, start, &[part.form().to_owned()], help);
    }
    let help = habit::token(source, at).or_else(|| {
        let whole = (from == start).then_some(start)?;
        habit::opening(part, source, whole).or_else(|| habit::form(part, source, whole, at))
    });
    unexpected(place, source, at, &expected(&error, part), help)
}

/// The message for a failure of which nothing more is known.
pub(super) fn explain_error(place: Place, source: &str, error: &Error<Rule>, part: Part) -> SyntaxProblem {
    let at = offset(error);
    if matches!(error.variant, ErrorVariant::CustomError { .. }) {
        return SyntaxProblem::TooDeep { span: found_at(place, source, at).1 };
    }
    unexpected(place, source, at, &expected(error, part), None).1
}

/// "expected …, found …" at an offset; also the offset of what was found.
pub(super) fn unexpected(
    place: Place,
    source: &str,
    at: usize,
    expected: &[String],
    help: Option<String>,
) -> (usize, SyntaxProblem) {
    let (found, span) = found_at(place, source, at);
    let help = help.or_else(|| habit::token(source, at));
    (span.start as usize - place.base, SyntaxProblem::Unexpected { span, found, expected: expected.to_vec(), help })
}

fn ends_of(part: Part, at_start: bool) -> Vec<String> {
    if at_start { vec![part.form().to_owned()] } else { part.ends().iter().map(|s| (*s).to_owned()).collect() }
}

fn offset(error: &Error<Rule>) -> usize {
    match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    }
}

fn expected(error: &Error<Rule>, part: Part) -> Vec<String> {
    let ErrorVariant::ParsingError { positives, .. } = &error.variant else { return Vec::new() };
    let mut out: Vec<String> = Vec::new();
    let mut add = |text: String| {
        if !out.contains(&text) {
            out.push(text);
        }
    };
    for &rule in positives {
        match to_symbol(rule) {
            _ if rule == Rule::EOI => part.ends().iter().for_each(|s| add((*s).to_owned())),
            Symbol::Mark(mark) => add(format!("`{mark}`")),
            Symbol::Form(form) => add(form.to_owned()),
            Symbol::Unnamed => {}
        }
    }
    // An operator may follow any value, a refinement any type: worth saying only where nothing else is expected.
    let goes_on =
        |s: &String| ["an operator", "`.`", "`[`", "`(`", "`|`", "`?`", "`in`", "`matches`"].contains(&s.as_str());
    if !out.iter().all(goes_on) {
        out.retain(|s| !goes_on(s));
    }
    // The form says it of all items at once.
    if part == Part::Item && out.iter().any(|s| s == part.form()) {
        out.retain(|s| !ITEM_WORDS.iter().any(|word| s.trim_matches('`') == *word));
    }
    out.truncate(6);
    out
}

pub(super) fn begins_line(source: &str, at: usize) -> bool {
    let line = source[..at].trim_end_matches([' ', '\t', '\r']);
    line.is_empty() || line.ends_with('\n')
}

fn skip_blank(source: &str, at: usize) -> usize {
    source.len() - source[at..].trim_start().len()
}

fn word_at(source: &str, at: usize) -> &str {
    let rest = source[at..].trim_start();
    let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
    &rest[..length]
}

/// What stands at an offset, as a message names it, and its span.
fn found_at(place: Place, source: &str, at: usize) -> (String, Span) {
    let rest = source[at..].trim_start_matches([' ', '\t', '\r']);
    let start = source.len() - rest.len();
    let mut chars = rest.chars();
    let Some(first) = chars.next() else { return ("the end of the file".to_owned(), place.span(start, start)) };
    if first == '\n' || first == '#' || rest.starts_with("//") {
        return ("the end of the line".to_owned(), place.span(at, at));
    }
    let length = if first.is_alphanumeric() || first == '_' {
        rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
    } else if first == '"' || first == '\'' {
        rest[1..]
            .find([first, '\n'])
            .map_or(rest.len(), |n| if rest[n + 1..].starts_with('\n') { n + 1 } else { n + 2 })
    } else {
        ["...", "==", "!=", "<=", ">=", "=>", "->", "&&", "||", "??", "..", "${"]
            .iter()
            .find(|mark| rest.starts_with(**mark))
            .map_or(first.len_utf8(), |mark| mark.len())
    };
    let token = &rest[..length];
    let shown: String =
        if token.chars().count() > 40 { token.chars().take(39).chain(['…']).collect() } else { token.to_owned() };
    (format!("`{shown}`"), place.span(start, start + length))
}
