//! The generated parts of the book, between `<!-- generated: WHAT -->` and `<!-- end -->`, and its option reference: what they
//! show is read from the sources and from the prelude. `UPDATE=1` rewrites them.

use std::collections::BTreeMap;
use std::fs;

use bakec::compile::schema;
use bakec::diagnostic::code;
use bakec::emit::plan_schema;
use bakec::inspect::doc::book::{Page, pages};
use bakec::load::Memory;
use bakec::resolve::builtin::{self, Shape, Signature};
use bakec::template;

use crate::limits;
use crate::run::{command, commands, finish};
use crate::support::{self, expect, files_below, none, pages_are_mine, read, root, updating};

const OPEN: &str = "<!-- generated: ";
const CLOSE: &str = "<!-- end -->";
const REFERENCE: &str = "book/src/reference";

#[test]
fn generated_parts_are_up_to_date() {
    let _mine = pages_are_mine();
    let mut parts = 0;
    let mistakes = support::pages()
        .into_iter()
        .filter_map(|path| {
            let (text, count) = regenerate(&path, &read(&path));
            parts += count;
            expect(&path, &text).err()
        })
        .collect();
    none(mistakes);
    assert!(parts >= 8, "the book has {parts} generated parts, fewer than it should");
}

/// The page with its generated parts made anew, and how many there are.
fn regenerate(path: &str, page: &str) -> (String, usize) {
    let (mut text, mut rest, mut count) = (String::new(), page, 0);
    while let Some((before, part)) = rest.split_once(OPEN) {
        let (what, part) = part.split_once(" -->\n").unwrap_or_else(|| panic!("{path}: a marker is not closed"));
        let (inside, after) = part.split_once(CLOSE).unwrap_or_else(|| panic!("{path}: `{what}` has no `{CLOSE}`"));
        // The help is that of the whole program.
        let made = if what == "help" && !cfg!(feature = "run") { inside.to_owned() } else { generate(path, what) };
        text.push_str(&format!("{before}{OPEN}{what} -->\n{made}{CLOSE}"));
        (rest, count) = (after, count + 1);
    }
    text.push_str(rest);
    (text, count)
}

fn generate(path: &str, what: &str) -> String {
    match what.split_once(' ').unwrap_or((what, "")) {
        ("functions", _) => functions(),
        ("run-time-functions", _) => run_time_functions(),
        ("codes", _) => codes(),
        ("errors", _) => summary(),
        ("reference", _) => reference(),
        ("help", _) => help(),
        ("limits", _) => limits::table(),
        ("source", place) => {
            let (file, items) = place.split_once(' ').unwrap_or((place, ""));
            let text = read(file);
            let parts = items.split(" + ").map(|item| source(&text, item));
            let parts: Option<Vec<String>> = parts.collect();
            let parts = parts.unwrap_or_else(|| panic!("{path}: no `{place}`"));
            format!("\n```{}\n{}```\n\n", language(file), below_each_other(&parts))
        }
        _ => panic!("{path}: nothing generates `{what}`"),
    }
}

/// Every built-in function.
fn functions() -> String {
    let row = |function: &Signature| {
        format!("| `{}` | {} | {} |\n", function.usage().replace('|', "\\|"), result(function), function.doc)
    };
    format!("\n| call | gives | |\n| --- | --- | --- |\n{}\n", builtin::ALL.iter().map(row).collect::<String>())
}

/// Every function that may stand in `{{…}}`.
fn run_time_functions() -> String {
    let row = |function: &template::Function| {
        let example = function.example.replace('|', "\\|");
        format!("| `{}` | `` {example} `` | {} |\n", function.name, function.summary)
    };
    let rows: String = template::functions().iter().map(row).collect();
    format!("\n| function | such as | |\n| --- | --- | --- |\n{rows}\n")
}

/// What a call gives, as the language writes it.
fn result(function: &Signature) -> &'static str {
    match function.result {
        Shape::Text | Shape::Data => "`string`",
        Shape::LateText => "`late string`",
        Shape::Int => "`int`",
        Shape::Number => "`number`",
        Shape::Bool => "`bool`",
        Shape::Texts => "`[string]`",
        Shape::Numbers => "`[number]`",
        Shape::Bools => "`[bool]`",
        Shape::List | Shape::Flattened | Shape::ValueList => "a list",
        Shape::Map | Shape::Merged => "a record or map",
        Shape::First => "its first argument's type",
        Shape::Element => "an element, or `null`",
        Shape::Sized | Shape::Scalar | Shape::Numeric | Shape::Any => "any value",
    }
}

/// Every code with its summary, by area.
fn codes() -> String {
    let mut text = String::new();
    let mut area = "";
    for (code, summary) in sorted() {
        let of = code.area();
        if of != area {
            text.push_str(&format!("\n## {of}\n\n| code | |\n| --- | --- |\n"));
            area = of;
        }
        text.push_str(&format!("| [`{code}`]({}.md) | {} |\n", code.slug(), summary.trim().replace('|', "\\|")));
    }
    text.push('\n');
    text
}

/// The pages of the codes as entries of the table of contents. The markers are indented too: one at the start of a line would end
/// the list, and the pages would not stand below their chapter.
fn summary() -> String {
    let entries = sorted().into_iter().map(|(code, _)| format!("  - [`{code}`](errors/{}.md)\n", code.slug()));
    entries.collect::<String>() + "  "
}

/// The pages of the option reference as entries of the table of contents.
fn reference() -> String {
    reference_pages()
        .into_iter()
        .filter(|page| page.file != "index.md")
        .map(|page| format!("  - [{}](reference/{})\n", page.title, page.file))
        .collect::<String>()
        + "  "
}

fn reference_pages() -> Vec<Page> {
    pages(&schema(&Memory::default(), None).kinds)
}

/// What the program says of itself and of each command.
fn help() -> String {
    let whole = printed(&["--help"]);
    let mut text = format!("\n```text\n{whole}```\n");
    for name in commands() {
        text.push_str(&format!("\n## bakec {name}\n\n```text\n{}```\n", printed(&[&name, "--help"])));
    }
    text.push('\n');
    text
}

fn printed(arguments: &[&str]) -> String {
    let mut command = command(&root(), arguments);
    let text = finish(command.env("COLUMNS", "100").env("NO_COLOR", "1"), "").done();
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn the_option_reference_is_that_of_the_prelude() {
    let mut right: BTreeMap<String, String> =
        reference_pages().into_iter().map(|page| (page.file, page.text)).collect();
    right.insert("plan.schema.json".into(), plan_schema(&schema(&Memory::default(), None).kinds));
    let mut mistakes: Vec<String> =
        right.iter().filter_map(|(file, text)| expect(&format!("{REFERENCE}/{file}"), text).err()).collect();
    for orphan in files_below(REFERENCE).into_iter().filter(|file| !right.contains_key(file)) {
        if updating() {
            fs::remove_file(root().join(REFERENCE).join(&orphan)).expect("a page can be removed");
        } else {
            mistakes.push(format!("{REFERENCE}/{orphan} belongs to no kind and no set of options"));
        }
    }
    none(mistakes);
}

fn sorted() -> Vec<(code::Code, &'static str)> {
    let mut codes = code::ALL.to_vec();
    codes.sort_by_key(|(code, _)| code.as_str());
    codes
}

/// Parts of a source as they would stand in one: those of one line without empty lines between them.
fn below_each_other(parts: &[String]) -> String {
    let is_long = |part: &String| part.lines().count() > 1;
    let mut text = String::new();
    for (i, part) in parts.iter().enumerate() {
        if i > 0 && (is_long(part) || is_long(&parts[i - 1])) {
            text.push('\n');
        }
        text.push_str(part);
    }
    text
}

/// What a block that shows a file says behind its fence.
fn language(file: &str) -> &str {
    match file.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "py" => "python",
        "yml" => "yaml",
        "" => "text",
        ending => ending,
    }
}

/// From the line that begins with `item` over the lines that are indented further to the one that closes it, without the
/// indentation; without `item`, everything.
fn source(text: &str, item: &str) -> Option<String> {
    if item.is_empty() {
        return Some(text.to_string());
    }
    let mut lines = text.lines().skip_while(|line| !line.trim_start().starts_with(item));
    let first = lines.next()?;
    let indent = first.len() - first.trim_start().len();
    let mut found = vec![&first[indent..]];
    for line in lines {
        // A comment that is named is shown with what it stands above.
        if found.iter().all(|line| line.starts_with("//")) {
            found.push(line.get(indent..).unwrap_or(""));
            continue;
        }
        let is_deeper = line.trim().is_empty() || line.len() - line.trim_start().len() > indent;
        if !is_deeper && !line.trim_start().starts_with(['}', ']', ')']) {
            break;
        }
        found.push(line.get(indent..).unwrap_or(""));
        if !is_deeper {
            break;
        }
    }
    while found.last().is_some_and(|line| line.trim().is_empty()) {
        found.pop();
    }
    Some(found.join("\n") + "\n")
}

#[test]
fn an_item_is_cut_out_of_its_file() {
    let text = "image a {\n    matrix {\n        x\n    }\n}\n";
    assert_eq!(source(text, "matrix").as_deref(), Some("matrix {\n    x\n}\n"));
    assert_eq!(source(text, "image a").as_deref(), Some(text));
    assert_eq!(source(text, "x").as_deref(), Some("x\n"));
    assert_eq!(source("/// b\nlet x = 1\nlet y = 2\n", "/// b").as_deref(), Some("/// b\nlet x = 1\n"));
    assert_eq!(source(text, "image b"), None);
    assert_eq!(
        source("def f():\n    a\n\n    b\n\n\ndef g():\n", "def f").as_deref(),
        Some("def f():\n    a\n\n    b\n")
    );
    assert_eq!(source("{\n  \"a\": [\n    1\n  ],\n  \"b\": 2\n}\n", "\"a\"").as_deref(), Some("\"a\": [\n  1\n],\n"));
}
