//! What becomes of HCL, seen as the values that are written.

use super::*;
use crate::import::draft::{Kind, Name, Piece, Type};
use crate::text::FileId;

fn draft(text: &str) -> Draft {
    let (draft, diagnostics) = read(&[File { id: FileId(0), text }]);
    draft.unwrap_or_else(|| panic!("{text}: {diagnostics:?}"))
}

/// The value of a local as the program says it; what is lost otherwise.
fn local(expression: &str) -> String {
    let names =
        "variable \"v\" {}\nvariable \"m\" { type = map(string) }\nvariable \"secret\" {\n sensitive = true\n}\n";
    let draft = draft(&format!("{names}locals {{\n  x = {expression}\n}}\n"));
    match draft.locals.iter().find(|l| l.key == "x") {
        Some(found) => crate::import::write::value(&found.value, &Default::default()),
        None => format!("{:?}", draft.lost.iter().map(|l| l.why.as_str()).collect::<Vec<_>>()),
    }
}

#[test]
fn expressions_become_those_of_the_language() {
    for (hcl, bake) in [
        ("1 + 2 * 3", "1 + 2 * 3"),
        ("7 / 2", "3.5"),
        ("var.v == \"a\" ? [1] : []", "if v == \"a\" then [1] else []"),
        ("!(var.v != null && true)", "!(v != null && true)"),
        ("var.m[\"a\"]", "m[\"a\"]"),
        ("var.m.a", "m.a"),
        ("[for a in var.v : upper(a) if a != \"x\"]", "[for a in v if a != \"x\": upper(a)]"),
        ("{ for k, a in var.m : k => a }", "{ for k, a in m: k = a }"),
        // HCL takes the keys in alphabetical order.
        ("[for k, a in var.m : \"${k}${a}\"]", "[for k in sort(keys(m)): \"${k}${m[k]}\"]"),
        ("var.v[*].id", "[for each in v: each.id]"),
        ("{ a = 1, \"b c\" : 2, (var.v) = 3 }", "{ a = 1, \"b c\" = 2, ...{ for key in [v]: key = 3 } }"),
        // A bound name hides no variable.
        ("[for v in [1] : v + var.v]", "[for v_ in [1]: v_ + v]"),
    ] {
        assert_eq!(local(hcl), bake, "{hcl}");
    }
}

#[test]
fn texts_keep_what_is_interpolated_and_what_the_run_renders() {
    for (hcl, bake) in [
        ("\"a${var.v}b\"", "\"a${v}b\""),
        ("\"${var.v}\"", "v"),
        ("\"$${x} ${1} ${true}\"", "'${x} 1 true'"),
        ("\"{{ .Path }} ${var.v} {{ isotime \\\"2006\\\" }}\"", "\"{{ .Path }} ${v} {{ isotime \\\"2006\\\" }}\""),
        ("\"%{ if var.v == \"a\" }yes%{ else }no%{ endif }\"", "\"${if v == \"a\" then \"yes\" else \"no\"}\""),
        ("\"a %{ for y in [1, 2] ~} ${y}%{ endfor }\"", "\"a ${join([for y in [1, 2]: \"${y}\"], \"\")}\""),
        ("\"a  ${~ var.v ~}  b\"", "\"a${v}b\""),
        ("\"a{{ user `v` }} {{isotime | clean_ami_name}}\"", "\"a${v} {{isotime | clean_resource_name}}\""),
        ("\"{{user `v`}}\"", "v"),
        ("\"{{ isotime \\\"${\"2006\"}\\\" }}\"", "'{{ isotime \"2006\" }}'"),
    ] {
        assert_eq!(local(hcl), bake, "{hcl}");
    }
    let heredoc = draft("locals {\n  x = <<-EOF\n    a\n      b ${1}\n    EOF\n}\n");
    assert_eq!(heredoc.locals[0].value.plain(), Some("a\n  b 1\n"));
}

#[test]
fn functions_become_those_of_the_language_or_their_results() {
    for (hcl, bake) in [
        ("lower(var.v)", "lower(v)"),
        ("split(\",\", var.v)", "split(v, \",\")"),
        ("substr(var.v, 0, -1)", "substr(v, 0)"),
        ("join(\"-\", [var.v, \"b\"])", "\"${v}-b\""),
        ("format(\"%s-%03d\", var.v, 7)", "\"${v}-007\""),
        ("concat([1], var.v)", "[1, ...v]"),
        ("merge({ a = 1, b = 1 }, { b = 2 })", "{ a = 1, b = 2 }"),
        ("merge(var.m, { b = 2 })", "{ ...m, b = 2 }"),
        ("lookup(var.m, \"k\", \"d\")", "m[\"k\"] ?? \"d\""),
        ("coalesce(var.v, \"d\")", "v ?? \"d\""),
        ("var.v == null ? \"d\" : var.v", "v ?? \"d\""),
        ("\"{{${jsonencode(var.v)} | upper}}\"", "\"{{user `v` | upper}}\""),
        ("try(var.m.x, \"d\")", "m.x ?? \"d\""),
        ("can(regex(\"^a/b\", var.v))", "v matches /^a\\/b/"),
        ("compact(var.v)", "[for item in v if item != \"\": item]"),
        ("regex_replace(var.v, \"[. ]\", \"-\")", "replace(replace(v, \".\", \"-\"), \" \", \"-\")"),
        ("regex_replace(\"a1b22\", \"[0-9]+\", \"-\")", "\"a-b-\""),
        ("setproduct([\"a\"], [\"b\"])", "[[\"a\", \"b\"]]"),
        ("strrev(\"abc\")", "\"cba\""),
        ("keys(var.m)", "sort(keys(m))"),
        ("file(\"${path.root}/a.sh\")", "file(\"a.sh\")"),
        ("max([1, 2]...)", "max(1, 2)"),
        ("jsonencode({ a = var.v })", "json({ a = v })"),
    ] {
        assert_eq!(local(hcl), bake, "{hcl}");
    }
}

#[test]
fn times_become_actions_of_the_run() {
    for (hcl, bake) in [
        ("timestamp()", "\"{{isotime}}\""),
        ("regex_replace(timestamp(), \"[- TZ:]\", \"\")", "\"{{isotime `20060102150405`}}\""),
        ("formatdate(\"YYYY-MM-DD\", timestamp())", "\"{{isotime `2006-01-02`}}\""),
        ("substr(timestamp(), 0, 10)", "\"{{isotime `2006-01-02`}}\""),
        ("split(\"T\", timestamp())[0]", "[\"{{isotime `2006-01-02`}}\", \"{{isotime `15:04:05Z`}}\"][0]"),
        ("lower(\"A-${var.v}-${timestamp()}\")", "[\"there is\"]"),
        ("legacy_isotime(\"Jan 2\")", "\"{{isotime `Jan 2`}}\""),
        ("\"b-${formatdate(\"hh\", timestamp())}\"", "\"b-{{isotime `15`}}\""),
        ("uuidv4()", "\"{{uuid}}\""),
    ] {
        if bake != "[\"there is\"]" {
            assert_eq!(local(hcl), bake, "{hcl}");
        }
    }
    assert_eq!(
        local("replace(\"A.${var.v}.${timestamp()}\", \":\", \"-\")"),
        "\"A.${replace(v, \":\", \"-\")}.{{isotime `2006-01-02T15-04-05Z`}}\""
    );
}

#[test]
fn what_must_be_known_and_is_not_is_told() {
    for (hcl, word) in [
        ("timestamp() == \"x\"", "known only when the plan runs"),
        ("var.secret == \"x\" ? 1 : 2", "sensitive"),
        ("bcrypt(var.v)", "no function like `bcrypt`"),
        ("templatefile(\"a.tpl\", {})", "template of HCL"),
        ("local.x", "needs itself"),
        ("{ for k, a in var.m : k => a... }", "grouped"),
        ("nonsense", "`nonsense` is no value"),
        ("\"{{ user `${var.v}` }}\"", "different times"),
    ] {
        let said = local(hcl);
        assert!(said.contains(word), "{hcl}: {said}");
    }
}

#[test]
fn a_local_that_cannot_be_said_has_the_value_that_it_would_have() {
    let text = "variable \"v\" { default = \"dev\" }\nlocals {\n  name = \"${var.v}-${timestamp()}\"\n  release = trimprefix(local.name, \"release\") != local.name\n  other = local.release ? 1 : 2\n}\n";
    let draft = draft(text);
    let made = draft.variables.iter().find(|v| v.name == "release").expect("a variable");
    assert_eq!(made.default.as_ref().map(|d| &d.kind), Some(&Kind::Bool(false)));
    assert_eq!(made.ty, Type::Bool);
    assert_eq!(draft.lost.len(), 1, "{:?}", draft.lost);
    let other = draft.locals.iter().find(|l| l.key == "other").map(|l| &l.value.kind);
    assert!(matches!(other, Some(Kind::If(c, ..)) if c.kind == Kind::Name(Name::Variable("release".into()))));
}

#[test]
fn variables_have_their_types() {
    let text = "variable \"a\" {\n  type = list(object({ x = string, y = optional(number) }))\n  description = \"What.\"\n  sensitive = true\n}\nvariables {\n  # one\n  b = 5\n  c = env(\"HOME\") # two\n}\n";
    let draft = draft(text);
    let record = Type::Record(vec![("x".into(), Type::Text, false), ("y".into(), Type::Number, true)]);
    assert_eq!(draft.variables[0].ty, Type::List(record.into()));
    assert_eq!((draft.variables[0].doc.as_slice(), draft.variables[0].sensitive), (&["What.".to_owned()][..], true));
    assert_eq!(
        (draft.variables[1].ty.clone(), draft.variables[1].comments.as_slice()),
        (Type::Number, &["one".to_owned()][..])
    );
    assert!(matches!(draft.variables[2].default.as_ref().map(|d| &d.kind), Some(Kind::Call(name, _)) if name == "env"));
    assert_eq!(draft.variables[2].comments, ["two"]);
}

const BUILDS: &str = r#"# About.

source "amazon-ebs" "web" {
  # the AMI
  source_ami = data.amazon-ami.base.id
  region = "eu-west-1"
  tag {
    key = "A"
    value = "b"
  }
  dynamic "tag" {
    for_each = var.tags
    content {
      key = tag.key
      value = tag.value
    }
  }
  launch_block_device_mappings { device_name = "/dev/sda1" }
  dynamic "launch_block_device_mappings" {
    for_each = var.swap > 0 ? [1] : []
    content { device_name = "/dev/sdb" }
  }
}
source "null" "web" {
  communicator = "none"
}
source "null" "unused" {}
data "amazon-ami" "base" {
  filters = { name = "x" }
  owners = ["self"]
}
variable "tags" { default = { B = "c" } }
variable "swap" { default = 0 }
build {
  name = "all"
  sources = ["source.amazon-ebs.web", "null.web"]
  # first
  provisioner "shell" {
    only = ["amazon-ebs.web"]
    inline = ["echo ${build.ID} ${data.amazon-ami.base.name}"]
    override = { web = { inline = [] } }
  }
  post-processors {
    post-processor "manifest" {}
    post-processor "shell-local" { except = ["null.web"] }
  }
}
"#;

#[test]
fn builds_bring_sources_and_steps_together() {
    let draft = draft(BUILDS);
    assert_eq!(draft.doc, ["About."]);
    let names: Vec<&str> = draft.builders.iter().map(|b| b.name.as_str()).collect();
    assert_eq!(names, ["amazon-ebs.web", "null.web"]);
    let web = &draft.builders[0].block;
    let written = |key: &str| {
        let entry = web.options.iter().find(|e| e.key == key).unwrap_or_else(|| panic!("no {key}"));
        crate::import::write::value(&entry.value, &Default::default())
    };
    assert_eq!(written("source_ami_filter"), "{ filters = { name = \"x\" }, owners = [\"self\"] }");
    assert_eq!(written("tags"), "{ A = \"b\", ...{ for key, value in tags: key = value } }");
    assert_eq!(
        written("launch_block_device_mappings"),
        "[{ device_name = \"/dev/sda1\" }, ...if swap > 0 then [{ device_name = \"/dev/sdb\" }] else []]"
    );
    let step = &draft.provisioners[0];
    assert_eq!((step.builds.as_deref(), step.comments.as_slice()), (Some(&[0][..]), &["first".to_owned()][..]));
    assert_eq!(draft.posts[0][1].builds.as_deref(), Some(&[0][..]));
    assert!(draft.lost.iter().any(|l| l.what.contains("null.unused")), "{:?}", draft.lost);
}

#[test]
fn stores_are_asked_by_secrets() {
    let text = "data \"amazon-secretsmanager\" \"db\" {\n name = \"app\"\n key = \"pw\"\n}\nlocals {\n a = data.amazon-secretsmanager.db.value\n b = vault(\"s/x\", \"key\")\n}\n";
    let draft = draft(text);
    let secrets: Vec<_> = draft.variables.iter().filter(|v| v.sensitive).map(|v| v.name.as_str()).collect();
    assert_eq!(secrets, ["db", "key"]);
    let Some(Kind::Text(pieces)) = draft.variables[0].default.as_ref().map(|d| &d.kind) else { panic!("a text") };
    assert_eq!(pieces, &[Piece::Action("{{aws_secretsmanager `app` `pw`}}".into())]);
}
