//! What is done on a machine once a shell is there: Packer's provisioners, with Packer's meaning.
//!
//! It must not know where the machine comes from. In reading order: this file waits, limits and tries again; `shell` runs scripts
//! over `environment`; `file` carries files. Neighbours: `ssh` is the connection, `render` the run-time language.

mod environment;
mod file;
mod shell;

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::build::{Provisioner, Work};
use super::cancel::Cancel;
use super::event::Events;
use super::problem::{Kind, Problem};
use super::render::RunValues;
use super::ssh::Shell;
use crate::diagnostic::code;

/// Does the work on the machine: waits before it, ends it when its time is up, and tries again as often as is asked for.
pub async fn provision(
    work: &Provisioner,
    shell: &mut Shell,
    values: &dyn RunValues,
    events: &Events,
    cancel: &Cancel,
) -> Result<(), Problem> {
    let name = work.label.as_ref().map_or_else(|| work.kind.clone(), |label| format!("{} \"{label}\"", work.kind));
    let mut left = work.max_retries;
    loop {
        if !work.pause_before.is_zero() {
            events.say(format!("waiting {} before `{name}`", time(work.pause_before)));
            pause(work.pause_before, cancel).await?;
        }
        shell.set_deadline(work.timeout.map(|time| Instant::now() + time));
        let result = match &work.work {
            Work::Shell(scripts) => shell::run(scripts, shell, values, events).await,
            Work::File(carry) => file::carry(carry, shell, values, events).await,
        };
        shell.set_deadline(None);
        let problem = match result {
            Ok(()) => return Ok(()),
            Err(problem) => late(problem, work.timeout, &name).at(work.origin.clone()),
        };
        // A host key that has changed does not change back.
        if left == 0 || problem.kind == Kind::Cancelled || problem.code == code::RUN_SSH_HOST_KEY {
            return Err(problem);
        }
        let more = if left == 1 { "once more".to_owned() } else { format!("up to {left} times more") };
        events.warn(format!("`{name}` failed: {problem}; trying {more}"));
        left -= 1;
    }
}

/// Says which limit was reached.
fn late(problem: Problem, limit: Option<Duration>, name: &str) -> Problem {
    match limit {
        Some(limit) if problem.code == code::RUN_TIMEOUT => {
            Problem::failed(code::RUN_TIMEOUT, format!("`{name}` did not end within {}", time(limit)))
                .help("give it more time with `timeout`")
        }
        _ => problem,
    }
}

/// Waits, unless the run is to end.
async fn pause(time: Duration, cancel: &Cancel) -> Result<(), Problem> {
    tokio::select! {
        () = sleep(time) => Ok(()),
        () = cancel.cancelled() => Err(Problem::cancelled()),
    }
}

/// A time for people.
fn time(time: Duration) -> String {
    match (time.as_secs(), time.subsec_millis()) {
        (0, ms) => format!("{ms} ms"),
        (s, 0) if s % 60 == 0 => format!("{} min", s / 60),
        (s, 0) => format!("{s} s"),
        (s, ms) => format!("{s}.{ms:03} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_readable() {
        let shown: Vec<String> = [250, 1_500, 10_000, 300_000].map(|ms| time(Duration::from_millis(ms))).into();
        assert_eq!(shown, ["250 ms", "1.500 s", "10 s", "5 min"]);
    }

    #[test]
    fn it_can_run_in_any_task() {
        fn sendable<T: Send>(_: &T) {}
        #[allow(dead_code)]
        fn check(work: &Provisioner, shell: &mut Shell, values: &dyn RunValues, events: &Events, cancel: &Cancel) {
            sendable(&provision(work, shell, values, events, cancel));
        }
    }
}
