//! A code is a promise: the codes, the pages of the book's error index, and the fixture folders are one set.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bakec::diagnostic::code;

const PAGES: &str = "book/src/errors";
const FIXTURES: &str = "tests/corpus/diagnostics";
/// Files in the folder of pages that belong to no code.
const INDEX: &[&str] = &["index", "README"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What a folder holds, by path; nothing where it does not exist.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

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
    let mistakes: Vec<String> = missing.chain(orphans).collect();
    assert!(mistakes.is_empty(), "{} broken promises:\n  {}\n", mistakes.len(), mistakes.join("\n  "));
}

#[test]
fn every_code_has_its_page_and_every_page_its_code() {
    let pages = entries(&root().join(PAGES));
    let found = pages.iter().map(|page| stem(page)).filter(|stem| !INDEX.contains(&stem.as_str())).collect();
    same_set("page", PAGES, ".md", &found);
    for (slug, code) in codes() {
        let page = fs::read_to_string(root().join(PAGES).join(format!("{slug}.md"))).expect("the page was listed");
        assert!(page.contains(code), "{PAGES}/{slug}.md does not name `{code}`");
    }
}

#[test]
fn every_code_has_a_fixture_and_every_fixture_its_code() {
    let folders: Vec<PathBuf> = entries(&root().join(FIXTURES)).into_iter().filter(|path| path.is_dir()).collect();
    same_set("fixture", FIXTURES, "/", &folders.iter().map(|folder| stem(folder)).collect());
    for folder in folders {
        assert!(!entries(&folder).is_empty(), "{} is empty: a fixture is at least one file", folder.display());
    }
}
