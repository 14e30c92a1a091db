//! What the book moves into the language means the same afterwards: a template of Packer's, and a script that prints one.
//!
//! Two templates mean the same if each build has the same builder, the same steps in the same order and the same chains of
//! post-processors, however they share them.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::run::bakec;
use crate::support::{expect, none, read, root};

/// What a template says of one build.
#[derive(Debug, PartialEq)]
struct Meaning {
    builder: Value,
    steps: Vec<Value>,
    chains: Vec<Vec<Value>>,
}

/// What a template says, build by build.
fn meaning(template: &Value) -> BTreeMap<String, Meaning> {
    let builder = |builder: &Value| {
        let name = builder["name"].as_str().expect("every builder has a name").to_string();
        let steps = list(template, "provisioners").iter().filter_map(|step| applied(step, &name)).collect();
        let chains = list(template, "post-processors").iter().map(|chain| {
            let links = chain.as_array().map_or(std::slice::from_ref(chain), Vec::as_slice);
            links.iter().filter_map(|link| applied(link, &name)).collect::<Vec<Value>>()
        });
        let chains = chains.filter(|chain| !chain.is_empty()).collect();
        (name, Meaning { builder: builder.clone(), steps, chains })
    };
    list(template, "builders").iter().map(builder).collect()
}

fn list<'a>(template: &'a Value, key: &str) -> &'a [Value] {
    template[key].as_array().map_or(&[], Vec::as_slice)
}

/// A step as it is for one build, if it is for it at all.
fn applied(step: &Value, build: &str) -> Option<Value> {
    let names = |key: &str| step[key].as_array().map(|names| names.iter().any(|name| name == build));
    if names("only") == Some(false) || names("except") == Some(true) {
        return None;
    }
    let mut options: Map<String, Value> = step.as_object().expect("a step is an object").clone();
    options.remove("only");
    options.remove("except");
    if let Some(Value::Object(overrides)) = options.remove("override") {
        options.extend(overrides.get(build).and_then(Value::as_object).cloned().unwrap_or_default());
    }
    // The order of environment variables says nothing.
    if let Some(Value::Array(pairs)) = options.get_mut("environment_vars") {
        pairs.sort_by_key(Value::to_string);
    }
    Some(Value::Object(options))
}

/// A template whose comments are lines of their own, as tools before Packer take them away.
fn legacy(path: &str) -> Value {
    let text: String = read(path).lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The plan of a program, compiled where it lies.
#[track_caller]
fn plan(folder: &str, file: &str) -> Value {
    let ran = bakec(&root().join(folder), &["compile", file], "");
    assert_eq!(ran.code, 0, "{folder}/{file}:\n{}", ran.errors);
    serde_json::from_str(&ran.out).expect("a plan is JSON")
}

#[test]
fn the_first_step_is_the_first_builder() {
    let (template, plan) = (legacy("examples/packer/api.json"), plan("examples/packer", "one.bake"));
    assert_eq!(list(&plan, "builders"), &list(&template, "builders")[..1]);
}

#[test]
fn the_second_step_has_all_builders() {
    let (template, plan) = (legacy("examples/packer/api.json"), plan("examples/packer", "regions.bake"));
    assert_eq!(plan["builders"], template["builders"]);
}

#[test]
fn the_last_step_means_what_the_template_means() {
    let (template, plan) = (legacy("examples/packer/api.json"), plan("examples/packer", "api.bake"));
    assert_eq!(plan["variables"], template["variables"]);
    assert_eq!(plan["sensitive-variables"], template["sensitive-variables"]);
    assert_eq!(meaning(&plan), meaning(&template));
}

#[test]
fn the_program_means_what_the_script_prints() {
    const PRINTED: &str = "tests/moving/images.json";
    let folder = root().join("examples/generator");
    match Command::new("python3").arg("images.py").current_dir(&folder).output() {
        Ok(output) if output.status.success() => {
            none(expect(PRINTED, &String::from_utf8_lossy(&output.stdout)).err().into_iter().collect());
        }
        Ok(output) => panic!("images.py: {}", String::from_utf8_lossy(&output.stderr)),
        Err(_) => println!("no `python3` here: the program is compared with what the script printed once"),
    }
    let printed: Value = serde_json::from_str(&read(PRINTED)).expect("the script prints JSON");
    let plan = plan("examples/generator", "ledger.bake");
    assert_eq!(list(&printed, "builders").len(), 12);
    assert_eq!(plan["builders"], printed["builders"]);
    assert_eq!(plan["variables"], printed["variables"]);
    assert_eq!(meaning(&plan), meaning(&printed));
}

#[test]
fn steps_that_are_shared_in_another_way_mean_the_same() {
    let builders = json!([{ "name": "a" }, { "name": "b" }]);
    let overridden = json!({
        "builders": builders,
        "provisioners": [{ "type": "shell", "inline": ["x"], "override": { "b": { "inline": ["y"] } } }],
    });
    let only = json!({
        "builders": builders,
        "provisioners": [
            { "type": "shell", "inline": ["x"], "except": ["b"] },
            { "type": "shell", "inline": ["y"], "only": ["b"] },
        ],
    });
    let neither = json!({ "builders": builders, "provisioners": [{ "type": "shell", "inline": ["x"] }] });
    assert_eq!(meaning(&overridden), meaning(&only));
    assert_ne!(meaning(&overridden), meaning(&neither));
}
