//! The rules of the house, read from the sources themselves: floors, doors, file sizes, marks, and the top level.
//!
//! Each test names the file and line and what to do about it. The floors are read from the table in `src/lib.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use regex::Regex;

use crate::rust::{Import, imports, only_code};
use crate::support::{files_below, none, read, root};

/// What a `.rs` file may hold at most.
const LINES: usize = 600;
/// What stands at the top level, besides dot files.
const TOP: &[&str] =
    &["Cargo.toml", "Cargo.lock", "src", "grammar", "examples", "tests", "book", "README.md", "LICENSE"];
/// What reaches the world around the program, and who may: (pattern of code, its owners, what to do instead).
const DOORS: &[(&str, &[&str], &str)] = &[
    (r"\bclap(_complete|_mangen)?\s*::", &["cli"], "the command line is parsed in `cli`"),
    (r"\bmiette\s*::", &["diagnostic/render", "cli"], "report a `Diagnostic` and let `diagnostic::render` draw it"),
    (r"\be?print(ln)?!", &["cli"], "return the text and let `cli` print it"),
    (
        r"\.(exists|try_exists|is_file|is_dir|canonicalize|read_dir|read_link|symlink_metadata)\(\)",
        // The executor reads scripts and keeps records.
        &["cli", "load", "run"],
        "ask the `World` of `load`, the only door to files",
    ),
    (r"\bstdin\s*\(", &["cli", "load", "rehearse/ssh/script", "run/process"], "take the text as an argument"),
    // The rehearsed instances ask interpreters about syntax; what is done here while the machine is there has one door.
    (
        r"\bCommand::new\b",
        &["cli", "rehearse/ssh/script", "run/journal/tests", "run/process"],
        "the compiler starts no programs",
    ),
    (r"::now\s*\(", &["cli", "rehearse", "run"], "the compiler has no clock: take the time as an argument"),
];
/// The same for the standard library's modules.
const STD_DOORS: &[(&[&str], &[&str], &str)] = &[
    (&["fs"], &["cli", "load", "run"], "ask the `World` of `load`, the only door to files"),
    (&["env"], &["cli", "load", "run", "rehearse/ssh/script"], "take what the environment holds as an argument"),
    (&["net"], &["cli", "rehearse", "run"], "the compiler has no network"),
];

/// The files below a folder, by path from the repository, with their text. Those that are not UTF-8 are left out.
fn files(folder: &str, keep: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    // What the fuzz targets were built into is not ours.
    let built = |path: &String| path.starts_with("tests/fuzz/target/");
    let paths = files_below(folder).into_iter().map(|file| format!("{folder}/{file}"));
    let paths = paths.filter(|path| !built(path) && keep(path));
    paths.filter_map(|path| Some((path.clone(), fs::read_to_string(root().join(path)).ok()?))).collect()
}

fn rust_files(folder: &str) -> Vec<(String, String)> {
    let files = files(folder, |name| name.ends_with(".rs"));
    assert!(!files.is_empty(), "no `.rs` files below `{folder}`: the test looks in the wrong place");
    files
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// Whether `src/…` belongs to a module such as `diagnostic/render`.
fn belongs(file: &str, module: &str) -> bool {
    let path = file.trim_start_matches("src/");
    path.strip_prefix(module).is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
}

/// The floors from the table in `src/lib.rs`: for a module its floor, and its step where the row says `then`.
fn floors() -> BTreeMap<String, (usize, Option<usize>)> {
    let text = read("src/lib.rs");
    let row = Regex::new(r"(?m)^//! \| (\d+) \| ([^|]*) \|").expect("the pattern is a regex");
    let name = Regex::new(r"`(\w+)`").expect("the pattern is a regex");
    let mut floors = BTreeMap::new();
    for row in row.captures_iter(&text) {
        let floor = row[1].parse().expect("a row begins with its floor");
        let steps = row[2].contains("then");
        for (step, module) in name.captures_iter(&row[2]).enumerate() {
            let before = floors.insert(module[1].to_string(), (floor, steps.then_some(step)));
            assert!(before.is_none(), "src/lib.rs: `{}` stands twice in the table of floors", &module[1]);
        }
    }
    assert!(floors.len() > 10, "src/lib.rs: the table of floors has rows like `//! | 0 | [`text`] | … |`");
    floors
}

/// Why a module must not import another, if so.
fn climbs(floors: &BTreeMap<String, (usize, Option<usize>)>, from: &str, to: &str) -> Option<String> {
    if from == to {
        return None;
    }
    if to == "*" {
        return Some(format!("`{from}` imports all floors at once; name the module"));
    }
    let Some((to_floor, to_step)) = floors.get(to) else {
        return Some(format!("`{from}` imports `{to}`, which stands on no floor of the table in src/lib.rs"));
    };
    let (floor, step) = floors[from];
    if *to_floor > floor {
        return Some(format!(
            "`{from}` (floor {floor}) climbs to `{to}` (floor {to_floor}); a module knows only floors below its own"
        ));
    }
    if *to_floor < floor || matches!((step, to_step), (Some(own), Some(other)) if other < &own) {
        return None;
    }
    Some(format!("`{from}` imports `{to}` of its own floor {floor}; what both need belongs on a floor below"))
}

#[test]
fn no_module_climbs() {
    let floors = floors();
    let mut mistakes = Vec::new();
    for (file, text) in rust_files("src") {
        let module: Vec<&str> =
            file.trim_start_matches("src/").trim_end_matches(".rs").split('/').filter(|s| *s != "mod").collect();
        if matches!(module[..], ["lib" | "main"]) {
            continue;
        }
        if !floors.contains_key(module[0]) {
            mistakes.push(format!("{file}: `{}` stands on no floor of the table in src/lib.rs", module[0]));
            continue;
        }
        for Import { path, offset } in imports(&only_code(&text), module.len()) {
            if let [first, to, ..] = &path[..]
                && first == "crate"
            {
                mistakes.extend(
                    climbs(&floors, module[0], to).map(|why| format!("{file}:{}: {why}", line_of(&text, offset))),
                );
            }
        }
    }
    none(mistakes);
}

#[test]
fn the_modules_are_those_of_the_table_in_reading_order() {
    let floors = floors();
    let text = read("src/lib.rs");
    let declared: Vec<String> = Regex::new(r"(?m)^pub mod (\w+);")
        .expect("the pattern is a regex")
        .captures_iter(&text)
        .map(|m| m[1].to_string())
        .collect();
    let set: BTreeSet<&String> = declared.iter().collect();
    assert_eq!(set, floors.keys().collect::<BTreeSet<_>>(), "src/lib.rs declares other modules than its table names");
    let order: Vec<usize> = declared.iter().map(|module| floors[module].0).collect();
    assert!(order.is_sorted(), "src/lib.rs: the modules stand in reading order, lower floors first: {declared:?}");
}

#[test]
fn the_floor_rule_refuses_what_climbs() {
    let floors = floors();
    let refused = |from, to| climbs(&floors, from, to).is_some();
    assert!(refused("text", "diagnostic") && refused("syntax", "template") && refused("resolve", "check"));
    assert!(refused("emit", "inspect") && refused("plan", "no_such_module") && refused("plan", "*"));
    assert!(
        !refused("check", "resolve") && !refused("eval", "resolve") && !refused("cli", "text") && !refused("ty", "ty")
    );
}

#[test]
fn only_the_owners_reach_outside() {
    let doors: Vec<(Regex, &[&str], &str)> = DOORS
        .iter()
        .map(|(p, owners, instead)| (Regex::new(p).expect("a door is a regex"), *owners, *instead))
        .collect();
    let mut mistakes = Vec::new();
    for (file, text) in rust_files("src") {
        let code = only_code(&text);
        let owned = |owners: &[&str]| owners.iter().any(|module| belongs(&file, module));
        for (door, owners, instead) in &doors {
            if !owned(owners) {
                mistakes.extend(door.find_iter(&code).map(|m| {
                    format!(
                        "{file}:{}: `{}` outside {}: {instead}",
                        line_of(&code, m.start()),
                        m.as_str(),
                        owners.join(", ")
                    )
                }));
            }
        }
        for Import { path, offset } in imports(&code, usize::MAX) {
            for (door, owners, instead) in STD_DOORS {
                if path[0] == "std"
                    && path[1..].iter().zip(*door).filter(|(a, b)| a == *b).count() == door.len()
                    && !owned(owners)
                {
                    let line = line_of(&code, offset);
                    mistakes.push(format!(
                        "{file}:{line}: `{}` outside {}: {instead}",
                        path.join("::"),
                        owners.join(", ")
                    ));
                }
            }
        }
    }
    none(mistakes);
}

#[test]
fn every_file_says_what_it_is_for_and_fits_in_the_head() {
    let mut mistakes = Vec::new();
    for (file, text) in rust_files("src").into_iter().chain(rust_files("tests")) {
        if !text.starts_with("//!") {
            mistakes.push(format!("{file}:1: begins without `//!`: purpose, what it must not know, neighbours"));
        }
        let lines = text.lines().count();
        if lines > LINES {
            mistakes.push(format!("{file}: {lines} lines, {LINES} are the ceiling: split it by idea"));
        }
    }
    none(mistakes);
}

#[test]
fn no_marks_of_unfinished_work() {
    // In two halves, so that the test does not find itself.
    let words = [("TO", "DO"), ("FIX", "ME"), ("X", "XX")].map(|(a, b)| format!("{a}{b}")).join("|");
    let macros = [("to", "do"), ("unimple", "mented"), ("d", "bg")].map(|(a, b)| format!("{a}{b}")).join("|");
    let mark = Regex::new(&format!(r"\b(?:{words})\b|\b(?:{macros})!")).expect("the marks are a regex");
    let ours = |name: &str| [".rs", ".pest", ".bake", ".toml", ".md"].iter().any(|ending| name.ends_with(ending));
    let all = [files("src", ours), files("tests", ours), files("grammar", |_| true)].concat();
    none(
        all.iter()
            .flat_map(|(file, text)| {
                mark.find_iter(text)
                    .map(move |m| format!("{file}:{}: `{}`: finish it", line_of(text, m.start()), m.as_str()))
            })
            .collect(),
    );
}

#[test]
fn the_top_level_is_fixed() {
    let git = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    let tracked = git.ok().filter(|out| out.status.success() && !out.stdout.is_empty());
    let names: BTreeSet<String> = match tracked {
        Some(out) => String::from_utf8_lossy(&out.stdout)
            .split('\0')
            .filter_map(|path| path.split('/').next())
            .filter(|name| !name.is_empty())
            .map(str::to_string)
            .collect(),
        // A copy without its history: everything but what cargo makes.
        None => fs::read_dir(root())
            .expect("the repository can be listed")
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name != "target")
            .collect(),
    };
    assert!(names.contains("src"), "the list of files lacks `src`: the test looks in the wrong place");
    none(
        names
            .into_iter()
            .filter(|name| !name.starts_with('.') && !TOP.contains(&name.as_str()))
            .map(|name| format!("`{name}` at the top level; the top level is {} and dot files", TOP.join(" ")))
            .collect(),
    );
}
