//! What happens in a run, as one stream: who runs tells it here, reporters fold it.
//!
//! Secrets are hidden here, once, for all readers. Neighbours: the reporters of floor 7 read the other end.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::metrics::{Action, Metrics};
use super::problem::Problem;
use super::secret::Gate;

/// Version of this data format.
pub const FORMAT: u32 = 1;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "An event of a run", extend("unevaluatedProperties" = false))]
pub struct Event {
    /// When, by the local clock.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// In which build; nowhere for what concerns the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<Arc<str>>,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// Nothing is begun: the plan, a file or the account does not allow it.
    Refused {
        /// Why.
        problem: Problem,
    },
    /// A run begins, or goes on.
    RunStarted {
        /// Version of the events' format.
        format: u32,
        /// The run.
        run: String,
        /// Its builds by name, in the plan's order.
        builds: Vec<String>,
        /// Where its records lie.
        folder: String,
        /// Whether it goes on where another process stopped.
        resumed: bool,
        /// Whether nothing is really built.
        #[serde(default)]
        rehearsed: bool,
    },
    /// A build begins.
    BuildStarted {
        /// The kind of builder.
        kind: String,
    },
    /// A step begins.
    StepStarted {
        /// Its name: `launch`.
        step: String,
        /// What it does, for people: `launching a t3.micro`.
        about: String,
    },
    /// A step has ended well.
    StepDone {
        /// Its name.
        step: String,
        /// What came of it, for people: `i-0123 is running`.
        result: String,
        /// How long it took, in milliseconds.
        ms: u64,
    },
    /// What a step did is undone.
    StepUndone {
        /// Its name.
        step: String,
        /// What was undone, for people.
        result: String,
    },
    /// Something that people should know.
    Say {
        /// The words.
        text: String,
    },
    /// Something that people should worry about.
    Warn {
        /// The words.
        text: String,
    },
    /// A line that a command wrote, on the machine or here.
    Output {
        /// Whether it stood on standard error.
        error: bool,
        /// The line without its end.
        line: String,
    },
    /// A step waits for something.
    Waiting {
        /// For what, for people: `image ami-1 is pending, 40%`.
        text: String,
    },
    /// A call to AWS has ended.
    Call {
        /// The action.
        action: String,
        /// The region.
        region: String,
        /// How long it took, in milliseconds.
        ms: u64,
        /// The code of the error, where it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A build has made its image.
    BuildDone {
        /// What it made.
        artifact: Artifact,
    },
    /// A build has failed, was refused or cancelled.
    BuildFailed {
        /// Why.
        problem: Problem,
        /// What it has made all the same, and stays: then it was a post-processor that failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        made: Option<Artifact>,
    },
    /// The run is over.
    RunDone {
        /// How many builds ended well.
        done: usize,
        /// How many did not.
        failed: usize,
        /// What may be left behind, for people.
        left: Vec<String>,
        /// The same with what to do about it, in the same order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        remains: Vec<Problem>,
        /// How many calls to AWS were made.
        calls: u64,
        /// How the calls went, by action.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        actions: Vec<Action>,
    },
}

/// What a build made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// Packer's name of the maker: `mitchellh.amazonebs`.
    pub builder_id: String,
    /// `region:ami,region:ami`, sorted by region; empty where no image was asked for.
    pub id: String,
    /// The images by region.
    pub images: Vec<(String, String)>,
}

/// How a schema tells moments.
#[derive(JsonSchema)]
#[schemars(inline, extend("format" = "date-time"))]
#[allow(dead_code)]
pub(super) struct Moment(String);

tokio::task_local! {
    /// The build that a task works for: what it tells through a stream of the run, such as calls, belongs to the build.
    pub static BUILD: Arc<str>;
}

/// The end of the stream that a run writes to.
#[derive(Clone)]
pub struct Events {
    gate: Gate,
    build: Option<Arc<str>>,
    metrics: Metrics,
    out: mpsc::UnboundedSender<Event>,
}

impl Events {
    /// A stream and its reader.
    pub fn new(gate: Gate) -> (Events, mpsc::UnboundedReceiver<Event>) {
        let (out, reader) = mpsc::unbounded_channel();
        (Events { gate, build: None, metrics: Metrics::default(), out }, reader)
    }

    /// The same stream, for what a build tells.
    pub fn of_build(&self, build: &Arc<str>) -> Events {
        Events { build: Some(build.clone()), ..self.clone() }
    }

    /// The gate that hides the secrets.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// How the calls went that were told.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Tells.
    pub fn tell(&self, what: What) {
        if let What::Call { action, ms, error, .. } = &what {
            self.metrics.count(action, *ms, error.as_deref());
        }
        let build = self.build.clone().or_else(|| BUILD.try_with(Clone::clone).ok());
        let event = Event { at: Timestamp::now(), build, what: self.hidden(what) };
        // A run goes on where nobody listens.
        let _ = self.out.send(event);
    }

    /// Tells people.
    pub fn say(&self, text: impl Into<String>) {
        self.tell(What::Say { text: text.into() });
    }

    /// Warns people.
    pub fn warn(&self, text: impl Into<String>) {
        self.tell(What::Warn { text: text.into() });
    }

    fn hidden(&self, what: What) -> What {
        let pass = |text: String| self.gate.pass(&text);
        match what {
            What::StepStarted { step, about } => What::StepStarted { step, about: pass(about) },
            What::StepDone { step, result, ms } => What::StepDone { step, result: pass(result), ms },
            What::StepUndone { step, result } => What::StepUndone { step, result: pass(result) },
            What::Say { text } => What::Say { text: pass(text) },
            What::Warn { text } => What::Warn { text: pass(text) },
            What::Output { error, line } => What::Output { error, line: pass(line) },
            What::Waiting { text } => What::Waiting { text: pass(text) },
            What::BuildFailed { problem, made } => What::BuildFailed { problem: self.gate.pass_problem(problem), made },
            What::Refused { problem } => What::Refused { problem: self.gate.pass_problem(problem) },
            What::RunDone { left, remains, done, failed, calls, actions } => {
                let left = left.into_iter().map(pass).collect();
                let remains = remains.into_iter().map(|p| self.gate.pass_problem(p)).collect();
                What::RunDone { done, failed, left, remains, calls, actions }
            }
            other @ (What::RunStarted { .. }
            | What::BuildStarted { .. }
            | What::Call { .. }
            | What::BuildDone { .. }) => other,
        }
    }
}

/// Whole milliseconds.
pub fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
