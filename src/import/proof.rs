//! Whether two programs mean the same: the same builds in the same order, each with the same options, steps and chains.
//!
//! It knows plans. How steps are shared, where things were written and in which order options stand says nothing.

use std::collections::BTreeMap;

use crate::compile::{Compiled, FactsChoice, Options, compile};
use crate::diagnostic::{Severity, code};
use crate::load::world::{join, normalise};
use crate::load::{ReadError, World};
use crate::plan::{Builds, Plan, Setting, Step, Value};

/// What a plan says, build by build.
#[derive(Debug, PartialEq)]
pub(super) struct Meaning {
    variables: Vec<String>,
    builds: Vec<Build>,
}

#[derive(Debug, PartialEq)]
struct Build {
    name: String,
    kind: String,
    options: BTreeMap<String, String>,
    steps: Vec<String>,
    chains: Vec<Vec<String>>,
}

/// What a plan says.
pub(super) fn meaning(plan: &Plan) -> Meaning {
    let build = |(number, build): (usize, &crate::plan::Build)| {
        let own = |steps: &[Step]| steps.iter().filter(|s| applies(s, number)).map(step).collect::<Vec<String>>();
        let steps =
            [&plan.provisioners, &plan.cleanups, &plan.tests].into_iter().flat_map(|steps| own(steps)).collect();
        let chains = plan.posts.iter().map(|chain| own(&chain.links)).filter(|links| !links.is_empty()).collect();
        Build {
            name: build.name.to_string(),
            kind: build.kind.to_string(),
            options: options(&build.options),
            steps,
            chains,
        }
    };
    let variable = |v: &crate::plan::Variable| format!("{} {:?} {} {}", v.name, v.default, v.secret, v.ty);
    Meaning {
        variables: plan.variables.iter().map(variable).collect(),
        builds: plan.builds.iter().enumerate().map(build).collect(),
    }
}

fn applies(step: &Step, build: usize) -> bool {
    match &step.builds {
        Builds::All => true,
        Builds::Only(builds) => u32::try_from(build).is_ok_and(|b| builds.contains(&b)),
    }
}

fn step(step: &Step) -> String {
    format!("{} {:?} {:?}", step.kind, step.label, options(&step.options))
}

fn options(options: &[(smol_str::SmolStr, std::sync::Arc<Setting>)]) -> BTreeMap<String, String> {
    options.iter().map(|(name, setting)| (name.to_string(), said(&setting.value))).collect()
}

/// A value in words of its own; the order of a record says nothing.
fn said(value: &Value) -> String {
    match value {
        Value::List(values) => format!("[{}]", values.iter().map(said).collect::<Vec<_>>().join(", ")),
        Value::Record(entries) => {
            let entries: BTreeMap<&str, String> = entries.iter().map(|(k, v)| (k.as_str(), said(v))).collect();
            format!("{entries:?}")
        }
        other => format!("{other:?}"),
    }
}

/// What became of an attempt to compile a text as if it lay at a path, with some params.
pub(super) fn tried(world: &dyn World, path: &str, text: &str, set: &[String], facts: FactsChoice) -> Compiled {
    let options = Options { facts, set: set.to_vec(), ..Options::default() };
    let mut pretended = Pretended { world, path, text, folders: Vec::new() };
    let compiled = compile(&pretended, path, &options);
    // Files that are not here pass for files; of some a folder is wanted.
    let literal = |span| compiled.sources.slice(span).trim_matches(['"', '\'']).to_owned();
    let errors = compiled.diagnostics.iter().filter(|d| d.severity == Severity::Error && d.code == code::OPTION_FILE);
    pretended.folders = errors.map(|d| join(path, &literal(d.span()))).collect();
    if pretended.folders.is_empty() { compiled } else { compile(&pretended, path, &options) }
}

/// A world in which the program lies where it will lie, and in which all files exist that it names.
struct Pretended<'w> {
    world: &'w dyn World,
    path: &'w str,
    text: &'w str,
    folders: Vec<String>,
}

impl World for Pretended<'_> {
    fn read(&self, path: &str) -> Result<String, ReadError> {
        if path == self.path { Ok(self.text.to_owned()) } else { self.world.read(path) }
    }

    fn exists(&self, _path: &str) -> bool {
        true
    }

    fn is_folder(&self, path: &str) -> bool {
        if self.world.exists(path) {
            return self.world.is_folder(path);
        }
        path.ends_with('/') || self.folders.iter().any(|f| normalise(f) == normalise(path))
    }

    fn env(&self, name: &str) -> Option<String> {
        self.world.env(name)
    }

    fn beside(&self, path: &str) -> Vec<String> {
        self.world.beside(path)
    }
}
