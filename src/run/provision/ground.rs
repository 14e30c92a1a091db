//! What a step finds where it works: the connection, the values, those who watch, and until when it may work.
//!
//! Neighbours: `mod` makes it anew for each try; every kind of step works on it.

use std::path::Path;

use tokio::time::{Instant, sleep};

use crate::diagnostic::code;
use crate::run::build::Ssh;
use crate::run::cancel::Cancel;
use crate::run::event::Events;
use crate::run::pause::Pause;
use crate::run::problem::Problem;
use crate::run::render::RunValues;
use crate::run::ssh::Shell;

/// Where steps work.
pub struct Ground<'a> {
    /// The connection to the machine, where there is one.
    pub shell: Option<&'a mut Shell>,
    /// How it was made: the settings, and the file of the private key.
    pub machine: Option<(&'a Ssh, Option<&'a Path>)>,
    /// What templates know.
    pub values: &'a dyn RunValues,
    /// Who watches.
    pub events: &'a Events,
    /// Who may wish that it ends.
    pub cancel: &'a Cancel,
    /// Who sits at the keyboard.
    pub keyboard: Option<&'a Pause>,
    /// The name of the build.
    pub build: &'a str,
    /// Whether nothing is really done: then nothing is done here either.
    pub rehearsed: bool,
    /// Until when the step may work.
    pub deadline: Option<Instant>,
}

impl<'a> Ground<'a> {
    /// A ground without a machine: a step works here alone.
    pub fn here(values: &'a dyn RunValues, events: &'a Events, cancel: &'a Cancel) -> Self {
        Ground {
            shell: None,
            machine: None,
            values,
            events,
            cancel,
            keyboard: None,
            build: "",
            rehearsed: false,
            deadline: None,
        }
    }

    /// Comes with an error when nothing more shall be done.
    pub fn stop(&self) -> impl Future<Output = Problem> + Send + 'static {
        self.cancel.or_late(self.deadline)
    }

    /// Waits, unless nothing more shall be done.
    pub async fn rest(&self, time: std::time::Duration) -> Result<(), Problem> {
        tokio::select! {
            () = sleep(time) => Ok(()),
            problem = self.stop() => Err(problem),
        }
    }

    /// The connection.
    ///
    /// # Errors
    /// Where there is none.
    pub fn connected(&mut self) -> Result<&mut Shell, Problem> {
        let none = || {
            Problem::failed(code::RUN_OPTION, "the step needs a connection, and the builder has none")
                .help("give the builder a `communicator`")
        };
        self.shell.as_deref_mut().ok_or_else(none)
    }
}
