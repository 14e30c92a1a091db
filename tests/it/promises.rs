//! A code is a promise: the codes, the pages of the book's error index, and the fixture folders are one set. The executor's codes have
//! no fixtures: their pages show runs, which `run_pages` makes.

use std::collections::{BTreeMap, BTreeSet};

use bakec::diagnostic::{Code, code};
use regex::Regex;

use crate::support::{files_below, none, read};

const PAGES: &str = "book/src/errors";
const FIXTURES: &str = "tests/corpus/diagnostics";
/// Files in the folder of pages that belong to no code.
const INDEX: &[&str] = &["index", "README"];

/// The codes by slug.
fn codes(wanted: impl Fn(Code) -> bool) -> BTreeMap<String, &'static str> {
    let codes = code::ALL.iter().map(|(code, _)| *code).filter(|code| wanted(*code));
    codes.map(|code| (code.slug(), code.as_str())).collect()
}

/// Whether the executor tells it, and no program alone can show it.
fn of_runs(code: Code) -> bool {
    code.area() == "run"
}

#[track_caller]
fn same_set(codes: &BTreeMap<String, &str>, kind: &str, folder: &str, ending: &str, found: &BTreeSet<String>) {
    let missing = codes
        .iter()
        .filter(|(slug, _)| !found.contains(*slug))
        .map(|(slug, code)| format!("`{code}` has no {kind}: write {folder}/{slug}{ending}"));
    let orphans = found
        .iter()
        .filter(|slug| !codes.contains_key(*slug))
        .map(|slug| format!("{folder}/{slug}{ending} belongs to no code of src/diagnostic/code.rs"));
    none(missing.chain(orphans).collect());
}

#[test]
fn every_code_has_its_page_and_every_page_its_code() {
    let pages = files_below(PAGES).into_iter().filter_map(|page| page.strip_suffix(".md").map(str::to_owned));
    let found = pages.filter(|page| !INDEX.contains(&page.as_str())).collect();
    let codes = codes(|_| true);
    same_set(&codes, "page", PAGES, ".md", &found);
    for (slug, code) in codes {
        assert!(read(&format!("{PAGES}/{slug}.md")).contains(code), "{PAGES}/{slug}.md does not name `{code}`");
    }
}

#[test]
fn every_code_has_a_fixture_and_every_fixture_its_code() {
    let files = files_below(FIXTURES);
    let folders = files.iter().filter_map(|file| file.split_once('/')).map(|(folder, _)| folder.to_owned());
    same_set(&codes(|code| !of_runs(code)), "fixture", FIXTURES, "/", &folders.collect());
}

/// A code that nothing tells any more is no promise.
#[test]
fn every_code_of_a_run_is_told_by_the_executor() {
    let sources: String = files_below("src/run").into_iter().map(|file| read(&format!("src/run/{file}"))).collect();
    none(
        codes(of_runs)
            .values()
            .map(|code| (code, code.trim_start_matches("bake::").replace("::", "_").to_uppercase()))
            .filter(|(_, name)| !Regex::new(&format!(r"code::{name}\b")).expect("a name is a regex").is_match(&sources))
            .map(|(code, _)| format!("nothing in src/run tells `{code}`"))
            .collect(),
    );
}
