//! The lines of one file that a snippet shows, as a source of their own for the graphical handler.
//!
//! It knows sources and labels, not how they are drawn. An excerpt holds only the lines that carry a label (and short
//! gaps between them), long lines cropped around their labels, control characters made visible, every line ended by
//! `\n`: so a 100 MB file costs what its shown lines cost, CRLF is no special case, and a caret at the end of the file has
//! a line to stand on. Labels are given in the excerpt's own offsets.

use std::collections::BTreeMap;
use std::ops::Range;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::place::{Place, Places};
use crate::text::{FileId, Span, floor_char_boundary};

/// Unlabelled lines between two labelled ones that are shown rather than cut out.
const GAP: usize = 2;
/// A label over more lines is drawn on its first line only and says where it ends.
const TALL: usize = 16;
/// A line with more bytes is cropped.
const LONG: usize = 300;
/// What stays before and after each end of a label on a cropped line, in bytes.
const BEFORE: usize = 40;
const AFTER: usize = 60;

/// A label in the offsets of its excerpt.
pub(super) struct Mark {
    pub(super) range: Range<usize>,
    pub(super) text: String,
    pub(super) primary: bool,
}

/// Some lines of a file.
pub(super) struct Excerpt {
    path: String,
    text: String,
    lines: Vec<Line>,
    /// Line and column in the file where each mark begins, by the mark's offset.
    heads: BTreeMap<usize, (usize, usize)>,
}

struct Line {
    number: usize,
    range: Range<usize>,
}

/// One label, cut to what is drawn of it.
struct Drawn {
    start: Place,
    end: Place,
    text: String,
    primary: bool,
}

impl Excerpt {
    /// The excerpt for labels of one file, and the labels in its offsets. `true` marks the primary label.
    pub(super) fn new(
        places: &Places,
        file: FileId,
        labels: &[(Span, String, bool)],
        ellipsis: &str,
    ) -> (Excerpt, Vec<Mark>) {
        let source = places.source(file);
        let drawn: Vec<Drawn> =
            labels.iter().map(|(span, text, primary)| draw(places, *span, text, *primary)).collect();
        let mut ranges: Vec<(usize, usize, usize)> =
            drawn.iter().map(|d| (d.start.line, d.start.line_start, d.end.line)).collect();
        ranges.sort_unstable();

        let mut excerpt =
            Excerpt { path: shown(source.path()), text: String::new(), lines: Vec::new(), heads: BTreeMap::new() };
        let points: Vec<usize> = drawn.iter().flat_map(|d| [d.start.offset, d.end.offset]).collect();
        let mut mapped = BTreeMap::new();
        // The next line to show, and where it begins, once a first range has been shown.
        let mut next: Option<(usize, usize)> = None;
        for (first, first_start, last) in ranges {
            let (mut number, mut start) = match next {
                Some(next) if first <= next.0 + GAP => next,
                _ => (first, first_start),
            };
            while number <= last {
                let line = source.line(number as u32);
                excerpt.push(number, start, line, &points, &mut mapped, ellipsis);
                // `line` comes without its `\n` or `\r\n`; the search looks at these one or two bytes.
                let end = start + line.len();
                start = source.text()[end..].find('\n').map_or(source.text().len(), |i| end + i + 1);
                number += 1;
                next = Some((number, start));
            }
        }

        let mut marks = Vec::with_capacity(drawn.len());
        for d in drawn {
            let at = |place: Place| mapped.get(&place.offset).copied().unwrap_or(excerpt.text.len());
            let range = at(d.start)..at(d.end).max(at(d.start));
            excerpt.heads.insert(range.start, (d.start.line, d.start.column));
            marks.push(Mark { range, text: d.text, primary: d.primary });
        }
        (excerpt, marks)
    }

    fn push(
        &mut self,
        number: usize,
        start: usize,
        line: &str,
        points: &[usize],
        mapped: &mut BTreeMap<usize, usize>,
        ellipsis: &str,
    ) {
        let begin = self.text.len();
        let mut here: Vec<usize> =
            points.iter().filter(|p| (start..=start + line.len()).contains(p)).map(|p| p - start).collect();
        here.sort_unstable();
        let mut shown_to = 0;
        for piece in pieces(line, &here) {
            if piece.start > shown_to {
                self.text.push_str(ellipsis);
            }
            shown_to = piece.end;
            for (i, c) in line[piece.clone()].char_indices() {
                if here.binary_search(&(piece.start + i)).is_ok() {
                    mapped.insert(start + piece.start + i, self.text.len());
                }
                self.text.push(visible(c));
            }
            if here.binary_search(&piece.end).is_ok() {
                mapped.insert(start + piece.end, self.text.len());
            }
        }
        if shown_to < line.len() {
            self.text.push_str(ellipsis);
        }
        self.text.push('\n');
        self.lines.push(Line { number, range: begin..self.text.len() });
    }
}

/// A label without the line ending that it may cover at its end, and cut to one line where it is too tall.
fn draw(places: &Places, span: Span, text: &str, primary: bool) -> Drawn {
    let (start, end) = places.ends(span);
    let source = places.source(span.file).text();
    let covered = &source[start.offset..end.offset];
    // The end of a line is not behind its `\r`, and an empty label there is not either.
    let trimmed = start.offset + covered.trim_end_matches(['\n', '\r']).len();
    let stop = places.ends(Span { start: trimmed as u32, end: trimmed as u32, ..span }).0;
    if stop.line - start.line < TALL {
        return Drawn {
            start: inside(places, span.file, start),
            end: inside(places, span.file, stop),
            text: shown(text),
            primary,
        };
    }
    let line_end = start.line_start + places.source(span.file).line(start.line as u32).len();
    let cut = places.ends(Span { start: line_end as u32, end: line_end as u32, ..span }).0;
    let to = format!("to line {}", stop.line);
    let text = if text.is_empty() { to } else { format!("{} ({to})", shown(text)) };
    Drawn { start: inside(places, span.file, start), end: cut, text, primary }
}

/// A place between `\r` and `\n` is shown at the end of the line's text.
fn inside(places: &Places, file: FileId, place: Place) -> Place {
    let len = places.source(file).line(place.line as u32).len();
    Place { offset: place.offset.min(place.line_start + len), ..place }
}

/// The parts of a line to show around the points of interest: all of a short line.
fn pieces(line: &str, points: &[usize]) -> Vec<Range<usize>> {
    if line.len() <= LONG {
        return std::iter::once(0..line.len()).collect();
    }
    let mut pieces: Vec<Range<usize>> = Vec::new();
    let points = if points.is_empty() { &[0][..] } else { points };
    for point in points {
        let piece = floor_char_boundary(line, point.saturating_sub(BEFORE))..floor_char_boundary(line, point + AFTER);
        match pieces.last_mut() {
            Some(last) if piece.start <= last.end + BEFORE / 2 => last.end = last.end.max(piece.end),
            _ => pieces.push(piece),
        }
    }
    pieces
}

/// A text of one or more lines with nothing in it that moves the cursor or turns the reading direction.
pub(super) fn shown(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { c } else { visible(c) }).collect()
}

/// The character, or a picture of it where a terminal would act on it instead of showing it.
fn visible(c: char) -> char {
    match c {
        '\t' => c,
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\x7f' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

impl SourceCode for Excerpt {
    /// The whole lines that the span touches, with the line and column in the file where the span begins. The handler asks
    /// without context: which lines are worth showing was decided when the excerpt was cut.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        _context_before: usize,
        _context_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let line_of = |offset: usize| {
            self.lines.partition_point(|l| l.range.end <= offset).min(self.lines.len().saturating_sub(1))
        };
        let (first, last) = (line_of(span.offset()), line_of(span.offset() + span.len()));
        let (Some(first), Some(last_line)) = (self.lines.get(first), self.lines.get(last)) else {
            return Err(MietteError::OutOfBounds);
        };
        let column = self.heads.get(&span.offset()).map_or(1, |(_, column)| *column);
        let data = &self.text.as_bytes()[first.range.start..last_line.range.end];
        Ok(Box::new(MietteSpanContents::new_named(
            self.path.clone(),
            data,
            (first.range.start, data.len()).into(),
            first.number - 1,
            column - 1,
            // The handler draws one snippet where two of these meet: short gaps are bridged.
            last_line.number - first.number + 1 + GAP,
        )))
    }
}
