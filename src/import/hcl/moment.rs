//! Times: what HCL2 works out of `timestamp()`, as layouts of `isotime`.
//!
//! A function of a time is a layout if it does to the layout what it does to every rendered time; that is tried, not supposed.

use jiff::civil::{DateTime, date};

use crate::import::draft::{Kind, Piece, Value};
use crate::import::typed::duration;
use crate::template::{Action, OperandKind, Piece as Part, go_layout, parse};
use crate::text::Span;

/// What `timestamp()` prints; Packer's times are UTC.
const RFC3339: &str = "2006-01-02T15:04:05Z";

/// The action that prints a time in a layout of Go.
pub(super) fn isotime(layout: &str) -> Piece {
    Piece::Action(match layout {
        RFC3339 => "{{isotime}}".to_owned(),
        layout if layout.contains('`') => format!("{{{{isotime {}}}}}", serde_json::Value::from(layout)),
        layout => format!("{{{{isotime `{layout}`}}}}"),
    })
}

/// The time of the run, as a value.
pub(super) fn of_run(span: Span) -> Value {
    Value::new(Kind::Text(vec![isotime(RFC3339)]), span)
}

/// The layout of a text that is a time and nothing else.
pub(super) fn layout(value: &Value) -> Option<String> {
    let Kind::Text(pieces) = &value.kind else { return None };
    let [Piece::Action(source)] = &pieces[..] else { return None };
    let parsed = parse(source);
    let [Part::Action { action: Action::Print(pipeline), .. }] = &parsed.pieces[..] else { return None };
    let [command] = &pipeline.commands[..] else { return None };
    if !matches!(&command.head.kind, OperandKind::Function(name) if name == "isotime") {
        return None;
    }
    match &command.arguments[..] {
        [] => Some(RFC3339.to_owned()),
        [one] => match &one.kind {
            OperandKind::Text(layout) => Some(layout.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// The layout that prints what a function makes of the printed time.
pub(super) fn through(layout: &str, function: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let found = function(layout)?;
    let same = |at| function(&go_layout(layout, at)).is_some_and(|text| text == go_layout(&found, at));
    samples().all(same).then_some(found)
}

/// Moments in which every part of a date is short and long, early and late.
fn samples() -> impl Iterator<Item = DateTime> {
    (0..48_i16).map(|i| {
        let j = (i % 12) as i8;
        date(1998 + i * 7, 1 + j, 1 + (j * 7 + 2) % 28).at((i % 24) as i8, (i * 5 % 60) as i8, (i * 13 % 60) as i8, 0)
    })
}

/// Two moments that have nothing in common.
pub(super) fn specimens() -> [DateTime; 2] {
    [date(2026, 1, 2).at(3, 4, 5, 0), date(1987, 12, 30).at(21, 56, 48, 0)]
}

/// One part of a format of `formatdate`.
enum Token {
    Layout(&'static str),
    Chars(String),
}

/// A format of `formatdate` as text; `None` where Go has no layout for it.
pub(super) fn formatdate(format: &str) -> Option<Vec<Piece>> {
    let tokens = tokens(format)?;
    let whole: String = tokens.iter().map(Token::source).collect();
    let apart = |at| tokens.iter().map(|t| t.render(at)).collect::<String>();
    if tokens.iter().any(|t| matches!(t, Token::Layout(_))) && samples().all(|at| go_layout(&whole, at) == apart(at)) {
        return Some(vec![isotime(&whole)]);
    }
    Some(
        tokens
            .into_iter()
            .map(|token| match token {
                Token::Layout(layout) => isotime(layout),
                Token::Chars(chars) => Piece::Chars(chars),
            })
            .collect(),
    )
}

impl Token {
    fn source(&self) -> &str {
        match self {
            Token::Layout(layout) => layout,
            Token::Chars(chars) => chars,
        }
    }

    fn render(&self, at: DateTime) -> String {
        match self {
            Token::Layout(layout) => go_layout(layout, at),
            Token::Chars(chars) => chars.clone(),
        }
    }
}

fn tokens(format: &str) -> Option<Vec<Token>> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = format;
    while let Some(c) = rest.chars().next() {
        let length = rest.len() - rest.trim_start_matches(c).len();
        let token = match c {
            '\'' => {
                let (chars, length) = quoted(rest)?;
                rest = &rest[length..];
                push(&mut tokens, chars);
                continue;
            }
            c if c.is_ascii_alphabetic() => known(&rest[..length])?,
            c => Token::Chars(std::iter::repeat_n(c, length / c.len_utf8()).collect()),
        };
        rest = &rest[length..];
        match token {
            Token::Chars(chars) => push(&mut tokens, chars),
            layout => tokens.push(layout),
        }
    }
    Some(tokens)
}

fn push(tokens: &mut Vec<Token>, more: String) {
    match tokens.last_mut() {
        Some(Token::Chars(chars)) => chars.push_str(&more),
        _ => tokens.push(Token::Chars(more)),
    }
}

/// `'T'`: what it says, and its length. Two quotes within stand for one.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut chars = String::new();
    let mut inner = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = inner.next() {
        if c != '\'' {
            chars.push(c);
        } else if inner.peek().is_some_and(|(_, next)| *next == '\'') {
            inner.next();
            chars.push('\'');
        } else {
            return Some((chars, at + 1));
        }
    }
    None
}

/// What a run of one letter stands for. The zone of every time is UTC.
fn known(letters: &str) -> Option<Token> {
    Some(Token::Layout(match letters {
        "YYYY" => "2006",
        "YY" => "06",
        "MMMM" => "January",
        "MMM" => "Jan",
        "MM" => "01",
        "M" => "1",
        "DD" => "02",
        "D" => "2",
        "EEEE" => "Monday",
        "EEE" => "Mon",
        "hh" => "15",
        "HH" => "03",
        "H" => "3",
        "AA" => "PM",
        "aa" => "pm",
        "mm" => "04",
        "m" => "4",
        "ss" => "05",
        "s" => "5",
        "Z" => return Some(Token::Chars("Z".into())),
        "ZZZ" => return Some(Token::Chars("UTC".into())),
        "ZZZZ" => return Some(Token::Chars("+0000".into())),
        "ZZZZZ" => return Some(Token::Chars("+00:00".into())),
        _ => return None,
    }))
}

/// A time as RFC 3339 writes it: the time of its clock, and how that clock is named.
fn written(time: &str) -> Option<(DateTime, &str)> {
    let (clock, zone) = time.split_at_checked(19)?;
    let clock: DateTime = clock.parse().ok().filter(|_| clock.as_bytes().get(10) == Some(&b'T'))?;
    let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let form: String = zone.chars().map(digits).collect();
    matches!(form.as_str(), "Z" | "+00:00" | "-00:00").then_some((clock, zone))
}

/// `timeadd` of a time that is known.
pub(super) fn later(time: &str, by: &str) -> Option<String> {
    let (clock, zone) = written(time)?;
    let by = jiff::SignedDuration::from_nanos(duration(by)?);
    let found = clock.checked_add(by).ok()?;
    Some(format!("{}{zone}", go_layout("2006-01-02T15:04:05", found)))
}

/// `formatdate` of a time that is known. Of a clock that is not UTC, the zone has other names.
pub(super) fn dated(format: &str, time: &str) -> Option<String> {
    let (clock, zone) = written(time)?;
    let tokens = tokens(format)?;
    (zone == "Z").then(|| tokens.iter().map(|token| token.render(clock)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: &str) -> String {
        let pieces = formatdate(format).unwrap_or_else(|| panic!("no layout for {format}"));
        pieces
            .into_iter()
            .map(|piece| match piece {
                Piece::Action(text) | Piece::Chars(text) => text,
                Piece::Value(value) => panic!("{value:?}"),
            })
            .collect()
    }

    #[test]
    fn formats_become_layouts() {
        assert_eq!(written("YYYYMMDDhhmmss"), "{{isotime `20060102150405`}}");
        assert_eq!(written("YYYY-MM-DD'T'hh:mm:ssZ"), "{{isotime}}");
        assert_eq!(written("YYYYMMDD't'HHmmss"), "{{isotime `20060102t030405`}}");
        // A digit of the text would be read as a part of the date.
        assert_eq!(written("YYYY'1'MM"), "{{isotime `2006`}}1{{isotime `01`}}");
        assert_eq!(written("'it''s' D"), "{{isotime `it's 2`}}");
        assert!(formatdate("h").is_none() && formatdate("'open").is_none());
    }

    #[test]
    fn functions_go_through_where_they_do_the_same_to_every_time() {
        let without = |text: &str| Some(text.replace(['-', 'T', ':', 'Z'], ""));
        assert_eq!(through(RFC3339, &without).as_deref(), Some("20060102150405"));
        let head = |text: &str| text.get(..10).map(str::to_owned);
        assert_eq!(through(RFC3339, &head).as_deref(), Some("2006-01-02"));
        // `0` stands in every layout, but not in every time.
        let no_zero = |text: &str| Some(text.replace('0', ""));
        assert_eq!(through(RFC3339, &no_zero), None);
    }
}
