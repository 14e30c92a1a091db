//! Text literals: decoded, with the way back to the source.

use smol_str::SmolStr;

use crate::text::Span;

use super::Expr;

/// A text literal.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// Its quotes.
    pub quote: Quote,
    /// Its parts, decoded: escapes resolved, indentation of a multi-line text removed.
    pub parts: Vec<TextPart>,
    /// With the quotes.
    pub span: Span,
}

/// The four quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// `"…"`
    Double,
    /// `'…'`
    Single,
    /// `"""…"""`
    TripleDouble,
    /// `'''…'''`
    TripleSingle,
}

/// A part of a text. `{{…}}` is not told apart here: that is the template language's.
#[derive(Clone, Debug, PartialEq)]
pub enum TextPart {
    /// Decoded characters.
    Chars(Chars),
    /// `${e}`
    Interpolation(Expr),
}

/// Decoded characters and the way back to the source.
#[derive(Clone, Debug, PartialEq)]
pub struct Chars {
    /// The decoded text.
    pub value: SmolStr,
    /// Where it stands, as written.
    pub span: Span,
    /// Where decoded and written text part: `(offset in value, offset in file)`, ascending; between two entries
    /// both run in step. Empty when nothing is escaped (then offset `n` of the value is `span.start + n`).
    pub map: Vec<(u32, u32)>,
}

impl Chars {
    /// The span in the source of the byte range `start..end` of the decoded value.
    pub fn span_of(&self, start: usize, end: usize) -> Span {
        let begin = self.source_offset(start);
        let stop = if end >= self.value.len() { self.span.end } else { self.source_offset(end) };
        Span { file: self.span.file, start: begin, end: stop.max(begin) }
    }

    fn source_offset(&self, offset: usize) -> u32 {
        let offset = offset as u32;
        let at = self.map.partition_point(|&(decoded, _)| decoded <= offset);
        match at.checked_sub(1).map(|i| self.map[i]) {
            Some((decoded, source)) => source + (offset - decoded),
            None => self.span.start + offset,
        }
    }
}

impl Text {
    /// The text itself where it holds no interpolation.
    pub fn as_plain(&self) -> Option<SmolStr> {
        match self.parts.as_slice() {
            [] => Some(SmolStr::default()),
            [TextPart::Chars(chars)] => Some(chars.value.clone()),
            _ => None,
        }
    }
}
