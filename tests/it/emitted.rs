//! Emitted plans as Packer itself reads them. Where there is no `packer` of a version that takes legacy JSON, nothing is asked.

use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use bakec::emit::{Emit, Paths, packer_json};
use bakec::plan::{
    Build, Builds, Chain, Form, Image, Origin, Part, Plan, Scalar, Setting, Step, Text, Value, Variable,
    VariableDefault,
};
use bakec::schema::Kinds;

use crate::run::packer;

const AT: Origin = Origin { file: 0, line: 1, column: 1 };
/// What a run must print, whatever Packer's templates make of it.
const ODD: &str = "a {{.State}} b {{{ c }}} {{`x`}} \\\"d";

/// Whether there is a Packer; says so where there is none.
fn there_is_packer(folder: &Path) -> bool {
    let there = packer(folder, &["version"]).is_some_and(|out| out.status.success());
    if !there {
        println!("no `packer` here: the plan was not shown to it");
    }
    there
}

fn set(name: &str, value: Value) -> (smol_str::SmolStr, Arc<Setting>) {
    (name.into(), Arc::new(Setting { value, origin: AT }))
}

fn plain(text: &str) -> Value {
    Value::Text(Text::Plain(text.into()))
}

fn echo(parts: Vec<Part>) -> Value {
    let mut all = vec![Part::Chars("cat <<'END'\n".into())];
    all.extend(parts);
    all.push(Part::Chars("\nEND".into()));
    Value::List(vec![Value::Text(Text::Parts(all.into()))])
}

fn step(kind: &str, builds: Builds, options: Vec<(smol_str::SmolStr, Arc<Setting>)>) -> Step {
    Step { kind: kind.into(), label: Some("label".into()), builds, options, origin: AT }
}

/// Two builds, every section, and text that Packer's templates would change.
fn plan() -> Plan {
    let build = |name: &str| Build {
        name: name.into(),
        image: 0,
        kind: "null".into(),
        axes: [Scalar::Text(name.into())].into(),
        options: vec![set("communicator", plain("none")), set("ssh_timeout", Value::Duration(5_400_000_000_000))],
        origin: AT,
    };
    let variable = |name: &str, default, secret| Variable {
        name: name.into(),
        doc: "".into(),
        default,
        secret,
        ty: "string".into(),
        form: Form::Text,
        list: false,
        origin: AT,
    };
    // The file builder renders its content once, as most options are.
    let odd = Build {
        kind: "file".into(),
        options: vec![set("content", plain(ODD)), set("target", Value::Path(Text::Plain("out/odd".into())))],
        ..build("odd")
    };
    let word = Part::Variable("word".into());
    Plan {
        files: vec!["a.bake".into()],
        images: vec![Image { name: "i".into(), axes: vec!["n".into()] }],
        variables: vec![
            variable("word", VariableDefault::Text(Text::Plain("Brot".into())), false),
            variable("needed", VariableDefault::Required, true),
            variable("home", VariableDefault::Environment("BAKEC_TEST_NOT_SET".into()), false),
        ],
        builds: vec![build("one"), build("two"), odd],
        provisioners: vec![step(
            "shell-local",
            Builds::Only(vec![1]),
            vec![
                set("pause_before", Value::Duration(1_000_000)),
                set("timeout", Value::Duration(90_000_000_000)),
                set("max_retries", Value::Int(2)),
                set("inline", echo(vec![Part::Chars("only two: {".into()), word.clone(), Part::Chars("}".into())])),
            ],
        )],
        cleanups: vec![step("shell-local", Builds::All, vec![set("inline", Value::List(vec![plain("true")]))])],
        tests: vec![step("shell", Builds::All, vec![set("inline", Value::List(vec![plain("true")]))])],
        posts: vec![
            Chain {
                links: vec![step(
                    "shell-local",
                    Builds::Only(vec![0]),
                    vec![set("inline", Value::List(vec![plain("echo single")]))],
                )],
            },
            Chain {
                links: vec![
                    step(
                        "manifest",
                        Builds::All,
                        vec![
                            set("output", Value::Path(Text::Plain("out/manifest.json".into()))),
                            set(
                                "custom_data",
                                Value::Record(vec![("word".into(), Value::Text(Text::Parts([word.clone()].into())))]),
                            ),
                        ],
                    ),
                    step("shell-local", Builds::All, vec![set("inline", Value::List(vec![plain("echo chained")]))]),
                ],
            },
        ],
        min_packer_version: Some("1.6.0".into()),
        ..Plan::default()
    }
}

#[test]
fn packer_takes_the_plan_and_prints_data_as_it_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    if !there_is_packer(folder.path()) {
        return;
    }
    let plans = folder.path().join("plans");
    std::fs::create_dir_all(plans.join("out")).expect("a folder");
    let here = folder.path().to_string_lossy().into_owned();
    let paths = Paths::TemplateDir { folder: format!("{here}/plans"), current: format!("{here}/plans") };
    let text = packer_json(&plan(), &Kinds::default(), &Emit { paths, ..Emit::default() }).text();
    std::fs::write(plans.join("plan.json"), text).expect("the plan is written");

    let said =
        |out: &Output| format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    let run = |arguments: &[&str]| packer(folder.path(), arguments).expect("packer was there before");
    let missing = run(&["validate", "plans/plan.json"]);
    assert!(!missing.status.success() && said(&missing).contains("needed"), "{}", said(&missing));
    let valid = run(&["validate", "-var", "needed=pw", "plans/plan.json"]);
    assert!(valid.status.success(), "{}", said(&valid));
    let built = run(&["build", "-color=false", "-var", "needed=pw", "plans/plan.json"]);
    let words = said(&built);
    assert!(built.status.success(), "{words}");
    let odd = std::fs::read_to_string(plans.join("out/odd")).expect("what the file builder wrote");
    assert_eq!(odd, ODD);
    assert_eq!(words.matches("only two: {Brot}").count(), 1, "{words}");
    assert!(words.contains("two: only two"), "{words}");
    let manifest = std::fs::read_to_string(plans.join("out/manifest.json")).expect("the manifest");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    assert_eq!(manifest["builds"][0]["custom_data"]["word"], "Brot", "{manifest}");
}
