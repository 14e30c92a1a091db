//! The prelude: what holds of every kind, option and record member that it declares, and an example of each kind.
//!
//! `tests/corpus/kinds/<category>-<kind>.bake` is a program that uses the kind; what the examples read lies in `files` there.
//! Packer judges the same examples in `tests/peer/packer.rs`.

use std::collections::{BTreeMap, BTreeSet};

use bakec::diagnostic::Severity;
use bakec::load::Memory;
use bakec::load::prelude::{self, KINDS};
use bakec::schema::{Category, Kind, Kinds};
use bakec::syntax::ast::{Extern, ExternKind, ItemKind, Member};
use bakec::text::FileId;
use bakec::ty::{Field, Ty};

use crate::program;
use crate::support::{files_below, none, read};

const EXAMPLES: &str = "tests/corpus/kinds";
/// A line of the terminal beside the option's name.
const SENTENCE: usize = 80;

/// The word by which a category stands in paths and names: `provisioner`.
pub(crate) fn word(category: ExternKind) -> &'static str {
    match category {
        ExternKind::Builder => "builder",
        ExternKind::Provisioner => "provisioner",
        ExternKind::Post => "post",
        ExternKind::Options => "options",
    }
}

fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    KINDS.iter().map(|(category, kind, _)| (word(*category), *kind))
}

/// Every kind of the prelude, as a program that names them all sees it.
pub(crate) fn kinds() -> Kinds {
    let mut text = String::new();
    for (number, (category, kind)) in names().enumerate() {
        let statement = if category == "provisioner" { "provision" } else { category };
        text.push_str(&format!("image i{number} {{ {statement} {kind} {{}} }}\n"));
    }
    bakec::compile::compile(&Memory::of([("all.bake", &text)]), "all.bake", &Default::default()).kinds
}

/// A kind of the prelude by its category's word and its name.
pub(crate) fn kind(kinds: &Kinds, category: &str, name: &str) -> Option<Kind> {
    let category = match category {
        "builder" => Category::Builder,
        "provisioner" => Category::Provisioner,
        _ => Category::Post,
    };
    kinds.get(&(category, name.into())).cloned()
}

/// The fields of the record that a type is made of, where it is made of one.
pub(crate) fn members(ty: &Ty) -> Vec<(String, Field)> {
    match ty.plain() {
        Ty::Record(record) => record.fields.iter().map(|(name, field)| (name.to_string(), field.clone())).collect(),
        Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) | Ty::Late(inner) => members(inner),
        Ty::Union(types) => types.iter().flat_map(members).collect(),
        _ => Vec::new(),
    }
}

/// Every option of a kind and every member of its records, by dotted path.
pub(crate) fn rows(kind: &Kind) -> Vec<(String, Field)> {
    fn add(prefix: &str, name: &str, field: &Field, rows: &mut Vec<(String, Field)>) {
        let path = format!("{prefix}{name}");
        for (member, inner) in members(&field.ty) {
            add(&format!("{path}."), &member, &inner, rows);
        }
        rows.push((path, field.clone()));
    }
    let mut rows = Vec::new();
    for (name, field) in &kind.options {
        add("", name, field, &mut rows);
    }
    rows
}

fn prelude_files() -> BTreeSet<&'static str> {
    // Files of sets and types are those that the kinds' files import.
    let mut found: BTreeSet<&str> = BTreeSet::new();
    let mut queue: Vec<&str> = KINDS.iter().map(|(_, _, file)| *file).collect();
    while let Some(file) = queue.pop() {
        if found.insert(file) {
            let text = prelude::file(file).unwrap_or_else(|| panic!("the prelude has no file `{file}`"));
            queue.extend(text.lines().filter_map(|line| line.strip_prefix("import \"")?.strip_suffix('"')));
        }
    }
    found
}

#[test]
fn every_file_of_the_prelude_serves_a_kind() {
    let reached = prelude_files();
    let held = files_below("src/schema/prelude");
    none(held.iter().filter(|file| !reached.contains(file.as_str())).map(|f| format!("no kind imports {f}")).collect());
    assert!(KINDS.len() >= 28, "the prelude has {} kinds, fewer than it should", KINDS.len());
}

/// What the compiler says of the prelude's files when they are a user's, which it trusts less.
fn judged_as_a_users(change: impl Fn(&str, &str) -> String) -> Vec<String> {
    let mut world = Memory::default();
    let mut root = String::new();
    for file in prelude_files() {
        let stem = file.trim_end_matches(".bake").replace('-', "_");
        root.push_str(&format!("import \"{file}\" as x_{stem}\n"));
        world.files.insert(file.to_string(), change(file, prelude::file(file).unwrap_or_default()));
    }
    world.files.insert("root.bake".into(), root);
    let compiled = bakec::compile::compile(&world, "root.bake", &Default::default());
    let errors = compiled.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    errors.map(|d| format!("{}: {}", compiled.sources.get(d.span().file).path(), d.message)).collect()
}

/// Types, defaults and rules are checked in full: a default has its option's type, a rule is a truth about options.
#[test]
fn the_prelude_is_a_right_program() {
    none(judged_as_a_users(|_, text| text.to_string()));
}

#[test]
fn a_wrong_default_or_rule_of_the_prelude_is_found() {
    for (file, right, wrong, message) in [
        ("windows-restart.bake", "duration = 5m", "duration = 5", "`restart_timeout` takes `duration`, not `5`"),
        ("ansible.bake", "\"ECDSA\" | \"RSA\" = \"ECDSA\"", "\"ECDSA\" | \"RSA\" = \"DSA\"", "not `\"DSA\"`"),
        ("compress.bake", "int in -1..9 = -1", "int in -1..9 = 10", "`10` is outside"),
        ("artifice.bake", "len(files) > 0", "len(files)", "`int`"),
    ] {
        let errors = judged_as_a_users(|name, text| {
            assert!(name != file || text.contains(right), "{file} holds no `{right}`");
            if name == file { text.replacen(right, wrong, 1) } else { text.to_string() }
        });
        assert!(errors.iter().any(|error| error.contains(message)), "{file} with `{wrong}`: {errors:?}");
    }
}

/// The options of a body by the place that declares them. A body may say anew what a set says that it takes over; two sets
/// beside each other may not speak of one option, for the later would win in silence.
fn homes(body: &[Member], own: &str, sets: &BTreeMap<String, Extern>, clashes: &mut Vec<String>) -> Homes {
    let mut found = Homes::new();
    for member in body {
        let Member::Include(path, _) = member else { continue };
        let set = path.last().expect("a path has a name").name.as_str();
        for (option, home) in homes(&sets[set].body, set, sets, clashes) {
            let other = found.insert(option.clone(), home.clone());
            clashes.extend(other.filter(|o| *o != home).map(|o| format!("{own}: `{option}` stands in {o} and {home}")));
        }
    }
    for member in body {
        if let Member::Field(field) = member {
            found.insert(field.name.name.to_string(), own.to_string());
        }
    }
    found
}

type Homes = BTreeMap<String, String>;

#[test]
fn no_option_is_declared_twice() {
    let (mut sets, mut kinds) = (BTreeMap::new(), Vec::new());
    for file in prelude_files() {
        let parsed = bakec::syntax::parse(FileId(0), prelude::file(file).unwrap_or_default());
        for item in parsed.file.items {
            let ItemKind::Extern(declared) = item.kind else { continue };
            let name = declared.kind.name.to_string();
            if declared.category != ExternKind::Options {
                kinds.push(declared);
            } else if sets.insert(name.clone(), declared).is_some() {
                panic!("two sets are named `{name}`");
            }
        }
    }
    assert_eq!(kinds.len(), KINDS.len());
    let mut clashes = Vec::new();
    for kind in &kinds {
        let found = homes(&kind.body, &kind.kind.name, &sets, &mut clashes);
        assert!(found.len() > 2, "{} has no options", kind.kind.name);
    }
    none(clashes);
}

/// The first sentence of a text, without line breaks.
fn first_sentence(doc: &str) -> String {
    let paragraph: Vec<&str> = doc.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    let end = paragraph.find(". ").map_or(paragraph.len(), |end| end + 1);
    paragraph[..end].to_string()
}

/// What is wrong with the documentation of a row.
fn badly_told(name: &str, doc: &str) -> Option<String> {
    let sentence = first_sentence(doc);
    let bare = |text: &str| text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "");
    match () {
        () if doc.trim().is_empty() => Some("is not documented".into()),
        () if !sentence.ends_with('.') => Some(format!("its first sentence does not end: `{sentence}`")),
        () if sentence.chars().count() > SENTENCE => {
            Some(format!("its first sentence has {} characters: `{sentence}`", sentence.chars().count()))
        }
        () if bare(doc) == bare(name.rsplit('.').next().unwrap_or(name)) => Some("says its name and no more".into()),
        () => None,
    }
}

#[test]
fn every_kind_option_and_member_is_documented() {
    let kinds = kinds();
    assert_eq!(kinds.len(), KINDS.len());
    let (mut mistakes, mut count) = (Vec::new(), 0);
    for ((category, name), kind) in &kinds {
        mistakes.extend(badly_told(name, &kind.doc).map(|m| format!("{category:?} {name}: {m}")));
        for (path, field) in rows(kind) {
            mistakes.extend(badly_told(&path, &field.doc).map(|m| format!("{category:?} {name}.{path}: {m}")));
            count += 1;
        }
    }
    for file in prelude_files() {
        let parsed = bakec::syntax::parse(FileId(0), prelude::file(file).unwrap_or_default());
        for item in parsed.file.items {
            let name = match &item.kind {
                ItemKind::Type(declared) => &declared.name.name,
                ItemKind::Extern(declared) => &declared.kind.name,
                _ => continue,
            };
            let doc = item.doc.map(|doc| doc.text).unwrap_or_default();
            mistakes.extend(badly_told(name, &doc).map(|m| format!("{file}: {name}: {m}")));
        }
    }
    mistakes.sort();
    mistakes.dedup();
    none(mistakes);
    assert!(count > 1000, "only {count} rows were looked at");
}

#[test]
fn sentences_are_judged() {
    assert_eq!(first_sentence("One of\nthem. Two.\n\nThree."), "One of them.");
    assert_eq!(badly_told("a.role", "The role."), None);
    assert!(badly_told("role_arn", "Role ARN.").is_some());
    assert!(badly_told("a", "").is_some());
    assert!(badly_told("a", "no end").is_some());
    assert!(badly_told("a", &format!("{}.", "x".repeat(SENTENCE))).is_some());
}

/// Options of one kind that are told in the same words mean the same, or one text was copied and not changed.
#[test]
fn options_of_a_kind_are_told_in_words_of_their_own() {
    let mut mistakes = Vec::new();
    for ((category, name), kind) in &kinds() {
        let mut told: BTreeMap<(String, String), String> = BTreeMap::new();
        for (path, field) in rows(kind) {
            let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent).to_string();
            if let Some(other) = told.insert((parent, field.doc.to_string()), path.clone()) {
                mistakes.push(format!("{category:?} {name}: `{other}` and `{path}` are both told as: {}", field.doc));
            }
        }
    }
    none(mistakes);
}

#[test]
fn versions_are_versions() {
    let mut mistakes = Vec::new();
    for ((_, name), kind) in &kinds() {
        for (path, field) in rows(kind) {
            let Some(since) = field.notes.as_ref().and_then(|notes| notes.since.clone()) else { continue };
            let parts: Vec<&str> = since.split('.').collect();
            if parts.len() != 3 || parts.iter().any(|part| part.parse::<u32>().is_err()) {
                mistakes.push(format!("{name}.{path}: `{since}` is no version"));
            }
        }
    }
    none(mistakes);
}

/// Those that the executor cannot run are marked, and say so.
#[test]
fn kinds_for_packer_only_are_marked_and_say_so() {
    let kinds = kinds();
    let marked: Vec<&str> = kinds.values().filter(|kind| kind.emit_only).map(|kind| kind.name.as_str()).collect();
    let expected = [
        "chef-solo",
        "chef-client",
        "puppet-masterless",
        "puppet-server",
        "salt-masterless",
        "goss",
        "vagrant",
        "docker-import",
        "docker-tag",
        "docker-push",
    ];
    assert_eq!(marked, expected);
    for kind in kinds.values() {
        assert_eq!(kind.doc.contains("for Packer only."), kind.emit_only, "{}: {}", kind.name, kind.doc);
    }
}

fn examples() -> Vec<String> {
    files_below(EXAMPLES).into_iter().filter(|file| !file.contains('/') && file.ends_with(".bake")).collect()
}

#[test]
fn every_kind_has_an_example_that_compiles() {
    let mut world = Memory::default();
    for file in files_below(EXAMPLES) {
        world.files.insert(file.clone(), read(&format!("{EXAMPLES}/{file}")));
    }
    let mut mistakes = Vec::new();
    for (category, kind) in names() {
        let file = format!("{category}-{kind}.bake");
        let Some(text) = world.files.get(&file) else {
            mistakes.push(format!("{EXAMPLES}/{file} is missing: each kind has an example"));
            continue;
        };
        let path = format!("{EXAMPLES}/{file}");
        match bakec::format::format(&path, text) {
            Ok(formatted) if formatted == *text => {}
            _ => mistakes.push(format!("{path} is not as `bakec fmt` writes it")),
        }
        let program = program::compile(world.clone(), &file);
        let json = program.json().unwrap_or_default();
        // Of what Packer does not know the comment holds the step itself, with a warning.
        let own = json.contains(&format!(r#"{{\"type\":\"{kind}\""#));
        let told = if own { vec![bakec::diagnostic::code::EMIT_STEP] } else { Vec::new() };
        if program.codes() != told || !(own || json.contains(&format!("\"type\": \"{kind}\""))) {
            mistakes.push(format!("{path} does not compile cleanly to a `{kind}`:\n{}", program.shown()));
        }
    }
    none(mistakes);
}

#[test]
fn nothing_lies_beside_the_examples_unused() {
    let known: BTreeSet<String> = names().map(|(category, kind)| format!("{category}-{kind}.bake")).collect();
    let texts: Vec<String> = examples().iter().map(|file| read(&format!("{EXAMPLES}/{file}"))).collect();
    let named: BTreeSet<&str> =
        texts.iter().flat_map(|text| text.split('"')).filter(|t| t.starts_with("files")).collect();
    let used = |file: &str| named.iter().any(|path| file == *path || file.starts_with(&format!("{path}/")));
    let orphans = files_below(EXAMPLES).into_iter().filter(|file| !known.contains(file) && !used(file));
    none(orphans.map(|file| format!("{EXAMPLES}/{file} belongs to no kind of the prelude")).collect());
}

/// What Packer accepts and then waits for without end, or fails at when the build is over: each is one error, at its place.
#[test]
fn what_would_fail_during_the_run_is_found_before() {
    let ebs = "builder amazon-ebs { region = \"us-east-1\", source_ami = \"ami-0123456789abcdef0\", \
        instance_type = \"m3.medium\", ssh_username = \"u\", ami_name = \"run\"";
    let none = "builder null { communicator = \"none\" }";
    let reached = "builder null { ssh_host = \"h\", ssh_username = \"u\", ssh_agent_auth = true }";
    let shell = "provision shell { inline = [\"x\"] ";
    let local = "provision shell-local { inline = [\"x\"] ";
    let wrong = [
        (format!("{none} {shell} }}"), "`shell` works on a machine, and the build connects to none"),
        (format!("{ebs}, communicator = \"none\" }} {shell} }}"), "`shell` works on a machine"),
        (format!("{none} provision windows-restart {{}}"), "`windows-restart` works on a machine"),
        (format!("{ebs}, ami_regions = [\"eu-west-1\", \"cn-north-1\"] }}"), "from us-east-1 to cn-north-1"),
        (format!("{ebs}, ami_regions = [\"us-gov-west-1\"] }}"), "from us-east-1 to us-gov-west-1"),
        (format!("{none} post docker-tag {{ repository = \"x\" }}"), "`docker-tag` cannot take what `null` makes"),
        (
            format!("{ebs} }} post {{ manifest {{}} then docker-push {{}} }}"),
            "`docker-push` cannot take what `amazon-ebs`",
        ),
        (format!("{ebs} }} post amazon-import {{ s3_bucket_name = \"some\" }}"), "`amazon-import` cannot take"),
        (format!("{none} post vagrant {{}}"), "`vagrant` cannot take what `null` makes"),
        (
            format!(
                "{none} post {{ artifice {{ files = [\"a\"] }} then compress {{}} then docker-import {{ repository = \"x\" }} }}"
            ),
            "`docker-import` cannot take what `compress` makes",
        ),
        (format!("{reached} {shell}, execute_command = \"sudo bash\" }}"), "`execute_command` lacks `.Path`"),
        (format!("{none} {local}, execute_command = [\"sh\"] }}"), "`execute_command` lacks `.Script or .Command`"),
        (
            format!("{reached} {shell}, environment_vars = {{ \"1a\" = \"x\" }} }}"),
            "a shell knows variables of letters",
        ),
        (format!("{none} {local}, environment_vars = {{ \"a b\" = \"x\" }} }}"), "a shell knows variables of letters"),
    ];
    let right = [
        format!("{reached} {shell} }}"),
        format!("{none} {local} }}"),
        format!("{ebs}, ami_regions = [\"eu-west-1\"], access_key = \"\", ssh_bastion_host = \"\" }}"),
        format!("{ebs} }} post {{ manifest {{}} then vagrant {{}} }}"),
        format!("{none} post vagrant {{ provider_override = \"aws\" }}"),
        format!(
            "{none} post {{ artifice {{ files = [\"a\"] }} then docker-import {{ repository = \"x\" }} then docker-push {{}} }}"
        ),
        format!("{reached} {shell}, env_var_format = \"env '%s=%s' \", environment_vars = {{ \"a b\" = \"x\" }} }}"),
        format!("{reached} provision windows-shell {{ inline = [\"x\"], environment_vars = {{ \"a b\" = \"x\" }} }}"),
        format!("{none} provision shell-local {{ command = \"\", inline = [\"x\"] }}"),
    ];
    let messages = |body: &str| {
        let world = Memory::of([(
            "x.bake",
            &format!("image x {{ {} }}", body.replace(" post ", "\n post ").replace(" provision ", "\n provision ")),
        )]);
        let compiled = bakec::compile::compile(&world, "x.bake", &Default::default());
        compiled.diagnostics.iter().map(|d| d.message.clone()).collect::<Vec<_>>()
    };
    for (body, message) in &wrong {
        let found = messages(body);
        assert!(found.len() == 1 && found[0].contains(message), "{body}: {found:?}");
    }
    for body in &right {
        assert_eq!(messages(body), Vec::<String>::new(), "{body}");
    }
}
