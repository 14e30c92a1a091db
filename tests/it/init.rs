//! `bakec init`: what it makes is right, for bakec and for Packer, and nothing that exists is touched.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::run::{self, Ran, packer};

const TEMPLATES: [(&str, usize); 3] = [("matrix", 3), ("ebs", 1), ("local", 3)];

fn bakec(folder: &Path, arguments: &[&str]) -> Ran {
    run::bakec(folder, arguments, "")
}

#[track_caller]
fn went_well(output: &Output) -> String {
    let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn what_it_makes_is_right() {
    for (template, builds) in TEMPLATES {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let said = bakec(folder.path(), &["init", "images", "--template", template]).done();
        assert!(said.starts_with("created images/main.bake\n"), "{said}");
        assert!(said.contains("\nNext:\n  cd images\n  bakec check "), "{said}");
        let made = folder.path().join("images");
        bakec(&made, &["fmt", "--check", "--diff"]).done();
        let words = format!("main.bake: {builds} build{}\n", if builds == 1 { "" } else { "s" });
        assert_eq!(bakec(&made, &["check"]).done(), words, "{template}");
        assert_eq!(bakec(&made, &["compile", "-o", "plan.json"]).done(), words.replace("main.bake", "plan.json"));
        let plan = fs::read_to_string(made.join("plan.json")).expect("the plan");
        let plan: Value = serde_json::from_str(&plan).expect("JSON");
        assert_eq!(plan["builders"].as_array().map(Vec::len), Some(builds));
        let ignored = fs::read_to_string(made.join(".gitignore")).expect("the list of what git ignores");
        assert!(ignored.contains("/plan.json\n"), "{ignored}");
        match packer(&made, &["validate", "plan.json"]) {
            Some(output) => drop(went_well(&output)),
            None => println!("no `packer` here: the plan was not shown to it"),
        }
        if template == "local"
            && let Some(output) = packer(&made, &["build", "-color=false", "-var", "name=Ada", "plan.json"])
        {
            let said = went_well(&output);
            assert_eq!(said.matches("Good morning, Ada, from the kitchen").count(), 2, "{said}");
            assert_eq!(said.matches("once more, with feeling").count(), 1, "{said}");
        }
    }
}

#[test]
fn nothing_that_exists_is_written_over() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("scripts")).expect("a folder");
    fs::write(folder.path().join("scripts/setup.sh"), "mine").expect("a file");
    let ran = bakec(folder.path(), &["init"]);
    assert_eq!(ran.code, 2);
    assert!(ran.errors.starts_with("error: `scripts/setup.sh` exists already\n"), "{}", ran.errors);
    assert!(!folder.path().join("main.bake").exists(), "half a program was written");
    assert_eq!(fs::read_to_string(folder.path().join("scripts/setup.sh")).expect("the file"), "mine");

    fs::remove_file(folder.path().join("scripts/setup.sh")).expect("the file can be removed");
    fs::write(folder.path().join(".gitignore"), "mine").expect("a file");
    let said = bakec(folder.path(), &["init"]).done();
    assert!(!said.contains(".gitignore") && !said.contains("cd "), "{said}");
    assert_eq!(fs::read_to_string(folder.path().join(".gitignore")).expect("the file"), "mine");
    assert_eq!(bakec(folder.path(), &["init"]).code, 2);
}
