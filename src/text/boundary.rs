//! Byte offsets brought to the boundary of a character, for cutting text.

/// The nearest character boundary at or before a byte offset; the end of the text for offsets behind it.
pub fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::floor_char_boundary;

    #[test]
    fn an_offset_inside_a_character_is_its_beginning() {
        assert_eq!([0, 1, 2, 3, 9].map(|offset| floor_char_boundary("aü", offset)), [0, 1, 1, 3, 3]);
    }
}
