//! What is different between two plans, as a person reads them.
//!
//! It compares plans as their files say them, so that a compiled program, a plan of bakec's and a template that a person wrote
//! can stand on either side. `value` finds the places where two values differ, `builds` pairs builds by name, `steps` pairs
//! steps by what they are, `text` shows it all to people, `only` takes some builds of both sides,
//! `secrets` hides what is nobody's business.

mod builds;
mod only;
mod secrets;
mod steps;
#[cfg(test)]
mod tests;
mod text;
mod value;

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::packer::Document;
use crate::packer::document::Variable;

pub use builds::{BuildChange, Builds, Named, Renamed};
pub use only::only;
pub use steps::{Moved, StepChange, StepName, Steps};
pub use text::{Style, text};
pub use value::Change;

/// All differences between two plans.
#[derive(Clone, Debug, Serialize)]
pub struct Diff {
    /// Whether there are none.
    pub equal: bool,
    /// `min_packer_version`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_packer_version: Option<Change>,
    /// Variables by name.
    pub variables: Entries,
    /// Builds by name.
    pub builds: Builds,
    /// Provisioners.
    pub provisioners: Steps,
    /// Steps after a failure.
    pub cleanups: Steps,
    /// Tests.
    pub tests: Steps,
    /// Chains of post-processors.
    pub post_processors: Steps,
    /// Outputs by file.
    pub outputs: Entries,
    /// What to keep of former images, by image.
    pub retain: Entries,
}

/// Differences between entries that have names.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Entries {
    /// Those that only the second has.
    pub added: Vec<Entry>,
    /// Those that only the first has.
    pub removed: Vec<Entry>,
    /// Those that differ.
    pub changed: Vec<EntryChange>,
}

/// An entry: its name and what it holds.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// What it holds; nothing where that is not to be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Json>,
}

/// An entry that differs.
#[derive(Clone, Debug, Serialize)]
pub struct EntryChange {
    /// The name.
    pub name: String,
    /// Where it differs.
    pub changes: Vec<Change>,
}

impl Entries {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// Compares two plans.
pub fn diff(before: &Document, after: &Document) -> Diff {
    let builds = builds::builds(before, after);
    let pairs = builds::Pairs::new(before, after, &builds.renamed);
    let steps = |a, b| steps::steps(a, b, &pairs);
    let (a, b) = (&before.min_packer_version, &after.min_packer_version);
    let mut diff = Diff {
        equal: false,
        min_packer_version: (a != b)
            .then(|| Change::new("min_packer_version", a.as_deref().map(json), b.as_deref().map(json))),
        variables: variables(&before.variables, &after.variables),
        provisioners: steps(&before.provisioners, &after.provisioners),
        cleanups: steps(&before.cleanups, &after.cleanups),
        tests: steps(&before.tests, &after.tests),
        post_processors: steps(&steps::chains(&before.posts), &steps::chains(&after.posts)),
        outputs: entries(&before.outputs, &after.outputs),
        retain: entries(&before.retain, &after.retain),
        builds,
    };
    secrets::hide(&mut diff);
    diff.equal = diff.min_packer_version.is_none()
        && [&diff.variables, &diff.outputs, &diff.retain].iter().all(|e| e.is_empty())
        && diff.builds.is_empty()
        && [&diff.provisioners, &diff.cleanups, &diff.tests, &diff.post_processors].iter().all(|s| s.is_empty());
    diff
}

fn json(text: &str) -> Json {
    Json::from(text)
}

/// The differences as JSON, with the names of the sides.
pub fn as_json(diff: &Diff, before: &str, after: &str) -> String {
    let mut value = json!({ "before": before, "after": after });
    if let (Some(value), Ok(Json::Object(own))) = (value.as_object_mut(), serde_json::to_value(diff)) {
        value.extend(own);
    }
    format!("{value:#}\n")
}

fn entries(before: &[(String, Json)], after: &[(String, Json)]) -> Entries {
    let mut entries = Entries::default();
    let entry = |(name, value): &(String, Json)| Entry { name: name.clone(), value: Some(value.clone()) };
    for old in before {
        match after.iter().find(|(name, _)| *name == old.0) {
            None => entries.removed.push(entry(old)),
            Some((name, new)) => {
                let changes = value::changes("", &old.1, new);
                if !changes.is_empty() {
                    entries.changed.push(EntryChange { name: name.clone(), changes });
                }
            }
        }
    }
    entries.added.extend(after.iter().filter(|(name, _)| before.iter().all(|(old, _)| old != name)).map(entry));
    entries
}

fn variables(before: &[Variable], after: &[Variable]) -> Entries {
    let mut entries = Entries::default();
    let entry = |variable: &Variable| {
        let value = variable
            .default
            .as_deref()
            .filter(|text| !variable.secret && !secrets::is_secret(&variable.name, &json(text)))
            .map(Json::from);
        Entry { name: variable.name.clone(), value }
    };
    for old in before {
        let Some(new) = after.iter().find(|v| v.name == old.name) else {
            entries.removed.push(entry(old));
            continue;
        };
        let mut changes = Vec::new();
        if old.default != new.default {
            changes.push(
                if [old, new].iter().any(|v| v.secret || secrets::is_secret(&v.name, &v.default.clone().into())) {
                    Change::hidden("default")
                } else {
                    Change::new("default", old.default.as_deref().map(json), new.default.as_deref().map(json))
                },
            );
        }
        // A plan without the comment does not know types.
        if let (Some(a), Some(b)) = (&old.ty, &new.ty)
            && a != b
        {
            changes.push(Change::new("type", Some(json(a)), Some(json(b))));
        }
        if old.secret != new.secret {
            changes.push(Change::new("secret", Some(old.secret.into()), Some(new.secret.into())));
        }
        if !changes.is_empty() {
            entries.changed.push(EntryChange { name: new.name.clone(), changes });
        }
    }
    entries.added.extend(after.iter().filter(|new| before.iter().all(|old| old.name != new.name)).map(entry));
    entries
}
