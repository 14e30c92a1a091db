//! The outputs of a plan, as plain data.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::Evaluator;
use super::expr::Outcome;
use super::frame::Frame;
use super::problem::EvalProblem;
use super::value::Value;
use crate::plan;
use crate::text::Span;

impl Evaluator<'_> {
    /// The value of an output: what is written to a file is read by others.
    fn without_secrets(&self, value: Value, at: Span) -> Outcome {
        let mut variables = Vec::new();
        self.variables_in(&value.data, &mut variables);
        match variables.into_iter().find(|v| self.is_secret(*v)) {
            Some(secret) => {
                let secret = self.program().variables[secret].name.name.clone();
                Err(EvalProblem::SecretOutput { secret, at }.into())
            }
            None => Ok(value),
        }
    }

    /// The outputs, reduced to plain data with references to AMIs.
    pub(super) fn outputs(&self) -> Vec<plan::Output> {
        let mut outputs = Vec::new();
        let mut places: FxHashMap<&SmolStr, Span> = FxHashMap::default();
        for output in &self.program().outputs {
            let file = &output.file;
            if ![".json", ".tfvars", ".tfvars.json"].iter().any(|ending| file.name.ends_with(ending)) {
                self.warn(EvalProblem::OutputEnding { file: file.name.clone(), at: file.span });
                continue;
            }
            let first = *places.entry(&file.name).or_insert(file.span);
            if first != file.span {
                let file = file.name.clone();
                self.warn(EvalProblem::SameOutput { file, first, at: output.file.span });
                continue;
            }
            let value = self
                .eval(&output.value, &mut Frame::closed(false))
                .and_then(|value| self.without_secrets(value, output.value.span))
                .and_then(|value| self.missing_ami(&value).map_or(Ok(value), |problem| Err(problem.into())))
                .and_then(|value| self.freeze(&value, None, &file.name, output.value.span));
            match value {
                Ok(value) => {
                    outputs.push(plan::Output { file: file.name.clone(), value, origin: self.origin(file.span) })
                }
                Err(stop) => self.stopped(&stop),
            }
        }
        outputs
    }
}
