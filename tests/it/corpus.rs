//! The fixtures of the language: programs as files, what the compiler says or makes of them beside each. `UPDATE=1` rewrites it.
//!
//! `tests/corpus/diagnostics/<slug>/<case>.bake` is a program with the mistake of the code; `<case>.txt` is what people see.
//! `tests/corpus/plan/<case>.bake` is a right program; `<case>.json` is its plan. Files that end in `.inc.bake` are imported
//! by the cases of their folder. A case may begin with lines `//@ set: name=value`, `//@ only: pattern`, `//@ env: NAME=value` or
//! `//@ target: packer-hcl`; `//@ template: FILE` renders its plan, `//@ diff: FILE` reads another plan to compare it with,
//! `//@ import: FILE` imports a template and shows what is said of that. A page of the book's error index shows the case `page` of its code.

use std::collections::BTreeSet;

use bakec::diagnostic::{Code, code};
use bakec::load::Memory;

use crate::program::{Program, compile};
use crate::support::{
    Block, beside, blocks, expect, files_below, none, pages_are_mine, prose, read, updating, with_blocks,
};

const DIAGNOSTICS: &str = "tests/corpus/diagnostics";
const PLANS: &str = "tests/corpus/plan";
const PAGES: &str = "book/src/errors";

/// The codes of the compiler; those of runs are no matter of programs alone.
fn codes() -> Vec<Code> {
    code::ALL.iter().map(|(code, _)| *code).filter(|code| code.area() != "run").collect()
}

/// The cases of a folder, without `.bake`; anything else that is neither expected text nor support is an orphan.
fn cases(folder: &str, ending: &str) -> Vec<String> {
    let files = files_below(folder);
    let cases: Vec<String> = files
        .iter()
        .filter_map(|file| file.strip_suffix(".bake"))
        .filter(|case| !case.ends_with(".inc"))
        .map(str::to_string)
        .collect();
    let known: BTreeSet<&String> = cases.iter().collect();
    none(
        files
            .iter()
            .filter_map(|file| Some((file, file.strip_suffix(ending)?.to_string())))
            .filter(|(_, case)| !known.contains(case))
            .map(|(file, case)| format!("{folder}/{file} is an orphan: there is no {case}.bake"))
            .collect(),
    );
    cases
}

/// The files of a case's folder as the world that it is compiled in.
fn world(folder: &str) -> Memory {
    let mut world = Memory::default();
    for file in files_below(folder).into_iter().filter(|file| !file.ends_with(".txt")) {
        world.files.insert(file.clone(), read(&format!("{folder}/{file}")));
    }
    world
}

#[test]
fn every_mistake_is_shown_as_its_fixture_says() {
    let cases = cases(DIAGNOSTICS, ".txt");
    let mut mistakes = Vec::new();
    for case in &cases {
        let (folder, name) = case.split_once('/').expect("a case stands in the folder of its code");
        let folder_path = format!("{DIAGNOSTICS}/{folder}");
        let program = compile(world(&folder_path), &format!("{name}.bake"));
        let shown = program.shown();
        let expected = codes().into_iter().find(|code| code.slug() == folder);
        match expected {
            Some(code) if program.codes().contains(&code) => {}
            Some(code) => mistakes.push(format!("{DIAGNOSTICS}/{case}.bake does not show `{code}`:\n{shown}")),
            None => mistakes.push(format!("{DIAGNOSTICS}/{folder} is the slug of no code")),
        }
        mistakes.extend(expect(&format!("{DIAGNOSTICS}/{case}.txt"), &shown).err());
    }
    none(mistakes);
    assert!(cases.len() >= codes().len(), "{} cases for {} codes", cases.len(), codes().len());
}

#[test]
fn every_program_has_the_plan_that_its_fixture_says() {
    let cases = cases(PLANS, ".json");
    let mut mistakes = Vec::new();
    for case in &cases {
        let (folder, name) = case
            .rsplit_once('/')
            .map_or((PLANS.to_string(), case.as_str()), |(folder, name)| (format!("{PLANS}/{folder}"), name));
        let program = compile(world(&folder), &format!("{name}.bake"));
        match program.json() {
            Some(json) => mistakes.extend(expect(&format!("{PLANS}/{case}.json"), &json).err()),
            None => mistakes.push(format!("{PLANS}/{case}.bake has no plan:\n{}", program.shown())),
        }
    }
    none(mistakes);
    assert!(cases.len() >= 10, "only {} programs", cases.len());
}

#[test]
fn every_page_shows_its_fixture_and_a_program_that_is_right() {
    let _mine = pages_are_mine();
    let mut mistakes = Vec::new();
    for code in &codes() {
        let (folder, path) = (format!("{DIAGNOSTICS}/{}", code.slug()), format!("{PAGES}/{}.md", code.slug()));
        let page = read(&path);
        let all = blocks(&page);
        let bake: Vec<&Block> = all.iter().filter(|block| block.language == "bake").collect();
        let text = all.iter().find(|block| block.language == "text");
        let ([wrong, right], Some(text)) = (&bake[..], text) else {
            mistakes.push(format!("{path} shows a wrong program, what bakec says of it, and a right one"));
            continue;
        };
        let headings = [format!("# `{code}`"), "## What goes wrong".to_string(), "## What to write".to_string()];
        let found: Vec<&str> = prose(&page).filter(|line| line.starts_with('#')).collect();
        if found != headings {
            mistakes.push(format!("{path} has not the three parts of a page: {found:?}"));
        }
        let program = compile(world(&folder), "page.bake");
        if program.codes().iter().any(|shown| shown != code) {
            mistakes.push(format!("{path}: the wrong program shows more than one mistake:\n{}", program.shown()));
        }
        let shown = program.shown();
        let changed = with_blocks(&page, |block: &Block| match block.line {
            line if line == wrong.line => Some(read(&format!("{folder}/page.bake"))),
            line if line == text.line => Some(shown.clone()),
            line => beside(&page, line).map(|file| read(&format!("{folder}/{file}"))),
        });
        mistakes.extend(expect(&path, &changed).err());
        mistakes.extend(
            complaint(*code, &folder, right).map(|said| format!("{path}: what to write is not right:\n{said}")),
        );
    }
    none(mistakes);
}

/// What the compiler has against the right program of a page. That Packer cannot do all of it is the subject of a few only.
fn complaint(about: Code, folder: &str, right: &Block) -> Option<String> {
    let mut world = world(folder);
    world.files.insert("page.bake".to_string(), right.text.clone());
    let program: Program = compile(world, "page.bake");
    let wrong = program.codes().iter().any(|code| *code == about || !code.as_str().starts_with("bake::emit::"));
    wrong.then(|| program.shown())
}

#[test]
fn expectations_are_not_rewritten_by_accident() {
    assert!(!updating() || std::env::var_os("CI").is_none(), "UPDATE=1 has no place where tests are run for others");
}
