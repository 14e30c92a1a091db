//! Texts and keys: which quotes a person would take, and what must be escaped in them.

use std::fmt::Write;

use crate::import::draft::Piece;

use super::value::Writer;

/// A key of a record or block, or a member of a declaration.
pub(in crate::import) fn key(name: &str) -> String {
    if is_word(name) { name.to_owned() } else { plain(name) }
}

fn is_word(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| letter(c) || c == '-')
        && !name.ends_with('-')
}

/// Whether a text may stand in a cell without quotes.
pub(super) fn bare(text: &str) -> bool {
    !text.is_empty()
        && text != "-"
        && !matches!(text, "null" | "true" | "false")
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@' | '+' | '*'))
        && !text.contains("//")
}

/// A text without anything else in it.
pub(in crate::import) fn plain(chars: &str) -> String {
    let simple = !chars.contains(|c: char| c.is_control()) && !chars.contains('\'');
    if simple && (chars.contains(['"', '\\']) || chars.contains("${")) {
        return format!("'{chars}'");
    }
    format!("\"{}\"", escaped(chars, false))
}

/// A text of pieces.
pub(super) fn text(pieces: &[Piece], writer: &Writer<'_>) -> String {
    // Braces that are data have a function of their own.
    let data = |piece: &Piece| matches!(piece, Piece::Chars(chars) if chars.contains("{{"));
    if let Some(at) = pieces.iter().position(data) {
        let mut parts: Vec<String> = Vec::new();
        if at > 0 {
            parts.push(text(&pieces[..at], writer));
        }
        if let Piece::Chars(chars) = &pieces[at] {
            parts.push(format!("verbatim({})", plain(chars)));
        }
        if at + 1 < pieces.len() {
            parts.push(text(&pieces[at + 1..], writer));
        }
        return parts.join(" + ");
    }
    let values = pieces.iter().any(|p| matches!(p, Piece::Value(_)));
    let source: String =
        pieces.iter().map(|p| if let Piece::Chars(s) | Piece::Action(s) = p { s.as_str() } else { "" }).collect();
    if let Some(lines) = lines(pieces, &source, values, writer) {
        return lines;
    }
    if !values {
        return plain(&source);
    }
    let mut out = "\"".to_owned();
    for (number, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Chars(chars) | Piece::Action(chars) => {
                let before_value = matches!(pieces.get(number + 1), Some(Piece::Value(_)));
                out.push_str(&escaped(chars, before_value));
            }
            Piece::Value(value) => {
                let _ = write!(out, "${{{}}}", writer.value(value));
            }
        }
    }
    out.push('"');
    out
}

/// A text of several lines as such, where it ends with its last line.
fn lines(pieces: &[Piece], source: &str, values: bool, writer: &Writer<'_>) -> Option<String> {
    let strange = |c: char| c.is_control() && c != '\n';
    let fits = source.ends_with('\n')
        && source.matches('\n').count() > 1
        && !source.contains(strange)
        && !source.lines().any(|l| l.trim_end() != l && l.trim().is_empty())
        && !source.contains("'''")
        && !source.contains("\"\"\"");
    if !fits {
        return None;
    }
    const INDENT: &str = "        ";
    let indented = |text: &str| -> String {
        text.lines().map(|l| if l.is_empty() { "\n".to_owned() } else { format!("{INDENT}{l}\n") }).collect()
    };
    if !values {
        return Some(format!("'''\n{}{INDENT}'''", indented(source)));
    }
    let mut whole = String::new();
    for piece in pieces {
        match piece {
            Piece::Chars(chars) | Piece::Action(chars) => {
                if chars.ends_with('$') {
                    return None;
                }
                whole.push_str(&chars.replace('\\', "\\\\").replace("${", "$${"));
            }
            Piece::Value(value) => {
                let _ = write!(whole, "${{{}}}", writer.value(value));
            }
        }
    }
    Some(format!("\"\"\"\n{}{INDENT}\"\"\"", indented(&whole)))
}

/// What stands between double quotes.
fn escaped(chars: &str, before_value: bool) -> String {
    let mut out = String::with_capacity(chars.len());
    let mut rest = chars.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' if rest.peek() == Some(&'{') => out.push_str("$$"),
            // `$${` is an escape, so a `$` before a value says its number.
            '$' if rest.peek().is_none() && before_value => out.push_str("\\u{24}"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_those_that_need_no_escapes() {
        assert_eq!(plain("a $b"), "\"a $b\"");
        assert_eq!(plain("a \"b\""), "'a \"b\"'");
        assert_eq!(plain("it's \"b\""), "\"it's \\\"b\\\"\"");
        assert_eq!(plain("${x}"), "'${x}'");
        assert_eq!(plain("'${x}'"), "\"'$${x}'\"");
        assert_eq!(plain("a\nb"), "\"a\\nb\"");
    }

    #[test]
    fn keys_are_words_where_they_can_be() {
        assert_eq!(key("virtualization-type"), "virtualization-type");
        assert_eq!(key("tag:Name"), "\"tag:Name\"");
        assert_eq!(key("1"), "\"1\"");
    }
}
