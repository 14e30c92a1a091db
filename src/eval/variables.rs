//! Variables, as the plan declares them: what they are when nobody sets them, and which of them must never be shown.
//!
//! It knows defaults; what a late value does in an option is the business of [`super::freeze`].

use super::Evaluator;
use super::frame::Frame;
use super::inputs::environment_name;
use super::problem::EvalProblem;
use super::value::{Data, Part, Text, Value};
use crate::plan;
use crate::resolve::hir::Input;
use crate::template;
use crate::ty::{Domain, Literal, Ty};
use smol_str::SmolStr;

impl Evaluator<'_> {
    /// The variables of the program.
    pub(super) fn plan_variables(&self) -> Vec<plan::Variable> {
        let mut variables = Vec::new();
        for (index, input) in self.program().variables.iter().enumerate() {
            let ty = self.checked.variables.get(index).map(Ty::early);
            let (form, list) = ty.as_ref().map(form).unwrap_or_default();
            variables.push(plan::Variable {
                name: input.name.name.clone(),
                doc: input.doc.clone(),
                default: self.late_default(input, form),
                secret: self.is_secret(index),
                ty: ty.map(|t| t.to_string().into()).unwrap_or_default(),
                form,
                list,
                origin: self.origin(input.name.span),
            });
        }
        variables
    }

    /// Whether a variable must never be shown: a secret, or one whose default is made from a secret.
    pub(super) fn is_secret(&self, index: usize) -> bool {
        let input = &self.program().variables[index];
        input.secret
            || input.default.as_ref().is_some_and(|default| {
                let mut variables = Vec::new();
                if environment_name(default).is_none()
                    && let Ok(value) = self.eval(default, &mut Frame::closed(false))
                {
                    self.variables_in(&value.data, &mut variables);
                }
                variables.into_iter().any(|v| self.is_secret(v))
            })
    }

    fn late_default(&self, input: &Input, form: plan::Form) -> plan::VariableDefault {
        let Some(default) = &input.default else { return plan::VariableDefault::Required };
        if let Some(name) = environment_name(default) {
            return plan::VariableDefault::Environment(name);
        }
        let mut elements = Vec::new();
        let outcome = self.eval(default, &mut Frame::closed(false)).and_then(|value| {
            let null = value.is_null();
            match value.data {
                Data::List(list) => elements.extend(list.iter().map(|value| default_parts(value.clone()))),
                _ => elements.push(default_parts(value)),
            }
            match elements.iter().flatten().find_map(|p| if let Part::Ami(cell, _) = p { Some(*cell) } else { None }) {
                Some(cell) => {
                    let (variable, build) = (input.name.name.clone(), self.name_of(cell));
                    Err(EvalProblem::AmiDefault { variable, build, at: default.span }.into())
                }
                None => Ok(null),
            }
        });
        match outcome {
            Ok(false) => {
                let texts = elements.into_iter().map(|parts| {
                    let text = self.frozen_text(&joined(parts));
                    // A path is relative to the file that holds it, as in an option.
                    if form == plan::Form::Path { self.rebase(text, default.span) } else { text }
                });
                plan::VariableDefault::Text(comma_joined(texts))
            }
            Ok(true) => plan::VariableDefault::Required,
            Err(stop) => {
                self.stopped(&stop);
                plan::VariableDefault::Required
            }
        }
    }

    /// The default of a variable as text, where it has one that is known now.
    pub(super) fn variable_default(&self, index: usize) -> Option<SmolStr> {
        let default = self.program().variables[index].default.as_ref()?;
        if environment_name(default).is_some() {
            return None;
        }
        let value = self.eval(default, &mut Frame::closed(false)).ok()?;
        value.display().or_else(|| self.specimen(&value))
    }

    /// The variables that stand in a value.
    pub(super) fn variables_in(&self, data: &Data, found: &mut Vec<usize>) {
        match data {
            Data::Variable(index) => found.push(*index),
            Data::Text(Text::Parts(parts)) => {
                for part in parts.iter() {
                    match part {
                        Part::Variable(index) => found.push(*index),
                        Part::Action(action) => found.extend(
                            template::users(&action.action)
                                .iter()
                                .filter_map(|name| self.program().variables.iter().position(|v| v.name.name == *name)),
                        ),
                        Part::Chars(_) | Part::Ami(..) => {}
                    }
                }
            }
            Data::List(list) => list.iter().for_each(|v| self.variables_in(&v.data, found)),
            Data::Record(record) => record.values().for_each(|f| self.variables_in(&f.value.data, found)),
            _ => {}
        }
    }
}

/// The parts of a default, or of an element of one.
fn default_parts(value: Value) -> Vec<Part> {
    match value.data {
        Data::Text(Text::Parts(parts)) => parts.to_vec(),
        Data::Variable(index) => vec![Part::Variable(index)],
        Data::List(list) => list.iter().flat_map(|value| default_parts(value.clone())).collect(),
        _ => vec![Part::Chars(value.display().unwrap_or_default())],
    }
}

/// Packer's variables are strings: a list is joined as its `-var` expects it.
fn comma_joined(texts: impl Iterator<Item = plan::Text>) -> plan::Text {
    let (mut parts, mut plain) = (Vec::new(), String::new());
    for (position, text) in texts.enumerate() {
        if position > 0 {
            plain.push(',');
        }
        match text {
            plan::Text::Plain(text) => plain.push_str(&text),
            plan::Text::Parts(more) => {
                if !plain.is_empty() {
                    parts.push(plan::Part::Chars(std::mem::take(&mut plain).into()));
                }
                parts.extend(more.iter().cloned());
            }
        }
    }
    match (parts.is_empty(), plain.is_empty()) {
        (true, _) => plan::Text::Plain(plain.into()),
        (false, true) => plan::Text::Parts(parts.into()),
        (false, false) => {
            parts.push(plan::Part::Chars(plain.into()));
            plan::Text::Parts(parts.into())
        }
    }
}

/// Parts as a text; plain where all of it is known.
fn joined(parts: Vec<Part>) -> Text {
    let plain: Option<String> =
        parts.iter().map(|p| if let Part::Chars(chars) = p { Some(chars.as_str()) } else { None }).collect();
    plain.map_or_else(|| Text::Parts(parts.into()), |plain| Text::Plain(plain.into()))
}

/// What a value of the type is, and whether the type is a list of such.
fn form(ty: &Ty) -> (plan::Form, bool) {
    match ty {
        Ty::Named(named) => form(&named.ty),
        Ty::Optional(inner) | Ty::Late(inner) => form(inner),
        Ty::List(inner) => (form(inner).0, true),
        Ty::Union(members) => {
            let mut forms = members.iter().map(form);
            let first = forms.next().unwrap_or_default();
            if forms.all(|f| f == first) { first } else { Default::default() }
        }
        Ty::Range(range) => form(&range.base),
        Ty::Int | Ty::Number | Ty::Literal(Literal::Int(_)) => (plan::Form::Number, false),
        Ty::Bool | Ty::Literal(Literal::Bool(_)) => (plan::Form::Bool, false),
        Ty::Domain(Domain::Path) => (plan::Form::Path, false),
        _ => Default::default(),
    }
}
