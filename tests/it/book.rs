//! The book hangs together: every page stands in the table of contents, every link leads to a page and a heading that exist.

use std::collections::BTreeSet;

use bakec::ty::Domain;
use regex::Regex;

use crate::support::{expect, keywords, none, pages, pages_are_mine, read, root, with_blocks};

const BOOK: &str = "book/src";

/// The targets of a page's links, as written, without code.
fn links(text: &str) -> Vec<String> {
    let mut prose = String::new();
    let mut code = false;
    for line in text.lines() {
        if line.starts_with("```") {
            code = !code;
        } else if !code {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    let link = Regex::new(r"\]\(([^)\s]+)\)").expect("the pattern is a regex");
    link.captures_iter(&prose).map(|found| found[1].to_string()).collect()
}

/// The anchors that mdBook gives to the headings of a page.
fn anchors(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            title
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

#[test]
fn files_that_the_book_names_are_there() {
    let path = Regex::new(r"`((?:src|grammar|tests|examples|book)/[A-Za-z0-9_./-]+)`").expect("the pattern is a regex");
    let mut mistakes = Vec::new();
    let mut count = 0;
    for page in pages() {
        for found in path.captures_iter(&read(&page)) {
            count += 1;
            if !root().join(&found[1]).exists() {
                mistakes.push(format!("{page}: there is no `{}`", &found[1]));
            }
        }
    }
    assert!(count > 40, "only {count} files are named");
    none(mistakes);
}

#[test]
fn every_page_stands_once_in_the_table_of_contents() {
    let listed = links(&read(&format!("{BOOK}/SUMMARY.md")));
    let listed_once: BTreeSet<&String> = listed.iter().collect();
    assert_eq!(listed.len(), listed_once.len(), "a page stands twice in SUMMARY.md");
    none(
        pages()
            .iter()
            .filter_map(|page| page.strip_prefix("book/src/"))
            .filter(|page| *page != "SUMMARY.md" && !listed_once.contains(&page.to_string()))
            .map(|page| format!("{BOOK}/{page} does not stand in SUMMARY.md"))
            .collect(),
    );
}

#[test]
fn every_link_leads_somewhere() {
    let mut mistakes = Vec::new();
    let sources = pages().into_iter().chain(["README.md".to_string()]);
    for page in sources {
        for target in links(&read(&page)).into_iter().filter(|target| !target.contains("://")) {
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
            let file = if path.is_empty() { page.clone() } else { format!("{folder}/{path}") };
            let file = root().join(file.trim_start_matches('/'));
            if !file.exists() {
                mistakes.push(format!("{page}: `{target}` does not exist"));
            } else if !anchor.is_empty() {
                let text = std::fs::read_to_string(&file).unwrap_or_default();
                if !anchors(&text).contains(anchor) {
                    mistakes.push(format!("{page}: `{target}`: the page has no such heading"));
                }
            }
        }
    }
    none(mistakes);
}

/// The numbers of the lines that are made of sources, from 1; their tests hold them.
fn generated(text: &str) -> BTreeSet<usize> {
    let mut inside = false;
    let lines = text.lines().enumerate().filter(|(_, line)| {
        inside = (inside || line.starts_with("<!-- generated: ")) && *line != "<!-- end -->";
        inside
    });
    lines.map(|(number, _)| number + 1).collect()
}

/// The fixtures hold the pages of errors.
#[test]
fn every_program_that_a_page_shows_is_one() {
    let _mine = pages_are_mine();
    let mut mistakes = Vec::new();
    let pages = pages().into_iter().filter(|page| !page.starts_with("book/src/errors/"));
    for path in pages.chain(["README.md".to_string()]) {
        let page = read(&path);
        let held = generated(&page);
        let text = with_blocks(&page, |block| {
            let is_own = block.language == "bake" && !held.contains(&block.line);
            is_own.then(|| match bakec::format::format("page.bake", &block.text) {
                Ok(canonical) => canonical,
                Err(_) => {
                    mistakes.push(format!("{path}:{}: this is not bake:\n{}", block.line, block.text));
                    block.text.clone()
                }
            })
        });
        mistakes.extend(expect(&path, &text).err());
    }
    none(mistakes);
}

/// The words that `bake.js` colours, beside those that it writes as patterns.
#[test]
fn code_blocks_are_coloured_by_the_words_of_the_language() {
    let script = read("book/theme/bake.js");
    let word = Regex::new(r"[a-z_0-9]+").expect("the pattern is a regex");
    let known: BTreeSet<&str> = word.find_iter(&script).map(|word| word.as_str()).collect();
    let domains = Domain::ALL.iter().map(|(_, name)| name.to_string());
    none(
        keywords()
            .into_iter()
            .chain(domains)
            .filter(|word| !known.contains(word.as_str()))
            .map(|word| format!("book/theme/bake.js does not know `{word}`"))
            .collect(),
    );
}

#[test]
fn anchors_are_those_of_mdbook() {
    assert!(anchors("# The language\n\n### variable, secret\n").contains("variable-secret"));
}
