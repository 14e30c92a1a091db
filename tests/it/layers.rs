//! Layers: what each stage of a plan holds, how its files are named, and how AMIs get from one stage to the next.
//!
//! `tests/corpus/layers/<case>.bake` has `<case>.1.json`, `<case>.2.json` … beside it; `UPDATE=1` rewrites them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::run;
use crate::support::{Block, blocks, expect, files_below, none, read, root};

const CASES: &str = "tests/corpus/layers";

/// Exit code, standard output and standard error.
fn bakec(arguments: &[&str]) -> (i32, String, String) {
    let ran = run::bakec(&root(), arguments, "");
    (ran.code, ran.out, ran.errors)
}

fn case(name: &str) -> String {
    format!("{CASES}/{name}.bake")
}

/// The stages of a case in a folder: their files in order.
fn staged(case: &str, arguments: &[&str], folder: &Path) -> Vec<String> {
    let output = format!("{}/", folder.display());
    let arguments = [&["compile", case, "--stage", "all", "-o", &output], arguments].concat();
    let (code, _, errors) = bakec(&arguments);
    assert_eq!(code, 0, "{case}: {errors}");
    assert!(!errors.contains("bake::emit::edges"), "{case}: {errors}");
    let mut files: Vec<String> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("the folder can be read").file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    files
}

fn names(plan: &Value) -> Vec<&str> {
    plan["builders"].as_array().into_iter().flatten().filter_map(|b| b["name"].as_str()).collect()
}

#[test]
fn every_stage_is_as_its_fixture_says() {
    let files = files_below(CASES);
    let mut wanted = Vec::new();
    let mut mistakes = Vec::new();
    let cases: Vec<&str> = files.iter().filter_map(|file| file.strip_suffix(".bake")).collect();
    assert!(cases.len() >= 3, "only {} cases", cases.len());
    for name in cases {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for file in staged(&case(name), &["--bare"], folder.path()) {
            let text = fs::read_to_string(folder.path().join(&file)).expect("bakec wrote it");
            mistakes.extend(expect(&format!("{CASES}/{file}"), &text).err());
            wanted.push(file);
        }
    }
    let orphan = |file: &&String| !file.ends_with(".bake") && !wanted.contains(file);
    mistakes.extend(files.iter().filter(orphan).map(|file| format!("{CASES}/{file} belongs to no stage")));
    none(mistakes);
}

#[test]
fn stages_hold_every_build_once_and_what_they_need() {
    for (name, stages) in [("two", 2), ("three", 3), ("diamond", 3)] {
        let (_, whole, _) = bakec(&["compile", "--bare", "-q", &case(name)]);
        let whole: Value = serde_json::from_str(&whole).expect("a plan is JSON");
        let mut found: Vec<String> = Vec::new();
        for stage in 1..=stages {
            let (code, text, errors) = bakec(&["compile", "--bare", &case(name), "--stage", &stage.to_string()]);
            assert!(code == 0 && errors.contains(&format!("stage {stage} of {stages}: ")), "{name}: {errors}");
            let plan: Value = serde_json::from_str(&text).expect("a stage is JSON");
            found.extend(names(&plan).iter().map(|n| (*n).to_owned()));
            let variables = plan["variables"].as_object().cloned().unwrap_or_default();
            for variable in variables.keys() {
                assert!(
                    text.contains(&format!("{{{{user `{variable}`}}}}")),
                    "{name} {stage}: nothing needs {variable}"
                );
                assert!(whole["variables"].get(variable).is_some(), "{name} {stage}: {variable} is new");
            }
            for used in text.split("{{user `").skip(1).filter_map(|rest| rest.split('`').next()) {
                assert!(variables.contains_key(used), "{name} {stage}: {used} is not declared");
            }
        }
        let mut wanted = names(&whole);
        wanted.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, wanted, "{name}");
    }
}

#[test]
fn files_are_named_by_the_output_and_the_stage() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = |name: &str| format!("{}/{name}", folder.path().display());
    let write = |output: &str, more: &[&str]| {
        let (code, _, errors) =
            bakec(&[&["compile", "-q", &case("two"), "--stage", "all", "-o", &path(output)], more].concat());
        assert_eq!(code, 0, "{errors}");
    };
    write("plan.json", &[]);
    write("a.plan", &[]);
    write("bare", &[]);
    write("plan.pkr.hcl", &["--target", "packer-hcl"]);
    write("new/folder/", &["--target", "packer-hcl"]);
    for file in
        ["plan.1.json", "plan.2.json", "a.1.plan", "bare/two.2.json", "plan.1.pkr.hcl", "new/folder/two.2.pkr.hcl"]
    {
        assert!(folder.path().join(file).is_file(), "{file} is missing");
    }
    let (code, _, errors) = bakec(&["compile", &case("two"), "--stage", "2", "-o", &path("one.json")]);
    assert!(code == 0 && errors.contains("2 builds, needs `ami_base`, `ami_base_in_eu_west_1`"), "{errors}");
    assert!(folder.path().join("one.json").is_file());
    fs::write(folder.path().join("plan.3.json"), "{}").expect("a file can be written");
    let (_, _, errors) = bakec(&["compile", &case("two"), "--stage", "all", "-o", &path("plan.json")]);
    assert!(errors.contains("plan.3.json` is older: there are only 2 stages"), "{errors}");
}

#[test]
fn a_stage_that_is_not_there_is_named() {
    let said = |arguments: &[&str]| {
        let (code, out, errors) = bakec(&[&["compile"], arguments].concat());
        assert!(code == 2 && out.is_empty(), "{arguments:?}: {out}{errors}");
        errors
    };
    assert!(said(&[&case("two"), "--stage", "3"]).contains("there is no stage 3: the plan has 2 stages"));
    assert!(said(&["tests/corpus/plan/one.bake", "--stage", "2"]).contains("there is one stage"));
    assert!(said(&[&case("two"), "--stage", "all"]).contains("plan.1.json, plan.2.json"));
    assert!(said(&[&case("two"), "--stage", "0"]).contains("a number from 1 upwards, or `all`"));
    assert!(said(&[&case("two"), "--stage", "1", "--only", "web-*"]).contains("no build of stage 1 is selected"));
    let (code, text, _) = bakec(&["compile", "--bare", "tests/corpus/plan/one.bake", "--stage", "1"]);
    assert_eq!((code, text), (0, bakec(&["compile", "--bare", "tests/corpus/plan/one.bake"]).1));
}

#[test]
fn a_selected_build_keeps_its_stage_and_its_variable() {
    let (code, text, errors) = bakec(&["compile", "--bare", &case("diamond"), "--stage", "3", "--only", "whole"]);
    assert_eq!(code, 0, "{errors}");
    let plan: Value = serde_json::from_str(&text).expect("a stage is JSON");
    assert_eq!(
        (names(&plan), &plan["variables"]),
        (vec!["whole"], &json!({ "ami_part_1_left": null, "ami_part_1_right": null }))
    );
    let (_, unstaged, _) = bakec(&["compile", "--bare", "-q", &case("diamond"), "--only", "whole"]);
    let unstaged: Value = serde_json::from_str(&unstaged).expect("a plan is JSON");
    assert_eq!(unstaged["variables"], plan["variables"]);
    let (_, list, _) = bakec(&["list", "--json", &case("diamond"), "--only", "whole"]);
    let list: Value = serde_json::from_str(&list).expect("a list is JSON");
    assert_eq!(list[0]["stage"], 3);
    let (_, table, _) = bakec(&["list", &case("diamond")]);
    assert!(table.contains("stage") && !bakec(&["list", "tests/corpus/plan/one.bake"]).1.contains("stage"), "{table}");
}

/// The line with `jq` in the book.
fn line_of_the_book() -> String {
    let found: Vec<Block> = blocks(&read("book/src/layers.md"));
    let lines = found.iter().filter(|block| block.language == "sh").flat_map(|block| block.text.lines());
    lines.filter(|line| line.starts_with("jq ")).map(str::to_owned).next().expect("the book shows how to use jq")
}

#[test]
fn the_line_of_the_book_makes_a_var_file_of_a_manifest() {
    let there = Command::new("jq").arg("--version").stdout(Stdio::null()).status().is_ok_and(|s| s.success());
    if !there {
        println!("no `jq` here: the line of the book was not run");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (_, text, _) = bakec(&["compile", "--bare", "-q", &case("two"), "--stage", "1"]);
    let plan: Value = serde_json::from_str(&text).expect("a stage is JSON");
    let custom = plan["post-processors"][0]["custom_data"].clone();
    let build = |artifact: &str| json!({ "name": "base", "artifact_id": artifact, "custom_data": custom });
    let manifest =
        json!({ "builds": [build("eu-west-1:ami-old,us-east-1:ami-older"), build("eu-west-1:ami-b,us-east-1:ami-a")] });
    fs::write(folder.path().join("application.1.amis.json"), manifest.to_string()).expect("a file can be written");
    let ran =
        Command::new("sh").arg("-c").arg(line_of_the_book()).current_dir(folder.path()).status().expect("a shell");
    assert!(ran.success(), "{}", line_of_the_book());
    let values = fs::read_to_string(folder.path().join("ami.json")).expect("jq wrote it");
    let values: Value = serde_json::from_str(&values).expect("a var-file is JSON");
    assert_eq!(values, json!({ "ami_base": "ami-a", "ami_base_in_eu_west_1": "ami-b" }));
}
