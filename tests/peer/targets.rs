//! Packer 1.6.6 on what bakec writes beside the whole plan as JSON: HCL, and the stages of plans with layers.
//!
//! What starts Packer runs only with `BAKEC_PEER=1`. It runs the two programs and knows no more than that.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::hcl::programs;
use crate::peer::{
    PLUGINS, assert_packer_is_the_listed_one, example_roots, key_file, packer, required, run, said, wanted,
};
use crate::support::{files_below, none, root};

/// Compiles into a file; whether there is a plan.
fn compile(arguments: &[&str]) -> Result<(), String> {
    let mut bakec = Command::new(env!("CARGO_BIN_EXE_bakec"));
    let output = run(bakec.arg("compile").arg("-q").args(arguments).current_dir(root()));
    if output.status.success() { Ok(()) } else { Err(said(&output)) }
}

/// The variables of a template that must be given, with dummies; asked of the JSON of the same program.
fn values(json: &Path, key_file: &Path) -> Map<String, Value> {
    let text = fs::read_to_string(json).unwrap_or_default();
    let plan: Value = serde_json::from_str(&text).unwrap_or_default();
    required(&plan, key_file)
}

/// Programs that this Packer does not know enough for, and why.
const BEYOND: [(&str, &str); 4] = [
    ("extern.bake", "a plugin of its own"),
    ("steps.bake", "a plugin of its own"),
    ("provisioner-chef-solo.bake", "its JSON as text"),
    ("defaults.bake", "a local that hides its value"),
];

#[test]
fn packer_accepts_all_hcl_and_would_not_format_it() {
    if !wanted("packer_accepts_all_hcl_and_would_not_format_it") {
        return;
    }
    assert_packer_is_the_listed_one();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let key = key_file(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (hcl, json) = (path("plan.pkr.hcl"), path("plan.json"));
    let (mut mistakes, mut judged, mut formatted) = (Vec::new(), 0, 0);
    let mut files = programs();
    files.retain(|file| !file.starts_with("examples/"));
    files.extend(example_roots().iter().map(|file| file.display().to_string()));
    for file in files {
        // As it is for today's Packer: its form only.
        if let Err(why) = compile(&[&file, "--target", "packer-hcl", "-o", &hcl]) {
            mistakes.push(format!("{file}: {why}"));
            continue;
        }
        let checked = run(packer().args(["fmt", "-check", "-diff", &hcl]));
        formatted += 1;
        if !checked.status.success() {
            mistakes
                .push(format!("{file}: `packer fmt` would change it:\n{}", String::from_utf8_lossy(&checked.stdout)));
        }
        let plugin = PLUGINS.iter().any(|stem| file.ends_with(&format!("{stem}.bake")));
        if plugin || BEYOND.iter().any(|(name, _)| file.ends_with(name)) {
            continue;
        }
        compile(&[&file, "--target", "packer-hcl", "--no-required-plugins", "-o", &hcl])
            .expect("it was compiled before");
        compile(&[&file, "-o", &json]).expect("it was compiled before");
        let text = fs::read_to_string(&hcl).expect("bakec wrote it");
        let newer =
            text.lines().filter_map(|line| line.trim().strip_prefix("required_version = \">= ")).any(|version| {
                let numbers: Vec<u64> =
                    version.trim_end_matches('"').split('.').map_while(|n| n.parse().ok()).collect();
                numbers > vec![1, 6, 6]
            });
        if newer || !text.contains("build {") {
            continue;
        }
        let mut given = values(Path::new(&json), &key);
        let validate = |template: &str, given: &Map<String, Value>| {
            fs::write(path("values.json"), Value::Object(given.clone()).to_string())
                .expect("the values can be written");
            let flag = format!("-var-file={}", path("values.json"));
            run(packer().arg("validate").arg(flag).arg(template).current_dir(root()))
        };
        // What this Packer does not take as JSON either is too new for it.
        if !validate(&json, &given).status.success() {
            continue;
        }
        for (name, value) in &mut given {
            if text.contains(&format!("variable \"{name}\" {{\n  type = list(")) {
                *value = json!([value]);
            }
        }
        let output = validate(&hcl, &given);
        judged += 1;
        if !output.status.success() {
            mistakes.push(format!("{file}: Packer refuses the HCL: {}", said(&output)));
        }
    }
    none(mistakes);
    assert!(judged > 15 && formatted > 25, "Packer judged {judged} programs and formatted {formatted}");
    eprintln!("Packer accepts the HCL of {judged} programs, and formats that of {formatted} as it is");
}

#[test]
fn packer_accepts_every_stage() {
    if !wanted("packer_accepts_every_stage") {
        return;
    }
    assert_packer_is_the_listed_one();
    let mut mistakes = Vec::new();
    let mut judged = 0;
    let mut cases: Vec<String> = files_below("tests/corpus/layers")
        .into_iter()
        .filter(|f| f.ends_with(".bake"))
        .map(|f| format!("tests/corpus/layers/{f}"))
        .collect();
    cases.push("examples/layers/application.bake".into());
    for case in cases {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let key = key_file(folder.path());
        let out = |name: &str| format!("{}/{name}", folder.path().display());
        compile(&[&case, "--stage", "all", "-o", &out("plan.json")]).unwrap_or_else(|why| panic!("{case}: {why}"));
        compile(&[
            &case,
            "--stage",
            "all",
            "--target",
            "packer-hcl",
            "--no-required-plugins",
            "-o",
            &out("plan.pkr.hcl"),
        ])
        .unwrap_or_else(|why| panic!("{case}: {why}"));
        for stage in 1.. {
            let json = folder.path().join(format!("plan.{stage}.json"));
            if !json.is_file() {
                assert!(stage > 2, "{case} has {} stages", stage - 1);
                break;
            }
            let given = values(&json, &key);
            for template in [json.clone(), folder.path().join(format!("plan.{stage}.pkr.hcl"))] {
                let mut command = packer();
                command.arg("validate").current_dir(root());
                for (name, value) in &given {
                    command.arg("-var").arg(format!("{name}={}", value.as_str().unwrap_or_default()));
                }
                let output = run(command.arg(&template));
                judged += 1;
                if !output.status.success() {
                    mistakes.push(format!("{case}, {}: Packer refuses it: {}", template.display(), said(&output)));
                }
            }
        }
    }
    none(mistakes);
    eprintln!("Packer accepts {judged} templates of stages");
}

/// Files, steps and a chain, with text that either form has to write in its own way.
const PROGRAM: &str = r#"
extern builder file {
    content: string
    target: string
}

param odd: string = verbatim('a {{.State}} b {{{ c }}} ${x} %{y} $${z} \ "q" $')
variable word: string = "Brot"
variable words: [string] = ["a", "b"]
variable pre: string = "pre-${word}"

image all {
    matrix { axis n in ["1", "2.0", "three"] }
    name = "${n}"

    builder file {
        content = "${odd}|${word}|${pre}|{{user `word` | upper}}|{{build_name}}|{{build_type}}|$${word}$${'$'}$${word}|{${word}}"
        target  = "file-${n}"
    }
    provision shell-local { inline = ["echo step one for {{build_name}} and ${word}"] }
    provision shell-local when n == "2.0" { inline = ["echo step two only ${n}"] }
    post when n != "three" {
        shell-local { inline = ["echo chain {{build_name}} ${pre}"] }
        then manifest { output = "manifest.json", custom_data = { word = "${word}-{{build_name | upper}}" } }
    }
}
"#;

#[test]
fn packer_does_the_same_for_both() {
    if !wanted("packer_does_the_same_for_both") {
        return;
    }
    assert_packer_is_the_listed_one();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut ran = Vec::new();
    for (target, name) in [("packer-json", "plan.json"), ("packer-hcl", "plan.pkr.hcl")] {
        let home = folder.path().join(target);
        fs::create_dir(&home).expect("a folder can be made");
        let program = home.join("all.bake").display().to_string();
        fs::write(&program, PROGRAM).expect("the program can be written");
        let template = home.join(name).display().to_string();
        let arguments = [&program, "--target", target, "-o", &template];
        let more: &[&str] = if target == "packer-hcl" { &["--no-required-plugins"] } else { &[] };
        compile(&[&arguments[..], more].concat()).unwrap_or_else(|why| panic!("{target}: {why}"));
        let output = run(packer().args(["build", "-color=false", "-parallel-builds=1", &template]).current_dir(&home));
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{target}: {}", said(&output));
        let mut said: Vec<String> = printed
            .lines()
            .filter_map(|line| line.split_once(": ").map(|(_, text)| text.to_owned()))
            .filter(|text| text.starts_with("step ") || text.starts_with("chain "))
            .collect();
        for file in ["file-1", "file-2.0", "file-three"] {
            said.push(fs::read_to_string(home.join(file)).unwrap_or_else(|e| panic!("{target}, {file}: {e}")));
        }
        let manifest = fs::read_to_string(home.join("manifest.json")).expect("Packer wrote the manifest");
        let manifest: Value = serde_json::from_str(&manifest).expect("a manifest is JSON");
        for build in manifest["builds"].as_array().into_iter().flatten() {
            // The label of the source stands for the name, as the warning says.
            let name = build["name"].as_str().unwrap_or_default().replace("2_0", "2.0");
            said.push(format!("{name}: {}", build["custom_data"]));
        }
        ran.push(said);
    }
    assert!(ran[0].len() >= 11, "{:#?}", ran[0]);
    assert_eq!(ran[0], ran[1]);
}
