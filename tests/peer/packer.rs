//! The peer: which rules Packer 1.6.6 itself enforces, and that bakec finds every such mistake earlier and points at it.
//!
//! `rules.json` holds one object a rule; `bases.json` the smallest template of each kind that Packer accepts. A rule patches
//! the base (a JSON merge patch: `null` takes a key away): `setup` is sound, `setup` and `broken` together make the one
//! mistake; a rule that no patch can express has the whole template as `text`. `broken/<rule>.bake` makes the same mistake
//! in the language, unless `unwritable` says why it cannot be made there; `syntax` marks those that the grammar may catch.
//!
//! What starts Packer runs only with `BAKEC_PEER=1`. It must not know how bakec works: it runs the two programs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::support::{files_below, none, root};

/// The release that the list speaks of.
const PACKER: [u64; 3] = [1, 6, 6];
const THREADS: usize = 2;
/// Examples of what this release has only with a plugin of others.
pub(crate) const PLUGINS: &[&str] = &["provisioner-goss", "plugin"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    rule: String,
    kind: String,
    about: String,
    packer: Verdict,
    /// The words by which Packer's refusal is known; its line breaks do not count.
    says: Option<String>,
    setup: Option<Value>,
    broken: Option<Value>,
    text: Option<String>,
    #[serde(default)]
    syntax: bool,
    unwritable: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Verdict {
    #[serde(rename = "refuses")]
    Refuses,
    #[serde(rename = "accepts")]
    Accepts,
    /// The option is newer than this Packer.
    #[serde(rename = "unknown option")]
    UnknownOption,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Base {
    /// Where in the template a rule's patches apply.
    patched: String,
    template: Value,
}

/// One run of Packer and what has to come of it.
struct Trial {
    name: String,
    template: String,
    accepted: bool,
    says: Option<String>,
}

fn peer() -> PathBuf {
    root().join("tests/peer")
}

fn read<T: for<'a> Deserialize<'a>>(name: &str) -> T {
    let text = fs::read_to_string(peer().join(name)).unwrap_or_else(|e| panic!("tests/peer/{name}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("tests/peer/{name}: {e}"))
}

fn rules() -> Vec<Rule> {
    read("rules.json")
}

/// Whether the runs of Packer are wanted; says so where they are not.
pub(crate) fn wanted(test: &str) -> bool {
    let wanted = std::env::var_os("BAKEC_PEER").is_some_and(|v| v == "1");
    if !wanted {
        eprintln!("{test}: skipped, BAKEC_PEER=1 runs it against Packer");
    }
    wanted
}

/// RFC 7386.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let target = target.as_object_mut().expect("just made an object");
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key).or_insert(Value::Null), value);
        }
    }
}

/// The base of the rule's kind with the patches applied.
fn patched(base: &Base, patches: &[Option<&Value>]) -> String {
    let mut template = base.template.clone();
    let subject = template.pointer_mut(&base.patched).expect("`patched` points into the template");
    for patch in patches.iter().flatten() {
        merge(subject, patch);
    }
    template.to_string()
}

pub(crate) fn packer() -> Command {
    let mut command = Command::new("packer");
    for (name, _) in std::env::vars_os() {
        if ["AWS_", "VAULT_", "PACKER_"].iter().any(|p| name.to_string_lossy().starts_with(p)) {
            command.env_remove(name);
        }
    }
    command.env("CHECKPOINT_DISABLE", "1").env("PACKER_NO_COLOR", "1");
    command
}

pub(crate) fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|e| panic!("{command:?} does not start: {e}"))
}

/// All that a program said, its line breaks as spaces.
pub(crate) fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn assert_packer_is_the_listed_one() {
    let said = said(&run(packer().arg("version")));
    let listed = format!("v{}", PACKER.map(|n| n.to_string()).join("."));
    assert!(said.split(' ').any(|word| word == listed), "the list is about Packer {listed}, installed is: {said}");
}

/// Every distinct sound template, and every broken one.
fn trials(rules: &[Rule], bases: &BTreeMap<String, Base>) -> Vec<Trial> {
    let mut sound: BTreeMap<String, String> =
        bases.iter().map(|(kind, base)| (patched(base, &[]), format!("base of {kind}"))).collect();
    let mut trials = Vec::new();
    for rule in rules {
        let base = &bases[&rule.kind];
        let setup = rule.setup.as_ref();
        sound.entry(patched(base, &[setup])).or_insert_with(|| format!("setup of {}", rule.rule));
        trials.push(Trial {
            name: format!("{} ({})", rule.rule, rule.about),
            template: rule.text.clone().unwrap_or_else(|| patched(base, &[setup, rule.broken.as_ref()])),
            accepted: rule.packer == Verdict::Accepts,
            says: rule.says.clone(),
        });
    }
    trials.extend(sound.into_iter().map(|(template, name)| Trial { name, template, accepted: true, says: None }));
    trials
}

/// What is wrong with the list, by one run of Packer.
fn judge(trial: &Trial, file: &Path) -> Option<String> {
    fs::write(file, &trial.template).expect("the temporary folder can be written");
    // The paths in the templates are those of the `.bake` files, relative to their folder.
    let output = run(packer().arg("validate").arg(file).current_dir(peer().join("broken")));
    let said = said(&output);
    let Trial { name, template, .. } = trial;
    if output.status.success() != trial.accepted {
        let expected = if trial.accepted { "accept" } else { "refuse" };
        return Some(format!("{name}: Packer should {expected} it and says: {said}\n{template}"));
    }
    let words = trial.says.as_ref()?;
    (!said.contains(words)).then(|| format!("{name}: Packer should say `{words}` and says: {said}"))
}

#[test]
fn packer_judges_every_rule_as_listed() {
    if !wanted("packer_judges_every_rule_as_listed") {
        return;
    }
    assert_packer_is_the_listed_one();
    let rules = rules();
    let trials = trials(&rules, &read("bases.json"));
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let next = AtomicUsize::new(0);
    let mistakes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for worker in 0..THREADS {
            let file = folder.path().join(format!("template-{worker}.json"));
            let (next, mistakes, trials) = (&next, &mistakes, &trials);
            scope.spawn(move || {
                while let Some(trial) = trials.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(mistake) = judge(trial, &file) {
                        mistakes.lock().expect("no worker panics while it holds the list").push(mistake);
                    }
                }
            });
        }
    });
    none(mistakes.into_inner().expect("no worker panics while it holds the list"));
    let mut counts = BTreeMap::<Verdict, usize>::new();
    for rule in &rules {
        *counts.entry(rule.packer).or_default() += 1;
    }
    eprintln!("Packer on {} rules in {} runs: {counts:?}", rules.len(), trials.len());
}

#[test]
fn the_list_is_whole() {
    let rules = rules();
    let bases: BTreeMap<String, Base> = read("bases.json");
    let mut mistakes = Vec::new();
    let mut names = BTreeSet::new();
    for rule in &rules {
        let name = &rule.rule;
        let refused = rule.packer != Verdict::Accepts;
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                mistakes.push(format!("{name}: {what}"));
            }
        };
        expect(names.insert(name.clone()), "listed twice");
        expect(bases.contains_key(&rule.kind), "its kind has no base");
        expect(rule.says.is_some() == refused, "`says` stands with a refusal, and only there");
        expect(rule.text.is_some() != rule.broken.is_some(), "has either `broken` or `text`");
        let says_unknown = rule.says.as_ref().is_some_and(|s| s.contains("unknown configuration key"));
        expect(rule.packer != Verdict::UnknownOption || says_unknown, "an unknown option is refused as unknown");
        let file = peer().join("broken").join(format!("{name}.bake"));
        let written = fs::read_to_string(&file).ok();
        let wanted = rule.packer == Verdict::Refuses && rule.unwritable.is_none();
        expect(written.is_some() == wanted, "has a `.bake` file where Packer refuses and the language can say it");
        expect(written.is_none_or(|text| text.starts_with(&format!("// {name}: "))), "its file begins with its name");
    }
    for entry in fs::read_dir(peer().join("broken")).expect("tests/peer/broken can be listed") {
        let file = entry.expect("tests/peer/broken can be listed").file_name().to_string_lossy().into_owned();
        if !file.strip_suffix(".bake").is_some_and(|name| names.contains(name)) {
            mistakes.push(format!("tests/peer/broken/{file} belongs to no rule"));
        }
    }
    none(mistakes);
}

/// What is wrong with bakec's answer to one broken file.
fn shortcoming(rule: &Rule) -> Option<String> {
    let file = format!("tests/peer/broken/{}.bake", rule.rule);
    let mut command = Command::new(env!("CARGO_BIN_EXE_bakec"));
    let output = run(command.args(["check", "--format", "json", &file]).current_dir(root()));
    let all = said(&output);
    if output.status.code() != Some(2) {
        return Some(format!("{file}: exit code {:?} where 2 was expected: {all}", output.status.code()));
    }
    let shown = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
    let diagnostics: Vec<Value> = match serde_json::from_slice(shown) {
        Ok(diagnostics) => diagnostics,
        Err(e) => return Some(format!("{file}: not an array of diagnostics ({e}): {all}")),
    };
    let text = |d: &Value, key: &str| d[key].as_str().unwrap_or_default().to_string();
    let errors: Vec<&Value> = diagnostics.iter().filter(|d| text(d, "severity") == "error").collect();
    let pointed = errors.iter().any(|d| {
        text(d, "file") == file
            // The end of a line is a place of no length; the start of the file is that of what has none.
            && ["length", "offset"].iter().any(|key| d[*key].as_u64().is_some_and(|n| n > 0))
            && !(text(d, "help").is_empty() && text(d, "message").is_empty())
    });
    if !pointed {
        return Some(format!("{file}: no error points into the file: {all}"));
    }
    let unreadable = errors.iter().find(|d| text(d, "code").starts_with("bake::syntax::"));
    let unreadable = unreadable.filter(|_| !rule.syntax)?;
    Some(format!("{file}: refused for its syntax, not for its mistake: {unreadable}"))
}

#[test]
fn bakec_refuses_what_packer_refuses() {
    let rules = rules();
    let written: Vec<&Rule> = rules.iter().filter(|r| r.packer == Verdict::Refuses && r.unwritable.is_none()).collect();
    assert!(written.len() > 150, "only {} rules have a `.bake` file", written.len());
    let mistakes: Vec<String> = written.iter().filter_map(|rule| shortcoming(rule)).collect();
    eprintln!("bakec points at {} of {} mistakes", written.len() - mistakes.len(), written.len());
    none(mistakes);
}

/// All `.bake` files below a folder, by path from the repository.
fn bake_files(folder: &str) -> Vec<PathBuf> {
    let files = files_below(folder).into_iter().filter(|file| file.ends_with(".bake"));
    files.map(|file| Path::new(folder).join(file)).collect()
}

/// The examples that are programs: they hold an image and no other example imports them. By path from the repository.
pub(crate) fn example_roots() -> Vec<PathBuf> {
    let files = bake_files("examples").into_iter().map(|file| root().join(file));
    let mut imported = BTreeSet::new();
    let mut with_image = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let folder = file.parent().expect("a file has a folder");
        for line in text.lines().filter_map(|line| line.strip_prefix("import \"")) {
            imported.extend(line.split('"').next().and_then(|path| folder.join(path).canonicalize().ok()));
        }
        if text.lines().any(|line| line.starts_with("image ")) {
            with_image.push(file);
        }
    }
    with_image.retain(|file| !file.canonicalize().is_ok_and(|path| imported.contains(&path)));
    with_image.iter().map(|file| file.strip_prefix(root()).expect("it lies in the repository").to_path_buf()).collect()
}

/// A real private key in a folder, for Packer reads those that SSH is to use.
pub(crate) fn key_file(folder: &Path) -> PathBuf {
    let file = folder.join("key.pem");
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f"]).arg(&file);
    assert!(run(&mut keygen).status.success(), "{keygen:?} failed");
    file
}

/// The variables of a plan that must be given, with dummies.
pub(crate) fn required(plan: &Value, key_file: &Path) -> Map<String, Value> {
    let required = plan["variables"].as_object().into_iter().flatten().filter(|(_, default)| default.is_null());
    required.map(|(variable, _)| (variable.clone(), dummy(variable, key_file).into())).collect()
}

/// A value that passes for that of a required variable.
fn dummy(variable: &str, key_file: &Path) -> String {
    let holds = |part: &str| variable.to_ascii_lowercase().contains(part);
    let value = match () {
        () if ["cert", "key", "path"].into_iter().any(holds) => return key_file.display().to_string(),
        () if holds("account") => "123456789012",
        () if holds("region") => "us-east-1",
        () if holds("subnet") => "subnet-0123456789abcdef0",
        () if holds("vpc") => "vpc-0123456789abcdef0",
        () if holds("type") || holds("size") => "m3.medium",
        () if holds("ami") => "ami-0123456789abcdef0",
        () => "dummy",
    };
    value.to_string()
}

/// The version that a plan says it needs.
fn needed_version(plan: &Value) -> Vec<u64> {
    let version = plan["min_packer_version"].as_str().unwrap_or_default();
    version.split('.').map_while(|n| n.parse().ok()).collect()
}

/// Packer's answer to the plans of these programs, paths from the repository.
fn packer_accepts(programs: &[PathBuf]) {
    assert_packer_is_the_listed_one();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (plan, values) = (folder.path().join("plan.json"), folder.path().join("values.json"));
    let key_file = key_file(folder.path());
    let (mut mistakes, mut judged) = (Vec::new(), 0);
    let needs_plugin = |file: &Path| file.file_stem().is_some_and(|stem| PLUGINS.contains(&&*stem.to_string_lossy()));
    for program in programs.iter().filter(|program| !needs_plugin(program)) {
        let name = program.display();
        let mut bakec = Command::new(env!("CARGO_BIN_EXE_bakec"));
        let compiled = run(bakec.arg("compile").arg(program).arg("-o").arg(&plan).current_dir(root()));
        if !compiled.status.success() {
            mistakes.push(format!("{name}: bakec does not compile it:\n{}", String::from_utf8_lossy(&compiled.stderr)));
            continue;
        }
        let json: Value =
            serde_json::from_slice(&fs::read(&plan).expect("bakec wrote the plan")).expect("a plan is JSON");
        if needed_version(&json) > PACKER.to_vec() {
            eprintln!("{name}: needs Packer {}, not judged", json["min_packer_version"]);
            continue;
        }
        fs::write(&values, Value::Object(required(&json, &key_file)).to_string())
            .expect("the temporary folder can be written");
        let flag = format!("-var-file={}", values.display());
        let output = run(packer().arg("validate").arg(flag).arg(&plan).current_dir(root()));
        judged += 1;
        if !output.status.success() {
            let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            mistakes.push(format!("{name}: Packer refuses the plan:\n{out}{err}"));
        }
    }
    none(mistakes);
    assert!(judged > 0, "no program was judged by Packer");
    eprintln!("Packer accepts the plans of {judged} programs");
}

#[test]
fn packer_accepts_every_example() {
    if wanted("packer_accepts_every_example") {
        packer_accepts(&example_roots());
    }
}

#[test]
fn packer_accepts_the_example_of_every_kind() {
    if !wanted("packer_accepts_the_example_of_every_kind") {
        return;
    }
    packer_accepts(&bake_files("tests/corpus/kinds"));
}
