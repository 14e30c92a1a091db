//! Variables that a plan uses and does not declare: Packer takes them for empty, and so does a run, which says so.
//!
//! Programs in the language have none of them; templates that were written by hand do. Neighbour: `variables` has the others.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Warning;
use crate::packer::Document;
use crate::packer::document::Step;
use crate::template::{Piece, parse, user_variables};
use crate::text::suggest::nearest;

/// Gives each of them the empty text.
pub(super) fn empty(document: &Document, values: &mut BTreeMap<String, String>, warnings: &mut Vec<Warning>) {
    let mut used: Vec<String> = Vec::new();
    let builds = document.builds.iter().map(|build| &build.options);
    let chains = document.posts.iter().flatten();
    let steps = document.provisioners.iter().chain(&document.cleanups).chain(chains).map(|step: &Step| &step.options);
    for (_, value) in builds.chain(steps).flatten() {
        of_value(value, &mut used);
    }
    for name in used {
        if values.contains_key(&name) || document.edges.iter().any(|(variable, ..)| *variable == name) {
            continue;
        }
        let near = nearest(&name, document.variables.iter().map(|variable| variable.name.as_str()));
        warnings.push(Warning {
            message: format!("the plan uses the variable `{name}` and does not declare it: it is empty"),
            help: Some(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("declare it, or give it a value by `--var {name}=…`"),
            }),
        });
        values.insert(name, String::new());
    }
}

fn of_value(value: &Json, used: &mut Vec<String>) {
    match value {
        Json::String(text) if text.contains("{{") => {
            for piece in parse(text).pieces {
                let Piece::Action { action, .. } = piece else { continue };
                used.extend(user_variables(&action).into_iter().map(str::to_owned));
            }
        }
        Json::Array(items) => items.iter().for_each(|item| of_value(item, used)),
        Json::Object(members) => members.iter().for_each(|(key, member)| {
            of_value(&Json::String(key.clone()), used);
            of_value(member, used);
        }),
        _ => {}
    }
}
