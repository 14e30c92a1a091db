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
        let outcome = self.eval(default, &mut Frame::closed(false)).and_then(|value| {
            if value.is_null() {
                return Ok(None);
            }
            let mut text = TextBuilder::default();
            joined(&value, &mut text);
            let text = text.finish();
            match first_ami(&text) {
                Some(cell) => {
                    let (variable, build) = (input.name.name.clone(), self.name_of(cell));
                    Err(EvalProblem::AmiDefault { variable, build, at: default.span }.into())
                }
                None => Ok(Some(text)),
            }
        });
        match outcome {
            Ok(Some(text)) => plan::VariableDefault::Text(self.frozen_text(&text)),
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

/// A default as a text. Packer's variables are strings: a list is joined as its `-var` expects it.
fn joined(value: &Value, text: &mut TextBuilder) {
    match &value.data {
        Data::List(list) => {
            for (i, element) in list.iter().enumerate() {
                if i > 0 {
                    text.chars(",");
                }
                joined(element, text);
            }
        }
        _ => {
            text.value(value);
        }
    }
}

fn first_ami(text: &Text) -> Option<CellRef> {
    let Text::Parts(parts) = text else { return None };
    parts.iter().find_map(|part| if let Part::Ami(cell, _) = part { Some(*cell) } else { None })
}
