//! A program in memory, compiled as `bakec compile` does it: what is shown to people, and the plan.
//!
//! It knows the library, not the terminal.

use bakec::compile::{FactsChoice, Options};
use bakec::diagnostic::render::{Format, Style, render, summary};
use bakec::diagnostic::{Code, Diagnostic};
use bakec::emit::template::Template;
use bakec::emit::{Emit, packer_hcl, packer_json};
use bakec::import::{Places, import};
use bakec::inspect::select::select;
use bakec::load::Memory;
use bakec::packer::read;
use bakec::text::{Source, Sources};

/// As in a terminal of 100 columns, without colours.
const STYLE: Style = Style { colour: false, unicode: true, links: false, width: 100 };

/// A compiled program.
pub(crate) struct Program {
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
    json: Option<String>,
}

impl Program {
    /// What the compiler says, with the count at the end.
    pub(crate) fn shown(&self) -> String {
        let count = summary(&self.diagnostics).map(|words| format!("\n{words}\n")).unwrap_or_default();
        render(&self.diagnostics, &self.sources, &Format::Human(STYLE)) + &count
    }

    /// The plan as Packer's JSON.
    pub(crate) fn json(&self) -> Option<String> {
        self.json.clone()
    }

    /// The codes of what the compiler says.
    pub(crate) fn codes(&self) -> Vec<Code> {
        self.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
    }
}

/// Compiles a file of the world with the arguments of its first lines, `//@ set: name=value` and the like.
pub(crate) fn compile(mut world: Memory, root: &str) -> Program {
    let mut options = Options::default();
    let mut only = Vec::new();
    let (mut template, mut other, mut hcl, mut imported) = (None, None, false, None);
    let text = world.files.get(root).cloned().unwrap_or_default();
    for argument in text.lines().map_while(|line| line.strip_prefix("//@ ")) {
        let (name, value) = argument.split_once(": ").unwrap_or((argument, ""));
        match name {
            "set" => options.set.push(value.to_string()),
            "params" => options.params.push(value.to_string()),
            "facts" => options.facts = FactsChoice::File(value.to_string()),
            "only" => only.push(value.to_string()),
            "template" => template = Some(value.to_string()),
            "diff" => other = Some(value.to_string()),
            "import" => imported = Some(value.to_string()),
            "target" => hcl = value == "packer-hcl",
            "env" => {
                let (name, value) = value.split_once('=').expect("`//@ env: NAME=value`");
                world.variables.insert(name.to_string(), value.to_string());
            }
            _ => panic!("{root}: no argument is named `{name}`"),
        }
    }
    let mut compiled = bakec::compile::compile(&world, root, &options);
    let mut json = None;
    match compiled.plan.take().map(|plan| select(plan, &only, &[])) {
        Some(Ok(plan)) => {
            let how = Emit::default();
            let emitted = if hcl {
                packer_hcl(&plan, &compiled.kinds, &how, true)
            } else {
                packer_json(&plan, &compiled.kinds, &how)
            };
            compiled.diagnostics.extend(emitted.problems.iter().map(|p| p.diagnostic(&plan, &compiled.sources)));
            if let Some(path) = &template {
                let loaded = Template::load(&world, path, &mut compiled.sources);
                let rendered =
                    loaded.and_then(|t| t.render(&plan, &compiled.kinds, &compiled.params, &Emit::default()));
                compiled.diagnostics.extend(rendered.err().map(|problem| *problem));
            }
            if let Some(path) = &other {
                let text = world.files.get(path).expect("the other plan is a file beside the case");
                let file = compiled.sources.add(Source::new(path.as_str(), text.as_str()));
                compiled.diagnostics.extend(read(file, text).1);
            }
            json = Some(emitted.text());
        }
        Some(Err(problem)) => {
            let file = compiled.sources.add(Source::new(problem.option, problem.text.as_str()));
            compiled.diagnostics.push(problem.diagnostic(file));
        }
        None => {}
    }
    if let Some(path) = &imported {
        let text = world.files.get(path).expect("the template is a file beside the case");
        let imported = import(&world, Places { template: path, program: root }, text);
        return Program { sources: imported.sources, diagnostics: imported.diagnostics, json };
    }
    Program { sources: compiled.sources, diagnostics: compiled.diagnostics, json }
}
