//! Lines and columns of offsets, quick also for many places in one huge line.
//!
//! It knows sources and spans only. Every answer is kept as a checkpoint, and the next question counts on from the
//! nearest one before it: a thousand places in a one-line file of 100 MB read the file about once, not a thousand times.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::text::{FileId, Source, Sources, Span, floor_char_boundary};

/// An offset, seen as a person sees it. Lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    /// Byte offset, inside the text and on a character boundary.
    pub(super) offset: usize,
    /// Byte offset of the line's first character.
    pub(super) line_start: usize,
    /// Characters before it in the file.
    pub(super) characters: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

const START: Place = Place { offset: 0, line_start: 0, characters: 0, line: 1, column: 1 };

/// The places of one rendering.
pub(super) struct Places<'a> {
    sources: &'a Sources,
    known: RefCell<BTreeMap<(FileId, usize), Place>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Places { sources, known: RefCell::default() }
    }

    pub(super) fn source(&self, file: FileId) -> &'a Source {
        self.sources.get(file)
    }

    /// Both ends of a span, clamped to the text.
    pub(super) fn ends(&self, span: Span) -> (Place, Place) {
        let start = self.find(span.file, span.start as usize);
        (start, self.find(span.file, (span.end as usize).max(start.offset)))
    }

    /// The place of an offset; behind the end counts as the end, inside a character as its beginning.
    fn find(&self, file: FileId, offset: usize) -> Place {
        let text: &str = self.source(file).text();
        let offset = floor_char_boundary(text, offset);
        let mut known = self.known.borrow_mut();
        let from = known.range((file, 0)..=(file, offset)).next_back().map_or(START, |(_, place)| *place);
        let between = &text[from.offset..offset];
        let place = match between.rfind('\n') {
            None => {
                let n = between.chars().count();
                Place { offset, characters: from.characters + n, column: from.column + n, ..from }
            }
            Some(newline) => Place {
                offset,
                line_start: from.offset + newline + 1,
                characters: from.characters + between.chars().count(),
                line: from.line + between.bytes().filter(|b| *b == b'\n').count(),
                column: between[newline + 1..].chars().count() + 1,
            },
        };
        known.insert((file, offset), place);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_source_in_any_order_of_questions() {
        let mut sources = Sources::new();
        let text = "ab\r\nü=1\n\n\tdaß\nend";
        let file = sources.add(Source::new("a.bake", text));
        let other = sources.add(Source::new("b.bake", "x"));
        let places = Places::new(&sources);
        let mut offsets: Vec<usize> = (0..=text.len() + 2).collect();
        offsets.rotate_left(7);
        for offset in offsets.into_iter().filter(|o| *o > text.len() || text.is_char_boundary(*o)) {
            let place = places.find(file, offset);
            let (line, column) = sources.get(file).line_column(offset as u32);
            assert_eq!((place.line, place.column), (line as usize, column as usize), "at {offset}");
            assert_eq!(place.characters, text[..place.offset].chars().count(), "at {offset}");
        }
        assert_eq!(places.find(other, 1).column, 2);
        assert_eq!(places.find(file, 5).offset, 4, "inside `ü`");
    }
}
