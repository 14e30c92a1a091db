//! Formatting changes the form only: the same tree, every comment, and nothing left to change.

use bakec::format::{FormatProblem, diff, format};
use bakec::syntax::ast::File;
use bakec::syntax::{Parse, parse, same};
use bakec::text::FileId;

pub(crate) fn check(text: &str) {
    let before = parse(FileId(0), text);
    let formatted = match format("a.bake", text) {
        Ok(formatted) => formatted,
        Err(FormatProblem::DoesNotParse(problems)) => {
            assert!(problems == before.problems && !problems.is_empty(), "it parses, says the parser");
            return;
        }
        Err(problem) => panic!("{problem}"),
    };
    assert!(before.problems.is_empty(), "formatted in spite of {:?}", before.problems);
    // Line ends become those of Unix, also within texts.
    let text = text.replace("\r\n", "\n");
    let before = parse(FileId(0), &text);
    let after = parse(FileId(0), &formatted);
    assert!(after.problems.is_empty(), "formatted, it does not parse: {:?}\n{formatted}", after.problems);
    assert!(same((&bare(&before.file), ""), (&bare(&after.file), "")), "another tree:\n{formatted}");
    assert_eq!(comments(&text, &before), comments(&formatted, &after), "other comments:\n{formatted}");
    assert!(formatted.is_empty() || formatted.ends_with('\n'), "no line end at the end:\n{formatted}");
    let twice = format("a.bake", &formatted).unwrap_or_else(|problem| panic!("{problem}, in its own output"));
    assert_eq!(twice, formatted, "the second time it looks different");
    diff::unified("a.bake", &text, &formatted, false);
}

/// Comments are compared apart: one from the middle of a node may have moved above it.
fn bare(file: &File) -> File {
    File { comments: Vec::new(), ..file.clone() }
}

fn comments(text: &str, parsed: &Parse) -> Vec<String> {
    let mut comments: Vec<String> =
        parsed.file.comments.iter().map(|c| text[c.span.range()].trim_end().to_owned()).collect();
    comments.sort();
    comments
}
