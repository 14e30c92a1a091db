//! Places as the protocol counts them: lines from 0, and in a line UTF-16 code units from 0.
//!
//! A line ends at `\n`, `\r\n` or `\r`, as the protocol has it and not as the language does. A place behind the end of a line
//! is its end; one behind the last line the end of the text.

use lsp_types::{Position, Range};

use crate::text::Span;

/// Where the lines of a text begin.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<u32>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (at, byte) in bytes.iter().enumerate() {
            let ends = *byte == b'\n' || *byte == b'\r' && bytes.get(at + 1) != Some(&b'\n');
            if ends {
                starts.push(at as u32 + 1);
            }
        }
        Lines { text, starts }
    }

    /// The text of a line without its end, and where it begins.
    fn line(&self, line: usize) -> Option<(usize, &'t str)> {
        let start = *self.starts.get(line)? as usize;
        let end = self.starts.get(line + 1).map_or(self.text.len(), |end| *end as usize);
        Some((start, self.text[start..end].trim_end_matches(['\n', '\r'])))
    }

    /// The byte of a place.
    pub(super) fn offset(&self, position: Position) -> usize {
        let Some((start, line)) = self.line(position.line as usize) else { return self.text.len() };
        let mut units = 0;
        for (at, c) in line.char_indices() {
            // A place inside a character is its start.
            if units + c.len_utf16() as u32 > position.character {
                return start + at;
            }
            units += c.len_utf16() as u32;
        }
        start + line.len()
    }

    /// The place of a byte; one inside a character is its start.
    pub(super) fn position(&self, offset: u32) -> Position {
        let offset = crate::text::floor_char_boundary(self.text, (offset as usize).min(self.text.len()));
        let line = self.starts.partition_point(|start| *start as usize <= offset) - 1;
        let before = &self.text[self.starts[line] as usize..offset];
        Position::new(line as u32, before.encode_utf16().count() as u32)
    }

    /// The places of a span.
    pub(super) fn range(&self, span: Span) -> Range {
        Range::new(self.position(span.start), self.position(span.end))
    }

    /// The bytes of a range; one that ends before it begins is turned round.
    pub(super) fn bytes(&self, range: Range) -> std::ops::Range<usize> {
        let (start, end) = (self.offset(range.start), self.offset(range.end));
        start.min(end)..start.max(end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_character_beyond_the_basic_plane_counts_twice() {
        let lines = Lines::of("aä🦀b\r\nc\rd\n");
        assert_eq!(lines.position(0), Position::new(0, 0));
        assert_eq!(lines.position(3), Position::new(0, 2));
        assert_eq!(lines.position(7), Position::new(0, 4));
        assert_eq!(lines.offset(Position::new(0, 4)), 7);
        assert_eq!(lines.offset(Position::new(0, 3)), 3);
        assert_eq!(lines.position(10), Position::new(1, 0));
        assert_eq!(lines.position(12), Position::new(2, 0));
        assert_eq!(lines.offset(Position::new(0, 99)), 8);
        assert_eq!(lines.offset(Position::new(99, 0)), 14);
    }

    proptest! {
        #[test]
        fn each_character_has_a_place_and_comes_back(text in "[a-c\u{e4}\u{1f980}\u{65e5}\r\n]{0,40}") {
            let lines = Lines::of(&text);
            for (at, c) in text.char_indices() {
                let position = lines.position(at as u32);
                let inside_an_end = c == '\n' && text[..at].ends_with('\r');
                if !inside_an_end {
                    prop_assert_eq!(lines.offset(position), at);
                }
            }
        }
    }
}
