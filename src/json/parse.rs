//! The recursive descent over records and lists, and the way on behind a mistake.
//!
//! After a member or element that cannot be read, reading goes on at the next comma or closing bracket of the same level.
//! Every turn of a loop here takes at least one byte or ends, so reading takes time linear in the text. `scalar` reads
//! texts, numbers and words.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::text::{FileId, Span};

use super::{JsonProblem, Key, MAX_DEPTH, Node, NodeKind, Parse};

/// Problems beyond this many are not kept.
const MAX_PROBLEMS: usize = 200;

/// Reads a text as one JSON value. Comments (`//`, `#`, `/* */`) and a byte order mark at the start are read over.
pub fn parse(file: FileId, text: &str) -> Parse {
    let mut reader = Reader { file, text, at: 0, open: Vec::new(), ended: false, problems: Vec::new() };
    if text.starts_with('\u{feff}') {
        reader.at = '\u{feff}'.len_utf8();
    }
    reader.blank();
    if reader.at == text.len() {
        if !reader.ended {
            reader.report(JsonProblem::Empty { span: Span::file_start(file) });
        }
        return Parse { value: None, problems: reader.problems };
    }
    let value = reader.value();
    if let Some(node) = &value {
        reader.blank();
        if reader.at < text.len() {
            let rest = &text[reader.at..];
            let line = rest.split(['\r', '\n']).next().unwrap_or(rest).trim_end();
            let span = reader.span(reader.at, reader.at + line.len());
            reader.report(JsonProblem::Leftover { span, value: node.span });
        }
    }
    Parse { value, problems: reader.problems }
}

/// The two bracketed forms.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bracket {
    Record,
    List,
}

impl Bracket {
    fn marks(self) -> (&'static str, &'static str) {
        match self {
            Bracket::Record => ("{", "}"),
            Bracket::List => ("[", "]"),
        }
    }

    fn closed_by(byte: u8) -> Self {
        if byte == b'}' { Bracket::Record } else { Bracket::List }
    }
}

/// A place in the text and what was noticed on the way to it. `at` is a character boundary whenever a method begins.
pub(super) struct Reader<'t> {
    file: FileId,
    pub(super) text: &'t str,
    pub(super) at: usize,
    open: Vec<Bracket>,
    /// Whether the text's early end has been reported: what else it leaves open follows from that.
    pub(super) ended: bool,
    problems: Vec<JsonProblem>,
}

impl Reader<'_> {
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    pub(super) fn report(&mut self, problem: JsonProblem) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn peek_char(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// The span of the next character; empty at the end.
    fn here(&self) -> Span {
        self.span(self.at, self.at + self.peek_char().map_or(0, char::len_utf8))
    }

    /// Takes one ASCII character that was peeked.
    fn take(&mut self) -> Span {
        self.at += 1;
        self.span(self.at - 1, self.at)
    }

    /// Steps over blanks and comments.
    fn blank(&mut self) {
        while let Some(c) = self.peek_char() {
            match c {
                ' ' | '\t' | '\n' | '\r' => self.at += 1,
                '/' | '#' => {
                    if !self.comment() {
                        return;
                    }
                }
                _ if odd_blank(c) => {
                    let start = self.at;
                    while self.peek_char().is_some_and(odd_blank) {
                        self.at = self.here().range().end;
                    }
                    self.report(JsonProblem::OddBlank { span: self.span(start, self.at), found: c });
                }
                _ => return,
            }
        }
    }

    /// Steps over a comment if one begins here.
    fn comment(&mut self) -> bool {
        let rest = &self.text[self.at..];
        if rest.starts_with('#') || rest.starts_with("//") {
            self.at += rest.find('\n').unwrap_or(rest.len());
        } else if let Some(inner) = rest.strip_prefix("/*") {
            if let Some(length) = inner.find("*/") {
                self.at += length + 4;
            } else {
                let open = self.span(self.at, self.at + 2);
                self.at = self.text.len();
                self.ended = true;
                self.report(JsonProblem::UnclosedComment { open });
            }
        } else {
            return false;
        }
        true
    }

    /// Steps over what cannot be read, up to the next comma or closing bracket of this level.
    fn recover(&mut self) {
        let mut depth = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.skip_text();
                    continue;
                }
                b'/' | b'#' if self.comment() => continue,
                b'{' | b'[' => depth += 1,
                b'}' | b']' | b',' if depth == 0 => return,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at = self.here().range().end;
        }
    }

    /// Reads a value. `None` when it cannot be read: that is reported then, and the caller recovers. At the text's end
    /// nothing is reported, for the caller knows what is left open.
    fn value(&mut self) -> Option<Node> {
        let start = self.at;
        let kind = match self.peek_char()? {
            '{' | '[' if self.open.len() >= MAX_DEPTH => {
                self.report(JsonProblem::TooDeep { span: self.here() });
                return None;
            }
            '{' => self.record(),
            '[' => self.list(),
            '"' | '\'' => NodeKind::Text(self.text()?),
            '-' | '+' | '.' | '0'..='9' => self.number()?,
            c if c.is_alphabetic() || c == '_' => self.word()?,
            _ => {
                self.unexpected("a value");
                return None;
            }
        };
        Some(Node { kind, span: self.span(start, self.at) })
    }

    fn unexpected(&mut self, expected: &'static str) {
        let found = self.peek_char().map(String::from).unwrap_or_default();
        self.report(JsonProblem::Unexpected { span: self.here(), found, expected });
    }

    fn list(&mut self) -> NodeKind {
        let mut elements = Vec::new();
        self.entries(Bracket::List, |reader| match reader.value() {
            Some(node) => elements.push(node),
            None => reader.recover(),
        });
        NodeKind::List(elements)
    }

    fn record(&mut self) -> NodeKind {
        let mut members = Vec::new();
        let mut seen: HashMap<String, Span> = HashMap::new();
        self.entries(Bracket::Record, |reader| {
            let member = reader.key().and_then(|key| {
                // A key counts as seen even where its value cannot be read.
                let again = match seen.entry(key.name.clone()) {
                    Entry::Occupied(first) => Some(*first.get()),
                    Entry::Vacant(place) => {
                        place.insert(key.span);
                        None
                    }
                };
                if let Some(first) = again {
                    reader.report(JsonProblem::DuplicateKey { name: key.name.clone(), first, second: key.span });
                }
                let value = reader.member_value(key.span)?;
                Some((again, key, value))
            });
            match member {
                Some((None, key, value)) => members.push((key, value)),
                Some((Some(_), ..)) => {}
                None => reader.recover(),
            }
        });
        NodeKind::Record(members)
    }

    /// Reads brackets and the entries between them; `entry` reads one, or reports and recovers.
    fn entries(&mut self, bracket: Bracket, mut entry: impl FnMut(&mut Self)) {
        let (mark, close) = bracket.marks();
        let open = self.take();
        // The last entry while no comma stands behind it, and the comma behind the last entry.
        let (mut before, mut comma): (Option<Span>, Option<Span>) = (None, None);
        loop {
            self.blank();
            let Some(byte) = self.peek() else {
                if !std::mem::replace(&mut self.ended, true) {
                    self.report(JsonProblem::Unclosed { open, at: self.here(), mark, close });
                }
                return;
            };
            match byte {
                b'}' | b']' => {
                    let at = self.here();
                    if Bracket::closed_by(byte) == bracket {
                        if let Some(span) = comma {
                            self.report(JsonProblem::TrailingComma { span, close: at });
                        }
                    } else if self.open.contains(&Bracket::closed_by(byte)) {
                        // It closes one further out, so this one's own is missing.
                        return self.report(JsonProblem::Unclosed { open, at, mark, close });
                    } else {
                        self.report(JsonProblem::Mismatched { open, at, mark, close });
                    }
                    self.at += 1;
                    return;
                }
                b',' | b';' if before.is_some() => {
                    let span = self.take();
                    if byte == b';' {
                        self.report(JsonProblem::InsteadOf { span, found: ";", wanted: "," });
                    }
                    (before, comma) = (None, Some(span));
                }
                b',' => {
                    let span = self.take();
                    self.report(JsonProblem::ExtraComma { span });
                }
                _ => {
                    if let Some(last) = before {
                        if !self.entry_begins(bracket) {
                            self.unexpected(if bracket == Bracket::Record { "`,` or `}`" } else { "`,` or `]`" });
                            self.recover();
                            continue;
                        }
                        self.report(JsonProblem::MissingComma { before: last, next: self.here() });
                    }
                    let start = self.at;
                    self.open.push(bracket);
                    entry(self);
                    self.open.pop();
                    let end = start + self.text[start..self.at].trim_end().len();
                    (before, comma) = (Some(self.span(start, end)), None);
                }
            }
        }
    }

    /// Whether what follows an entry looks like the next one rather than like more of the same.
    fn entry_begins(&self, bracket: Bracket) -> bool {
        match (self.peek(), bracket) {
            (Some(b'"' | b'\''), _) => true,
            (Some(byte), Bracket::List) => matches!(byte, b'{' | b'[' | b'-') || byte.is_ascii_alphanumeric(),
            (_, Bracket::Record) => {
                let behind = self.text[self.word_end()..].trim_start();
                self.word_end() > self.at && behind.starts_with([':', '='])
            }
            (None, _) => false,
        }
    }

    fn key(&mut self) -> Option<Key> {
        let start = self.at;
        let name = if matches!(self.peek(), Some(b'"' | b'\'')) {
            self.text()?
        } else {
            self.at = self.word_end();
            if self.at == start {
                self.unexpected("a key in double quotes");
                return None;
            }
            let name = self.text[start..self.at].to_string();
            self.report(JsonProblem::UnquotedKey { span: self.span(start, self.at), name: name.clone() });
            name
        };
        Some(Key { name, span: self.span(start, self.at) })
    }

    /// Reads the colon and the value behind a key.
    fn member_value(&mut self, key: Span) -> Option<Node> {
        self.blank();
        match self.peek()? {
            b':' => self.at += 1,
            b'=' => {
                let start = self.at;
                let arrow = self.text[start..].starts_with("=>");
                self.at += if arrow { 2 } else { 1 };
                let found = if arrow { "=>" } else { "=" };
                self.report(JsonProblem::InsteadOf { span: self.span(start, self.at), found, wanted: ":" });
            }
            b',' | b'}' | b']' => {}
            _ if self.entry_begins(Bracket::List) => {
                self.report(JsonProblem::MissingColon { key, next: self.here() });
            }
            _ => {
                self.unexpected("`:`");
                return None;
            }
        }
        self.blank();
        if matches!(self.peek()?, b',' | b'}' | b']') {
            self.report(JsonProblem::MissingValue { key, at: self.here() });
            return None;
        }
        self.value()
    }
}

/// Looks like a blank, or like nothing at all, and is no blank of JSON's.
fn odd_blank(c: char) -> bool {
    let blank = c.is_whitespace() && !matches!(c, ' ' | '\t' | '\n' | '\r');
    blank || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}
