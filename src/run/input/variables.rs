//! Values of variables: from the command line, from files, from the environment, or their defaults, worked out against each other.
//!
//! It must not know options. Neighbours: `values` shows them to options.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::{Inputs, Warning, undeclared, version};
use crate::diagnostic::code;
use crate::json::{self, Kind, Node};
use crate::packer::Document;
use crate::packer::document::Variable;
use crate::run::problem::{self, Origin, Problem};
use crate::run::render::{RenderError, RunValues, render};
use crate::run::secret::{Gate, Secret};
use crate::text::suggest::nearest;
use crate::text::{FileId, Source, Span, words};

/// Packer looks so often whether variables that use each other come to rest.
const PASSES: usize = 100;

/// All variables.
pub(super) struct Users {
    pub(super) values: BTreeMap<String, String>,
    /// Names of those that must not be shown.
    pub(super) secrets: Arc<BTreeSet<String>>,
}

/// Values of all variables; none beside problems that were told.
pub(super) fn values(
    document: &Document,
    inputs: &Inputs,
    gate: &Gate,
    warnings: &mut Vec<Warning>,
) -> Result<Option<Users>, Vec<Problem>> {
    let mut problems = Vec::new();
    let given = given(inputs, &mut problems);
    unknown(document, &given, warnings);
    missing(document, &given, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let declared = document.variables.iter();
    let secrets: BTreeSet<String> = declared.filter(|v| v.secret).map(|v| v.name.clone()).collect();
    let mut open: BTreeMap<String, String> = BTreeMap::new();
    for variable in &document.variables {
        open.insert(variable.name.clone(), variable.default.clone().unwrap_or_default());
    }
    // A value that is no text of the run-time language, such as a password with braces, stands for itself.
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in given {
        if crate::template::parse(&value).problems.is_empty() {
            open.insert(name, value);
        } else {
            open.remove(&name);
            values.insert(name, value);
        }
    }
    // Secrets first, so that no message can show one.
    for name in &secrets {
        for value in values.get(name).into_iter().chain(open.get(name).filter(|v| !v.contains("{{"))) {
            gate.hide(&Secret::new(value.as_str()));
        }
    }
    settle(document, inputs, open, &mut values, &secrets, gate)?;
    undeclared::empty(document, &mut values, warnings);
    Ok(Some(Users { values, secrets: Arc::new(secrets) }))
}

/// What the command line and files give.
pub(super) fn given(inputs: &Inputs, problems: &mut Vec<Problem>) -> BTreeMap<String, String> {
    let mut given = BTreeMap::new();
    for (path, text) in &inputs.var_files {
        var_file(path, text, &mut given, problems);
    }
    given.extend(inputs.vars.iter().cloned());
    given
}

fn var_file(path: &str, text: &str, given: &mut BTreeMap<String, String>, problems: &mut Vec<Problem>) {
    let source = Source::new(path, text);
    let at = |span: Span| {
        let (line, column) = source.line_column(span.start);
        Some(Origin { file: path.to_owned(), line, column })
    };
    let parsed = json::parse(FileId(0), text);
    for problem in parsed.problems {
        let place = at(problem.span());
        let told = crate::diagnostic::Diagnostic::from(problem);
        let problem =
            Problem { help: told.help, ..refused(format!("the file of variables `{path}`: {}", told.message)) };
        problems.push(problem.at(place));
    }
    let Some(root) = parsed.value else { return };
    let Some(members) = root.record() else {
        problems.push(
            refused(format!("the file of variables `{path}` holds {}", root.describe()))
                .help("it holds one record of names and texts: { \"region\": \"us-east-1\" }")
                .at(at(root.span)),
        );
        return;
    };
    for (key, node) in members {
        match text_of(node) {
            Some(value) => {
                given.insert(key.name.clone(), value);
            }
            None => problems.push(
                refused(format!("`{path}` gives the variable `{}` {}", key.name, node.describe()))
                    .help("a variable is a text, a number or a truth value, or a list of them")
                    .at(at(node.span)),
            ),
        }
    }
}

/// A value as the text that a variable is; elements of a list stand between commas.
fn text_of(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Text(text) | Kind::Number(text) => Some(text.clone()),
        Kind::Bool(truth) => Some(truth.to_string()),
        Kind::List(nodes) => {
            let nested = nodes.iter().any(|n| matches!(n.kind, Kind::List(_)));
            if nested {
                return None;
            }
            nodes.iter().map(text_of).collect::<Option<Vec<_>>>().map(|parts| parts.join(","))
        }
        Kind::Null | Kind::Record(_) => None,
    }
}

/// Packer takes values of variables that no one declared; most often a name is misspelt.
fn unknown(document: &Document, given: &BTreeMap<String, String>, warnings: &mut Vec<Warning>) {
    let declared: Vec<&str> = document
        .variables
        .iter()
        .map(|v| v.name.as_str())
        .chain(document.edges.iter().map(|(variable, ..)| variable.as_str()))
        .collect();
    for name in given.keys().filter(|name| !declared.contains(&name.as_str())) {
        let near = nearest(name, declared.iter().copied().filter(|d| !given.contains_key(*d)));
        warnings.push(Warning {
            message: format!("the plan declares no variable `{name}`"),
            help: near.map(|near| format!("did you mean `{near}`?")),
        });
    }
}

/// All variables that lack a value, in one problem.
fn missing(document: &Document, given: &BTreeMap<String, String>, problems: &mut Vec<Problem>) {
    let missing: Vec<&Variable> =
        document.variables.iter().filter(|v| v.default.is_none() && !given.contains_key(&v.name)).collect();
    let Some(first) = missing.first() else { return };
    let names: Vec<String> = missing.iter().map(|v| format!("`{}`", v.name)).collect();
    let message = match names.len() {
        1 => format!("the variable {} has no value", names[0]),
        _ => format!("the variables {} have no values", words::list(&names, "and")),
    };
    let mut help = format!("give them with `--var {}=…`, or in a JSON file with `--var-file`", first.name);
    if missing.len() == 1 {
        help = help.replacen("them", "it", 1);
    }
    if let Some(secret) = missing.iter().find(|v| v.secret) {
        help += &format!("; `{}` is a secret, and other users of this machine can see a command line", secret.name);
    }
    problems.push(refused(message).help(help));
}

/// What a variable sees while it is worked out.
struct Scope<'a> {
    inputs: &'a Inputs,
    document: &'a Document,
    values: &'a BTreeMap<String, String>,
    /// The variables that were asked for and are not known yet.
    asked: Mutex<Vec<String>>,
    /// Which secrets were read.
    read: Mutex<Vec<String>>,
    secrets: &'a BTreeSet<String>,
}

impl RunValues for Scope<'_> {
    fn moment(&self) -> Timestamp {
        self.inputs.moment.at
    }

    fn named(&self, function: &str) -> Option<String> {
        match function {
            "packer_version" => Some(version(self.document)),
            "pwd" => Some(self.inputs.current.to_string_lossy().into_owned()),
            "template_dir" => Some(self.inputs.folder.to_string_lossy().into_owned()),
            "uuid" => Some(self.inputs.moment.uuid.clone()),
            _ => None,
        }
    }

    fn user(&self, name: &str) -> Option<String> {
        let value = self.values.get(name);
        if value.is_none() {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
        } else if self.secrets.contains(name) {
            self.read.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
        }
        value.cloned()
    }

    fn build(&self, _: &str) -> Option<String> {
        None
    }

    fn function(&self, name: &str, arguments: &[String]) -> Option<Result<String, String>> {
        match (name, arguments) {
            ("env", [variable]) => Some(Ok(self.inputs.environment.get(variable).cloned().unwrap_or_default())),
            _ => None,
        }
    }
}

/// Works the open texts out, in passes, until nothing is open any more.
fn settle(
    document: &Document,
    inputs: &Inputs,
    mut open: BTreeMap<String, String>,
    values: &mut BTreeMap<String, String>,
    secrets: &BTreeSet<String>,
    gate: &Gate,
) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    // What each open variable waits for.
    let mut waits: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for _ in 0..PASSES {
        let mut changed = false;
        waits.clear();
        for name in open.keys().cloned().collect::<Vec<_>>() {
            let text = open.get(&name).cloned().unwrap_or_default();
            let scope = Scope { inputs, document, values, asked: Mutex::default(), read: Mutex::default(), secrets };
            let rendered = render(&text, &scope);
            let asked = scope.asked.into_inner().unwrap_or_else(PoisonError::into_inner);
            let read = scope.read.into_inner().unwrap_or_else(PoisonError::into_inner);
            match rendered {
                Ok(value) => {
                    changed = true;
                    let secret = secrets.contains(&name);
                    let verbatim = read.iter().all(|s| values.get(s).is_none_or(|s| value.contains(s.trim())));
                    if secret || !verbatim {
                        gate.hide(&Secret::new(value.as_str()));
                    }
                    // What a variable brought in may name others.
                    if reads_users(&text) && reads_users(&value) && value != text {
                        open.insert(name, value);
                    } else {
                        open.remove(&name);
                        values.insert(name, value);
                    }
                }
                Err(_) if !asked.is_empty() => {
                    waits.insert(name, asked);
                }
                Err(error) => {
                    open.remove(&name);
                    problems.push(broken(document, &name, error, &text));
                }
            }
        }
        if open.is_empty() || !changed {
            break;
        }
    }
    for name in open.keys() {
        problems.push(unsettled(document, name, &open, &waits));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn reads_users(text: &str) -> bool {
    text.split("{{").skip(1).any(|behind| behind.trim_start().starts_with("user"))
}

fn broken(document: &Document, name: &str, error: RenderError, text: &str) -> Problem {
    let action = text.get(error.range.clone()).unwrap_or_default();
    let secret = document.variables.iter().any(|v| v.name == name && v.secret);
    let action = if secret || action.is_empty() { String::new() } else { format!("`{action}`: ") };
    refused(format!("the variable `{name}` cannot be worked out: {action}{}", error.message))
}

/// Why a variable stays open.
fn unsettled(
    document: &Document,
    name: &str,
    open: &BTreeMap<String, String>,
    waits: &BTreeMap<String, Vec<String>>,
) -> Problem {
    let for_what = waits.get(name).and_then(|asked| asked.first());
    let Some(for_what) = for_what else {
        return refused(format!("the variable `{name}` does not come to rest: each of {PASSES} passes changes it"));
    };
    if open.contains_key(for_what) {
        let again =
            if for_what == name { "itself".to_owned() } else { format!("`{for_what}`, which is not known either") };
        return refused(format!("the variable `{name}` cannot be worked out: it needs {again}"))
            .help("variables may use each other, but not in a circle");
    }
    let near = nearest(for_what, document.variables.iter().map(|v| v.name.as_str()));
    let help = near.map_or_else(
        || format!("declare it in `variables`, or give it with `--var {for_what}=…`"),
        |near| format!("did you mean `{near}`?"),
    );
    refused(format!("the variable `{name}` needs a variable `{for_what}`, which nobody defines")).help(help)
}

fn refused(message: String) -> Problem {
    Problem { kind: problem::Kind::Refused, ..Problem::refused(code::RUN_VARIABLE, message) }
}
