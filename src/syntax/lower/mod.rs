//! From pest's pairs to the tree, and the mistakes that parse but are none the less mistakes.
//!
//! It knows the grammar and the tree, no names and no types. A mismatch of the two is a bug of ours and panics ("invariant");
//! no input does. Neighbours: `parser` made the pairs, `report` words what did not parse.

mod expr;
mod image;
mod item;
mod number;
mod text;
mod types;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::ast::{Comment, CommentKind, Doc, Ident};
use super::parser::Rule;
use super::problem::SyntaxProblem;
use super::report::{self, Part};
use super::scan::Place;
use super::symbol::{Symbol, to_symbol};
use crate::text::Span;

/// A pair of this grammar.
pub(super) type Pair<'i> = pest::iterators::Pair<'i, Rule>;

/// How deep the tree may become: expressions in expressions, operators in a chain.
pub const MAX_TREE: usize = 256;

/// What building a tree needs to know, and what it finds.
pub(super) struct Lower<'a> {
    /// Where the text begins in its file.
    pub place: Place,
    /// The text as written.
    pub source: &'a str,
    /// The text as parsed: literals that do not close are masked.
    pub parsed: &'a str,
    /// Where in the text the parsed part begins.
    pub offset: usize,
    /// Masked ranges, ascending.
    pub masked: &'a [(usize, usize)],
    /// All comments of the text.
    pub comments: &'a [Comment],
    /// Which of them document something.
    pub attached: Vec<bool>,
    /// What is wrong.
    pub problems: Vec<SyntaxProblem>,
    /// Names that broken items seem to declare.
    pub broken_names: Vec<Ident>,
    /// How deep the expression under work stands.
    pub depth: usize,
    /// What closes the arguments under work.
    pub closer: &'static str,
    /// Where the last problem of structure was: what is missed next at the same place follows from it.
    pub last: Option<usize>,
    /// Where the last bad statement ends; 0 before there is one.
    pub bad_until: usize,
}

/// The meaningful children of a pair, and whether part of it did not parse.
pub(super) struct Parts<'i> {
    pub list: std::iter::Peekable<std::vec::IntoIter<Pair<'i>>>,
    pub bad: bool,
}

impl<'i> Parts<'i> {
    /// The next child, which the grammar guarantees.
    pub(super) fn take(&mut self) -> Pair<'i> {
        self.list.next().expect("invariant: the grammar guarantees this part")
    }

    /// The next child if it is of this rule.
    pub(super) fn take_if(&mut self, rule: Rule) -> Option<Pair<'i>> {
        self.list.next_if(|p| p.as_rule() == rule)
    }
}

impl Lower<'_> {
    /// Byte range of a pair in the text, without blank space and comments at its end.
    pub(super) fn range(&self, pair: &Pair<'_>) -> (usize, usize) {
        let span = pair.as_span();
        let (start, mut end) = (span.start() + self.offset, span.end() + self.offset);
        let bytes = self.parsed.as_bytes();
        if end == bytes.len() || end > start && matches!(bytes[end - 1], b' ' | b'\t' | b'\r' | b'\n') {
            loop {
                end = start + self.parsed[start..end].trim_end_matches([' ', '\t', '\r', '\n']).len();
                let file_end = (end + self.place.base) as u32;
                let index = self.comments.partition_point(|c| c.span.end < file_end);
                match self.comments.get(index) {
                    Some(c) if c.span.end == file_end && c.span.start as usize >= start + self.place.base => {
                        end = c.span.start as usize - self.place.base;
                    }
                    _ => break,
                }
            }
        }
        (start, end)
    }

    /// The first offset from `at` on where neither blank space nor a comment stands.
    pub(super) fn skip_gap(&self, mut at: usize) -> usize {
        loop {
            at = self.parsed.len() - self.parsed[at..].trim_start_matches([' ', '\t', '\r', '\n']).len();
            let start = (at + self.place.base) as u32;
            match self.comments.binary_search_by_key(&start, |c| c.span.start) {
                Ok(index) => at = self.comments[index].span.end as usize - self.place.base,
                Err(_) => return at,
            }
        }
    }

    /// The span of a pair in the file.
    pub(super) fn span(&self, pair: &Pair<'_>) -> Span {
        let (start, end) = self.range(pair);
        self.place.span(start, end)
    }

    /// A pair as a name. One with hyphens is meant as that with underscores.
    pub(super) fn ident(&mut self, pair: &Pair<'_>) -> Ident {
        let (written, span) = (pair.as_str(), self.span(pair));
        let meant = match pair.as_rule() {
            Rule::hyphened => written.replace('-', "_"),
            Rule::quoted => written.trim_matches('"').replace('-', "_"),
            Rule::quoted_kind => written.trim_matches('"').to_owned(),
            _ => return Ident { name: written.into(), span },
        };
        self.note(match pair.as_rule() {
            Rule::hyphened => SyntaxProblem::Hyphened { span, name: written.to_owned(), meant: meant.clone() },
            _ => SyntaxProblem::Unexpected {
                span,
                found: format!("`{written}`"),
                expected: vec!["a name".to_owned()],
                help: Some(format!("write `{meant}`, without quotes")),
            },
        });
        Ident { name: meant.into(), span }
    }

    /// Notes a mistake.
    pub(super) fn note(&mut self, problem: SyntaxProblem) {
        self.problems.push(problem);
    }

    /// Notes a problem of structure, unless one was noted at the same place.
    pub(super) fn note_at(&mut self, at: usize, problem: SyntaxProblem) {
        if self.last != Some(at) {
            self.last = Some(at);
            self.problems.push(problem);
        }
    }

    /// Notes that something was expected at an offset of the text; what the line before lacks is shown at that line's end.
    pub(super) fn note_expected(&mut self, at: usize, expected: &str) {
        let before = self.source[..at].trim_end().len();
        let shown = if self.source[before..at].contains('\n') { before } else { at };
        let (_, problem) = report::unexpected(self.place, self.source, shown, &[expected.to_owned()], None);
        self.note_at(at, problem);
    }

    /// Notes what is wrong with a range that was to be a `part`; `from` is where it stops to be right.
    pub(super) fn note_bad(&mut self, part: Part, start: usize, end: usize, from: usize) {
        if self.last == Some(from) {
            return;
        }
        // What goes on behind a bad statement in its line belongs to the same mistake.
        if matches!(part, Part::Statement | Part::MatrixItem | Part::Require | Part::Member) {
            let before = std::mem::replace(&mut self.bad_until, end);
            if before > 0 && before <= from && !self.source[before..from].contains('\n') {
                return;
            }
        }
        let (_, problem) = report::explain(self.place, self.source, self.parsed, part, start, end, from);
        self.last = Some(from);
        self.problems.push(problem);
    }

    /// Notes a pair that is bad as a whole, and gives its span.
    pub(super) fn bad(&mut self, pair: &Pair<'_>, part: Part) -> Span {
        let (start, end) = self.range(pair);
        self.note_bad(part, start, end, start);
        self.place.span(start, end)
    }

    /// The children of a pair that mean something. Marks are left out, and mistakes that stand for a mark are noted here.
    pub(super) fn parts<'i>(&mut self, pair: Pair<'i>) -> Parts<'i> {
        let rule = pair.as_rule();
        let start = pair.as_span().start() + self.offset;
        let whole_end = pair.as_span().end() + self.offset;
        let mut list = Vec::new();
        let mut bad = false;
        let mut open: Option<Span> = None;
        let mut previous: Option<Span> = None;
        for child in pair.into_inner() {
            let at = child.as_span().start() + self.offset;
            match child.as_rule() {
                Rule::EOI => {}
                Rule::open_brace | Rule::open_bracket | Rule::open_paren => open = Some(self.span(&child)),
                Rule::missing_brace => self.unclosed(open, at, "{"),
                Rule::missing_bracket => self.unclosed(open, at, "["),
                Rule::missing_paren => self.unclosed(open, at, "("),
                Rule::missing_then => self.note_expected(at, "`then`"),
                Rule::missing_colon => self.note_expected(at, "`:`"),
                Rule::missing_equals => self.note_expected(at, "`=`"),
                Rule::missing_arms => self.note_expected(at, "`{`"),
                Rule::wrong_equals => {
                    let span = self.span(&child);
                    self.note(SyntaxProblem::DoubleEquals { span });
                }
                Rule::wrong_in => {
                    let typed = child.clone().into_inner().any(|p| p.as_rule() == Rule::type_expr);
                    let name =
                        previous.map_or("name", |s| &self.source[s.start as usize - self.place.base..][..s.len()]);
                    let help = match typed {
                        true => format!("an axis has the type of its values: write `axis {name} in […]`"),
                        false => format!("write `axis {name} in […]`"),
                    };
                    let (_, problem) =
                        report::unexpected(self.place, self.source, at, &["`in`".to_owned()], Some(help));
                    self.note_at(at, problem);
                }
                Rule::wrong_colon => {
                    let span = self.span(&child);
                    let name =
                        previous.map_or("name", |s| &self.source[s.start as usize - self.place.base..][..s.len()]);
                    self.problems.push(SyntaxProblem::ColonForEquals { span, name: name.to_owned() });
                }
                Rule::semicolon => {
                    let span = self.span(&child);
                    let in_list = matches!(rule, Rule::list | Rule::call | Rule::index);
                    self.note(SyntaxProblem::Semicolon { span, in_list });
                }
                Rule::extra_comma => {
                    let span = self.span(&child);
                    self.note(SyntaxProblem::ExtraComma { span });
                }
                Rule::missing_comma => {
                    let reads_on = previous.is_some_and(|p| {
                        self.source[p.end as usize - self.place.base..at].contains('\n')
                            && self.source[at..].starts_with(['-', '[', '('])
                    });
                    let (_, next) = report::unexpected(self.place, self.source, at, &[], None);
                    let next = next.span();
                    if let Some(before) = previous {
                        self.note_at(at, SyntaxProblem::MissingComma { before, next, reads_on });
                    }
                }
                Rule::bad_tail | Rule::bad_list_tail => {
                    bad = true;
                    let part = match rule {
                        Rule::element => Part::Element,
                        Rule::argument => Part::Argument(self.closer),
                        Rule::arm => Part::Arm,
                        Rule::line => Part::Statement,
                        Rule::matrix_item => Part::MatrixItem,
                        Rule::require_item => Part::Require,
                        Rule::declaration => Part::Member,
                        _ => Part::Entry,
                    };
                    self.note_bad(part, start, whole_end, at);
                }
                other => match to_symbol(other) {
                    Symbol::Mark(_) => {}
                    _ => {
                        // A bad element ends where its line ends: no comma is missed behind it.
                        previous = (other != Rule::bad_element).then(|| self.span(&child)).or(previous);
                        list.push(child);
                    }
                },
            }
        }
        Parts { list: list.into_iter().peekable(), bad }
    }

    fn unclosed(&mut self, open: Option<Span>, at: usize, mark: &'static str) {
        let Some(mut open) = open else { return };
        // `[for x in xs: x if x > 1]`
        let rest = &self.source[at..];
        if rest.strip_prefix("if").is_some_and(|r| r.starts_with([' ', '(', '!']))
            && self.source[open.start as usize - self.place.base + 1..].trim_start().starts_with("for ")
        {
            let help = "the condition stands before the colon: `[for x in xs if c: x]`".to_owned();
            let (found, problem) = report::unexpected(self.place, self.source, at, &["`:`".to_owned()], Some(help));
            return self.note_at(found, problem);
        }
        let (found, problem) = report::unexpected(self.place, self.source, at, &[], None);
        if mark == "{"
            && let Some(culprit) = outdented(self.source, open.start as usize - self.place.base, at)
        {
            open = self.place.span(culprit, culprit + 1);
        }
        self.note_at(found, SyntaxProblem::UnclosedBracket { open, at: problem.span(), mark });
    }

    /// The `///` lines above an offset of the text.
    pub(super) fn doc(&mut self, start: usize) -> Option<Doc> {
        let mut below = start + self.place.base;
        let mut index = self.comments.partition_point(|c| (c.span.start as usize) < below);
        let mut lines = Vec::new();
        while index > 0 {
            let comment = &self.comments[index - 1];
            let end = comment.span.end as usize;
            let between = self.source.get(end - self.place.base..below - self.place.base);
            if end > below || !between.is_some_and(|t| t.trim().is_empty()) || self.is_trailing(comment) {
                break;
            }
            index -= 1;
            below = comment.span.start as usize;
            if comment.kind == CommentKind::Doc {
                lines.push(comment.span);
                self.attached[index] = true;
            }
        }
        lines.reverse();
        self.doc_of(&lines)
    }

    /// Whether a comment stands behind something on its line.
    pub(super) fn is_trailing(&self, comment: &Comment) -> bool {
        let start = comment.span.start as usize - self.place.base;
        let line = self.source[..start].rfind('\n').map_or(0, |n| n + 1);
        !self.source[line..start].trim().is_empty()
    }

    /// Documentation from the spans of its lines.
    pub(super) fn doc_of(&self, lines: &[Span]) -> Option<Doc> {
        let (first, last) = (lines.first()?, lines.last()?);
        let mut text = String::new();
        for (index, span) in lines.iter().enumerate() {
            let range = span.start as usize - self.place.base..span.end as usize - self.place.base;
            let line = &self.source[range][3..];
            if index > 0 {
                text.push('\n');
            }
            text.push_str(line.strip_prefix(' ').unwrap_or(line));
        }
        Some(Doc { text: text.into(), span: first.to(*last) })
    }

    /// Notes keys that are written twice by hand.
    pub(super) fn check_twice<'k>(&mut self, keys: impl Iterator<Item = (&'k SmolStr, Span)>) {
        let mut seen: FxHashMap<&SmolStr, Span> = FxHashMap::default();
        for (name, second) in keys {
            match seen.get(name) {
                Some(&first) => self.problems.push(SyntaxProblem::KeyTwice { name: name.to_string(), first, second }),
                None => {
                    seen.insert(name, second);
                }
            }
        }
    }

    /// Whether what begins at this offset of the text is a literal that does not close.
    pub(super) fn is_masked(&self, start: usize) -> bool {
        !self.masked.is_empty() && self.masked.binary_search_by_key(&start, |m| m.0).is_ok()
    }
}

/// The brace that was most likely left open: the first one whose closing brace begins a line further to the left than the
/// line that opened it.
fn outdented(source: &str, open: usize, at: usize) -> Option<usize> {
    let mut braces: Vec<(usize, usize)> = Vec::new();
    let mut start = source[..open].rfind('\n').map_or(0, |n| n + 1);
    for line in source[start..at].split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        for (offset, c) in line.char_indices().filter(|(offset, _)| start + offset >= open) {
            match c {
                '{' => braces.push((start + offset, indent)),
                '}' => {
                    let (brace, opened) = braces.pop()?;
                    if offset == indent && opened > indent {
                        return Some(brace);
                    }
                }
                _ => {}
            }
        }
        start += line.len();
    }
    None
}
