//! What kind of place the cursor is at.

use std::ops::Range;

use crate::ide::tree::{Node, walk};
use crate::syntax::ast::{Entry, Expr, ExprKind, File, ImageItem, ItemKind, Member, Text, TextPart, TypeKind};
use crate::syntax::parse;
use crate::text::{FileId, Span};

/// The word that is put where the cursor is.
pub(super) const WORD: &str = "bakec_is_asked_here";

/// What kind of place it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The kind behind `builder`, `provision` …
    Kind(String),
    /// The path of an import, as far as it is written.
    File(String),
    /// Where a statement or item begins.
    Statements(Around),
    /// A type.
    Type,
    /// The key of an entry.
    Key,
    /// Behind a dot.
    Field,
    /// Inside quotes.
    Text {
        /// What is written before the cursor.
        before: String,
    },
    /// Inside `{{…}}`.
    Action,
    /// A value.
    Value,
    /// The name of a group behind `use`.
    Group,
}

/// What is around the beginning of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Around {
    /// The top of a file.
    File,
    Image,
    Matrix,
    Group,
    Policy,
    Extern,
    /// The links of a chain of post-processors.
    Chain,
}

/// A place, and the text with [`WORD`] in it.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) place: Place,
    pub(super) text: String,
    /// Where the word stands in `text`.
    pub(super) at: usize,
    /// What of the original text is replaced.
    pub(super) replaced: Range<usize>,
}

/// What kind of place it is; nothing in a comment or another place where nothing is to be proposed.
pub(super) fn find(text: &str, offset: usize) -> Option<Found> {
    let before = text.get(..offset)?;
    let line = before.rsplit('\n').next().unwrap_or_default();
    let word_char = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let start = offset - before.chars().rev().take_while(|c| word_char(*c)).map(char::len_utf8).sum::<usize>();
    let end = offset + text[offset..].chars().take_while(|c| word_char(*c)).map(char::len_utf8).sum::<usize>();
    let put = |word: &str| format!("{}{word}{}", &text[..start], &text[end..]);
    // As it stands: a value, a field, a type, a text.
    let plain = put(WORD);
    let tree = parse(FileId(0), &plain).file;
    let in_comment = |span: &Span| (span.start as usize) < start && start < span.end as usize;
    if tree.comments.iter().any(|comment| in_comment(&comment.span)) {
        return None;
    }
    let found = |place, text: String, at, replaced| Some(Found { place, text, at, replaced });
    let line_before = &line[..line.len() - (offset - start)];
    if let Some(statement) = kind_statement(line_before) {
        return found(Place::Kind(statement), text.to_owned(), start, start..end);
    }
    if line_before.trim() == "use" && line_before.ends_with([' ', '\t']) {
        let patched = format!("{}{WORD}(){}", &text[..start], &text[end..]);
        return found(Place::Group, patched, start, start..end);
    }
    if let Some(written) = import_path(line) {
        let stem = written.rfind('/').map_or(0, |slash| slash + 1);
        let rest = text[offset..].find(['"', '\'', '/', '\n', '\r', ' ']).unwrap_or(text.len() - offset);
        let replaced = offset - (written.len() - stem)..offset + rest;
        return found(Place::File(written), text.to_owned(), start, replaced);
    }
    let inside = |place: Place, patched: String| match place {
        // Inside quotes a value is more than a word: an AMI's name, an ARN.
        Place::Text { before } if !before.contains('\n') => {
            let replaced = start - before.len()..end;
            found(Place::Text { before }, patched, start, replaced)
        }
        place => found(place, patched, start, start..end),
    };
    if let Some(place) = meaning(&tree, &plain, start) {
        return inside(place, plain);
    }
    // As the key of an entry.
    let patched = put(&format!("{WORD} = null"));
    let file = parse(FileId(0), &patched).file;
    if let Some(Place::Key) = meaning(&file, &patched, start) {
        return found(Place::Key, patched, start, start..end);
    }
    // In a quote that is not closed yet.
    if let Some(closing) = closing(line) {
        let patched = put(&format!("{WORD}{closing}"));
        if let Some(place) = meaning(&parse(FileId(0), &patched).file, &patched, start) {
            return inside(place, patched);
        }
    }
    // As a member of an `extern` or record type there is nothing to propose but a type, which stands behind a colon.
    let own_line = line_before.trim().is_empty();
    let around = around(&file, start as u32);
    if own_line { found(Place::Statements(around), patched, start, start..end) } else { None }
}

/// What closes the quote that a line leaves open, and what is open in it. None where none is.
fn closing(line: &str) -> Option<String> {
    let mut open: Option<char> = None;
    let mut inside: Vec<&str> = Vec::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let in_value = inside.last() == Some(&"}");
        rest = match (open, c) {
            (Some('"'), '\\') if !in_value => &rest[1 + rest[1..].chars().next().map_or(0, char::len_utf8)..],
            (Some(quote), c) if c == quote && inside.is_empty() => {
                open = None;
                &rest[1..]
            }
            (None, '"' | '\'') => {
                open = Some(c);
                &rest[1..]
            }
            (Some('"'), '$') if rest.starts_with("${") => {
                inside.push("}");
                &rest[2..]
            }
            (Some(_), '{') if rest.starts_with("{{") => {
                inside.push("}}");
                &rest[2..]
            }
            (Some(_), '}') if inside.last().is_some_and(|end| rest.starts_with(end)) => {
                let end = inside.pop().map_or(0, str::len);
                &rest[end..]
            }
            _ => &rest[c.len_utf8()..],
        };
    }
    let quote = open?;
    inside.reverse();
    Some(format!("{}{quote}", inside.concat()))
}

/// The statement whose kind is wanted, from what stands before the word.
fn kind_statement(before: &str) -> Option<String> {
    let words: Vec<&str> = before.split_whitespace().collect();
    if !before.ends_with([' ', '\t']) {
        return None;
    }
    match words.as_slice() {
        [word @ ("builder" | "provision" | "test" | "cleanup" | "post")] => Some((*word).to_owned()),
        ["then"] => Some("post".to_owned()),
        _ => None,
    }
}

/// The path of an import as far as it is written.
fn import_path(line: &str) -> Option<String> {
    let rest = line.trim_start().strip_prefix("import")?.trim_start();
    let written = rest.strip_prefix(['"', '\''])?;
    (!written.contains(['"', '\''])).then(|| written.to_owned())
}

/// What the word at a place means to the tree.
fn meaning(file: &File, text: &str, at: usize) -> Option<Place> {
    let at = at as u32;
    let mut found = None;
    walk(file, &mut |node| {
        let span = node.span();
        let around = span.start <= at && at <= span.end;
        if around {
            match node {
                Node::Entry(Entry::Field { key, .. }) if key.span.start == at && key.name == WORD => {
                    found = Some(Place::Key);
                }
                Node::Expr(expr) => found = of_expr(expr, text, at).or(found.take()),
                Node::Text(label) => found = of_text(label, text, at).or(found.take()),
                Node::Type(ty) => {
                    if let TypeKind::Name(path) = &ty.kind
                        && path.iter().any(|name| name.name == WORD)
                    {
                        found = Some(Place::Type);
                    }
                }
                Node::Statement(ImageItem::Use(r#use)) if r#use.group.iter().any(|name| name.name == WORD) => {
                    found = Some(Place::Group);
                }
                Node::Arg(arg) if arg.name.as_ref().is_some_and(|name| name.name == WORD) => found = Some(Place::Value),
                Node::Member(Member::Field(field)) if field.name.name == WORD => found = None,
                _ => {}
            }
        }
        around
    });
    found
}

fn of_expr(expr: &Expr, text: &str, at: u32) -> Option<Place> {
    match &expr.kind {
        ExprKind::Name(name) if name == WORD => Some(Place::Value),
        ExprKind::Field(_, name) if name.name == WORD => Some(Place::Field),
        ExprKind::Text(literal) => of_text(literal, text, at),
        _ => None,
    }
}

/// Inside quotes, but not inside `${…}`.
fn of_text(literal: &Text, text: &str, at: u32) -> Option<Place> {
    let inside = literal.parts.iter().any(|part| match part {
        TextPart::Interpolation(expr) => expr.span.start <= at && at <= expr.span.end,
        TextPart::Chars(_) => false,
    });
    if inside || at <= literal.span.start || literal.span.end <= at {
        return None;
    }
    let before = text.get(literal.span.start as usize..at as usize)?;
    let open = before.rfind("{{").is_some_and(|open| !before[open..].contains("}}"));
    if open {
        return Some(Place::Action);
    }
    Some(Place::Text { before: before.trim_start_matches(['"', '\'']).to_owned() })
}

/// What is around a place where a statement may begin.
fn around(file: &File, at: u32) -> Around {
    let mut found = Around::File;
    walk(file, &mut |node| {
        let span = node.span();
        let inside = span.start < at && at < span.end;
        if inside {
            found = match node {
                Node::Item(item) => match item.kind {
                    ItemKind::Image(_) => Around::Image,
                    ItemKind::Group(_) => Around::Group,
                    ItemKind::Policy(_) => Around::Policy,
                    ItemKind::Extern(_) => Around::Extern,
                    _ => found,
                },
                Node::Statement(ImageItem::Matrix(_)) => Around::Matrix,
                Node::Statement(ImageItem::Post(post)) if post.chain => Around::Chain,
                _ => found,
            };
        }
        inside
    });
    found
}
