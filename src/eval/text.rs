//! Texts made of parts: characters, actions, variables, AMIs.

use super::value::{Data, Part, Text, Value};

/// The most bytes of a text: what keeps evaluation bounded.
pub const MAX_TEXT: usize = 16 << 20;

/// Joins parts, merging neighbouring characters.
#[derive(Default)]
pub(super) struct TextBuilder {
    parts: Vec<Part>,
    plain: String,
    /// Bytes of the characters in `parts`, and one for each other part.
    closed: usize,
}

impl TextBuilder {
    pub(super) fn chars(&mut self, chars: &str) {
        self.plain.push_str(chars);
    }

    pub(super) fn part(&mut self, part: Part) {
        self.closed += self.plain.len() + 1;
        if !self.plain.is_empty() {
            self.parts.push(Part::Chars(std::mem::take(&mut self.plain).into()));
        }
        self.parts.push(part);
    }

    /// About how many bytes there are.
    pub(super) fn len(&self) -> usize {
        self.closed + self.plain.len()
    }

    /// Appends a value; false where it cannot stand in a text.
    pub(super) fn value(&mut self, value: &Value) -> bool {
        match &value.data {
            Data::Text(Text::Plain(text)) => self.chars(text),
            Data::Text(Text::Parts(parts)) => {
                for part in parts.iter() {
                    match part {
                        Part::Chars(chars) => self.chars(chars),
                        other => self.part(other.clone()),
                    }
                }
            }
            Data::Variable(index) => self.part(Part::Variable(*index)),
            _ => match value.display() {
                Some(text) => self.chars(&text),
                None => return false,
            },
        }
        true
    }

    pub(super) fn finish(mut self) -> Text {
        if self.parts.is_empty() {
            return Text::Plain(self.plain.into());
        }
        if !self.plain.is_empty() {
            self.parts.push(Part::Chars(self.plain.into()));
        }
        Text::Parts(self.parts.into())
    }
}
