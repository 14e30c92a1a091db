//! A code is a promise: the codes, the pages of the book's error index, and the fixture folders are one set.

use std::collections::{BTreeMap, BTreeSet};

use bakec::diagnostic::code;

use crate::support::{files_below, none, read};

const PAGES: &str = "book/src/errors";
const FIXTURES: &str = "tests/corpus/diagnostics";
/// Files in the folder of pages that belong to no code.
const INDEX: &[&str] = &["index", "README"];

/// The codes by slug.
fn codes() -> BTreeMap<String, &'static str> {
    code::ALL.iter().map(|(code, _)| (code.slug(), code.as_str())).collect()
}

#[track_caller]
fn same_set(kind: &str, folder: &str, ending: &str, found: &BTreeSet<String>) {
    let codes = codes();
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
    same_set("page", PAGES, ".md", &found);
    for (slug, code) in codes() {
        assert!(read(&format!("{PAGES}/{slug}.md")).contains(code), "{PAGES}/{slug}.md does not name `{code}`");
    }
}

#[test]
fn every_code_has_a_fixture_and_every_fixture_its_code() {
    let files = files_below(FIXTURES);
    let folders = files.iter().filter_map(|file| file.split_once('/')).map(|(folder, _)| folder.to_owned());
    same_set("fixture", FIXTURES, "/", &folders.collect());
}
