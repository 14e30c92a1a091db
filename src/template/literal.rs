//! Texts of Go's language: what the escapes in double quotes and single quotes stand for.

use std::ops::Range;

/// The text between the quotes, decoded, or the first escape that the engine does not know.
pub(super) fn decode(inside: &str, quote: char) -> Result<String, Range<usize>> {
    let mut bytes = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(c) = rest.chars().next() {
        let at = inside.len() - rest.len();
        if c != '\\' {
            bytes.extend_from_slice(&rest.as_bytes()[..c.len_utf8()]);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let kind = rest[1..].chars().next();
        let bad = || at..at + 1 + kind.map_or(0, char::len_utf8);
        let simple = match kind {
            Some('a') => Some(b'\x07'),
            Some('b') => Some(b'\x08'),
            Some('f') => Some(b'\x0c'),
            Some('n') => Some(b'\n'),
            Some('r') => Some(b'\r'),
            Some('t') => Some(b'\t'),
            Some('v') => Some(b'\x0b'),
            Some('\\') => Some(b'\\'),
            Some(q) if q == quote => Some(quote as u8),
            _ => None,
        };
        if let Some(byte) = simple {
            bytes.push(byte);
            rest = &rest[2..];
            continue;
        }
        let (skip, digits, radix) = match kind {
            Some('0'..='7') => (1, 3, 8),
            Some('x') => (2, 2, 16),
            Some('u') => (2, 4, 16),
            Some('U') => (2, 8, 16),
            _ => return Err(bad()),
        };
        let code = rest.get(skip..skip + digits).filter(|d| d.chars().all(|c| c.is_digit(radix)));
        let code = code.and_then(|d| u32::from_str_radix(d, radix).ok()).ok_or_else(bad)?;
        if digits < 4 {
            bytes.push(u8::try_from(code).map_err(|_| bad())?);
        } else {
            let c = char::from_u32(code).ok_or_else(bad)?;
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        rest = &rest[skip + digits..];
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn go_escapes_are_decoded_and_others_named() {
        assert_eq!(decode(r#"a\tb\"\\\u00e9\x41\101"#, '"'), Ok("a\tb\"\\éAA".to_owned()));
        assert_eq!(decode(r"ab\q", '"'), Err(2..4));
        assert_eq!(decode(r"\'", '"'), Err(0..2));
        assert_eq!(decode(r"\'", '\''), Ok("'".to_owned()));
        assert_eq!(decode(r"\x4", '"'), Err(0..2));
        assert_eq!(decode(r"\ud800", '"'), Err(0..2));
        assert_eq!(decode(r"\777", '"'), Err(0..2));
        assert_eq!(decode("\\", '"'), Err(0..1));
        assert_eq!(decode("\\é", '"'), Err(0..3));
    }
}
