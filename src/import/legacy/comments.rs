//! Comments of a JSON file and the places that they belong to. Each is handed out once.

use std::collections::BTreeMap;
use std::ops::RangeBounds;

use crate::text::Span;

/// The comments that have not been handed out yet.
pub(super) struct Comments<'t> {
    text: &'t str,
    /// By where they begin.
    left: BTreeMap<u32, Span>,
}

impl<'t> Comments<'t> {
    pub(super) fn new(text: &'t str, comments: &[Span]) -> Self {
        Comments { text, left: comments.iter().map(|span| (span.start, *span)).collect() }
    }

    /// Those that begin before an offset.
    pub(super) fn before(&mut self, offset: u32) -> Vec<String> {
        self.take(..offset)
    }

    /// Those that begin between two offsets.
    pub(super) fn between(&mut self, start: u32, end: u32) -> Vec<String> {
        if start < end { self.take(start..end) } else { Vec::new() }
    }

    /// Those within a value.
    pub(super) fn within(&mut self, value: Span) -> Vec<String> {
        self.between(value.start, value.end)
    }

    /// Those behind a value, on its line.
    pub(super) fn behind(&mut self, end: u32) -> Vec<String> {
        let Some(start) = self.left.range(end..).next().map(|(start, _)| *start) else { return Vec::new() };
        let gap = self.text.get(end as usize..start as usize).unwrap_or("\n");
        if gap.chars().all(|c| matches!(c, ' ' | '\t' | ',')) { self.take(start..=start) } else { Vec::new() }
    }

    /// All that are left.
    pub(super) fn rest(&mut self) -> Vec<String> {
        self.take(..)
    }

    fn take(&mut self, starts: impl RangeBounds<u32>) -> Vec<String> {
        let taken: Vec<Span> = self.left.range(starts).map(|(_, span)| *span).collect();
        for span in &taken {
            self.left.remove(&span.start);
        }
        taken.iter().flat_map(|span| lines(self.text.get(span.range()).unwrap_or(""))).collect()
    }
}

/// The lines of a comment without its marks.
fn lines(comment: &str) -> Vec<String> {
    let (inside, block) = match comment.strip_prefix("/*") {
        Some(rest) => (rest.strip_suffix("*/").unwrap_or(rest), true),
        None => (comment.trim_start_matches(['/', '#']), false),
    };
    let line = |line: &str| match line.trim() {
        line if block => line.trim_matches('*').trim().to_owned(),
        line => line.to_owned(),
    };
    let lines: Vec<String> = inside.lines().map(line).collect();
    let filled = |line: &&String| !line.is_empty();
    let start = lines.iter().position(|l| filled(&l)).unwrap_or(0);
    let end = lines.iter().rposition(|l| filled(&l)).map_or(0, |last| last + 1);
    lines.get(start..end).map(<[String]>::to_vec).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_empty_ends_are_left_out() {
        assert_eq!(lines("// a  "), ["a"]);
        assert_eq!(lines("## b"), ["b"]);
        assert_eq!(lines("/*\n * one\n *\n * two\n */"), ["one", "", "two"]);
        assert!(lines("//").is_empty());
    }
}
