//! What is said of each event, in Packer's manner, for all reporters that speak in lines. Colours and escapes are theirs.

use jiff::Timestamp;

use super::tally::{Ended, Tally};
use super::words::{artifact, artifact_id, clean, command, long, placed, short};
use crate::run::event::{Event, What};
use crate::run::problem::{Kind, Problem};
use crate::text::words::count;

/// Something that is said.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Told {
    /// Words, and whose they are: nobody's where they concern the run.
    Words { voice: Voice, build: Option<String>, text: String },
    /// A problem with its place and help; its message has been said.
    Problem(Problem),
    /// A record for programs: target, type, data.
    Record { build: String, kind: &'static str, data: Vec<String> },
}

/// How something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// A step of the work.
    Say,
    /// What comes of it.
    Message,
    /// That something is wrong.
    Error,
}

/// Shorter steps are not told their time.
const WORTH: u64 = 1000;

/// What is said of an event that the tally has counted already.
pub(super) fn told(event: &Event, tally: &Tally) -> Vec<Told> {
    let build = event.build.as_deref();
    let say = |voice: Voice, text: &str| vec![spoken(voice, build, text)];
    match &event.what {
        What::RunStarted { run, builds, folder, resumed, .. } => {
            let verb = if *resumed { "goes on" } else { "begins" };
            say(Voice::Say, &format!("Run {run} {verb}: {}, recorded in {folder}", count(builds.len(), "build")))
        }
        What::Refused { problem } => {
            vec![spoken(Voice::Error, None, &placed(problem)), Told::Problem(problem.clone())]
        }
        What::StepStarted { about, .. } => say(Voice::Say, about),
        What::StepDone { result, ms, .. } if *ms < WORTH => say(Voice::Message, result),
        What::StepDone { result, ms, .. } => {
            say(Voice::Message, &format!("{result} ({})", short(std::time::Duration::from_millis(*ms))))
        }
        What::StepUndone { result, .. } => say(Voice::Say, result),
        What::Say { text } => say(Voice::Say, text),
        What::Warn { text } => say(Voice::Error, &format!("warning: {text}")),
        What::Output { error, line } => say(if *error { Voice::Error } else { Voice::Message }, line),
        What::Waiting { text } => say(Voice::Message, text),
        What::BuildStarted { .. } | What::Call { .. } => Vec::new(),
        What::BuildDone { .. } => vec![ended(build, tally, Voice::Say, "finished", event.at, "")],
        What::BuildFailed { problem, made } => {
            let (voice, verb) = match problem.kind {
                Kind::Cancelled if made.is_some() => {
                    (Voice::Say, "made its image, and was cancelled before its post-processors had ended")
                }
                _ if made.is_some() => (Voice::Error, "made its image, and a post-processor failed"),
                Kind::Failed | Kind::Left => (Voice::Error, "errored"),
                Kind::Refused => (Voice::Error, "was refused"),
                Kind::Cancelled => (Voice::Say, "was cancelled"),
            };
            let why = if problem.kind == Kind::Cancelled { "" } else { &problem.message };
            let mut all = vec![ended(build, tally, voice, verb, event.at, why)];
            if problem.kind != Kind::Cancelled {
                all.push(Told::Problem(problem.clone()));
            }
            all
        }
        What::RunDone { left, remains, calls, .. } => summary(tally, left, remains, *calls, event.at),
    }
}

/// Words with the build's name before each line.
fn spoken(voice: Voice, build: Option<&str>, text: &str) -> Told {
    let lines = text.lines().map(clean);
    let text = match (build, voice) {
        (Some(name), Voice::Message) => lines.map(|l| format!("    {name}: {l}")).collect::<Vec<_>>(),
        (Some(name), _) => lines.map(|l| format!("==> {name}: {l}")).collect(),
        (None, _) => lines.map(|l| format!("==> {l}")).collect(),
    };
    Told::Words { voice, build: build.map(str::to_owned), text: text.join("\n") }
}

fn ended(build: Option<&str>, tally: &Tally, voice: Voice, verb: &str, at: Timestamp, why: &str) -> Told {
    let name = build.unwrap_or_default();
    let counted = tally.builds.get(name);
    let after = match counted.filter(|b| b.started.is_some()) {
        Some(counted) => format!(" after {}", long(counted.elapsed(at))),
        None => String::new(),
    };
    let why = if why.is_empty() { ".".to_owned() } else { format!(": {why}") };
    Told::Words { voice, build: Some(name.to_owned()), text: format!("Build '{name}' {verb}{after}{why}") }
}

/// What may be left behind, and what to do about it. What a rehearsal leaves is gone with its EC2.
fn remaining(tally: &Tally, left: &[String], remains: &[Problem]) -> String {
    let mut text = "\n==> Something may be left behind:\n".to_owned();
    let undo = command("clean", &tally.run, &tally.folder);
    for (position, what) in left.iter().enumerate() {
        text.push_str(&format!("--> {}\n", clean(what)));
        let help = remains.get(position).and_then(|problem| problem.help.as_deref());
        // What is said below is not said twice.
        let help = help.filter(|help| !tally.rehearsed && !help.contains("`bakec clean"));
        let lines = help.iter().flat_map(|help| help.lines());
        text.extend(lines.map(|line| format!("    {}\n", clean(line))));
    }
    text.push_str(&match tally.rehearsed {
        true => "    it was a rehearsal: all of it is gone with its EC2".to_owned(),
        false => format!("    undo it: {undo}"),
    });
    text
}

/// The end of a run.
fn summary(tally: &Tally, left: &[String], remains: &[Problem], calls: u64, at: Timestamp) -> Vec<Told> {
    let words = |voice: Voice, text: String| Told::Words { voice, build: None, text };
    let mut all = vec![words(Voice::Say, format!("\n==> Wait completed after {}", long(tally.elapsed(at))))];
    let (mut failed, mut cancelled, mut made, mut unbegun) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut unprocessed = Vec::new();
    for (name, build) in &tally.builds {
        match &build.ended {
            Some((_, Ended::Failed(problem, artifact))) => {
                unprocessed.extend(artifact.as_ref().map(|artifact| (name, artifact)));
                match problem.kind {
                    Kind::Cancelled => cancelled.push(name),
                    _ => failed.push((name, problem)),
                }
            }
            Some((_, Ended::Done(artifact))) => made.push((name, artifact)),
            None => unbegun.push(name),
        }
    }
    if !failed.is_empty() {
        let count = failed.len().to_string();
        all.push(Told::Record { build: String::new(), kind: "error-count", data: vec![count] });
        all.push(words(Voice::Error, "\n==> Some builds didn't complete successfully and had errors:".to_owned()));
        for (name, problem) in &failed {
            let data = vec![problem.message.clone()];
            all.push(Told::Record { build: name.to_string(), kind: "error", data });
            all.push(words(Voice::Error, format!("--> {name}: {}", placed(problem))));
        }
    }
    if !cancelled.is_empty() && left.is_empty() {
        all.push(words(Voice::Say, "\nCleanly cancelled builds after being interrupted.".to_owned()));
    }
    let artifacts = made.iter().filter_map(|(name, made)| Some((name, made, artifact(made)?)));
    let artifacts: Vec<_> = artifacts.collect();
    if artifacts.is_empty() && unprocessed.is_empty() {
        all.push(words(Voice::Say, "\n==> Builds finished but no artifacts were created.".to_owned()));
    } else if !artifacts.is_empty() {
        all.push(words(Voice::Say, "\n==> Builds finished. The artifacts of successful builds are:".to_owned()));
    }
    for (name, made, text) in &artifacts {
        let record = |kind, data: &[&str]| Told::Record {
            build: name.to_string(),
            kind,
            data: data.iter().map(|d| (*d).to_owned()).collect(),
        };
        all.push(record("artifact-count", &["1"]));
        all.push(record("artifact", &["0", "builder-id", &made.builder_id]));
        all.push(record("artifact", &["0", "id", artifact_id(made)]));
        all.push(record("artifact", &["0", "string", text]));
        all.push(record("artifact", &["0", "files-count", "0"]));
        all.push(record("artifact", &["0", "end"]));
        all.push(words(Voice::Say, format!("--> {name}: {text}")));
    }
    let kept: Vec<_> = unprocessed.iter().filter_map(|(name, made)| Some((name, artifact(made)?))).collect();
    if !kept.is_empty() {
        all.push(words(
            Voice::Say,
            "\n==> Made and final, though not all post-processors have come to their end:".to_owned(),
        ));
    }
    all.extend(kept.into_iter().map(|(name, text)| words(Voice::Say, format!("--> {name}: {text}"))));
    if !left.is_empty() {
        all.push(words(Voice::Error, remaining(tally, left, remains)));
    }
    let mut counts = vec![format!("{} done", count(made.len(), "build"))];
    let mut also = |n: usize, word: &str| counts.extend((n > 0).then(|| format!("{n} {word}")));
    also(failed.len(), "failed");
    also(cancelled.len(), "cancelled");
    also(unbegun.len(), "not begun");
    all.push(words(Voice::Say, format!("\n==> {}; {} to AWS", counts.join(", "), self::count(calls as usize, "call"))));
    all
}
