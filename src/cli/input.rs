//! From arguments to a compiled program: which file is the root, what it is given, which builds are wanted.

use std::path::Path;

use crate::compile::{Compiled, FactsChoice, Options, compile};
use crate::diagnostic::{Diagnostic, Severity};
use crate::inspect::select::select;
use crate::load::{Disk, ReadError, World, world};
use crate::plan::Plan;
use crate::text::Source;

use super::Stop;
use super::args::{Given, Selection};
use super::terminal::{Terminal, say_bug};

/// The root that is taken where none is named.
const ROOT: &str = "main.bake";

/// The root file: the one named, `main.bake`, or the only `.bake` file of the folder.
pub(super) fn root(named: Option<&str>, terminal: &Terminal) -> Result<String, Stop> {
    let folder = match named {
        Some("-") => return Ok("-".into()),
        Some(path) if !Path::new(path).is_dir() => return Ok(world::normalise(path)),
        Some(folder) => folder,
        None => ".",
    };
    let inside = |name: &str| world::normalise(&format!("{folder}/{name}"));
    if Path::new(&inside(ROOT)).is_file() {
        return Ok(inside(ROOT));
    }
    let mut found: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".bake") && !name.starts_with('.') && entry.path().is_file() {
            found.push(inside(&name));
        }
    }
    found.sort();
    let place = if named.is_none() { "this folder".to_owned() } else { format!("`{folder}`") };
    match &found[..] {
        [only] => Ok(only.clone()),
        [] => Err(terminal.fail(
            &format!("there is no `.bake` file in {place}"),
            Some("name the file, such as `images/official.bake`; `bakec init` writes a first one"),
        )),
        several => {
            let mut names: Vec<String> = several.iter().take(8).map(|n| format!("`{n}`")).collect();
            if several.len() > names.len() {
                names.push(format!("{} more", several.len() - names.len()));
            }
            let message = format!("there are several `.bake` files in {place}: {}", names.join(", "));
            Err(terminal.fail(&message, Some("name one of them; without a name, bakec takes `main.bake`")))
        }
    }
}

/// Compiles a file.
pub(super) fn compiled(root: &str, given: &Given) -> Compiled {
    compile(&Disk, root, &options(given))
}

/// What a compilation is given.
pub(super) fn options(given: &Given) -> Options {
    let facts = match &given.facts {
        Some(file) => FactsChoice::File(file.clone()),
        None if given.no_facts => FactsChoice::None,
        None => FactsChoice::Builtin,
    };
    Options { set: given.set.clone(), params: given.params.clone(), max_builds: given.max_builds, facts }
}

/// The plan with the builds that are wanted, or the reasons why there is none, told.
pub(super) fn plan(compiled: &mut Compiled, selection: Option<&Selection>, terminal: &Terminal) -> Result<Plan, Stop> {
    let mut told = compiled.diagnostics.clone();
    let plan = match (compiled.plan.take(), selection) {
        (Some(plan), Some(selection)) => match select(plan, &selection.only, &selection.except) {
            Ok(plan) => Some(plan),
            Err(problem) => {
                let file = compiled.sources.add(Source::new(problem.option, problem.text.as_str()));
                told.push(problem.diagnostic(file));
                None
            }
        },
        (plan, _) => plan,
    };
    match plan {
        Some(plan) => Ok(plan),
        None => {
            terminal.diagnostics(&told, &compiled.sources);
            let missing = &compiled.missing_params;
            if compiled.lost {
                say_bug(LOST);
            } else if !has_errors(&told) && !missing.is_empty() {
                terminal.fail(&format!("{} no value", these_params(missing)), Some(&how_to_set(missing)));
            }
            Err(Stop::Mistakes)
        }
    }
}

/// What is said when builds are lost without a reason.
pub(super) const LOST: &str = "its builds could not be evaluated, and no phase said why";

pub(super) fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|d| d.severity == Severity::Error)
}

/// `the param `a` has`, ``the params `a`, `b` have``.
pub(super) fn these_params(names: &[smol_str::SmolStr]) -> String {
    let list = names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    if names.len() == 1 { format!("the param {list} has") } else { format!("the params {list} have") }
}

/// How to give params their values.
pub(super) fn how_to_set(names: &[smol_str::SmolStr]) -> String {
    let sets = names.iter().map(|n| format!("--set {n}=…")).collect::<Vec<_>>().join(" ");
    let first = names.first().map_or("", |n| n.as_str());
    format!("give it by `{sets}`, by `--params FILE.json`, or in the environment as `BAKE_PARAM_{first}`")
}

/// Whether a file holds a plan, not a program: by its ending, or, where that says nothing, by its first character.
pub(super) fn is_json(path: &str, text: &str) -> bool {
    match path.rsplit_once('.') {
        Some((_, "json")) => true,
        Some((_, "bake")) => false,
        _ => text.trim_start_matches('\u{feff}').trim_start().starts_with('{'),
    }
}

/// A world of which one file has been read.
pub(super) struct Held<'w> {
    pub(super) world: &'w dyn World,
    pub(super) path: String,
    pub(super) text: String,
}

impl World for Held<'_> {
    fn read(&self, path: &str) -> Result<String, ReadError> {
        if path == self.path { Ok(self.text.clone()) } else { self.world.read(path) }
    }

    fn exists(&self, path: &str) -> bool {
        self.world.exists(path)
    }

    fn is_folder(&self, path: &str) -> bool {
        self.world.is_folder(path)
    }

    fn env(&self, name: &str) -> Option<String> {
        self.world.env(name)
    }

    fn beside(&self, path: &str) -> Vec<String> {
        self.world.beside(path)
    }
}
