//! What a template says of its variables, or forgets to say.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::import::draft::{Draft, Entry, Kind, Lost, Name, Piece, Value, Variable};
use crate::import::problem::ImportProblem;
use crate::import::program::identifier;
use crate::template::{OperandKind, Piece as Part, parse};
use crate::text::Span;
use crate::text::suggest::nearest;

use super::names;
use super::variables::{self, Written};

/// Variables that were given to the run, and now decide the plan.
pub(super) fn params(draft: &mut Draft, variables: &FxHashMap<String, Written>) {
    if !draft.late {
        return;
    }
    let mut named: FxHashSet<&String> = FxHashSet::default();
    for said in draft.builders.iter().filter_map(|b| b.said.as_ref()) {
        said.each(&mut |value| {
            if let Kind::Name(Name::Variable(name)) = &value.kind {
                named.extend(draft.variables.iter().find(|v| v.name == *name).map(|v| &v.name));
            }
        });
    }
    let mut told = Vec::new();
    for variable in &draft.variables {
        if !variables.get(&variable.name).is_some_and(|v| v.early) {
            continue;
        }
        let place = match named.contains(&variable.name) {
            true => "it stands in a name of a build",
            false => "a name, a key or a value is worked out of it",
        };
        let own = identifier(&variable.name);
        let why =
            format!("{place}, so it is a `param`: `--set {own}=…` gives it when the plan is made, `-var` does not");
        told.push(Lost { what: format!("the variable `{}`", variable.name), why, span: variable.span });
    }
    draft.lost.append(&mut told);
}

/// Variables that the template uses and nowhere declares: Packer wants a value for them.
pub(super) fn undeclared(draft: &mut Draft) -> Vec<ImportProblem> {
    let mut missing: Vec<(String, Span)> = Vec::new();
    variables::each_value(draft, &mut |value| {
        let mut see = |name: &String| {
            if draft.variables.iter().all(|v| v.name != *name) && missing.iter().all(|(m, _)| m != name) {
                missing.push((name.clone(), value.span));
            }
        };
        match &value.kind {
            Kind::Name(Name::Variable(name)) => see(name),
            _ => names::in_actions(value).iter().for_each(see),
        }
    });
    let mut problems = Vec::new();
    for (name, at) in missing {
        let near = nearest(&name, draft.variables.iter().map(|v| v.name.as_str())).map(str::to_owned);
        problems.push(ImportProblem::Undeclared { name: name.clone(), near, at });
        draft.variables.push(Variable::unsaid(name, at));
    }
    problems
}

/// A secret is never known early, so it cannot be null; Packer takes an empty text for none.
pub(super) fn null_secrets(draft: &mut Draft) {
    for variable in &mut draft.variables {
        let secret = variable.sensitive || variables::is_secret(&variable.name);
        if let Some(default) = &mut variable.default
            && secret
            && default.kind == Kind::Null
        {
            default.kind = Kind::Text(Vec::new());
        }
    }
}

/// Defaults that speak of what only an option knows, such as `{{.KeyPath}}`: the variable becomes a value with a name.
pub(super) fn fields_in_defaults(draft: &mut Draft) {
    let speaks = |variable: &Variable| {
        let Some(Value { kind: Kind::Text(pieces), .. }) = &variable.default else { return false };
        pieces.iter().any(|piece| matches!(piece, Piece::Action(source) if has_field(source)))
    };
    let mut speaking: FxHashSet<String> =
        draft.variables.iter().filter(|v| speaks(v)).map(|v| v.name.clone()).collect();
    // So does one whose default holds such a variable.
    loop {
        let holds = |variable: &&Variable| {
            let mut holds = false;
            variable.default.iter().for_each(|default| {
                default.each(&mut |v| {
                    holds |= matches!(&v.kind, Kind::Name(Name::Variable(name)) if speaking.contains(name));
                });
            });
            holds && !speaking.contains(&variable.name)
        };
        let more: Vec<String> = draft.variables.iter().filter(holds).map(|v| v.name.clone()).collect();
        if more.is_empty() {
            break;
        }
        speaking.extend(more);
    }
    if speaking.is_empty() {
        return;
    }
    let (moved, kept): (Vec<_>, Vec<_>) =
        std::mem::take(&mut draft.variables).into_iter().partition(|v| speaking.contains(&v.name));
    draft.variables = kept;
    for variable in moved {
        let Some(value) = variable.default else { continue };
        let why = "its default speaks of what only an option knows, so it is a `let`, and `-var` does not reach it";
        let what = format!("the variable `{}`", variable.name);
        draft.lost.push(Lost { what, why: why.into(), span: variable.span });
        draft.locals.push(Entry { key: variable.name, value, comments: variable.comments, span: variable.span });
    }
    variables::each_value_mut(draft, &|value| {
        if let Kind::Name(Name::Variable(name)) = &value.kind
            && speaking.contains(name)
        {
            value.kind = Kind::Name(Name::Local(name.clone()));
        }
    });
}

/// Whether an action reads a field.
fn has_field(source: &str) -> bool {
    let mut found = false;
    for piece in parse(source).pieces {
        if let Part::Action { action, .. } = &piece
            && let Some(pipeline) = action.pipeline()
        {
            pipeline.each_operand(&mut |operand| found |= matches!(operand.kind, OperandKind::Field(_)));
        }
    }
    found
}
