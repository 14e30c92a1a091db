//! The printer's common part: rows out of nodes and the comments between them, braces, and comma lists.
//!
//! `items`, `image`, `types` and `expr` print the nodes with it. An `indent` argument is the column in which a node's
//! broken lines begin.

use pretty::RcDoc;

use super::layout::{Body, Doc, Lead, Row, STEP, concat, empty_line, join, nest, stack, text};
use super::trivia::{Taken, Trivia};
use crate::syntax::ast::{CommentKind, File, Ident};
use crate::text::Span;

/// What is needed to print a node.
pub(super) struct Printer<'a> {
    pub(super) trivia: Trivia<'a>,
}

/// The rows between two marks.
pub(super) struct Rows<'a> {
    /// A comment behind the opening mark.
    pub(super) opening: Option<&'a str>,
    pub(super) rows: Vec<Row<'a>>,
}

impl Rows<'_> {
    pub(super) fn has_comments(&self) -> bool {
        self.opening.is_some() || self.rows.iter().any(|row| row.trailing.is_some() || !row.lead.is_empty())
    }
}

/// How a braced block may be laid out.
pub(super) enum Braces<'a> {
    /// One row a line.
    Broken,
    /// On one line as this document, where it fits.
    Flat(Doc<'a>),
}

impl<'a> From<Taken<'a>> for Lead<'a> {
    fn from(comment: Taken<'a>) -> Self {
        Lead { text: comment.text, blank: false, kind: comment.kind }
    }
}

impl<'a> Printer<'a> {
    pub(super) fn new(source: &'a str, file: &File) -> Self {
        Printer { trivia: Trivia::new(source, &file.comments) }
    }

    /// A name.
    pub(super) fn ident(&self, ident: &Ident) -> Doc<'a> {
        text(ident.name.to_string())
    }

    /// Names with a separator.
    pub(super) fn idents(&self, idents: &[Ident], separator: &'static str) -> Doc<'a> {
        join(idents.iter().map(|i| self.ident(i)), text(separator))
    }

    /// A node as it was written; the comments in it are printed with it.
    pub(super) fn verbatim(&self, span: Span) -> Doc<'a> {
        self.trivia.take(span.start, self.trivia.end(span));
        super::layout::verbatim(self.trivia.slice(span))
    }

    /// Rows for the nodes between the offsets `open` (just behind the opening mark) and `close` (before the closing one),
    /// with the comments around and inside them.
    pub(super) fn gather(&self, open: u32, close: u32, nodes: impl IntoIterator<Item = (Span, Body<'a>)>) -> Rows<'a> {
        let mut result = Rows { opening: None, rows: Vec::new() };
        let mut at = open;
        for (span, body) in nodes {
            let end = self.trivia.end(span).max(at);
            let mut lead = self.between(&mut result, &mut at, span.start);
            let hoisted = self.trivia.take(span.start, end);
            let first = result.rows.is_empty() && lead.is_empty();
            let mut blank = !first && self.trivia.blank(at, span.start);
            if !hoisted.is_empty() {
                // A comment from the middle of a node goes above it, and above its documentation.
                let docs = lead.iter().rev().take_while(|l| l.kind == CommentKind::Doc && !l.blank).count();
                let place = lead.len() - docs;
                let below = lead.get_mut(place).map_or(&mut blank, |l| &mut l.blank);
                let mut first_blank = std::mem::take(below);
                let above: Vec<Lead<'a>> = hoisted
                    .iter()
                    .map(|c| Lead { blank: std::mem::take(&mut first_blank), ..Lead::from(*c) })
                    .collect();
                lead.splice(place..place, above);
            }
            result.rows.push(Row { lead, blank, body, trailing: None });
            at = end;
        }
        let lead = self.between(&mut result, &mut at, close);
        if !lead.is_empty() {
            result.rows.push(Row { lead, blank: false, body: Body::None, trailing: None });
        }
        result
    }

    /// The comments up to `to`. The one on the line of what stands before goes there; the others are returned.
    fn between(&self, result: &mut Rows<'a>, at: &mut u32, to: u32) -> Vec<Lead<'a>> {
        let mut lead: Vec<Lead<'a>> = Vec::new();
        for (i, comment) in self.trivia.take(*at, to).into_iter().enumerate() {
            let place = match result.rows.last_mut() {
                Some(row) => &mut row.trailing,
                None => &mut result.opening,
            };
            if i == 0 && *at > 0 && comment.may_trail() && !self.trivia.breaks(*at, comment.start) {
                *place = Some(comment.text);
            } else {
                let first = result.rows.is_empty() && lead.is_empty();
                let blank = !first && self.trivia.blank(*at, comment.start);
                lead.push(Lead { blank, ..Lead::from(comment) });
            }
            *at = comment.end;
        }
        lead
    }

    /// `{ … }` around rows.
    pub(super) fn braced(&self, rows: Rows<'a>, layout: Braces<'a>, indent: usize) -> Doc<'a> {
        if rows.rows.is_empty() && rows.opening.is_none() {
            return text("{}");
        }
        let commented = rows.has_comments();
        let broken = enclosed("{", rows, "}", indent);
        match layout {
            Braces::Flat(flat) if !commented => broken.flat_alt(concat([text("{ "), flat, text(" }")])).group(),
            _ => broken,
        }
    }

    /// Elements with commas between marks: on one line where they fit, else one a line with a comma behind each.
    /// `open` and `close` are the offsets just inside the marks.
    pub(super) fn listed(
        &self,
        marks: (&'static str, &'static str),
        (open, close): (u32, u32),
        elements: Vec<(Span, Doc<'a>)>,
        indent: usize,
    ) -> Doc<'a> {
        if self.trivia.pending(open, close) {
            let nodes = elements.into_iter().map(|(span, doc)| (span, Body::Plain(doc.append(text(",")))));
            return enclosed(marks.0, self.gather(open, close, nodes), marks.1, indent);
        }
        if elements.is_empty() {
            return text(marks.0).append(text(marks.1));
        }
        let mut inside = vec![RcDoc::line_()];
        let mut before: Option<u32> = None;
        for (span, doc) in elements {
            if let Some(before) = before {
                let blank = if self.trivia.blank(before, span.start) { empty_line() } else { RcDoc::nil() };
                inside.push(concat([text(","), blank.flat_alt(RcDoc::nil()), RcDoc::line()]));
            }
            before = Some(self.trivia.end(span));
            inside.push(doc);
        }
        inside.push(text(",").flat_alt(RcDoc::nil()));
        concat([text(marks.0), nest(concat(inside)), RcDoc::line_(), text(marks.1)]).group()
    }

    /// Operands below each other with the comments between them: `first`, then each with what stands before it.
    pub(super) fn chained(&self, first: (Span, Doc<'a>), rest: Vec<Link<'a>>) -> Doc<'a> {
        let mut at = self.trivia.end(first.0);
        let mut inside = Vec::new();
        for link in rest {
            let comments = if link.breaks { self.trivia.take(at, link.span.start) } else { Vec::new() };
            for comment in &comments {
                inside.push(self.in_chain(at, comment).append(text(comment.text)));
            }
            let separator = match (link.breaks, comments.is_empty()) {
                (true, true) => RcDoc::line(),
                (true, false) => RcDoc::hardline(),
                (false, _) => RcDoc::space(),
            };
            inside.push(concat([separator, text(link.mark), RcDoc::space(), link.doc]));
            at = self.trivia.end(link.span);
        }
        first.1.append(nest(concat(inside))).group()
    }

    fn in_chain(&self, at: u32, comment: &Taken<'a>) -> Doc<'a> {
        if self.trivia.breaks(at, comment.start) { RcDoc::hardline() } else { RcDoc::space() }
    }
}

/// A later operand of a chain.
pub(super) struct Link<'a> {
    /// The operator.
    pub(super) mark: &'static str,
    /// Whether a line may begin with it.
    pub(super) breaks: bool,
    /// The operand's place.
    pub(super) span: Span,
    pub(super) doc: Doc<'a>,
}

/// Marks around rows, one row a line.
fn enclosed<'a>(open: &'static str, rows: Rows<'a>, close: &'static str, indent: usize) -> Doc<'a> {
    let opening = rows.opening.map_or_else(RcDoc::nil, |comment| text(format!(" {comment}")));
    let rows = stack(rows.rows, indent + STEP);
    concat([text(open), opening, nest(RcDoc::hardline().append(rows)), RcDoc::hardline(), text(close)])
}
