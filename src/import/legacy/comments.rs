//! Comments of a JSON file and the places that they belong to. Each is handed out once.

use crate::text::Span;

/// The comments that have not been handed out yet.
pub(super) struct Comments<'t> {
    text: &'t str,
    /// In the order of the text; `None` once handed out.
    left: Vec<Option<Span>>,
}

impl<'t> Comments<'t> {
    pub(super) fn new(text: &'t str, comments: &[Span]) -> Self {
        Comments { text, left: comments.iter().copied().map(Some).collect() }
    }

    /// Those that begin before an offset.
    pub(super) fn before(&mut self, offset: u32) -> Vec<String> {
        self.take(|span, _| span.start < offset)
    }

    /// Those that begin between two offsets.
    pub(super) fn between(&mut self, start: u32, end: u32) -> Vec<String> {
        self.take(|span, _| (start..end).contains(&span.start))
    }

    /// Those within a value.
    pub(super) fn within(&mut self, value: Span) -> Vec<String> {
        self.between(value.start, value.end)
    }

    /// Those behind a value, on its line.
    pub(super) fn behind(&mut self, end: u32) -> Vec<String> {
        self.take(|span, text| {
            let gap = text.get(end as usize..span.start as usize);
            gap.is_some_and(|gap| gap.chars().all(|c| matches!(c, ' ' | '\t' | ',')))
        })
    }

    /// All that are left.
    pub(super) fn rest(&mut self) -> Vec<String> {
        self.take(|_, _| true)
    }

    fn take(&mut self, wanted: impl Fn(Span, &str) -> bool) -> Vec<String> {
        let text = self.text;
        let first = self.left.partition_point(Option::is_none);
        let mut taken = Vec::new();
        for left in &mut self.left[first..] {
            if let Some(span) = left.filter(|span| wanted(*span, text)) {
                *left = None;
                taken.extend(lines(text.get(span.range()).unwrap_or("")));
            }
        }
        taken
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
