//! Holds builds to the schema: required options, rules, and what it states as facts.
//!
//! A rule is judged once per class of the axes that its options depend on.

use std::rc::Rc;

use super::Evaluator;
use super::blocks::BlockData;
use super::demands::{Demands, Group, KindDemands, Rule};
use super::facts::lacks;
use super::frame::Frame;
use super::options::{Frozen, Options};
use super::problem::{EvalProblem, Stop};
use super::value::{CellRef, Data, Record, Value};
use crate::resolve::fact::FactName;
use crate::resolve::hir::{Declared, FactArg, Require};
use crate::text::Span;
use crate::ty::{Encoding, Record as RecordTy};

impl<'a> Evaluator<'a> {
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
            let stops = self.judge_group(data, &demands.kind, group, options, cell);
            stops.iter().for_each(|stop| self.touches(stop, build));
            group.judged.borrow_mut().insert(class, stops);
        }
    }

    fn judge_group(
        &self,
        data: &BlockData<'a>,
        kind: &KindDemands<'a>,
        group: &Group,
        options: &Options,
        cell: CellRef,
    ) -> Vec<Stop> {
        let declared = kind.declared;
        let mut stops = Vec::new();
        let mut given: Vec<Option<&Rc<Frozen>>> = vec![None; declared.fields.len()];
        // Where a name is no option at all, it may be the one that seems to be missing; the checker has said so.
        let mut misspelt = false;
        for (name, frozen) in options.iter() {
            match declared.fields.get_index_of(name) {
                Some(index) => given[index] = Some(frozen),
                None => misspelt = true,
            }
        }
        let find = |index: usize| given.get(index).copied().flatten();
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
        let labels = |name: &str| options.get(name).map(|f| f.value.origin);
        let bare = |rule: &Rule<'_>| rule.fields.iter().all(|f| given[*f].is_none());
        let rules = group.rules.iter().map(|index| &kind.rules[*index]);
        // What a rule misses may be what is misspelt.
        let asked = |rule: &&Rule<'_>| !misspelt || rule.require.at.iter().any(|at| labels(&at.name).is_some());
        let open: Vec<&Rule<'a>> =
            rules.filter(|rule| rule.holds_bare.get().is_none() || !bare(rule)).filter(asked).collect();
        if !open.is_empty() {
            let header = data.block.header;
            let mut locals = vec![Value::new(Data::Null, header); declared.fields.len()];
            let mut read: Vec<usize> = open.iter().flat_map(|rule| rule.fields.iter().copied()).collect();
            read.sort_unstable();
            read.dedup();
            for index in read {
                let given = find(index).map(|f| f.value.clone()).or_else(|| self.default_of(kind, index));
                locals[index] = rule_value(declared, index, given, header);
            }
            let mut frame = Frame::of(locals, true);
            for rule in open {
                match self.judge_rule(rule.require, &mut frame, header, &labels) {
                    Some(stop) => stops.push(stop),
                    None if bare(rule) => _ = rule.holds_bare.set(()),
                    None => {}
                }
            }
        }
        for fact in group.facts.iter().map(|index| kind.facts[*index].0) {
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
            .map(|(i, name)| {
                let given = record.get(name).map(|f| f.value.clone());
                rule_value(declared, i, given.or_else(|| self.default_value(declared, i)), origin)
            })
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

/// What a rule reads for an option: its value or its default, or else null. Sizes given as an int count GiB.
fn rule_value(declared: &Declared, index: usize, value: Option<Value>, at: Span) -> Value {
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
