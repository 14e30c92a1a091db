//! The examples: each is in canonical style and compiles, and the official plan says what the script said that it replaces.

use std::process::Command;

use serde_json::{Value, json};

use crate::run::{self, Ran};
use crate::support::{files_below, none, pages, read, root};

/// Region, then the upstream images: 12.04 pv and hvm, 14.04 pv and hvm.
const UPSTREAM: [(&str, [&str; 4]); 8] = [
    ("ap-northeast-1", ["ami-f0f82ff0", "ami-b8e334b8", "ami-62b86462", "ami-eeb66aee"]),
    ("ap-southeast-1", ["ami-7091a822", "ami-c690a994", "ami-a89ba0fa", "ami-9c99a2ce"]),
    ("ap-southeast-2", ["ami-110e772b", "ami-a3017899", "ami-37057e0d", "ami-fb047fc1"]),
    ("eu-west-1", ["ami-7beb9d0c", "ami-73d6a004", "ami-47e09d30", "ami-9bdda0ec"]),
    ("sa-east-1", ["ami-2bc24336", "ami-67c5447a", "ami-c99414d4", "ami-e99717f4"]),
    ("us-east-1", ["ami-2aa0ba42", "ami-0aa8b262", "ami-c51df2ae", "ami-eb6b8480"]),
    ("us-west-1", ["ami-7d997139", "ami-c99b738d", "ami-1559b251", "ami-6f5fb42b"]),
    ("us-west-2", ["ami-c36b57f3", "ami-5f615d6f", "ami-636a5353", "ami-916e57a1"]),
];
const VARIANTS: [(&str, &str); 4] = [("1204", "pv"), ("1204", "hvm"), ("1404", "pv"), ("1404", "hvm")];

fn bakec(arguments: &[&str]) -> Ran {
    run::bakec(&root().join("examples"), arguments, "")
}

#[track_caller]
fn compile(arguments: &[&str]) -> Value {
    let Ran { code, out, errors } = bakec(&[&["compile"], arguments].concat());
    assert_eq!(code, 0, "bakec compile {arguments:?}:\n{errors}");
    let strange = errors.lines().find(|line| line.starts_with("bake::") && !line.starts_with("bake::emit::"));
    assert_eq!(strange, None, "bakec compile {arguments:?} says more than what Packer does not do:\n{errors}");
    serde_json::from_str(&out).expect("a plan is JSON")
}

fn list<'a>(plan: &'a Value, key: &str) -> &'a [Value] {
    plan[key].as_array().map_or(&[], Vec::as_slice)
}

fn builds(plan: &Value) -> Vec<&str> {
    list(plan, "builders").iter().map(|builder| builder["name"].as_str().unwrap_or("without a name")).collect()
}

fn examples() -> Vec<String> {
    files_below("examples").into_iter().filter(|file| file.ends_with(".bake")).collect()
}

#[test]
fn every_example_is_in_canonical_style() {
    let mut mistakes = Vec::new();
    for file in examples() {
        let ran = bakec(&["fmt", "--check", "--diff", &file]);
        if ran.code != 0 {
            mistakes.push(format!("examples/{file}:\n{}", ran.said()));
        }
    }
    none(mistakes);
}

#[test]
fn every_example_compiles() {
    let files = examples();
    assert!(files.len() >= 12, "only {} examples", files.len());
    for file in files {
        let said = bakec(&["check", &file]).done();
        assert!(!said.contains("bake::"), "examples/{file}:\n{said}");
    }
}

#[test]
fn every_file_beside_the_examples_is_used_or_shown() {
    let programs: Vec<(String, String)> =
        examples().into_iter().map(|file| (file.clone(), read(&format!("examples/{file}")))).collect();
    let book: String = pages().iter().map(|page| read(page)).collect();
    for file in files_below("examples").into_iter().filter(|file| !file.ends_with(".bake")) {
        let is_used = programs.iter().any(|(program, text)| {
            let folder = program.rsplit_once('/').map_or("", |(folder, _)| folder);
            let near = file.strip_prefix(folder).map_or(file.as_str(), |near| near.trim_start_matches('/'));
            text.contains(&file) || text.contains(near)
        });
        assert!(is_used || book.contains(&file), "no example uses {file}, and the book does not show it");
    }
}

#[test]
fn the_official_plan_has_the_builds_of_the_script() {
    let plan = compile(&["official.bake"]);
    let builders = list(&plan, "builders");
    assert_eq!(builders.len(), 32);
    for (region, images) in UPSTREAM {
        for ((release, virt), image) in VARIANTS.into_iter().zip(images) {
            let name = format!("{region}-{release}-{virt}");
            let builder = builders
                .iter()
                .find(|builder| builder["name"] == name.as_str())
                .unwrap_or_else(|| panic!("no build {name} in {:?}", builds(&plan)));
            assert_eq!(builder["type"], "amazon-instance", "{name}");
            assert_eq!(builder["region"], region, "{name}");
            assert_eq!(builder["source_ami"], image, "{name}");
            let virtualization = if virt == "pv" { "paravirtual" } else { "hvm" };
            assert_eq!(builder["ami_virtualization_type"], virtualization, "{name}");
            assert_eq!(builder["ami_name"], format!("ComboAMI 2.6.3-{release}-{virt}"), "{name}");
            assert_eq!(builder["ami_groups"], json!([]), "{name}");
            assert_eq!(builder["ena_support"], json!(false), "{name}");
            assert_eq!(builder["instance_type"], "{{user `launch_size`}}", "{name}");
            assert_eq!(builder["ssh_username"], "{{user `ssh_user`}}", "{name}");
            let bucket = format!("comboami-2-6-3-{region}/{{{{timestamp}}}}-{release}-{virt}");
            assert_eq!(builder["s3_bucket"], bucket, "{name}");
            let command = builder["bundle_vol_command"].as_str().unwrap_or_default();
            assert!(command.contains("PATH=$PATH:$HOME") && command.contains(" -k {{.KeyPath}} "), "{name}: {command}");
            let partitioned = release == "1404" && virt == "hvm";
            assert_eq!(command.contains(" --partition mbr -e "), partitioned, "{name}: {command}");
        }
    }
}

#[test]
fn the_official_plan_has_the_variables_and_the_step_of_the_script() {
    let plan = compile(&["official.bake"]);
    assert_eq!(
        plan["variables"],
        json!({
            "aws_access_key": null,
            "aws_account_id": null,
            "aws_secret_key": null,
            "launch_size": "m3.medium",
            "signing_cert": null,
            "signing_key": null,
            "ssh_user": "ubuntu",
        })
    );
    assert_eq!(plan["sensitive-variables"], json!(["aws_secret_key"]));
    let [step] = list(&plan, "provisioners") else { panic!("not one step: {}", plan["provisioners"]) };
    assert_eq!(step["type"], "shell");
    assert_eq!(step["script"], "scripts/comboami.sh");
    assert_eq!(step.get("only"), None);
    let mut environment: Vec<&str> = list(step, "environment_vars").iter().filter_map(Value::as_str).collect();
    environment.sort_unstable();
    assert_eq!(
        environment,
        [
            "COMBOAMI_BRANCH=2.6",
            "COMBOAMI_USER={{user `ssh_user`}}",
            "COMBOAMI_VERSION=2.6.3",
            "DEBIAN_FRONTEND=noninteractive"
        ]
    );
}

#[test]
fn a_public_release_is_public_everywhere() {
    let plan = compile(&["official.bake", "--set", "public=true"]);
    assert_eq!(list(&plan, "builders").len(), 32);
    assert!(list(&plan, "builders").iter().all(|builder| builder["ami_groups"] == json!(["all"])));
}

#[test]
fn one_build_can_be_chosen() {
    let plan = compile(&["official.bake", "--only", "us-east-1-1404-pv"]);
    assert_eq!(builds(&plan), ["us-east-1-1404-pv"]);
}

#[test]
fn the_variant_on_ebs_has_the_images_that_are_known() {
    let plan = compile(&["official.bake", "--set", "storages=[\"ebs\"]"]);
    assert_eq!(builds(&plan), ["us-east-1-1204-hvm-ebs", "us-east-1-1404-hvm-ebs"]);
    let sources: Vec<&Value> = list(&plan, "builders").iter().map(|builder| &builder["source_ami"]).collect();
    assert_eq!(sources, ["ami-34cc7a5c", "ami-d05e75b8"]);
    assert!(list(&plan, "builders").iter().all(|builder| builder["type"] == "amazon-ebs"));
}

#[test]
fn the_test_configurations_have_their_builds() {
    assert_eq!(builds(&compile(&["test-ebs.bake"])), ["test-1204-ebs", "test-1404-ebs"]);
    let instance = compile(&["test-instance.bake"]);
    assert_eq!(builds(&instance), ["test-1204-pv", "test-1204-hvm", "test-1404-pv", "test-1404-hvm"]);
}

#[test]
fn an_application_brings_the_layers_below_it() {
    let plan = compile(&["layers/application.bake"]);
    let names = builds(&plan);
    for layer in ["ubuntu", "server-app", "shop"] {
        assert!(names.contains(&layer), "no {layer} in {names:?}");
    }
}

#[test]
fn each_platform_has_its_builder() {
    let plan = compile(&["platforms.bake"]);
    let kinds: Vec<(&Value, &Value)> = list(&plan, "builders").iter().map(|b| (&b["name"], &b["type"])).collect();
    assert_eq!(kinds, [(&json!("web-aws"), &json!("amazon-ebs")), (&json!("web-docker"), &json!("docker"))]);
    let [chain] = list(&plan, "post-processors") else { panic!("not one chain: {}", plan["post-processors"]) };
    let link = chain.as_array().and_then(|links| links.first()).unwrap_or(chain);
    assert_eq!(link["only"], json!(["web-docker"]));
}

#[test]
fn the_workflow_for_continuous_integration_runs() {
    let workflow = read("examples/patterns/ci.yml");
    let build = "web-us-east-1";
    let plan = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    let mut commands = 0;
    for line in workflow.lines() {
        let Some(at) = line.find("bakec ") else { continue };
        let command = line[at..].split(['|', '"', ')']).next().unwrap_or_default().trim();
        let command = command
            .replace("bakec", env!("CARGO_BIN_EXE_bakec"))
            .replace("${{ matrix.build }}", build)
            .replace("plan.json", &plan.path().to_string_lossy());
        let output = Command::new("sh").args(["-c", &command]).current_dir(root().join("examples")).output();
        let output = output.expect("there is a shell");
        assert!(output.status.success(), "{command}:\n{}", String::from_utf8_lossy(&output.stderr));
        commands += 1;
    }
    assert_eq!(commands, 4);
    let plan = std::fs::read_to_string(plan.path()).expect("the plan was written");
    let plan: Value = serde_json::from_str(&plan).expect("a plan is JSON");
    assert_eq!(builds(&plan), [build]);
}

#[test]
fn a_helper_has_the_processor_of_its_image() {
    let plan = compile(&["surrogate.bake"]);
    let text = |builder: &Value, key: &str| builder[key].as_str().unwrap_or_default().to_string();
    let helpers: Vec<(String, String)> =
        list(&plan, "builders").iter().map(|b| (text(b, "ami_architecture"), text(b, "instance_type"))).collect();
    let expected = [("x86_64", "m5.large"), ("arm64", "m6g.large")];
    assert_eq!(helpers, expected.map(|(cpu, helper)| (cpu.to_string(), helper.to_string())));
    assert!(list(&plan, "builders").iter().all(|b| b["launch_block_device_mappings"][0]["volume_size"] == 4));
}
