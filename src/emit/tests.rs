//! Plans made by hand, and the text that they become.

use std::sync::Arc;

use smol_str::SmolStr;

use super::*;
use crate::packer::{Comment, split};
use crate::plan::*;
use crate::schema::{Category, Kind, Kinds};
use crate::text::{FileId, Span};
use crate::ty::{Encoding, Field, Notes, Record, Ty};

pub(super) fn at(line: u32) -> Origin {
    Origin { file: 0, line, column: 5 }
}

pub(super) fn set(name: &str, value: Value) -> (SmolStr, Arc<Setting>) {
    (name.into(), Arc::new(Setting { value, origin: at(7) }))
}

pub(super) fn plain(text: &str) -> Value {
    Value::Text(Text::Plain(text.into()))
}

pub(super) fn parts<const N: usize>(parts: [Part; N]) -> Value {
    Value::Text(Text::Parts(Arc::new(parts)))
}

pub(super) fn field(ty: Ty, encoding: Option<Encoding>) -> Field {
    let notes = Some(Arc::new(Notes { encoding, ..Notes::default() }));
    Field { ty, optional: true, default: false, doc: "".into(), notes, span: Span::file_start(FileId(0)) }
}

pub(super) fn kinds() -> Kinds {
    let device = Record {
        fields: [
            ("volume_size".into(), field(Ty::Size, Some(Encoding::Gib))),
            ("note".into(), field(Ty::String, None)),
        ]
        .into(),
        declared: None,
    };
    let devices = Ty::List(Arc::new(Ty::Record(Arc::new(device))));
    let kind = |name: &str, options: Vec<(&str, Field)>| Kind {
        name: name.into(),
        doc: "".into(),
        options: options.into_iter().map(|(n, f)| (n.into(), f)).collect(),
        ..Kind::default()
    };
    [
        (
            (Category::Builder, "amazon-ebs".into()),
            kind(
                "amazon-ebs",
                vec![
                    ("devices", field(devices.optional(), None)),
                    ("patience", field(Ty::Duration, Some(Encoding::Minutes))),
                ],
            ),
        ),
        (
            (Category::Provisioner, "shell".into()),
            kind("shell", vec![("environment_vars", field(Ty::Map(Arc::new(Ty::String)), Some(Encoding::Pairs)))]),
        ),
    ]
    .into()
}

pub(super) fn build(name: &str, image: u32, options: Vec<(SmolStr, Arc<Setting>)>) -> Build {
    let axes = [Scalar::Text(name.into())].into();
    Build { name: name.into(), image, kind: "amazon-ebs".into(), axes, options, origin: at(3) }
}

pub(super) fn step(kind: &str, builds: Builds, options: Vec<(SmolStr, Arc<Setting>)>) -> Step {
    Step { kind: kind.into(), label: Some("a label".into()), builds, options, origin: at(9) }
}

pub(super) fn variable(name: &str, default: VariableDefault, secret: bool) -> Variable {
    Variable {
        name: name.into(),
        doc: "".into(),
        default,
        secret,
        ty: "string".into(),
        form: Form::Text,
        list: false,
        origin: at(1),
    }
}

fn bare(plan: &Plan) -> String {
    packer_json(plan, &kinds(), &Emit { bare: true, ..Emit::default() }).text()
}

fn images() -> Vec<Image> {
    vec![
        Image { name: "base".into(), axes: vec!["region".into()] },
        Image { name: "app".into(), axes: vec!["region".into()] },
    ]
}

/// Something of everything.
pub(super) fn whole() -> Plan {
    let region = set("region", plain("us-east-1"));
    let devices = Value::List(vec![Value::Record(vec![
        ("volume_size".into(), Value::Size((8 << 30) + 1)),
        ("note".into(), plain("a\"b")),
        ("other".into(), Value::List(vec![])),
    ])]);
    Plan {
        images: images(),
        variables: vec![
            variable("key", VariableDefault::Required, true),
            variable("size", VariableDefault::Text(Text::Plain("m3.medium".into())), false),
            variable("home", VariableDefault::Environment("HOME".into()), false),
        ],
        builds: vec![
            build(
                "a-1",
                0,
                vec![region.clone(), set("devices", devices), set("patience", Value::Duration(90_000_000_000))],
            ),
            build(
                "b.2",
                0,
                vec![region, set("wait", Value::Duration(5_400_000_000_000)), set("bytes", Value::Size(1024))],
            ),
        ],
        provisioners: vec![
            step(
                "shell",
                Builds::Only(vec![1]),
                vec![set(
                    "environment_vars",
                    Value::Record(vec![
                        ("V".into(), plain("2.6.3")),
                        (
                            "K".into(),
                            parts([
                                Part::Variable("key".into()),
                                Part::Chars("-{".into()),
                                Part::Action("{{timestamp}}".into()),
                            ]),
                        ),
                        ("N".into(), Value::Int(5)),
                    ]),
                )],
            ),
            step(
                "shell",
                Builds::Only(vec![0, 1]),
                vec![set("inline", Value::List(vec![plain("docker inspect -f '{{.State}}'")]))],
            ),
        ],
        cleanups: vec![step("shell-local", Builds::All, vec![set("inline", Value::List(vec![plain("x {{y")]))])],
        posts: vec![
            Chain { links: vec![step("manifest", Builds::All, vec![set("strip_path", Value::Bool(true))])] },
            Chain {
                links: vec![step("a", Builds::All, vec![]), step("b", Builds::All, vec![set("n", Value::Number(1.5))])],
            },
        ],
        min_packer_version: Some("1.6.0".into()),
        ..Plan::default()
    }
}

#[test]
fn a_whole_plan() {
    let plan = whole();
    let wanted = r#"{
  "min_packer_version": "1.6.0",
  "variables": {
    "key": null,
    "size": "m3.medium",
    "home": "{{env `HOME`}}"
  },
  "sensitive-variables": [
    "key"
  ],
  "builders": [
    {
      "name": "a-1",
      "type": "amazon-ebs",
      "region": "us-east-1",
      "devices": [
        {
          "volume_size": 9,
          "note": "a\"b",
          "other": []
        }
      ],
      "patience": 2
    },
    {
      "name": "b.2",
      "type": "amazon-ebs",
      "region": "us-east-1",
      "wait": "1h30m",
      "bytes": 1024
    }
  ],
  "provisioners": [
    {
      "type": "shell",
      "only": [
        "b.2"
      ],
      "environment_vars": [
        "V=2.6.3",
        "K={{user `key`}}-{{`{`}}{{timestamp}}",
        "N=5"
      ]
    },
    {
      "type": "shell",
      "inline": [
        "docker inspect -f '{{`{{`}}.State}}'"
      ]
    }
  ],
  "error-cleanup-provisioner": {
    "type": "shell-local",
    "inline": [
      "x {{`{{`}}y"
    ]
  },
  "post-processors": [
    {
      "type": "manifest",
      "strip_path": true
    },
    [
      {
        "type": "a"
      },
      {
        "type": "b",
        "n": 1.5
      }
    ]
  ]
}
"#;
    assert_eq!(bare(&plan), wanted);
}

#[test]
fn builds_share_values_but_not_the_shapes_of_other_options() {
    // One value under two names, of which one has an encoding; positions that change between builds.
    let value = Arc::new(Setting { value: Value::Duration(60_000_000_000), origin: at(1) });
    let shared = |names: &[&str]| names.iter().map(|n| (SmolStr::from(*n), value.clone())).collect::<Vec<_>>();
    let mut plan = Plan { images: images(), ..Plan::default() };
    plan.builds = vec![
        build("a", 0, shared(&["patience", "wait"])),
        build("b", 0, shared(&["wait", "patience"])),
        build("c", 0, [shared(&["wait"]), vec![set("own", plain("x"))], shared(&["patience"])].concat()),
        build("d", 0, shared(&["patience", "wait"])),
        Build { kind: "other".into(), ..build("e", 0, shared(&["patience", "wait"])) },
    ];
    let text: serde_json::Value = serde_json::from_str(&bare(&plan)).expect("the plan is JSON");
    for (i, patience) in [1.into(), 1.into(), 1.into(), 1.into(), serde_json::json!("1m")].into_iter().enumerate() {
        assert_eq!(text["builders"][i]["patience"], patience, "build {i}");
        assert_eq!(text["builders"][i]["wait"], "1m", "build {i}");
    }
}

#[test]
fn an_edge_becomes_a_variable_that_must_be_set() {
    let ami =
        |build: &str, region: Option<&str>| Part::Ami(Ami { build: build.into(), region: region.map(Into::into) });
    let source = |part: Part| vec![set("source_ami", parts([part]))];
    let plan = Plan {
        images: images(),
        variables: vec![variable("ami_base_x_1", VariableDefault::Required, false)],
        builds: vec![
            build("x-1", 0, vec![set("region", plain("us-east-1"))]),
            build("base-y", 0, vec![]),
            build("p", 1, source(ami("x-1", Some("us-east-1")))),
            build("q", 1, source(ami("x-1", Some("eu-west-1")))),
            build("r", 1, source(ami("base-y", None))),
        ],
        ..Plan::default()
    };
    let emitted = packer_json(&plan, &kinds(), &Emit { bare: true, ..Emit::default() });
    let names: Vec<&str> = emitted.edges.iter().map(|e| e.variable.as_str()).collect();
    assert_eq!(names, ["ami_base_x_1_2", "ami_base_x_1_in_eu_west_1", "ami_base_y"]);
    let text: serde_json::Value = serde_json::from_str(&emitted.text()).expect("the plan is JSON");
    assert_eq!(text["builders"][2]["source_ami"], "{{user `ami_base_x_1_2`}}");
    assert!(text["variables"].as_object().is_some_and(|v| v.len() == 4 && v.values().all(|v| v.is_null())));
    let [EmitProblem { at: place, lost: Lost::Edges(edges), .. }] = &emitted.problems[..] else {
        panic!("one place, one problem: {:?}", emitted.problems)
    };
    assert_eq!((*place, edges), (at(7), &emitted.edges));
}

#[test]
fn what_packer_cannot_say_is_reported() {
    let plan = Plan {
        images: images(),
        variables: vec![variable("v", VariableDefault::Text(Text::Plain("{{x".into())), false)],
        builds: vec![build("a", 0, vec![]), build("b", 0, vec![])],
        cleanups: vec![
            step("shell", Builds::Only(vec![1]), vec![]),
            step("shell", Builds::All, vec![]),
            step("shell", Builds::All, vec![]),
        ],
        tests: vec![step("shell", Builds::All, vec![])],
        outputs: vec![Output { file: "ids.json".into(), value: Value::Null, origin: at(4) }],
        retain: vec![Retain { image: 0, options: vec![] }],
        ..Plan::default()
    };
    let emitted = packer_json(&plan, &kinds(), &Emit::default());
    let lost: Vec<&Lost> = emitted.problems.iter().map(|p| &p.lost).collect();
    assert_eq!(
        lost,
        [
            &Lost::PartialCleanup,
            &Lost::SecondCleanup,
            &Lost::Test { name: "a label".into() },
            &Lost::Output { file: "ids.json".into() },
            &Lost::Retain { image: "base".into() },
            &Lost::Braces { name: "v".into() },
        ]
    );
    let text = emitted.text();
    assert_eq!(text.matches("\n  \"error-cleanup-provisioner\": {").count(), 1);
}

#[test]
fn a_step_of_bakecs_own_is_one_of_packers_for_packer_alone() {
    let reboot = |options| step("reboot", Builds::Only(vec![0]), options);
    let plan = Plan {
        files: vec!["a.bake".into()],
        images: images(),
        builds: vec![build("a", 0, vec![]), build("b", 0, vec![])],
        provisioners: vec![
            step("shell", Builds::All, vec![set("script", plain("x"))]),
            reboot(vec![set("restart_timeout", Value::Duration(90_000_000_000)), set("max_retries", Value::Int(2))]),
            step("file", Builds::All, vec![]),
        ],
        ..Plan::default()
    };
    let emitted = packer_json(&plan, &kinds(), &Emit::default());
    let lost: Vec<&Lost> = emitted.problems.iter().map(|p| &p.lost).collect();
    assert_eq!(lost, [&Lost::StandIn { kind: "reboot".into() }]);
    let json: serde_json::Value = serde_json::from_str(&emitted.text()).expect("JSON");
    let steps = json["provisioners"].as_array().expect("a list");
    let kinds_of = |steps: &[serde_json::Value]| -> Vec<String> {
        steps.iter().map(|s| s["type"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(kinds_of(steps), ["shell", "shell", "shell", "file"]);
    assert_eq!((&steps[1]["only"], &steps[1]["expect_disconnect"]), (&serde_json::json!(["a"]), &true.into()));
    assert_eq!(steps[1]["inline"][0], "sudo shutdown -r now");
    assert!(steps[1]["inline"][1].as_str().is_some_and(|line| line.starts_with("sleep 90 ")), "{}", steps[1]);
    assert_eq!((&steps[1]["max_retries"], &steps[2]["max_retries"]), (&2.into(), &serde_json::Value::Null));
    assert_eq!((&steps[2]["only"], &steps[2]["pause_before"]), (&serde_json::json!(["a"]), &"10s".into()));
    // Who reads the plan with its comment finds the step itself.
    let (document, problems) = crate::packer::read(crate::text::FileId(0), &emitted.text());
    let document = document.unwrap_or_else(|| panic!("{problems:?}"));
    let read: Vec<(&str, usize, Option<&str>)> =
        document.provisioners.iter().map(|s| (s.kind.as_str(), s.options.len(), s.label.as_deref())).collect();
    assert_eq!(read, [("shell", 1, Some("a label")), ("reboot", 2, Some("a label")), ("file", 0, Some("a label"))]);
    let own = &document.provisioners[1];
    assert_eq!(own.builds.as_deref(), Some(&["a".to_owned()][..]));
    assert!(own.origin.is_some() && own.places.len() == 2, "{own:?}");
    // HCL gets the same.
    let hcl = packer_hcl(&plan, &kinds(), &Emit::default(), true);
    assert_eq!(hcl.problems.iter().map(|p| &p.lost).collect::<Vec<_>>(), lost);
    assert!(hcl.text().contains("expect_disconnect") && !hcl.text().contains("reboot\""), "{}", hcl.text());
}

#[test]
fn the_comment_holds_the_rest_and_the_digest() {
    let shared = set("region", plain("x"));
    let plan = Plan {
        files: vec!["a.bake".into()],
        images: images(),
        builds: vec![build("a", 0, vec![shared.clone()]), build("b", 0, vec![shared.clone()]), build("c", 1, vec![])],
        tests: vec![step("shell", Builds::Only(vec![0]), vec![set("script", Value::Path(Text::Plain("t.sh".into())))])],
        retain: vec![Retain { image: 1, options: vec![("keep".into(), Value::Int(3))] }],
        policies: vec!["naming".into()],
        ..Plan::default()
    };
    let paths = Paths::TemplateDir { folder: "/w/out".into(), current: "/w".into() };
    let text = packer_json(&plan, &kinds(), &Emit { paths, ..Emit::default() }).text();
    let (comment, rest) = split(&text).expect("the plan has a comment");
    let comment: String = serde_json::from_str(comment).expect("the comment is a JSON string");
    let comment: Comment = serde_json::from_str(&comment).expect("the comment holds JSON");
    assert_eq!(comment.digest, crate::packer::digest([rest]));
    assert_eq!(comment.blocks, [vec![(0, 3, 5), (0, 7, 5)], vec![(0, 3, 5)]]);
    assert_eq!(comment.builds.iter().map(|b| (b.0, b.1)).collect::<Vec<_>>(), [(0, 0), (0, 0), (1, 1)]);
    assert_eq!(&*comment.builds[1].2, [Scalar::Text("b".into())]);
    assert_eq!((&*comment.retain, &*comment.images), (&plan.retain[..], &plan.images[..]));
    let step = comment.tests[0].step.as_ref().expect("a test is held whole").get();
    assert_eq!(step, r#"{"type":"shell","only":["a"],"script":"{{template_dir}}/../t.sh"}"#);
    // A reader of JSON finds the same outside the comment as in a bare plan.
    let bare: serde_json::Value = serde_json::from_str(&bare(&Plan { tests: vec![], ..plan })).expect("JSON");
    let mut whole: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    whole.as_object_mut().expect("an object").remove(crate::packer::COMMENT_KEY);
    assert_eq!(whole, bare);
}

#[test]
fn paths_are_rebased_where_they_begin_with_known_text() {
    let path = |text: Text| Value::Path(text);
    let half = Text::Parts(Arc::new([Part::Chars("files/".into()), Part::Variable("v".into())]));
    let late = Text::Parts(Arc::new([Part::Variable("v".into())]));
    let options = vec![
        set("a", path(Text::Plain("../x/".into()))),
        set("b", path(half)),
        set("c", path(late)),
        set("d", path(Text::Plain("~/k.pem".into()))),
    ];
    let plan = Plan { images: images(), builds: vec![build("a", 0, options)], ..Plan::default() };
    let emitted = |paths| {
        let text = packer_json(&plan, &kinds(), &Emit { paths, bare: true, ..Emit::default() }).text();
        let json: serde_json::Value = serde_json::from_str(&text).expect("the plan is JSON");
        ["a", "b", "c", "d"].map(|n| json["builders"][0][n].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(emitted(Paths::Current), ["../x/", "files/{{user `v`}}", "{{user `v`}}", "~/k.pem"]);
    let paths = Paths::TemplateDir { folder: "/w/out".into(), current: "/w/src".into() };
    assert_eq!(
        emitted(paths),
        ["{{template_dir}}/../x/", "{{template_dir}}/../src/files/{{user `v`}}", "{{user `v`}}", "~/k.pem"]
    );
}

#[test]
fn many_builds() {
    let common: Vec<_> = (0..12).map(|i| set(&format!("option_{i}"), plain("a value of some length"))).collect();
    let mut plan = Plan { images: images(), ..Plan::default() };
    plan.builds = (0..5_000)
        .map(|i| {
            let name = format!("us-east-1-{i}");
            let mut options = common.clone();
            options.push(set("ami_name", plain(&format!("name {name}"))));
            build(&name, 0, options)
        })
        .collect();
    let emitted = packer_json(&plan, &kinds(), &Emit::default());
    assert_eq!(emitted.text().matches("\"ami_name\"").count(), 5_000);
}

#[test]
fn braces_are_reported_where_no_escape_helps() {
    let inspect = || vec![set("inline", Value::List(vec![plain("docker inspect -f '{{.State}}'")]))];
    let mut plan = Plan { images: images(), builds: vec![build("a", 0, vec![])], ..Plan::default() };
    plan.provisioners = vec![step("shell", Builds::All, inspect())];
    assert_eq!(packer_json(&plan, &kinds(), &Emit::default()).problems, []);
    plan.provisioners = vec![step("shell-local", Builds::All, inspect()), step("shell-local", Builds::All, inspect())];
    let problems = packer_json(&plan, &kinds(), &Emit::default()).problems;
    assert_eq!(problems, [EmitProblem { at: at(7), lost: Lost::Braces { name: "inline".into() }, kept: true }]);
}
