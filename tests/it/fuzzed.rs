//! The questions of the fuzz targets, asked about every text of the repository, and about what a fuzzer has once found.
//!
//! `tests/fuzz` asks them about texts that nobody thought of.

use regex::Regex;

use crate::oracle;
use crate::support::{blocks, files_below, keywords, none, read};

/// All texts of files below a folder that end so.
fn texts(folder: &str, ending: &str) -> Vec<String> {
    let files = files_below(folder).into_iter().filter(|file| file.ends_with(ending));
    files.map(|file| read(&format!("{folder}/{file}"))).collect()
}

/// Programs: examples, fixtures, the prelude, what the book shows.
fn programs() -> Vec<String> {
    let folders = ["examples", "tests/corpus", "src/schema/prelude"];
    let mut programs: Vec<String> = folders.iter().flat_map(|folder| texts(folder, ".bake")).collect();
    for page in texts("book/src", ".md") {
        programs.extend(blocks(&page).into_iter().filter(|b| b.language == "bake").map(|b| b.text));
    }
    programs
}

#[test]
fn programs_parse_and_format() {
    let programs = programs();
    assert!(programs.len() > 200, "only {} programs", programs.len());
    for program in programs {
        oracle::parse::check(&program);
        oracle::format::check(&program);
    }
}

#[test]
fn programs_compile_or_say_why() {
    // What the book shows beside these are the same programs.
    ["examples", "tests/corpus"]
        .iter()
        .flat_map(|folder| texts(folder, ".bake"))
        .for_each(|p| oracle::compile::check(&p));
}

#[test]
fn templates_are_read() {
    let template = Regex::new(r#"["'][^"'\n]*\{\{[^"'\n]*["']"#).expect("the pattern is a regex");
    let programs = programs().concat();
    let found: Vec<&str> = template.find_iter(&programs).map(|found| found.as_str()).collect();
    assert!(found.len() > 50, "only {} templates", found.len());
    found.into_iter().for_each(oracle::template::check);
}

#[test]
fn plans_are_json() {
    texts("tests/corpus", ".json").iter().for_each(|text| oracle::json::check(text));
    for text in
        ["", "{", "[1,]", "{\"a\": 1, \"a\": 2}", "/* */ 1 # one", "01", "\"\\ud800\"", "1e999", "{a = 'b'}", "[[[["]
    {
        oracle::json::check(text);
    }
}

#[test]
fn templates_of_packers_become_programs() {
    texts("tests/corpus/import", ".json").iter().for_each(|text| oracle::import::check(&format!("0{text}")));
    texts("tests/corpus/import-hcl", ".pkr.hcl").iter().for_each(|text| oracle::import::check(&format!("1{text}")));
}

#[test]
fn the_dictionary_holds_every_word_of_the_language() {
    let dictionary = read("tests/fuzz/dict/bake.dict");
    let keywords = keywords().into_iter().map(|word| format!("\"{word} \""));
    let functions = bakec::resolve::builtin::ALL.iter().map(|f| format!("\"{}(\"", f.name));
    none(
        keywords
            .chain(functions)
            .filter(|entry| !dictionary.lines().any(|line| line == entry))
            .map(|entry| format!("tests/fuzz/dict/bake.dict lacks {entry}"))
            .collect(),
    );
}
