//! The executor: takes a plan's builds and makes images on EC2, with a record of every step before it is done.
//!
//! Floor 6. It runs from a plan alone: it must not know the language, nor who watches. In reading order: `build` is what is
//! worked on; `files` and `preflight` ask what can be known beforehand; `begin` opens the record, and `work` takes every build to its
//! end; `line` is the way of one build, over the journalled steps of `step`; `journal` holds the record, `aws` the one door to EC2,
//! `ssh` the connection, `provision` what is done over it; `settle` goes on with a run that was interrupted, or undoes it; `sweep`
//! undoes what has no journal any more.

pub mod aws;
pub mod begin;
pub mod build;
pub mod caller;
pub mod cancel;
pub mod clouds;
pub mod event;
pub mod facts;
pub mod files;
pub mod input;
pub mod journal;
pub mod key;
pub mod line;
pub mod pause;
pub mod preflight;
pub mod problem;
pub mod provision;
pub mod reached;
pub mod render;
pub mod secret;
pub mod settings;
pub mod settle;
pub mod ssh;
pub mod step;
pub mod sweep;
mod work;

use std::sync::Arc;

use build::{Build, Builder};
use cancel::Cancel;
use clouds::Clouds;
use event::Events;
use preflight::{Asked, Found};
use problem::Problem;
use reached::Reached;
use settings::{OnError, Outcome, Settings};
use work::{Common, work};

/// Builds images: preflight, then all builds, then the end.
pub async fn bake(mut builds: Vec<Build>, settings: Settings, events: Events, cancel: Cancel) -> Outcome {
    if settings.on_error == OnError::Abort {
        builds.iter_mut().for_each(|build| build.cleanups.clear());
    }
    let refused = |refused: Vec<Problem>| Outcome { refused, ..Outcome::default() };
    let missing = files::missing(&builds);
    if !missing.is_empty() {
        return refused(missing);
    }
    let reached: Vec<Reached> = builds.iter().map(Reached::from).collect();
    let clouds = match Clouds::open(&reached, &settings.reach, &events, &cancel).await {
        Ok(clouds) => clouds,
        Err(problem) => return refused(vec![problem]),
    };
    let asked: Vec<Asked<'_>> = builds.iter().filter_map(|build| asked(build, &clouds)).collect();
    let (found, problems) = if asked.is_empty() {
        (Found::default(), Vec::new())
    } else {
        events.say(format!("preflight: asking AWS about {}", crate::text::words::count(asked.len(), "build")));
        // It only looks: it can be left at any moment.
        tokio::select! {
            found = preflight::look(&asked, settings.force, &settings.reach) => found,
            () = cancel.cancelled() => {
                let calls = clouds.calls();
                return Outcome { cancelled: true, calls, ..Outcome::default() };
            }
        }
    };
    drop(asked);
    if !problems.is_empty() {
        return Outcome { calls: clouds.calls(), ..refused(problems) };
    }
    let run = match begin::begin(&builds, &settings) {
        Ok(run) => Arc::new(run),
        Err(problem) => return refused(vec![problem]),
    };
    work(Common { run, settings, clouds, found, events, cancel }, builds, false).await
}

fn asked<'a>(build: &'a Build, clouds: &Clouds) -> Option<Asked<'a>> {
    match &build.builder {
        Builder::Ebs(ebs) => Some(Asked { build, ebs, cloud: clouds.of(&ebs.access)? }),
        Builder::Null(_) => None,
    }
}
