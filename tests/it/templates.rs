//! `bakec compile --template`: the examples, what a template sees, and what is refused.

use std::process::Command;

use serde_json::{Value, json};

use crate::run::{bakec, folder};
use crate::support::root;

const PROGRAM: &str = "\
param version: string = \"1\"
param many: [int] = [1, 2]
/// What opens the door.
secret token: string
variable word: string = \"Brot\"

image web {
    matrix { axis n in many }
    builder null { communicator = \"none\" }
    provision shell-local \"say it\" when n == 1 { inline = [\"echo ${word} ${version}\"] }
    test shell-local \"it stands\" { inline = [\"true\"] }
    post { shell-local { inline = [\"a\"] } then manifest {} }
}

output \"names.json\" = [for b in web: b.name]
";

fn example(arguments: &[&str]) -> String {
    let ran = bakec(&root().join("examples"), &[&["compile", "official.bake"], arguments].concat(), "");
    assert_eq!((ran.code, ran.errors.as_str()), (0, ""));
    ran.out
}

/// What another program reads of a text; nothing where there is no such program.
fn python(script: &str, input: &str) -> Option<Value> {
    let folder = folder(&[("input", input)]);
    let ran = Command::new("python3").args(["-c", script]).arg(folder.path().join("input")).output().ok()?;
    if !ran.status.success() {
        println!("python3 cannot read it here: {}", String::from_utf8_lossy(&ran.stderr));
        return None;
    }
    Some(serde_json::from_slice(&ran.stdout).expect("JSON"))
}

#[test]
fn the_workflow_has_one_job_a_build() {
    let text = example(&["--template", "github-matrix.yml.j2", "--set", "version=2.6.4"]);
    assert_eq!(text.matches("          - build: \"").count(), 32);
    assert!(text.contains("          - build: \"us-east-1-1404-hvm\"\n            kind: \"amazon-instance\"\n            region: \"us-east-1\"\n"));
    assert!(
        text.contains("      BAKE_PARAM_version: \"2.6.4\"\n") && text.contains("      BAKE_PARAM_public: \"false\"\n")
    );
    assert!(text.contains("      AWS_SECRET_KEY: ${{ secrets.AWS_SECRET_KEY }}\n"));
    assert!(text.contains("bakec compile official.bake --only '${{ matrix.build }}'"), "{text}");
    assert!(text.lines().all(|line| !line.contains('\t') && line.trim_end() == line), "{text}");
    let script =
        "import sys, json, yaml; print(json.dumps({str(k): v for k, v in yaml.safe_load(open(sys.argv[1])).items()}))";
    if let Some(workflow) = python(script, &text) {
        let job = &workflow["jobs"]["official"];
        let cells = job["strategy"]["matrix"]["include"].as_array().map_or(&[][..], Vec::as_slice);
        let cell = json!({ "build": "ap-northeast-1-1204-pv", "kind": "amazon-instance", "region": "ap-northeast-1", "release": "1204", "virt": "pv", "storage": "instance" });
        assert_eq!((cells.len(), &cells[0]), (32, &cell));
        assert_eq!(job["env"]["BAKE_PARAM_storages"], "[\"instance\"]");
        assert_eq!(job["steps"].as_array().map(Vec::len), Some(3));
    }
}

#[test]
fn the_values_for_terraform_are_an_object() {
    let text = example(&["--template", "images.tfvars.j2", "--only", "us-east-1-*"]);
    let wanted = "\
# Made by bakec VERSION.
images = {
  \"us-east-1-1204-pv\" = {
    region   = \"us-east-1\"
    ami_name = \"ComboAMI 2.6.3-1204-pv\"
    axes     = {\"region\": \"us-east-1\", \"release\": \"1204\", \"virt\": \"pv\", \"storage\": \"instance\"}
  }
";
    assert!(text.starts_with(&wanted.replace("VERSION", env!("CARGO_PKG_VERSION"))), "{text}");
    assert!(text.ends_with("}\n\nregions = [\"us-east-1\"]\n"), "{text}");
    assert_eq!((text.matches(" = {\n").count(), text.matches("\n  }\n").count()), (5, 4));
}

#[test]
fn a_template_sees_the_whole_plan() {
    let folder = folder(&[
        ("one.bake", PROGRAM),
        (
            "all.j2",
            "{{ dict(bakec=bakec, file=file, images=images, builds=builds, params=params, variables=variables, provisioners=provisioners, cleanups=cleanups, tests=tests, post_processors=post_processors, outputs=outputs, edges=edges, min_packer_version=min_packer_version, plan=plan) | tojson }}",
        ),
    ]);
    let ran = bakec(folder.path(), &["compile", "--target", "template", "--template", "all.j2"], "");
    assert_eq!((ran.code, ran.errors.as_str()), (0, ""));
    let all: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(all["file"], "one.bake");
    assert_eq!(all["images"], json!([{ "name": "web", "axes": ["n"] }]));
    assert_eq!(
        all["builds"][0],
        json!({
            "name": "web-1", "image": "web", "kind": "null", "axes": { "n": 1 }, "options": { "communicator": "none" },
            "origin": { "file": "one.bake", "line": 9, "column": 5 },
        })
    );
    assert_eq!(all["params"], json!({ "version": "1", "many": [1, 2] }));
    assert_eq!(
        all["variables"],
        json!([
            { "name": "token", "type": "string", "doc": "What opens the door.", "secret": true, "required": true, "default": null },
            { "name": "word", "type": "string", "doc": "", "secret": false, "required": false, "default": "Brot" },
        ])
    );
    let step = &all["provisioners"][0];
    assert_eq!(
        (&step["kind"], &step["label"], &step["builds"]),
        (&json!("shell-local"), &json!("say it"), &json!(["web-1"]))
    );
    assert_eq!(step["options"], json!({ "inline": ["echo {{user `word`}} 1"] }));
    assert_eq!(
        (&all["tests"][0]["label"], &all["tests"][0]["builds"]),
        (&json!("it stands"), &json!(["web-1", "web-2"]))
    );
    let kinds: Vec<&Value> =
        all["post_processors"][0].as_array().expect("a chain").iter().map(|l| &l["kind"]).collect();
    assert_eq!(kinds, [&json!("shell-local"), &json!("manifest")]);
    assert_eq!(all["outputs"], json!([{ "file": "names.json", "value": ["web-1", "web-2"] }]));
    assert_eq!((&all["plan"]["builders"][1]["name"], all["plan"].get("_bakec")), (&json!("web-2"), None));
}

#[test]
fn templates_include_what_lies_beside_them_and_deps_tell_it() {
    let folder = folder(&[
        ("one.bake", PROGRAM),
        ("t/root.j2", "{% include \"part.j2\" %}{{ shout(file) }}\n"),
        ("t/part.j2", "{% macro shout(x) %}{{ x | upper }}!{% endmacro %}"),
    ]);
    assert_eq!(bakec(folder.path(), &["compile", "--template", "t/root.j2"], "").out, "ONE.BAKE!\n");
    let ran = bakec(folder.path(), &["compile", "--template", "t/root.j2", "--deps"], "");
    assert_eq!((ran.code, ran.out.as_str()), (0, "file: one.bake\nfile: t/root.j2\nfile: t/part.j2\n"));
    let ran = bakec(folder.path(), &["compile", "--template", "t/root.j2", "-o", "out.txt"], "");
    assert_eq!((ran.code, ran.errors.as_str()), (0, "out.txt: 2 builds\n"));
    assert_eq!(std::fs::read_to_string(folder.path().join("out.txt")).expect("the file"), "ONE.BAKE!\n");
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let folder = folder(&[("one.bake", PROGRAM), ("a.j2", "{{ nmae }}")]);
    let said = |arguments: &[&str], words: &str| {
        let ran = bakec(folder.path(), &[&["compile"], arguments].concat(), "");
        assert!(ran.code == 2 && !ran.out.contains('{') && ran.errors.contains(words), "{arguments:?}: {}", ran.errors);
    };
    said(&["--target", "template"], "needs the template");
    said(&["--target", "packer-json", "--template", "a.j2"], "`--template` is for `--target template`");
    said(&["--template", "a.j2", "--bare"], "a template does not write");
    said(&["--template", "b.j2"], "cannot read `b.j2`: no such file");
    said(&["--template", "b.j2", "--deps"], "cannot read `b.j2`: no such file");
    said(&["--template", "a.j2"], "bake::emit::template");
    said(&["--template", "a.j2"], "a.j2:1:4");
    said(&["--target", "packer-jsn"], "packer-json");
}

#[test]
fn what_a_secret_is_cannot_be_written() {
    let program = "secret token: string = \"hunter2\"\nimage a {\n    builder null { communicator = \"none\" }\n}\n";
    let folder = folder(&[("one.bake", program), ("all.j2", "{{ variables | tojson }} {{ plan | tojson }}\n")]);
    let ran = bakec(folder.path(), &["compile", "--template", "all.j2"], "");
    assert_eq!(ran.code, 0, "{}", ran.errors);
    assert!(ran.out.contains("\"token\": null") && !ran.out.contains("hunter2"), "{}", ran.out);
}
