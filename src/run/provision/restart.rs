//! `reboot` and `windows-restart`: the machine restarts, and is waited for until it is another start of the same machine.
//!
//! That it answers proves nothing: it may not have gone down yet. So the machine is asked before and afterwards since when it runs,
//! and only where it cannot say that, a lost connection counts. The host key is the one that was pinned. Neighbours: `ssh` connects
//! again.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::shell::{output, passes};
use crate::diagnostic::code;
use crate::run::build::{Reboot, Restart};
use crate::run::event::Events;
use crate::run::problem::Problem;
use crate::run::render::{RunValues, rendered};
use crate::run::ssh::{Exit, Shell};

/// Between two looks at a machine that restarts.
const AGAIN: Duration = Duration::from_secs(1);

/// What differs from start to start.
const START: &str = "cat /proc/sys/kernel/random/boot_id 2>/dev/null || sysctl -n kern.boottime";
/// The same of Windows.
const WINDOWS_START: &str =
    "powershell -NoProfile -Command \"(Get-CimInstance Win32_OperatingSystem).LastBootUpTime.Ticks\"";
/// What Windows says where it restarts already: a shutdown is in progress, or has been scheduled.
const UNDER_WAY: [u32; 2] = [1115, 1190];

/// A restart.
struct Wanted<'a> {
    command: String,
    start: &'a str,
    check: Option<String>,
    within: Duration,
    valid: &'a [u32],
}

pub(super) async fn reboot(
    work: &Reboot,
    shell: &mut Shell,
    values: &dyn RunValues,
    events: &Events,
) -> Result<(), Problem> {
    let wanted = Wanted {
        command: rendered(&work.command, values)?,
        start: START,
        check: work.check_command.as_ref().map(|c| rendered(c, values)).transpose()?,
        within: work.timeout,
        valid: &[],
    };
    restart(&wanted, shell, events).await.map(|_| ())
}

pub(super) async fn windows(
    work: &Restart,
    shell: &mut Shell,
    values: &dyn RunValues,
    events: &Events,
) -> Result<(), Problem> {
    let wanted = Wanted {
        command: rendered(&work.command, values)?,
        start: WINDOWS_START,
        check: work.check_command.as_ref().map(|c| rendered(c, values)).transpose()?,
        within: work.timeout,
        valid: &UNDER_WAY,
    };
    let end = restart(&wanted, shell, events).await?;
    for key in &work.registry_keys {
        let key = rendered(key, values)?;
        let command =
            format!("powershell -NoProfile -Command \"Test-Path -LiteralPath '{}'\"", key.replace('\'', "''"));
        loop {
            let said = answered(shell, &command).await?;
            if said.is_some_and(|said| said.trim() == "False") {
                break;
            }
            let late = || {
                Problem::failed(
                    code::RUN_WAIT,
                    format!("the registry still has `{key}` after {}", super::time(work.timeout)),
                )
                .help("another restart may be due; give it more time with `restart_timeout`")
            };
            wait(shell, end).await?.ok_or_else(late)?;
        }
    }
    Ok(())
}

/// Restarts the machine and waits until it is back; until when it may take.
async fn restart(wanted: &Wanted<'_>, shell: &mut Shell, events: &Events) -> Result<Instant, Problem> {
    let before = shell.ask(wanted.start).await?;
    events.say("restarting the machine");
    let end = Instant::now() + wanted.within;
    let ran = shell.run(&wanted.command, None, &mut |pipe, line| output(events, pipe, line)).await;
    match ran {
        // It may take the connection down so soon that not even its beginning is told; since when the machine runs tells what came of it.
        Err(problem) if !(shell.is_lost() && passes(&problem)) => return Err(problem),
        Err(_) | Ok(Exit::Lost(_) | Exit::Signal(_) | Exit::Status(0)) => {}
        Ok(Exit::Status(status)) if wanted.valid.contains(&status) => {}
        Ok(Exit::Status(_)) if shell.is_lost() => {}
        Ok(Exit::Status(status)) => {
            let message = format!("the command that restarts the machine ended with the exit status {status}");
            return Err(Problem::failed(code::RUN_SCRIPT, message));
        }
    }
    let late = || {
        Problem::failed(code::RUN_WAIT, format!("the machine has not come back within {}", super::time(wanted.within)))
            .help("give it more time with `restart_timeout`")
    };
    let mut lost = false;
    loop {
        lost |= shell.is_lost();
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(late());
        }
        match back(wanted, shell, left).await {
            Ok(Some(start)) if before.as_ref().is_some_and(|before| *before != start) => break,
            Ok(_) if before.is_none() && lost && !shell.is_lost() => break,
            Ok(_) => {}
            Err(problem) if passes(&problem) => lost = true,
            Err(problem) => return Err(problem),
        }
        wait(shell, end).await?.ok_or_else(late)?;
    }
    events.say("the machine is back");
    if let Some(check) = &wanted.check {
        while answered(shell, check).await?.is_none() {
            let late = || {
                Problem::failed(
                    code::RUN_WAIT,
                    format!("`{check}` has not succeeded within {}", super::time(wanted.within)),
                )
                .help("give it more time with `restart_timeout`")
            };
            wait(shell, end).await?.ok_or_else(late)?;
        }
    }
    Ok(end)
}

/// What the machine says of its start, once it can be reached.
async fn back(wanted: &Wanted<'_>, shell: &mut Shell, left: Duration) -> Result<Option<String>, Problem> {
    if shell.is_lost() {
        shell.reconnect(left).await?;
    }
    shell.ask(wanted.start).await
}

/// What a command says; nothing where it does not succeed, or the machine is away again.
async fn answered(shell: &mut Shell, command: &str) -> Result<Option<String>, Problem> {
    match shell.ask(command).await {
        Err(problem) if passes(&problem) => Ok(None),
        other => other,
    }
}

/// Waits a moment; nothing where the time is up.
async fn wait(shell: &Shell, end: Instant) -> Result<Option<()>, Problem> {
    if Instant::now() >= end {
        return Ok(None);
    }
    tokio::select! {
        () = sleep(AGAIN) => Ok(Some(())),
        problem = shell.stop() => Err(problem),
    }
}
