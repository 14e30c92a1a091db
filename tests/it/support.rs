//! What several tests share: the folder of the repository, its files, and expectations that `UPDATE=1` rewrites.
//!
//! It knows files and texts, not the language.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The folder of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file of the repository.
#[track_caller]
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All files below a folder of the repository, as sorted paths relative to it.
pub(crate) fn files_below(folder: &str) -> Vec<String> {
    let base = root().join(folder);
    let (mut found, mut folders) = (Vec::new(), vec![base.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(path) = path.strip_prefix(&base) {
                found.push(path.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

/// The pages of the book, by path from the repository.
pub(crate) fn pages() -> Vec<String> {
    let pages = files_below("book/src").into_iter().filter(|page| page.ends_with(".md"));
    pages.map(|page| format!("book/src/{page}")).collect()
}

/// The keywords of the language, as its grammar has them.
pub(crate) fn keywords() -> Vec<String> {
    let keyword = regex::Regex::new(r#"(?m)^kw_\w+ *= @\{ "(\w+)""#).expect("the pattern is a regex");
    let keywords: Vec<String> = keyword.captures_iter(&read("grammar/bake.pest")).map(|k| k[1].to_string()).collect();
    assert!(keywords.len() > 30, "only {} keywords in the grammar", keywords.len());
    keywords
}

/// Whether expectations are to be rewritten.
pub(crate) fn updating() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value == "1")
}

/// Taken by a test that rewrites parts of pages, so that no other rewrites the same page meanwhile.
pub(crate) fn pages_are_mine() -> MutexGuard<'static, ()> {
    static PAGES: Mutex<()> = Mutex::new(());
    PAGES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Compares a file of the repository with what it should hold, or writes it; says how they differ.
pub(crate) fn expect(path: &str, right: &str) -> Result<(), String> {
    let full = root().join(path);
    let held = fs::read_to_string(&full).ok();
    if held.as_deref() == Some(right) {
        return Ok(());
    }
    if updating() {
        fs::create_dir_all(full.parent().unwrap_or(Path::new("."))).map_err(|error| format!("{path}: {error}"))?;
        return fs::write(&full, right).map_err(|error| format!("{path}: {error}"));
    }
    let diff = similar::TextDiff::from_lines(held.as_deref().unwrap_or(""), right);
    let diff = diff.unified_diff().context_radius(2).header(path, "what it should hold").to_string();
    Err(format!("{diff}(UPDATE=1 rewrites it)"))
}

/// Fails with all of the mistakes at once.
#[track_caller]
pub(crate) fn none(mistakes: Vec<String>) {
    assert!(mistakes.is_empty(), "{} mistakes:\n\n{}\n", mistakes.len(), mistakes.join("\n\n"));
}

/// A fenced block of a Markdown page.
#[derive(Debug, PartialEq)]
pub(crate) struct Block {
    /// What stands behind the opening fence: `bake`, `console`.
    pub(crate) language: String,
    /// The lines between the fences, each with its line end.
    pub(crate) text: String,
    /// Number of the opening fence's line, from 1.
    pub(crate) line: usize,
}

/// The fenced blocks of a page.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                open = Some(Block { language: language.to_string(), text: String::new(), line: number + 1 });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fenced block is not closed: {open:?}");
    found
}

/// The page with the text of its fenced blocks replaced: `change` gives the new text of a block, or leaves it.
pub(crate) fn with_blocks(page: &str, mut change: impl FnMut(&Block) -> Option<String>) -> String {
    let mut blocks = blocks(page).into_iter().peekable();
    let (mut text, mut inside) = (String::new(), false);
    for (number, line) in page.split_inclusive('\n').enumerate() {
        if line.starts_with("```") {
            text.push_str(line);
            inside = !inside;
            if let Some(block) = blocks.next_if(|block| inside && block.line == number + 1) {
                text.push_str(&change(&block).unwrap_or(block.text));
            }
        } else if !inside {
            text.push_str(line);
        }
    }
    text
}

/// The file that a block shows, by the sentence above it.
pub(crate) fn beside(page: &str, fence: usize) -> Option<&str> {
    let above = page.lines().take(fence - 1).filter(|line| !line.is_empty()).last()?;
    above.strip_prefix("Here `")?.strip_suffix("` is")
}

/// The lines of a page that stand in no fenced block.
pub(crate) fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    page.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        inside ^= is_fence;
        !inside && !is_fence
    })
}

#[test]
fn blocks_are_found_and_replaced() {
    let page = "a\n```bake\nlet x = 1\n```\nb\n```console\n$ true\n```\n";
    let found = blocks(page);
    assert_eq!(found.iter().map(|b| (b.language.as_str(), b.line)).collect::<Vec<_>>(), [("bake", 2), ("console", 6)]);
    assert_eq!(with_blocks(page, |_| None), page);
    let changed = with_blocks(page, |block| (block.language == "console").then(|| "$ false\n".to_string()));
    assert_eq!(changed, page.replace("true", "false"));
}
