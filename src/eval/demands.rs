//! What kinds demand of their blocks: made ready once for each kind, and sorted for each block by the axes that it depends on.
//!
//! It knows which options a demand reads, not what it says. Neighbour: `rules` holds builds to it.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::Evaluator;
use super::blocks::BlockData;
use super::cells::Mask;
use super::frame::Frame;
use super::paths::{elsewhere, holds_path};
use super::problem::Stop;
use super::value::Value;
use crate::resolve::hir::{Declared, Fact, FactArg, Require};
use crate::resolve::walk::each_local;

/// What a kind demands, the same for all of its blocks. Options go by their position among the fields.
pub(super) struct KindDemands<'a> {
    pub(super) declared: &'a Declared,
    pub(super) rules: Vec<Rule<'a>>,
    pub(super) facts: Vec<(&'a Fact, Vec<usize>)>,
    required: Vec<usize>,
    /// Options that hold paths, each with those that say where the path is.
    paths: Vec<(usize, Vec<usize>)>,
    /// The defaults, evaluated when they are first read; none where there is none.
    defaults: Vec<OnceCell<Option<Value>>>,
}

/// A rule and the options that it reads.
pub(super) struct Rule<'a> {
    pub(super) require: &'a Require,
    pub(super) fields: Vec<usize>,
    /// Set once it is known to hold where a block gives none of them: most blocks leave most options out.
    pub(super) holds_bare: OnceCell<()>,
}

/// What a block's kind demands, sorted by the axes that each demand depends on.
pub(super) struct Demands<'a> {
    pub(super) kind: Rc<KindDemands<'a>>,
    pub(super) groups: Vec<Group>,
}

/// Demands that depend on the same axes, by their position in those of the kind, and the classes that have been judged.
#[derive(Default)]
pub(super) struct Group {
    pub(super) mask: Mask,
    pub(super) rules: Vec<usize>,
    pub(super) facts: Vec<usize>,
    /// By the position of the option.
    pub(super) required: Vec<usize>,
    /// By the position of the option.
    pub(super) paths: Vec<usize>,
    pub(super) judged: RefCell<FxHashMap<usize, Vec<Stop>>>,
}

impl<'a> KindDemands<'a> {
    fn of(declared: &'a Declared) -> Self {
        let count = declared.fields.len();
        let rule = |require: &'a Require| {
            let mut fields = Vec::new();
            each_local(&require.condition, &mut |local| fields.push(local as usize));
            each_local(&require.message, &mut |local| fields.push(local as usize));
            fields.retain(|f| *f < count);
            fields.sort_unstable();
            fields.dedup();
            Rule { require, fields, holds_bare: OnceCell::new() }
        };
        let options = |fact: &Fact| -> Vec<usize> { fact.args.iter().filter_map(FactArg::option).collect() };
        let fields = || declared.fields.values().enumerate();
        let paths = fields().filter(|(_, field)| holds_path(&field.ty)).map(|(index, _)| {
            let mut read = vec![index];
            read.extend(elsewhere(declared, index).flat_map(options));
            (index, read)
        });
        KindDemands {
            declared,
            rules: declared.rules.iter().map(rule).collect(),
            facts: declared.facts.iter().map(|fact| (fact, options(fact))).collect(),
            required: fields().filter(|(_, field)| !field.optional).map(|(index, _)| index).collect(),
            paths: paths.collect(),
            defaults: declared.fields.values().map(|_| OnceCell::new()).collect(),
        }
    }
}

impl<'a> Evaluator<'a> {
    /// Sorts the demands of a block's kind.
    pub(super) fn demands(&self, data: &BlockData<'a>) -> Option<Demands<'a>> {
        let declared = data.declared?;
        let key = std::ptr::from_ref(declared) as usize;
        let make = || Rc::new(KindDemands::of(declared));
        let kind = self.demands.borrow_mut().entry(key).or_insert_with(make).clone();
        let masks = data.option_masks(declared);
        let mut groups: Vec<Group> = Vec::new();
        for (index, rule) in kind.rules.iter().enumerate() {
            group(&mut groups, &masks, &rule.fields).rules.push(index);
        }
        for (index, (_, fields)) in kind.facts.iter().enumerate() {
            group(&mut groups, &masks, fields).facts.push(index);
        }
        for &index in &kind.required {
            group(&mut groups, &masks, &[index]).required.push(index);
        }
        for (index, fields) in &kind.paths {
            group(&mut groups, &masks, fields).paths.push(*index);
        }
        Some(Demands { kind, groups })
    }

    /// What an option is worth that a block does not give.
    pub(super) fn default_of(&self, kind: &KindDemands<'a>, index: usize) -> Option<Value> {
        kind.defaults.get(index)?.get_or_init(|| self.default_value(kind.declared, index)).clone()
    }

    /// The default of a field, evaluated.
    pub(super) fn default_value(&self, declared: &Declared, index: usize) -> Option<Value> {
        let default = declared.defaults.get(index)?.as_ref()?;
        self.eval(default, &mut Frame::closed(true)).ok()
    }
}

fn group<'g>(groups: &'g mut Vec<Group>, masks: &[Mask], fields: &[usize]) -> &'g mut Group {
    let mask = fields.iter().fold(0, |mask, f| mask | masks[*f]);
    let index = groups.iter().position(|g| g.mask == mask).unwrap_or_else(|| {
        groups.push(Group { mask, ..Group::default() });
        groups.len() - 1
    });
    &mut groups[index]
}
