//! Compiling is total and always gives the same: a plan that is JSON, or reasons that can be shown in every form.

use bakec::compile::{Compiled, FactsChoice, Options, compile};
use bakec::diagnostic::render::{Format, Style, render, summary};
use bakec::emit::{Emit, Paths, packer_hcl, packer_json};
use bakec::inspect::{layers::Layers, list, select::select};
use bakec::load::{Memory, ReadError, World};
use bakec::text::{Source, Sources};
use serde_json::Value;

use super::{inside, sound};

/// What begins another file within the text: its path follows.
const FILE: &str = "//@ file: ";
/// So many cells and builds: enough for all that a matrix can do, few enough to be soon done.
const BUILDS: usize = 300;

/// A program in one text: arguments in its first lines, `//@ set: name=value`, then the root file, then others, each behind
/// a line `//@ file: PATH`.
struct Given {
    world: Memory,
    options: Options,
    only: Vec<String>,
}

/// The files that a program brings along. Others are there if it asks, but hold nothing.
struct Lenient(Memory);

impl World for Lenient {
    fn read(&self, path: &str) -> Result<String, ReadError> {
        match self.0.read(path) {
            Err(ReadError::NotFound) if !path.contains("gone") && !path.ends_with(".bake") => Ok(String::new()),
            other => other,
        }
    }

    fn exists(&self, path: &str) -> bool {
        !path.contains("gone")
    }

    fn is_folder(&self, path: &str) -> bool {
        path.ends_with('/') || self.0.is_folder(path)
    }

    fn env(&self, name: &str) -> Option<String> {
        self.0.env(name)
    }
}

fn given(text: &str) -> Given {
    let mut given = Given {
        world: Memory::default(),
        options: Options { max_builds: BUILDS, ..Options::default() },
        only: Vec::new(),
    };
    for argument in text.lines().map_while(|line| line.strip_prefix("//@ ")) {
        let Some((name, value)) = argument.split_once(": ") else { continue };
        match name {
            "set" => given.options.set.push(value.to_owned()),
            "params" => given.options.params.push(value.to_owned()),
            "facts" => given.options.facts = FactsChoice::File(value.to_owned()),
            "only" => given.only.push(value.to_owned()),
            "env" => {
                let (name, value) = value.split_once('=').unwrap_or((value, ""));
                given.world.variables.insert(name.to_owned(), value.to_owned());
            }
            _ => {}
        }
    }
    let (mut path, mut file) = ("main.bake", String::new());
    for line in text.split_inclusive('\n') {
        if let Some(next) = line.strip_prefix(FILE) {
            given.world.files.insert(path.to_owned(), std::mem::take(&mut file));
            path = next.trim_end();
        } else {
            file.push_str(line);
        }
    }
    given.world.files.insert(path.to_owned(), file);
    given
}

/// Everything that a person or a program gets to see of a compilation.
#[derive(PartialEq, Debug)]
struct Seen {
    diagnostics: String,
    plan: Option<String>,
    files: Vec<String>,
}

pub(crate) fn check(text: &str) {
    let given = given(text);
    let world = Lenient(given.world);
    let compiled = compile(&world, "main.bake", &given.options);
    assert!(!compiled.lost, "builds were lost, and no phase said why");
    assert!(
        compiled.plan.is_some() != compiled.failed() || !compiled.missing_params.is_empty(),
        "a plan and an error, or neither: {:?}",
        compiled.diagnostics
    );
    let first = seen(compiled, &given.only);
    let second = seen(compile(&world, "main.bake", &given.options), &given.only);
    assert!(first == second, "compiled twice, the text gives two results:\n{first:?}\n{second:?}");
}

fn seen(mut compiled: Compiled, only: &[String]) -> Seen {
    for diagnostic in &compiled.diagnostics {
        sound(diagnostic);
        for span in diagnostic.labels.iter().map(|l| l.span).chain(diagnostic.fix.iter().map(|f| f.span)) {
            inside(compiled.sources.get(span.file).text(), span);
        }
    }
    let mut plan = None;
    if let Some(made) = compiled.plan.take() {
        let layers = Layers::of(&made);
        list::table(&made, &layers);
        json(&list::json(&made, &layers));
        let edges = packer_json(&made, &compiled.kinds, &Emit::default()).edges;
        let stages: usize =
            (1..=layers.count()).map(|n| layers.stage(&made, n, &edges, "amis.json").builds.len()).sum();
        assert_eq!(stages, made.builds.len(), "every build is in one stage");
        match select(made, only, &[]) {
            Ok(selected) => {
                for paths in [Paths::default(), elsewhere()] {
                    let how = Emit { paths, ..Emit::default() };
                    let hcl = packer_hcl(&selected, &compiled.kinds, &how, true);
                    assert!(hcl.text().is_empty() || hcl.text().ends_with('\n'), "the last line of HCL does not end");
                    let emitted = packer_json(&selected, &compiled.kinds, &how);
                    let told = emitted
                        .problems
                        .iter()
                        .chain(&hcl.problems)
                        .map(|p| p.diagnostic(&selected, &compiled.sources));
                    compiled.diagnostics.extend(told);
                    let text = emitted.text();
                    let read = json(&text);
                    assert!(read.is_object(), "a plan is a record");
                    plan = Some(text);
                }
            }
            Err(problem) => {
                let file = compiled.sources.add(Source::new(problem.option, problem.text.as_str()));
                compiled.diagnostics.push(problem.diagnostic(file));
            }
        }
    }
    let diagnostics = shown(&compiled);
    Seen { diagnostics, plan, files: compiled.files.iter().map(ToString::to_string).collect() }
}

fn elsewhere() -> Paths {
    Paths::TemplateDir { folder: "/plans/out".to_owned(), current: "/plans".to_owned() }
}

/// All forms, one behind the other.
fn shown(compiled: &Compiled) -> String {
    let Compiled { diagnostics, sources, .. } = compiled;
    let style = |unicode: bool, width| Format::Human(Style { colour: !unicode, unicode, links: !unicode, width });
    let draw = |format: Format, sources: &Sources| render(diagnostics, sources, &format);
    json(&draw(Format::Json, sources));
    json(&draw(Format::Sarif, sources));
    let people = [style(true, 100), style(false, 20)].map(|format| draw(format, sources)).concat();
    assert!(people.is_empty() || people.ends_with('\n'), "the last line does not end");
    people + &draw(Format::Github, sources) + &summary(diagnostics).unwrap_or_default()
}

#[track_caller]
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("no JSON ({error}): {text}"))
}

#[test]
fn a_text_holds_arguments_and_files() {
    let given = given("//@ set: a=1\n//@ env: B=c\nlet x = 1\n//@ file: b.bake\nlet y = 2\n");
    assert_eq!(given.options.set, ["a=1"]);
    assert_eq!(given.world.files["main.bake"], "//@ set: a=1\n//@ env: B=c\nlet x = 1\n");
    assert_eq!(given.world.files["b.bake"], "let y = 2\n");
}
