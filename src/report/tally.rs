//! What has happened so far, counted: the fold that all reporters share. It knows no words and no terminal.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use jiff::Timestamp;

use super::words::{between, clean};
use crate::run::event::{Artifact, Event, What};
use crate::run::problem::Problem;

/// A run.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) run: String,
    pub(super) folder: String,
    /// Whether nothing is really built.
    pub(super) rehearsed: bool,
    pub(super) started: Option<Timestamp>,
    pub(super) builds: IndexMap<Arc<str>, Build>,
    pub(super) calls: u64,
}

/// A build.
#[derive(Clone, Debug, Default)]
pub(super) struct Build {
    pub(super) started: Option<Timestamp>,
    /// The step that is being done, for people.
    pub(super) step: Option<(String, String)>,
    /// The newest line that says how far it is.
    pub(super) last: String,
    /// When it was last heard of.
    pub(super) heard: Option<Timestamp>,
    pub(super) ended: Option<(Timestamp, Ended)>,
}

/// How a build ended.
#[derive(Clone, Debug)]
pub(super) enum Ended {
    Done(Artifact),
    /// Why; and what it made all the same.
    Failed(Problem, Option<Artifact>),
}

impl Tally {
    /// Counts an event.
    pub(super) fn take(&mut self, event: &Event) {
        match &event.what {
            What::RunStarted { run, builds, folder, rehearsed, .. } => {
                (self.run, self.folder) = (run.clone(), folder.clone());
                self.rehearsed = *rehearsed;
                self.started = Some(event.at);
                for name in builds {
                    self.builds.entry(name.as_str().into()).or_default();
                }
            }
            What::RunDone { calls, .. } => self.calls = *calls,
            What::Call { .. } => self.calls += 1,
            _ => {}
        }
        let Some(name) = &event.build else { return };
        let build = self.builds.entry(name.clone()).or_default();
        build.heard = Some(event.at);
        match &event.what {
            What::BuildStarted { .. } => {
                *build = Build { started: Some(event.at), heard: Some(event.at), ..Build::default() }
            }
            What::StepStarted { step, about } => {
                build.step = Some((step.clone(), about.clone()));
                build.last.clone_from(about);
            }
            What::StepDone { result: text, .. }
            | What::StepUndone { result: text, .. }
            | What::Say { text }
            | What::Waiting { text }
            | What::Output { line: text, .. } => {
                let text = text.lines().map(clean).rfind(|line| !line.trim().is_empty());
                build.last = text.unwrap_or(std::mem::take(&mut build.last));
            }
            What::BuildDone { artifact } => build.ended = Some((event.at, Ended::Done(artifact.clone()))),
            What::BuildFailed { problem, made } => {
                build.ended = Some((event.at, Ended::Failed(problem.clone(), made.clone())));
            }
            _ => {}
        }
    }

    /// The position of a build in the plan.
    pub(super) fn position(&self, name: &str) -> usize {
        self.builds.get_index_of(name).unwrap_or(0)
    }

    /// Since the run was begun or gone on with.
    pub(super) fn elapsed(&self, now: Timestamp) -> Duration {
        self.started.map(|start| between(start, now)).unwrap_or_default()
    }
}

impl Build {
    /// Since it was begun, until its end where it has one.
    pub(super) fn elapsed(&self, now: Timestamp) -> Duration {
        let end = self.ended.as_ref().map_or(now, |(end, _)| *end);
        self.started.map(|start| between(start, end)).unwrap_or_default()
    }

    /// Whether it is being worked on.
    pub(super) fn runs(&self) -> bool {
        self.started.is_some() && self.ended.is_none()
    }
}
