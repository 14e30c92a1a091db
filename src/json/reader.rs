//! Reads JSON by recursive descent. A member or element that cannot be read is left out, and reading goes on behind it.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::problem::JsonProblem as P;
use super::{Key, Kind, Node, Parse};
use crate::text::{FileId, Span};

/// Deeper values than these are refused, so that no file exhausts the stack.
pub const DEPTH_LIMIT: usize = 128;
/// So many mistakes are reported of one file.
const PROBLEM_LIMIT: usize = 50;

/// Reads a file. It always returns: a value, problems, or both.
pub fn parse(file: FileId, text: &str) -> Parse {
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut reader =
        Reader { file, text, at: start, depth: 0, stopped: false, problems: Vec::new(), comments: Vec::new() };
    let value = reader.value("a value");
    reader.gap();
    if !reader.stopped && value.is_some() && reader.at < text.len() {
        reader.report(P::AfterEnd { span: reader.here() });
    }
    reader.problems.sort_by_key(P::span);
    Parse { value, problems: reader.problems, comments: reader.comments }
}

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    at: usize,
    depth: usize,
    /// Set when nothing sensible can follow: at the end of the file, or after too many mistakes.
    stopped: bool,
    problems: Vec<P>,
    comments: Vec<Span>,
}

impl<'t> Reader<'t> {
    fn report(&mut self, problem: P) {
        if self.stopped {
            return;
        }
        self.problems.push(problem);
        if self.problems.len() == PROBLEM_LIMIT {
            self.problems.push(P::TooMany { span: self.here() });
            self.stop();
        }
    }

    /// From now on the text ends here.
    fn stop(&mut self) {
        self.stopped = true;
        self.text = &self.text[..self.at];
    }

    fn span(&self, start: usize) -> Span {
        Span::new(self.file, start, self.at)
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// The character that comes next, or the empty span at the end.
    fn here(&self) -> Span {
        Span::new(self.file, self.at, self.at + self.peek().map_or(0, char::len_utf8))
    }

    fn eat(&mut self, c: char) -> bool {
        let eaten = self.text[self.at..].starts_with(c);
        self.at += if eaten { c.len_utf8() } else { 0 };
        eaten
    }

    fn take(&mut self, fits: impl Fn(char) -> bool) -> &'t str {
        let rest = &self.text[self.at..];
        let taken = &rest[..rest.find(|c| !fits(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    /// White space and comments.
    fn gap(&mut self) {
        loop {
            self.take(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
            let rest = &self.text[self.at..];
            let start = self.at;
            if rest.starts_with("//") || rest.starts_with('#') {
                self.take(|c| c != '\n');
                self.comments.push(self.span(start));
            } else if let Some(comment) = rest.strip_prefix("/*") {
                match comment.find("*/") {
                    Some(length) => {
                        self.at += length + 4;
                        self.comments.push(self.span(start));
                    }
                    None => {
                        let span = Span::new(self.file, start, start + 2);
                        self.report(P::Unclosed { span, what: "the comment", closer: "*/" });
                        self.stop();
                    }
                }
            } else {
                return;
            }
        }
    }

    fn unexpected(&mut self, expected: &'static str) {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let rest = &self.text[self.at..];
        let length = match rest.chars().next() {
            Some(c) if word(c) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            Some(c) => c.len_utf8(),
            None => 0,
        };
        let span = Span::new(self.file, self.at, self.at + length);
        self.report(P::Unexpected { span, found: rest[..length].to_owned(), expected });
        if rest.is_empty() {
            self.stop();
        }
    }

    /// The next value; nothing when there is none, which has been reported then.
    fn value(&mut self, expected: &'static str) -> Option<Node> {
        self.gap();
        let start = self.at;
        let kind = match self.peek() {
            Some('{') => self.nested(Self::record)?,
            Some('[') => self.nested(Self::list)?,
            Some('"') => Kind::Text(self.text_in('"')?),
            Some('\'') => Kind::Text(self.single_quoted()?),
            Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => self.number(),
            Some(c) if c.is_alphabetic() || c == '_' => self.word()?,
            _ => {
                self.unexpected(expected);
                return None;
            }
        };
        Some(Node { kind, span: self.span(start) })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Kind) -> Option<Kind> {
        if self.depth == DEPTH_LIMIT {
            self.report(P::TooDeep { span: self.here(), limit: DEPTH_LIMIT });
            return None;
        }
        self.depth += 1;
        let kind = read(self);
        self.depth -= 1;
        Some(kind)
    }

    fn word(&mut self) -> Option<Kind> {
        let start = self.at;
        match self.take(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')) {
            "null" => Some(Kind::Null),
            "true" => Some(Kind::Bool(true)),
            "false" => Some(Kind::Bool(false)),
            word => {
                self.report(P::UnknownWord { span: self.span(start), word: word.to_owned() });
                None
            }
        }
    }

    fn number(&mut self) -> Kind {
        let start = self.at;
        let written = self.take(|c| c.is_alphanumeric() || matches!(c, '+' | '-' | '.' | '_'));
        if let Some(why) = not_a_number(written) {
            self.report(P::BadNumber { span: self.span(start), written: written.to_owned(), why });
        }
        Kind::Number(written.to_owned())
    }

    fn single_quoted(&mut self) -> Option<String> {
        let start = self.at;
        let text = self.text_in('\'')?;
        self.report(P::SingleQuotes { span: self.span(start), text: text.clone() });
        Some(text)
    }

    /// A text with its quotes. One that is not closed ends with its line.
    fn text_in(&mut self, quote: char) -> Option<String> {
        let open = self.here();
        self.at += 1;
        let mut decoded = String::new();
        loop {
            decoded.push_str(self.take(|c| c != quote && c != '\\' && !c.is_control()));
            let at = self.at;
            match self.peek() {
                Some(c) if c == quote => {
                    self.at += 1;
                    return Some(decoded);
                }
                Some('\\') => match self.escape() {
                    Some(c) => decoded.push(c),
                    None => {
                        let escape = self.text[at..self.at].to_owned();
                        self.report(P::BadEscape { span: self.span(at), escape });
                    }
                },
                // A text that goes on behind the end of its line is hardly meant: its quote is missing.
                None | Some('\n') => {
                    let closer = if quote == '"' { "\"" } else { "'" };
                    self.report(P::Unclosed { span: open, what: "the text", closer });
                    return None;
                }
                Some(c) => {
                    self.at += c.len_utf8();
                    decoded.push(c);
                    // Only those below the space are forbidden.
                    if c < ' ' {
                        let escape = match c {
                            '\t' => "\\t".to_owned(),
                            '\r' => "\\r".to_owned(),
                            c => format!("\\u{:04x}", u32::from(c)),
                        };
                        self.report(P::ControlCharacter { span: self.span(at), escape });
                    }
                }
            }
        }
    }

    /// The character of an escape; on failure the reader stands behind the bad part.
    fn escape(&mut self) -> Option<char> {
        self.at += 1;
        let kind = self.peek().filter(|c| !c.is_control())?;
        self.at += kind.len_utf8();
        Some(match kind {
            '"' | '\\' | '/' => kind,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let first = self.four_digits()?;
                if !(0xd800..0xdc00).contains(&first) {
                    return char::from_u32(first);
                }
                if !self.text[self.at..].starts_with("\\u") {
                    return None;
                }
                self.at += 2;
                let second = self.four_digits().filter(|code| (0xdc00..0xe000).contains(code))?;
                return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            }
            _ => return None,
        })
    }

    fn four_digits(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn list(&mut self) -> Kind {
        let mut elements = Vec::new();
        self.entries(']', "a value or `]`", |reader| match reader.value("a value or `]`") {
            Some(element) => elements.push(element),
            None => reader.skip_entry(),
        });
        Kind::List(elements)
    }

    fn record(&mut self) -> Kind {
        let mut members: Vec<Option<(Key, Node)>> = Vec::new();
        let mut seen: FxHashMap<String, (Span, usize)> = FxHashMap::default();
        self.entries('}', "a key in double quotes or `}`", |reader| match reader.member() {
            Some((key, value)) => match seen.entry(key.name.clone()) {
                Entry::Occupied(mut known) => {
                    let (first, index) = known.get_mut();
                    reader.report(P::DuplicateKey { name: key.name.clone(), first: *first, second: key.span });
                    // Whoever reads on nevertheless takes the last one, as Go does.
                    members[*index] = None;
                    *index = members.len();
                    members.push(Some((key, value)));
                }
                Entry::Vacant(free) => {
                    free.insert((key.span, members.len()));
                    members.push(Some((key, value)));
                }
            },
            None => reader.skip_entry(),
        });
        Kind::Record(members.into_iter().flatten().collect())
    }

    /// Bracket, entries with commas between them, bracket.
    fn entries(&mut self, closer: char, expected: &'static str, mut entry: impl FnMut(&mut Self)) {
        let open = self.here();
        let other = if closer == ']' { '}' } else { ']' };
        self.at += 1;
        let mut comma: Option<Span> = None;
        let mut first = true;
        loop {
            self.gap();
            let end = self.here();
            match self.peek() {
                None => {
                    let (what, closer) = if closer == ']' { ("the list", "]") } else { ("the record", "}") };
                    self.report(P::Unclosed { span: open, what, closer });
                    return self.stop();
                }
                Some(c) if c == closer || c == other => {
                    self.at += 1;
                    if c == other {
                        self.report(P::WrongCloser { open, span: end, closer });
                    } else if let Some(span) = comma {
                        self.report(P::TrailingComma { span, closer });
                    }
                    return;
                }
                Some(',') if comma.is_some() || first => {
                    self.unexpected(expected);
                    self.at = (self.at + 1).min(self.text.len());
                    (first, comma) = (false, Some(end));
                    continue;
                }
                Some(',') => {
                    self.at += 1;
                    comma = Some(end);
                    continue;
                }
                Some(_) if !first && comma.is_none() => self.missing_comma(),
                Some(_) => {}
            }
            let before = self.at;
            entry(self);
            (first, comma) = (false, None);
            // An entry that takes nothing in would be read for ever.
            if self.at == before && !self.stopped {
                self.at += self.peek().map_or(0, char::len_utf8);
            }
        }
    }

    /// What begins an entry lacks its comma; what begins none is reported by the entry itself.
    fn missing_comma(&mut self) {
        let begins = |c: char| matches!(c, '"' | '\'' | '{' | '[' | '-' | '_') || c.is_alphanumeric();
        if self.peek().is_some_and(begins) {
            // Behind the entry before, not behind the white space.
            let end = self.text[..self.at].trim_end().len();
            let after_comment = self.text[..end].rfind('\n').map_or(0, |i| i + 1);
            let plain = !self.text[after_comment..end].contains(['#', '/']);
            let at = if plain { end } else { self.at };
            self.report(P::MissingComma { span: Span::new(self.file, at, at) });
        }
    }

    fn member(&mut self) -> Option<(Key, Node)> {
        let start = self.at;
        let name = match self.peek() {
            Some('"') => self.text_in('"')?,
            Some('\'') => self.single_quoted()?,
            Some(c) if c.is_alphabetic() || c == '_' => {
                let name = self.take(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).to_owned();
                self.report(P::UnquotedKey { span: self.span(start), name: name.clone() });
                name
            }
            _ => {
                self.unexpected("a key in double quotes or `}`");
                return None;
            }
        };
        let key = Key { name, span: self.span(start) };
        self.gap();
        let colon = self.here();
        if self.eat('=') {
            self.report(P::EqualsForColon { span: colon });
        } else if !self.eat(':') {
            self.unexpected("`:`");
            return None;
        }
        Some((key, self.value("a value")?))
    }

    /// Skips to the comma or bracket that ends the entry; quotes and brackets within it are passed over.
    fn skip_entry(&mut self) {
        let mut depth = 0_usize;
        while let Some(c) = self.peek() {
            match c {
                ',' if depth == 0 => return,
                ']' | '}' if depth == 0 => return,
                ']' | '}' => depth -= 1,
                '[' | '{' => depth += 1,
                '"' => {
                    self.at += 1;
                    let mut escaped = false;
                    while let Some(c) = self.peek().filter(|c| *c != '\n') {
                        self.at += c.len_utf8();
                        match c {
                            '"' if !escaped => break,
                            _ => escaped = c == '\\' && !escaped,
                        }
                    }
                    continue;
                }
                // A mistake does not reach into the next line, where the next entry most often begins.
                '\n' if depth == 0 => return,
                _ => {}
            }
            self.at += c.len_utf8();
        }
    }
}

/// Why the written thing is no number of JSON.
fn not_a_number(written: &str) -> Option<&'static str> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if written.starts_with('+') {
        return Some("a number has no `+` before it");
    }
    let plain = written.strip_prefix('-').unwrap_or(written);
    let (mantissa, exponent) = plain.split_once(['e', 'E']).map_or((plain, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    if whole.is_empty() && fraction.is_some() {
        return Some("expected a digit before the point");
    }
    if whole.len() > 1 && whole.starts_with('0') && digits(whole) {
        return Some("a number has no zeros before it");
    }
    if fraction.is_some_and(str::is_empty) {
        return Some("expected a digit behind the point");
    }
    let exponent_fits = exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
    let fits = digits(whole) && fraction.is_none_or(digits) && exponent_fits;
    (!fits).then_some("expected digits only")
}
