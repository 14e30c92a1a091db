//! What a program is given: params from the environment, from files and from the command line.
//!
//! Order: default, then `BAKE_PARAM_name`, then files, then `--set`; the later wins. Text is taken verbatim, any other type as a
//! literal of the language.

use std::sync::Arc;

use smol_str::SmolStr;

use super::Evaluator;
use super::builtin::to_json;
use super::expr::Outcome;
use super::frame::Frame;
use super::problem::Stop;
use super::value::{Data, Field, Record, Text, Value};
use crate::diagnostic::{Diagnostic, code};
use crate::json::{Kind as NodeKind, Node};
use crate::resolve::builtin::Builtin;
use crate::resolve::hir::{Expr, ExprKind};
use crate::syntax::{ast, parse_expr, parse_literal};
use crate::text::suggest::nearest;
use crate::text::{FileId, Span, Spanned};
use crate::ty::{Literal, Ty};

/// Limits of an evaluation.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The most cells of a matrix and builds of a plan.
    pub max_builds: usize,
    /// An expression whose values are wanted, by its place.
    pub ask: Option<Span>,
}

/// Values from outside, with sources to point into.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// `name=value` arguments, later ones win.
    pub set: Vec<Spanned<String>>,
    /// Objects of params files, later ones win.
    pub files: Vec<Node>,
    /// Values of the environment by the name of the param, where nothing else gives it.
    pub environment: Vec<(SmolStr, Spanned<String>)>,
}

impl Outside {
    /// Whether the command line or a file gives the param.
    pub fn gives(&self, name: &str) -> bool {
        let on_line = |argument: &Spanned<String>| argument.node.split_once('=').is_some_and(|(k, _)| k.trim() == name);
        let in_file = |file: &Node| match &file.kind {
            NodeKind::Record(members) => members.iter().any(|(key, _)| key.name == name),
            _ => false,
        };
        self.set.iter().any(on_line) || self.files.iter().any(in_file)
    }
}

/// A value that was given for a param.
enum Given<'n> {
    Text(SmolStr, Span),
    Node(&'n Node),
}

impl Evaluator<'_> {
    /// Gives every param its value; answers those that are required and have none.
    pub(super) fn fill_params(&self, outside: &Outside) -> Vec<SmolStr> {
        self.unknown_params(outside);
        let params = &self.program().params;
        let given: Vec<Option<Given>> = params.iter().map(|p| self.given(&p.name.name, outside)).collect();
        let missing = params.iter().zip(&given).filter(|(p, given)| given.is_none() && p.default.is_none());
        let missing: Vec<SmolStr> = missing.map(|(p, _)| p.name.name.clone()).collect();
        // What is given first: a default may read it.
        for (index, given) in given.iter().enumerate() {
            if let Some(given) = given {
                let ty = self.checked.params.get(index).unwrap_or(&Ty::Poison);
                let value = self.accept(&params[index].name.name, given, ty);
                // Its mistake has been reported.
                let _ = self.settle_param(index, value);
            }
        }
        for index in 0..params.len() {
            // Its mistake has been reported, or it is missing.
            let _ = self.param(index);
        }
        missing
    }

    /// Params with their values as JSON.
    pub(super) fn known_params(&self) -> Vec<(SmolStr, serde_json::Value)> {
        let known = self.params.borrow();
        let json = |value: &Option<Outcome>| value.as_ref().and_then(|v| to_json(v.as_ref().ok()?));
        let params = self.program().params.iter().zip(&*known);
        params.filter_map(|(param, value)| Some((param.name.name.clone(), json(value)?))).collect()
    }

    /// The value of a param. The first who asks for one that takes its default evaluates it.
    pub(super) fn param(&self, index: usize) -> Outcome {
        if let Some(known) = &self.params.borrow()[index] {
            return known.clone();
        }
        match &self.program().params[index].default {
            None => Err(Stop::Poison),
            Some(default) => {
                let value = self.eval(default, &mut Frame::closed(false));
                self.settle_param(index, value)
            }
        }
    }

    /// Holds the value of a param to its type and remembers it.
    fn settle_param(&self, index: usize, value: Outcome) -> Outcome {
        let name = &self.program().params[index].name.name;
        let ty = self.checked.params.get(index).unwrap_or(&Ty::Poison);
        let value = value.and_then(|value| {
            if !value.is_null() {
                self.freeze(&value, Some(ty), name, value.origin)?;
            }
            Ok(value)
        });
        if let Err(stop) = &value {
            self.stopped(stop);
        }
        let value = value.map_err(|_| Stop::Poison);
        self.params.borrow_mut()[index] = Some(value.clone());
        value
    }

    fn given<'n>(&self, name: &str, outside: &'n Outside) -> Option<Given<'n>> {
        for argument in outside.set.iter().rev() {
            if let Some((key, value)) = argument.node.split_once('=')
                && key.trim() == name
            {
                let start = argument.span.start as usize + key.len() + 1;
                return Some(Given::Text(
                    value.into(),
                    Span::new(argument.span.file, start, argument.span.end as usize),
                ));
            }
        }
        for file in outside.files.iter().rev() {
            if let NodeKind::Record(members) = &file.kind
                && let Some((_, value)) = members.iter().find(|(k, _)| k.name == name)
            {
                return Some(Given::Node(value));
            }
        }
        let (_, value) = outside.environment.iter().find(|(param, _)| param == name)?;
        self.environment.borrow_mut().push(format!("BAKE_PARAM_{name}").into());
        Some(Given::Text(value.node.as_str().into(), value.span))
    }

    fn unknown_params(&self, outside: &Outside) {
        let names: Vec<&str> = self.program().params.iter().map(|p| p.name.name.as_str()).collect();
        let report = |name: &str, at: Span| {
            if names.contains(&name) {
                return;
            }
            let help = match nearest(name, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if self.program().variables.iter().any(|v| v.name.name == name) => {
                    "it is a variable, known only when the plan runs: give it by `-var` or `-var-file` then".into()
                }
                None if names.is_empty() => "the program declares no params".into(),
                None => format!(
                    "the params are {}",
                    super::views::listed(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())
                ),
            };
            let diagnostic =
                Diagnostic::error(code::INPUT_PARAM, format!("no param is named `{name}`")).label(at, "").help(help);
            self.reported.borrow_mut().diagnostics.push(diagnostic);
        };
        for argument in &outside.set {
            let Span { file, start, .. } = argument.span;
            match argument.node.split_once('=') {
                Some((key, _)) => report(key.trim(), Span::new(file, start as usize, start as usize + key.len())),
                None => {
                    let diagnostic = Diagnostic::error(code::INPUT_PARAM, format!("`{}` sets nothing", argument.node))
                        .label(argument.span, "no `=`")
                        .help("write `--set name=value`");
                    self.reported.borrow_mut().diagnostics.push(diagnostic);
                }
            }
        }
        for file in &outside.files {
            match &file.kind {
                NodeKind::Record(members) => members.iter().for_each(|(key, _)| report(&key.name, key.span)),
                _ => {
                    let diagnostic = Diagnostic::error(code::INPUT_PARAM, "a params file holds one object")
                        .label(file.span, "not an object")
                        .help("write `{ \"name\": value }`");
                    self.reported.borrow_mut().diagnostics.push(diagnostic);
                }
            }
        }
    }

    fn accept(&self, name: &str, given: &Given<'_>, ty: &Ty) -> Result<Value, Stop> {
        let (value, at) = match given {
            Given::Text(text, at) => (from_text(text, ty, *at), *at),
            Given::Node(node) => (Some(from_node(node, ty)), node.span),
        };
        match value {
            Some(value)
                if self.fits(&value, ty) || value.is_null() && ty.admits_null() || is_checked_text(&value, ty) =>
            {
                Ok(value)
            }
            _ => {
                let example = example(ty, matches!(given, Given::Node(_)));
                let help = match given {
                    Given::Node(_) => format!("write `\"{name}\": {example}` in this file"),
                    Given::Text(..) if self.sources.get(at.file).path().starts_with("BAKE_PARAM_") => {
                        format!("set it in the environment as `BAKE_PARAM_{name}='{example}'`")
                    }
                    Given::Text(..) => format!("give it as `--set '{name}={example}'`"),
                };
                let diagnostic = Diagnostic::error(code::INPUT_PARAM, format!("param `{name}` takes {ty}"))
                    .label(at, "not this")
                    .help(help);
                self.reported.borrow_mut().diagnostics.push(diagnostic);
                Err(Stop::Poison)
            }
        }
    }
}

/// A text whose contents a later check judges with better words.
fn is_checked_text(value: &Value, ty: &Ty) -> bool {
    value.as_text().is_some() && matches!(ty.plain(), Ty::Matches(_) | Ty::Domain(_))
        || matches!((&value.data, ty.plain()), (Data::Int(_), Ty::Range(r)) if matches!(r.base, Ty::Int | Ty::Number))
}

/// What such a value looks like on the command line, or in JSON.
fn example(ty: &Ty, json: bool) -> String {
    let quoted = |text: &str| if json { format!("\"{text}\"") } else { text.to_owned() };
    if let Some(Literal::Text(text)) = ty.literals().and_then(|all| all.into_iter().next()) {
        return quoted(&text);
    }
    match ty.plain() {
        Ty::Bool => "true",
        Ty::Int | Ty::Range(_) => "3",
        Ty::Number => "1.5",
        Ty::Duration => return quoted("10m"),
        Ty::Size => return quoted("8GiB"),
        Ty::List(_) => "[\"a\", \"b\"]",
        Ty::Map(_) | Ty::Record(_) if json => "{ \"key\": \"value\" }",
        Ty::Map(_) | Ty::Record(_) => "{ key = \"value\" }",
        Ty::Optional(inner) => return example(inner, json),
        _ => return quoted("text"),
    }
    .to_owned()
}

/// Whether text is meant verbatim.
fn takes_text(ty: &Ty) -> bool {
    match ty.plain() {
        Ty::Optional(inner) => takes_text(inner),
        Ty::Poison => true,
        ty => ty.is_text(),
    }
}

fn from_text(text: &str, ty: &Ty, at: Span) -> Option<Value> {
    if takes_text(ty) {
        return Some(Value::text(text, at));
    }
    let expr = parse_expr(at.file, text).ok()?;
    literal(&expr, at)
}

/// A literal expression as a value; all of it stands at one place.
fn literal(expr: &ast::Expr, at: Span) -> Option<Value> {
    let data = match &expr.kind {
        ast::ExprKind::Text(text) => Data::Text(Text::Plain(text.as_plain()?)),
        ast::ExprKind::List(elements) => {
            let mut list = Vec::new();
            for element in elements {
                let ast::Element::Value(value) = element else { return None };
                list.push(literal(value, at)?);
            }
            Data::List(Arc::new(list))
        }
        ast::ExprKind::Record(entries) => {
            let mut record = Record::default();
            for entry in entries {
                let ast::Entry::Field { key, value, .. } = entry else { return None };
                record.insert(key.name.clone(), Field { key: at, value: literal(value, at)? });
            }
            Data::Record(Arc::new(record))
        }
        ast::ExprKind::Unary(ast::UnaryOp::Negate, inner) => match literal(inner, at)?.data {
            Data::Int(i) => Data::Int(i.checked_neg()?),
            Data::Number(n) => Data::Number(-n),
            _ => return None,
        },
        ast::ExprKind::Paren(inner) => return literal(inner, at),
        kind => scalar(kind)?,
    };
    Some(Value::new(data, at))
}

fn scalar(kind: &ast::ExprKind) -> Option<Data> {
    Some(match kind {
        ast::ExprKind::Null => Data::Null,
        ast::ExprKind::Bool(b) => Data::Bool(*b),
        ast::ExprKind::Int(i) => Data::Int(*i),
        ast::ExprKind::Number(n) => Data::Number(*n),
        ast::ExprKind::Duration(d) => Data::Duration(*d),
        ast::ExprKind::Size(s) => Data::Size(*s),
        _ => return None,
    })
}

/// JSON as a value of a type: a text stands for a duration or size where one is wanted.
fn from_node(node: &Node, ty: &Ty) -> Value {
    let at = node.span;
    let inner = match ty.plain() {
        Ty::Optional(inner) => inner,
        other => other,
    };
    let data = match (&node.kind, inner.plain()) {
        (NodeKind::Null, _) => Data::Null,
        (NodeKind::Bool(b), _) => Data::Bool(*b),
        (NodeKind::Number(text), _) => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(int), _) => Data::Int(int),
            (_, Ok(number)) => Data::Number(number),
            _ => Data::Null,
        },
        (NodeKind::Text(text), ty) if takes_text(ty) => Data::Text(Text::Plain(text.as_str().into())),
        (NodeKind::Text(text), _) => {
            let parsed = parse_literal(at.file, text).ok().and_then(|expr| scalar(&expr.kind));
            parsed.unwrap_or_else(|| Data::Text(Text::Plain(text.as_str().into())))
        }
        (NodeKind::List(items), ty) => {
            let element = if let Ty::List(element) = ty { element } else { &Ty::Poison };
            Data::List(Arc::new(items.iter().map(|i| from_node(i, element)).collect()))
        }
        (NodeKind::Record(members), ty) => {
            let mut record = Record::default();
            for (key, member) in members {
                let member_ty = match ty {
                    Ty::Map(value) => value,
                    Ty::Record(fields) => fields.fields.get(key.name.as_str()).map_or(&Ty::Poison, |f| &f.ty),
                    _ => &Ty::Poison,
                };
                record.insert(key.name.as_str().into(), Field { key: key.span, value: from_node(member, member_ty) });
            }
            Data::Record(Arc::new(record))
        }
    };
    Value::new(data, at)
}

/// The variable behind `env("X")` as the default of a variable or secret.
pub(super) fn environment_name(default: &Expr) -> Option<SmolStr> {
    match &default.kind {
        ExprKind::Call(Builtin::Env, args) => args.first()?.as_plain_text(),
        _ => None,
    }
}

/// A source for an argument of the command line.
pub fn argument(file: FileId, text: &str) -> Spanned<String> {
    Spanned::new(text.to_owned(), Span::new(file, 0, text.len()))
}
