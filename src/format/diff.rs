//! A unified diff of a text before and after: what `fmt --diff` shows. Knows lines, not the language.

use std::fmt::Write;

use similar::{ChangeTag, TextDiff};

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// The changes from `before` to `after` in unified form, with the path in the header; empty when there are none.
pub fn unified(path: &str, before: &str, after: &str, colour: bool) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut unified = diff.unified_diff();
    unified.context_radius(CONTEXT);
    let mut out = String::new();
    for (i, hunk) in unified.iter_hunks().enumerate() {
        if i == 0 {
            line(&mut out, colour.then_some("1"), &format!("--- {path}"));
            line(&mut out, colour.then_some("1"), &format!("+++ {path} (formatted)"));
        }
        line(&mut out, colour.then_some("36"), &hunk.header().to_string());
        for change in hunk.iter_changes() {
            let (mark, paint) = match change.tag() {
                ChangeTag::Delete => ('-', Some("31")),
                ChangeTag::Insert => ('+', Some("32")),
                ChangeTag::Equal => (' ', None),
            };
            let value = change.value();
            let paint = paint.filter(|_| colour);
            line(&mut out, paint, &format!("{mark}{}", value.strip_suffix('\n').unwrap_or(value)));
            if change.missing_newline() {
                line(&mut out, None, "\\ No newline at end of file");
            }
        }
    }
    out
}

/// One line, painted where an ANSI colour is given.
fn line(out: &mut String, paint: Option<&str>, text: &str) {
    let written = match paint {
        Some(paint) => writeln!(out, "\x1b[{paint}m{text}\x1b[0m"),
        None => writeln!(out, "{text}"),
    };
    debug_assert!(written.is_ok(), "writing to a string does not fail");
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn shows_changed_lines_with_their_neighbours() {
        let diff = unified("a.bake", "a\nb\nc\nd\ne\nf\n", "a\nb\nc\nd\nE\nf\n", false);
        assert_eq!(diff, "--- a.bake\n+++ a.bake (formatted)\n@@ -2,5 +2,5 @@\n b\n c\n d\n-e\n+E\n f\n");
    }

    #[test]
    fn equal_texts_have_no_diff() {
        assert_eq!(unified("a.bake", "a\n", "a\n", true), "");
    }

    #[test]
    fn a_missing_last_line_break_is_said() {
        let diff = unified("a.bake", "a", "a\n", false);
        assert!(diff.ends_with("-a\n\\ No newline at end of file\n+a\n"), "{diff}");
    }

    #[test]
    fn colours_only_when_asked() {
        assert!(unified("a.bake", "a\n", "b\n", true).contains("\x1b[31m-a\x1b[0m\n"));
        assert!(!unified("a.bake", "a\n", "b\n", false).contains('\x1b'));
    }
}
