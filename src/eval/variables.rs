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
use smol_str::SmolStr;

impl Evaluator<'_> {
    /// The variables of the program.
    pub(super) fn plan_variables(&self) -> Vec<plan::Variable> {
        let mut variables = Vec::new();
        for (index, input) in self.program().variables.iter().enumerate() {
            variables.push(plan::Variable {
                name: input.name.name.clone(),
                doc: input.doc.clone(),
                default: self.late_default(input),
                secret: self.is_secret(index),
                ty: self.checked.variables.get(index).map(|t| t.early().to_string().into()).unwrap_or_default(),
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

    fn late_default(&self, input: &Input) -> plan::VariableDefault {
        let Some(default) = &input.default else { return plan::VariableDefault::Required };
        if let Some(name) = environment_name(default) {
            return plan::VariableDefault::Environment(name);
        }
        let mut parts = Vec::new();
        let outcome = self.eval(default, &mut Frame::closed(false)).and_then(|value| {
            let null = value.is_null();
            default_parts(value, &mut parts);
            match parts.iter().find_map(|p| if let Part::Ami(cell, _) = p { Some(*cell) } else { None }) {
                Some(cell) => {
                    let (variable, build) = (input.name.name.clone(), self.name_of(cell));
                    Err(EvalProblem::AmiDefault { variable, build, at: default.span }.into())
                }
                None => Ok(null),
            }
        });
        match outcome {
            Ok(false) => plan::VariableDefault::Text(self.frozen_text(&joined(parts))),
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

/// The parts of a default. Packer's variables are strings: a list is joined as its `-var` expects it.
fn default_parts(value: Value, parts: &mut Vec<Part>) {
    match value.data {
        Data::Text(Text::Parts(own)) => parts.extend(own.iter().cloned()),
        Data::Variable(index) => parts.push(Part::Variable(index)),
        Data::List(list) => {
            for (i, value) in list.iter().enumerate() {
                if i > 0 {
                    parts.push(Part::Chars(",".into()));
                }
                default_parts(value.clone(), parts);
            }
        }
        _ => parts.push(Part::Chars(value.display().unwrap_or_default())),
    }
}

/// Parts as a text; plain where all of it is known.
fn joined(parts: Vec<Part>) -> Text {
    let plain: Option<String> =
        parts.iter().map(|p| if let Part::Chars(chars) = p { Some(chars.as_str()) } else { None }).collect();
    plain.map_or_else(|| Text::Parts(parts.into()), |plain| Text::Plain(plain.into()))
}
