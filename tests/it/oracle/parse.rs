//! Parsing is total: a tree for any text, places inside of it and in order, nothing bad without a problem, always the same.

use std::fmt::{self, Write};

use bakec::diagnostic::{Diagnostic, Severity};
use bakec::syntax::{parse, parse_expr, parse_literal};

use super::{file_of, inside, sound};

pub(crate) fn check(text: &str) {
    let file = file_of(text);
    let parsed = parse(file, text);
    let mut tree = Tree { text, file: format!("{}:", file.0), pending: String::new(), quoted: false, bad: false };
    write!(tree, "{:?}", parsed.file).expect("a tree can be printed");
    tree.end();
    let bad = tree.bad;

    let mut end = 0;
    for item in &parsed.file.items {
        assert!(item.span.start >= end, "items overlap at {:?}", item.span);
        end = item.span.end;
    }
    let mut end = 0;
    for comment in &parsed.file.comments {
        assert!(comment.span.start >= end, "comments overlap at {:?}", comment.span);
        end = comment.span.end;
        let written = &text[comment.span.range()];
        assert!(written.starts_with(['/', '#']) && !written.contains('\n'), "no comment: {written:?}");
    }
    assert!(parsed.problems.is_sorted_by_key(|p| p.span()), "problems are not in order");
    let again = parse(file, text);
    assert!(again == parsed, "parsed twice, the text gives two trees");
    let diagnostics: Vec<Diagnostic> = parsed.problems.into_iter().map(Into::into).collect();
    assert!(!bad || diagnostics.iter().any(|d| d.severity == Severity::Error), "bad without a problem");
    diagnostics.into_iter().for_each(|d| diagnostic(text, d));

    // The same text as one value of the command line.
    for value in [parse_expr(file, text), parse_literal(file, text)] {
        match value {
            Ok(value) => inside(text, value.span),
            Err(problems) => {
                assert!(!problems.is_empty(), "neither a value nor a problem");
                problems.into_iter().for_each(|problem| diagnostic(text, problem.into()));
            }
        }
    }
}

fn diagnostic(text: &str, diagnostic: Diagnostic) {
    sound(&diagnostic);
    let fix = diagnostic.fix.iter().map(|f| f.span);
    diagnostic.labels.iter().map(|l| l.span).chain(fix).for_each(|span| inside(text, span));
}

/// Reads a printed tree as it is written: every `file:start..end` in it is a span.
struct Tree<'a> {
    text: &'a str,
    /// The file's number and a colon, as spans print it.
    file: String,
    /// What may be the beginning of a span.
    pending: String,
    /// Whether a quote came last: what follows is a text of the program's.
    quoted: bool,
    bad: bool,
}

impl Tree<'_> {
    fn end(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        if let Some((start, end)) = pending.strip_prefix(self.file.as_str()).and_then(|span| span.split_once("..")) {
            let (start, end) = (start.parse().expect("an offset"), end.parse().expect("an offset"));
            assert!(start <= end, "{start}..{end} is no span");
            assert!(self.text.get(start..end).is_some(), "{start}..{end} is not in a text of {}", self.text.len());
        }
    }
}

impl Write for Tree<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.bad |= piece == "Bad" && !self.quoted;
        self.quoted = piece == "\"";
        // A span is printed in pieces of digits, `:` and `..`; nothing else is all of these.
        if piece.len() <= 10 && piece.bytes().all(|b| b.is_ascii_digit() || b == b':' || b == b'.') {
            self.pending.push_str(piece);
        } else if !self.pending.is_empty() {
            self.end();
        }
        Ok(())
    }
}

#[test]
fn spans_are_found_in_a_printed_tree() {
    let file = file_of("");
    let printed = |text: &str| {
        let tree = parse(file, "let x = [1, \"a\"]").file;
        let mut writer = Tree { text, file: format!("{}:", file.0), pending: String::new(), quoted: false, bad: false };
        write!(writer, "{tree:?}").expect("a tree can be printed");
        writer.end();
    };
    printed("let x = [1, \"a\"]");
    assert!(std::panic::catch_unwind(|| printed("let x = [1, \"a\"")).is_err(), "a span behind the end was not seen");
}
