//! `bakec show RUN --html`: what the records of a run say, gathered for its page.
//!
//! It knows where records lie; how the page looks is `report`'s.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::diagnostic::render::{Format, Style, render};
use crate::report::page::{Build, Page, Resource, Step};
use crate::report::past::{Heard, past};
use crate::report::problem::diagnostic;
use crate::report::words::{between, command, long};
use crate::run::journal::fold::{BuildRecord, Record, State, StepRecord};
use crate::run::journal::line::End;
use crate::run::metrics::Metrics;
use crate::run::problem::Problem;
use crate::run::secret::Gate;
use crate::text::Sources;

use super::timeline::{Ended, MAKERS, Standing, is_final, label, of_build};
use super::watch::{LOG, LOGS};

/// So many lines of output are shown of a build, the last ones.
const LINES: usize = 40;
/// So many waits and calls of one are shown.
const MOST: usize = 200;
/// The timeline is so many units wide.
const WIDE: f64 = 1000.0;
/// Its marks.
const MARKS: u32 = 5;

/// What is known of a run.
pub(super) struct Known<'a> {
    pub(super) record: &'a Record,
    pub(super) folder: &'a Path,
    pub(super) standing: Standing,
    pub(super) left: &'a [String],
    pub(super) ends: &'a HashMap<u64, Ended>,
    pub(super) file: Option<&'a str>,
    /// The folder in which paths of its plan begin.
    pub(super) current: &'a Path,
    /// What must not be shown.
    pub(super) gate: Gate,
}

/// How the calls of a run went, by its logs.
pub(super) fn metrics(folder: &Path) -> Metrics {
    let metrics = Metrics::default();
    let logs = std::fs::read_dir(folder.join(LOGS)).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in logs.chain([folder.join(LOG)]) {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        for past in past(&text) {
            if let Heard::Call { action, ms, error, .. } = past.what {
                metrics.count(action, ms, error);
            }
        }
    }
    metrics
}

impl Known<'_> {
    /// What is to be seen of it.
    pub(super) fn page(&self) -> Page {
        let head = &self.record.head;
        let span = self.span();
        let actions = metrics(self.folder).actions();
        let mark = |n: u32| {
            let at = f64::from(n) / f64::from(MARKS);
            (at * 100.0, seconds(span.mul_f64(at)))
        };
        let next = match self.standing {
            Standing::Interrupted if !head.rehearsed => vec![("resume", "go on"), ("clean", "undo it")],
            Standing::Left if !head.rehearsed => vec![("clean", "undo it")],
            _ => Vec::new(),
        };
        let folder = self.folder.display().to_string();
        Page {
            run: head.run.clone(),
            file: self.file.map(str::to_owned),
            state: self.standing.word().to_owned(),
            mood: self.mood(),
            rehearsed: head.rehearsed,
            began: head.moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            took: long(whole(span)),
            host: head.host.clone(),
            bakec: head.bakec.clone(),
            endpoint: head.endpoint.clone().filter(|_| !head.rehearsed),
            calls: actions.iter().map(|action| action.count).sum(),
            marks: (0..MARKS).map(mark).collect(),
            builds: self.record.builds.iter().map(|(name, build)| self.build(name, build)).collect(),
            actions,
            left: self.left.iter().map(|line| self.gate.pass(line)).collect(),
            next: next
                .into_iter()
                .map(|(verb, does)| format!("{does}: {}", command(verb, &head.run, &folder)))
                .collect(),
            folder,
        }
    }

    fn mood(&self) -> &'static str {
        match self.standing {
            Standing::Built => "good",
            Standing::Failed | Standing::Left => "bad",
            Standing::Running | Standing::Cancelled | Standing::Interrupted | Standing::Cleaned => "open",
        }
    }

    /// From the run's first moment to its last.
    fn span(&self) -> Duration {
        between(self.record.head.moment, self.record.last).max(Duration::from_millis(1))
    }

    /// Where a moment lies on the timeline.
    fn x(&self, at: Timestamp) -> f64 {
        let x = between(self.record.head.moment, at).as_secs_f64() / self.span().as_secs_f64() * WIDE;
        (x.clamp(0.0, WIDE) * 10.0).round() / 10.0
    }

    fn since(&self, at: Timestamp) -> String {
        seconds(between(self.record.head.moment, at))
    }

    fn build(&self, name: &str, build: &BuildRecord) -> Build {
        let log = self.folder.join(LOGS).join(crate::report::file::name(name));
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let mut shown = Build {
            name: name.to_owned(),
            state: of_build(build, self.standing).to_owned(),
            mood: match &build.end {
                Some(End::Done { .. }) => "good",
                Some(_) => "bad",
                None => "open",
            },
            took: self.took(build),
            x: build.steps.first().map_or(0.0, |step| self.x(step.at)),
            steps: build.steps.iter().map(|step| self.step(step)).collect(),
            resources: build.steps.iter().filter_map(|step| self.resource(build, name, step)).collect(),
            log: log.is_file().then(|| log.display().to_string()),
            ..Build::default()
        };
        let last = build.steps.iter().map(|step| self.x(step.last)).fold(shown.x, f64::max);
        shown.width = ((last - shown.x) * 10.0).round() / 10.0;
        for past in past(&text) {
            match past.what {
                Heard::Call { .. } => {
                    shown.call_count += 1;
                    if shown.calls.len() < MOST {
                        shown.calls.push(self.x(past.at));
                    }
                }
                Heard::Waiting(what) if shown.waits.len() < MOST => {
                    shown.waits.push((self.since(past.at), self.gate.pass(what)));
                }
                Heard::Waiting(_) => {}
                Heard::Output { error, line } => shown.output.push((error, self.gate.pass(line))),
            }
        }
        shown.more = shown.output.len().saturating_sub(LINES);
        shown.output.drain(..shown.more);
        match &build.end {
            Some(End::Done { artifact }) => shown.images = artifact.images.clone(),
            Some(End::Unprocessed { artifact, problem }) => {
                shown.images = artifact.images.clone();
                shown.error = Some(self.rendered(problem));
            }
            Some(End::Failed { problem }) => shown.error = Some(self.rendered(problem)),
            None => {}
        }
        shown
    }

    fn took(&self, build: &BuildRecord) -> String {
        let (Some(first), Some(last)) = (build.steps.first(), build.steps.iter().map(|step| step.last).max()) else {
            return String::new();
        };
        long(whole(between(first.at, last)))
    }

    fn step(&self, step: &StepRecord) -> Step {
        let ended = self.ends.get(&step.intent).cloned().unwrap_or_default();
        let state = match &step.state {
            State::Done(_) => "done",
            State::Begun => "begun",
            State::Void => "failed",
            // A provisioner has no effect of its own that could be undone.
            State::Undone if ended.undone == crate::run::step::undo::NOTHING => "done",
            State::Undone => "undone",
        };
        let (x, end) = (self.x(step.at), self.x(ended.at.unwrap_or(step.last)));
        let result = match ended.undone.as_str() {
            "" | crate::run::step::undo::NOTHING => ended.result,
            undone if ended.result.is_empty() => undone.to_owned(),
            undone => format!("{}; {undone}", ended.result),
        };
        Step {
            name: label(step),
            attempt: step.attempt,
            state,
            x,
            width: ((end - x).max(1.5) * 10.0).round() / 10.0,
            began: self.since(step.at),
            took: ended.at.map(|end| seconds(between(step.at, end))).unwrap_or_default(),
            result: self.gate.pass(&result),
        }
    }

    /// What a step made in the account.
    fn resource(&self, build: &BuildRecord, name: &str, step: &StepRecord) -> Option<Resource> {
        let (_, kind) = MAKERS.iter().find(|(maker, _)| *maker == step.step)?;
        let ended = self.ends.get(&step.intent).cloned().unwrap_or_default();
        let state = match &step.state {
            State::Void => return None,
            State::Begun => "perhaps there",
            State::Undone => "gone",
            State::Done(_) if is_final(build, step) => "final",
            State::Done(_) => "there",
        };
        let region = match step.of.is_empty() {
            true => self.record.head.ways.get(name).map(|way| way.region.clone()).unwrap_or_default(),
            false => step.of.clone(),
        };
        Some(Resource { kind: (*kind).to_owned(), id: ended.result, region, state })
    }

    /// A problem as a terminal shows it, with its place in the program as that is now.
    fn rendered(&self, problem: &Problem) -> String {
        let read = |path: &str| {
            let text = std::fs::read_to_string(self.current.join(path)).ok()?;
            Some(self.gate.pass(&text))
        };
        let mut sources = Sources::new();
        let told = diagnostic(&self.gate.pass_problem(problem.clone()), &mut sources, &read);
        let style = Style { colour: false, unicode: true, links: false, width: 100 };
        render(&[told], &sources, &Format::Human(style))
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Without what nobody reads.
fn whole(time: Duration) -> Duration {
    match time.as_secs() {
        0 => Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or_default()),
        seconds => Duration::from_secs(seconds),
    }
}
