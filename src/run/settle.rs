//! Runs that did not come to their end: gone on with, or undone.
//!
//! Both work from the journal alone; the plan that lies beside it is asked for what a build is. Neighbours: `mod` works on builds,
//! `step::undo` walks back.

use std::path::Path;
use std::sync::Arc;

use super::build::Build;
use super::cancel::Cancel;
use super::event::{Events, What};
use super::journal::fold::{Broken, Record};
use super::journal::line::{Entry, Purpose};
use super::journal::{Journal, OpenError};
use super::line::is_interrupted;
use super::preflight::{self, Found};
use super::problem::Problem;
use super::step::undo::{Extent, back};
use super::step::{Cx, Run};
use super::{Clouds, Outcome, Settings, asked, context, digests, host, work};

/// Why a journal cannot be used, for people.
pub fn unusable(run: &str, error: OpenError) -> Problem {
    let problem = |text: String| Problem::refused("run::journal", text);
    match error {
        OpenError::Held => {
            problem(format!("another process works on the run `{run}`")).help("wait until it has ended, or stop it")
        }
        OpenError::Broken(Broken::Empty) => {
            problem(format!("the journal of the run `{run}` has no whole line: nothing was begun"))
                .help("its folder can be deleted")
        }
        OpenError::Broken(Broken::Damaged(line)) => {
            problem(format!("the journal of the run `{run}` is damaged in line {line}"))
                .help(format!("undo what it made by its tags: `bakec clean --region … {run}`"))
        }
        OpenError::Broken(Broken::Newer(format)) => {
            problem(format!("the journal of the run `{run}` has the format {format}, of a newer bakec"))
                .help("use that bakec")
        }
        OpenError::Io(error) => problem(format!("the journal of the run `{run}` cannot be opened: {error}")),
    }
}

/// Takes a run over.
fn take(folder: &Path, purpose: Purpose, settings: &Settings) -> Result<(Run, Record), Problem> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let journal = Journal::open(folder).map_err(|error| unusable(&name, error))?;
    let write =
        |error: std::io::Error| Problem::refused("run::journal", format!("the journal cannot be written: {error}"));
    journal.append(Entry::Taken { host: host(), pid: std::process::id(), purpose }).map_err(write)?;
    let record = journal.look(Clone::clone);
    let head = &record.head;
    let run = Run {
        name: head.run.clone(),
        salt: head.salt.clone(),
        absence: settings.absence,
        packer_defaults: settings.packer_defaults,
        journal,
    };
    Ok((run, record))
}

/// Goes on with a run where it was interrupted. The builds are those of its plan.
pub async fn resume(folder: &Path, builds: Vec<Build>, settings: Settings, events: Events, cancel: Cancel) -> Outcome {
    let refused = |refused: Vec<Problem>| Outcome { refused, ..Outcome::default() };
    let (run, record) = match take(folder, Purpose::Resume, &settings) {
        Ok(taken) => taken,
        Err(problem) => return refused(vec![problem]),
    };
    let builds: Vec<Build> = builds.into_iter().filter(|b| record.builds.contains_key(&*b.name)).collect();
    if let Some(problem) = changed(&builds, &record) {
        return refused(vec![problem]);
    }
    let clouds = match Clouds::open(&builds, &settings.reach, &events).await {
        Ok(clouds) => clouds,
        Err(problem) => return refused(vec![problem]),
    };
    let run = Arc::new(run);
    // A build that has not found its source image yet begins as any other.
    let fresh: Vec<_> = builds
        .iter()
        .filter(|b| record.builds.get(&*b.name).is_none_or(|r| r.steps.is_empty() && r.end.is_none()))
        .filter_map(|b| asked(b, &clouds))
        .collect();
    let (found, problems) =
        if fresh.is_empty() { (Found::default(), Vec::new()) } else { preflight::look(&fresh, settings.force).await };
    if !problems.is_empty() {
        return refused(problems);
    }
    drop(fresh);
    for build in &builds {
        let cx = context(&run, build, &clouds, &events, &cancel);
        if record.builds.get(&*build.name).is_some_and(|r| r.end.is_none())
            && is_interrupted(&cx)
            && let Err(problem) = begin_again(&cx).await
        {
            return Outcome { run: Some(run.name.clone()), left: vec![problem], ..Outcome::default() };
        }
    }
    work(run, builds, settings, clouds, found, events, cancel, true).await
}

/// Why a run cannot go on: files are not what they were.
fn changed(builds: &[Build], record: &Record) -> Option<Problem> {
    let now = digests(builds).unwrap_or_default();
    let other = record.head.files.iter().find(|(path, digest)| now.iter().any(|(p, d)| p == path && d != digest));
    let gone = record.head.files.iter().find(|(path, _)| !now.iter().any(|(p, _)| p == path));
    let (path, _) = other.or(gone)?;
    Some(
        Problem::refused("run::changed", format!("`{path}` has changed since the run began"))
            .help(format!("undo the run by `bakec clean {}`, and run anew", record.head.run)),
    )
}

/// A provisioner was begun and has no end: its machine is not trusted, and all that the attempt made is undone.
async fn begin_again(cx: &Cx) -> Result<(), Problem> {
    cx.events.say("a provisioner was interrupted: its machine is not trusted, and the build begins again");
    if let Some(problem) = back(cx, Extent::Everything).await.into_iter().next() {
        return Err(problem);
    }
    let why = "a provisioner was interrupted".to_owned();
    cx.append(Entry::Attempt { build: cx.build.to_string(), attempt: cx.attempt + 1, why }).map(|_| ())
}

/// Undoes what a run has left, by its journal. Images that are final stay.
pub async fn clean(folder: &Path, builds: Vec<Build>, settings: Settings, events: Events, cancel: Cancel) -> Outcome {
    let refused = |problem: Problem| Outcome { refused: vec![problem], ..Outcome::default() };
    let (run, record) = match take(folder, Purpose::Clean, &settings) {
        Ok(taken) => taken,
        Err(problem) => return refused(problem),
    };
    let run = Arc::new(run);
    let clouds = match Clouds::open(&builds, &settings.reach, &events).await {
        Ok(clouds) => clouds,
        Err(problem) => return refused(problem),
    };
    events.tell(What::RunStarted {
        format: super::event::FORMAT,
        run: run.name.clone(),
        builds: record.head.builds.clone(),
        folder: folder.display().to_string(),
        resumed: true,
    });
    let mut outcome = Outcome { run: Some(run.name.clone()), ..Outcome::default() };
    let contexts: Vec<Cx> = builds.iter().map(|b| context(&run, b, &clouds, &events, &cancel)).collect();
    let all = futures_util::future::join_all(contexts.iter().map(|cx| back(cx, Extent::Everything))).await;
    outcome.left = all.into_iter().flatten().collect();
    if outcome.left.is_empty()
        && let Err(error) = run.journal.append(Entry::Closed)
    {
        events.warn(format!("the journal cannot be closed: {error}"));
    }
    outcome.calls = clouds.calls.load(std::sync::atomic::Ordering::Relaxed);
    outcome.ends = record.builds.into_iter().filter_map(|(name, b)| Some((name, b.end?))).collect();
    outcome
}
