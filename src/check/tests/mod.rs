//! Every mistake of the checker with the text that it underlines, and programs that have none.

mod indices;
mod options;
mod programs;
mod types;

use crate::diagnostic::{Diagnostic, Problems};
use crate::facts::Facts;
use crate::load::{Memory, load};
use crate::resolve::resolve;
use crate::text::Sources;

/// Kinds of our own, so that the cases do not depend on the schema.
const KINDS: &str = "
extern options shared {
    /// Where it is built.
    region: region?
}
type Name = string matches /^[a-z-]+$/
/// A box for the tests.
extern builder box {
    ...shared
    /// Its name.
    title: Name
    size: size?
    wait: duration in 1s..1h = 5m
    count: int in 1..4 = 1
    fast: bool = false
    virt: (\"paravirtual\" | \"hvm\")?
    source: ami_id?
    instance: instance_type? formerly machine
    tags: map<string> = {}
    zones: [zone] = []
    command: template<.KeyPath, .CertPath>?
    text: string?
    disks: [{ device: device, size: size?, wide: bool = false }] = []
    weak: string? deprecated \"use `text`\"
    banned: string? refused \"write `text`\"
    rule size == null || size > 1GiB, \"`${title}` is small\" at size
}
extern provisioner run { inline: [string]? script: path? env: map<string> = {} }
extern post pack { file: path }
";

/// The diagnostics of a program, its sources beside them.
fn diagnose(source: &str) -> (Vec<Diagnostic>, Sources) {
    let mut problems = Problems::new();
    let files = [("main.bake", format!("import \"kinds.bake\"\n{source}")), ("kinds.bake", KINDS.to_owned())];
    let world = Memory { files: files.map(|(p, t)| (p.to_owned(), t)).into(), ..Memory::default() };
    let loaded = load(&world, "main.bake", &mut problems);
    let program = resolve(&loaded, &mut problems);
    super::check(program, Some(Facts::builtin()), &mut problems);
    (problems.into_sorted(), loaded.sources)
}

/// Codes and underlined texts.
fn check(source: &str) -> Vec<(String, String)> {
    let (diagnostics, sources) = diagnose(source);
    let code = |d: &Diagnostic| d.code.as_str().trim_start_matches("bake::").to_owned();
    diagnostics.iter().map(|d| (code(d), sources.slice(d.span()).to_owned())).collect()
}

/// A program with one box around these options.
fn boxed(options: &str) -> String {
    format!("image i {{ builder box {{ title = \"x\"\n {options} }} }}")
}

/// Asserts that each source has exactly the one mistake.
#[track_caller]
fn each(cases: &[(&str, &str, &str)]) {
    for (source, code, underlined) in cases {
        assert_eq!(check(source), [((*code).to_owned(), (*underlined).to_owned())], "{source}");
    }
}

/// The same inside a box.
#[track_caller]
fn each_option(cases: &[(&str, &str, &str)]) {
    for (options, code, underlined) in cases {
        assert_eq!(check(&boxed(options)), [((*code).to_owned(), (*underlined).to_owned())], "{options}");
    }
}

/// Asserts that a source has no mistake.
#[track_caller]
fn fine(source: &str) {
    let (diagnostics, sources) = diagnose(source);
    let shown: Vec<_> = diagnostics.iter().map(|d| (d.code, &d.message, sources.slice(d.span()))).collect();
    assert!(shown.is_empty(), "{source}\n{shown:#?}");
}

/// The help of the only diagnostic.
#[track_caller]
fn help(source: &str) -> String {
    let (diagnostics, _) = diagnose(source);
    assert_eq!(diagnostics.len(), 1, "{source}\n{diagnostics:#?}");
    diagnostics[0].help.clone().unwrap_or_default()
}
