//! Variables, and the locals that stand in for those whose default only the run knows.
//!
//! HCL lets a default read the environment and nothing else. Where a default holds more than that, the variable is null unless
//! it is set, and a local has the value of the one or the other.

use rustc_hash::FxHashSet;

use crate::packer::Edge;
use crate::plan::{Form, Plan, Text, Variable, VariableDefault};

use super::super::losses::Losses;
use super::super::text::{elements, holds_braces};
use super::layout::{Body, Expr, quoted};
use super::text::{Place, Texts, literal, needs_run};

/// The variables that a local stands in for.
pub(super) fn evaluated(plan: &Plan) -> FxHashSet<&str> {
    plan.variables.iter().filter(|v| is_evaluated(v)).map(|v| v.name.as_str()).collect()
}

fn is_evaluated(variable: &Variable) -> bool {
    match &variable.default {
        VariableDefault::Required => false,
        VariableDefault::Text(text) => needs_run(text),
        VariableDefault::Environment(_) => variable.list,
    }
}

/// Whether a local is needed that hides its value, which the oldest versions with HCL do not know.
pub(super) fn has_hidden_local(plan: &Plan) -> bool {
    plan.variables.iter().any(|v| v.secret && is_evaluated(v))
}

/// All variables as the plan declares them, then their locals.
pub(super) fn declared(plan: &Plan, texts: &mut Texts<'_>, losses: &mut Losses<'_>) -> Body {
    let (mut body, mut locals, mut hidden) = (Body::default(), Body::default(), Body::default());
    for variable in &plan.variables {
        let mut inner = Body::default();
        inner.attribute("type", Expr::Line(ty(variable)));
        if !variable.doc.trim().is_empty() {
            inner.attribute("description", description(&variable.doc));
        }
        if let Some(default) = default(variable, texts, losses) {
            inner.attribute("default", default);
        }
        if variable.secret {
            inner.attribute("sensitive", Expr::Line("true".into()));
        }
        body.block(format!("variable {}", quoted(&variable.name)), inner);
        if let Some(value) = local(variable, texts) {
            if variable.secret {
                let mut inner = Body::default();
                inner.attribute("expression", value);
                inner.attribute("sensitive", Expr::Line("true".into()));
                hidden.block(format!("local {}", quoted(&variable.name)), inner);
            } else {
                locals.attribute(&variable.name, value);
            }
        }
        losses.edges(variable.origin, texts.edges.met());
    }
    if !locals.is_empty() {
        body.block("locals".into(), locals);
    }
    body.append(hidden);
    body
}

/// The variables that stand for AMIs.
pub(super) fn amis(edges: &[Edge]) -> Body {
    let mut body = Body::default();
    for edge in edges {
        let region = edge.ami.region.as_ref().map(|r| format!(" in {r}")).unwrap_or_default();
        let mut inner = Body::default();
        inner.attribute("type", Expr::Line("string".into()));
        inner.attribute("description", Expr::text(&format!("AMI of the build {}{region}.", edge.ami.build)));
        body.block(format!("variable {}", quoted(&edge.variable)), inner);
    }
    body
}

fn ty(variable: &Variable) -> String {
    let from_environment = matches!(variable.default, VariableDefault::Environment(_));
    let word = match variable.form {
        // The environment holds texts, and an empty one where nothing is set.
        _ if from_environment => "string",
        Form::Number => "number",
        Form::Bool => "bool",
        Form::Text | Form::Path => "string",
    };
    if variable.list && !from_environment { format!("list({word})") } else { word.to_owned() }
}

fn description(doc: &str) -> Expr {
    let doc = doc.trim();
    if doc.contains('\n') { Expr::text(&format!("{doc}\n")) } else { Expr::text(doc) }
}

fn default(variable: &Variable, texts: &mut Texts<'_>, losses: &mut Losses<'_>) -> Option<Expr> {
    match &variable.default {
        VariableDefault::Required => None,
        VariableDefault::Environment(name) => Some(Expr::Line(format!("env({})", quoted(name)))),
        VariableDefault::Text(text) => {
            if holds_braces(text) {
                losses.braces(variable.origin, &variable.name);
            }
            Some(if needs_run(text) { Expr::Line("null".into()) } else { value(variable, text, texts) })
        }
    }
}

fn value(variable: &Variable, text: &Text, texts: &mut Texts<'_>) -> Expr {
    let path = variable.form == Form::Path;
    let mut one = |text: &Text| {
        let literal = text.as_plain().and_then(|plain| literal(plain, variable.form));
        literal.unwrap_or_else(|| texts.expr(text, path, Place::Default))
    };
    if variable.list { Expr::List(elements(text).iter().map(one).collect()) } else { one(text) }
}

fn local(variable: &Variable, texts: &mut Texts<'_>) -> Option<Expr> {
    let given = format!("var.{}", variable.name);
    match &variable.default {
        VariableDefault::Environment(_) if variable.list => {
            Some(Expr::Line(format!("compact(split(\",\", {given}))")))
        }
        VariableDefault::Text(text) if needs_run(text) => {
            let value = value(variable, text, texts).inline();
            Some(Expr::Line(format!("{given} == null ? {value} : {given}")))
        }
        _ => None,
    }
}
