//! Texts of a plan as expressions of HCL.
//!
//! Packer evaluates HCL first and then renders what comes out as a template of its run-time language, as it does with JSON.
//! So data stays escaped for that language, its functions and run-time fields stay in the text, and only what HCL has names
//! for becomes an interpolation: variables, facts about the build, the folder of the template.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::plan::{Ami, Form, Part, Plan, Text, Variable};
use crate::template::{self, Action, Command, OperandKind, Piece as Template, Pipeline};

use super::super::Emit;
use super::super::edges::Edges;
use super::super::paths::Paths;
use super::layout::{Expr, escape, quoted};

/// A stretch of a text.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    /// Characters, for the run-time language.
    Text(String),
    /// An expression of HCL.
    Expr(String),
}

/// Where a text stands.
#[derive(Clone, Copy)]
pub(super) enum Place<'p> {
    /// In the source of the build of this name.
    Builder(&'p str),
    /// In a step, which may be for several builds.
    Step,
    /// In the default of a variable.
    Default,
}

/// What texts refer to.
pub(super) struct Texts<'a> {
    pub(super) edges: Edges<'a>,
    paths: &'a Paths,
    variables: FxHashMap<&'a str, &'a Variable>,
    /// Variables whose default only the run knows: a local takes their place.
    locals: FxHashSet<&'a str>,
}

impl<'a> Texts<'a> {
    pub(super) fn new(plan: &'a Plan, how: &'a Emit) -> Self {
        Texts {
            edges: Edges::new(plan, &how.edges),
            paths: &how.paths,
            variables: plan.variables.iter().map(|v| (v.name.as_str(), v)).collect(),
            locals: super::variables::evaluated(plan, &how.paths),
        }
    }

    /// Whether a local stands in for the variable.
    pub(super) fn is_local(&self, variable: &str) -> bool {
        self.locals.contains(variable)
    }

    /// The text as an expression.
    pub(super) fn expr(&mut self, text: &Text, path: bool, place: Place<'_>) -> Expr {
        expression(&self.pieces(text, path, place))
    }

    /// The text as an expression where a list may stand: a variable that is one stands for itself.
    pub(super) fn list(&mut self, text: &Text, path: bool, place: Place<'_>) -> Expr {
        match self.list_variable(text) {
            Some(name) => Expr::Line(self.reference(name)),
            None => self.expr(text, path, place),
        }
    }

    /// The variable that the text is, where it is one that holds a list.
    pub(super) fn list_variable<'t>(&self, text: &'t Text) -> Option<&'t str> {
        let Text::Parts(parts) = text else { return None };
        let [Part::Variable(name)] = &parts[..] else { return None };
        self.variables.get(name.as_str()).filter(|v| v.list).map(|_| name.as_str())
    }

    /// The stretches of a text; of a path, which is told from the folder of the template where that is wanted.
    pub(super) fn pieces(&mut self, text: &Text, path: bool, place: Place<'_>) -> Vec<Piece> {
        let mut pieces = Pieces::default();
        let rebased = |first: &str| if path { self.paths.rebased(first) } else { None };
        match text {
            Text::Plain(plain) => match rebased(plain) {
                Some(rebased) => {
                    pieces.expr("path.root".into());
                    pieces.data(&format!("/{rebased}"));
                }
                None => pieces.data(plain),
            },
            Text::Parts(parts) => {
                for (position, part) in parts.iter().enumerate() {
                    match part {
                        Part::Chars(chars) => match rebased(chars).filter(|_| position == 0) {
                            Some(rebased) => {
                                pieces.expr("path.root".into());
                                pieces.data(&format!("/{rebased}"));
                            }
                            None => pieces.data(chars),
                        },
                        Part::Variable(name) => pieces.expr(self.variable(name)),
                        Part::Ami(ami) => pieces.expr(self.ami(ami)),
                        Part::Action(source) => self.action(&mut pieces, source, place),
                    }
                }
            }
        }
        pieces.done()
    }

    /// A variable as a text: a list is joined, as Packer's JSON has it.
    pub(super) fn variable(&self, name: &str) -> String {
        let reference = self.reference(name);
        if self.variables.get(name).is_some_and(|v| v.list) { format!("join(\",\", {reference})") } else { reference }
    }

    fn reference(&self, name: &str) -> String {
        format!("{}.{name}", if self.is_local(name) { "local" } else { "var" })
    }

    fn ami(&mut self, ami: &Ami) -> String {
        format!("var.{}", self.edges.variable(ami))
    }

    /// Takes an action over: as an interpolation where it is a single call that HCL knows, otherwise as it is, with the calls
    /// in it that need HCL's help replaced by their values.
    fn action(&self, pieces: &mut Pieces, source: &str, place: Place<'_>) {
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
        let mut calls = Vec::new();
        if let Some(pipeline) = action.pipeline() {
            self.calls(pipeline, place, &mut calls);
        }
        let mut done = 0;
        for (range, value) in calls {
            // What stands in a call that has been replaced went with it.
            if range.start < done {
                continue;
            }
            pieces.code(&source[done..range.start]);
            match value {
                Value::Known(name) => pieces.code(&serde_json::Value::from(name).to_string()),
                // Both languages write texts in double quotes alike.
                Value::Expr(expr) => pieces.expr(format!("jsonencode({expr})")),
            }
            done = range.end;
        }
        pieces.code(&source[done..]);
    }

    /// The calls of a pipeline that need HCL's help, by their places.
    fn calls(&self, pipeline: &Pipeline, place: Place<'_>, found: &mut Vec<(std::ops::Range<usize>, Value)>) {
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
                    found.push((start..command.range.end, value));
                }
                None => {
                    for operand in std::iter::once(&command.head).chain(&command.arguments) {
                        match &operand.kind {
                            OperandKind::Group { pipeline, .. } => self.calls(pipeline, place, found),
                            OperandKind::Function(name) if !std::ptr::eq(operand, &command.head) => {
                                found.extend(self.named(name, &[], place).map(|v| (operand.range.clone(), v)));
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

enum Value {
    Known(String),
    Expr(String),
}

/// Stretches being put together: data that stands side by side is escaped as one.
#[derive(Default)]
struct Pieces {
    pieces: Vec<Piece>,
    data: String,
}

impl Pieces {
    fn data(&mut self, data: &str) {
        self.data.push_str(data);
    }

    fn code(&mut self, source: &str) {
        if !source.is_empty() {
            self.flush();
            self.push(source);
        }
    }

    fn expr(&mut self, expr: String) {
        self.flush();
        self.pieces.push(Piece::Expr(expr));
    }

    fn done(mut self) -> Vec<Piece> {
        let data = std::mem::take(&mut self.data);
        self.push(&template::escape(&data));
        self.pieces
    }

    fn flush(&mut self) {
        let data = std::mem::take(&mut self.data);
        self.push(&template::escape_before(&data));
    }

    fn push(&mut self, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }
}

/// Stretches as one expression.
pub(super) fn expression(pieces: &[Piece]) -> Expr {
    match pieces {
        [] => Expr::Line("\"\"".into()),
        [Piece::Text(text)] => Expr::text(text),
        [Piece::Expr(expr)] => Expr::Line(expr.clone()),
        pieces => {
            let mut out = String::from("\"");
            for (position, piece) in pieces.iter().enumerate() {
                match piece {
                    Piece::Expr(expr) => {
                        out.push_str("${");
                        out.push_str(expr);
                        out.push('}');
                    }
                    Piece::Text(text) => {
                        // A `$` before an interpolation would escape it.
                        let plain = match pieces.get(position + 1) {
                            Some(Piece::Expr(_)) => text.trim_end_matches('$'),
                            _ => text,
                        };
                        escape(&mut out, plain);
                        if plain.len() < text.len() {
                            out.push_str("${\"");
                            out.push_str(&text[plain.len()..]);
                            out.push_str("\"}");
                        }
                    }
                }
            }
            out.push('"');
            Expr::Line(out)
        }
    }
}

/// Whether a text of the default can be told only when the plan runs: HCL lets defaults read nothing but the environment.
pub(super) fn needs_run(text: &Text) -> bool {
    let Text::Parts(parts) = text else { return false };
    parts.iter().any(|part| match part {
        Part::Variable(_) | Part::Ami(_) => true,
        Part::Chars(_) => false,
        Part::Action(source) => {
            let mut found = false;
            for piece in &template::parse(source).pieces {
                let Template::Action { action, .. } = piece else { continue };
                if let Some(pipeline) = action.pipeline() {
                    let single = pipeline.commands.len() == 1 && matches!(action, Action::Print(_));
                    pipeline.each_operand(&mut |operand| {
                        let OperandKind::Function(name) = &operand.kind else { return };
                        found |= match name.as_str() {
                            "user" | "template_dir" | "packer_version" | "uuid" => true,
                            "consul_key" | "vault" | "aws_secretsmanager" | "aws_secretsmanager_raw" => true,
                            // In a longer action its value is written by a function, which defaults may not call.
                            "env" => !single,
                            _ => false,
                        };
                    });
                }
            }
            found
        }
    })
}

/// A known text as a value of a form.
pub(super) fn literal(text: &str, form: Form) -> Option<Expr> {
    match form {
        Form::Number if text.parse::<f64>().is_ok_and(f64::is_finite) => Some(Expr::Line(text.to_owned())),
        Form::Bool if matches!(text, "true" | "false") => Some(Expr::Line(text.to_owned())),
        _ => None,
    }
}
