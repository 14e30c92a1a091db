//! Texts of a plan as expressions of HCL.
//!
//! Packer evaluates HCL first and then renders what comes out as a template of its run-time language, as it does with JSON.
//! So data stays escaped for that language, its functions and run-time fields stay in the text, and only what HCL has names
//! for becomes an interpolation: variables, facts about the build, the folder of the template.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::plan::{Ami, Form, Part, Plan, Text, Variable};
use crate::template;

use super::evaluated::evaluated;
use super::layout::{Expr, escape};
use crate::emit::Emit;
use crate::emit::edges::Edges;
use crate::emit::paths::Paths;

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
            locals: evaluated(plan, &how.paths),
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
}

/// Stretches being put together: data that stands side by side is escaped as one.
#[derive(Default)]
pub(super) struct Pieces {
    pieces: Vec<Piece>,
    data: String,
}

impl Pieces {
    pub(super) fn data(&mut self, data: &str) {
        self.data.push_str(data);
    }

    pub(super) fn code(&mut self, source: &str) {
        if !source.is_empty() {
            self.flush();
            self.push(source);
        }
    }

    pub(super) fn expr(&mut self, expr: String) {
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

/// A known text as a value of a form.
pub(super) fn literal(text: &str, form: Form) -> Option<Expr> {
    match form {
        Form::Number if text.parse::<f64>().is_ok_and(f64::is_finite) => Some(Expr::Line(text.to_owned())),
        Form::Bool if matches!(text, "true" | "false") => Some(Expr::Line(text.to_owned())),
        _ => None,
    }
}
