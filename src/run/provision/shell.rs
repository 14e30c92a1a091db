//! `shell`: each script is written to the machine, made executable, run by a command that a template gives, and removed.
//!
//! How it ended is never assumed: a script whose connection is lost has failed, unless the loss was expected.

use std::time::Duration;

use tokio::fs;
use tokio::time::{Instant, sleep};

use super::environment::{environment, quoted};
use crate::diagnostic::code;
use crate::run::build::{Script, Shell as Scripts};
use crate::run::event::{Events, What};
use crate::run::problem::Problem;
use crate::run::render::{RunValues, With, rendered};
use crate::run::ssh::{Exit, Pipe, Shell, quote};

/// Packer's own number for a script that took its connection with it.
pub(super) const DISCONNECT: u32 = 2_300_218;
/// Between attempts to begin.
pub(super) const AGAIN: Duration = Duration::from_secs(2);

/// What is written to the machine.
enum Content {
    Bytes(Vec<u8>),
    File(fs::File, u64),
}

pub(super) async fn run(
    work: &Scripts,
    shell: &mut Shell,
    values: &dyn RunValues,
    events: &Events,
) -> Result<(), Problem> {
    let path = path(work);
    let variables = environment(&work.environment, &work.env_var_format, quoted, values)?;
    let mut variable_file = String::new();
    if work.use_env_var_file {
        variable_file = format!("{}/varfile_{}.sh", work.remote_folder, number());
        let mut content = Content::Bytes(variables.clone().into_bytes());
        start(work, shell, &mut content, &variable_file, 0o600).await?;
    }
    let fields = [("Path", path.as_str()), ("Vars", variables.as_str()), ("EnvVarFile", variable_file.as_str())];
    let command = rendered(&work.execute_command, &With { values, fields: &fields })?;
    for script in &work.scripts {
        let name = named(script);
        events.say(format!("running {name}"));
        let mut content = content(script, work.binary, values).await?;
        start(work, shell, &mut content, &path, 0o755).await?;
        let exit = shell.run(&command, None, &mut |pipe, line| output(events, pipe, line)).await?;
        judge(work, &name, exit, shell, events).await?;
        if !work.skip_clean {
            clean(work, shell, &path).await?;
            if !variable_file.is_empty() && script == work.scripts.last().unwrap_or(script) {
                clean(work, shell, &variable_file).await?;
            }
        }
    }
    if !work.pause_after.is_zero() {
        events.say(format!("waiting {} after the scripts", super::time(work.pause_after)));
        tokio::select! {
            () = sleep(work.pause_after) => {}
            problem = shell.stop() => return Err(problem),
        }
    }
    Ok(())
}

/// Tells a line that a script wrote.
pub(super) fn output(events: &Events, pipe: Pipe, line: &str) {
    events.tell(What::Output { error: pipe == Pipe::Error, line: line.to_owned() });
}

/// A script for people.
pub(super) fn named(script: &Script) -> String {
    match script {
        Script::File(file) => format!("`{}`", file.display()),
        Script::Inline(_) => "the inline script".to_owned(),
    }
}

/// Where the scripts lie on the machine.
fn path(work: &Scripts) -> String {
    work.remote_path.clone().unwrap_or_else(|| {
        let file = work.remote_file.clone().unwrap_or_else(|| format!("script_{}.sh", number()));
        format!("{}/{file}", work.remote_folder)
    })
}

fn number() -> u16 {
    rand::random_range(0..9999)
}

async fn content(script: &Script, binary: bool, values: &dyn RunValues) -> Result<Content, Problem> {
    let file = match script {
        Script::Inline(text) => return Ok(Content::Bytes(unix(rendered(text, values)?.into_bytes(), binary))),
        Script::File(file) => file,
    };
    let fail = |e: std::io::Error| {
        Problem::failed(code::RUN_SCRIPT, format!("the script `{}` cannot be read: {e}", file.display()))
    };
    if binary {
        let opened = fs::File::open(file).await.map_err(fail)?;
        let size = opened.metadata().await.map_err(fail)?.len();
        return Ok(Content::File(opened, size));
    }
    Ok(Content::Bytes(unix(fs::read(file).await.map_err(fail)?, false)))
}

/// Lines end as the machine's shell wants them, unless every byte matters.
fn unix(bytes: Vec<u8>, binary: bool) -> Vec<u8> {
    if binary || !bytes.contains(&b'\r') {
        return bytes;
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\r' || rest.peek().is_some_and(|next| *next != b'\n') {
            out.push(byte);
        }
    }
    out
}

/// Writes a file to the machine; a connection that is lost meanwhile is made again for as long as a start may take.
async fn start(work: &Scripts, shell: &mut Shell, content: &mut Content, path: &str, mode: u32) -> Result<(), Problem> {
    let end = Instant::now() + work.start_retry_timeout;
    loop {
        match put(shell, content, path, mode).await {
            Err(problem) if passes(&problem) && Instant::now() + AGAIN < end => again(shell, end).await?,
            other => return other,
        }
    }
}

async fn put(shell: &mut Shell, content: &mut Content, path: &str, mode: u32) -> Result<(), Problem> {
    match content {
        Content::Bytes(bytes) => {
            shell.upload(&mut bytes.as_slice(), bytes.len() as u64, path, mode).await?;
        }
        Content::File(file, size) => {
            let fail = |e: std::io::Error| Problem::failed(code::RUN_SCRIPT, format!("the script cannot be read: {e}"));
            tokio::io::AsyncSeekExt::rewind(file).await.map_err(fail)?;
            shell.upload(file, *size, path, mode).await?;
        }
    }
    // Where only `scp` carries files, the machine's mask may have taken permissions away.
    let command = format!("chmod {mode:04o} {}", quote(path));
    match shell.run(&command, None, &mut |_, _| ()).await? {
        Exit::Status(0) => Ok(()),
        Exit::Lost(why) => Err(Problem::failed(code::RUN_SSH_LOST, format!("the SSH connection was lost: {why}"))),
        Exit::Status(_) | Exit::Signal(_) => {
            Err(Problem::failed(code::RUN_SCRIPT, format!("the permissions of `{path}` cannot be set on the machine"))
                .help("choose a folder that the user owns with `remote_folder`"))
        }
    }
}

/// Whether the machine may only be away for a while.
pub(super) fn passes(problem: &Problem) -> bool {
    matches!(problem.code, code::RUN_SSH_LOST | code::RUN_SSH_CONNECT)
}

/// Waits a moment, and connects again where the connection is gone.
pub(super) async fn again(shell: &mut Shell, end: Instant) -> Result<(), Problem> {
    tokio::select! {
        () = sleep(AGAIN) => {}
        problem = shell.stop() => return Err(problem),
    }
    if shell.is_lost() {
        shell.reconnect(end.saturating_duration_since(Instant::now()).max(AGAIN)).await?;
    }
    Ok(())
}

/// Whether the script ended as it may.
async fn judge(work: &Scripts, name: &str, exit: Exit, shell: &mut Shell, events: &Events) -> Result<(), Problem> {
    match exit {
        Exit::Status(status) => allowed(&work.valid_exit_codes, status, name),
        Exit::Signal(signal) => {
            Err(Problem::failed(code::RUN_SCRIPT, format!("{name} was ended by the signal `{signal}`")))
        }
        Exit::Lost(_) if work.expect_disconnect || work.valid_exit_codes.contains(&DISCONNECT) => {
            taken_along(name, work.start_retry_timeout, shell, events).await
        }
        Exit::Lost(why) => Err(Problem::failed(
            code::RUN_SSH_LOST,
            format!("the connection was lost while {name} ran, so nobody knows whether it did its work: {why}"),
        )
        .help("if the script restarts the machine, set `expect_disconnect`")),
    }
}

/// Connects again after a script that was expected to take the connection with it.
pub(super) async fn taken_along(
    name: &str,
    within: Duration,
    shell: &mut Shell,
    events: &Events,
) -> Result<(), Problem> {
    events.say(format!("{name} took the connection with it, as was expected; connecting again"));
    // A machine that goes down may still answer for a moment, or not yet again.
    if shell.is_lost() { shell.reconnect(within.max(AGAIN)).await } else { Ok(()) }
}

/// Whether a status is one of those that a script may end with.
///
/// # Errors
/// Where it is not.
pub(super) fn allowed(codes: &[u32], status: u32, name: &str) -> Result<(), Problem> {
    if codes.contains(&status) || (codes.is_empty() && status == 0) {
        return Ok(());
    }
    let problem = Problem::failed(code::RUN_SCRIPT, format!("{name} ended with the exit status {status}"));
    if codes.is_empty() || codes == [0] {
        return Err(problem);
    }
    let codes: Vec<String> = codes.iter().map(u32::to_string).collect();
    Err(problem.help(format!("`valid_exit_codes` allows {}", codes.join(", "))))
}

/// Removes a file from the machine.
async fn clean(work: &Scripts, shell: &mut Shell, path: &str) -> Result<(), Problem> {
    let end = Instant::now() + work.start_retry_timeout;
    loop {
        let mut said = String::new();
        let removed = shell.run(&format!("rm -f {}", quote(path)), None, &mut |_, line| said = line.to_owned()).await;
        let problem = match removed {
            Ok(Exit::Status(0)) => return Ok(()),
            Ok(Exit::Lost(why)) => Problem::failed(code::RUN_SSH_LOST, format!("the SSH connection was lost: {why}")),
            Ok(_) => {
                let why = said.rsplit(": ").next().unwrap_or_default();
                return Err(Problem::failed(
                    code::RUN_SCRIPT,
                    format!("`{path}` cannot be removed from the machine: {why}"),
                )
                .help("leave it there with `skip_clean`"));
            }
            Err(problem) => problem,
        };
        if !passes(&problem) || Instant::now() + AGAIN >= end {
            return Err(problem);
        }
        again(shell, end).await?;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn work() -> Scripts {
        Scripts {
            scripts: Vec::new(),
            environment: Vec::new(),
            env_var_format: "%s='%s' ".to_owned(),
            use_env_var_file: false,
            execute_command: "chmod +x {{.Path}}; {{.Vars}} {{.Path}}".to_owned(),
            binary: false,
            remote_folder: "/tmp".to_owned(),
            remote_file: None,
            remote_path: None,
            skip_clean: false,
            expect_disconnect: false,
            valid_exit_codes: vec![0],
            start_retry_timeout: Duration::from_secs(300),
            pause_after: Duration::ZERO,
        }
    }

    #[test]
    fn lines_end_as_the_machine_wants_them() {
        let text = |s: &str, binary| String::from_utf8(unix(s.as_bytes().to_vec(), binary)).unwrap();
        assert_eq!(text("a\r\nb\rc\r\r\nd\r", false), "a\nb\rc\r\nd");
        assert_eq!(text("a\r\n", true), "a\r\n");
    }

    #[test]
    fn scripts_have_one_place() {
        let mut work = work();
        let chosen = path(&work);
        let number = chosen.strip_prefix("/tmp/script_").and_then(|p| p.strip_suffix(".sh")).map(str::parse::<u16>);
        assert!(matches!(number, Some(Ok(0..=9998))), "{chosen}");
        work.remote_file = Some("own.sh".to_owned());
        assert_eq!(path(&work), "/tmp/own.sh");
        work.remote_path = Some("/root/all.sh".to_owned());
        assert_eq!(path(&work), "/root/all.sh");
    }
}
