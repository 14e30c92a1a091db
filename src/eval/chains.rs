//! Whether a build's steps can work with what the build has: a machine to reach, an artifact that the step takes.
//!
//! What kinds need and take stands in the schema, as facts. It knows no kind by name.

use std::sync::Arc;

use smol_str::SmolStr;

use super::Evaluator;
use super::problem::{EvalProblem, Stop};
use super::value::CellRef;
use crate::plan::Setting;
use crate::resolve::fact::FactName;
use crate::resolve::hir::{Block, Declared, Fact, FactArg};

/// A step of a chain, with its settings.
type Link<'a, 's> = (&'a Block, &'s [(SmolStr, Arc<Setting>)]);

impl<'a> Evaluator<'a> {
    /// What is wrong with a step that works on the machine, in a build that connects to none.
    pub(super) fn unconnected(&self, step: &Block, declared: Option<&Declared>, cell: CellRef) -> Option<Stop> {
        declared?.facts_of(FactName::Connects).next()?;
        let (builder, options) = (self.builder_of(cell)?, self.options_of(cell)?);
        let kind = self.declared_of(builder)?;
        let fact = kind.facts_of(FactName::Unconnected).find(|fact| options.meet(fact, kind))?;
        let (name, _) = kind.fields.get_index(fact.option()?)?;
        let says = options.get(name)?.value.origin;
        let (step, at) = (step.kind_name.name.clone(), step.header);
        Some(EvalProblem::NoConnection { step, option: name.clone(), says, at }.into())
    }

    /// What is wrong with a chain of steps on the artifact: the first that cannot take what comes to it.
    pub(super) fn untaken(&self, links: &[Link<'a, '_>], cell: CellRef) -> Option<Stop> {
        let mut made = self.builder_of(cell)?;
        for (link, options) in links {
            let Some(declared) = self.declared_of(link) else {
                made = link;
                continue;
            };
            let takes: Vec<&str> = declared.facts_of(FactName::Takes).filter_map(named).collect();
            let anything = declared.role(FactName::TakesAny).is_some_and(|name| options.iter().any(|(n, _)| n == name));
            // What kinds of others make, only they know.
            let known = self.declared_of(made).is_some_and(|maker| maker.prelude);
            let maker = &made.kind_name.name;
            if known && !takes.is_empty() && !anything && !takes.contains(&maker.as_str()) {
                let takes = takes.into_iter().map(Into::into).collect();
                let (step, maker) = (link.kind_name.name.clone(), maker.clone());
                return Some(EvalProblem::NotTaken { step, maker, takes, made: made.header, at: link.header }.into());
            }
            if declared.facts_of(FactName::Passes).next().is_none() {
                made = link;
            }
        }
        None
    }

    fn declared_of(&self, block: &Block) -> Option<&'a Declared> {
        Some(&self.program().records[self.program().kinds[block.kind?].record])
    }
}

/// The kind that a fact names.
fn named(fact: &Fact) -> Option<&str> {
    match fact.args.first()? {
        FactArg::Text(text) => Some(text),
        FactArg::Option(_) => None,
    }
}
