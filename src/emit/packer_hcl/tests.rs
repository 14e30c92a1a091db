//! Plans made by hand, and the HCL that they become.

use std::sync::Arc;

use super::*;
use crate::emit::tests::{build, kinds, parts, plain, set, step, variable, whole};
use crate::emit::{EmitProblem, Paths};
use crate::plan::{Form, Part, Text, Value, Variable, VariableDefault};
use crate::ty::Ty;

fn written(plan: &Plan) -> Emitted {
    packer_hcl(plan, &kinds(), &Emit { bare: true, ..Emit::default() }, false)
}

/// The lines of the one step that has this as its only command.
fn command(text: Value) -> String {
    let plan = Plan {
        builds: vec![build("a", 0, vec![])],
        provisioners: vec![step("shell", Builds::All, vec![set("x", text)])],
        variables: vec![variable("v", VariableDefault::Required, false)],
        ..Plan::default()
    };
    let text = written(&plan).text();
    let line = text.lines().find(|line| line.trim_start().starts_with("x = ")).map(str::trim);
    line.and_then(|line| line.strip_prefix("x = ")).unwrap_or(&text).to_owned()
}

fn action(source: &str) -> Part {
    Part::Action(source.into())
}

fn chars(text: &str) -> Part {
    Part::Chars(text.into())
}

#[test]
fn a_whole_plan() {
    let wanted = r#"packer {
  required_version = ">= 1.7.0"
}

variable "key" {
  type      = string
  sensitive = true
}

variable "size" {
  type    = string
  default = "m3.medium"
}

variable "home" {
  type    = string
  default = env("HOME")
}

source "amazon-ebs" "a-1" {
  region = "us-east-1"

  devices {
    volume_size = 9
    note        = "a\"b"
    other       = []
  }

  patience = 2
}

source "amazon-ebs" "b_2" {
  region = "us-east-1"
  wait   = "1h30m"
  bytes  = 1024
}

build {
  source "source.amazon-ebs.a-1" {}

  source "source.amazon-ebs.b_2" {
    name = "b.2"
  }

  provisioner "shell" {
    only             = ["amazon-ebs.b.2"]
    environment_vars = ["V=2.6.3", "K=${var.key}-{{`{`}}{{timestamp}}", "N=5"]
  }

  provisioner "shell" {
    inline = ["docker inspect -f '{{`{{`}}.State}}'"]
  }

  error-cleanup-provisioner "shell-local" {
    inline = ["x {{`{{`}}y"]
  }

  post-processor "manifest" {
    strip_path = true
  }

  post-processors {
    post-processor "a" {}

    post-processor "b" {
      n = 1.5
    }
  }
}
"#;
    let plan = whole();
    let emitted = written(&plan);
    assert_eq!(emitted.text(), wanted);
    assert!(emitted.problems.iter().any(|p| matches!(&p.lost, Lost::Label { label, .. } if label == "b_2")));
}

#[test]
fn what_hcl_has_names_for_is_interpolated() {
    let v = || Part::Variable("v".into());
    assert_eq!(command(parts([v()])), "var.v");
    assert_eq!(command(parts([chars("a{"), v(), chars("}")])), r#""a{{`{`}}${var.v}}""#);
    assert_eq!(command(parts([chars("$$"), v()])), r#""${"$$"}${var.v}""#);
    assert_eq!(command(parts([chars("${v} %{if} $"), action("{{timestamp}}")])), r#""$${v} %%{if} $${{timestamp}}""#);
    assert_eq!(
        command(parts([action("{{build `ID`}}"), chars("-"), action("{{build_name}}")])),
        r#""${build.ID}-${source.name}""#
    );
    assert_eq!(command(parts([action("{{user `v` | upper}}")])), r#""{{${jsonencode(var.v)} | upper}}""#);
    assert_eq!(command(parts([action("{{`v` | user}}")])), r#""{{${jsonencode(var.v)}}}""#);
    assert_eq!(
        command(parts([action("{{printf `%s` (user `v`) template_dir}}")])),
        "\"{{printf `%s` (${jsonencode(var.v)}) ${jsonencode(abspath(path.root))}}}\""
    );
    assert_eq!(command(parts([action("{{if .X}}"), chars("a"), action("{{end}}")])), r#""{{if .X}}a{{end}}""#);
}

#[test]
fn a_function_that_gets_lost_is_replaced() {
    let cleaned = |source: &str| command(parts([action(source)]));
    assert_eq!(cleaned("{{isotime | clean_resource_name}}"), r#""{{isotime | replace_all `:` `-`}}""#);
    assert_eq!(cleaned("{{isotime `2006-01-02` | clean_resource_name}}"), r#""{{isotime `2006-01-02`}}""#);
    assert_eq!(cleaned("{{clean_resource_name `a:b` | upper}}"), r#""{{`a:b` | replace_all `:` `-` | upper}}""#);
    assert_eq!(
        cleaned("{{build_name | clean_resource_name}}"),
        r#"regex_replace(source.name, "[^a-zA-Z0-9()\\[\\] ./'@_-]", "-")"#
    );
    let all = cleaned("{{clean_resource_name (user `v`)}}");
    assert!(all.starts_with("\"{{(${jsonencode(var.v)}) | replace_all `!` `-` | replace_all `\\\"` `-` | "), "{all}");
    assert_eq!(all.matches("replace_all").count(), 22, "{all}");
}

#[test]
fn a_build_knows_its_own_name() {
    let name = parts([action("{{build_name}}"), chars("-"), action("{{build_name | upper}}")]);
    let plan = Plan { builds: vec![build("a.b", 0, vec![set("x", name)])], ..Plan::default() };
    let text = written(&plan).text();
    assert!(text.contains(r#"x = "a.b-{{\"a.b\" | upper}}""#), "{text}");
}

#[test]
fn labels_differ_where_names_do() {
    let names = ["a.b", "a_b", "a.b.", "a_b-2", "1"];
    let plan = Plan { builds: names.map(|n| build(n, 0, vec![])).to_vec(), ..Plan::default() };
    assert_eq!(names::labels(&plan), ["a_b-3", "a_b", "a_b_", "a_b-2", "1"]);
    let text = written(&plan).text();
    assert!(text.contains("source \"source.amazon-ebs.1\" {}") && text.contains("name = \"a.b.\""), "{text}");
}

#[test]
fn lists_are_lists_and_texts_where_texts_are_wanted() {
    let ports = |default| Variable { form: Form::Number, list: true, ..variable("ports", default, false) };
    let list = Ty::List(Arc::new(Ty::String));
    let mut kinds = kinds();
    if let Some(kind) = kinds.get_mut(&(Category::Builder, SmolStr::from("amazon-ebs"))) {
        kind.options.insert("users".into(), super::super::tests::field(list, None));
    }
    let value = || parts([Part::Variable("ports".into())]);
    let mut plan = Plan {
        variables: vec![ports(VariableDefault::Text(Text::Plain("80,443".into())))],
        builds: vec![build("a", 0, vec![set("users", value()), set("text", value())])],
        ..Plan::default()
    };
    let how = Emit { bare: true, ..Emit::default() };
    let text = packer_hcl(&plan, &kinds, &how, false).text();
    assert!(text.contains("type    = list(number)\n  default = [80, 443]\n"), "{text}");
    assert!(text.contains("  users = var.ports\n  text  = join(\",\", var.ports)\n"), "{text}");
    plan.variables = vec![ports(VariableDefault::Environment("PORTS".into()))];
    let text = packer_hcl(&plan, &kinds, &how, false).text();
    assert!(text.contains("type    = string\n  default = env(\"PORTS\")\n"), "{text}");
    assert!(text.contains("locals {\n  ports = compact(split(\",\", var.ports))\n}\n"), "{text}");
    assert!(text.contains("  users = local.ports\n"), "{text}");
}

#[test]
fn defaults_that_only_the_run_knows_are_locals() {
    let text = |parts: Vec<Part>| VariableDefault::Text(Text::Parts(parts.into()));
    let plan = Plan {
        variables: vec![
            variable("when", text(vec![action("{{timestamp}}"), chars("!")]), false),
            variable("home", text(vec![action("{{env `HOME`}}"), chars("/x")]), false),
            variable("late", text(vec![Part::Variable("home".into()), action("{{uuid}}")]), false),
            variable("word", text(vec![action("{{vault `a` `b`}}")]), true),
            Variable { form: Form::Path, ..variable("key", VariableDefault::Text(Text::Plain("k.pem".into())), false) },
        ],
        builds: vec![build(
            "a",
            0,
            vec![set("x", parts([Part::Variable("late".into()), Part::Variable("key".into())]))],
        )],
        ..Plan::default()
    };
    let paths = Paths::TemplateDir { folder: "/a/b".into(), current: "/a".into() };
    let text = packer_hcl(&plan, &kinds(), &Emit { bare: true, paths, ..Emit::default() }, false).text();
    for wanted in [
        "default = \"{{timestamp}}!\"",
        "default = \"${env(\"HOME\")}/x\"",
        "  late = var.late == null ? \"${var.home}${uuidv4()}\" : var.late\n",
        "  key  = var.key == null ? \"${path.root}/../k.pem\" : var.key\n",
        "local \"word\" {\n  expression = var.word == null ? vault(\"a\", \"b\") : var.word\n  sensitive  = true\n}\n",
        "x = \"${local.late}${local.key}\"",
    ] {
        assert!(text.contains(wanted), "{wanted} is not in\n{text}");
    }
}

#[test]
fn plugins_are_demanded_or_missed_by_name() {
    let mut plan = Plan { builds: vec![build("a", 0, vec![])], ..Plan::default() };
    plan.provisioners = vec![step("shell", Builds::All, vec![]), step("wind", Builds::All, vec![])];
    plan.posts =
        vec![Chain { links: vec![step("wind", Builds::All, vec![]), step("docker-tag", Builds::All, vec![])] }];
    let emitted = packer_hcl(&plan, &kinds(), &Emit::default(), true);
    let text = emitted.text();
    assert!(text.starts_with("# Written by bakec "), "{text}");
    assert!(text.contains("    amazon = {\n      source  = \"github.com/hashicorp/amazon\""), "{text}");
    assert!(text.contains("    docker = {") && !text.contains("shell = {"), "{text}");
    assert_eq!(text.matches("# The plugin with `wind`").count(), 1, "{text}");
    let missed = emitted.problems.iter().filter(|p| matches!(&p.lost, Lost::Plugin { kind } if kind == "wind"));
    assert_eq!(missed.count(), 1);
    assert!(!packer_hcl(&plan, &kinds(), &Emit::default(), false).text().contains("required_plugins"));
}

#[test]
fn options_that_hcl_has_otherwise() {
    let json = |name: &str| set(name, Value::Record(vec![("a".into(), Value::List(vec![Value::Int(1)]))]));
    let solo = |options| step("chef-solo", Builds::All, options);
    let mut plan = Plan { builds: vec![build("a", 0, vec![])], ..Plan::default() };
    plan.provisioners = vec![solo(vec![json("json")]), solo(vec![set("json_string", plain("{}")), json("json")])];
    plan.posts = vec![Chain { links: vec![step("vagrant", Builds::All, vec![json("override")])] }];
    let emitted = written(&plan);
    let text = emitted.text();
    assert!(text.contains("    json_string = jsonencode({\n      a = [1]\n    })\n"), "{text}");
    assert!(text.contains("    json_string = jsonencode(merge({ a = [1] }, jsondecode(\"{}\")))\n"), "{text}");
    assert!(text.contains("post-processor \"vagrant\" {}") && text.matches("json_string").count() == 2, "{text}");
    assert!(
        matches!(&emitted.problems[..], [EmitProblem { lost: Lost::Option { name, .. }, .. }] if name == "override")
    );
}
