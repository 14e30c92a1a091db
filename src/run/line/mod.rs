//! The way of one build, as a straight line over journalled steps. Read `ebs` first.
//!
//! Lines know what comes after what, nothing of how it is done. Neighbours: `step` does it, `provision` works on the machine.

pub mod ebs;
mod images;
mod machine;
pub mod null;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use super::build::{Build, Provisioner, Script, Ssh, Work};
use super::event::{Artifact, What, ms};
use super::journal::fold::{BuildRecord, State};
use super::journal::line::Entry;
use super::key;
use super::pause::Answer;
use super::problem::Problem;
use super::provision::{Ground, provision};
use super::render::RunValues;
use super::ssh::{self, Compared, HostKeyPin, Shell, Target};
use super::step::launch::console;
use super::step::publish::Finish;
use super::step::{Cx, Step};
use crate::diagnostic::code;

/// What a build has made.
pub struct Baked {
    /// Its images.
    pub artifact: Artifact,
    /// What templates know of its machine.
    pub facts: BTreeMap<String, String>,
    /// What was to go then, and has not.
    pub left: Vec<Problem>,
}

/// The step of a connection, whose result is the machine's host key.
pub const CONNECT: &str = "connect";
/// The step that takes the temporary key away from the machine.
pub const FORGET_KEY: &str = "forget_key";
/// The step of a provisioner.
pub const PROVISION: &str = "provision";

/// Connects to a machine; the host key of a former connection of the attempt must be shown again. That of an instance is looked for on
/// its console.
///
/// # Errors
/// The phase in which it failed.
async fn connect(
    cx: &Cx,
    target: &Target,
    ssh: &Ssh,
    key_file: Option<&PathBuf>,
    instance: Option<&str>,
) -> Result<Shell, Problem> {
    let known = cx.known(CONNECT, "").and_then(|step| match &step.state {
        State::Done(result) => {
            let before = result["bastions"].as_array().into_iter().flatten().filter_map(|line| line.as_str());
            Some(HostKeyPin::of(result["host_key"].as_str()?)?.with_before(before))
        }
        _ => None,
    });
    let about = format!("connecting to {target} as {}{}", ssh.username, through(ssh));
    cx.events.tell(What::StepStarted { step: CONNECT.to_owned(), about });
    let start = Instant::now();
    let mut pin = known.clone().unwrap_or_default();
    let mut shell = open(cx, target, ssh, key_file, &pin, instance).await?;
    if !ssh.pause.is_zero() {
        // The first one only shows that the machine is up: it may still restart, and have other keys then.
        shell.close().await;
        cx.events.say(format!("it can be reached; connecting again in {} s", ssh.pause.as_secs_f32()));
        tokio::select! {
            () = tokio::time::sleep(ssh.pause) => {}
            () = cx.cancel.cancelled() => return Err(Problem::cancelled()),
        }
        let before = pin.lines_before();
        pin = known.clone().unwrap_or_default().with_before(before.iter().map(String::as_str));
        shell = open(cx, target, ssh, key_file, &pin, instance).await?;
    }
    if known.is_none() {
        if let Some(id) = instance {
            compare(cx, id, &pin).await?;
        }
        let intent = cx
            .append(Entry::Intent {
                build: cx.build.to_string(),
                attempt: cx.attempt,
                step: CONNECT.to_owned(),
                of: String::new(),
                data: json!({ "host": target.host, "port": target.port }),
            })
            .await?;
        cx.append(Entry::Result { intent, result: json!({ "host_key": pin.line(), "bastions": pin.lines_before() }) })
            .await?;
    }
    let result = pin.fingerprint().map_or_else(|| "connected".to_owned(), |f| format!("connected, host key {f}"));
    cx.events.tell(What::StepDone { step: CONNECT.to_owned(), result, ms: ms(start.elapsed()) });
    cx.paused(CONNECT).await;
    Ok(shell)
}

/// What is gone through, in words.
fn through(ssh: &Ssh) -> String {
    let bastions = ssh.bastions.iter().map(|b| Target { host: b.host.clone(), port: b.port }.to_string());
    let proxy = ssh.proxy.iter().map(|p| format!("the proxy {}:{}", p.host, p.port));
    let all: Vec<String> = proxy.chain(bastions).collect();
    if all.is_empty() { String::new() } else { format!(" through {}", all.join(", ")) }
}

/// Takes the temporary key out of the machine's `authorized_keys`. Afterwards nobody connects by it any more: a run that goes on knows
/// that from the journal.
///
/// # Errors
/// Where the connection is lost. That a file cannot be written fails nothing: the key opens no other machine.
async fn forget_key(cx: &Cx, shell: &mut Shell, key_file: &Path) -> Result<(), Problem> {
    let key = key::read(key_file)?;
    let line = key::public_line(&key, "")?;
    let blob = line.split_whitespace().nth(1).unwrap_or_default();
    let about = "taking the temporary key out of `authorized_keys`".to_owned();
    let intent = cx
        .append(Entry::Intent {
            build: cx.build.to_string(),
            attempt: cx.attempt,
            step: FORGET_KEY.to_owned(),
            of: String::new(),
            data: json!(null),
        })
        .await?;
    cx.events.tell(What::StepStarted { step: FORGET_KEY.to_owned(), about });
    let start = Instant::now();
    let left = shell.forget_key(blob).await?;
    for why in &left {
        cx.events.say(format!("the temporary key may still stand in {why}"));
    }
    cx.append(Entry::Result { intent, result: json!(null) }).await?;
    let result = "the temporary key opens the machine no more".to_owned();
    cx.events.tell(What::StepDone { step: FORGET_KEY.to_owned(), result, ms: ms(start.elapsed()) });
    Ok(())
}

/// Opens a connection; where it never comes, the console of an instance may say why.
async fn open(
    cx: &Cx,
    target: &Target,
    ssh: &Ssh,
    key_file: Option<&PathBuf>,
    pin: &HostKeyPin,
    instance: Option<&str>,
) -> Result<Shell, Problem> {
    let keys = match key_file {
        Some(file) => vec![key::read(file)?],
        None => Vec::new(),
    };
    let connecting = Box::pin(ssh::connect(target, ssh, &keys, pin, &cx.events, &cx.cancel));
    match (connecting.await, instance) {
        (Err(problem), Some(id)) if problem.code == code::RUN_SSH_CONNECT => Err(with_console(cx, id, problem).await),
        (outcome, _) => outcome,
    }
}

/// Compares the pinned host key once with those that the console shows, where it shows any.
async fn compare(cx: &Cx, instance: &str, pin: &HostKeyPin) -> Result<(), Problem> {
    // Packer does not ask.
    if cx.run.packer_defaults {
        return Ok(());
    }
    let Some(console) = console(cx, instance).await else { return Ok(()) };
    match pin.compare(&ssh::fingerprints(&console)) {
        Compared::Same => cx.events.say("the console of the machine shows the same host key"),
        Compared::Unknown => {}
        Compared::Other => {
            let key = pin.fingerprint().unwrap_or_default();
            let message = format!("the host key `{key}` is none of those that the console of {instance} shows");
            let help = "somebody may stand between; if the image makes new host keys late, let it do so before its SSH server \
                        starts";
            return Err(Problem::failed(code::RUN_SSH_HOST_KEY, message).help(help));
        }
    }
    Ok(())
}

/// How much of a console is shown.
const LAST_LINES: usize = 12;

/// The failure of a connection, with the last that the machine has written on its console.
async fn with_console(cx: &Cx, instance: &str, problem: Problem) -> Problem {
    let Some(console) = console(cx, instance).await else { return problem };
    let plain = ::console::strip_ansi_codes(&console);
    let lines = plain.lines().map(|line| line.replace(|c: char| c.is_control() && c != '\t', ""));
    let lines: Vec<String> = lines.filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return problem;
    }
    let help = problem.help.clone().unwrap_or_else(|| "look at what the machine says".to_owned());
    let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n  ");
    problem.help(format!("{help}\nthe last lines of the console of {instance}:\n  {last}"))
}

/// The machine of a build, as its steps find it.
struct Machine<'a> {
    /// The connection, where there is one.
    shell: Option<Shell>,
    /// How it was made.
    ssh: Option<(&'a Ssh, Option<&'a Path>)>,
    /// What templates know.
    values: &'a dyn RunValues,
}

impl Machine<'_> {
    async fn close(self) {
        if let Some(shell) = self.shell {
            shell.close().await;
        }
    }
}

/// Runs the provisioners of a build that have not been run yet, in order; after a failure those that clean up.
///
/// # Errors
/// The first that failed.
async fn provision_all(cx: &Cx, build: &Build, machine: &mut Machine<'_>) -> Result<(), Problem> {
    for (index, step) in build.provisioners.iter().enumerate() {
        while let Err(problem) = provision_one(cx, index, step, machine).await {
            let problem = problem.at(step.origin.clone());
            // Nothing can be tried or cleaned up on a machine that is gone.
            if machine::is_taken_back(cx, build, &problem).await {
                return Err(problem);
            }
            match cx.asked(&problem).await {
                Some(Answer::Again) => continue,
                Some(Answer::Abort) => return Err(problem),
                Some(Answer::GoOn) | None => {}
            }
            // Who ended the build wants it cleaned up too; only who waits for nothing does not.
            let cx = &Cx { cancel: cx.cancel.of_last_things(), ..cx.clone() };
            if let Some(shell) = &mut machine.shell {
                shell.set_cancel(cx.cancel.clone());
            }
            for cleanup in &build.cleanups {
                cx.events.say(format!("cleaning up by `{}`", named(cleanup)));
                if let Err(also) = act(cx, cleanup, machine).await {
                    cx.events.warn(format!("cleaning up failed as well: {also}"));
                }
            }
            return Err(problem);
        }
    }
    Ok(())
}

async fn provision_one(cx: &Cx, index: usize, step: &Provisioner, machine: &mut Machine<'_>) -> Result<(), Problem> {
    let of = index.to_string();
    let known = cx.known(PROVISION, &of);
    if known.as_ref().is_some_and(|known| matches!(known.state, State::Done(_))) {
        return Ok(());
    }
    if cx.cancel.is_cancelled() {
        return Err(Problem::cancelled());
    }
    if let Some(known) = known.filter(|known| known.state == State::Begun) {
        // From now on the new one counts, on the same machine.
        cx.append(Entry::Void { intent: known.intent, why: "it is run again".to_owned() }).await?;
    }
    let about = format!("provisioning by `{}`", named(step));
    let intent = cx
        .append(Entry::Intent {
            build: cx.build.to_string(),
            attempt: cx.attempt,
            step: PROVISION.to_owned(),
            of,
            data: json!({ "kind": step.kind, "label": step.label }),
        })
        .await?;
    cx.events.tell(What::StepStarted { step: PROVISION.to_owned(), about });
    let start = Instant::now();
    act(cx, step, machine).await?;
    cx.append(Entry::Result { intent, result: json!(null) }).await?;
    let result = format!("`{}` done", named(step));
    cx.events.tell(What::StepDone { step: PROVISION.to_owned(), result, ms: ms(start.elapsed()) });
    cx.paused(PROVISION).await;
    Ok(())
}

async fn act(cx: &Cx, step: &Provisioner, machine: &mut Machine<'_>) -> Result<(), Problem> {
    if machine.shell.is_none() && step.work.connects() {
        let message = format!("`{}` needs a connection, and the builder has none", step.kind);
        return Err(Problem::failed(code::RUN_OPTION, message).help("give the builder a `communicator`"));
    }
    let mut ground = Ground {
        shell: machine.shell.as_mut(),
        machine: machine.ssh,
        keyboard: cx.keyboard.as_ref(),
        build: &cx.build,
        rehearsed: cx.run.rehearsed(),
        ..Ground::here(machine.values, &cx.events, &cx.cancel)
    };
    provision(step, &mut ground).await
}

fn named(step: &Provisioner) -> String {
    let kind = &step.kind;
    match (&step.label, &step.work) {
        (Some(label), _) => label.clone(),
        (None, Work::Shell(shell)) => of_one(kind, &shell.scripts),
        (None, Work::Local(local)) => of_one(kind, &local.scripts),
        (None, Work::PowerShell(shell)) => of_one(kind, &shell.scripts),
        (None, Work::File(carry)) => format!("{kind} {}", carry.destination),
        (None, Work::Ansible(ansible)) => format!("{kind} {}", ansible.playbook.display()),
        (None, Work::AnsibleLocal(ansible)) => match ansible.playbooks.as_slice() {
            [one] => format!("{kind} {}", one.display()),
            _ => kind.clone(),
        },
        (None, Work::Breakpoint(_) | Work::Restart(_) | Work::Reboot(_)) => kind.clone(),
    }
}

fn of_one(kind: &str, scripts: &[Script]) -> String {
    match scripts {
        [Script::File(path)] => format!("{kind} {}", path.display()),
        _ => kind.to_owned(),
    }
}

/// Whether images of a build were being marked as final: it is not undone any more.
pub fn is_final(cx: &Cx) -> bool {
    cx.known(Finish::NAME, "").is_some_and(|step| step.state.stands())
}

/// Why an attempt cannot go on that was interrupted within a provisioner.
pub const PROVISIONER: &str = "a provisioner was interrupted";

/// Why an attempt cannot go on, where it cannot: a provisioner was begun and never ended, or the way back was.
pub fn interrupted(build: &BuildRecord) -> Option<&'static str> {
    if build.back.is_some() {
        return Some("it was being undone");
    }
    let mut own = build.steps.iter().filter(|s| s.attempt == build.attempt);
    own.find_map(|step| match (&step.state, step.step.as_str()) {
        (State::Undone, _) => Some("a part of it was undone"),
        (State::Begun, PROVISION) => Some(PROVISIONER),
        // It may be gone already, and then nobody is let in.
        (State::Begun, FORGET_KEY) => Some("its key was being taken away from the machine"),
        _ => None,
    })
}
