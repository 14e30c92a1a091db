//! Places as the protocol counts them: lines from 0, and in a line UTF-16 code units from 0.
//!
//! A line ends at `\n`, `\r\n` or `\r`, as the protocol has it and not as the language does. A place behind the end of a line
//! is its end; one behind the last line the end of the text.

use lsp_types::{Position, Range};

use crate::text::{Span, floor_char_boundary};

/// Where the lines of a text begin, and how far its characters are from being units.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<u32>,
    /// The characters that have more bytes than units: where each ends, and how many more bytes there were up to there. With these a
    /// place is found without a walk over its line, which may hold the whole file.
    wide: Vec<(u32, u32)>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let (mut starts, mut wide) = (vec![0], Vec::new());
        let (mut at, mut more) = (0, 0);
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'\n' => starts.push(at as u32 + 1),
                b'\r' if bytes.get(at + 1) != Some(&b'\n') => starts.push(at as u32 + 1),
                0xc0.. => {
                    let (length, units) = match byte {
                        0xf0.. => (4, 2),
                        0xe0.. => (3, 1),
                        _ => (2, 1),
                    };
                    at += length;
                    more += (length - units) as u32;
                    wide.push((at as u32, more));
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        Lines { text, starts, wide }
    }

    /// The text of a line without its end, and where it begins.
    fn line(&self, line: usize) -> Option<(usize, &'t str)> {
        let start = *self.starts.get(line)? as usize;
        let end = self.starts.get(line + 1).map_or(self.text.len(), |end| *end as usize);
        Some((start, self.text[start..end].trim_end_matches(['\n', '\r'])))
    }

    /// The units before a byte, counted from the start of the text.
    fn units(&self, offset: usize) -> usize {
        let before = self.wide.partition_point(|(end, _)| *end as usize <= offset);
        offset - before.checked_sub(1).map_or(0, |last| self.wide[last].1 as usize)
    }

    /// The byte of a place; one inside a character is its start.
    pub(super) fn offset(&self, position: Position) -> usize {
        let Some((start, line)) = self.line(position.line as usize) else { return self.text.len() };
        let wanted = self.units(start) + position.character as usize;
        // The last byte of the line that has no more units before it.
        let (mut low, mut high) = (start, start + line.len());
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            let middle = match floor_char_boundary(self.text, middle) {
                floor if floor > low => floor,
                // Inside the character at `low`: the next one.
                _ => low + self.text[low..].chars().next().map_or(1, char::len_utf8),
            };
            match self.units(middle) <= wanted {
                true => low = middle,
                false => high = floor_char_boundary(self.text, middle - 1),
            }
        }
        low
    }

    /// The place of a byte; one inside a character is its start.
    pub(super) fn position(&self, offset: u32) -> Position {
        let offset = floor_char_boundary(self.text, offset as usize);
        let line = self.starts.partition_point(|start| *start as usize <= offset) - 1;
        let character = self.units(offset) - self.units(self.starts[line] as usize);
        Position::new(line as u32, character as u32)
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

    #[test]
    fn a_line_may_be_as_long_as_the_file() {
        let text = "ä🦀x".repeat(300_000);
        let lines = Lines::of(&text);
        for n in (0..300_000).step_by(37) {
            assert_eq!(lines.position(n * 7), Position::new(0, n * 4));
            assert_eq!(lines.offset(Position::new(0, n * 4)), n as usize * 7);
        }
        assert_eq!(lines.offset(Position::new(0, u32::MAX)), text.len());
    }

    proptest! {
        #[test]
        fn each_character_has_a_place_and_comes_back(text in "[a-c\u{e4}\u{1f980}\u{65e5}\r\n]{0,40}") {
            let lines = Lines::of(&text);
            for (at, c) in text.char_indices() {
                let position = lines.position(at as u32);
                let line = text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
                let end_of_pair = text[..at].ends_with('\r') && c == '\n';
                if !end_of_pair {
                    prop_assert_eq!(position.character as usize, text[line..at].encode_utf16().count());
                }
                if c.len_utf16() == 2 {
                    let inside = Position::new(position.line, position.character + 1);
                    prop_assert_eq!(lines.offset(inside), at);
                }
                let inside_an_end = c == '\n' && text[..at].ends_with('\r');
                if !inside_an_end {
                    prop_assert_eq!(lines.offset(position), at);
                }
            }
        }
    }
}
