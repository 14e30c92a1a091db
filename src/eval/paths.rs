//! Paths that options name: they must exist when the plan is made, and be what the option takes.

use smol_str::SmolStr;

use super::Evaluator;
use super::options::{Frozen, Options};
use super::problem::{EvalProblem, Stop};
use super::value::{Data, Text, Value};
use crate::load::ReadError;
use crate::plan;
use crate::resolve::fact::FactName;
use crate::resolve::hir::{Declared, Fact};
use crate::text::Span;
use crate::ty::{Domain, Ty};

impl Evaluator<'_> {
    /// Whether a path option names something that is not here now: on the machine, or made during the run.
    pub(super) fn is_elsewhere(&self, declared: &Declared, index: usize, options: &Options) -> bool {
        elsewhere(declared, index).any(|fact| options.meet(fact, declared))
    }

    /// Whether a path option names something on the machine.
    pub(super) fn is_remote(&self, declared: &Declared, name: &str, options: &Options) -> bool {
        let Some(index) = declared.fields.get_index_of(name) else { return false };
        elsewhere(declared, index).any(|fact| fact.name == FactName::Remote && options.meet(fact, declared))
    }

    /// A file that an option names must exist when the plan is made.
    pub(super) fn judge_path(&self, value: &Value, frozen: &plan::Value, folder: bool, stops: &mut Vec<Stop>) {
        each_path(value, frozen, &mut |written, path, at| {
            if !self.world.exists(path) {
                let (written, path) = (written.clone(), path.clone());
                stops.push(EvalProblem::NoFile { written, path, folder, at }.into());
            }
        });
    }

    /// A path that is there is a file or a folder, as wanted. One that is not there is reported as such.
    pub(super) fn judge_sort(&self, value: &Value, frozen: &plan::Value, folder: bool, stops: &mut Vec<Stop>) {
        each_path(value, frozen, &mut |written, path, at| {
            if self.world.exists(path) && self.world.is_folder(path) != folder {
                stops.push(EvalProblem::WrongSort { written: written.clone(), folder: !folder, at }.into());
            }
        });
    }

    /// A file of a private key holds one in PEM. One that is not there is reported as any other file.
    pub(super) fn judge_key(&self, frozen: &Frozen) -> Option<Stop> {
        let plan::Value::Path(plan::Text::Plain(path)) = &frozen.setting.value else { return None };
        if path.starts_with('~') || !self.world.exists(path) {
            return None;
        }
        let text = match self.world.read(path) {
            Ok(text) => text,
            Err(ReadError::NotText(_)) => String::new(),
            Err(_) => return None,
        };
        let holds = text.lines().any(|l| l.starts_with("-----BEGIN ") && l.trim_end().ends_with("PRIVATE KEY-----"));
        (!holds).then(|| EvalProblem::NoKeyInFile { path: path.clone(), at: frozen.value.origin }.into())
    }
}

/// Calls `see` with every path of an option that is known and not told from somebody's home: as it is written, as the plan has it,
/// and its place.
fn each_path(value: &Value, frozen: &plan::Value, see: &mut dyn FnMut(&SmolStr, &SmolStr, Span)) {
    match (&value.data, frozen) {
        (Data::List(values), plan::Value::List(frozen)) => {
            values.iter().zip(frozen).for_each(|(value, frozen)| each_path(value, frozen, see));
        }
        (Data::Text(Text::Plain(written)), plan::Value::Path(plan::Text::Plain(path))) if !path.starts_with('~') => {
            see(written, path, value.origin);
        }
        _ => {}
    }
}

/// Whether an option of this type holds paths.
pub(super) fn holds_path(ty: &Ty) -> bool {
    match ty.plain() {
        Ty::Domain(Domain::Path) => true,
        Ty::List(inner) | Ty::Optional(inner) => holds_path(inner),
        _ => false,
    }
}

/// The statements that say when a path option names something that is not here.
pub(super) fn elsewhere(declared: &Declared, index: usize) -> impl Iterator<Item = &Fact> {
    let facts = declared.facts.iter().filter(|f| matches!(f.name, FactName::Remote | FactName::Later));
    facts.filter(move |f| f.option() == Some(index))
}
