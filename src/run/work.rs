//! All builds of a run, so many at once, each to its end: the image, or everything undone.
//!
//! Neighbours: `line` is the way of one build, `step::undo` the way back; `mod` and `settle` begin it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinError;

use super::aws::Cloud;
use super::build::{Build, Builder};
use super::cancel::Cancel;
use super::clouds::Clouds;
use super::event::{self, Artifact, Events, What};
use super::facts;
use super::journal::line::{End, Entry, Made};
use super::line::{self, Baked};
use super::output;
use super::pause::Answer;
use super::post;
use super::preflight::Found;
use super::problem::{Kind, Problem};
use super::reached::Reached;
use super::settings::{OnError, Outcome, Settings};
use super::settle;
use super::step::ask::Asks;
use super::step::undo::{self, Extent, back};
use super::step::{Age, Cx, Run, lease};
use crate::diagnostic::code;

/// What the builds of a run have in common.
pub(super) struct Common {
    pub(super) run: Arc<Run>,
    pub(super) settings: Settings,
    pub(super) clouds: Clouds,
    /// What preflight has found.
    pub(super) found: Found,
    pub(super) events: Events,
    pub(super) cancel: Cancel,
}

/// Makes all builds that have no end yet, so many at once, and closes the run where nothing is left.
pub(super) async fn work(common: Common, builds: Vec<Build>, resumed: bool) -> Outcome {
    let common = Arc::new(common);
    let Common { run, settings, clouds, events, cancel, .. } = &*common;
    events.tell(What::RunStarted {
        format: event::FORMAT,
        run: run.name.clone(),
        builds: builds.iter().map(|b| b.name.to_string()).collect(),
        folder: run.journal.folder().display().to_string(),
        resumed,
        rehearsed: run.journal.look(|r| r.head.rehearsed),
    });
    let places =
        Arc::new(Semaphore::new(if settings.parallel == 0 { Semaphore::MAX_PERMITS } else { settings.parallel }));
    let held = builds.iter().filter_map(|b| match &b.builder {
        Builder::Ebs(ebs) => Some((b.name.clone(), clouds.of(&ebs.access)?, ebs.access.region.clone())),
        Builder::Null(_) => None,
    });
    let held = held.collect();
    let tasks: Vec<_> = builds
        .into_iter()
        .map(|build| {
            let build = Arc::new(build);
            let (places, common, own) = (places.clone(), common.clone(), build.clone());
            let task = tokio::spawn(event::BUILD.scope(build.name.clone(), async move {
                let _place = places.acquire().await;
                one(&common, &own).await
            }));
            (build, task)
        })
        .collect();
    let renewal = tokio::spawn(lease::renew(run.clone(), held, events.clone()));
    let mut outcome = Outcome { run: Some(run.name.clone()), ..Outcome::default() };
    for (build, task) in tasks {
        let (end, left) = match task.await {
            Ok(ended) => ended,
            Err(error) => Box::pin(broken(&common, &build, &error)).await,
        };
        outcome.ends.push((build.name.to_string(), end));
        outcome.left.extend(left);
    }
    renewal.abort();
    // It holds the journal until it has ended.
    let _ = renewal.await;
    outcome.unwritten = output::write(&settings.outputs, run, events);
    outcome.cancelled = cancel.is_cancelled();
    if outcome.left.is_empty()
        && run.journal.look(|r| r.builds.values().all(|b| b.end.is_some()))
        && let Err(error) = run.journal.append(Entry::Closed).await
    {
        events.warn(format!("the journal cannot be closed: {error}"));
    }
    outcome.calls = clouds.calls();
    let done = outcome.ends.iter().filter(|(_, end)| matches!(end, End::Done { .. })).count();
    let (failed, calls) = (outcome.ends.len() - done, outcome.calls);
    let left = outcome.left.iter().map(|p| format!("{} [{}]", p.message, p.code)).collect();
    let remains = outcome.left.clone();
    events.tell(What::RunDone { done, failed, left, remains, calls, actions: events.metrics().actions() });
    outcome
}

impl Common {
    /// The context of a build.
    fn context(&self, build: &Build) -> Cx {
        let origins = match &build.builder {
            Builder::Ebs(ebs) => ebs.origins.clone(),
            Builder::Null(_) => Vec::new(),
        };
        Cx { origins: Arc::new(origins), ..self.bare(&Reached::from(build)) }
    }

    /// The context of a build of which no more is known than its account.
    pub(super) fn bare(&self, build: &Reached) -> Cx {
        let cloud = build.access.as_ref().and_then(|access| self.clouds.of(access));
        let region = build.access.as_ref().map_or("", |access| access.region.as_str());
        // A build without a machine of its own makes no call.
        let cloud = cloud.unwrap_or_else(|| Arc::new(Cloud::of_nobody(&self.events)));
        let attempt = self.run.journal.look(|r| r.builds.get(&*build.name).map_or(1, |b| b.attempt));
        Cx {
            run: self.run.clone(),
            build: build.name.clone(),
            attempt,
            region: cloud.region(region),
            cloud,
            events: self.events.of_build(&build.name),
            cancel: self.cancel.clone(),
            pause: self.settings.pause.clone(),
            keyboard: self.settings.keyboard.clone(),
            asks: self.settings.keyboard.clone().filter(|_| self.settings.on_error == OnError::Ask).map(Asks::of),
            origins: Arc::default(),
            age: Age::fresh(),
        }
    }
}

/// Makes one build to its end: the image, or everything undone.
async fn one(common: &Common, build: &Build) -> (End, Vec<Problem>) {
    let settings = &common.settings;
    let mut cx = common.context(build);
    if let Some(end) = cx.run.journal.look(|r| r.builds.get(&*build.name).and_then(|b| b.end.clone())) {
        let left = match end {
            End::Done { .. } | End::Unprocessed { .. } => back(&cx, Extent::Scaffolding).await,
            End::Failed { .. } => left_as_it_is(&cx),
        };
        return (end, left);
    }
    if let Some(made) = cx.run.journal.look(|r| r.builds.get(&*build.name).and_then(|b| b.made.clone())) {
        cx.events.tell(What::BuildStarted { kind: kind(build).to_owned() });
        let timed = cx.cancel.within(settings.timeout);
        return after(&cx, build, made, settings.timeout, timed).await;
    }
    let unready = |cx: &Cx, left| {
        let problem = Problem::failed(code::RUN_RESUME, "what an earlier attempt made cannot be undone")
            .help(format!("undo it by `bakec clean {}`, which says what is in the way", cx.run.name))
            .at(build.origin.clone());
        cx.events.tell(What::BuildFailed { problem: problem.clone(), made: None });
        (End::Failed { problem }, left)
    };
    if let Err(left) = settle::ready(&mut cx, settings.again).await {
        return unready(&cx, left);
    }
    cx.events.tell(What::BuildStarted { kind: kind(build).to_owned() });
    let (baked, timed) = loop {
        // When the time is up it ends as when somebody wishes it: what is in flight, and what cleans up, has its end.
        let timed = cx.cancel.within(settings.timeout);
        let baked = attempt(&cx, common, build, timed.clone()).await;
        // The line may have begun further attempts.
        cx.attempt = cx.run.journal.look(|r| r.builds.get(&*build.name).map_or(cx.attempt, |b| b.attempt));
        if let Err(problem) = &baked
            && !line::is_final(&cx)
            && cx.asked(problem).await == Some(Answer::Again)
        {
            if let Err(left) = undo::again(&mut cx, "it was asked for at the keyboard").await {
                return unready(&cx, left);
            }
            continue;
        }
        break (baked, timed);
    };
    finish(&cx, build, baked, settings, timed).await
}

/// Makes one attempt at a build.
async fn attempt(cx: &Cx, common: &Common, build: &Build, timed: Cancel) -> Result<Baked, Problem> {
    let Common { settings, found, .. } = common;
    let timed = Cx { cancel: timed, ..cx.clone() };
    let baked = match &build.builder {
        Builder::Ebs(ebs) => {
            let source = found.sources.get(&*build.name).cloned();
            let address = found.addresses.get(&*build.name).cloned();
            let place = found.places.get(&*build.name).cloned();
            let (ssh_at, bastion_at) = (settings.ssh_at, settings.bastion_at);
            let given = line::ebs::Given { source, place, address, ssh_at, bastion_at, values: &build.values };
            // Large, and within many others.
            Box::pin(line::ebs::bake(&timed, build, ebs, &given)).await
        }
        Builder::Null(null) => Box::pin(line::null::bake(&timed, build, null, &build.values)).await,
    };
    baked.map_err(|problem| late(cx, problem, settings.timeout))
}

/// Says of what nobody has ended that its time was up.
fn late(cx: &Cx, problem: Problem, limit: Option<Duration>) -> Problem {
    match limit {
        Some(time) if problem.kind == Kind::Cancelled && !cx.cancel.is_cancelled() => {
            Problem::failed(code::RUN_TIMEOUT, format!("the build has not ended after {}s", time.as_secs()))
        }
        _ => problem,
    }
}

fn kind(build: &Build) -> &'static str {
    match &build.builder {
        Builder::Ebs(_) => "amazon-ebs",
        Builder::Null(_) => "null",
    }
}

/// What comes once the image is made: the machine goes, the post-processors run, and only then the build has its end.
async fn after(cx: &Cx, build: &Build, made: Made, limit: Option<Duration>, timed: Cancel) -> (End, Vec<Problem>) {
    let known = cx.run.journal.look(|r| r.builds.get(&*build.name).is_some_and(|b| b.made.is_some()));
    // First of all: whoever goes on from here has only to tidy up, and to run what has not run.
    let unwritten = if known { None } else { cx.append(Entry::Made(made.clone())).await.err() };
    let mut left = back(cx, Extent::Scaffolding).await;
    let artifact = made.artifact;
    let processed = match unwritten {
        Some(problem) => Err(problem),
        None => {
            let values = facts::gone(build, made.facts);
            let cx = Cx { cancel: timed, ..cx.clone() };
            Box::pin(post::all(&cx, build, &artifact, &values)).await
        }
    };
    let processed = match processed.map_err(|problem| late(cx, problem, limit)) {
        // What has not run yet is run when the run goes on: the build has no end in the journal.
        Err(problem) if problem.kind == Kind::Cancelled => {
            let help =
                format!("the image is made; `bakec resume {}` runs the post-processors that have not run", cx.run.name);
            let problem = problem.help(help).at(build.origin.clone());
            cx.events.tell(What::BuildFailed { problem: problem.clone(), made: Some(artifact.clone()) });
            return (End::Unprocessed { artifact, problem }, left);
        }
        processed => processed,
    };
    let (end, unwritten) = processed_end(cx, build, artifact, processed).await;
    left.extend(unwritten);
    (end, left)
}

/// Writes and tells how a build ended whose image is made.
async fn processed_end(
    cx: &Cx,
    build: &Build,
    artifact: Artifact,
    processed: Result<(), Problem>,
) -> (End, Option<Problem>) {
    let (end, told) = match processed.map_err(|problem| problem.at(build.origin.clone())) {
        Ok(()) => (End::Done { artifact: artifact.clone() }, What::BuildDone { artifact }),
        Err(problem) => (
            End::Unprocessed { artifact: artifact.clone(), problem: problem.clone() },
            What::BuildFailed { problem, made: Some(artifact) },
        ),
    };
    let unwritten = ended(cx, build, &end).await;
    cx.events.tell(told);
    (end, unwritten)
}

/// Ends a build that a bug of ours has ended: what it has made is in the journal, and is undone like that of any other.
async fn broken(common: &Common, build: &Build, error: &JoinError) -> (End, Vec<Problem>) {
    let problem = Problem::failed(code::RUN_BUG, format!("the build ended by a bug of bakec's: {error}"))
        .help("please report it, with the run's folder; what it had made is undone");
    let cx = &common.context(build);
    let made = cx.run.journal.look(|r| r.builds.get(&*build.name).and_then(|b| b.made.clone()));
    event::BUILD
        .scope(build.name.clone(), async {
            let Some(made) = made else {
                return finish(cx, build, Err(problem), &common.settings, cx.cancel.clone()).await;
            };
            let mut left = back(cx, Extent::Scaffolding).await;
            let (end, unwritten) = processed_end(cx, build, made.artifact, Err(problem)).await;
            left.extend(unwritten);
            (end, left)
        })
        .await
}

/// Writes how the build ended; why it could not.
async fn ended(cx: &Cx, build: &Build, end: &End) -> Option<Problem> {
    let pass = |problem| cx.events.gate().pass_problem(problem);
    let end = match end.clone() {
        End::Failed { problem } => End::Failed { problem: pass(problem) },
        End::Unprocessed { artifact, problem } => End::Unprocessed { artifact, problem: pass(problem) },
        done => done,
    };
    cx.append(Entry::End { build: build.name.to_string(), end }).await.err()
}

/// Writes how the build ended, and undoes what is not to stay.
async fn finish(
    cx: &Cx,
    build: &Build,
    baked: Result<Baked, Problem>,
    settings: &Settings,
    timed: Cancel,
) -> (End, Vec<Problem>) {
    let made =
        |artifact, facts| Made { build: build.name.to_string(), artifact, facts: facts::kept(facts, cx.events.gate()) };
    match baked {
        Ok(Baked { artifact, facts, left: remains }) if !build.posts.is_empty() && !artifact.id.is_empty() => {
            let (end, mut left) = after(cx, build, made(artifact, facts), settings.timeout, timed).await;
            left.extend(remains);
            (end, left)
        }
        Ok(Baked { artifact, left: remains, .. }) => {
            if !build.posts.is_empty() {
                cx.events.say("no image is made: the post-processors are not run");
            }
            let end = End::Done { artifact: artifact.clone() };
            // First of all: whoever goes on from here has only to tidy up.
            let unwritten = ended(cx, build, &end).await;
            let mut left = back(cx, Extent::Scaffolding).await;
            left.extend(unwritten);
            left.extend(remains);
            cx.events.tell(What::BuildDone { artifact });
            (end, left)
        }
        Err(problem) if line::is_final(cx) => {
            // Its images are being marked as final, which nobody undoes: the way back does it once more.
            let facts = line::ebs::facts(cx, build);
            let mut left = back(cx, Extent::Scaffolding).await;
            if left.is_empty()
                && let Some(artifact) = line::ebs::finished(cx)
            {
                if !build.posts.is_empty() {
                    return after(cx, build, made(artifact, facts), settings.timeout, timed).await;
                }
                let end = End::Done { artifact: artifact.clone() };
                left.extend(ended(cx, build, &end).await);
                cx.events.tell(What::BuildDone { artifact });
                return (end, left);
            }
            let problem = problem.at(build.origin.clone());
            cx.events.tell(What::BuildFailed { problem: problem.clone(), made: None });
            let message = format!("the images of `{}` are made, and may not be final yet", build.name);
            let help = format!("finish it by `bakec resume {}`", cx.run.name);
            left.push(Problem::left(code::RUN_TAG, message).help(help));
            (End::Failed { problem }, left)
        }
        Err(problem) => {
            let problem = problem.at(build.origin.clone());
            cx.events.tell(What::BuildFailed { problem: problem.clone(), made: None });
            let end = End::Failed { problem };
            let mut left = match settings.on_error {
                OnError::Cleanup => back(cx, Extent::Everything).await,
                OnError::Ask if cx.answered() != Some(Answer::Abort) => back(cx, Extent::Everything).await,
                OnError::Abort | OnError::RunCleanupProvisioner | OnError::Ask => left_as_it_is(cx),
            };
            left.extend(ended(cx, build, &end).await);
            (end, left)
        }
    }
}

/// What a failed build leaves on purpose.
fn left_as_it_is(cx: &Cx) -> Vec<Problem> {
    let standing = cx.run.journal.look(|r| {
        let own = r.standing().into_iter().filter(|(build, _)| **build == *cx.build);
        own.map(|(_, step)| step.step.clone()).collect::<Vec<_>>()
    });
    if standing.is_empty() {
        return Vec::new();
    }
    let message = format!("`{}` was left as it is: {}", cx.build, standing.join(", "));
    vec![Problem::left(code::RUN_ABORT, message).help(format!("undo it by `bakec clean {}`", cx.run.name))]
}
