//! Two plans and what is told of their differences.

use serde_json::json;

use super::*;
use crate::packer::read;
use crate::plan::Scalar;
use crate::text::FileId;

fn document(plan: &Json) -> Document {
    let (document, problems) = read(FileId(0), &plan.to_string());
    document.unwrap_or_else(|| panic!("{problems:?}"))
}

#[track_caller]
fn tells(before: &Json, after: &Json, wanted: &str) {
    let diff = diff(&document(before), &document(after));
    assert_eq!(text(&diff, Style::default()), wanted);
    assert_eq!(diff.equal, wanted.is_empty());
}

fn plan(options: Json) -> Json {
    let mut builder = json!({ "name": "web", "type": "amazon-ebs" });
    builder.as_object_mut().expect("a record").extend(options.as_object().expect("a record").clone());
    json!({ "builders": [builder] })
}

fn with(key: &str, value: Json) -> Json {
    let mut plan = json!({ "builders": [{ "name": "a", "type": "null" }, { "name": "b", "type": "null" }] });
    plan[key] = value;
    plan
}

#[test]
fn options_are_told_as_they_are_read() {
    tells(
        &plan(json!({
            "ami_name": "web 1", "ebs_optimized": true, "gone": 1, "tags": { "Release": "1", "Old": "x" },
            "launch_block_device_mappings": [
                { "device_name": "/dev/sda1", "volume_size": 8 }, { "device_name": "/dev/sdb", "volume_size": 20 },
            ],
            "ami_regions": ["us-east-1", "us-west-1"], "ami_users": ["1", "2"],
        })),
        &plan(json!({
            "ami_name": "web 2", "ebs_optimized": false, "tags": { "Release": "2", "New tag": "y" },
            "launch_block_device_mappings": [
                { "device_name": "/dev/sda1", "volume_size": 16 }, { "device_name": "/dev/sdc", "volume_size": 20 },
            ],
            "ami_regions": ["us-east-1", "eu-west-1"], "ami_users": ["2", "1"], "come": [1],
        })),
        r#"builds (1)
  ~ web
      ami_name                                             "web 1" → "web 2"
      ebs_optimized                                        true → false
      gone                                                 - 1
      tags.Release                                         "1" → "2"
      tags.Old                                             - "x"
      tags["New tag"]                                      + "y"
      launch_block_device_mappings[/dev/sda1].volume_size  8 → 16
      launch_block_device_mappings[/dev/sdb]               - {"device_name":"/dev/sdb","volume_size":20}
      launch_block_device_mappings[/dev/sdc]               + {"device_name":"/dev/sdc","volume_size":20}
      ami_regions                                          - "us-west-1"  + "eu-west-1"
      ami_users                                            ["1","2"] → ["2","1"] (another order)
      come                                                 + [1]
"#,
    );
}

#[test]
fn what_packer_reads_as_the_same_is_equal() {
    tells(
        &plan(json!({ "a": 8, "b": "true", "c": { "x": 1, "y": 2 }, "d": 1.0, "e": [{ "z": "5" }] })),
        &plan(json!({ "d": 1, "c": { "y": 2, "x": "1" }, "b": true, "a": "8", "e": [{ "z": 5 }] })),
        "",
    );
}

#[test]
fn elements_without_names_are_paired_by_order() {
    tells(
        &plan(json!({ "l": [{ "x": 1 }, { "x": 2 }, { "x": 3 }], "e": ["A=1", "B=2"] })),
        &plan(json!({ "l": [{ "x": 2 }, { "x": 4 }], "e": ["B=3", "A=1", "C=x=y"] })),
        r#"builds (1)
  ~ web
      l[0]    - {"x":1}
      l[1].x  3 → 4
      e.B     "2" → "3"
      e.C     + "x=y"
"#,
    );
}

#[test]
fn long_texts_are_told_by_line() {
    let script = |word: &str| format!("#!/bin/sh\nset -e\none\ntwo\n{word}\nfour\nfive\nsix\n");
    tells(
        &plan(json!({ "user_data": script("three"), "ami_description": "x".repeat(61), "one": "a\u{1b}[31m" })),
        &plan(json!({ "user_data": script("3\u{7}"), "ami_description": "y", "two": "p\nq" })),
        &format!(
            r#"builds (1)
  ~ web
      user_data
            one
            two
          - three
          + 3\u{{7}}
            four
            five
      ami_description
          - "{}"
          + "y"
      one  - "a\u001b[31m"
      two
          + p
          + q
"#,
            "x".repeat(61)
        ),
    );
}

#[test]
fn line_ends_alone_are_seen() {
    tells(
        &plan(json!({ "inline": ["a\n", "b"] })),
        &plan(json!({ "inline": ["a", "b"] })),
        r#"builds (1)
  ~ web
      inline
          - ["a\n","b"]
          + ["a","b"]
"#,
    );
}

#[test]
fn equal_changes_of_many_builds_stand_once() {
    let plan = |version: &str, size: &str| {
        let build = |n: usize| {
            json!({ "name": format!("b-{n}"), "type": "amazon-ebs", "ami_name": format!("web {version}-{n}"),
                "instance_type": if n < 2 { size } else { "m3.medium" } })
        };
        json!({ "builders": (0..4).map(build).collect::<Vec<_>>() })
    };
    tells(
        &plan("2.6.3", "m3.medium"),
        &plan("2.6.4", "m3.large"),
        r#"builds (4)
  ~ in all 4 builds
      ami_name  "web 2.6.3-0" → "web 2.6.4-0"
      (values are those of b-0; the others change alike)
  ~ in 2 of 4 builds, first b-0
      instance_type  "m3.medium" → "m3.large"
"#,
    );
}

#[test]
fn builds_come_go_and_change_their_names() {
    let build = |name: &str, value: &str| json!({ "name": name, "type": "null", "o": value });
    tells(
        &json!({ "builders": [build("a", "1"), build("b", "2"), build("c", "3"), build("d", "4")] }),
        &json!({ "builders": [build("a", "1"), build("bee", "2"), build("e", "5")], "provisioners": [] }),
        "builds (4 → 3)
  - c  null
  - d  null
  + e  null
  ~ b → bee  renamed
",
    );
    // At the same axes of one image it is the same build, whatever else has changed.
    let axes = |name: &str, value: &str| {
        let mut document = document(&json!({ "builders": [build(name, value)] }));
        document.builds[0].image = Some("web".into());
        document.builds[0].axes = vec![("region".into(), Scalar::Text("us-east-1".into()))];
        document
    };
    let diff = diff(&axes("old", "1"), &axes("new", "2"));
    assert_eq!(text(&diff, Style::default()), "builds (1)\n  ~ old → new  renamed\n  ~ new\n      o  \"1\" → \"2\"\n");
}

#[test]
fn variables_keep_their_secrets() {
    let plan = |variables: Json, secrets: Json| json!({ "builders": [], "variables": variables, "sensitive-variables": secrets });
    let before = plan(json!({ "a": "1", "gone": "x", "key": "hunter2", "r": null, "s": "plain" }), json!(["key"]));
    let after = plan(
        json!({ "a": "2", "key": "hunter3", "r": "now", "s": "hidden", "come": "sesame" }),
        json!(["key", "s", "come"]),
    );
    tells(
        &before,
        &after,
        r#"variables
  - gone  "x"
  + come
  ~ a
      default  "1" → "2"
  ~ key
      default  differs (a secret)
  ~ r
      default  required → "now"
  ~ s
      default  differs (a secret)
      secret   false → true
"#,
    );
    let json = as_json(&diff(&document(&before), &document(&after)), "x", "y");
    for word in ["hunter", "plain", "hidden", "sesame"] {
        assert!(!json.contains(word), "{word} in {json}");
    }
}

#[test]
fn steps_are_paired_by_what_they_are() {
    tells(
        &with(
            "provisioners",
            json!([
                { "type": "shell", "script": "one.sh" },
                { "type": "shell", "inline": ["a", "b"], "only": ["a"] },
                { "type": "file", "source": "x", "destination": "/x" },
                { "type": "shell", "script": "last.sh" },
            ]),
        ),
        &with(
            "provisioners",
            json!([
                { "type": "shell", "script": "last.sh" },
                { "type": "shell", "script": "one.sh" },
                { "type": "shell", "inline": ["a", "c"] },
                { "type": "breakpoint", "note": "look\nhere" },
            ]),
        ),
        r#"provisioners
  - 3. file
      - source  "x"
      - destination  "/x"
  + 4. breakpoint
      + note
          + look
          + here
  ~ 4 → 1. shell  moved up
  ~ 2 → 3. shell
      inline  - "b"  + "c"
      for  a → all builds
"#,
    );
}

#[test]
fn steps_for_builds_that_only_one_plan_has_are_equal() {
    let before = json!({ "builders": [{ "name": "a", "type": "null" }], "provisioners": [{ "type": "shell" }] });
    let after = json!({
        "builders": [{ "name": "a", "type": "null" }, { "name": "z", "type": "file" }],
        "provisioners": [{ "type": "shell", "only": ["a"] }],
    });
    tells(&before, &after, "builds (1 → 2)\n  + z  file\n");
}

#[test]
fn chains_versions_and_outputs() {
    let mut before =
        with("post-processors", json!(["compress", [{ "type": "checksum", "t": "md5" }, { "type": "manifest" }]]));
    let mut after = with("post-processors", json!([[{ "type": "checksum", "t": "sha256" }, { "type": "manifest" }]]));
    before["min_packer_version"] = "1.2.0".into();
    after["min_packer_version"] = "1.6.0".into();
    let (mut before, mut after) = (document(&before), document(&after));
    before.outputs = vec![("ids.json".into(), json!({ "a": "x" })), ("old.json".into(), json!([]))];
    after.outputs = vec![("ids.json".into(), json!({ "a": "y" }))];
    let diff = diff(&before, &after);
    let wanted = r#"packer
  min_packer_version  "1.2.0" → "1.6.0"

post-processors
  - 1. compress
  ~ 2 → 1. checksum then manifest
      checksum.t  "md5" → "sha256"

outputs
  - old.json  []
  ~ ids.json
      a  "x" → "y"
"#;
    assert_eq!(text(&diff, Style::default()), wanted);
    assert!(text(&diff, Style { colour: true }).contains("\x1b[31m- 1. compress\x1b[0m\n"));
}

#[test]
fn json_holds_every_value_of_every_build() {
    let before =
        json!({ "builders": [{ "name": "a", "type": "null", "o": 1 }, { "name": "b", "type": "null", "o": 1 }] });
    let after =
        json!({ "builders": [{ "name": "a", "type": "null", "o": 2 }, { "name": "b", "type": "null", "o": 2 }] });
    let json: Json =
        serde_json::from_str(&as_json(&diff(&document(&before), &document(&after)), "x", "y")).expect("JSON");
    assert_eq!(json["equal"], false);
    let changes = json!([{ "path": "o", "before": 1, "after": 2 }]);
    assert_eq!(
        json["builds"]["changed"],
        json!([{ "name": "a", "changes": changes }, { "name": "b", "changes": changes }])
    );
}

#[test]
fn a_selection_takes_builds_of_both_sides() {
    let plan = |names: &[&str], value: &str| {
        let builds: Vec<Json> = names.iter().map(|n| json!({ "name": n, "type": "null", "o": value })).collect();
        let provisioners = json!([{ "type": "shell", "only": ["a", "b"] }, { "type": "file", "only": ["b"] }]);
        document(&json!({ "builders": builds, "provisioners": provisioners }))
    };
    let taken = |patterns: &[&str], except: &[&str]| {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let (mut before, mut after) = (plan(&["a", "b"], "1"), plan(&["a", "b", "c"], "2"));
        only(&mut before, &mut after, &own(patterns), &own(except)).map_err(|p| p.text.clone())?;
        let names = |d: &Document| d.builds.iter().map(|b| b.name.clone()).collect::<Vec<_>>().join(" ");
        Ok::<_, String>((names(&before), names(&after), before.provisioners.len()))
    };
    assert_eq!(taken(&["a,c"], &[]), Ok(("a".into(), "a c".into(), 1)));
    assert_eq!(taken(&[], &["a"]), Ok(("b".into(), "b c".into(), 2)));
    assert_eq!(taken(&["c"], &[]), Ok(("".into(), "c".into(), 0)));
    assert_eq!(taken(&["nope"], &[]), Err("nope".into()));
}

#[test]
fn a_plan_of_thousands_is_compared_in_time() {
    let plan = |word: &str| {
        let build = |n: usize| json!({ "name": format!("{word}-{n}"), "type": "null", "o": word, "p": { "q": [n] } });
        json!({ "builders": (0..3000).map(build).collect::<Vec<_>>() })
    };
    let diff = diff(&document(&plan("a")), &document(&plan("b")));
    assert_eq!((diff.builds.added.len(), diff.builds.removed.len(), diff.builds.renamed.len()), (3000, 3000, 0));
    assert!(text(&diff, Style::default()).contains("… and 2900 more"));
}
