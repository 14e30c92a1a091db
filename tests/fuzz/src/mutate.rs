//! Mutations of a text by tokens, lines and brackets. Half of the time libFuzzer's own are taken: those of bytes, of the
//! dictionary, and of what the code compares with.
//!
//! It knows no language: names, blanks, marks and brackets.

/// Changes the first `size` bytes, which may become `max_size`; gives the new size. Decided by the seed alone.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut chance = Chance(u64::from(seed) | 1 << 40);
    if chance.below(2) == 0 {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    }
    let Ok(text) = std::str::from_utf8(&data[..size]) else {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    };
    let mut changed = text.to_owned();
    for _ in 0..=chance.below(3) {
        changed = match chance.below(3) {
            0 => by_pieces(&changed.split_inclusive('\n').collect::<Vec<_>>(), &mut chance),
            1 => by_pieces(&tokens(&changed), &mut chance),
            _ => by_brackets(&changed, &mut chance),
        };
    }
    let mut end = changed.len().min(max_size).min(data.len());
    while !changed.is_char_boundary(end) {
        end -= 1;
    }
    data[..end].copy_from_slice(&changed.as_bytes()[..end]);
    end
}

/// Random numbers that a seed decides (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end.max(1)
    }
}

/// A word, a run of blanks, or one other character.
fn tokens(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 0,
        ' ' => 1,
        _ => 2,
    };
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let kind = class(first);
        let end = match kind {
            2 => first.len_utf8(),
            _ => rest.find(|c| class(c) != kind).unwrap_or(rest.len()),
        };
        let (token, behind) = rest.split_at(end);
        tokens.push(token);
        rest = behind;
    }
    tokens
}

/// Deletes, doubles, moves, exchanges or overwrites a run of pieces.
fn by_pieces(pieces: &[&str], chance: &mut Chance) -> String {
    let start = chance.below(pieces.len());
    let most = if chance.below(4) == 0 { 30 } else { 3 };
    let end = (start + 1 + chance.below(most)).min(pieces.len());
    let start = start.min(end);
    let (before, run, behind) = (&pieces[..start], &pieces[start..end], &pieces[end..]);
    let to = chance.below(pieces.len() + 1);
    match chance.below(5) {
        0 => [before, behind].concat().concat(),
        1 => [&pieces[..to], run, &pieces[to..]].concat().concat(),
        2 => {
            let mut left = [before, behind].concat();
            let to = to.min(left.len());
            left.splice(to..to, run.iter().copied());
            left.concat()
        }
        3 => {
            let mut all = pieces.to_vec();
            if !all.is_empty() {
                let last = all.len() - 1;
                all.swap(start.min(last), to.min(last));
            }
            all.concat()
        }
        _ => {
            let other = &pieces[to.min(pieces.len())..(to + run.len()).min(pieces.len())];
            [before, other, behind].concat().concat()
        }
    }
}

/// Takes what stands between two brackets away, puts it elsewhere, or wraps it once more.
fn by_brackets(text: &str, chance: &mut Chance) -> String {
    let opens: Vec<usize> = text.match_indices(['(', '[', '{', '"', '\'']).map(|(at, _)| at).collect();
    if opens.is_empty() {
        return text.to_owned();
    }
    let open = opens[chance.below(opens.len())];
    let Some(end) = closing(text, open) else { return text.to_owned() };
    let (outer, inner) = (&text[open..end], &text[open + 1..end - 1]);
    let (before, behind) = (&text[..open], &text[end..]);
    match chance.below(5) {
        0 => [before, behind].concat(),
        1 => [before, inner, behind].concat(),
        2 => [before, &outer[..1], outer, &outer[outer.len() - 1..], behind].concat(),
        3 => [before, &outer[..1], &outer[outer.len() - 1..], behind].concat(),
        _ => {
            let other = opens[chance.below(opens.len())];
            match closing(text, other) {
                Some(close) => [before, &text[other..close], behind].concat(),
                None => [before, outer, outer, behind].concat(),
            }
        }
    }
}

/// The place behind the bracket or quote that closes the one at `open`.
fn closing(text: &str, open: usize) -> Option<usize> {
    let first = text.as_bytes()[open];
    let close = match first {
        b'(' => b')',
        b'[' => b']',
        b'{' => b'}',
        quote => return text[open + 1..].find(quote as char).map(|at| open + at + 2),
    };
    let mut depth = 0_usize;
    for (at, &byte) in text.as_bytes()[open..].iter().enumerate() {
        depth += usize::from(byte == first);
        if byte == close {
            depth -= 1;
            if depth == 0 {
                return Some(open + at + 1);
            }
        }
    }
    None
}
