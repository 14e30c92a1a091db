//! The JSON Schema of plans: every plan that the tests know is valid by it, and a wrong one is not.

use bakec::compile::schema;
use bakec::emit::plan_schema;
use bakec::load::{Disk, Memory};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::run::bakec;
use crate::support::{files_below, none, read, root};

const PLANS: &str = "tests/corpus/plan";

/// What judges plans, and what judges the data of their comments.
fn validators(schema: &str) -> (Validator, Validator) {
    let whole: Value = serde_json::from_str(schema).expect("the schema is JSON");
    let mut comment = json!({ "$schema": whole["$schema"], "$ref": "#/$defs/comment" });
    comment["$defs"] = whole["$defs"].clone();
    let validator = |schema: &Value| {
        assert!(jsonschema::draft202012::meta::is_valid(schema), "not a JSON Schema of draft 2020-12");
        jsonschema::draft202012::new(schema).expect("the schema can be read")
    };
    (validator(&whole), validator(&comment))
}

/// What is wrong with a plan and its comment.
fn mistakes((plan_is, comment_is): &(Validator, Validator), name: &str, plan: &Value) -> Vec<String> {
    let told = |e: jsonschema::ValidationError<'_>| format!("{name}: {} at `{}`", e, e.instance_path());
    let mut found: Vec<String> = plan_is.iter_errors(plan).map(told).collect();
    let comment = plan["_bakec"].as_str().unwrap_or_else(|| panic!("{name} has no comment"));
    let comment: Value = serde_json::from_str(comment).expect("the comment is JSON");
    found.extend(comment_is.iter_errors(&comment).map(told));
    found
}

fn prelude() -> String {
    plan_schema(&schema(&Memory::default(), None).kinds)
}

#[test]
fn every_plan_of_the_corpus_is_valid() {
    let known = validators(&prelude());
    let mut found = Vec::new();
    let mut plans = 0;
    for file in files_below(PLANS).into_iter().filter(|file| file.ends_with(".json") && !file.ends_with(".inc.json")) {
        let program = format!("{PLANS}/{}.bake", file.trim_end_matches(".json"));
        let text = read(&format!("{PLANS}/{file}"));
        let plan: Value = serde_json::from_str(&text).expect("a plan is JSON");
        // With the kinds that the program declares its blocks are held to these.
        let path = root().join(&program).to_string_lossy().into_owned();
        let own = schema(&Disk, Some(&path)).kinds;
        found.extend(mistakes(&validators(&plan_schema(&own)), &file, &plan));
        found.extend(mistakes(&known, &file, &plan));
        plans += 1;
    }
    none(found);
    assert!(plans >= 10, "only {plans} plans");
}

#[test]
fn every_plan_of_the_examples_is_valid() {
    let known = validators(&prelude());
    let mut found = Vec::new();
    for file in files_below("examples").into_iter().filter(|file| file.ends_with(".bake")) {
        let ran = bakec(&root().join("examples"), &["compile", &file], "");
        // A library has no images, and so no plan to speak of.
        let Ok(plan) = serde_json::from_str::<Value>(&ran.out) else {
            found.push(format!("{file} has no plan"));
            continue;
        };
        found.extend(mistakes(&known, &file, &plan));
    }
    none(found);
}

#[test]
fn a_wrong_plan_is_not() {
    let (known, _) = validators(&prelude());
    let builder = |options: Value| {
        let mut builder = json!({ "name": "a", "type": "amazon-ebs", "ami_name": "web-{{timestamp}}" });
        for (name, value) in options.as_object().expect("options") {
            builder[name] = value.clone();
        }
        json!({ "builders": [builder] })
    };
    let valid = |plan: &Value| known.is_valid(plan);
    assert!(valid(&builder(json!({}))));
    for right in [
        json!({ "ena_support": "{{user `ena`}}" }),
        json!({ "ami_regions": "{{user `regions`}}" }),
        json!({ "ssh_timeout": "1h30m" }),
        json!({ "launch_block_device_mappings": [{ "device_name": "/dev/sdf", "volume_size": 8 }] }),
    ] {
        assert!(valid(&builder(right.clone())), "{right}");
    }
    for wrong in [
        json!({ "ami_nmae": "x" }),
        json!({ "ena_support": "yes" }),
        json!({ "ami_regions": "us-east-1" }),
        json!({ "ssh_port": 70000 }),
        json!({ "ssh_timeout": 5 }),
        json!({ "communicator": "telnet" }),
        json!({ "ssh_private_ip": true }),
        json!({ "launch_block_device_mappings": [{ "volume_size": 8 }] }),
        json!({ "launch_block_device_mappings": [{ "device_name": "/dev/sdf", "volume_size": "8GiB" }] }),
    ] {
        assert!(!valid(&builder(wrong.clone())), "{wrong}");
    }
    assert!(!valid(&json!({ "builders": [{ "name": "a", "type": "amazon-ebs" }] })), "an option that is required");
    assert!(valid(&json!({ "builders": [{ "name": "a", "type": "of-a-plugin", "anything": 1 }] })));
    assert!(!valid(&json!({ "builders": [], "builds": [] })), "a section that Packer does not have");
    let step = |name: &str| json!({ "builders": [], "provisioners": [{ "type": "shell", name: ["true"] }] });
    assert!(valid(&step("inline")) && !valid(&step("inlien")));
}

#[test]
fn a_program_adds_its_own_kinds() {
    let folder = root().join("tests/corpus/doc");
    let (with_own, _) = validators(&bakec(&folder, &["schema", "plan", "--file", "own.bake"], "").out);
    let plan = |colour: &str| {
        let widget = json!({ "name": "a", "type": "widget", "title": "abc", "parts": [{ "name": "leg" }],
            "dry": 5, "environment_vars": ["A=1"], "colour": colour });
        json!({ "builders": [widget] })
    };
    assert!(with_own.is_valid(&plan("red")) && with_own.is_valid(&plan("{{user `c`}}")));
    assert!(!with_own.is_valid(&plan("yellow")));
}
