//! What Packer 1.6.6 says of the templates that are imported, JSON and HCL2: what `packer fix` makes of them, and that it validates the
//! plans of their programs where it validates them.
//!
//! It runs only with `BAKEC_PEER=1`, and starts the two programs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bakec::json::parse;
use bakec::text::FileId;
use serde_json::Value;

use crate::peer::{packer, run, said, wanted};
use crate::support::{expect, files_below, none, read, root, updating};

const FOLDER: &str = "tests/corpus/import";
const HCL: &str = "tests/corpus/import-hcl";

fn cases() -> Vec<String> {
    let files = files_below(FOLDER);
    files.iter().filter_map(|file| Some(file.strip_suffix("/template.json")?.to_string())).collect()
}

/// The template as Packer reads it, without comments.
fn plain(case: &str) -> Value {
    let text = read(&format!("{FOLDER}/{case}/template.json"));
    parse(FileId(0), &text).value.expect("a template has a value").plain()
}

#[test]
fn fixed_templates_are_what_packer_fix_prints() {
    if !wanted("fixed_templates_are_what_packer_fix_prints") {
        return;
    }
    let mut mistakes = Vec::new();
    for case in cases() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("template.json");
        fs::write(&path, plain(&case).to_string()).expect("a template");
        let output = run(packer().args(["fix", "-validate=false"]).arg(&path));
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let fixed: Value = serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{case}: {e}: {}", said(&output)));
        let path = format!("{FOLDER}/{case}/fixed.json");
        let held = fs::read_to_string(root().join(&path)).ok();
        if updating() || held.and_then(|h| serde_json::from_str::<Value>(&h).ok()) != Some(fixed) {
            mistakes.extend(expect(&path, &printed).err());
        }
    }
    none(mistakes);
}

#[test]
fn packer_validates_the_plans_of_what_it_validates() {
    if !wanted("packer_validates_the_plans_of_what_it_validates") {
        return;
    }
    let (mut mistakes, mut validated) = (Vec::new(), 0);
    for case in cases() {
        let own = root().join(FOLDER).join(&case);
        let folder = tempfile::tempdir().expect("a folder");
        for file in files_below(&format!("{FOLDER}/{case}")) {
            let to = folder.path().join(&file);
            fs::create_dir_all(to.parent().expect("it lies in a folder")).expect("a folder");
            fs::copy(own.join(&file), to).expect("a copy");
        }
        let plan = crate::run::bakec(folder.path(), &["compile", "--bare", "program.bake"], "");
        if plan.code != 0 {
            // What it has to say is the matter of other tests.
            continue;
        }
        fs::write(folder.path().join("plan.json"), &plan.out).expect("a plan");
        let (before, after) = (valid(folder.path(), "fixed.json"), valid(folder.path(), "plan.json"));
        validated += usize::from(before.is_ok());
        if let (Ok(()), Err(said)) = (before, after) {
            mistakes.push(format!("{case}: {said}"));
        }
    }
    none(mistakes);
    assert!(validated > 3, "Packer validates {validated} of the templates");
}

#[test]
fn packer_validates_the_plans_of_the_hcl_that_it_validates() {
    if !wanted("packer_validates_the_plans_of_the_hcl_that_it_validates") {
        return;
    }
    let (mut mistakes, mut validated) = (Vec::new(), 0);
    let files = files_below(HCL);
    let cases: BTreeSet<&str> = files.iter().filter_map(|file| Some(file.split_once('/')?.0)).collect();
    for case in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let own: Vec<&str> = files.iter().filter_map(|f| f.strip_prefix(case)?.strip_prefix('/')).collect();
        for file in &own {
            let to = folder.path().join(file);
            fs::create_dir_all(to.parent().expect("it lies in a folder")).expect("a folder");
            fs::copy(root().join(HCL).join(case).join(file), to).expect("a copy");
        }
        let templates: Vec<&&str> =
            own.iter().filter(|f| f.ends_with(".pkr.hcl") || f.ends_with(".pkr.json")).collect();
        let template = if let [only] = templates[..] { *only } else { "." };
        let before = run(packer().arg("validate").arg(template).current_dir(folder.path()));
        if !before.status.success() {
            // It is of a later Packer.
            continue;
        }
        let plan = crate::run::bakec(folder.path(), &["compile", "--bare", "program.bake"], "");
        if plan.code != 0 {
            mistakes.push(format!("{case}: {}", plan.errors));
            continue;
        }
        validated += 1;
        fs::write(folder.path().join("plan.json"), &plan.out).expect("a plan");
        mistakes.extend(valid(folder.path(), "plan.json").err().map(|said| format!("{case}: {said}")));
    }
    none(mistakes);
    assert!(validated >= 2, "Packer validates {validated} of the templates");
}

/// Whether Packer validates a template when all that it demands is given.
fn valid(folder: &Path, file: &str) -> Result<(), String> {
    let text = fs::read_to_string(folder.join(file)).expect("a template");
    let template: Value = serde_json::from_str(&text).expect("a template is JSON");
    let mut command = packer();
    command.arg("validate").current_dir(folder);
    for (name, default) in template["variables"].as_object().into_iter().flatten() {
        if default.is_null() || default == "" {
            command.arg("-var").arg(format!("{name}=123456789012"));
        }
    }
    let output = run(command.arg(file));
    if output.status.success() { Ok(()) } else { Err(said(&output)) }
}
