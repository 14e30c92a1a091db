//! The `console` blocks of the book and the README: each command is run in a copy of the examples, and prints what is shown. Those of
//! the executor's codes have folders of their own: see `run_pages`.
//!
//! A block holds commands, `$ bakec …`, each followed by what it prints, errors included. `UPDATE=1` rewrites it.

use std::fs;
use std::path::Path;

use crate::run::{command, finish};
use crate::support::{Block, expect, files_below, none, pages, pages_are_mine, read, root, with_blocks};

/// Columns of the terminal that the book shows.
pub(crate) const WIDTH: &str = "100";

#[test]
fn what_the_book_shows_is_what_is_printed() {
    let _mine = pages_are_mine();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    // Beside the examples, which are right, lie the programs whose mistakes the book shows.
    for below in ["examples", "tests/console"] {
        for file in files_below(below) {
            let copy = folder.path().join(&file);
            fs::create_dir_all(copy.parent().expect("a file has a folder")).expect("the folder can be made");
            fs::copy(root().join(below).join(&file), copy).expect("the file can be copied");
        }
    }
    let mut commands = 0;
    let mut mistakes = Vec::new();
    let pages = pages().into_iter().filter(|page| !page.starts_with("book/src/errors/run-"));
    for path in pages.chain(["README.md".to_string()]) {
        let text = with_blocks(&read(&path), |block| {
            (block.language == "console" && can_run(block)).then(|| {
                let (text, count) = rerun(&path, block, folder.path());
                commands += count;
                text
            })
        });
        mistakes.extend(expect(&path, &text).err());
    }
    none(mistakes);
    assert!(commands >= 8, "the book shows {commands} commands, fewer than it should");
}

/// Whether bakec knows the commands of a block: the compiler alone has not those of the executor.
fn can_run(block: &Block) -> bool {
    let of_the_executor = |line: &str| ["$ bakec plan ", "$ bakec run "].iter().any(|start| line.starts_with(start));
    cfg!(feature = "run") || !block.text.lines().any(of_the_executor)
}

/// The block with what its commands print now, and how many there are.
fn rerun(path: &str, block: &Block, folder: &Path) -> (String, usize) {
    let commands: Vec<&str> = block.text.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    assert!(!commands.is_empty(), "{path}:{}: a console block without a command", block.line);
    let text = commands.iter().map(|command| format!("$ {command}\n{}", run(path, command, folder))).collect();
    (text, commands.len())
}

fn run(path: &str, line: &str, folder: &Path) -> String {
    let words = words(line);
    let Some(("bakec", arguments)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) else {
        panic!("{path}: `{line}` does not run bakec");
    };
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut bakec = command(folder, &arguments);
    bakec.env_clear().env("PATH", "/usr/bin:/bin").env("NO_COLOR", "1").env("LANG", "C.UTF-8").env("COLUMNS", WIDTH);
    finish(&mut bakec, "").said()
}

/// The words of a command; single quotes hold a word together, as in a shell.
pub(crate) fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (number, part) in command.split('\'').enumerate() {
        if number % 2 == 1 {
            words.last_mut().expect("there is a word").push_str(part);
            continue;
        }
        for (number, piece) in part.split(' ').enumerate() {
            if number > 0 {
                words.push(String::new());
            }
            words.last_mut().expect("there is a word").push_str(piece);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn single_quotes_hold_a_word_together() {
    assert_eq!(words("bakec list --set 'a=[\"b c\"]' x"), ["bakec", "list", "--set", "a=[\"b c\"]", "x"]);
}
