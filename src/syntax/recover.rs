//! From text to a file: strictly as a whole, and where that fails item by item. A long text is read in pieces, which begin with items.
//!
//! An item that does not parse strictly ends at the next line that begins with an item's keyword in column 0, and is read
//! once more in the tolerant mode. Neighbours: `scan` found those lines, `lower` builds the trees, `report` has the words.

use std::ops::Range;

use pest::Parser;

use rustc_hash::FxHashSet;

use super::ast::{Binding, CommentKind, Expr, ExprKind, File, Ident, Item, ItemKind};
use super::lower::Lower;
use super::parser::{BakeParser, Rule};
use super::problem::SyntaxProblem;
use super::report::{self, Part, begins_line};
use super::scan::{Place, Scan, mask, scan};
use super::together::{threads, together};
use crate::text::{FileId, Span};

/// Fewer bytes are read in the time that a thread takes to start.
const WORTH_A_THREAD: usize = 8 << 10;

/// A file and what is wrong with its form.
#[derive(Clone, Debug, PartialEq)]
pub struct Parse {
    /// The tree; what did not parse is `Bad` in it.
    pub file: File,
    /// What is wrong, in the order of the text.
    pub problems: Vec<SyntaxProblem>,
}

/// Parses a file. Never fails.
pub fn parse(file: FileId, text: &str) -> Parse {
    parse_in_pieces(file, text, threads(text.len(), WORTH_A_THREAD))
}

/// Parses a file in so many pieces, or fewer where it has fewer items.
pub(super) fn parse_in_pieces(file: FileId, text: &str, wanted: usize) -> Parse {
    let base = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let source = &text[base..];
    let place = Place { file, base };
    let found = scan(place, source);
    let whole = Span::new(file, 0, text.len());
    if found.too_deep {
        let items = vec![Item { doc: None, kind: ItemKind::Bad, span: place.span(0, source.len()) }];
        let file = File { doc: None, items, comments: found.comments, broken_names: Vec::new(), span: whole };
        let problems = found.problems.into_iter().filter(|p| matches!(p, SyntaxProblem::TooDeep { .. })).collect();
        return Parse { file, problems };
    }
    let masked = (!found.masked.is_empty()).then(|| mask(source, &found.masked));
    let parsed = masked.as_deref().unwrap_or(source);
    let bounds = bounds(&found.tops, parsed.len(), wanted);
    let read = together(bounds.len(), wanted, |piece| {
        let mut lower = lowering(place, source, parsed, &found);
        let items = piece_of(&mut lower, bounds[piece].clone(), &found.cuts);
        (items, Said::of(lower))
    });
    let mut lower = lowering(place, source, parsed, &found);
    let mut items = Vec::with_capacity(read.iter().map(|(items, _)| items.len()).sum());
    for (mut some, said) in read {
        items.append(&mut some);
        said.join(&mut lower);
    }
    finish(lower, items, &found.problems, whole)
}

/// What a piece says beside its items.
struct Said {
    attached: Vec<bool>,
    problems: Vec<SyntaxProblem>,
    broken_names: Vec<Ident>,
}

impl Said {
    fn of(lower: Lower<'_>) -> Self {
        Said { attached: lower.attached, problems: lower.problems, broken_names: lower.broken_names }
    }

    fn join(mut self, lower: &mut Lower<'_>) {
        lower.attached.iter_mut().zip(self.attached).for_each(|(all, own)| *all |= own);
        lower.problems.append(&mut self.problems);
        lower.broken_names.append(&mut self.broken_names);
    }
}

/// Divides a text into so many pieces of about the same length, each but the first of which begins with an item.
fn bounds(tops: &[usize], length: usize, pieces: usize) -> Vec<Range<usize>> {
    let mut bounds = Vec::with_capacity(pieces);
    let mut start = 0;
    for piece in 1..pieces {
        let next = tops.partition_point(|&top| top < length / pieces * piece);
        if let Some(&top) = tops.get(next).filter(|top| **top > start) {
            bounds.push(start..top);
            start = top;
        }
    }
    bounds.push(start..length);
    bounds
}

/// The items of a piece: strictly, or else item by item.
fn piece_of(lower: &mut Lower<'_>, bounds: Range<usize>, cuts: &[usize]) -> Vec<Item> {
    lower.offset = bounds.start;
    match BakeParser::parse(Rule::file, &lower.parsed[bounds.clone()]) {
        Ok(pairs) => strict(lower, pairs),
        Err(_) => piecewise(lower, bounds, cuts),
    }
}

/// Parses one expression, such as a value given on the command line.
pub fn parse_expr(file: FileId, text: &str) -> Result<Expr, Vec<SyntaxProblem>> {
    let place = Place { file, base: 0 };
    let found = scan(place, text);
    if !found.problems.is_empty() {
        return Err(found.problems);
    }
    let mut pairs = BakeParser::parse(Rule::lone_expr, text)
        .map_err(|error| vec![report::explain_error(place, text, &error, Part::Value)])?;
    let mut lower = lowering(place, text, text, &found);
    let whole = pairs.next().expect("invariant: an expression was parsed");
    let pair = lower.parts(whole).take();
    let expr = lower.expr(pair);
    if lower.problems.is_empty() { Ok(expr) } else { Err(lower.problems) }
}

/// Parses one literal: a text without `${…}`, a number, duration or size, `true`, `false`, `null`, a list or a record.
pub fn parse_literal(file: FileId, text: &str) -> Result<Expr, Vec<SyntaxProblem>> {
    let expr = parse_expr(file, text)?;
    match not_literal(&expr) {
        None => Ok(expr),
        Some(span) => Err(vec![SyntaxProblem::Unexpected {
            span,
            found: "a calculation".to_owned(),
            expected: vec!["a literal".to_owned()],
            help: None,
        }]),
    }
}

fn not_literal(expr: &Expr) -> Option<Span> {
    use super::ast::{Element, Entry, UnaryOp};
    match &expr.kind {
        ExprKind::Null
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Number(_)
        | ExprKind::Duration(_)
        | ExprKind::Size(_) => None,
        ExprKind::Text(text) => text.as_plain().is_none().then_some(expr.span),
        ExprKind::Unary(UnaryOp::Negate, inner) | ExprKind::Paren(inner) => not_literal(inner),
        ExprKind::List(elements) => elements.iter().find_map(|element| match element {
            Element::Value(value) => not_literal(value),
            Element::Spread(_, span) => Some(*span),
        }),
        ExprKind::Record(entries) => entries.iter().find_map(|entry| match entry {
            Entry::Field { value, .. } => not_literal(value),
            Entry::Spread { span, .. } | Entry::Bad(span) => Some(*span),
        }),
        _ => Some(expr.span),
    }
}

fn lowering<'a>(place: Place, source: &'a str, parsed: &'a str, found: &'a Scan) -> Lower<'a> {
    Lower {
        place,
        source,
        parsed,
        offset: 0,
        masked: &found.masked,
        comments: &found.comments,
        attached: vec![false; found.comments.len()],
        problems: Vec::new(),
        broken_names: Vec::new(),
        depth: 0,
        closer: ")",
        last: None,
        bad_until: 0,
    }
}

fn strict(lower: &mut Lower<'_>, pairs: pest::iterators::Pairs<'_, Rule>) -> Vec<Item> {
    let items = pairs.flat_map(|file| file.into_inner()).filter(|pair| pair.as_rule() == Rule::item);
    items.map(|pair| lower.item(pair)).collect()
}

/// Item by item: as many as parse strictly, and the others in the tolerant mode.
fn piecewise(lower: &mut Lower<'_>, bounds: Range<usize>, cuts: &[usize]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut at = lower.skip_gap(bounds.start);
    while at < bounds.end {
        lower.offset = at;
        lower.last = None;
        let next = BakeParser::parse(Rule::next_item, &lower.parsed[at..bounds.end]).ok();
        if let Some(whole) = next.and_then(|mut pairs| pairs.next()?.into_inner().next()) {
            let pair = lower.parts(whole).take();
            let end = at + pair.as_span().end();
            items.push(lower.item(pair));
            at = lower.skip_gap(end);
            continue;
        }
        let next = cuts.partition_point(|&cut| cut <= at);
        let end = cuts.get(next).copied().unwrap_or(bounds.end);
        items.push(tolerant(lower, at, end));
        at = lower.skip_gap(end);
    }
    items
}

fn tolerant(lower: &mut Lower<'_>, at: usize, end: usize) -> Item {
    let end = at + lower.parsed[at..end].trim_end().len();
    let Ok(mut pairs) = BakeParser::parse(Rule::loose_item, &lower.parsed[at..end]) else {
        return bad_item(lower, at, end);
    };
    let whole = pairs.next().expect("invariant: an item was parsed");
    let mut parts = lower.parts(whole);
    let pair = parts.take();
    let stray = parts.take_if(Rule::stray).map(|pair| pair.as_span().start() + at);
    let from = stray.filter(|&from| from < end);
    let mut item = lower.item(pair);
    if let Some(from) = from {
        // What is missed follows from what stands there instead.
        let missed = |p: &SyntaxProblem| {
            matches!(p, SyntaxProblem::LetWithoutValue { .. } | SyntaxProblem::NeitherTypeNorValue { .. })
        };
        if !begins_line(lower.source, from) {
            lower.problems.pop_if(|p| missed(p));
        }
        lower.note_bad(Part::Item, at, end, from);
        spoil(&mut item.kind);
    }
    item
}

/// A binding that goes on with something that does not parse has no known value.
fn spoil(kind: &mut ItemKind) {
    match kind {
        ItemKind::Let(binding) | ItemKind::Param(binding) | ItemKind::Variable(binding) | ItemKind::Secret(binding) => {
            spoil_type(binding);
            spoil_binding(binding);
        }
        ItemKind::Fn(function) => function.body.kind = ExprKind::Bad,
        ItemKind::Output(output) => output.value.kind = ExprKind::Bad,
        ItemKind::Type(item) => item.ty.kind = super::ast::TypeKind::Bad,
        _ => {}
    }
}

fn spoil_binding(binding: &mut Binding) {
    match &mut binding.value {
        Some(value) => value.kind = ExprKind::Bad,
        None => binding.value = Some(Expr { kind: ExprKind::Bad, span: binding.span.after() }),
    }
}

/// What went wrong in the type of a binding is no name of a type.
fn spoil_type(binding: &mut Binding) {
    if let (Some(ty), None) = (&mut binding.ty, &binding.value) {
        ty.kind = super::ast::TypeKind::Bad;
    }
}

fn bad_item(lower: &mut Lower<'_>, at: usize, end: usize) -> Item {
    lower.note_bad(Part::Item, at, end, at);
    lower.doc(at);
    let text = &lower.source[at..end];
    let mut words = text.split(|c: char| c.is_whitespace() || "({:=".contains(c)).filter(|w| !w.is_empty());
    let keyword = words.next().unwrap_or("");
    if super::scan::ITEM_WORDS.contains(&keyword)
        && let Some(name) = words.next().map(|name| name.trim_matches('"'))
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    {
        let start = at + (name.as_ptr() as usize - text.as_ptr() as usize);
        let span = lower.place.span(start, start + name.len());
        lower.broken_names.push(Ident { name: name.into(), span });
    }
    Item { doc: None, kind: ItemKind::Bad, span: lower.place.span(at, end) }
}

fn finish(mut lower: Lower<'_>, items: Vec<Item>, scanned: &[SyntaxProblem], whole: Span) -> Parse {
    let first = items.first().map_or(u32::MAX, |item| item.span.start);
    let top: Vec<Span> = lower
        .comments
        .iter()
        .filter(|c| c.kind == CommentKind::FileDoc && c.span.start < first && !lower.is_trailing(c))
        .map(|c| c.span)
        .collect();
    let doc = lower.doc_of(&top);
    let mut problems = std::mem::take(&mut lower.problems);
    // A quote left open explains whatever else does not parse on its line.
    if !scanned.is_empty() {
        let ends: Vec<usize> = lower.source.match_indices('\n').map(|(at, _)| at + lower.place.base).collect();
        let line = |span: Span| ends.partition_point(|end| *end < span.start as usize);
        let lines: FxHashSet<usize> = scanned.iter().map(|p| line(p.span())).collect();
        problems.retain(|p| !lines.contains(&line(p.span())));
        let mut left = lines;
        problems.extend(scanned.iter().filter(|problem| left.remove(&line(problem.span()))).cloned());
    }
    if problems.is_empty() {
        for (comment, attached) in lower.comments.iter().zip(&lower.attached) {
            let span = comment.span;
            match comment.kind {
                CommentKind::Doc if !attached => {
                    problems.push(SyntaxProblem::DanglingDoc { span, trailing: lower.is_trailing(comment) });
                }
                CommentKind::FileDoc if top.binary_search(&span).is_err() => {
                    problems.push(SyntaxProblem::MisplacedFileDoc { span })
                }
                _ => {}
            }
        }
    }
    problems.sort_by_key(|p| p.span());
    problems.dedup();
    let file = File { doc, items, comments: lower.comments.to_vec(), broken_names: lower.broken_names, span: whole };
    Parse { file, problems }
}
