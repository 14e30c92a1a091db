//! Compares the options of a kind with those that a Packer plugin publishes.
//!
//! A developer runs it, with the plugin's specification as files: the `*.hcl2spec.go` of its sources, a JSON array of names, or
//! a plain list with one name a line (`block.member` for what stands in a block):
//!
//! ```sh
//! BAKEC_SPEC=FILE[:FILE…] BAKEC_KIND=builder/amazon-ebs cargo test --test it spec -- --nocapture
//! ```
//!
//! It lists what either side lacks and fails where something is lacking that `tests/peer/differences.json` does not explain.
//! The record of the plugin is the first of the first file; `BAKEC_ROOT=FlatConfig` names another. `BAKEC_PACKER=1.6.6` says
//! which release the specification is of: options that bakec says are newer must then be absent.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use bakec::schema::Kind;
use regex::Regex;
use serde_json::Value;

use crate::prelude::{kind, kinds, rows};
use crate::support::read;

/// Kinds, each with what one side lacks and why that is right.
type Reasons = BTreeMap<String, BTreeMap<String, String>>;

/// Names by dotted path, and the paths that have members.
#[derive(Debug, Default, PartialEq)]
struct Names {
    all: BTreeSet<String>,
    blocks: BTreeSet<String>,
}

impl Names {
    fn add(&mut self, path: &str) {
        for (dot, _) in path.match_indices('.') {
            self.blocks.insert(path[..dot].to_string());
            self.all.insert(path[..dot].to_string());
        }
        self.all.insert(path.to_string());
    }
}

/// What Packer itself reads of a block, whatever the plugin publishes.
fn core(category: &str) -> &'static [&'static str] {
    match category {
        "builder" => &["name", "type"],
        "provisioner" => &["type", "only", "except", "override", "pause_before", "timeout", "max_retries"],
        _ => &["type", "only", "except", "name", "keep_input_artifact"],
    }
}

/// A specification in any of its forms.
fn published(texts: &[String], root: Option<&str>) -> Result<Names, String> {
    let first = texts.first().ok_or("no file is named")?.trim_start();
    let mut names = Names::default();
    if first.starts_with(['[', '{']) {
        let json: Value = serde_json::from_str(first).map_err(|error| error.to_string())?;
        let list = json.as_array().or_else(|| json["options"].as_array()).ok_or("expected an array of names")?;
        for entry in list {
            let name = entry.as_str().or_else(|| entry["name"].as_str());
            names.add(name.ok_or_else(|| format!("`{entry}` is neither a name nor has one"))?);
        }
    } else if first.contains("hcldec.") {
        let records = records(texts);
        let found = records.iter().find(|record| root.is_none_or(|root| record.name == root));
        let root = found.ok_or("the file holds no such record")?;
        flatten(&records, root, "", &mut names, 0);
    } else {
        let lines = first.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.for_each(|line| names.add(line));
    }
    names.all.retain(|name| !name.starts_with("packer_"));
    if names.all.is_empty() { Err("the specification holds no name".into()) } else { Ok(names) }
}

/// A record of a plugin's sources.
struct Record {
    name: String,
    /// The text that it stands in, by its number.
    text: usize,
    /// Its names, each with the record behind it where it is a block: whether of another package, and the name.
    fields: Vec<(String, Option<(bool, String)>)>,
}

fn records(texts: &[String]) -> Vec<Record> {
    let head = Regex::new(r"^func \(\*(\w+)\) HCL2Spec\(\)").expect("a right pattern");
    let entry = Regex::new(r#"^\s*"([^"]+)":\s*&hcldec\.(\w+)"#).expect("a right pattern");
    let nested = Regex::new(r"\(\*(\w+\.)?(\w+)\)\(nil\)").expect("a right pattern");
    let mut records: Vec<Record> = Vec::new();
    let lines = texts.iter().enumerate().flat_map(|(number, text)| text.lines().map(move |line| (number, line)));
    for (text, line) in lines {
        if let Some(found) = head.captures(line) {
            records.push(Record { name: found[1].to_string(), text, fields: Vec::new() });
        } else if let (Some(found), Some(record)) = (entry.captures(line), records.last_mut()) {
            let block = nested.captures(line).map(|block| (block.get(1).is_some(), block[2].to_string()));
            record.fields.push((found[1].to_string(), block));
        }
    }
    records
}

fn flatten(records: &[Record], record: &Record, prefix: &str, names: &mut Names, depth: usize) {
    for (name, block) in &record.fields {
        let path = format!("{prefix}{name}");
        names.add(&path);
        let Some((foreign, block)) = block.as_ref().filter(|_| depth < 8) else { continue };
        // Two packages may have a record of one name: the file itself counts first, or last.
        let near = |r: &&Record| (r.text == record.text) != *foreign;
        let mut found = records.iter().filter(|r| r.name == *block);
        if let Some(inner) = found.clone().find(near).or_else(|| found.next()) {
            flatten(records, inner, &format!("{path}."), names, depth + 1);
        }
    }
}

/// What the prelude says of a kind's names.
#[derive(Default)]
struct Declared {
    names: Names,
    /// Names that options had before, and those that are refused: known, and perhaps published no more.
    gone: BTreeSet<String>,
    /// Names that are newer than the release that the specification is of.
    newer: BTreeSet<String>,
}

fn declared(kind: &Kind, release: &[u32]) -> Declared {
    let mut declared = Declared::default();
    for (path, field) in rows(kind) {
        declared.names.add(&path);
        let Some(notes) = &field.notes else { continue };
        let parent = path.rfind('.').map_or("", |dot| &path[..=dot]);
        declared.gone.extend(notes.formerly.iter().map(|old| format!("{parent}{old}")));
        if notes.refused.is_some() {
            declared.gone.insert(path.clone());
        }
        if notes.since.as_ref().is_some_and(|since| !release.is_empty() && version(since).as_slice() > release) {
            declared.newer.insert(path);
        }
    }
    declared
}

fn version(text: &str) -> Vec<u32> {
    text.split('.').map(|part| part.parse().unwrap_or_else(|_| panic!("`{text}` is no version"))).collect()
}

/// What a comparison found.
#[derive(Debug, Default, PartialEq)]
struct Differences {
    missing: Vec<String>,
    extra: Vec<String>,
    /// Published in a release that bakec says is too old for it.
    early: Vec<String>,
    explained: usize,
}

impl Differences {
    fn is_none(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty() && self.early.is_empty()
    }
}

fn compare(category: &str, declared: &Declared, published: &Names, reasons: &BTreeMap<String, String>) -> Differences {
    let Declared { names: ours, gone, newer } = declared;
    let is_newer = |name: &String| newer.iter().any(|n| name == n || name.starts_with(&format!("{n}.")));
    // Members are compared where both sides know some.
    let comparable = |name: &str, other: &Names| {
        name.rfind('.').is_none_or(|dot| !other.all.contains(&name[..dot]) || other.blocks.contains(&name[..dot]))
    };
    let mut explained = 0;
    let mut unexplained = |name: &&String| {
        let known = reasons.contains_key(name.as_str());
        explained += usize::from(known);
        !known
    };
    let missing = published.all.difference(&ours.all).filter(|name| !gone.contains(*name));
    let missing = missing.filter(&mut unexplained).cloned().collect();
    let extra = ours.all.difference(&published.all).filter(|name| comparable(name, published));
    let extra = extra.filter(|name| !gone.contains(*name) && !is_newer(name));
    let extra =
        extra.filter(|name| !core(category).contains(&name.as_str())).filter(&mut unexplained).cloned().collect();
    let early = published.all.intersection(newer).cloned().collect();
    Differences { missing, extra, early, explained }
}

fn reasons() -> Reasons {
    serde_json::from_str(&read("tests/peer/differences.json")).expect("tests/peer/differences.json is JSON")
}

/// What is said of one kind, and of all of them under `*`.
fn reasons_for(which: &str) -> BTreeMap<String, String> {
    let mut all = reasons();
    let mut found = all.remove("*").unwrap_or_default();
    found.extend(all.remove(which).unwrap_or_default());
    found
}

#[test]
fn spec_names_are_those_of_the_kind() {
    let (Ok(files), Ok(which)) = (std::env::var("BAKEC_SPEC"), std::env::var("BAKEC_KIND")) else {
        eprintln!("skipped: BAKEC_SPEC=FILE BAKEC_KIND=provisioner/shell compares");
        return;
    };
    let texts: Vec<String> =
        files.split(':').map(|file| fs::read_to_string(file).unwrap_or_else(|e| panic!("{file}: {e}"))).collect();
    let root = std::env::var("BAKEC_ROOT").ok();
    let published = published(&texts, root.as_deref()).unwrap_or_else(|problem| panic!("{files}: {problem}"));
    let (category, name) = which.split_once('/').expect("BAKEC_KIND is `builder/…`, `provisioner/…` or `post/…`");
    let kind = kind(&kinds(), category, name).unwrap_or_else(|| panic!("the prelude has no {category} `{name}`"));
    let release = std::env::var("BAKEC_PACKER").map_or(Vec::new(), |release| version(&release));
    let declared = declared(&kind, &release);
    let found = compare(category, &declared, &published, &reasons_for(&which));
    eprintln!(
        "{which}: {} names in bakec, {} published, {} missing, {} extra, {} explained",
        declared.names.all.len(),
        published.all.len(),
        found.missing.len(),
        found.extra.len(),
        found.explained
    );
    found.missing.iter().for_each(|name| eprintln!("  bakec lacks       {name}"));
    found.extra.iter().for_each(|name| eprintln!("  not published     {name}"));
    found.early.iter().for_each(|name| eprintln!("  known earlier     {name}"));
    assert!(found.is_none(), "{which}: the names differ");
}

#[test]
fn spec_every_form_is_read() {
    let go = r#"
func (*FlatConfig) HCL2Spec() map[string]hcldec.Spec {
	s := map[string]hcldec.Spec{
		"packer_debug": &hcldec.AttrSpec{Name: "packer_debug", Type: cty.Bool, Required: false},
		"a":            &hcldec.AttrSpec{Name: "a", Type: cty.String, Required: false},
		"b":            &hcldec.BlockListSpec{TypeName: "b", Nested: hcldec.ObjectSpec((*common.FlatB)(nil).HCL2Spec())},
	}
}
func (*FlatB) HCL2Spec() map[string]hcldec.Spec {
		"own": &hcldec.AttrSpec{Name: "own", Type: cty.String, Required: false},
}
"#;
    let more = r#"
func (*FlatB) HCL2Spec() map[string]hcldec.Spec {
		"c": &hcldec.AttrSpec{Name: "c", Type: cty.String, Required: false},
}
"#;
    let right = published(&["a\nb.c\n# a remark\n".into()], None).expect("a list");
    assert_eq!(published(&[go.into(), more.into()], None), Ok(right));
    let json = published(&[r#"{ "options": ["a", { "name": "b.c" }] }"#.into()], None);
    assert_eq!(json, published(&["a\nb.c".into()], None));
    assert_eq!(published(&[more.into(), go.into()], Some("FlatB")), published(&["c".into()], None));
    assert!(published(&["[1]".into()], None).is_err());
    assert!(published(&[String::new()], None).is_err());
    assert!(published(&[go.into()], Some("FlatX")).is_err());
}

#[test]
fn spec_differences_of_both_sides_are_told() {
    let kind = kind(&kinds(), "post", "docker-tag").expect("a kind of the prelude");
    let list = |text: &str| published(&[text.into()], None).expect("a list");
    let reasons = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
    let same = list("docker_path\nrepository\ntag\ntags\nforce");
    let today = declared(&kind, &[]);
    assert!(compare("post", &today, &same, &BTreeMap::new()).is_none());
    let other = list("docker_path\nrepository\ntags\nspeed\nspeed.unit");
    let found = compare("post", &today, &other, &reasons(&[("speed.unit", "no unit is needed")]));
    let (missing, extra) = (vec!["speed".into()], vec!["force".into()]);
    assert_eq!(found, Differences { missing, extra, explained: 1, ..Differences::default() });
    let old = declared(&kind, &version("1.6.6"));
    let found = compare("post", &old, &list("repository\ntags\nforce"), &BTreeMap::new());
    assert!(found.is_none(), "{found:?}");
    assert_eq!(compare("post", &old, &same, &BTreeMap::new()).early, ["docker_path"]);
}

#[test]
fn spec_reasons_speak_of_kinds_that_exist() {
    let kinds = kinds();
    for (which, reasons) in reasons() {
        let (category, name) = which.split_once('/').unwrap_or(("builder", "null"));
        let known = kind(&kinds, category, name).is_some() && (which.contains('/') || which == "*");
        assert!(known, "tests/peer/differences.json: no kind `{which}`");
        assert!(
            !reasons.is_empty() && reasons.values().all(|reason| reason.ends_with('.')),
            "{which}: a reason is a sentence"
        );
    }
}
