//! `bakec vars`: a var-file to fill in.

use serde_json::{Map, Value};
use smol_str::SmolStr;

use crate::emit::{Emit, hcl_var_file, packer_json};
use crate::plan::{Text, Variable, VariableDefault};

use super::args::{VarFile, Vars};
use super::terminal::Terminal;
use super::{Outcome, input};

pub(super) fn run(args: &Vars, terminal: &Terminal) -> Outcome {
    let root = input::root(args.file.as_deref(), terminal)?;
    let mut compiled = input::compiled(&root, &args.given);
    let plan = input::plan(&mut compiled, None, terminal)?;
    terminal.diagnostics(&compiled.diagnostics, &compiled.sources);
    let mut values: Vec<(SmolStr, Option<(&Variable, &str)>)> = Vec::new();
    for variable in &plan.variables {
        let name = &variable.name;
        match &variable.default {
            VariableDefault::Required => {
                let secret = if variable.secret { ", a secret" } else { "" };
                terminal.note(&format!("fill in `{name}`: {}{secret}{}", variable.ty, first_line(&variable.doc)));
                values.push((name.clone(), None));
            }
            VariableDefault::Environment(from) => {
                terminal.note(&format!("`{name}` is left out: it comes from the environment, as `{from}`"));
            }
            VariableDefault::Text(_) if variable.secret => {
                terminal.note(&format!("`{name}` is left out: it is a secret and has a default"));
            }
            VariableDefault::Text(Text::Plain(text)) => {
                values.push((name.clone(), Some((variable, text.as_str()))));
            }
            VariableDefault::Text(Text::Parts(_)) => {
                terminal.note(&format!("`{name}` is left out: its default is made when the plan runs"));
            }
        }
    }
    for edge in packer_json(&plan, &compiled.kinds, &Emit { bare: true, ..Emit::default() }).edges {
        terminal.note(&format!("fill in `{}`: the AMI of the build `{}`", edge.variable, edge.ami.build));
        values.push((edge.variable.clone(), None));
    }
    let text = match args.target {
        VarFile::PackerHcl => hcl_var_file(values.iter().map(|(name, value)| (name.as_str(), *value))),
        VarFile::PackerJson => {
            let text = |value: &Option<(&Variable, &str)>| Value::from(value.map_or("", |(_, text)| text));
            let values: Map<String, Value> =
                values.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
            format!("{:#}\n", Value::Object(values))
        }
    };
    terminal.result(|out| out.write_all(text.as_bytes()))
}

fn first_line(doc: &str) -> String {
    doc.lines().next().map(|line| format!(" ({})", line.trim().trim_end_matches('.'))).unwrap_or_default()
}
