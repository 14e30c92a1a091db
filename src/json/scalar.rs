//! Texts, numbers and words: what holds no other value.
//!
//! It reads from a [`Reader`] and knows nothing of records and lists.

use crate::text::suggest;

use super::parse::Reader;
use super::{JsonProblem, NodeKind};

impl Reader<'_> {
    /// Where the word that begins here ends: letters, digits and what people write in bare keys.
    pub(super) fn word_end(&self) -> usize {
        let rest = &self.text[self.at..];
        let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$');
        self.at + rest.find(|c| !inside(c)).unwrap_or(rest.len())
    }

    /// Reads a text in either quotes. `None` when its line does not close it.
    pub(super) fn text(&mut self) -> Option<String> {
        let start = self.at;
        let quote = self.peek_char()?;
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c| c == quote || c == '\\' || c < ' ').unwrap_or(rest.len());
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek_char() {
                Some('\\') => self.escape(quote, &mut out),
                Some(c) if c == quote => {
                    self.at += 1;
                    if quote == '\'' {
                        let json = serde_json::Value::from(out.as_str()).to_string();
                        self.report(JsonProblem::SingleQuotes { span: self.span(start, self.at), json });
                    }
                    return Some(out);
                }
                Some(c) if c != '\n' && c != '\r' => {
                    self.at += 1;
                    self.report(JsonProblem::ControlCharacter { span: self.span(self.at - 1, self.at), found: c });
                    out.push(c);
                }
                end => {
                    self.ended |= end.is_none();
                    let open = self.span(start, start + 1);
                    self.report(JsonProblem::UnclosedText { open, end: self.span(self.at, self.at) });
                    return None;
                }
            }
        }
    }

    /// Steps over a text in double quotes without reading it, at most to the end of its line.
    pub(super) fn skip_text(&mut self) {
        self.at += 1;
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\n' => return,
                b'\\' if bytes.get(self.at + 1).is_some_and(|b| matches!(b, b'"' | b'\\')) => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    fn escape(&mut self, quote: char, out: &mut String) {
        let start = self.at;
        self.at += 1;
        let plain = match self.peek_char() {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            // The single quotes themselves are the mistake there.
            Some('\'') if quote == '\'' => '\'',
            Some('u') => return self.unicode(start, out),
            other => {
                // A line break or the text's end is left for the caller, who names that.
                if let Some(c) = other.filter(|c| *c >= ' ') {
                    self.at += c.len_utf8();
                    out.push(c);
                }
                let found = self.text[start..self.at].to_string();
                return self.report(JsonProblem::BadEscape { span: self.span(start, self.at), found });
            }
        };
        self.at += 1;
        out.push(plain);
    }

    /// `\uXXXX`, or two of them for one character; stands at the `u`.
    fn unicode(&mut self, start: usize, out: &mut String) {
        self.at += 1;
        let Some(unit) = self.four_digits() else {
            let digits = self.text[self.at..].bytes().take(4).take_while(u8::is_ascii_hexdigit).count();
            self.at += digits;
            let found = self.text[start..self.at].to_string();
            return self.report(JsonProblem::BadEscape { span: self.span(start, self.at), found });
        };
        if let Some(c) = char::from_u32(unit) {
            return out.push(c);
        }
        let first_end = self.at;
        if unit < 0xdc00 && self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            if let Some(low @ 0xdc00..=0xdfff) = self.four_digits() {
                let whole = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                return out.extend(char::from_u32(whole));
            }
            self.at = first_end;
        }
        out.push(char::REPLACEMENT_CHARACTER);
        let found = self.text[start..first_end].to_string();
        self.report(JsonProblem::LoneSurrogate { span: self.span(start, first_end), found });
    }

    /// Takes four hexadecimal digits, or nothing.
    fn four_digits(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let unit = u32::from_str_radix(digits, 16).ok()?;
        self.at += 4;
        Some(unit)
    }

    /// Reads a number. One of another form is reported, and read as what it plainly means where that can be said.
    pub(super) fn number(&mut self) -> Option<NodeKind> {
        let start = self.at;
        let rest = &self.text[start..];
        let inside = |c: char| c.is_alphanumeric() || matches!(c, '+' | '-' | '.' | '_');
        self.at += rest.find(|c| !inside(c)).unwrap_or(rest.len());
        let found = &self.text[start..self.at];
        if is_number(found) {
            return Some(NodeKind::Number(found.to_string()));
        }
        let (span, found) = (self.span(start, self.at), found.to_string());
        if not_finite(found.trim_start_matches(['-', '+'])) {
            self.report(JsonProblem::NotFinite { span, found });
            return None;
        }
        let instead = mended(&found);
        self.report(JsonProblem::BadNumber { span, found, instead: instead.clone() });
        instead.map(NodeKind::Number)
    }

    /// Reads a word. One that is another spelling of a value is reported, and read as that value.
    pub(super) fn word(&mut self) -> Option<NodeKind> {
        let start = self.at;
        self.at = self.word_end();
        let found = &self.text[start..self.at];
        if let Some(kind) = constant(found) {
            return Some(kind);
        }
        let (span, found) = (self.span(start, self.at), found.to_string());
        if not_finite(&found) {
            self.report(JsonProblem::NotFinite { span, found });
            return None;
        }
        let meant = match found.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some("true"),
            "false" | "no" | "off" => Some("false"),
            "null" | "none" | "nil" | "undefined" => Some("null"),
            _ => None,
        };
        let near = || ["true", "false", "null"].into_iter().find(|&c| suggest::nearest(&found, [c]).is_some());
        let nearest = meant.or_else(near);
        self.report(JsonProblem::Word { span, found, nearest });
        meant.and_then(constant)
    }
}

fn constant(word: &str) -> Option<NodeKind> {
    match word {
        "null" => Some(NodeKind::Null),
        "true" => Some(NodeKind::Bool(true)),
        "false" => Some(NodeKind::Bool(false)),
        _ => None,
    }
}

fn not_finite(word: &str) -> bool {
    ["nan", "inf", "infinity"].iter().any(|w| word.eq_ignore_ascii_case(w))
}

/// Whether a word has the form that JSON gives numbers.
fn is_number(word: &str) -> bool {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let word = word.strip_prefix('-').unwrap_or(word);
    let (base, exponent) = match word.split_once(['e', 'E']) {
        Some((base, exponent)) => (base, Some(exponent)),
        None => (word, None),
    };
    let (whole, fraction) = match base.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (base, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

/// The number that was plainly meant: without `+` and `_`, with digits on both sides of the point, not hexadecimal.
/// Leading zeros are left alone: they may be octal.
fn mended(word: &str) -> Option<String> {
    let (sign, rest) = match word.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", word.strip_prefix('+').unwrap_or(word)),
    };
    let rest = rest.replace('_', "");
    let hex = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X"));
    let mended = if let Some(digits) = hex.filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit())) {
        format!("{sign}{}", u64::from_str_radix(digits, 16).ok()?)
    } else {
        let front = if rest.starts_with('.') { "0" } else { "" };
        let back = if rest.ends_with('.') { "0" } else { "" };
        format!("{sign}{front}{rest}{back}")
    };
    is_number(&mended).then_some(mended)
}
