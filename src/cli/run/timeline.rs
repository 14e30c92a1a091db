//! What a journal says of a run, for people: its state, its steps with their times, and what may be left.
//!
//! It knows the steps' names, not what they do.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::diagnostic::code;
use crate::run::journal::fold::{BuildRecord, Record, State, StepRecord, lines};
use crate::run::journal::line::{End, Entry};
use crate::run::journal::{FILE, is_held};
use crate::run::line::PROVISION;
use crate::run::post::POST;
use crate::run::settings::is_cancelled;

/// Steps that make something, and what that is called.
pub(super) const MAKERS: [(&str, &str); 12] = [
    ("key", "key pair"),
    ("group", "security group"),
    ("role", "role"),
    ("profile", "instance profile"),
    ("template", "launch template"),
    ("fleet", "fleet"),
    ("launch", "instance"),
    ("image", "image"),
    ("intermediary", "intermediary image"),
    ("copy", "copy"),
    ("fast-launch", "fast launch"),
    ("former", "the former image, which is deregistered"),
];
/// Steps whose effect belongs to an image that is finished.
const FINAL: [&str; 4] = ["image", "copy", "fast-launch", "former"];

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    /// A process works on it.
    Running,
    /// All builds have made what they should.
    Built,
    /// A build has failed, and nothing is left of it.
    Failed,
    /// Somebody ended it, and nothing is left.
    Cancelled,
    /// Nobody works on it, and not all builds have an end.
    Interrupted,
    /// All builds have an end, and something may be left.
    Left,
    /// What it left was undone.
    Cleaned,
}

impl Standing {
    /// The word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Standing::Running => "running",
            Standing::Built => "built",
            Standing::Failed => "failed",
            Standing::Cancelled => "cancelled",
            Standing::Interrupted => "interrupted",
            Standing::Left => "may have left something",
            Standing::Cleaned => "cleaned",
        }
    }

    /// How the run in a folder stands.
    pub(super) fn of(record: &Record, folder: &Path) -> Standing {
        let ends: Vec<&End> = record.builds.values().filter_map(|b| b.end.as_ref()).collect();
        let all = ends.len() == record.builds.len();
        if is_held(folder) {
            Standing::Running
        } else if !record.closed {
            if all { Standing::Left } else { Standing::Interrupted }
        } else if !all || ends.iter().any(|end| is_cleaned(end)) {
            Standing::Cleaned
        } else if ends.iter().any(|end| is_cancelled(end)) {
            Standing::Cancelled
        } else if ends.iter().any(|end| matches!(end, End::Failed { .. } | End::Unprocessed { .. })) {
            Standing::Failed
        } else {
            Standing::Built
        }
    }
}

/// Whether a build was undone after its run had ended without it.
fn is_cleaned(end: &End) -> bool {
    matches!(end, End::Failed { problem } if problem.code == code::RUN_CLEANED)
}

/// How a build stands, in a few words.
pub(super) fn of_build(build: &BuildRecord, standing: Standing) -> &'static str {
    match (&build.end, standing) {
        (Some(End::Done { .. }), _) => "built",
        (Some(end), _) if is_cleaned(end) => "undone",
        (Some(End::Unprocessed { .. }), _) => "image made, not all post-processors done",
        (Some(end), _) if is_cancelled(end) => "cancelled",
        (Some(End::Failed { .. }), _) => "failed",
        (None, Standing::Running) => "running",
        (None, _) if build.made.is_some() => "image made, not all post-processors done",
        (None, Standing::Cleaned) => "undone",
        (None, _) if build.steps.is_empty() => "not begun",
        (None, _) => "interrupted",
    }
}

/// Whether what a step made belongs to an image that is finished.
pub(super) fn is_final(build: &BuildRecord, step: &StepRecord) -> bool {
    let finished = build.steps.iter().any(|s| s.step == "final" && s.state.stands());
    finished && FINAL.contains(&step.step.as_str())
}

/// What may be left, each in a line, the newest first.
pub(super) fn remains(record: &Record) -> Vec<String> {
    let standing = record.standing().into_iter();
    let of_final = |build: &str, step: &StepRecord| record.builds.get(build).is_some_and(|b| is_final(b, step));
    standing.filter(|(build, step)| !of_final(build, step)).filter_map(|(build, step)| remaining(build, step)).collect()
}

fn remaining(build: &str, step: &StepRecord) -> Option<String> {
    let (_, name) = MAKERS.iter().find(|(maker, _)| *maker == step.step)?;
    let at = if step.of.is_empty() { String::new() } else { format!(" in {}", step.of) };
    Some(match &step.state {
        State::Done(result) => format!("{name} {}{at} of `{build}`", made(result)),
        _ => format!("perhaps the {name}{at} of `{build}`: it was asked for, and there is no answer"),
    })
}

/// What a step is called: what tells it from others of its name.
pub(super) fn label(step: &StepRecord) -> String {
    let said = ["label", "name", "kind"].iter().find_map(|member| step.data[*member].as_str());
    let own = match step.step.as_str() {
        PROVISION | POST => said.unwrap_or(&step.of),
        _ => &step.of,
    };
    if own.is_empty() { step.step.clone() } else { format!("{} {own}", step.step) }
}

/// What a step made, by its id.
pub(super) fn made(result: &Json) -> String {
    let text = |value: &Json| value.as_str().map(str::to_owned);
    text(result).or_else(|| ["id", "name", "host_key"].iter().find_map(|name| text(&result[*name]))).unwrap_or_default()
}

/// How a step came to its end.
#[derive(Clone, Debug, Default)]
pub(super) struct Ended {
    /// When.
    pub(super) at: Option<Timestamp>,
    /// What it made; or why it had no effect.
    pub(super) result: String,
    /// What of it was undone, for people.
    pub(super) undone: String,
}

/// How steps ended, by the number of their intents.
pub(super) fn ends(folder: &Path) -> HashMap<u64, Ended> {
    let bytes = std::fs::read(folder.join(FILE)).unwrap_or_default();
    let mut all: HashMap<u64, Ended> = HashMap::new();
    for line in lines(&bytes) {
        let (intent, ended) = match line.entry {
            Entry::Result { intent, result } => {
                (intent, Ended { at: Some(line.at), result: made(&result), ..Ended::default() })
            }
            Entry::Void { intent, why } => {
                (intent, Ended { at: Some(line.at), result: format!("failed: {why}"), ..Ended::default() })
            }
            Entry::Undone { intent, what } => {
                all.entry(intent).or_default().undone = what;
                continue;
            }
            _ => continue,
        };
        all.insert(intent, ended);
    }
    all
}
