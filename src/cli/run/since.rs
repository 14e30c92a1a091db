//! What has changed in a plan since its last run, in a few words: the whole of it is told by `bakec diff`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use crate::inspect::diff::{Change, Diff, Steps, diff};
use crate::packer::{Document, read};
use crate::report::outlook::Since;
use crate::report::words::{between, long};
use crate::run::begin::{KEPT, PLAN};
use crate::run::input::Inputs;
use crate::run::journal::peek;
use crate::text::FileId;
use crate::text::words::{count, list};

use super::inputs::Kept;
use super::plan::Planned;
use super::records;
use super::timeline::Standing;

/// So many names are told, and the others counted.
const NAMES: usize = 4;

/// So many options are told.
const OPTIONS: usize = 6;

/// The newest run of the plan, and what is different from it; nothing where there was none.
pub(super) fn last_run(runs: &str, planned: &Planned, inputs: &Inputs) -> Option<Since> {
    let (folder, kept) = records::names(Path::new(runs)).into_iter().find_map(|name| {
        let folder = Path::new(runs).join(name);
        let kept = Kept::read(&std::fs::read_to_string(folder.join(KEPT)).ok()?)?;
        let same =
            kept.folder == inputs.folder && Path::new(&kept.file).file_name() == Path::new(&planned.file).file_name();
        same.then_some((folder, kept))
    })?;
    let record = peek(&folder).ok()?;
    let document = former(&folder)?;
    let found = diff(&document, &planned.document);
    let plan = folder.join(PLAN);
    let ago = long(std::time::Duration::from_secs(between(record.head.moment, inputs.moment.at).as_secs()));
    let rehearsed = if record.head.rehearsed { ", a rehearsal" } else { "" };
    let of = count(kept.builds.len(), "build");
    let when = format!("{ago} ago, {of}, {}{rehearsed}", Standing::of(&record, &folder).word());
    let command = format!("bakec diff {} {}", shown(&plan), planned.file);
    Some(Since { run: record.head.run, when, changes: words(&found), command })
}

fn former(folder: &Path) -> Option<Document> {
    let text = std::fs::read_to_string(folder.join(PLAN)).ok()?;
    read(FileId(0), &text).0
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The differences in words.
fn words(found: &Diff) -> Vec<String> {
    let mut all = Vec::new();
    let named = |names: Vec<&str>| {
        let more = names.len().saturating_sub(NAMES);
        let mut told: Vec<String> = names.into_iter().take(NAMES).map(|name| format!("`{name}`")).collect();
        if more > 0 {
            told.push(format!("{more} more"));
        }
        list(&told, "and")
    };
    let builds = &found.builds;
    for (list, what) in [(&builds.added, "added"), (&builds.removed, "not in it any more")] {
        if !list.is_empty() {
            let names = named(list.iter().map(|b| b.name.as_str()).collect());
            all.push(format!("{} {what}: {names}", count(list.len(), "build")));
        }
    }
    if !builds.renamed.is_empty() {
        let names = named(builds.renamed.iter().map(|b| b.after.as_str()).collect());
        all.push(format!("{} renamed: {names}", count(builds.renamed.len(), "build")));
    }
    let mut options: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for change in builds.changed.iter().flat_map(|build| &build.changes) {
        options.entry(&change.path).or_default().push(change);
    }
    let more = options.len().saturating_sub(OPTIONS);
    all.extend(options.into_iter().take(OPTIONS).map(|(path, changes)| option(path, &changes)));
    if more > 0 {
        all.push(format!("{} changed", count(more, "other option")));
    }
    for (steps, what) in [
        (&found.provisioners, "provisioner"),
        (&found.cleanups, "cleanup"),
        (&found.tests, "test"),
        (&found.post_processors, "post-processor"),
    ] {
        all.extend(of_steps(steps, what));
    }
    let entries = [(&found.variables, "variable"), (&found.outputs, "output"), (&found.retain, "`retain`")];
    for (entries, what) in entries {
        let differ = entries.added.len() + entries.removed.len() + entries.changed.len();
        if differ > 0 {
            all.push(format!("{} changed", count(differ, what)));
        }
    }
    if found.min_packer_version.is_some() {
        all.push("`min_packer_version` changed".to_owned());
    }
    all
}

/// `` `instance_type` of 30 builds: m3.medium, now m5.large ``
fn option(path: &str, changes: &[&Change]) -> String {
    let of = count(changes.len(), "build");
    let same = changes.iter().all(|c| (&c.before, &c.after) == (&changes[0].before, &changes[0].after));
    let value = |value: &Option<Json>| match value {
        None => "nothing".to_owned(),
        Some(Json::String(text)) if text.len() < 60 => text.clone(),
        Some(Json::Object(_) | Json::Array(_) | Json::String(_)) => "other".to_owned(),
        Some(other) => other.to_string(),
    };
    match changes.first() {
        Some(change) if same && !change.secret => {
            format!("`{path}` of {of}: {}, now {}", value(&change.before), value(&change.after))
        }
        _ => format!("`{path}` of {of}"),
    }
}

fn of_steps(steps: &Steps, what: &str) -> Option<String> {
    let parts = [
        (steps.added.len(), "added"),
        (steps.removed.len(), "removed"),
        (steps.moved.len(), "moved"),
        (steps.changed.len(), "changed"),
    ];
    let told: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, how)| format!("{n} {how}")).collect();
    (!told.is_empty()).then(|| format!("{what}s: {}", list(&told, "and")))
}
