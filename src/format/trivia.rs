//! What the tree does not hold: comments, blank lines, and the source's own spelling of a node.
//!
//! A comment is printed exactly once. Whoever lays out a list of nodes takes the comments between them; what nobody took
//! (a comment in the middle of an expression) is taken with the statement it stands in. Knows spans, not documents.

use std::cell::RefCell;

use crate::syntax::ast::{Comment, CommentKind};
use crate::text::Span;

/// The source text, its comments, and which of them are printed already.
pub(super) struct Trivia<'a> {
    text: &'a str,
    comments: Vec<Comment>,
    printed: RefCell<Vec<bool>>,
}

/// A comment that has been taken and must be printed by the taker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken<'a> {
    pub(super) text: &'a str,
    pub(super) kind: CommentKind,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Taken<'_> {
    /// Whether it may stand behind something on a line. A doc comment may not: it belongs to what follows.
    pub(super) fn may_trail(&self) -> bool {
        matches!(self.kind, CommentKind::Slashes | CommentKind::Hash)
    }
}

impl<'a> Trivia<'a> {
    pub(super) fn new(text: &'a str, comments: &[Comment]) -> Self {
        let mut comments = comments.to_vec();
        comments.sort_by_key(|c| c.span.start);
        let printed = RefCell::new(vec![false; comments.len()]);
        Trivia { text, comments, printed }
    }

    /// The length of the text.
    pub(super) fn len(&self) -> u32 {
        self.text.len() as u32
    }

    /// The source between two offsets.
    pub(super) fn between(&self, start: u32, end: u32) -> &'a str {
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    /// A node as it was written, without blanks and comments behind it.
    pub(super) fn slice(&self, span: Span) -> &'a str {
        self.between(span.start, self.end(span))
    }

    /// Where a node really ends: its span may reach over blanks and comments behind it.
    pub(super) fn end(&self, span: Span) -> u32 {
        let mut end = span.end;
        loop {
            end = span.start + self.between(span.start, end).trim_end().len() as u32;
            let next = self.comments.partition_point(|c| c.span.start < end);
            match next.checked_sub(1).map(|i| &self.comments[i]) {
                Some(last) if last.span.start > span.start && last.span.end >= end => end = last.span.start,
                _ => return end,
            }
        }
    }

    /// The comments that begin in the range and are not printed yet; from now on they are.
    pub(super) fn take(&self, start: u32, end: u32) -> Vec<Taken<'a>> {
        let mut printed = self.printed.borrow_mut();
        let mut taken = Vec::new();
        for i in self.range(start, end) {
            if !std::mem::replace(&mut printed[i], true) {
                let Comment { kind, span } = self.comments[i];
                let text = self.between(span.start, span.end).trim_end();
                taken.push(Taken { text, kind, start: span.start, end: span.end });
            }
        }
        taken
    }

    /// Whether a comment that is not printed yet begins in the range.
    pub(super) fn pending(&self, start: u32, end: u32) -> bool {
        let printed = self.printed.borrow();
        self.range(start, end).any(|i| !printed[i])
    }

    fn range(&self, start: u32, end: u32) -> std::ops::Range<usize> {
        let from = self.comments.partition_point(|c| c.span.start < start);
        let to = self.comments.partition_point(|c| c.span.start < end);
        from..to.max(from)
    }

    /// Whether the range holds a line break.
    pub(super) fn breaks(&self, start: u32, end: u32) -> bool {
        self.between(start, end).contains('\n')
    }

    /// Whether the range holds an empty line. The range lies between nodes and comments.
    pub(super) fn blank(&self, start: u32, end: u32) -> bool {
        let mut lines = self.between(start, end).split('\n');
        lines.next();
        let mut middle = lines.collect::<Vec<_>>();
        middle.pop();
        middle.iter().any(|line| line.trim().is_empty())
    }

    /// The offset just behind the first `mark` from `from` on that stands in no comment.
    pub(super) fn behind(&self, from: u32, mark: char) -> u32 {
        let mut at = from;
        loop {
            let Some(found) = self.between(at, self.len()).find(mark) else { return from };
            let position = at + found as u32;
            let next = self.comments.partition_point(|c| c.span.start <= position);
            match next.checked_sub(1).map(|i| self.comments[i].span) {
                Some(comment) if comment.start >= from && position < comment.end => at = comment.end,
                _ => return position + mark.len_utf8() as u32,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::FileId;

    fn span(start: usize, end: usize) -> Span {
        Span::new(FileId(0), start, end)
    }

    fn trivia(text: &str) -> Trivia<'_> {
        let at = text.find("//").unwrap_or(0);
        let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
        Trivia::new(text, &[Comment { kind: CommentKind::Slashes, span: span(at, end) }])
    }

    #[test]
    fn a_node_ends_before_the_blanks_and_comments_behind_it() {
        let text = "abc // {\n  x";
        assert_eq!(trivia(text).end(span(0, 11)), 3);
        assert_eq!(trivia(text).end(span(0, 12)), 12);
    }

    #[test]
    fn marks_in_comments_do_not_count() {
        assert_eq!(trivia("a // {\n {").behind(1, '{'), 9);
    }

    #[test]
    fn a_comment_is_taken_once() {
        let trivia = trivia("a // b\nc");
        assert!(trivia.pending(0, 8));
        assert_eq!(trivia.take(0, 8).len(), 1);
        assert!(!trivia.pending(0, 8));
        assert_eq!(trivia.take(0, 8).len(), 0);
    }

    #[test]
    fn an_empty_line_is_one_with_nothing_on_it() {
        let t = trivia("a\n \nb then\nc // x");
        assert!(t.blank(1, 4));
        assert!(!t.blank(5, 11));
    }
}
