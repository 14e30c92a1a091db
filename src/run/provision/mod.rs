//! What is done on a machine once a shell is there, and here meanwhile: Packer's provisioners, with Packer's meaning.
//!
//! It must not know where the machine comes from. In reading order: this file waits, limits and tries again, and `ground` is what a
//! step finds; `shell` runs scripts over `environment`; `file` carries files; `local` runs scripts here, `breakpoint` waits for
//! somebody; `powershell` (with `elevated`) and `restart` are for Windows, and for all that restarts; `ansible` and `ansible_local`
//! run playbooks over `galaxy`. Neighbours: `ssh` is the connection, `process` a command here, `render` the run-time language.

mod ansible;
mod ansible_local;
mod breakpoint;
mod elevated;
mod environment;
mod file;
mod galaxy;
mod ground;
pub mod local;
mod powershell;
mod restart;
mod shell;

use std::time::Duration;

use tokio::time::Instant;

use super::build::{Provisioner, Work};
use super::problem::{Kind, Problem};
use crate::diagnostic::code;
pub use ansible::ready;
pub use ground::Ground;

/// Does the work: waits before it, ends it when its time is up, and tries again as often as is asked for.
pub async fn provision(work: &Provisioner, ground: &mut Ground<'_>) -> Result<(), Problem> {
    let name = work.label.as_ref().map_or_else(|| work.kind.clone(), |label| format!("{} \"{label}\"", work.kind));
    let mut left = work.max_retries;
    loop {
        if !work.pause_before.is_zero() {
            ground.events.say(format!("waiting {} before `{name}`", time(work.pause_before)));
            ground.rest(work.pause_before).await?;
        }
        ground.deadline = work.timeout.map(|time| Instant::now() + time);
        if let Some(shell) = &mut ground.shell {
            shell.set_deadline(ground.deadline);
        }
        let result = act(&work.work, ground).await;
        ground.deadline = None;
        if let Some(shell) = &mut ground.shell {
            shell.set_deadline(None);
        }
        let problem = match result {
            Ok(()) => return Ok(()),
            Err(problem) => late(problem, work.timeout, &name).at(work.origin.clone()),
        };
        // A host key that has changed does not change back.
        if left == 0 || problem.kind == Kind::Cancelled || problem.code == code::RUN_SSH_HOST_KEY {
            return Err(problem);
        }
        let more = if left == 1 { "once more".to_owned() } else { format!("up to {left} times more") };
        ground.events.warn(format!("`{name}` failed: {problem}; trying {more}"));
        left -= 1;
    }
}

async fn act(work: &Work, ground: &mut Ground<'_>) -> Result<(), Problem> {
    let (values, events) = (ground.values, ground.events);
    match work {
        Work::Shell(scripts) => shell::run(scripts, ground.connected()?, values, events).await,
        Work::File(carry) => file::carry(carry, ground).await,
        Work::Local(local) => local::run(local, ground).await,
        Work::Breakpoint(point) => breakpoint::wait(point, ground).await,
        Work::PowerShell(scripts) => powershell::run(scripts, ground.connected()?, values, events).await,
        Work::Restart(work) => restart::windows(work, ground.connected()?, values, events).await,
        Work::Reboot(work) => restart::reboot(work, ground.connected()?, values, events).await,
        Work::Ansible(work) => ansible::run(work, ground).await,
        Work::AnsibleLocal(work) => ansible_local::run(work, ground.connected()?, values, events).await,
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
        fn check(work: &Provisioner, ground: &mut Ground<'_>) {
            sendable(&provision(work, ground));
        }
    }
}
