//! Defaults that HCL has no way to say: a default of `null`, and a local that takes something else then. The language says it as the
//! default of the variable.

use rustc_hash::FxHashMap;

use crate::import::draft::{Draft, Entry, Kind, Name, Operator, Piece, Type, Value};

use super::Reader;

impl Reader<'_> {
    /// Finds `local.x = var.x == null ? … : var.x` and `compact(split(",", var.x))`, where nothing else asks for the variable.
    pub(super) fn defaults(&mut self) {
        // One may have another as its default.
        while self.some_defaults() {}
        self.null_secrets();
    }

    /// Finds those that can be found now, and says whether there were any.
    fn some_defaults(&mut self) -> bool {
        let uses = uses(&self.draft);
        let mut found: FxHashMap<String, String> = FxHashMap::default();
        let mut taken: Vec<(String, Option<Value>)> = Vec::new();
        for local in &self.draft.locals {
            let Some((name, default)) = self.default_of(local, &uses) else { continue };
            found.insert(local.key.clone(), name.clone());
            taken.push((name, default));
        }
        for (name, default) in taken {
            let variable = self.variables.get(&name).and_then(|at| self.draft.variables.get_mut(*at));
            match (variable, default) {
                (Some(variable), Some(default)) => variable.default = Some(default),
                (Some(variable), None) => variable.ty = Type::List(Type::Text.into()),
                (None, _) => {}
            }
        }
        if found.is_empty() {
            return false;
        }
        self.draft.locals.retain(|l| !found.contains_key(&l.key));
        each_mut(&mut self.draft, &|value| {
            if let Kind::Name(Name::Local(asked)) = &value.kind
                && let Some(name) = found.get(asked)
            {
                value.kind = Kind::Name(Name::Variable(name.clone()));
            }
        });
        true
    }

    /// The variable that a local is, and the default that it gives it; none where it makes it a list.
    fn default_of(&self, local: &Entry, uses: &FxHashMap<String, usize>) -> Option<(String, Option<Value>)> {
        let (name, default) = match (otherwise(&local.value), listed(&local.value)) {
            (Some((name, default)), _) => (name, Some(default)),
            (None, Some(name)) => (name, None),
            (None, None) => return None,
        };
        let variable = self.variable_of(name)?;
        let null = variable.default.as_ref().is_some_and(|d| d.kind == Kind::Null);
        let fits = default.map_or(!null, |d| null && is_default(d));
        let alone = uses.get(name).copied().unwrap_or(0) == count(&local.value, name);
        (fits && alone).then(|| (name.to_owned(), default.cloned()))
    }

    /// A secret is never known early, so it cannot be null; Packer takes an empty text for none.
    fn null_secrets(&mut self) {
        let mut asked = Vec::new();
        for variable in self.draft.variables.iter_mut().filter(|v| v.sensitive) {
            if let Some(default) = &mut variable.default
                && default.kind == Kind::Null
            {
                default.kind = Kind::Text(Vec::new());
                asked.push((variable.name.clone(), variable.span));
            }
        }
        for (name, span) in asked {
            let mut found = false;
            let mut see = |value: &Value| {
                found |= matches!(&value.kind, Kind::Operation(Operator::Else, a, _) if count(a, &name) > 0);
            };
            self.draft.locals.iter().for_each(|l| l.value.each(&mut see));
            if found {
                let why = "whether a secret has a value is known only when the plan runs; it is taken to have one";
                self.lose(format!("what stands in for `{name}`"), why, span);
            }
        }
    }
}

/// The variable that is taken apart at its commas.
fn listed(value: &Value) -> Option<&str> {
    let Kind::For(each) = &value.kind else { return None };
    let Kind::Call(function, arguments) = &each.over.kind else { return None };
    let bound = |v: &Value| matches!(&v.kind, Kind::Name(Name::Bound(name)) if *name == each.value);
    let Some(Kind::Operation(Operator::Unequal, asked, empty)) = each.condition.as_ref().map(|c| &c.kind) else {
        return None;
    };
    let compact = bound(&each.makes) && each.makes_key.is_none() && bound(asked) && empty.plain() == Some("");
    match &arguments[..] {
        [variable, separator] if compact && function == "split" && separator.plain() == Some(",") => name(variable),
        _ => None,
    }
}

/// The variable and what is taken where it is null.
fn otherwise(value: &Value) -> Option<(&str, &Value)> {
    match &value.kind {
        Kind::Operation(Operator::Else, a, b) => Some((name(a)?, b)),
        _ => None,
    }
}

fn name(value: &Value) -> Option<&str> {
    match &value.kind {
        Kind::Name(Name::Variable(name)) => Some(name),
        _ => None,
    }
}

/// Whether a value may be the default of a variable: texts made of what the run knows, and lists of them.
pub(super) fn is_default(value: &Value) -> bool {
    match &value.kind {
        Kind::Bool(_) | Kind::Int(_) | Kind::Number(_) | Kind::Name(Name::Variable(_)) => true,
        Kind::Text(pieces) => pieces.iter().all(|piece| match piece {
            Piece::Chars(_) | Piece::Action(_) => true,
            Piece::Value(value) => matches!(value.kind, Kind::Name(Name::Variable(_) | Name::Local(_))),
        }),
        Kind::List(values) => values.iter().all(is_default),
        _ => false,
    }
}

fn count(value: &Value, name: &str) -> usize {
    let mut count = 0;
    value.each(&mut |part| count += usize::from(matches!(&part.kind, Kind::Name(Name::Variable(n)) if n == name)));
    count
}

/// How often each variable is asked for.
fn uses(draft: &Draft) -> FxHashMap<String, usize> {
    let mut uses: FxHashMap<String, usize> = FxHashMap::default();
    let blocks = draft.builders.iter().map(|b| &b.block);
    let blocks = blocks.chain(&draft.provisioners).chain(&draft.cleanups).chain(draft.posts.iter().flatten());
    let entries = blocks.flat_map(|b| b.options.iter().chain(b.overrides.iter().flat_map(|(_, e)| e)));
    for entry in entries.chain(&draft.locals) {
        entry.value.each(&mut |part| {
            if let Kind::Name(Name::Variable(name)) = &part.kind {
                *uses.entry(name.clone()).or_default() += 1;
            }
        });
    }
    uses
}

fn each_mut(draft: &mut Draft, change: &dyn Fn(&mut Value)) {
    let blocks = draft.builders.iter_mut().map(|b| &mut b.block);
    let blocks =
        blocks.chain(&mut draft.provisioners).chain(&mut draft.cleanups).chain(draft.posts.iter_mut().flatten());
    let entries = blocks.flat_map(|b| b.options.iter_mut().chain(b.overrides.iter_mut().flat_map(|(_, e)| e)));
    entries.chain(&mut draft.locals).for_each(|e| e.value.change(change));
    draft.variables.iter_mut().filter_map(|v| v.default.as_mut()).for_each(|d| d.change(change));
}
