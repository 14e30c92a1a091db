//! Text literals: escapes are decoded, the indentation of multi-line texts is removed, and every decoded byte keeps its way
//! back to the source.

use pest::Parser;
use smol_str::SmolStr;

use super::super::ast::{Chars, Expr, ExprKind, Quote, Regex, Text, TextPart};
use super::super::parser::{BakeParser, Rule};
use super::super::problem::SyntaxProblem;
use super::{Lower, Pair};
use crate::text::Span;

/// Collects decoded characters until the next interpolation.
#[derive(Default)]
struct Chunk {
    value: String,
    map: Vec<(u32, u32)>,
    /// From the first to the last source byte of it, in offsets of the file.
    span: Option<(u32, u32)>,
}

impl Chunk {
    /// Adds decoded characters that stand at `start..end` of the file.
    fn push(&mut self, decoded: &str, start: usize, end: usize) {
        if decoded.is_empty() {
            return;
        }
        let (start, end) = (start as u32, end as u32);
        let first = *self.span.get_or_insert((start, end));
        let at = self.value.len() as u32;
        let in_step = self.map.last().map_or(first.0 + at, |&(d, s)| s + (at - d));
        if in_step != start {
            self.map.push((at, start));
        }
        self.value.push_str(decoded);
        self.span = Some((first.0, end));
    }

    fn flush(&mut self, lower: &Lower<'_>, parts: &mut Vec<TextPart>) {
        let chunk = std::mem::take(self);
        if let Some((start, end)) = chunk.span {
            let span = Span { file: lower.place.file, start, end };
            parts.push(TextPart::Chars(Chars { value: chunk.value.into(), span, map: chunk.map }));
        }
    }
}

/// How the lines of a multi-line text are cut.
struct Layout {
    /// What counts of the text, in offsets of the text that is parsed.
    start: usize,
    end: usize,
    /// The closing quotes' indentation.
    indent: String,
    quotes: Span,
    /// Whether the next character begins a line.
    fresh: bool,
}

impl Lower<'_> {
    /// A text in any of the four quotes.
    pub(super) fn text(&mut self, pair: Pair<'_>) -> Text {
        let span = self.span(&pair);
        let inner = pair.into_inner().next().expect("invariant: a text has a form");
        let quote = match inner.as_rule() {
            Rule::one_text => Quote::Double,
            Rule::one_raw => Quote::Single,
            Rule::multi_text => Quote::TripleDouble,
            _ => Quote::TripleSingle,
        };
        let start = inner.as_span().start() + self.offset;
        if self.is_masked(start) {
            return Text { quote, parts: Vec::new(), span };
        }
        let mut layout = matches!(quote, Quote::TripleDouble | Quote::TripleSingle)
            .then(|| self.layout(start + 3, inner.as_span().end() + self.offset - 3));
        let mut parts = Vec::new();
        let mut chunk = Chunk::default();
        let mut strays: Option<(usize, usize)> = None;
        for pair in inner.into_inner() {
            let (from, to) = (pair.as_span().start() + self.offset, pair.as_span().end() + self.offset);
            match pair.as_rule() {
                Rule::escape => {
                    self.check_fresh(&mut layout, from);
                    self.escape(pair, &mut chunk, from, to);
                }
                Rule::interpolation => {
                    self.check_fresh(&mut layout, from);
                    chunk.flush(self, &mut parts);
                    let value = self.interpolation(pair);
                    parts.push(TextPart::Interpolation(value));
                }
                rule => {
                    if matches!(rule, Rule::stray_quotes | Rule::more_quotes) {
                        strays = Some((strays.map_or(from, |s| s.0), to));
                    }
                    match &mut layout {
                        Some(layout) => self.lines(layout, &mut chunk, from, to),
                        None => {
                            let base = self.place.base;
                            chunk.push(&self.parsed[from..to], base + from, base + to);
                        }
                    }
                }
            }
        }
        chunk.flush(self, &mut parts);
        if let Some((from, to)) = strays {
            let found = self.source[from..to].to_owned();
            self.note(SyntaxProblem::QuoteInTemplate { span: self.place.span(from, to), found });
        }
        Text { quote, parts, span }
    }

    /// A text that holds no interpolation, for places that need it as it stands.
    pub(super) fn plain_text(&mut self, pair: Pair<'_>, what: &'static str) -> Text {
        let text = self.text(pair);
        if text.as_plain().is_none() {
            self.note(SyntaxProblem::NotPlain { span: text.span, what });
        }
        text
    }

    /// A quoted key with escapes.
    pub(super) fn decode_key(&mut self, start: usize, written: &str) -> SmolStr {
        let Ok(mut pairs) = BakeParser::parse(Rule::text, written) else { return written.into() };
        let pair = pairs.next().expect("invariant: a text was parsed");
        let before = std::mem::replace(&mut self.offset, start);
        let text = self.plain_text(pair, "a key");
        self.offset = before;
        text.as_plain().unwrap_or_else(|| written.into())
    }

    fn escape(&mut self, pair: Pair<'_>, chunk: &mut Chunk, from: usize, to: usize) {
        let written = pair.as_str();
        let inner = pair.into_inner().next().expect("invariant: an escape has a form");
        let mut buffer = [0; 4];
        let decoded: &str = match inner.as_rule() {
            Rule::dollar_escape => "${",
            Rule::plain_escape => match &written[1..] {
                "n" => "\n",
                "r" => "\r",
                "t" => "\t",
                other => other,
            },
            Rule::unicode_escape => {
                let code = u32::from_str_radix(&written[3..written.len() - 1], 16).ok();
                match code.and_then(char::from_u32) {
                    Some(c) => c.encode_utf8(&mut buffer),
                    None => self.bad_escape(written, from, to),
                }
            }
            _ => self.bad_escape(written, from, to),
        };
        chunk.push(decoded, self.place.base + from, self.place.base + to);
    }

    fn bad_escape(&mut self, written: &str, from: usize, to: usize) -> &'static str {
        self.note(SyntaxProblem::BadEscape { span: self.place.span(from, to), found: written.to_owned() });
        "\u{fffd}"
    }

    fn interpolation(&mut self, pair: Pair<'_>) -> Expr {
        let span = self.span(&pair);
        let mut parts = self.parts(pair);
        let value = parts.take_if(Rule::expr).map(|pair| self.expr(pair));
        let leftover = parts.take_if(Rule::leftover);
        if let Some(pair) = leftover {
            let at = self.range(&pair).0;
            let (_, problem) = super::report::unexpected(self.place, self.source, at, &[], None);
            let found = match &problem {
                SyntaxProblem::Unexpected { found, .. } => found.clone(),
                _ => format!("`{}`", pair.as_str().trim()),
            };
            if value.is_some() {
                self.note_at(at, SyntaxProblem::InterpolationLeftover { span: problem.span(), found });
            } else {
                self.note_expected(at, "a value");
            }
            return Expr { kind: ExprKind::Bad, span };
        }
        value.unwrap_or_else(|| {
            self.note(SyntaxProblem::EmptyInterpolation { span });
            Expr { kind: ExprKind::Bad, span }
        })
    }

    /// `/…/`, with `\/` as `/`.
    pub(super) fn regex(&mut self, pair: Pair<'_>) -> Regex {
        let span = self.span(&pair);
        let written = &pair.as_str()[1..pair.as_str().len() - 1];
        let pattern = if written.contains("\\/") { unescape_slashes(written) } else { written.into() };
        Regex { pattern, span }
    }

    fn layout(&self, start: usize, end: usize) -> Layout {
        let content = &self.parsed[start..end];
        let mut layout =
            Layout { start, end, indent: String::new(), quotes: self.place.span(end, end + 3), fresh: false };
        if let Some(first) = content.find('\n')
            && content[..first].trim().is_empty()
        {
            layout.start = start + first + 1;
            layout.fresh = true;
        }
        if let Some(last) = content.rfind('\n')
            && content[last + 1..].chars().all(|c| c == ' ' || c == '\t')
        {
            layout.indent = content[last + 1..].to_owned();
            layout.end = start + last + 1;
        }
        layout
    }

    /// Literal characters of a multi-line text, line by line without the indentation.
    fn lines(&mut self, layout: &mut Layout, chunk: &mut Chunk, from: usize, to: usize) {
        let mut at = from.max(layout.start);
        let to = to.min(layout.end);
        while at < to {
            let line = self.parsed[at..to].find('\n').map_or(to, |n| at + n + 1);
            if layout.fresh {
                at += self.strip_indent(layout, at, line);
            }
            let text = &self.parsed[at..line];
            let base = self.place.base;
            match text.strip_suffix("\r\n") {
                Some(kept) => {
                    chunk.push(kept, base + at, base + at + kept.len());
                    chunk.push("\n", base + line - 2, base + line);
                }
                None => chunk.push(text, base + at, base + line),
            }
            layout.fresh = text.ends_with('\n');
            at = line;
        }
    }

    /// How many bytes of indentation the line at `at` loses.
    fn strip_indent(&mut self, layout: &Layout, at: usize, line: usize) -> usize {
        let text = &self.parsed[at..line];
        let common = text.bytes().zip(layout.indent.bytes()).take_while(|(a, b)| a == b).count();
        if common < layout.indent.len() && !(text.ends_with('\n') && text.trim().is_empty()) {
            let blank = text.len() - text.trim_start_matches([' ', '\t']).len();
            let first = text[blank..].chars().next().map_or(0, char::len_utf8);
            self.note(SyntaxProblem::BadIndent {
                span: self.place.span(at, at + blank + first),
                quotes: layout.quotes,
            });
        }
        common
    }

    /// An escape or interpolation at the very start of a line is indented by nothing.
    fn check_fresh(&mut self, layout: &mut Option<Layout>, at: usize) {
        if let Some(layout) = layout
            && std::mem::take(&mut layout.fresh)
            && !layout.indent.is_empty()
        {
            self.note(SyntaxProblem::BadIndent { span: self.place.span(at, at + 1), quotes: layout.quotes });
        }
    }
}

fn unescape_slashes(written: &str) -> SmolStr {
    let mut out = String::with_capacity(written.len());
    let mut chars = written.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.as_str().starts_with('/') => {}
            '\\' => {
                out.push(c);
                out.extend(chars.next());
            }
            c => out.push(c),
        }
    }
    out.into()
}
