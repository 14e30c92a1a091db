//! Texts and keys: which quotes a person would take, and what must be escaped in them.

use std::fmt::Write;

use crate::import::draft::Piece;
use crate::template::{Operand, OperandKind, Piece as Part, parse};

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
    let pieces: &[Piece] = &pieces.iter().map(|piece| renamed(piece, writer)).collect::<Vec<_>>();
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

/// An action that reads variables, with the names that they have in the program.
fn renamed(piece: &Piece, writer: &Writer<'_>) -> Piece {
    let Piece::Action(source) = piece else { return piece.clone() };
    let mut out = source.clone();
    for read in parse(source).pieces.iter().rev() {
        let Part::Action { action, .. } = read else { continue };
        let Some(pipeline) = action.pipeline() else { continue };
        let mut places: Vec<(std::ops::Range<usize>, &str)> = Vec::new();
        let mut before: Option<&Operand> = None;
        pipeline.each_command(&mut |command, piped| {
            let is_user = matches!(&command.head.kind, OperandKind::Function(name) if name == "user");
            let named = command.arguments.first().or(before.filter(|_| piped)).filter(|_| is_user);
            if let Some(operand) = named
                && let OperandKind::Text(name) = &operand.kind
                && let Some(given) = writer.names.of_variable(name).filter(|given| given != name)
            {
                places.push((operand.range.clone(), given));
            }
            before = Some(&command.head);
        });
        places.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
        for (range, given) in places {
            let quote = out.get(range.start..range.start + 1).unwrap_or("`").to_owned();
            if out.get(range.clone()).is_some() {
                out.replace_range(range, &format!("{quote}{given}{quote}"));
            }
        }
    }
    Piece::Action(out)
}

/// A text of several lines as such. One whose last line does not end is told so.
fn lines(pieces: &[Piece], source: &str, values: bool, writer: &Writer<'_>) -> Option<String> {
    let strange = |c: char| c.is_control() && c != '\n';
    let fits = source.matches('\n').count() > 1
        && !source.contains(strange)
        && !source.lines().any(|l| l.trim_end() != l && l.trim().is_empty())
        && !source.contains("'''")
        && !source.contains("\"\"\"");
    if !fits {
        return None;
    }
    let runs = pieces.iter().any(|p| !matches!(p, Piece::Chars(_)));
    if matches!(pieces.last(), Some(Piece::Chars(last)) if last.ends_with('\n')) {
        return block(pieces, source, values, writer);
    }
    if !runs {
        let ended = format!("{source}\n");
        let block = writer.deeper(|| block(pieces, &ended, false, writer))?;
        return Some(format!("trim_suffix({block}, \"\\n\")"));
    }
    // The last line stands behind the others; what an action opens it would part from its end.
    let parted = |p: &Piece| matches!(p, Piece::Action(action) if opens(action));
    let Some(Piece::Chars(last)) = pieces.last().filter(|_| !pieces.iter().any(parted)) else { return None };
    let (before, behind) = last.rsplit_once('\n')?;
    let mut first = pieces[..pieces.len() - 1].to_vec();
    first.push(Piece::Chars(format!("{before}\n")));
    let end = source.len() - behind.len();
    Some(format!("{} + {}", block(&first, source.get(..end)?, values, writer)?, plain(behind)))
}

/// Whether an action is part of a longer one, or takes the blanks around it away.
fn opens(action: &str) -> bool {
    const WORDS: [&str; 8] = ["if", "else", "end", "range", "with", "define", "block", "template"];
    let inside = action.trim_start_matches("{{").trim_end_matches("}}");
    let word = inside.trim_start().split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    inside.starts_with('-') || inside.ends_with('-') || WORDS.contains(&word)
}

/// Whole lines between triple quotes.
fn block(pieces: &[Piece], source: &str, values: bool, writer: &Writer<'_>) -> Option<String> {
    let margin = writer.margin();
    let indented = |text: &str| -> String {
        text.lines().map(|l| if l.is_empty() { "\n".to_owned() } else { format!("{margin}{l}\n") }).collect()
    };
    if !values {
        return Some(format!("'''\n{}{margin}'''", indented(source)));
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
    Some(format!("\"\"\"\n{}{margin}\"\"\"", indented(&whole)))
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
