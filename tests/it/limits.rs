//! The limits as the book shows them, read from the constants that hold them.

use bakec::compile::MAX_BUILDS;
use bakec::diagnostic::MOST;
use bakec::eval::{MAX_AXES, MAX_BYTES, MAX_ELEMENTS, MAX_PARTS, MAX_TEXT, STEPS, STEPS_OF_CELL};
use bakec::load::world::MAX_FILE;
use bakec::resolve::{DEEPEST, MOST_COLUMNS, MOST_OPTIONS, MOST_PARAMETERS};
use bakec::syntax::{MAX_DEPTH, MAX_TREE};
use bakec::ty::{MOST_PARTS, Pattern};
use bakec::{json, template};

/// One row for each limit: what it is about, its number, the error that is given beyond it.
pub(crate) fn table() -> String {
    let rows = [
        ("a file", bytes(MAX_FILE as usize), "load-read"),
        ("brackets, `${…}` and `if`s in each other", number(MAX_DEPTH), "syntax-too-deep"),
        ("operators, fields and calls in one chain", number(MAX_TREE), "syntax-too-deep"),
        ("lists and records of a JSON file in each other", number(json::DEPTH_LIMIT), "json-too-deep"),
        ("parentheses in `{{…}}` in each other", number(template::DEPTH_LIMIT), "template-syntax"),
        ("names that are made of each other, one behind the other", number(DEEPEST - 1), "value-limit"),
        ("parameters of a function or group", number(MOST_PARAMETERS), "value-limit"),
        ("columns of a table", number(MOST_COLUMNS), "value-limit"),
        ("options of an `extern`", number(MOST_OPTIONS), "value-limit"),
        ("parts of a type", number(MOST_PARTS), "type-unfit"),
        ("a compiled pattern", bytes(Pattern::MAX_COMPILED), "type-pattern"),
        ("axes of an image", number(MAX_AXES), "matrix-size"),
        ("cells of a matrix, unless `--max-builds` says otherwise", number(MAX_BUILDS), "matrix-size"),
        ("elements of a list", number(MAX_ELEMENTS), "value-limit"),
        ("parts of a value, those of its parts counted too", number(MAX_PARTS), "value-limit"),
        ("a text", bytes(MAX_TEXT), "value-limit"),
        ("all texts that a program puts together", bytes(MAX_BYTES), "value-limit"),
        ("steps of work", number(STEPS as usize), "value-limit"),
        ("more of them for each cell", number(STEPS_OF_CELL as usize), "value-limit"),
    ];
    let rows = rows.map(|(what, most, slug)| format!("| {what} | {most} | [`{}`](errors/{slug}.md) |\n", code(slug)));
    format!("\n| | at most | beyond it |\n| --- | --- | --- |\n{}\n", rows.concat())
}

fn code(slug: &str) -> &'static str {
    let all = bakec::diagnostic::code::ALL.iter();
    all.map(|(code, _)| *code).find(|code| code.slug() == slug).map_or("no such code", |code| code.as_str())
}

/// `100,000`
fn number(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `16 MiB`
fn bytes(n: usize) -> String {
    assert!(n.is_multiple_of(1 << 20), "{n} bytes are no mebibytes");
    format!("{} MiB", n >> 20)
}

#[test]
fn numbers_are_written_as_people_read_them() {
    assert_eq!([number(7), number(1000), number(10_000_000)], ["7", "1,000", "10,000,000"]);
    assert_eq!(bytes(16 << 20), "16 MiB");
    assert_eq!(MOST, 500, "book/src/limits.md says five hundred");
    assert_eq!(code("value-limit"), "bake::value::limit");
}
