//! Holds builds to the schema: required options, rules, and what it states as facts.
//!
//! A rule is judged once per class of the axes that its options depend on.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use super::Evaluator;
use super::blocks::BlockData;
use super::cells::Mask;
use super::facts::lacks;
use super::frame::Frame;
use super::options::Options;
use super::paths::{elsewhere, holds_path};
use super::problem::{EvalProblem, Stop};
use super::value::{CellRef, Data, Record, Value};
use crate::resolve::fact::FactName;
use crate::resolve::hir::{Declared, Fact, FactArg, Require};
use crate::resolve::walk::each_local;
use crate::text::Span;
use crate::ty::{Encoding, Record as RecordTy};

/// What a block's kind demands, sorted by the axes that each demand depends on.
pub(super) struct Demands<'a> {
    pub(super) declared: &'a Declared,
    groups: Vec<Group<'a>>,
}

/// Demands that depend on the same axes, and the classes that have been judged.
struct Group<'a> {
    mask: Mask,
    rules: Vec<&'a Require>,
    facts: Vec<&'a Fact>,
    required: Vec<usize>,
    paths: Vec<usize>,
    /// The fields that any of them reads.
    fields: Vec<usize>,
    judged: RefCell<FxHashMap<usize, Vec<Stop>>>,
}

impl<'a> Evaluator<'a> {
    /// Sorts the demands of a block's kind.
    pub(super) fn demands(&self, data: &BlockData<'a>) -> Option<Demands<'a>> {
        let declared = data.declared?;
        let masks: Vec<Mask> = declared.fields.keys().map(|name| data.option_mask(name)).collect();
        let mut groups: Vec<Group<'a>> = Vec::new();
        for rule in &declared.rules {
            let mut fields = Vec::new();
            each_local(&rule.condition, &mut |local| fields.push(local as usize));
            each_local(&rule.message, &mut |local| fields.push(local as usize));
            fields.retain(|f| *f < masks.len());
            group(&mut groups, &masks, &fields).rules.push(rule);
        }
        for fact in &declared.facts {
            let fields: Vec<usize> = fact.args.iter().filter_map(FactArg::option).collect();
            group(&mut groups, &masks, &fields).facts.push(fact);
        }
        for (index, field) in declared.fields.values().enumerate() {
            if !field.optional {
                group(&mut groups, &masks, &[index]).required.push(index);
            }
            if holds_path(&field.ty) {
                let mut fields = vec![index];
                fields.extend(elsewhere(declared, index).flat_map(|f| f.args.iter().filter_map(FactArg::option)));
                group(&mut groups, &masks, &fields).paths.push(index);
            }
        }
        Some(Demands { declared, groups })
    }

    /// Judges a build's block; failures are noted with the build.
    pub(super) fn judge(
        &self,
        data: &BlockData<'a>,
        demands: &Demands<'a>,
        options: &Options,
        cell: CellRef,
        build: u32,
    ) {
        let cells = &self.images[cell.image as usize];
        for group in &demands.groups {
            let class = cells.class(group.mask, cell.cell as usize);
            if let Some(stops) = group.judged.borrow().get(&class) {
                stops.iter().for_each(|stop| self.touches(stop, build));
                continue;
            }
            let stops = self.judge_group(data, demands.declared, group, options, cell);
            stops.iter().for_each(|stop| self.touches(stop, build));
            group.judged.borrow_mut().insert(class, stops);
        }
    }

    fn judge_group(
        &self,
        data: &BlockData<'a>,
        declared: &'a Declared,
        group: &Group<'a>,
        options: &Options,
        cell: CellRef,
    ) -> Vec<Stop> {
        let mut stops = Vec::new();
        let find = |index: usize| options.field(declared, index);
        // Where a name is no option at all, it may be the one that seems to be missing; the checker has said so.
        let misspelt = options.iter().any(|(name, _)| !declared.fields.contains_key(name));
        for &index in &group.required {
            if !misspelt
                && find(index).is_none()
                && let Some((name, field)) = declared.fields.get_index(index)
            {
                let (option, doc) = (name.clone(), field.doc.clone());
                // Written, and null: it is that null's fault.
                let at = data.written(name).unwrap_or(data.block.header);
                stops.push(
                    EvalProblem::MissingOption { option, doc, kind: data.block.kind_name.name.clone(), at }.into(),
                );
            }
        }
        for &index in &group.paths {
            if let Some(frozen) = find(index)
                && !self.is_elsewhere(declared, index, options)
            {
                let folder = declared.facts_of(FactName::Folder).any(|f| f.option() == Some(index));
                self.judge_path(&frozen.value, &frozen.setting.value, folder, &mut stops);
            }
        }
        if !group.rules.is_empty() {
            let null = Value::new(Data::Null, data.block.header);
            let mut locals = vec![null; declared.fields.len()];
            for &index in &group.fields {
                let given = find(index).map(|f| f.value.clone());
                locals[index] = self.rule_value(declared, index, given, data.block.header);
            }
            let mut frame = Frame::of(locals, true);
            for rule in &group.rules {
                let labels = |name: &str| options.get(name).map(|f| f.value.origin);
                // What a rule misses may be what is misspelt.
                if misspelt && !rule.at.iter().any(|at| labels(&at.name).is_some()) {
                    continue;
                }
                if let Some(stop) = self.judge_rule(rule, &mut frame, data.block.header, &labels) {
                    stops.push(stop);
                }
            }
        }
        for fact in &group.facts {
            let asked = fact.option().and_then(find);
            match (fact.name, asked) {
                (FactName::PrivateKey, Some(frozen)) => stops.extend(self.judge_key(frozen)),
                (FactName::File | FactName::Folder, Some(frozen)) => {
                    let folder = fact.name == FactName::Folder;
                    self.judge_sort(&frozen.value, &frozen.setting.value, folder, &mut stops);
                }
                (FactName::Holds, Some(frozen)) => stops.extend(lacks(fact, declared, frozen)),
                (FactName::OnePartition, Some(home)) => {
                    let copied = fact.args.get(1).and_then(FactArg::option).and_then(find);
                    stops.extend(copied.and_then(|copied| self.judge_partition(&home.value, &copied.value)));
                }
                _ => stops.extend(self.judge_fact(fact, data, declared, cell, &find)),
            }
        }
        stops
    }

    /// What a rule reads for an option: the value, the default, or null. Sizes given as an int count GiB.
    fn rule_value(&self, declared: &Declared, index: usize, given: Option<Value>, at: Span) -> Value {
        let value = given.or_else(|| {
            let default = declared.defaults.get(index)?.as_ref()?;
            self.eval(default, &mut Frame::closed(true)).ok()
        });
        // That a required option is missing is said once; rules about it have nothing to judge.
        let field = declared.fields.get_index(index).map(|(_, field)| field);
        let absent = if field.is_some_and(|f| !f.optional) { Data::Unknown } else { Data::Null };
        let value = value.unwrap_or(Value::new(absent, at));
        match value.data {
            Data::Int(i) if field.is_some_and(|f| f.encoding() == Some(Encoding::Gib)) => {
                let bytes = u64::try_from(i).ok().and_then(|i| i.checked_mul(1 << 30)).unwrap_or(0);
                Value::new(Data::Size(bytes), value.origin)
            }
            _ => value,
        }
    }

    fn judge_rule(
        &self,
        rule: &Require,
        frame: &mut Frame,
        header: Span,
        label: &dyn Fn(&str) -> Option<Span>,
    ) -> Option<Stop> {
        match self.truth(&rule.condition, frame) {
            Ok(Some(true) | None) | Err(Stop::Poison) => None,
            Err(stop) => Some(stop),
            Ok(Some(false)) => {
                let message =
                    self.eval(&rule.message, frame).ok().and_then(|m| self.contents(&m, frame)).unwrap_or_default();
                let mut places: Vec<Span> = rule.at.iter().filter_map(|at| label(&at.name)).collect();
                places.dedup();
                if places.is_empty() {
                    places.push(header);
                }
                let declared = (!rule.span.file.is_builtin()).then_some(rule.span);
                Some(EvalProblem::Rule { message, places, declared }.into())
            }
        }
    }

    /// The rules of a record type, on one record.
    pub(super) fn record_rules(&self, ty: &RecordTy, record: &Record, origin: Span, at: Span) -> Result<(), Stop> {
        let Some(declared) = ty.declared.and_then(|d| self.program().records.get(d as usize)) else { return Ok(()) };
        if declared.rules.is_empty() {
            return Ok(());
        }
        let locals = declared
            .fields
            .keys()
            .enumerate()
            .map(|(i, name)| self.rule_value(declared, i, record.get(name).map(|f| f.value.clone()), origin))
            .collect();
        let mut frame = Frame::of(locals, true);
        for rule in &declared.rules {
            let label = |name: &str| record.get(name).map(|f| f.value.origin);
            if let Some(stop) = self.judge_rule(rule, &mut frame, at, &label) {
                return Err(stop);
            }
        }
        Ok(())
    }
}

fn group<'g, 'a>(groups: &'g mut Vec<Group<'a>>, masks: &[Mask], fields: &[usize]) -> &'g mut Group<'a> {
    let mask = fields.iter().fold(0, |mask, f| mask | masks[*f]);
    let index = groups.iter().position(|g| g.mask == mask).unwrap_or_else(|| {
        groups.push(Group {
            mask,
            rules: Vec::new(),
            facts: Vec::new(),
            required: Vec::new(),
            paths: Vec::new(),
            fields: Vec::new(),
            judged: RefCell::default(),
        });
        groups.len() - 1
    });
    let group = &mut groups[index];
    for field in fields {
        if !group.fields.contains(field) {
            group.fields.push(*field);
        }
    }
    group
}
