//! Variables, as the plan declares them: what they are when nobody sets them, and which of them must never be shown.
//!
//! It knows defaults; what a late value does in an option is the business of [`super::freeze`].

use super::Evaluator;
use super::frame::Frame;
use super::inputs::environment_name;
use super::problem::EvalProblem;
use super::text::TextBuilder;
use super::value::{CellRef, Data, Part, Text, Value};
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
        let outcome = self.eval(default, &mut Frame::closed(false)).and_then(|value| {
            if value.is_null() {
                return Ok(None);
            }
            let texts: Vec<Text> = match &value.data {
                Data::List(list) => list.iter().map(as_text).collect(),
                _ => vec![as_text(&value)],
            };
            match texts.iter().find_map(first_ami) {
                Some(cell) => {
                    let (variable, build) = (input.name.name.clone(), self.name_of(cell));
                    Err(EvalProblem::AmiDefault { variable, build, at: default.span }.into())
                }
                None => Ok(Some(texts)),
            }
        });
        match outcome {
            Ok(Some(texts)) => {
                let texts = texts.iter().map(|text| {
                    let text = self.frozen_text(text);
                    // A path is relative to the file that holds it, as in an option.
                    if form == plan::Form::Path { self.rebase(text, default.span) } else { text }
                });
                plan::VariableDefault::Text(comma_joined(texts))
            }
            Ok(None) => plan::VariableDefault::Required,
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
                            template::user_variables(&action.action)
                                .iter()
                                .filter_map(|name| self.program().variable_names.get(*name).copied()),
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

/// A default, or an element of one, as a text.
fn as_text(value: &Value) -> Text {
    let mut text = TextBuilder::default();
    text.value(value);
    text.finish()
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

fn first_ami(text: &Text) -> Option<CellRef> {
    let Text::Parts(parts) = text else { return None };
    parts.iter().find_map(|part| if let Part::Ami(cell, _) = part { Some(*cell) } else { None })
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
