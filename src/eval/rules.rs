//! Holds builds to the schema: required options, rules, paths that must exist, names that must be unique.
//!
//! A rule is judged once per class of the axes that its options depend on.

use std::cell::RefCell;
use std::collections::hash_map::Entry;

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use super::Evaluator;
use super::blocks::{BlockData, Options};
use super::cells::Mask;
use super::frame::Frame;
use super::problem::{EvalProblem, Stop};
use super::value::{CellRef, Data, Record, Text, Value};
use crate::resolve::hir::{Declared, FactArg, Require};
use crate::resolve::walk::each_local;
use crate::text::Span;
use crate::ty::{Domain, Encoding, Record as RecordTy, Ty};

/// What a block's kind demands, sorted by the axes that each demand depends on.
pub(super) struct Demands<'a> {
    pub(super) declared: &'a Declared,
    groups: Vec<Group<'a>>,
}

/// Demands that depend on the same axes, and the classes that have been judged.
struct Group<'a> {
    mask: Mask,
    rules: Vec<&'a Require>,
    facts: Vec<&'a crate::resolve::hir::Fact>,
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
            let fields: Vec<usize> =
                fact.args.iter().filter_map(|a| if let FactArg::Option(i) = a { Some(*i) } else { None }).collect();
            group(&mut groups, &masks, &fields).facts.push(fact);
        }
        for (index, field) in declared.fields.values().enumerate() {
            if !field.optional {
                group(&mut groups, &masks, &[index]).required.push(index);
            }
            if holds_path(&field.ty) {
                let mut fields = vec![index];
                fields.extend(elsewhere(declared, index).flat_map(|f| f.args.iter().filter_map(option_index)));
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
        let find = |index: usize| {
            let name = declared.fields.get_index(index)?.0;
            options.iter().find(|(n, _)| n == name).map(|(_, f)| f)
        };
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
                let folder = has_fact(declared, "folder", index);
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
                let labels = |name: &str| options.iter().find(|(n, _)| n == name).map(|(_, f)| f.value.origin);
                if let Some(stop) = self.judge_rule(rule, &mut frame, data.block.header, &labels) {
                    stops.push(stop);
                }
            }
        }
        for fact in &group.facts {
            if fact.name.name == "private_key" {
                stops.extend(fact.args.first().and_then(option_index).and_then(&find).and_then(|f| self.judge_key(f)));
                continue;
            }
            if matches!(fact.name.name.as_str(), "file" | "folder") {
                if let Some(frozen) = fact.args.first().and_then(option_index).and_then(&find) {
                    let folder = fact.name.name == "folder";
                    self.judge_sort(&frozen.value, &frozen.setting.value, folder, &mut stops);
                }
                continue;
            }
            stops.extend(self.judge_fact(fact, data, declared, cell, &find));
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
        let absent =
            if declared.fields.get_index(index).is_some_and(|(_, f)| !f.optional) { Data::Unknown } else { Data::Null };
        let value = value.unwrap_or(Value::new(absent, at));
        let notes = declared.fields.get_index(index).and_then(|(_, f)| f.notes.as_ref());
        match value.data {
            Data::Int(i) if notes.is_some_and(|n| n.encoding == Some(Encoding::Gib)) => {
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
                let declared = (!self.is_prelude(rule.span)).then_some(rule.span);
                Some(EvalProblem::Rule { message, places, declared }.into())
            }
        }
    }

    fn is_prelude(&self, span: Span) -> bool {
        self.sources.get(span.file).path().starts_with(crate::load::PRELUDE)
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

    /// Whether a path option names something that is not here now: on the machine, or made during the run.
    fn is_elsewhere(&self, declared: &Declared, index: usize, options: &Options) -> bool {
        elsewhere(declared, index).any(|fact| applies(fact, declared, options))
    }

    /// Whether a path option names something on the machine.
    pub(super) fn is_remote(&self, declared: &Declared, name: &str, options: &Options) -> bool {
        let Some(index) = declared.fields.get_index_of(name) else { return false };
        elsewhere(declared, index).any(|fact| fact.name.name == "remote" && applies(fact, declared, options))
    }

    /// A file that an option names must exist when the plan is made.
    fn judge_path(&self, value: &Value, frozen: &crate::plan::Value, folder: bool, stops: &mut Vec<Stop>) {
        use crate::plan;
        match (&value.data, frozen) {
            (Data::List(values), plan::Value::List(frozen)) => {
                for (value, frozen) in values.iter().zip(frozen) {
                    self.judge_path(value, frozen, folder, stops);
                }
            }
            (Data::Text(Text::Plain(written)), plan::Value::Path(plan::Text::Plain(path)))
                if !path.starts_with('~') && !self.world.exists(path) =>
            {
                let (written, path) = (written.clone(), path.clone());
                stops.push(EvalProblem::NoFile { written, path, folder, at: value.origin }.into());
            }
            _ => {}
        }
    }

    /// A path that is there is a file or a folder, as wanted. One that is not there is reported as such.
    fn judge_sort(&self, value: &Value, frozen: &crate::plan::Value, folder: bool, stops: &mut Vec<Stop>) {
        use crate::plan;
        match (&value.data, frozen) {
            (Data::List(values), plan::Value::List(frozen)) => {
                for (value, frozen) in values.iter().zip(frozen) {
                    self.judge_sort(value, frozen, folder, stops);
                }
            }
            (Data::Text(Text::Plain(written)), plan::Value::Path(plan::Text::Plain(path)))
                if !path.starts_with('~') && self.world.exists(path) && self.world.is_folder(path) != folder =>
            {
                let written = written.clone();
                stops.push(EvalProblem::WrongSort { written, folder: !folder, at: value.origin }.into());
            }
            _ => {}
        }
    }

    /// A file of a private key holds one in PEM. One that is not there is reported as any other file.
    fn judge_key(&self, frozen: &super::blocks::Frozen) -> Option<Stop> {
        let crate::plan::Value::Path(crate::plan::Text::Plain(path)) = &frozen.setting.value else { return None };
        if path.starts_with('~') || !self.world.exists(path) {
            return None;
        }
        let text = match self.world.read(path) {
            Ok(text) => text,
            Err(crate::load::ReadError::NotText(_)) => String::new(),
            Err(_) => return None,
        };
        let holds = text.lines().any(|l| l.starts_with("-----BEGIN ") && l.trim_end().ends_with("PRIVATE KEY-----"));
        (!holds).then(|| EvalProblem::NoKeyInFile { path: path.clone(), at: frozen.value.origin }.into())
    }

    /// `unique a per b`: no two builds that agree in `b` agree in `a`.
    pub(super) fn uniques(&self, builds: &[(u32, &'a Declared, &Options)]) {
        let mut seen: FxHashMap<(usize, Vec<SmolStr>), (u32, Span)> = FxHashMap::default();
        seen.reserve(builds.len());
        let mut reported: FxHashSet<(Span, Span)> = FxHashSet::default();
        for (build, declared, options) in builds {
            for (number, unique) in declared.uniques.iter().enumerate() {
                let read = |index: usize| {
                    let (name, _) = declared.fields.get_index(index)?;
                    options.iter().find(|(n, _)| n == name).map(|(_, f)| f)
                };
                let Some(option) = read(unique.option) else { continue };
                let Some(text) = self.identity(&option.value) else { continue };
                let mut key = vec![text.clone()];
                key.extend(unique.per.iter().filter_map(|p| read(*p)).filter_map(|f| self.identity(&f.value)));
                let known = match seen.entry((number, key)) {
                    Entry::Occupied(known) => known,
                    Entry::Vacant(free) => {
                        free.insert((*build, option.value.origin));
                        continue;
                    }
                };
                let ((_, key), (first, other)) = (known.key(), known.get());
                let at = option.value.origin;
                if !reported.insert((*other, at)) {
                    continue;
                }
                let Some(table) = self.table_of_builds.get() else { return };
                let name = declared.fields.get_index(unique.option).map(|(n, _)| n.clone()).unwrap_or_default();
                let place = key[1..].join(", ").into();
                let builds = [table.builds[*first as usize].name.clone(), table.builds[*build as usize].name.clone()];
                let other = (*other != at).then_some(*other);
                self.warn(EvalProblem::NotUnique { option: name, value: text, place, builds, at, other });
            }
        }
    }

    /// A text that two values share only when they will be equal; none where a template makes each one different.
    fn identity(&self, value: &Value) -> Option<SmolStr> {
        match &value.data {
            Data::Text(Text::Parts(parts)) => {
                let mut text = String::new();
                for part in parts.iter() {
                    match self.frozen_text(&Text::Parts([part.clone()].into())) {
                        crate::plan::Text::Plain(chars) => text.push_str(&chars),
                        crate::plan::Text::Parts(frozen) => match frozen.first()? {
                            crate::plan::Part::Action(source)
                                if source.contains("build_name")
                                    || source.contains("build_type")
                                    || source.contains("uuid") =>
                            {
                                return None;
                            }
                            crate::plan::Part::Chars(chars) => text.push_str(chars),
                            crate::plan::Part::Action(source) => text.push_str(source),
                            crate::plan::Part::Variable(name) => text.push_str(&format!("{{{{user `{name}`}}}}")),
                            crate::plan::Part::Ami(ami) => text.push_str(&ami.build),
                        },
                    }
                }
                Some(text.into())
            }
            Data::Variable(index) => {
                Some(format!("{{{{user `{}`}}}}", self.program().variables[*index].name.name).into())
            }
            _ => value.display(),
        }
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

fn holds_path(ty: &Ty) -> bool {
    match ty.plain() {
        Ty::Domain(Domain::Path) => true,
        Ty::List(inner) | Ty::Optional(inner) => holds_path(inner),
        _ => false,
    }
}

/// The statements that say when a path option names something that is not here.
fn elsewhere(declared: &Declared, index: usize) -> impl Iterator<Item = &crate::resolve::hir::Fact> {
    declared.facts.iter().filter(move |f| {
        matches!(f.name.name.as_str(), "remote" | "later") && f.args.first().and_then(option_index) == Some(index)
    })
}

/// Whether a fact of one argument is stated of an option.
fn has_fact(declared: &Declared, name: &str, index: usize) -> bool {
    declared.facts.iter().any(|f| f.name.name == name && f.args.first().and_then(option_index) == Some(index))
}

pub(super) fn option_index(arg: &FactArg) -> Option<usize> {
    match arg {
        FactArg::Option(index) => Some(*index),
        FactArg::Text(_) => None,
    }
}

/// Whether the option that a statement asks for has the value that it names.
pub(super) fn applies(fact: &crate::resolve::hir::Fact, declared: &Declared, options: &Options) -> bool {
    let [.., FactArg::Option(other), FactArg::Text(wanted)] = fact.args.as_slice() else { return false };
    let Some((name, _)) = declared.fields.get_index(*other) else { return false };
    let given = options.iter().find(|(n, _)| n == name).and_then(|(_, f)| f.value.display());
    given.is_some_and(|given| given == *wanted)
}
