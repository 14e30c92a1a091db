//! `bakec doc`: what is shown of kinds of our own, as files; and that every option of the prelude has an example that is right.

use std::path::Path;

use bakec::compile::{Options, compile, schema};
use bakec::diagnostic::{Severity, code};
use bakec::inspect::doc::{all, topics};
use bakec::load::Memory;
use bakec::schema::Category;

use crate::run::{Ran, command, finish};
use crate::support::{expect, files_below, none, root};

const FOLDER: &str = "tests/corpus/doc";

/// What is asked, and the file that holds the answer.
const CASES: &[(&[&str], &str)] = &[
    (&["widget"], "kind.txt"),
    (&["widget", "--markdown"], "kind.md"),
    (&["widget", "--json"], "kind.json"),
    (&["polish"], "both.txt"),
    (&["post", "polish"], "one.txt"),
    (&["provision/polish.times"], "category.txt"),
    (&["polish.colour"], "shared.txt"),
    (&["widget.parts"], "option.txt"),
    (&["widget.parts", "--markdown"], "option.md"),
    (&["widget.parts", "--json"], "option.json"),
    (&["widget.parts.life"], "member.txt"),
    (&["widget.crate.inner.fill"], "inner.txt"),
    (&["widget.place"], "formerly.txt"),
    (&["widget.type"], "refused.txt"),
    (&["widget.wait"], "deprecated.txt"),
    (&["Part"], "type.txt"),
    (&["Part", "--markdown"], "type.md"),
    (&["wigdet"], "missing-kind.txt"),
    (&["parts"], "missing-kind-of-option.txt"),
    (&["widget.prats"], "missing-option.txt"),
    (&["widget.parts.nmae"], "missing-member.txt"),
    (&["widget.title.x"], "no-members.txt"),
    (&["qqqqqqqqqq"], "nothing.txt"),
];

fn doc(folder: &Path, arguments: &[&str], columns: &str) -> Ran {
    let mut command = command(folder, &[&["doc"], arguments].concat());
    finish(command.env("NO_COLOR", "1").env("COLUMNS", columns), "")
}

#[test]
fn what_is_shown_is_what_the_files_hold() {
    let folder = root().join(FOLDER);
    let mut mistakes = Vec::new();
    for (arguments, file) in CASES {
        let output = doc(&folder, &[&["--file", "own.bake"], *arguments].concat(), "72");
        let code = if file.starts_with("missing") || ["no-members.txt", "nothing.txt"].contains(file) { 2 } else { 0 };
        if output.code != code {
            mistakes.push(format!("bakec doc {arguments:?} ends with {}", output.code));
        }
        mistakes.extend(expect(&format!("{FOLDER}/{file}"), &output.said()).err());
    }
    for file in files_below(FOLDER) {
        if file != "own.bake" && !CASES.iter().any(|(_, known)| *known == file) {
            mistakes.push(format!("{FOLDER}/{file} belongs to no case"));
        }
    }
    none(mistakes);
}

#[test]
fn all_kinds_are_listed() {
    let output = doc(&root(), &[], "100");
    let said = output.said();
    let kinds = schema(&Memory::default(), None).kinds;
    for kind in all(&kinds, None) {
        assert!(said.lines().any(|line| line.trim_start().starts_with(kind.name.as_str())), "{}: {said}", kind.name);
    }
    assert!(said.lines().all(|line| line.chars().count() <= 100), "{said}");
    let builders = doc(&root(), &["builders"], "100");
    assert!(builders.out.starts_with("Builders\n"), "{builders:?}");
    let json = doc(&root(), &["--json"], "100");
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(kinds.len()));
}

#[test]
fn colours_are_asked_for() {
    let output = doc(&root(), &["amazon-ebs.tags", "--color", "always"], "100");
    assert!(output.out.contains("\x1b[1m"), "{output:?}");
    let output = doc(&root(), &["amazon-ebs.tags"], "100");
    assert!(!output.out.contains('\x1b'), "{output:?}");
}

#[test]
fn a_program_with_mistakes_is_not_documented() {
    let folder = crate::run::folder(&[("bad.bake", "extern builder x { a: strnig }\n")]);
    let output = doc(folder.path(), &["--file", "bad.bake", "x"], "100");
    assert_eq!((output.code, output.out.as_str()), (2, ""));
    assert!(output.errors.contains("did you mean `string`?"), "{}", output.errors);
}

/// One image for each option: its line, and what only the whole block could be blamed for is let pass.
#[test]
fn the_example_of_every_option_has_its_type() {
    let kinds = schema(&Memory::default(), None).kinds;
    let (mut program, mut lines) = (String::new(), Vec::new());
    let mut count = 0;
    for kind in all(&kinds, None) {
        for option in kind.options.iter().filter(|o| o.is_open()) {
            count += 1;
            let block = format!("{} {} {{ {} }}", kind.category.statement(), kind.name, option.example);
            let builder = "builder null { communicator = \"none\" }";
            let body = if kind.category == Category::Builder { block } else { format!("{builder}\n{block}") };
            program.push_str(&format!("image i{count} {{\n{body}\n}}\n"));
            lines.resize(program.lines().count(), format!("{}.{}", kind.name, option.name));
        }
    }
    assert!(count > 200, "only {count} options");
    let world = Memory::of([("x.bake", program.as_str())]);
    let compiled = compile(&world, "x.bake", &Options::default());
    let of_the_block = [code::OPTION_MISSING, code::OPTION_RULE, code::OPTION_FILE, code::BUILD_SAME_AMI];
    let mistakes = compiled
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error && !of_the_block.contains(&d.code))
        .map(|d| {
            let source = compiled.sources.get(d.span().file);
            let (line, _) = source.line_column(d.span().start);
            let option = lines.get(line as usize - 1).map_or("?", String::as_str);
            format!("{option}: {}: {}\n  {}", d.code, d.message, source.line(line))
        })
        .collect();
    none(mistakes);
}

#[test]
fn everything_that_can_be_asked_for_is_found() {
    let kinds = schema(&Memory::default(), None).kinds;
    let topics = topics(&kinds);
    assert!(topics.len() > 300, "only {} topics", topics.len());
    let lost: Vec<String> = topics
        .iter()
        .filter(|(topic, _)| bakec::inspect::doc::find(&kinds, std::slice::from_ref(topic)).is_err())
        .map(|(topic, _)| format!("`bakec doc {topic}` finds nothing"))
        .collect();
    none(lost);
}

#[test]
fn a_name_means_one_type_in_the_whole_prelude() {
    let kinds = schema(&Memory::default(), None).kinds;
    let mut known: std::collections::BTreeMap<String, bakec::inspect::doc::TypeDoc> = Default::default();
    for ty in all(&kinds, None).into_iter().flat_map(|kind| kind.types) {
        let before = known.entry(ty.name.to_string()).or_insert_with(|| ty.clone());
        assert_eq!(*before, ty, "two types of the prelude are called `{}`; the book has one page for both", ty.name);
    }
}
