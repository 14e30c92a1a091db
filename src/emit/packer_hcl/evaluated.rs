//! Which defaults can be told only when the plan runs. HCL lets a default read nothing but the environment.
//!
//! It knows variables and their texts, not what HCL makes of them.

use rustc_hash::FxHashSet;

use crate::emit::paths::Paths;
use crate::emit::text::elements;
use crate::plan::{Form, Part, Plan, Text, Variable, VariableDefault};
use crate::template::{self, Action, OperandKind, Piece};

/// The variables that a local stands in for.
pub(super) fn evaluated<'p>(plan: &'p Plan, paths: &Paths) -> FxHashSet<&'p str> {
    let evaluated = |v: &&Variable| match &v.default {
        VariableDefault::Required => false,
        VariableDefault::Text(text) => is_evaluated(v, text, paths),
        VariableDefault::Environment(_) => v.list,
    };
    plan.variables.iter().filter(evaluated).map(|v| v.name.as_str()).collect()
}

/// Whether the default can be told only when the plan runs; so can a path that is told from the folder of the template.
fn is_evaluated(variable: &Variable, text: &Text, paths: &Paths) -> bool {
    let moves = |text: &Text| match text {
        Text::Plain(path) => paths.rebased(path).is_some(),
        Text::Parts(parts) => matches!(parts.first(), Some(Part::Chars(path)) if paths.rebased(path).is_some()),
    };
    needs_run(text) || variable.form == Form::Path && parts(variable, text).iter().any(moves)
}

/// The texts of a default: the elements of a list, or the one that it is.
pub(super) fn parts(variable: &Variable, text: &Text) -> Vec<Text> {
    if variable.list { elements(text) } else { vec![text.clone()] }
}

/// Whether a text of the default can be told only when the plan runs.
fn needs_run(text: &Text) -> bool {
    let Text::Parts(parts) = text else { return false };
    parts.iter().any(|part| match part {
        Part::Variable(_) | Part::Ami(_) => true,
        Part::Chars(_) => false,
        Part::Action(source) => {
            let mut found = false;
            for piece in &template::parse(source).pieces {
                let Piece::Action { action, .. } = piece else { continue };
                if let Some(pipeline) = action.pipeline() {
                    let single = pipeline.commands.len() == 1 && matches!(action, Action::Print(_));
                    pipeline.each_operand(&mut |operand| {
                        let OperandKind::Function(name) = &operand.kind else { return };
                        found |= match name.as_str() {
                            "user" | "template_dir" | "packer_version" | "uuid" => true,
                            "consul_key" | "vault" | "aws_secretsmanager" | "aws_secretsmanager_raw" => true,
                            // In a longer action its value is written by a function, which defaults may not call.
                            "env" => !single,
                            _ => false,
                        };
                    });
                }
            }
            found
        }
    })
}
