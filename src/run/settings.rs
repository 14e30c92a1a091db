//! How a run is made, and how it ended.
//!
//! Neighbours: `mod` and `settle` take the first and give the second.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::aws::Reach;
use super::input::Moment;
use super::journal::line::End;
use super::output::Output;
use super::pause::Pause;
use super::preflight::Depth;
use super::problem::{Kind, Problem};
use super::step::ABSENCE;

/// What becomes of a machine when its build fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// Everything is undone.
    #[default]
    Cleanup,
    /// Nothing is undone: `clean` does it later.
    Abort,
    /// The same, but the steps that clean up are run on the machine.
    RunCleanupProvisioner,
    /// Somebody at the keyboard says it.
    Ask,
}

/// How a run is made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder that holds the folders of all runs.
    pub runs: PathBuf,
    /// How many builds are made at once; all where it is 0.
    pub parallel: usize,
    /// What becomes of what a failed build has made.
    pub on_error: OnError,
    /// Whether former images of the same name make room.
    pub force: bool,
    /// How the account is reached.
    pub reach: Reach,
    /// Where SSH is reached instead of at the machines' own addresses: a rehearsal's server.
    pub ssh_at: Option<SocketAddr>,
    /// Where every bastion is reached then.
    pub bastion_at: Option<SocketAddr>,
    /// How long the run may take.
    pub timeout: Option<Duration>,
    /// Whether all is done as Packer does it.
    pub packer_defaults: bool,
    /// How long an empty look-up is not believed, in AWS's time.
    pub absence: Duration,
    /// How long a lease is, in AWS's time; as long as the clock asks for where it is not said.
    pub lease: Option<Duration>,
    /// Whether nothing is really built.
    pub rehearsed: bool,
    /// The plan, kept with the run.
    pub plan: String,
    /// How it was asked for, kept with the run for those who go on with it.
    pub kept: String,
    /// Files to be written when it is over.
    pub outputs: Vec<Output>,
    /// Whether what was interrupted in the middle is run again: provisioners on the same machine, commands on this one.
    pub again: bool,
    /// How much is asked beforehand about permissions.
    pub depth: Depth,
    /// Who is asked before the next step begins.
    pub pause: Option<Pause>,
    /// Who sits at the keyboard: asked at breakpoints, and after failures where that is wanted.
    pub keyboard: Option<Pause>,
    /// The moment of the run.
    pub moment: Moment,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            runs: PathBuf::from(".bakec/runs"),
            parallel: 0,
            on_error: OnError::default(),
            force: false,
            reach: Reach::default(),
            ssh_at: None,
            bastion_at: None,
            timeout: None,
            packer_defaults: false,
            absence: ABSENCE,
            lease: None,
            rehearsed: false,
            plan: String::new(),
            kept: String::new(),
            outputs: Vec::new(),
            again: false,
            depth: Depth::default(),
            pause: None,
            keyboard: None,
            moment: Moment::now(),
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The run's name; none where nothing was begun.
    pub run: Option<String>,
    /// How each build ended, in the plan's order.
    pub ends: Vec<(String, End)>,
    /// Why nothing was begun.
    pub refused: Vec<Problem>,
    /// What may be left behind.
    pub left: Vec<Problem>,
    /// Outputs that could not be written.
    pub unwritten: Vec<Problem>,
    /// Whether somebody wanted it to end.
    pub cancelled: bool,
    /// How many calls to AWS were made.
    pub calls: u64,
}

/// Whether a failure is the wish of somebody.
pub fn is_cancelled(end: &End) -> bool {
    matches!(end, End::Failed { problem } | End::Unprocessed { problem, .. } if problem.kind == Kind::Cancelled)
}
