//! Actions of the run-time language in HCL.
//!
//! Plugins render the texts that HCL gives them, so an action mostly stays as it is. Some of its functions are not there then:
//! `user`, `build` and `template_dir` are HCL's own business, and a plugin's own function, `clean_resource_name`, gets lost when the
//! plugin is given HCL. What they would print is put in their place.

use std::ops::Range;

use crate::template::{self, Action, Command, OperandKind, Piece as Template, Pipeline};

use super::layout::quoted;
use super::text::{Pieces, Place, Texts};

/// What a call is in HCL.
enum Value {
    /// A text that is known now.
    Known(String),
    Expr(String),
}

/// What takes the place of a stretch of an action.
enum Edit {
    Value(Value),
    Code(String),
}

type Edits = Vec<(Range<usize>, Edit)>;

/// The characters that the name of an AMI may not hold, as a pattern.
const UNCLEAN: &str = "[^a-zA-Z0-9()\\[\\] ./'@_-]";

fn may_stand_in_names(c: char) -> bool {
    c.is_ascii_alphanumeric() || "()[] ./-'@_".contains(c)
}

impl Texts<'_> {
    /// Takes an action over: as an interpolation where it is a single call that HCL knows, otherwise as it is, with the calls
    /// in it that need HCL's help replaced by their values.
    pub(super) fn action(&self, pieces: &mut Pieces, source: &str, place: Place<'_>) {
        let parsed = template::parse(source);
        let Some(Template::Action { action, trims_before, trims_after, .. }) = parsed.pieces.first() else {
            pieces.code(source);
            return;
        };
        if let Action::Print(pipeline) = action
            && let [command] = &pipeline.commands[..]
            && pipeline.variables.is_empty()
            && !trims_before
            && !trims_after
            && let Some(value) = self.call(command, None, place)
        {
            match value {
                Value::Known(name) => pieces.data(&name),
                Value::Expr(expr) => pieces.expr(expr),
            }
            return;
        }
        if let Action::Print(pipeline) = action
            && let [command, clean] = &pipeline.commands[..]
            && pipeline.variables.is_empty()
            && is_clean(clean)
            && let Some(Value::Expr(expr)) = self.call(command, None, place)
        {
            pieces.expr(format!("regex_replace({expr}, {}, \"-\")", quoted(UNCLEAN)));
            return;
        }
        let mut edits = Vec::new();
        if let Some(pipeline) = action.pipeline() {
            self.calls(pipeline, place, &mut edits);
            cleaned(pipeline, source, place, &mut edits);
        }
        edits.sort_by_key(|(range, _)| range.start);
        let mut done = 0;
        for (range, edit) in edits {
            // What stands in a call that has been replaced went with it.
            if range.start < done {
                continue;
            }
            pieces.code(&source[done..range.start]);
            match edit {
                Edit::Code(code) => pieces.code(&code),
                Edit::Value(Value::Known(name)) => pieces.code(&serde_json::Value::from(name).to_string()),
                // Both languages write texts in double quotes alike.
                Edit::Value(Value::Expr(expr)) => pieces.expr(format!("jsonencode({expr})")),
            }
            done = range.end;
        }
        pieces.code(&source[done..]);
    }

    /// The calls of a pipeline that need HCL's help, by their places.
    fn calls(&self, pipeline: &Pipeline, place: Place<'_>, found: &mut Edits) {
        let mut before: Option<&Command> = None;
        for command in &pipeline.commands {
            let piped = before.and_then(|b| match &b.head.kind {
                OperandKind::Text(text) if b.arguments.is_empty() => Some((text.as_str(), b.range.start)),
                _ => None,
            });
            match self.call(command, piped.map(|(text, _)| text), place) {
                Some(value) => {
                    let takes_piped = command.arguments.is_empty() && piped.is_some();
                    let start = piped.filter(|_| takes_piped).map_or(command.range.start, |(_, start)| start);
                    found.push((start..command.range.end, Edit::Value(value)));
                }
                None => {
                    for operand in std::iter::once(&command.head).chain(&command.arguments) {
                        match &operand.kind {
                            OperandKind::Group { pipeline, .. } => self.calls(pipeline, place, found),
                            OperandKind::Function(name) if !std::ptr::eq(operand, &command.head) => {
                                found.extend(
                                    self.named(name, &[], place).map(|v| (operand.range.clone(), Edit::Value(v))),
                                );
                            }
                            _ => {}
                        }
                    }
                }
            }
            before = Some(command);
        }
    }

    /// The value of a call that needs HCL's help.
    fn call(&self, command: &Command, piped: Option<&str>, place: Place<'_>) -> Option<Value> {
        let OperandKind::Function(name) = &command.head.kind else { return None };
        let mut texts = Vec::with_capacity(command.arguments.len() + 1);
        for argument in &command.arguments {
            let OperandKind::Text(text) = &argument.kind else { return None };
            texts.push(text.as_str());
        }
        texts.extend(piped.filter(|_| texts.is_empty()));
        self.named(name, &texts, place)
    }

    fn named(&self, function: &str, arguments: &[&str], place: Place<'_>) -> Option<Value> {
        Some(match (function, arguments, place) {
            ("user", [name], _) => Value::Expr(self.variable(name)),
            ("template_dir", [], _) => Value::Expr("abspath(path.root)".into()),
            ("packer_version", [], _) => Value::Expr("packer.version".into()),
            ("build", [fact], Place::Step) => Value::Expr(format!("build.{fact}")),
            // The label of a source may differ from the name of its build.
            ("build_name", [], Place::Builder(name)) => Value::Known(name.to_owned()),
            ("build_name", [], Place::Step) => Value::Expr("source.name".into()),
            ("uuid", [], Place::Default) => Value::Expr("uuidv4()".into()),
            (
                "env" | "consul_key" | "vault" | "aws_secretsmanager" | "aws_secretsmanager_raw",
                [_, ..],
                Place::Default,
            ) => {
                let arguments: Vec<String> = arguments.iter().map(|a| quoted(a)).collect();
                Value::Expr(format!("{function}({})", arguments.join(", ")))
            }
            _ => return None,
        })
    }
}

fn is_clean(command: &Command) -> bool {
    matches!(&command.head.kind, OperandKind::Function(name) if name == "clean_resource_name")
}

/// Puts `replace_all` in the place of `clean_resource_name`: for the characters that are to be expected, or for all of them where
/// nothing can be said of what comes.
fn cleaned(pipeline: &Pipeline, source: &str, place: Place<'_>, edits: &mut Edits) {
    for (position, command) in pipeline.commands.iter().enumerate() {
        for operand in &command.arguments {
            if let OperandKind::Group { pipeline, .. } = &operand.kind {
                cleaned(pipeline, source, place, edits);
            }
        }
        if !is_clean(command) {
            continue;
        }
        // What is given stays, for there may be calls in it that are replaced too.
        let end = command.range.end;
        let (given, gone) = match (&command.arguments[..], position.checked_sub(1)) {
            ([argument, ..], _) => (argument.range.clone(), command.range.start..argument.range.start),
            ([], Some(before)) => {
                let before = pipeline.commands[before].range.end;
                (pipeline.commands[0].range.start..before, before..end)
            }
            ([], None) => continue,
        };
        let calls = unclean(&source[given], place).into_iter().map(|c| format!(" | replace_all {} `-`", for_go(c)));
        edits.push((gone, Edit::Code(String::new())));
        edits.push((end..end, Edit::Code(calls.collect())));
    }
}

/// The characters that a pipeline may print and names may not hold.
fn unclean(source: &str, place: Place<'_>) -> Vec<char> {
    let action = format!("{{{{{source}}}}}");
    // Names and kinds of builds hold nothing that would have to be replaced.
    let name = |name: &str| match (name, place) {
        ("build_name", Place::Builder(build)) => Some(build.to_owned()),
        ("build_name" | "build_type", _) => Some("name".to_owned()),
        _ => None,
    };
    let specimen = match template::parse(&action).pieces.first() {
        Some(Template::Action { action, .. }) => template::specimen(action, &name),
        _ => None,
    };
    let all: String = (' '..='~').collect();
    let mut found: Vec<char> = specimen.unwrap_or(all).chars().filter(|c| !may_stand_in_names(*c)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn for_go(c: char) -> String {
    if c == '`' { "\"`\"".to_owned() } else { format!("`{c}`") }
}
