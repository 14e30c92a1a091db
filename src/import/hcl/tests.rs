//! What becomes of HCL, seen as the values that are written.

use super::*;
use crate::import::draft::{Kind, Name, Piece, Type};
use crate::text::FileId;

fn draft(text: &str) -> Draft {
    let (draft, diagnostics) = read(&[File { id: FileId(0), text }], &mut |_| None);
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
        // What is worked out with decimals stays one.
        ("1.0", "1"),
        ("0.1 + 0.2", "0.3"),
        ("length(var.v) / 2", "len(v) / 2.0"),
        ("length(var.v) / length(var.m)", "len(v) * 1.0 / len(m)"),
        ("\"3\" + 4", "3 + 4"),
        ("\"true\" ? 1 : 2", "1"),
        ("1 == \"1\"", "false"),
        // A set has its elements as keys, and all in their order.
        ("[for k, a in toset(var.v) : \"${k}${a}\"]", "[for a in sort(distinct(v)): \"${a}${a}\"]"),
        // Nor a function.
        ("[for keys in var.v : keys]", "[for keys_ in v: keys_]"),
        ("[for k, w in { b = 1, a = 2 } : k]", "[for k, w in { a = 2, b = 1 }: k]"),
        (
            "{ for k, a in var.m : a => k... if a != \"x\" }",
            "{ for group in sort(distinct([for a_key in sort(keys(m)) if m[a_key] != \"x\": string(m[a_key])])): group = [for k in sort(keys(m)) if m[k] != \"x\" && string(m[k]) == group: k] }",
        ),
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
        ("\"<%{ if true }\\u00e9\\\"q\\\"\\t$${x}%{ endif }>\"", "\"<é\\\"q\\\"\\t$${x}>\""),
        ("\"a{{ user `v` }} {{isotime | clean_ami_name}}\"", "\"a${v} {{isotime | clean_resource_name}}\""),
        ("\"{{user `v`}}\"", "v"),
        ("\"{{ isotime \\\"${\"2006\"}\\\" }}\"", "'{{ isotime \"2006\" }}'"),
    ] {
        assert_eq!(local(hcl), bake, "{hcl}");
    }
    for (hcl, text) in [
        ("<<-EOF\n    a\n      b ${1}\n    EOF", "a\n  b 1\n"),
        // A `~` reaches no further than its line; what Packer prints of these was held against it.
        ("<<EOF\na  %{~ if true ~}   \n\n   yes\n  %{~ endif ~}\n  b\nEOF", "a\n   yes\n  b\n"),
        ("<<-EOF\n\n      ${\"x\"} y\n    \ttab\n        z\n  EOF", "\n x y\ntab\n   z\n"),
        ("<<-EOF\n    ${\"x\"}\n      b $${y}\n    EOF", "x\n  b ${y}\n"),
        ("<<EOF\na\n  %{ if true ~}\n    b\n  %{ endif ~}\n  c\nEOF", "a\n      b\n    c\n"),
    ] {
        let heredoc = draft(&format!("locals {{\n  x = {hcl}\n}}\n"));
        assert_eq!(heredoc.locals[0].value.plain(), Some(text), "{hcl}");
    }
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
        ("element([\"a\", \"b\"], 3)", "\"b\""),
        ("element(var.v, 3)", "v[3 % len(v)]"),
        (
            "flatten([for a in var.v : [for b in [1] : [a, b]]])",
            "flatten(flatten([for a in v: [for b in [1]: [a, b]]]))",
        ),
        ("formatlist(\"%s-%s\", var.v, \"b\")", "[for item in v: \"${item}-b\"]"),
        ("merge(var.m, null)", "{ ...m }"),
        ("range(3, 1)", "[3, 2]"),
        ("try(var.m.x, var.m.y, \"d\")", "m.x ?? (m.y ?? \"d\")"),
        ("can(var.m[\"a\"])", "has(m, \"a\")"),
        ("jsonencode({ b = 1, a = \"<\" })", "'{\"a\":\"\\u003c\",\"b\":1}'"),
        ("setsubtract(var.v, [\"a\"])", "sort(distinct([for item in v if !(item in [\"a\"]): item]))"),
        ("upper(var.secret)", "\"{{user `secret` | upper}}\""),
        ("replace(var.secret, \"a\", \"b\")", "\"{{user `secret` | replace_all `a` `b`}}\""),
        ("cidrsubnet(\"10.0.0.0/16\", 8, 2)", "\"10.0.2.0/24\""),
        ("timeadd(\"2020-01-01T00:00:00Z\", \"1h\")", "\"2020-01-01T01:00:00Z\""),
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
        ("templatefile(\"a.tpl\", {})", "cannot be read"),
        ("try(bcrypt(\"x\"), \"d\")", "no function like `bcrypt`"),
        ("local.x", "needs itself"),
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

#[test]
fn templates_in_files_are_written_down() {
    let text = "variable \"v\" {}\nlocals {\n  x = templatefile(\"${path.root}/a.tpl\", { names = [\"p\", \"q\"], v = var.v })\n}\n";
    let file = "a ${v}\n%{ for n in names ~}\n<${upper(n)}>\n%{ endfor ~}\nz $${q}\n";
    let mut asked = Vec::new();
    let (draft, _) = read(&[File { id: FileId(0), text }], &mut |path| {
        asked.push(path.to_owned());
        Some((FileId(1), file.to_owned()))
    });
    let draft = draft.expect("a draft");
    assert_eq!(asked, ["a.tpl"]);
    let made = crate::import::write::value(&draft.locals[0].value, &Default::default());
    let wanted = ["a ${v}", "${join([for n in [\"p\", \"q\"]: \"<${upper(n)}>\\n\"], \"\")}z $${q}"];
    assert_eq!(made.lines().map(str::trim).filter(|l| *l != "\"\"\"").collect::<Vec<_>>(), wanted);
    assert!(draft.lost[0].what.contains("a.tpl"), "{:?}", draft.lost);
}

#[test]
fn what_is_made_of_secrets_is_one() {
    let text = "variable \"pw\" {\n sensitive = true\n}\nlocal \"l\" {\n expression = \"x\"\n sensitive = true\n}\nlocals {\n a = base64encode(var.pw)\n b = base64encode(\"${local.a}\")\n c = sensitive(\"y\")\n d = \"<${var.pw}>\"\n e = sha256(local.d)\n}\n";
    let draft = draft(text);
    let secret = |name: &str| draft.variables.iter().find(|v| v.name == name).map(|v| v.sensitive);
    for name in ["pw", "l", "a", "b", "e"] {
        assert_eq!(secret(name), Some(true), "{name}: {:?}", draft.variables);
    }
    assert_eq!(draft.variables.iter().filter(|v| !v.sensitive).count(), 0);
}

#[test]
fn a_build_adds_to_the_blocks_of_its_source() {
    let text = "source \"amazon-ebs\" \"a\" {\n ssh_private_ip = true\n tag {\n key = \"A\"\n value = \"1\"\n }\n launch_block_device_mappings {\n device_name = \"/dev/a\"\n }\n}\nbuild {\n source \"amazon-ebs.a\" {\n name = \"b\"\n tag {\n key = \"B\"\n value = \"2\"\n }\n launch_block_device_mappings {\n device_name = \"/dev/b\"\n }\n }\n sources = [\"amazon-ebs.a\"]\n}\n";
    let draft = draft(text);
    let names: Vec<&str> = draft.builders.iter().map(|b| b.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    let written = |at: usize, key: &str| {
        let entry = draft.builders[at].block.options.iter().find(|e| e.key == key);
        entry.map(|e| crate::import::write::value(&e.value, &Default::default())).unwrap_or_default()
    };
    assert_eq!(written(1, "tags"), "{ A = \"1\", B = \"2\" }");
    assert_eq!(
        written(1, "launch_block_device_mappings"),
        "[{ device_name = \"/dev/a\" }, { device_name = \"/dev/b\" }]"
    );
    assert_eq!(written(0, "ssh_interface"), "\"private_ip\"");
}

#[test]
fn what_grows_or_nests_without_end_ends() {
    let lines = |of: &dyn Fn(usize) -> String, last: &str| {
        let lines: String = (0..60).map(|i| format!(" {}\n", of(i))).collect();
        format!("variable \"v\" {{}}\nlocals {{\n x0 = var.v\n y0 = \"aaaaaaaaaaaaaaaa\"\n{lines} {last}\n}}\n")
    };
    let double = |i: usize| format!("x{} = \"${{local.x{i}}}${{local.x{i}}}\"", i + 1);
    let longer = |i: usize| format!("y{} = replace(local.y{i}, \"a\", \"aaaaaaaaaaaaaaaa\")", i + 1);
    draft(&lines(&double, "z = lower(local.x60) == \"1\""));
    draft(&lines(&longer, "z = { (local.y60) = 1 }"));
    draft(&format!("locals {{\n x = local{}\n}}\n", ".a".repeat(5000)));
    let nested = format!("{}{{ b = 1 }}{}", "[for k, a in { for b in ".repeat(20), " : b => b... } : a]".repeat(20));
    draft(&format!("locals {{\n x = {nested}\n}}\n"));
}

#[test]
fn the_name_of_a_source_is_told_build_by_build() {
    let text = "source \"null\" \"s\" {}\nbuild {\n name = \"a\"\n source \"null.s\" {\n name = \"x\"\n }\n source \"null.s\" {\n name = \"y\"\n }\n provisioner \"shell\" {\n inline = [source.name]\n }\n}\nbuild {\n name = \"b\"\n source \"null.s\" {\n name = \"x\"\n }\n}\n";
    let draft = draft(text);
    let names: Vec<&str> = draft.builders.iter().map(|b| b.name.as_str()).collect();
    assert_eq!(names, ["a.null.x", "y", "b.null.x"]);
    let written = |entries: &[crate::import::draft::Entry]| {
        entries.iter().map(|e| crate::import::write::value(&e.value, &Default::default())).collect::<Vec<_>>()
    };
    let step = &draft.provisioners[0];
    assert_eq!(written(&step.options), ["[\"x\"]"]);
    assert_eq!(
        step.overrides.iter().map(|(build, e)| (*build, written(e))).collect::<Vec<_>>(),
        [(1, vec!["[\"y\"]".to_owned()])]
    );
}

#[test]
fn an_ami_that_only_its_builder_asks_for_is_no_variable() {
    let text = "data \"amazon-ami\" \"d\" {\n owners = [\"self\"]\n}\nlocals {\n ami = data.amazon-ami.d.id\n}\nsource \"amazon-ebs\" \"s\" {\n source_ami = local.ami\n}\nbuild {\n sources = [\"amazon-ebs.s\"]\n}\n";
    let draft = draft(text);
    assert_eq!((draft.variables.len(), draft.locals.len(), draft.lost.len()), (0, 0, 0), "{:?}", draft.lost);
    assert_eq!(draft.builders[0].block.options[0].key, "source_ami_filter");
}
