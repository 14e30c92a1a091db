//! What a command writes, cut into lines: nothing is lost, and no line is without end.

/// A longer line comes in pieces.
pub const LONGEST: usize = 64 * 1024;

/// A stream of bytes on its way to lines.
#[derive(Default)]
pub(in crate::run) struct Lines {
    open: Vec<u8>,
}

impl Lines {
    /// Takes bytes in, and gives all lines that they end.
    pub(in crate::run) fn add(&mut self, mut bytes: &[u8], give: &mut dyn FnMut(&str)) {
        while let Some(end) = bytes.iter().position(|b| *b == b'\n') {
            self.grow(&bytes[..end], give);
            self.end(give);
            bytes = &bytes[end + 1..];
        }
        self.grow(bytes, give);
    }

    /// Gives what no line end has come for yet.
    pub(in crate::run) fn flush(&mut self, give: &mut dyn FnMut(&str)) {
        if !self.open.is_empty() {
            self.end(give);
        }
    }

    /// Whether something waits for its line end.
    pub(in crate::run) fn waits(&self) -> bool {
        !self.open.is_empty()
    }

    fn grow(&mut self, bytes: &[u8], give: &mut dyn FnMut(&str)) {
        self.open.extend_from_slice(bytes);
        while self.open.len() > LONGEST {
            let rest = self.open.split_off(boundary(&self.open, LONGEST));
            give(&String::from_utf8_lossy(&self.open));
            self.open = rest;
        }
    }

    fn end(&mut self, give: &mut dyn FnMut(&str)) {
        let text = String::from_utf8_lossy(&self.open);
        // A carriage return goes back to the line's start: what a terminal would still show is what comes behind it.
        let text = text.trim_end_matches('\r');
        give(text.rsplit('\r').next().unwrap_or(text));
        self.open.clear();
    }
}

/// A place not behind `at` that is not within a character.
fn boundary(bytes: &[u8], at: usize) -> usize {
    (at.saturating_sub(3)..=at).rev().find(|i| bytes.get(*i).is_none_or(|b| b & 0xc0 != 0x80)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(parts: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut out) = (Lines::default(), Vec::new());
        for part in parts {
            lines.add(part, &mut |line| out.push(line.to_owned()));
        }
        lines.flush(&mut |line| out.push(line.to_owned()));
        out
    }

    #[test]
    fn lines_are_whole() {
        assert_eq!(lines(&[b"a", b"b\nc", b"", b"\r\n\nlast"]), ["ab", "c", "", "last"]);
        assert_eq!(lines(&[b"10%\r50%\r100%\r\ndone\n"]), ["100%", "done"]);
        assert_eq!(lines(&[b"\xff\xc3", b"\xa9\n"]), ["\u{fffd}é"]);
        assert_eq!(lines(&[]), Vec::<String>::new());
    }

    #[test]
    fn an_endless_line_comes_in_pieces() {
        let long = "é".repeat(LONGEST);
        let pieces = lines(&[b"x", long.as_bytes()]);
        assert!(pieces.len() > 1 && pieces.iter().all(|p| p.len() <= LONGEST));
        assert_eq!(pieces.concat(), format!("x{long}"));
    }

    proptest! {
        #[test]
        fn however_it_is_cut_the_lines_are_the_same(text in "[a-c\n]{0,60}", at in 0usize..60) {
            let at = at.min(text.len());
            let (a, b) = text.split_at(at);
            prop_assert_eq!(lines(&[a.as_bytes(), b.as_bytes()]), lines(&[text.as_bytes()]));
        }
    }
}
