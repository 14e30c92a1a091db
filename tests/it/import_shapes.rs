//! Templates of shapes that are rare: what becomes of each, and that it means what the template means.
//!
//! The template is its own measure here, so none of them needs `packer fix`.

use bakec::diagnostic::Severity;
use bakec::load::Memory;
use serde_json::Value;

use crate::imported::{imported, plan_and_params};
use crate::meaning::differences_beside;

/// A template, parts of the program in their order, and parts of what is told.
struct Case {
    template: &'static str,
    program: &'static [&'static str],
    told: &'static [&'static str],
}

/// Imports a template; the program's parts, what is told, and whether it means the same.
#[track_caller]
fn holds(case: &Case) {
    let mut world = Memory::default();
    world.files.insert("template.json".into(), case.template.into());
    let imported = imported(&world);
    let said: Vec<String> = imported
        .diagnostics
        .iter()
        .map(|d| format!("{}: {}", d.message, d.help.as_deref().unwrap_or_default()))
        .collect();
    assert!(imported.diagnostics.iter().all(|d| d.severity == Severity::Warning), "{said:#?}");
    let made = imported.program.expect("a program");
    let mut rest = made.text.as_str();
    for part in case.program {
        let at = rest.find(part).unwrap_or_else(|| panic!("no `{part}` in\n{}", made.text));
        rest = &rest[at + part.len()..];
    }
    assert_eq!(said.len(), case.told.len(), "{said:#?}");
    for (said, told) in said.iter().zip(case.told) {
        assert!(said.contains(told), "no `{told}` in `{said}`");
    }
    let (plan, params) = plan_and_params(&world, &made.text).unwrap_or_else(|e| panic!("{e}\n{}", made.text));
    let template = bakec::json::parse(bakec::text::FileId(0), case.template).value.expect("JSON").plain();
    let found = differences_beside(&template, &plan, &params);
    assert!(found.is_empty(), "{found:#?}\n{}", made.text);
}

#[test]
fn a_plugin_that_nobody_knows_keeps_its_fields_and_its_loose_lists() {
    holds(&Case {
        template: r#"{
            "variables": { "mem": "512", "cfg": "preseed.cfg" },
            "builders": [{
                "type": "virtualbox-iso",
                "boot_command": ["<esc>auto url=http://{{ .HTTPIP }}:{{ .HTTPPort }}/{{user `cfg`}}<wait>"],
                "vboxmanage": [["modifyvm", "{{.Name}}", "--memory", "{{user `mem`}}"], ["modifyvm", "{{.Name}}", "--cpus", 2]],
                "nested": { "a": [1, "x"], "b": [], "c": null },
                "tags": { "{{user `cfg`}}": 1 }
            }]
        }"#,
        program: &[
            "boot_command: [template<.HTTPIP, .HTTPPort>]",
            "vboxmanage: [[template<.Name>]]",
            "param cfg: string",
            r#""--cpus", "2"]"#,
            r#"{ a = [1, "x"], b = [] }"#,
        ],
        told: &["it is a `param`"],
    });
}

#[test]
fn a_file_of_windows_with_comments_everywhere() {
    holds(&Case {
        template: "\u{feff}{\r\n  // one\r\n  \"_comment\": [\"two\"],\r\n  \"builders\": [{ \"_note\": \"three\", \"type\": \"null\", // \
            four\r\n    \"communicator\": \"none\" /* five */ }], // six\r\n  \"provisioners\": [{ \"_x\": \"seven\", \"type\": \
            \"shell-local\", \"inline\": [\r\n    \"a\", # eight\r\n    \"b\"],\r\n    \"override\": { \"null\": { \"_why\": \"nine\", \
            \"inline\": [\"c\"] } } }]\r\n}\r\n// ten\r\n",
        program: &[
            "//! one",
            "//! two",
            "// four",
            "builder null",
            "// three",
            "// five",
            "// nine",
            "// seven",
            "// eight",
            "inline = [\"c\"]",
            "// ten",
        ],
        told: &[],
    });
}

#[test]
fn builders_of_one_kind_without_names_get_some() {
    let case = Case {
        template: r#"{
            "builders": [
                { "type": "null", "communicator": "none" },
                { "type": "null", "name": "b", "communicator": "none" },
                { "type": "null", "name": "c", "communicator": "none" }
            ],
            "provisioners": [
                { "type": "shell-local", "inline": ["a"], "override": { "b": { "inline": ["b"] } } },
                { "type": "shell-local", "inline": ["all"], "only": [] },
                { "type": "shell-local", "inline": ["none"], "only": ["gone"] }
            ],
            "post-processors": [[], ["manifest", { "type": "shell-local", "inline": ["x"], "only": ["c"] }], "checksum"]
        }"#,
        program: &[
            "name = variant",
            "inline = [if variant == \"b\" then \"b\" else \"a\"]",
            "inline = [\"all\"]",
            "post {",
            "manifest {}",
            "then shell-local when variant == \"c\"",
            "post checksum {}",
        ],
        told: &["`gone` in `only`"],
    };
    holds(&case);
    let mut world = Memory::default();
    let twice =
        r#"{ "builders": [{ "type": "null", "communicator": "none" }, { "type": "null", "communicator": "none" }] }"#;
    world.files.insert("template.json".into(), twice.into());
    let made = imported(&world);
    assert!(made.diagnostics[0].help.as_deref().is_some_and(|h| h.contains("it is called `null-2`")), "{made:?}");
    assert!(made.program.is_some_and(|p| p.text.contains("axis build in [\"null\", \"null-2\"]")));
}

#[test]
fn variables_are_found_wherever_the_template_says_them() {
    holds(&Case {
        template: r#"{
            "sensitive-variables": ["hidden", "later"],
            "variables": { "hidden": "h", "_kept": "k", "_comment": "no variable", "a-b": "x", "later": null },
            "builders": [{ "type": "null", "ssh_host": "{{ user \"_kept\" }}-x", "ssh_username": "{{user `a-b` | upper}}",
                "ssh_password": "{{user `hidden`}}" }],
            "provisioners": [{ "type": "shell-local", "inline": ["{{user `later`}} {{`_kept` | user}}"] }]
        }"#,
        program: &[
            "secret hidden: string = \"h\"",
            "variable _kept: string = \"k\"",
            "// no variable",
            "variable a_b: string = \"x\"",
            "secret later: string",
            "\"${_kept}-x\"",
            "{{user `a_b` | upper}}",
            "{{`_kept` | user}}",
        ],
        told: &[],
    });
}

#[test]
fn what_the_run_decides_stays_with_the_run() {
    holds(&Case {
        template: r#"{
            "variables": { "who": "x-{{env `USER`}}-{{isotime \"2006\"}}", "home": "{{ env \"HOME\" }}", "f": 1.50, "b": true, "e": "" },
            "builders": [{ "type": "null", "communicator": "none" }],
            "provisioners": [{ "type": "shell-local", "inline":
                ["{{user `who`}} {{user `home`}} {{user `f`}} {{user `b`}}{{user `e`}} {{isotime \"Mon\" | clean_resource_name}} {{build `ID`}}"] }],
            "error-cleanup-provisioner": { "type": "shell-local", "inline": ["{{build_name}}"] },
            "min_packer_version": "1.4.0"
        }"#,
        program: &["env(\"HOME\")", "\"1.5\"", "b: string = \"1\"", "cleanup shell-local"],
        told: &[],
    });
}

#[test]
fn a_list_that_is_a_text_elsewhere_is_taken_apart() {
    holds(&Case {
        template: r#"{
            "variables": { "groups": "sg-0a0b0c0d,sg-1a1b1c1d", "none": "", "minutes": "5", "gib": "2" },
            "builders": [{
                "type": "amazon-ebs", "region": "us-east-1", "source_ami": "ami-0a0b0c0d", "instance_type": "t3.micro",
                "ssh_username": "u", "ami_name": "abc", "security_group_ids": "{{user `groups`}}", "ami_groups": "{{user `none`}}",
                "ssh_timeout": "{{user `minutes`}}m", "tags": { "G": "{{user `groups`}}", "N": "{{user `none`}}" },
                "launch_block_device_mappings": { "device_name": "/dev/sda1", "volume_size": "{{user `gib`}}0" }
            }]
        }"#,
        program: &[
            "param groups",
            "param none",
            "param minutes: int = 5",
            "param gib",
            "split(groups, \",\")",
            "split(none, \",\")",
            "1m * minutes",
            "{ G = groups, N = none }",
            "1GiB * int(\"${gib}0\")",
        ],
        told: &["`groups`", "`none`", "`minutes`", "`gib`"],
    });
}

#[test]
fn a_duration_that_nothing_can_be_worked_out_of_is_its_default() {
    let case = Case {
        template: r#"{
            "variables": { "a": "5m", "b": "30s" },
            "builders": [{ "type": "null", "ssh_host": "h", "ssh_username": "u", "ssh_password": "p", "ssh_timeout": "{{user `a`}}{{user `b`}}" }]
        }"#,
        program: &["ssh_timeout = 5m30s"],
        told: &["only a text can be made of a variable; it is `5m30s`"],
    };
    let mut world = Memory::default();
    world.files.insert("template.json".into(), case.template.into());
    let imported = imported(&world);
    let made = imported.program.expect("a program");
    assert!(made.text.contains(case.program[0]) || made.text.contains("5m30s"), "{}", made.text);
    let said: Vec<&str> = imported.diagnostics.iter().filter_map(|d| d.help.as_deref()).collect();
    assert!(said.iter().any(|help| help.contains(case.told[0])), "{said:?}");
    let plan: Value = plan_and_params(&world, &made.text).expect("it compiles").0;
    assert_eq!(plan["builders"][0]["ssh_timeout"], "5m30s");
}

#[test]
fn builders_that_have_little_in_common_stay_apart() {
    holds(&Case {
        template: r#"{
            "builders": [
                { "type": "null", "name": "a", "ssh_host": "192.0.2.1", "ssh_username": "u", "ssh_port": "22", "ssh_password": "p", "ssh_pty": 1 },
                { "type": "null", "name": "b", "communicator": "winrm", "winrm_host": "192.0.2.2", "winrm_username": "u",
                    "winrm_password": "p" }
            ]
        }"#,
        program: &["builder null when build == \"a\"", "builder null when build == \"b\""],
        told: &[],
    });
}

#[test]
fn defaults_that_hold_each_other_end() {
    let doubled = |n: usize| format!("\"v{n}\": \"{{{{user `v{}`}}}}{{{{user `v{}`}}}}\"", n - 1, n - 1);
    let variables: Vec<String> = (1..60).map(doubled).collect();
    let mut world = Memory::default();
    let template = format!(
        "{{\"variables\": {{\"v0\": \"x\", \"l\": \"{{{{user `m`}}}}\", \"m\": \"{{{{user `l`}}}}\", {}}}, \"builders\": \
         [{{\"type\": \"null\", \"communicator\": \"none\", \"name\": \"{{{{user `v59`}}}}\"}}, {{\"type\": \"null\", \"name\": \
         \"{{{{user `l`}}}}\"}}]}}",
        variables.join(", ")
    );
    world.files.insert("template.json".into(), template);
    assert!(imported(&world).program.is_some_and(|made| made.tally.builders == 2));
}
