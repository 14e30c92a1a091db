//! Templates of Packer's become programs that mean the same, and that people would have written.
//!
//! `tests/corpus/import/<case>/` holds a template, what `packer fix` makes of it (`fixed.json`, kept right by the peer test), the
//! program (`program.bake`) and what is told of it (`told.txt`). `UPDATE=1` rewrites the last two.

use std::collections::BTreeSet;

use bakec::compile::{FactsChoice, Options, compile};
use bakec::diagnostic::Severity;
use bakec::diagnostic::render::{Format, Style, render};
use bakec::emit::{Emit, packer_json};
use bakec::import::{Imported, Places, import};
use bakec::load::Memory;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::meaning::{differences, differences_beside};
use crate::run::bakec;
use crate::support::{expect, files_below, none, read, root};

const FOLDER: &str = "tests/corpus/import";

fn cases() -> BTreeSet<String> {
    let files = files_below(FOLDER);
    files.iter().filter_map(|file| Some(file.split_once('/')?.0.to_string())).collect()
}

/// The files of a case as a world.
fn world(case: &str) -> Memory {
    let mut world = Memory::default();
    let folder = format!("{FOLDER}/{case}");
    for file in files_below(&folder) {
        let text = read(&format!("{folder}/{file}"));
        world.files.insert(file, text);
    }
    world
}

pub(crate) fn imported(world: &Memory) -> Imported {
    import(world, Places { template: "template.json", program: "program.bake" }, &world.files["template.json"])
}

/// The plan of a program, as JSON.
fn plan(world: &Memory, text: &str) -> Result<Value, String> {
    Ok(plan_and_params(world, text)?.0)
}

/// The same, with the names of the program's params.
pub(crate) fn plan_and_params(world: &Memory, text: &str) -> Result<(Value, Vec<String>), String> {
    let mut world = world.clone();
    world.files.insert("program.bake".into(), text.to_string());
    let options = Options { facts: FactsChoice::None, ..Options::default() };
    let compiled = compile(&world, "program.bake", &options);
    let said = || {
        let errors = compiled.diagnostics.iter().filter(|d| d.severity == Severity::Error);
        errors.map(|d| d.message.clone()).collect::<Vec<_>>().join("\n")
    };
    let Some(plan) = &compiled.plan else { return Err(said()) };
    let emitted = packer_json(plan, &compiled.kinds, &Emit { bare: true, ..Emit::default() });
    let params = compiled.params.iter().map(|(name, _)| name.to_string()).collect();
    Ok((serde_json::from_str(&emitted.text()).expect("a plan is JSON"), params))
}

#[test]
fn every_template_becomes_the_program_of_its_fixture() {
    const STYLE: Style = Style { colour: false, unicode: true, links: false, width: 100 };
    let mut mistakes = Vec::new();
    for case in cases() {
        let world = world(&case);
        let imported = imported(&world);
        let told = render(&imported.diagnostics, &imported.sources, &Format::Human(STYLE));
        mistakes.extend(expect(&format!("{FOLDER}/{case}/told.txt"), &told).err());
        match imported.program {
            Some(made) => {
                mistakes.extend(expect(&format!("{FOLDER}/{case}/program.bake"), &made.text).err());
                if bakec::format::format("program.bake", &made.text).ok().as_ref() != Some(&made.text) {
                    mistakes.push(format!("{case}: the program is not formatted"));
                }
            }
            None => mistakes.push(format!("{case}: no program:\n{told}")),
        }
    }
    none(mistakes);
}

#[test]
fn every_program_means_what_packer_fix_makes_of_its_template() {
    let mut mistakes = Vec::new();
    let cases = cases();
    for case in &cases {
        let world = world(case);
        let fixed: Value =
            serde_json::from_str(&read(&format!("{FOLDER}/{case}/fixed.json"))).expect("`packer fix` prints JSON");
        let Some(made) = imported(&world).program else { continue };
        match plan_and_params(&world, &made.text) {
            Ok((plan, params)) => {
                let told = read(&format!("{FOLDER}/{case}/different.txt"));
                let found = differences_beside(&fixed, &plan, &params);
                let found: String = found.into_iter().map(|line| line + "\n").collect();
                if told != found {
                    mistakes.extend(expect(&format!("{FOLDER}/{case}/different.txt"), &found).err());
                }
            }
            Err(said) => mistakes.push(format!("{case}: the program does not compile:\n{said}")),
        }
    }
    none(mistakes);
    assert!(cases.len() >= 8, "only {} templates", cases.len());
}

/// Where nothing is told as lost, nothing is different.
#[test]
fn what_is_different_has_been_told() {
    for case in cases() {
        let different = read(&format!("{FOLDER}/{case}/different.txt"));
        let told = read(&format!("{FOLDER}/{case}/told.txt"));
        assert!(different.is_empty() || told.contains("bake::import::lost"), "{case}: {different}");
    }
}

#[test]
fn many_builders_become_one_image_of_few_lines() {
    let forty = read(&format!("{FOLDER}/forty/program.bake"));
    assert!(forty.lines().count() <= 120, "{} lines", forty.lines().count());
    assert_eq!(forty.matches("builder amazon-instance").count(), 1);
    // The plan of the official images, as if people had written its 32 builders.
    let official = bakec(&root().join("examples"), &["compile", "--bare", "official.bake"], "");
    assert_eq!(official.code, 0, "{}", official.errors);
    let mut world = Memory::default();
    world.files.insert("template.json".into(), official.out.clone());
    let imported = imported(&world);
    let made = imported.program.expect("a plan is a template");
    assert!(made.text.lines().count() <= 120, "{}", made.text);
    assert_eq!((made.tally.builders, made.tally.axes, made.tally.lost), (32, 3, 0), "{}", made.text);
    world.files.insert("scripts/comboami.sh".into(), String::new());
    let before: Value = serde_json::from_str(&official.out).expect("a plan is JSON");
    none(differences(&before, &plan(&world, &made.text).expect("it compiles")));
}

#[test]
fn the_command_writes_whole_files_and_none_over_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let template = r#"{ "builders": [{ "type": "null", "communicator": "none" }] }"#;
    std::fs::write(folder.path().join("web.json"), template).expect("a template");
    let shown = bakec(folder.path(), &["import", "web.json"], "");
    assert_eq!((shown.code, shown.out.contains("image web")), (0, true), "{}", shown.errors);
    let piped = bakec(folder.path(), &["import", "-"], template);
    assert_eq!((piped.code, piped.out.contains("image image")), (0, true), "{}", piped.errors);
    let written = bakec(folder.path(), &["import", "web.json", "-o", "web.bake"], "");
    assert_eq!((written.code, written.out.as_str()), (0, ""), "{}", written.errors);
    assert!(written.errors.contains("1 build became 1 image"), "{}", written.errors);
    assert_eq!(bakec(folder.path(), &["check", "web.bake"], "").code, 0);
    let again = bakec(folder.path(), &["import", "web.json", "-o", "web.bake"], "");
    assert_eq!(again.code, 2);
    assert!(again.errors.contains("exists already"), "{}", again.errors);
    assert_eq!(bakec(folder.path(), &["import", "web.json", "-o", "web.bake", "--force"], "").code, 0);
    let own = bakec(folder.path(), &["import", "web.json", "-o", "web.json", "--force"], "");
    assert_eq!(own.code, 2, "{}", own.errors);
    assert_eq!(std::fs::read_to_string(folder.path().join("web.json")).ok().as_deref(), Some(template));
    // What the template has wrong the program has, too: it is written, and nobody takes it for done.
    let wrong = r#"{ "builders": [{ "type": "amazon-ebs", "region": "us-esat-1", "source_ami": "ami-0a0b0c0d",
        "instance_type": "t3.micro", "ssh_username": "u", "ami_name": "abc" }] }"#;
    let mistaken = bakec(folder.path(), &["import", "-", "-o", "wrong.bake"], wrong);
    assert_eq!(mistaken.code, 2, "{}", mistaken.errors);
    for said in ["there is no region `us-esat-1`", "wrong.bake:", "the template has a mistake, shown above"] {
        assert!(mistaken.errors.contains(said), "{said}: {}", mistaken.errors);
    }
    assert_eq!(bakec(folder.path(), &["check", "wrong.bake"], "").code, 2);
    let shown = bakec(folder.path(), &["import", "-"], wrong);
    assert_eq!((shown.code, shown.out.contains("us-esat-1")), (2, true), "{}", shown.errors);
    std::fs::write(folder.path().join("wrong.json"), wrong).expect("a template");
    let begun = bakec(folder.path(), &["init", "--from", "wrong.json", "wrong"], "");
    assert_eq!((begun.code, folder.path().join("wrong/main.bake").exists()), (2, true), "{}", begun.errors);
    for broken in ["", "{", "[]", r#"{ "builders": 1 }"#, r#"{ "builders": [{}] }"#] {
        let refused = bakec(folder.path(), &["import", "-", "-o", "none.bake"], broken);
        assert_eq!(
            (refused.code, folder.path().join("none.bake").exists()),
            (2, false),
            "{broken}: {}",
            refused.errors
        );
    }
    let begun = bakec(folder.path(), &["init", "--from", "web.json", "images"], "");
    assert_eq!(begun.code, 0, "{}", begun.errors);
    assert_eq!(bakec(&folder.path().join("images"), &["check"], "").code, 0);
    assert!(!begun.errors.contains("panicked"));
}

/// Builders of one kind that differ in some options, with steps for some of them.
fn templates() -> impl Strategy<Value = Value> {
    let word =
        prop_oneof![Just("a"), Just("b"), Just("us-east-1"), Just("x y"), Just("{{user `v`}}"), Just("'\"\\${q}")];
    let option = prop_oneof![
        word.clone().prop_map(Value::from),
        Just(json!("true")),
        (0..3_u8).prop_map(Value::from),
        Just(Value::Null)
    ];
    let builder = (proptest::collection::vec(option, 4), 0..3_usize);
    let step = (word, proptest::collection::vec(0..6_usize, 0..4), any::<bool>(), 0..6_usize);
    let names = (proptest::collection::btree_set((0..3_usize, 0..3_usize), 1..6), any::<bool>());
    (names, proptest::collection::vec(builder, 6), proptest::collection::vec(step, 0..4)).prop_map(|((names, flat), builders, steps)| {
        let called = |(a, b): &(usize, usize)| {
            let (a, b) = (["us-east-1", "eu-west-1", "sa-east-1"][*a], ["pv", "hvm", "x"][*b]);
            if flat { format!("n{}{b}", a.len()) + a } else { format!("{a}-{b}") }
        };
        let names: Vec<String> = names.iter().map(called).collect();
        let builder = |(name, (values, extra)): (&String, &(Vec<Value>, usize))| {
            let mut builder = json!({
                "name": name, "type": "null", "communicator": "none",
                "ssh_host": values[0], "ssh_username": values[1], "winrm_host": format!("h {name} {}", values[3]),
                "ssh_ciphers": [values[2].as_str().unwrap_or("c"), "d"],
            });
            if *extra == 1 {
                builder["ssh_pty"] = "true".into();
            }
            if *extra == 2 {
                builder["ssh_port"] = "2222".into();
            }
            builder
        };
        let builders: Vec<Value> = names.iter().zip(&builders).map(builder).collect();
        let step = |(word, some, only, other): &(&str, Vec<usize>, bool, usize)| {
            let named: Vec<&String> = some.iter().filter_map(|at| names.get(*at)).collect();
            let mut step = json!({ "type": "shell-local", "inline": [word], "environment_vars": [format!("A={word}")] });
            if !named.is_empty() {
                step[if *only { "only" } else { "except" }] = json!(named);
            }
            if let Some(name) = names.get(*other) {
                step["override"] = json!({ name.as_str(): { "inline": ["other"] } });
            }
            step
        };
        let steps: Vec<Value> = steps.iter().map(step).collect();
        json!({ "variables": { "v": "1" }, "builders": builders, "provisioners": steps, "post-processors": [steps.clone()] })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_template_means_the_same_as_a_program(template in templates()) {
        let mut world = Memory::default();
        world.files.insert("template.json".into(), template.to_string());
        let imported = imported(&world);
        let errors = imported.diagnostics.iter().any(|d| d.severity == Severity::Error);
        prop_assert!(!errors);
        let Some(made) = imported.program else { return Err(TestCaseError::fail("no program")) };
        let plan = plan(&world, &made.text).map_err(|said| TestCaseError::fail(format!("{said}\n{}", made.text)))?;
        let found = differences(&template, &plan);
        prop_assert!(found.is_empty(), "{found:?}\n{}", made.text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in r#"[\[\]{}:,"a-z/*# \n\\$']{0,80}"#, cut in 0..2000_usize, with in ".{0,3}") {
        let whole = read(&format!("{FOLDER}/one/template.json"));
        let at = (0..=cut.min(whole.len())).rev().find(|at| whole.is_char_boundary(*at)).unwrap_or(0);
        let damaged = format!("{}{with}{}", &whole[..at], &whole[at..].chars().skip(2).collect::<String>());
        for text in [text, damaged] {
            let mut world = Memory::default();
            world.files.insert("template.json".into(), text);
            let imported = imported(&world);
            let errors = imported.diagnostics.iter().any(|d| d.severity == Severity::Error);
            let mistakes = imported.program.as_ref().is_none_or(|made| made.tally.mistakes > 0);
            prop_assert!(mistakes == errors);
        }
    }
}
