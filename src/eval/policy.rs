//! Holds every build of the plan to the team's policies. What cannot be decided before the plan runs is a warning.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::Evaluator;
use super::builds::BuildTable;
use super::frame::Frame;
use super::options::Options;
use super::problem::{EvalProblem, Stop};
use super::value::{Data, Part, Text, Value};
use crate::resolve::hir::{Expr, ExprKind, Policy};
use crate::text::Span;

impl Evaluator<'_> {
    /// Judges all builds by all policies.
    pub(super) fn policies(&self, table: &BuildTable) {
        for policy in &self.program().policies {
            self.policy(policy, table);
        }
    }

    fn policy(&self, policy: &Policy, table: &BuildTable) {
        // Builds share failures with the same words, so that a place is reported once.
        let mut failures: FxHashMap<(usize, SmolStr), Stop> = FxHashMap::default();
        let mut undecided: FxHashMap<usize, Stop> = FxHashMap::default();
        for (index, build) in table.builds.iter().enumerate() {
            let Some(options) = self.options_of(build.cell) else { continue };
            let origin = policy.name.span;
            let mut frame = Frame::of(vec![Value::new(Data::Build(build.cell), origin)], true);
            match policy.when.as_ref().map(|w| self.truth(w, &mut frame)) {
                None | Some(Ok(Some(true) | None)) => {}
                Some(Ok(Some(false)) | Err(Stop::Poison)) => continue,
                Some(Err(stop)) => {
                    self.touches(&stop, index as u32);
                    continue;
                }
            }
            for (number, require) in policy.requires.iter().enumerate() {
                let stop = match self.truth(&require.condition, &mut frame) {
                    Ok(Some(true)) | Err(Stop::Poison) => continue,
                    Err(stop) => stop,
                    Ok(None) => undecided
                        .entry(number)
                        .or_insert_with(|| {
                            let read = options_read(&require.condition);
                            let late = options.iter().filter(|(name, _)| read.contains(name));
                            let variable = late.into_iter().find_map(|(_, f)| self.first_variable(&f.value));
                            EvalProblem::Undecided {
                                policy: policy.name.name.clone(),
                                variable,
                                at: require.condition.span,
                            }
                            .into()
                        })
                        .clone(),
                    Ok(Some(false)) => {
                        let message = self.eval(&require.message, &mut frame).ok();
                        let message = message.and_then(|m| self.contents(&m, &frame)).unwrap_or_default();
                        let place = self.builder_of(build.cell).map(|b| b.header);
                        let culprit = self.read_option(&require.condition, &options);
                        failures
                            .entry((number, message.clone()))
                            .or_insert_with(|| {
                                let (policy, at) = (policy.name.name.clone(), require.span);
                                EvalProblem::Policy { policy, message, place: culprit.or(place), at }.into()
                            })
                            .clone()
                    }
                };
                self.touches(&stop, index as u32);
            }
        }
    }

    /// Where the first option that a condition reads (`build.options.x`) is set in a build.
    fn read_option(&self, condition: &Expr, options: &Options) -> Option<Span> {
        options_read(condition).iter().find_map(|name| options.get(name).map(|f| f.value.origin))
    }

    /// The name of a variable that a value needs.
    fn first_variable(&self, value: &Value) -> Option<SmolStr> {
        let index = match &value.data {
            Data::Variable(index) => Some(*index),
            Data::Text(Text::Parts(parts)) => {
                parts.iter().find_map(|p| if let Part::Variable(i) = p { Some(*i) } else { None })
            }
            _ => None,
        };
        index.map(|i| self.program().variables[i].name.name.clone())
    }
}

/// The options that a condition reads, `build.options.x`, in their order.
fn options_read(condition: &Expr) -> Vec<SmolStr> {
    let mut found = Vec::new();
    crate::resolve::walk::each(condition, &mut |expr| {
        if let ExprKind::Field(base, name) = &expr.kind
            && let ExprKind::Field(_, outer) = &base.kind
            && outer.name == "options"
        {
            found.push(name.name.clone());
        }
    });
    found
}
