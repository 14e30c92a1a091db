//! Defaults that HCL has no way to say: a default of `null`, and a local that takes something else then. The language says it as the
//! default of the variable.

use crate::import::draft::{Draft, Kind, Name, Operator, Piece, Value};

use super::Reader;

impl Reader<'_> {
    /// Finds `local.x = var.x == null ? … : var.x`, where nothing else asks for the variable.
    pub(super) fn defaults(&mut self) {
        let found: Vec<(String, String, Value)> = self
            .draft
            .locals
            .iter()
            .filter_map(|local| {
                let (variable, default) = otherwise(&local.value)?;
                Some((local.key.clone(), variable.to_owned(), default.clone()))
            })
            .collect();
        for (local, name, default) in found {
            let uses = uses(&self.draft, &name);
            let own = self.draft.locals.iter().find(|l| l.key == local).map_or(0, |l| count(&l.value, &name));
            let Some(variable) = self.draft.variables.iter_mut().find(|v| v.name == name) else { continue };
            let null = variable.default.as_ref().is_some_and(|d| d.kind == Kind::Null);
            if !null || uses != own || !is_default(&default) {
                continue;
            }
            variable.default = Some(default);
            self.draft.locals.retain(|l| l.key != local);
            each_mut(&mut self.draft, &|value| {
                if matches!(&value.kind, Kind::Name(Name::Local(asked)) if *asked == local) {
                    value.kind = Kind::Name(Name::Variable(name.clone()));
                }
            });
        }
    }
}

/// The variable and what is taken where it is null.
fn otherwise(value: &Value) -> Option<(&str, &Value)> {
    match &value.kind {
        Kind::Operation(Operator::Else, a, b) => Some((name(a)?, b)),
        Kind::If(condition, yes, no) => {
            let Kind::Operation(op, a, b) = &condition.kind else { return None };
            let asked = match (&a.kind, &b.kind) {
                (_, Kind::Null) => a,
                (Kind::Null, _) => b,
                _ => return None,
            };
            let (null, set) = match op {
                Operator::Equal => (yes, no),
                Operator::Unequal => (no, yes),
                _ => return None,
            };
            (asked.kind == set.kind).then_some((name(asked)?, &**null))
        }
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
fn is_default(value: &Value) -> bool {
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

fn uses(draft: &Draft, name: &str) -> usize {
    let blocks = draft.builders.iter().map(|b| &b.block);
    let blocks = blocks.chain(&draft.provisioners).chain(&draft.cleanups).chain(draft.posts.iter().flatten());
    let entries = blocks.flat_map(|b| b.options.iter().chain(b.overrides.iter().flat_map(|(_, e)| e)));
    entries.chain(&draft.locals).map(|e| count(&e.value, name)).sum()
}

fn each_mut(draft: &mut Draft, change: &dyn Fn(&mut Value)) {
    let blocks = draft.builders.iter_mut().map(|b| &mut b.block);
    let blocks = blocks.chain(&mut draft.provisioners).chain(&mut draft.cleanups).chain(draft.posts.iter_mut().flatten());
    let entries = blocks.flat_map(|b| b.options.iter_mut().chain(b.overrides.iter_mut().flat_map(|(_, e)| e)));
    entries.chain(&mut draft.locals).for_each(|e| e.value.change(change));
    draft.variables.iter_mut().filter_map(|v| v.default.as_mut()).for_each(|d| d.change(change));
}
