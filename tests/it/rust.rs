//! Just enough of Rust to read imports: code without comments and texts, and the paths in it.
//!
//! It knows nothing of the house; `house` asks it what a file imports.

use std::ops::Range;

/// A path that code names: its segments from `crate` or `std` on, and where its last segment stands.
#[derive(PartialEq, Debug)]
pub(crate) struct Import {
    pub(crate) path: Vec<String>,
    pub(crate) offset: usize,
}

/// The text with every comment, string and character literal blanked out, byte for byte: offsets and lines stay.
pub(crate) fn only_code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => find(bytes, at, b"\n"),
            b'/' if bytes[at..].starts_with(b"/*") => block_comment(bytes, at),
            b'r' if !after_word(bytes, at, b"bc") => match raw_string(bytes, at) {
                Some(end) => end,
                None => {
                    at += 1;
                    continue;
                }
            },
            b'"' => quoted(bytes, at, b'"'),
            // A lifetime has no second quote behind one character.
            b'\'' if bytes.get(at + 1) == Some(&b'\\') => quoted(bytes, at, b'\''),
            b'\'' => {
                let width = text[at + 1..].chars().next().map_or(0, char::len_utf8);
                if bytes.get(at + 1 + width) == Some(&b'\'') { at + width + 2 } else { at + 1 }
            }
            _ => {
                at += 1;
                continue;
            }
        };
        let end = end.min(bytes.len());
        code[at..end].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
        at = end;
    }
    String::from_utf8(code).expect("whole literals were blanked out")
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> usize {
    bytes[from..].windows(what.len()).position(|w| w == what).map_or(bytes.len(), |i| from + i)
}

fn block_comment(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// Whether the byte continues a word; `b"…"` and `c"…"` are prefixes of texts, not words.
fn after_word(bytes: &[u8], at: usize, prefixes: &[u8]) -> bool {
    let word = |i: usize| bytes.get(i).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    match at.checked_sub(1) {
        Some(before) if prefixes.contains(&bytes[before]) => before.checked_sub(1).is_some_and(word),
        Some(before) => word(before),
        None => false,
    }
}

fn raw_string(bytes: &[u8], start: usize) -> Option<usize> {
    let hashes = bytes[start + 1..].iter().take_while(|b| **b == b'#').count();
    (bytes.get(start + 1 + hashes) == Some(&b'"')).then(|| {
        let close = [&b"\""[..], &b"#".repeat(hashes)].concat();
        find(bytes, start + 2 + hashes, &close) + close.len()
    })
}

fn quoted(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// All paths in code (blanked by [`only_code`]) that start at `crate`, `std`, or at the crate by `super`. `depth` is the
/// number of modules from the crate to the file. Paths that stay inside the file's module are left out.
pub(crate) fn imports(code: &str, depth: usize) -> Vec<Import> {
    let tokens = tokens(code);
    let word = |i: usize| tokens.get(i).map_or("", |range: &Range<usize>| &code[range.clone()]);
    let mut found = Vec::new();
    // For every open brace whether it opened a `mod name {`.
    let mut braces = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match word(at) {
            "{" => braces.push(at >= 2 && word(at - 2) == "mod"),
            "}" => {
                braces.pop();
            }
            start @ ("crate" | "std" | "super" | "self")
                if word(at + 1) == "::" && (at == 0 || word(at - 1) != "::") =>
            {
                let inner = depth.saturating_add(braces.iter().filter(|is_mod| **is_mod).count());
                let place = if start == "std" { Place::Std } else { Place::Inside(inner) };
                at = walk(code, &tokens, at, place, Vec::new(), &mut found);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Where a path has come to.
#[derive(Clone, Copy)]
enum Place {
    Std,
    /// So many modules below the crate.
    Inside(usize),
}

/// Follows one path or use-tree from a token; gives the first token behind it.
fn walk(
    code: &str,
    tokens: &[Range<usize>],
    mut at: usize,
    mut place: Place,
    mut path: Vec<String>,
    found: &mut Vec<Import>,
) -> usize {
    let word = |i: usize| tokens.get(i).map_or("", |range| &code[range.clone()]);
    let mut offset = tokens.get(at).map_or(code.len(), |t| t.start);
    loop {
        match word(at) {
            "{" => {
                at += 1;
                while !matches!(word(at), "}" | "") {
                    let before = at;
                    at = walk(code, tokens, at, place, path.clone(), found);
                    while !matches!(word(at), "," | "}" | "") {
                        at += 1;
                    }
                    if word(at) == "," || at == before {
                        at += 1;
                    }
                }
                return at + 1;
            }
            "crate" => place = Place::Inside(0),
            "super" => {
                if let Place::Inside(depth) = place {
                    place = Place::Inside(depth.saturating_sub(1));
                }
            }
            "self" => {}
            segment => {
                offset = tokens.get(at).map_or(offset, |t| t.start);
                if path.is_empty() {
                    path.push(if matches!(place, Place::Std) { "std" } else { "crate" }.to_string());
                }
                if segment != "std" {
                    path.push(segment.to_string());
                }
                // Somewhere inside a module: not a path to the crate any more.
                if let Place::Inside(1..) = place {
                    path.clear();
                    place = Place::Inside(usize::MAX);
                }
            }
        }
        at += 1;
        if word(at) != "::" {
            break;
        }
        at += 1;
        // `::<T>` of a call ends the path.
        if word(at) == "<" {
            break;
        }
    }
    if path.len() > 1 {
        found.push(Import { path, offset });
    }
    at
}

/// Words, `::` and single other characters.
fn tokens(code: &str) -> Vec<Range<usize>> {
    let mut tokens = Vec::new();
    let mut rest = code.char_indices().peekable();
    while let Some((start, c)) = rest.next() {
        let mut end = start + c.len_utf8();
        if c.is_alphanumeric() || c == '_' {
            while let Some((i, c)) = rest.next_if(|(_, c)| c.is_alphanumeric() || *c == '_') {
                end = i + c.len_utf8();
            }
        } else if c == ':' && rest.next_if(|(_, c)| *c == ':').is_some() {
            end += 1;
        } else if c.is_whitespace() {
            continue;
        }
        tokens.push(start..end);
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_no_code() {
        let text = "a /* x /* y */ z */ b // c\n\"d\\\"\" 'e' '\\'' 'ü' &'f g r#\"h\"i\"# br\"j\" rk r\"l\" \"ü\" m";
        let code = only_code(text);
        assert_eq!(code.len(), text.len());
        assert_eq!(code.split_whitespace().collect::<Vec<_>>(), ["a", "b", "&", "f", "g", "b", "rk", "m"]);
    }

    fn paths(code: &str, depth: usize) -> Vec<String> {
        imports(&only_code(code), depth).into_iter().map(|i| i.path.join("::")).collect()
    }

    #[test]
    fn every_path_to_the_crate_is_found() {
        let code = "//! crate::doc\nuse crate::{text::{Span, FileId as F}, ty as t, super::x};\nfn f() -> crate::plan::Plan { $crate::eval::go::<u8>() }";
        assert_eq!(
            paths(code, 1),
            [
                "crate::text::Span",
                "crate::text::FileId",
                "crate::ty",
                "crate::x",
                "crate::plan::Plan",
                "crate::eval::go"
            ]
        );
        assert_eq!(paths("use crate::*; pub(crate) fn g() {}", 1), ["crate::*"]);
    }

    #[test]
    fn super_counts_modules_also_inline_ones() {
        assert_eq!(paths("use super::super::json::X;", 2), ["crate::json::X"]);
        assert_eq!(paths("use super::super::json::X;", 3), [""; 0]);
        assert_eq!(paths("use super::{super::eval, sibling};", 2), ["crate::eval"]);
        assert_eq!(
            paths("mod tests { use super::*; use super::super::json::X; }\nuse super::json;", 1),
            ["crate::json::X", "crate::json"]
        );
        assert_eq!(paths("use self::child::crate_like; self::x();", 1), [""; 0]);
    }

    #[test]
    fn std_paths_are_found_in_groups_too() {
        assert_eq!(
            paths("use std::{fs, io::{self, stdin}}; std::env::var(x)", 1),
            ["std::fs", "std::io", "std::io::stdin", "std::env::var"]
        );
    }
}
