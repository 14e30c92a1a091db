//! Runs that did not come to their end: gone on with, or undone.
//!
//! Undoing works from the journal alone; to go on, the plan that lies beside it is asked for what a build is. Neighbours: `mod` works on builds,
//! `step::undo` walks back.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::aws::address;
use super::begin::host;
use super::build::{Build, Builder};
use super::caller;
use super::cancel::Cancel;
use super::clouds::Clouds;
use super::event::{Events, What};
use super::files::digests;
use super::journal::fold::{Broken, Record, State};
use super::journal::line::{End, Entry, Purpose};
use super::journal::{Journal, OpenError};
use super::line::ebs::finished;
use super::line::{PROVISION, PROVISIONER, interrupted, is_final};
use super::post;
use super::preflight::{self, Depth, Found};
use super::problem::Problem;
use super::reached::{self, Reached};
use super::settings::{OnError, Outcome, Settings};
use super::step::undo::{self, Extent, back};
use super::step::{Cx, Run};
use super::work::{Common, work};
use super::{asked, sweep};
use crate::diagnostic::code;

/// Why a journal cannot be used, for people.
pub fn unusable(run: &str, error: OpenError) -> Problem {
    let problem = |text: String| Problem::refused(code::RUN_JOURNAL, text);
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

/// Opens the journal of a run, and the accounts of its builds.
async fn open(
    folder: &Path,
    builds: &[Build],
    settings: &Settings,
    events: &Events,
    cancel: &Cancel,
) -> Result<Opened, Problem> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let journal = Journal::open(folder).map_err(|error| unusable(&name, error))?;
    let reached = journal.look(|record| reached::all(record, builds));
    let clouds = Clouds::open(&reached, &settings.reach, events, cancel).await?;
    Ok(Opened { run: Run::new(journal, settings), clouds, reached })
}

/// A run that somebody goes on with, with its accounts and the builds that can be reached.
struct Opened {
    run: Run,
    clouds: Clouds,
    reached: Vec<Reached>,
}

/// Takes a run over. From another host only when its leases are over: a lock does not reach that far.
async fn take(Opened { run, clouds, reached }: &mut Opened, purpose: Purpose) -> Result<(), Problem> {
    let (holder, _) = run.journal.look(|r| r.holder.clone());
    let elsewhere = holder != host();
    if elsewhere {
        alone(run, reached, clouds, &holder).await?;
    }
    let write =
        |error: std::io::Error| Problem::refused(code::RUN_JOURNAL, format!("the journal cannot be written: {error}"));
    let line =
        run.journal.append(Entry::Taken { host: host(), pid: std::process::id(), purpose }).await.map_err(write)?;
    run.moved = elsewhere.then(|| (line, Timestamp::now()));
    Ok(())
}

/// Whether no other host works on the run: what it has made has no lease that lives.
async fn alone(run: &Run, builds: &[Reached], clouds: &Clouds, holder: &str) -> Result<(), Problem> {
    for build in builds {
        let Some(access) = &build.access else { continue };
        let Some(cloud) = clouds.of(access) else { continue };
        let regions: Vec<_> = std::iter::once(&access.region).chain(&build.copies).cloned().collect();
        let wanted = sweep::Wanted { regions, older_than: Duration::ZERO, run: Some(run.name.clone()) };
        if let Some(until) = sweep::list(&cloud, &wanted).await?.iter().find_map(|l| l.lease()) {
            let message = format!(
                "the run `{}` may still be worked on by the host `{holder}`, whose lease lasts until {until}",
                run.name
            );
            return Err(Problem::refused(code::RUN_LEASE, message).help("stop it there, and wait until then"));
        }
    }
    Ok(())
}

/// Goes on with a run where it was interrupted. The builds are those of its plan.
pub async fn resume(
    folder: &Path,
    mut builds: Vec<Build>,
    settings: Settings,
    events: Events,
    cancel: Cancel,
) -> Outcome {
    if settings.on_error == OnError::Abort {
        builds.iter_mut().for_each(|build| build.cleanups.clear());
    }
    let refused = |refused: Vec<Problem>| Outcome { refused, ..Outcome::default() };
    let mut opened = match open(folder, &builds, &settings, &events, &cancel).await {
        Ok(opened) => opened,
        Err(problem) => return refused(vec![problem]),
    };
    let record = opened.run.journal.look(Clone::clone);
    let builds: Vec<Build> = builds.into_iter().filter(|b| record.builds.contains_key(&*b.name)).collect();
    if let Some(problem) = changed(&builds, &record) {
        return refused(vec![problem]);
    }
    if !settings.again {
        let unended: Vec<Problem> = builds.iter().filter_map(|build| unended(build, &record)).collect();
        if !unended.is_empty() {
            return refused(unended);
        }
    }
    let uncertain = post::uncertain(&record);
    if !settings.again
        && let Some((build, name)) = uncertain.first()
    {
        let more = if uncertain.len() > 1 { format!(", and {} more", uncertain.len() - 1) } else { String::new() };
        let message = format!("`{name}` of `{build}` was interrupted: nobody knows how far its commands came{more}");
        let help = format!(
            "look at what they have done; then `bakec resume {} --again` runs them again from their beginning",
            record.head.run
        );
        return refused(vec![Problem::refused(code::RUN_RESUME, message).help(help)]);
    }
    // A build that has not found its source image yet begins as any other.
    let fresh: Vec<_> = builds
        .iter()
        .filter(|b| record.builds.get(&*b.name).is_none_or(|r| r.steps.is_empty() && r.end.is_none()))
        .filter_map(|b| asked(b, &opened.clouds))
        .collect();
    let (mut found, problems) = if fresh.is_empty() {
        (Found::default(), Vec::new())
    } else {
        preflight::look(&fresh, settings.force, &settings.reach, Depth::Nothing).await
    };
    drop(fresh);
    if !problems.is_empty() {
        return refused(problems);
    }
    // What was opened stays open; we may reach it from another place now.
    let begun =
        builds.iter().filter(|b| record.builds.get(&*b.name).is_some_and(|r| !r.steps.is_empty() && r.end.is_none()));
    let begun: Vec<_> = begun
        .filter_map(|b| match &b.builder {
            Builder::Ebs(ebs) => Some((b, &**ebs)),
            Builder::Null(_) => None,
        })
        .collect();
    found.addresses.extend(caller::addresses(&begun, &found.places, &settings.reach, address::own()).await.0);
    drop(begun);
    if let Err(problem) = take(&mut opened, Purpose::Resume).await {
        return refused(vec![problem]);
    }
    let Opened { run, clouds, .. } = opened;
    work(Common { run: Arc::new(run), settings, clouds, found, events, cancel }, builds, true).await
}

/// Prepares a build to go on: where its attempt cannot, a new one begins, and what the earlier ones made is undone.
///
/// # Errors
/// What may be left of them: nothing new is made then.
pub async fn ready(cx: &mut Cx, again: bool) -> Result<(), Vec<Problem>> {
    let why = cx.run.journal.look(|r| r.builds.get(&*cx.build).and_then(interrupted));
    // What is final is only finished.
    if is_final(cx) {
        return Ok(());
    }
    match why {
        Some(PROVISIONER) if again => {
            cx.events.warn(format!("{PROVISIONER}: it is run again on the same machine, as was asked for"));
        }
        Some(why) => {
            cx.events.say(format!("{why}: its machine is not trusted, and the build begins again"));
            return undo::again(cx, why).await;
        }
        None => {}
    }
    undo::undone(cx).await
}

/// Why a build cannot go on without somebody's word: what ran here was interrupted, and nobody knows what it has done.
fn unended(build: &Build, record: &Record) -> Option<Problem> {
    let known = record.builds.get(&*build.name).filter(|known| known.end.is_none())?;
    let mut own = known.steps.iter().filter(|step| step.attempt == known.attempt && step.state == State::Begun);
    let step = own.find(|step| step.step == PROVISION && step.data["kind"] == "shell-local")?;
    let name = step.data["label"].as_str().map(|label| format!(" \"{label}\"")).unwrap_or_default();
    let message = format!(
        "the step `shell-local{name}` of `{}` was interrupted, and nobody knows what it has done here",
        build.name
    );
    let place = step.of.parse::<usize>().ok().and_then(|index| build.provisioners.get(index));
    let run = &record.head.run;
    let help = format!(
        "see what it has done; then `bakec resume {run} --again` runs it again, and `bakec clean {run}` undoes the run"
    );
    Some(Problem::refused(code::RUN_RESUME, message).help(help).at(place.and_then(|step| step.origin.clone())))
}

/// Writes how a build ended that is finished or undone now.
async fn conclude(cx: &Cx) -> Result<(), Problem> {
    let known = cx.run.journal.look(|r| r.builds.get(&*cx.build).is_none_or(|b| b.end.is_some()));
    if known {
        return Ok(());
    }
    let made = cx.run.journal.look(|r| r.builds.get(&*cx.build).and_then(|b| b.made.clone()));
    if let Some(made) = made {
        let problem = Problem::failed(code::RUN_POST, "its post-processors have not come to their end");
        let end = End::Unprocessed { artifact: made.artifact, problem };
        return cx.append(Entry::End { build: cx.build.to_string(), end }).await.map(|_| ());
    }
    let end = match finished(cx) {
        Some(artifact) => End::Done { artifact },
        None => {
            let message = "undone by `bakec clean`".to_owned();
            End::Failed { problem: Problem { code: code::RUN_CLEANED, message, ..Problem::cancelled() } }
        }
    };
    cx.append(Entry::End { build: cx.build.to_string(), end }).await.map(|_| ())
}

/// Why a run cannot go on: files are not what they were.
fn changed(builds: &[Build], record: &Record) -> Option<Problem> {
    let now = digests(builds).unwrap_or_default();
    let other = record.head.files.iter().find(|(path, digest)| now.iter().any(|(p, d)| p == path && d != digest));
    let gone = record.head.files.iter().find(|(path, _)| !now.iter().any(|(p, _)| p == path));
    let (path, _) = other.or(gone)?;
    Some(
        Problem::refused(code::RUN_CHANGED, format!("`{path}` has changed since the run began"))
            .help(format!("undo the run by `bakec clean {}`, and run anew", record.head.run)),
    )
}

/// Undoes what a run has left, by its journal alone; `builds` are those of its plan where it [`needs_plan`](super::reached::needs_plan).
/// Images that are final stay.
pub async fn clean(folder: &Path, builds: Vec<Build>, settings: Settings, events: Events, cancel: Cancel) -> Outcome {
    let refused = |problem: Problem| Outcome { refused: vec![problem], ..Outcome::default() };
    let mut opened = match open(folder, &builds, &settings, &events, &cancel).await {
        Ok(opened) => opened,
        Err(problem) => return refused(problem),
    };
    if let Err(problem) = take(&mut opened, Purpose::Clean).await {
        return refused(problem);
    }
    let Opened { run, clouds, reached } = opened;
    let common = Common { run: Arc::new(run), settings, clouds, found: Found::default(), events, cancel };
    let Common { run, clouds, events, .. } = &common;
    let record = run.journal.look(Clone::clone);
    events.tell(What::RunStarted {
        format: super::event::FORMAT,
        run: run.name.clone(),
        builds: record.head.builds.clone(),
        folder: folder.display().to_string(),
        resumed: true,
        rehearsed: record.head.rehearsed,
    });
    let mut outcome = Outcome { run: Some(run.name.clone()), ..Outcome::default() };
    let contexts: Vec<Cx> = reached.iter().map(|b| common.bare(b)).collect();
    let all = futures_util::future::join_all(contexts.iter().map(|cx| back(cx, Extent::Everything))).await;
    outcome.left = all.into_iter().flatten().collect();
    if outcome.left.is_empty() {
        let ends = futures_util::future::join_all(contexts.iter().map(conclude)).await;
        outcome.left.extend(ends.into_iter().filter_map(Result::err));
    }
    // Builds that neither the journal nor the plan knows how to reach.
    let unknown: Vec<_> = record
        .standing()
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| reached.iter().all(|b| *b.name != **name))
        .collect();
    if let Some(name) = unknown.first() {
        let problem =
            Problem::left(code::RUN_CHANGED, format!("the plan has no build `{name}`, which has made something"));
        outcome.left.push(problem.help(format!("undo it by its tags: `bakec clean {} --region …`", run.name)));
    }
    if outcome.left.is_empty()
        && let Err(error) = run.journal.append(Entry::Closed).await
    {
        events.warn(format!("the journal cannot be closed: {error}"));
    }
    outcome.cancelled = common.cancel.is_cancelled();
    outcome.calls = clouds.calls();
    outcome.ends =
        run.journal.look(|r| r.builds.clone()).into_iter().filter_map(|(name, b)| Some((name, b.end?))).collect();
    outcome
}
