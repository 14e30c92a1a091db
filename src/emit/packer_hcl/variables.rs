//! Variables, and the locals that stand in for those whose default only the run knows.
//!
//! HCL lets a default read the environment and nothing else. Where a default holds more than that, the variable is null unless
//! it is set, and a local has the value of the one or the other.

use crate::packer::Edge;
use crate::plan::{Form, Plan, Text, Variable, VariableDefault};

use super::evaluated::parts;
use super::layout::{Body, Expr, quoted};
use super::text::{Place, Texts, literal};
use crate::emit::losses::Losses;
use crate::emit::text::{elements, holds_braces};

/// Whether a local is needed that hides its value, which the oldest versions with HCL do not know.
pub(super) fn has_hidden_local(plan: &Plan, texts: &Texts<'_>) -> bool {
    plan.variables.iter().any(|v| v.secret && texts.is_local(&v.name))
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

/// Values for variables as a var-file in HCL. What has no value yet is an empty text, which Packer refuses for a number, a bool
/// or a list.
pub fn var_file<'p>(values: impl IntoIterator<Item = (&'p str, Option<(&'p Variable, &'p str)>)>) -> String {
    let mut body = Body::default();
    for (name, given) in values {
        let value = given.map(|(variable, value)| {
            let one = |text: &str| literal(text, variable.form).unwrap_or_else(|| Expr::text(text));
            let each = |text: Text| one(text.as_plain().unwrap_or_default());
            if variable.list {
                Expr::list(elements(&Text::Plain(value.into())).into_iter().map(each))
            } else {
                one(value)
            }
        });
        body.attribute(name, value.unwrap_or_else(|| Expr::text("")));
    }
    body.text()
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
            let local = texts.is_local(&variable.name);
            Some(if local { Expr::Line("null".into()) } else { value(variable, text, texts) })
        }
    }
}

fn value(variable: &Variable, text: &Text, texts: &mut Texts<'_>) -> Expr {
    let path = variable.form == Form::Path;
    if variable.list
        && let [one] = &parts(variable, text)[..]
        && texts.list_variable(one).is_some()
    {
        return texts.list(one, path, Place::Default);
    }
    let mut one = |text: &Text| {
        let literal = text.as_plain().and_then(|plain| literal(plain, variable.form));
        literal.unwrap_or_else(|| texts.expr(text, path, Place::Default))
    };
    if variable.list { Expr::list(parts(variable, text).iter().map(one)) } else { one(text) }
}

fn local(variable: &Variable, texts: &mut Texts<'_>) -> Option<Expr> {
    if !texts.is_local(&variable.name) {
        return None;
    }
    let given = format!("var.{}", variable.name);
    Some(Expr::Line(match &variable.default {
        VariableDefault::Text(text) => {
            format!("{given} == null ? {} : {given}", value(variable, text, texts).inline())
        }
        _ => format!("compact(split(\",\", {given}))"),
    }))
}
