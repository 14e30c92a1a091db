//! One linear look over the text before it is parsed: where the comments are, how deep it nests, which quotes stay open,
//! and where a broken item can end.
//!
//! It knows lexical form only: quotes, `${…}`, comments, brackets, regexes, rows of tables. A literal that does not close
//! is named here and masked, so that the grammar meets closed quotes only and an open one costs one message.
//! Neighbours: `parser` parses the masked text, `recover` uses the cuts.

use crate::syntax::ast::{Comment, CommentKind};
use crate::text::suggest::nearest;
use crate::text::{FileId, Span};

use super::habit;
use super::problem::SyntaxProblem;

/// How deep brackets, interpolations and open `if`s may nest.
pub const MAX_DEPTH: usize = 128;

/// The words that begin an item.
pub(super) const ITEM_WORDS: &[&str] = &[
    "import", "param", "variable", "secret", "let", "fn", "type", "table", "image", "group", "policy", "output",
    "extern",
];

/// What the scan has found. Offsets count in the scanned text; spans are those of the file.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// All comments in order.
    pub comments: Vec<Comment>,
    /// Literals that do not close, as ranges to be masked, ascending.
    pub masked: Vec<(usize, usize)>,
    /// Lines that begin with an item's keyword, by the offset of the keyword.
    pub cuts: Vec<usize>,
    /// Those of them that stand in no bracket and begin with the very keyword: where the text can be read in pieces.
    pub tops: Vec<usize>,
    /// What is wrong with quotes, and the nesting.
    pub problems: Vec<SyntaxProblem>,
    /// Whether the text nests too deep to be parsed.
    pub too_deep: bool,
}

/// A place where a text begins in its file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub file: FileId,
    pub base: usize,
}

impl Place {
    pub(super) fn span(self, start: usize, end: usize) -> Span {
        Span::new(self.file, self.base + start, self.base + end.max(start))
    }
}

/// Scans a text that begins at `place`.
pub(super) fn scan(place: Place, text: &str) -> Scan {
    let mut scanner = Scanner {
        place,
        text,
        bytes: text.as_bytes(),
        at: 0,
        frames: Vec::new(),
        row: None,
        broken: 0,
        found: Scan::default(),
    };
    scanner.line_start();
    loop {
        while scanner.at < scanner.bytes.len() && !scanner.found.too_deep {
            scanner.step();
        }
        if scanner.found.too_deep || scanner.end_of_line() {
            return scanner.found;
        }
    }
}

/// Whether an item's keyword (perhaps misspelt), followed by what can follow it, stands at the start of `rest`.
pub(super) fn begins_item(rest: &str) -> bool {
    let word = first_word(rest);
    let behind = rest[word.len()..].trim_start_matches([' ', '\t']);
    let spaced = behind.len() < rest.len() - word.len();
    if word.is_empty() || !spaced || !behind.starts_with(|c: char| c.is_ascii_alphabetic() || "_\"'".contains(c)) {
        return false;
    }
    ITEM_WORDS.contains(&word) || nearest(word, ITEM_WORDS.iter().copied()).is_some()
}

fn first_word(rest: &str) -> &str {
    rest.split(|c: char| !c.is_ascii_lowercase()).next().unwrap_or("")
}

/// The text with every masked range made into a closed literal (or a word) of the same length.
pub(super) fn mask(text: &str, ranges: &[(usize, usize)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for &(start, end) in ranges {
        out.push_str(&text[at..start]);
        match end - start {
            0 => {}
            1 => out.push('_'),
            _ if text[start..].starts_with("/*") => {
                out.extend(text[start..end].bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
            }
            n => {
                // `//` would be a comment.
                let quote = if n > 2 && text[start..].starts_with('/') { '/' } else { '"' };
                out.push(quote);
                out.extend(std::iter::repeat_n('_', n - 2));
                out.push(quote);
            }
        }
        at = end;
    }
    out.push_str(&text[at..]);
    out
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// `(`, `[` or `{`, by what closes it.
    Bracket(u8),
    /// `${`
    Interpolation,
    /// `"`; its interpolations stay on one line unless that has been reported.
    OneText { newline_named: bool },
    /// `"""`
    MultiText,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    kind: Kind,
    start: usize,
    /// `if` and `match` that wait for their `else` and `{`: they nest too.
    ifs: usize,
    matches: usize,
}

struct Scanner<'a> {
    place: Place,
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    frames: Vec<Frame>,
    /// In a table's row: how many frames were open where it began.
    row: Option<usize>,
    /// Broken literals of the current line; beyond a few the rest of the line is given up.
    broken: usize,
    found: Scan,
}

impl Scanner<'_> {
    fn step(&mut self) {
        match self.frames.last().map(|f| f.kind) {
            Some(Kind::OneText { .. }) => self.step_text(false),
            Some(Kind::MultiText) => self.step_text(true),
            _ => self.step_code(),
        }
    }

    fn step_text(&mut self, multi: bool) {
        match self.bytes[self.at] {
            b'\\' => self.at += if matches!(self.bytes.get(self.at + 1), Some(b'"' | b'\\')) { 2 } else { 1 },
            b'"' if !multi => {
                self.frames.pop();
                self.at += 1;
            }
            b'"' if self.bytes[self.at..].starts_with(b"\"\"\"") => {
                self.frames.pop();
                self.at += 3;
            }
            b'$' if self.bytes[self.at..].starts_with(b"$${") => self.at += 3,
            b'$' if self.bytes[self.at..].starts_with(b"${") => {
                self.push(Kind::Interpolation);
                self.at += 2;
            }
            b'\n' if !multi => {
                self.end_of_line();
            }
            _ => self.at += 1,
        }
    }

    fn step_code(&mut self) {
        let rest = &self.bytes[self.at..];
        match rest[0] {
            b'\n' => {
                if self.end_of_line() {
                    self.at += 1;
                    self.line_start();
                }
            }
            b' ' | b'\t' | b'\r' => self.at += 1,
            b'#' => self.comment(CommentKind::Hash),
            b'/' if rest.starts_with(b"/*") && self.row != Some(self.frames.len()) => self.block_comment(),
            b'<' if rest.starts_with(b"<<") && self.heredoc() => {}
            b'/' if rest.starts_with(b"////") => self.comment(CommentKind::Slashes),
            b'/' if rest.starts_with(b"///") => self.comment(CommentKind::Doc),
            b'/' if rest.starts_with(b"//!") => self.comment(CommentKind::FileDoc),
            b'/' if rest.starts_with(b"//") => self.comment(CommentKind::Slashes),
            b'"' if rest.starts_with(b"\"\"\"") => {
                if self.text[self.at + 3..].contains("\"\"\"") {
                    self.push(Kind::MultiText);
                    self.at += 3;
                } else {
                    self.open_multi();
                }
            }
            b'\'' if rest.starts_with(b"'''") => match self.text[self.at + 3..].find("'''") {
                Some(length) => self.at += length + 6,
                None => self.open_multi(),
            },
            b'"' => {
                self.push(Kind::OneText { newline_named: false });
                self.at += 1;
            }
            b'\'' => {
                let line = self.line_length();
                match self.text[self.at + 1..self.at + line].find('\'') {
                    Some(length) => self.at += length + 2,
                    None => self.open_quote(self.at, self.frames.len()),
                }
            }
            _ if self.row == Some(self.frames.len()) => self.row_word(),
            b'(' => self.bracket(b')'),
            b'[' => self.bracket(b']'),
            b'{' => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.matches = frame.matches.saturating_sub(1);
                }
                self.bracket(b'}');
            }
            close @ (b')' | b']' | b'}') => {
                self.close(close);
                self.at += 1;
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' => self.word(),
            _ => self.at += 1,
        }
    }

    fn comment(&mut self, kind: CommentKind) {
        let line = self.line_length();
        let end = self.at + self.text[self.at..self.at + line].trim_end().len();
        self.found.comments.push(Comment { kind, span: self.place.span(self.at, end) });
        self.at += line;
    }

    /// `/* … */`: there are none; it is blank to the grammar.
    fn block_comment(&mut self) {
        let end = self.text[self.at + 2..].find("*/").map_or(self.at + self.line_length(), |n| self.at + n + 4);
        self.refuse(self.at + 2, vec![], habit::COMMENTS);
        self.found.masked.push((self.at, end));
        self.at = end;
    }

    /// `<<EOF`, lines, `EOF`: a text of HCL. Whether one stands here.
    fn heredoc(&mut self) -> bool {
        let first = self.at + self.line_length();
        let mark = self.text[self.at + 2..first].trim_start_matches(['-', '~']).trim();
        if mark.is_empty() || !mark.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return false;
        }
        let mut line = first;
        while line < self.text.len() {
            let end = self.text[line + 1..].find('\n').map_or(self.text.len(), |n| line + 1 + n);
            if self.text[line..end].trim() == mark {
                self.refuse(first, vec!["a value".to_owned()], habit::LINES);
                let end = line + self.text[line..end].trim_end().len();
                self.found.masked.push((self.at, end));
                self.at = end;
                return true;
            }
            line = end;
        }
        false
    }

    fn refuse(&mut self, end: usize, expected: Vec<String>, help: &str) {
        let found = format!("`{}`", self.text[self.at..end].trim_end());
        let span = self.place.span(self.at, self.at + found.len() - 2);
        self.found.problems.push(SyntaxProblem::Unexpected { span, found, expected, help: Some(help.to_owned()) });
    }

    /// How far it is to the end of the line.
    fn line_length(&self) -> usize {
        let rest = &self.text[self.at..];
        rest.find('\n').unwrap_or(rest.len())
    }

    fn bracket(&mut self, close: u8) {
        self.push(Kind::Bracket(close));
        self.at += 1;
    }

    fn push(&mut self, kind: Kind) {
        self.frames.push(Frame { kind, start: self.at, ifs: 0, matches: 0 });
        self.check_depth();
    }

    fn check_depth(&mut self) {
        let waiting = self.frames.last().map_or(0, |f| f.ifs + f.matches);
        if self.frames.len() + waiting > MAX_DEPTH && !self.found.too_deep {
            self.found.too_deep = true;
            let width = self.text[self.at..].chars().next().map_or(0, char::len_utf8);
            self.found.problems.push(SyntaxProblem::TooDeep { span: self.place.span(self.at, self.at + width) });
        }
    }

    fn close(&mut self, close: u8) {
        // Not across a text; and a `)` or `]` not across a brace.
        let floor = self
            .frames
            .iter()
            .rposition(|f| matches!(f.kind, Kind::OneText { .. } | Kind::MultiText))
            .map_or(0, |i| i + 1);
        for index in (floor..self.frames.len()).rev() {
            match self.frames[index].kind {
                Kind::Bracket(expected) if expected == close => return self.frames.truncate(index),
                Kind::Interpolation if close == b'}' => return self.frames.truncate(index),
                Kind::Bracket(b'}') | Kind::Interpolation => return,
                _ => {}
            }
        }
    }

    fn word(&mut self) {
        let rest = &self.text[self.at..];
        let length = rest.bytes().position(|b| !(b.is_ascii_alphanumeric() || b == b'_')).unwrap_or(rest.len());
        let behind_dot = self.at > 0 && self.bytes[self.at - 1] == b'.';
        let word = &rest[..length];
        if !behind_dot && matches!(word, "if" | "else" | "match" | "matches") {
            // At the top of a file no frame is open; its waiting words are counted in one of their own.
            if self.frames.is_empty() && matches!(word, "if" | "match") {
                self.push(Kind::Bracket(0));
            }
            if let Some(frame) = self.frames.last_mut() {
                match word {
                    "if" => frame.ifs += 1,
                    "else" => frame.ifs = frame.ifs.saturating_sub(1),
                    "match" => frame.matches += 1,
                    _ => {}
                }
            }
            self.check_depth();
        }
        self.at += length;
        if !behind_dot && word == "matches" {
            self.regex();
        }
    }

    fn regex(&mut self) {
        let rest = self.text[self.at..].trim_start_matches([' ', '\t', '\n', '\r']);
        if !rest.starts_with('/') || rest.starts_with("//") || rest.len() == self.text.len() {
            return;
        }
        let start = self.text.len() - rest.len();
        let mut at = start + 1;
        while at < self.bytes.len() && self.bytes[at] != b'\n' {
            match self.bytes[at] {
                b'\\' if self.bytes.get(at + 1) != Some(&b'\n') => at += 1,
                b'/' => {
                    self.at = at + 1;
                    return;
                }
                _ => {}
            }
            at += 1;
        }
        let end = start + self.text[start..at.min(self.text.len())].trim_end().len();
        self.found.problems.push(SyntaxProblem::UnclosedRegex { span: self.place.span(start, end) });
        self.found.masked.push((start, end));
        self.at = end;
    }

    /// A bare word of a table's cell: quotes and comment marks in it are part of it.
    fn row_word(&mut self) {
        if self.bytes[self.at] == b'|' {
            self.at += 1;
            return;
        }
        if matches!(self.bytes[self.at], b'[' | b'{' | b'(' | b']' | b'}' | b')') {
            let byte = self.bytes[self.at];
            match byte {
                b'[' => self.bracket(b']'),
                b'{' => self.bracket(b'}'),
                b'(' => self.bracket(b')'),
                close => {
                    self.close(close);
                    self.at += 1;
                }
            }
            return;
        }
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'|')).unwrap_or(rest.len());
        let word = &self.text[self.at..self.at + length];
        // A type of the header may end in a regex, which may hold anything.
        if word == "matches" {
            self.at += length;
            return self.regex();
        }
        let opening = word.bytes().filter(|b| matches!(b, b'[' | b'{' | b'(')).count();
        if self.frames.len() + opening > MAX_DEPTH {
            self.found.too_deep = true;
            self.found.problems.push(SyntaxProblem::TooDeep { span: self.place.span(self.at, self.at + length) });
        }
        self.at += length;
    }

    /// At the first byte of a line, outside of texts: is it a row, can a broken item end here?
    fn line_start(&mut self) {
        self.broken = 0;
        let rest = &self.text[self.at..];
        if begins_item(rest) {
            self.found.cuts.push(self.at);
            // Words that wait at the top wait no longer.
            if self.frames.first().is_some_and(|f| f.kind == Kind::Bracket(0)) && self.frames.len() == 1 {
                self.frames.clear();
            }
            if self.frames.is_empty() && ITEM_WORDS.contains(&first_word(rest)) {
                self.found.tops.push(self.at);
            }
        }
        let line = rest.trim_start_matches([' ', '\t']);
        let in_code = || self.frames.iter().all(|f| matches!(f.kind, Kind::Bracket(_)));
        self.row = (line.starts_with('|') && !line.starts_with("||") && in_code()).then_some(self.frames.len());
    }

    /// At a line's end (or the text's). A one-line text that is open here is broken; whether the scan may go on as it is.
    fn end_of_line(&mut self) -> bool {
        let broken = self.frames.iter().position(|f| f.kind == Kind::OneText { newline_named: false });
        let in_text = matches!(self.frames.last(), Some(Frame { kind: Kind::OneText { .. }, .. }));
        let last = in_text.then(|| self.frames.len() - 1);
        let Some(index) = broken.or(last) else { return true };
        let start = self.frames[index].start;
        let Some(interpolation) = self.frames.get(index + 1) else {
            self.open_quote(start, index);
            return false;
        };
        let open = interpolation.start;
        let in_code = self.frames[index + 1..].iter().all(|f| !matches!(f.kind, Kind::OneText { .. }));
        if in_code && self.closes_later() {
            self.found.problems.push(SyntaxProblem::NewlineInInterpolation { span: self.place.span(open, open + 2) });
            self.frames[index].kind = Kind::OneText { newline_named: true };
            return true;
        }
        let line = self.text[open..].find('\n').map_or(self.text.len(), |n| open + n);
        let (end, hint) = match self.text[open..line].find('"') {
            Some(length) => (open + length + 1, open + length),
            None => (self.without_closers(start, line), line),
        };
        let name = self.text[open + 2..hint].trim().trim_end_matches(['"', '\r']).to_owned();
        let span = self.place.span(open, open + 2);
        self.found.problems.push(SyntaxProblem::UnclosedInterpolation {
            span,
            end: self.place.span(hint, hint),
            inner: name,
        });
        self.hide(start, end, index);
        false
    }

    /// Whether the `${` that is open at a line's end is closed soon, and its text behind it.
    fn closes_later(&self) -> bool {
        let mut budget = 10;
        for line in self.text[self.at..].split('\n') {
            if let Some(quote) = line.find('"') {
                return line[..quote].contains('}') && !line[..quote].contains('=');
            }
            budget -= 1;
            if budget == 0 {
                break;
            }
        }
        false
    }

    /// A one-line quote that its line does not close.
    fn open_quote(&mut self, start: usize, frames: usize) {
        let line = self.text[start..].find('\n').map_or(self.text.len(), |n| start + n);
        let end = self.without_closers(start, line);
        let mark = if self.bytes[start] == b'\'' { "'" } else { "\"" };
        self.found.problems.push(SyntaxProblem::UnclosedQuote {
            mark,
            open: self.place.span(start, start + 1),
            end: self.place.span(end, end),
        });
        self.hide(start, end, frames);
    }

    /// The end of a broken literal: brackets and commas at the end of its line are not its own.
    fn without_closers(&self, start: usize, line: usize) -> usize {
        let kept = self.text[start..line].trim_end_matches(|c: char| " \t\r,;)]}".contains(c));
        start + kept.len().max(1)
    }

    /// `"""` or `'''` that nothing closes: it ends where the next item begins.
    fn open_multi(&mut self) {
        let start = self.at;
        let mark = if self.bytes[start] == b'\'' { "'''" } else { "\"\"\"" };
        let mut end = self.text.len();
        let mut line = start;
        while let Some(length) = self.text[line..].find('\n') {
            line += length + 1;
            if begins_item(&self.text[line..]) {
                end = line - 1;
                break;
            }
        }
        end = start + self.text[start..end].trim_end().len();
        self.found.problems.push(SyntaxProblem::UnclosedQuote {
            mark,
            open: self.place.span(start, start + 3),
            end: self.place.span(end, end),
        });
        let frames = self.frames.len();
        self.hide(start, end, frames);
    }

    fn hide(&mut self, start: usize, end: usize, frames: usize) {
        let from = (self.place.base + start) as u32;
        self.broken += 1;
        let end = match self.text[start..].find('\n') {
            Some(length) if self.broken > 16 => end.max(start + length),
            None if self.broken > 16 => self.text.len(),
            _ => end,
        };
        while self.found.comments.last().is_some_and(|c| c.span.start >= from) {
            self.found.comments.pop();
        }
        while self.found.masked.last().is_some_and(|m| m.0 >= start) {
            self.found.masked.pop();
        }
        self.found.masked.push((start, end));
        self.frames.truncate(frames);
        self.at = end;
    }
}
