//! Outputs of a plan: what is known of them now, and which AMIs they wait for.
//!
//! Neighbours: `variables` has the values; `run::output` writes the files.

use std::path::Path;

use serde_json::Value as Json;

use super::variables::{self, Users};
use super::{Inputs, version};
use crate::diagnostic::code;
use crate::packer::Document;
use crate::plan::{self, Part, Text, Value};
use crate::run::output::{Data, Output, Piece};
use crate::run::problem::{Origin, Problem};
use crate::run::render::{Given, render};
use crate::run::secret::Gate;
use crate::ty::describe;

/// The outputs of a plan.
///
/// # Errors
/// Variables without values, and what a file cannot hold.
pub fn outputs(document: &Document, inputs: &Inputs, gate: &Gate) -> Result<Vec<Output>, Vec<Problem>> {
    if document.results.is_empty() {
        return Ok(Vec::new());
    }
    let Some(users) = variables::values(document, inputs, gate, &mut Vec::new())? else { return Ok(Vec::new()) };
    let given = given(document, inputs, users);
    let mut problems = Vec::new();
    let mut take = |output: &plan::Output| {
        let origin = document.files.get(output.origin.file as usize).map(|file| Origin {
            file: file.to_string(),
            line: output.origin.line,
            column: output.origin.column,
        });
        let file = output.file.to_string();
        let data = data(&output.value, &given).and_then(|data| fitting(&file, data));
        let data = data.map_err(|problem| problems.push(problem.at(origin.clone()))).ok()?;
        // Shown as short as where the run was begun.
        let full = inputs.folder.join(&file);
        let path = full.strip_prefix(&inputs.current).map(Path::to_owned).unwrap_or(full);
        Some(Output { path, file, data, origin })
    };
    let outputs = document.results.iter().filter_map(&mut take).collect();
    if problems.is_empty() { Ok(outputs) } else { Err(problems) }
}

/// What run-time templates of no build know.
fn given(document: &Document, inputs: &Inputs, users: Users) -> Given {
    let mut given = Given { moment: inputs.moment.at, users: users.values, ..Given::default() };
    for (name, value) in [
        ("packer_version", version(document)),
        ("pwd", inputs.current.to_string_lossy().into_owned()),
        ("template_dir", inputs.folder.to_string_lossy().into_owned()),
        ("uuid", inputs.moment.uuid.clone()),
    ] {
        given.named.insert(name.to_owned(), value);
    }
    given
}

/// Terraform's variables are a record of names.
fn fitting(file: &str, data: Data) -> Result<Data, Problem> {
    if !file.ends_with(".tfvars") && !file.ends_with(".tfvars.json") {
        return Ok(data);
    }
    let wrong = |message: String, help: &str| Err(Problem::refused(code::RUN_OUTPUT, message).help(help));
    let names: Vec<&String> = match &data {
        Data::Record(entries) => entries.iter().map(|(name, _)| name).collect(),
        Data::Known(Json::Object(entries)) => entries.keys().collect(),
        _ => return wrong(format!("`{file}` holds no record"), "write `output \"…\" = { name = value }`"),
    };
    let is_name = |name: &str| {
        let mut chars = name.chars();
        chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
            && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '-')
    };
    match names.into_iter().find(|name| !is_name(name)) {
        Some(name) => wrong(
            format!("`{name}` is no name of a variable in `{file}`"),
            "put such names one level deeper: `amis = { for b in image: b.name = b.ami }`",
        ),
        None => Ok(data),
    }
}

fn data(value: &Value, given: &Given) -> Result<Data, Problem> {
    let known = |json: Json| Ok(Data::Known(json));
    match value {
        Value::Null => known(Json::Null),
        Value::Bool(truth) => known((*truth).into()),
        Value::Int(int) => known((*int).into()),
        Value::Number(number) => known((*number).into()),
        Value::Size(bytes) => known((*bytes).into()),
        Value::Duration(nanos) => known(describe::duration(*nanos).into()),
        Value::Text(text) | Value::Path(text) => self::text(text, given),
        Value::List(items) => {
            Ok(Data::List(items.iter().map(|item| data(item, given)).collect::<Result<_, Problem>>()?))
        }
        Value::Record(entries) => {
            let entry = |(key, value): &(smol_str::SmolStr, Value)| Ok((key.to_string(), data(value, given)?));
            Ok(Data::Record(entries.iter().map(entry).collect::<Result<_, Problem>>()?))
        }
    }
}

fn text(text: &Text, given: &Given) -> Result<Data, Problem> {
    let parts = match text {
        Text::Plain(plain) => return Ok(Data::Known(plain.as_str().into())),
        Text::Parts(parts) => parts,
    };
    let rendered =
        |text: &str| render(text, given).map_err(|error| Problem::refused(code::RUN_OUTPUT, error.message.clone()));
    let mut pieces = Vec::new();
    for part in parts.iter() {
        pieces.push(match part {
            Part::Chars(chars) => Piece::Text(chars.to_string()),
            Part::Action(action) => Piece::Text(rendered(action)?),
            Part::Variable(name) => Piece::Text(rendered(&format!("{{{{user `{name}`}}}}"))?),
            Part::Ami(ami) => Piece::Ami(ami.build.to_string(), ami.region.as_ref().map(ToString::to_string)),
        });
    }
    Ok(Data::Text(pieces))
}
