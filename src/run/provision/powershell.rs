//! `powershell`: each script is written to a Windows machine, run by PowerShell, and removed.
//!
//! What runs it lies in the file of variables, so that no shell between here and there finds anything to change: whether OpenSSH
//! for Windows starts `cmd` or PowerShell makes no difference. Neighbours: `elevated` is for scripts that run as another user;
//! `shell` is the same for other systems.

use tokio::fs;
use tokio::time::{Instant, sleep};

use super::elevated;
use super::environment::environment;
use super::shell::{AGAIN, DISCONNECT, again, allowed, named, output, passes, taken_along};
use crate::diagnostic::code;
use crate::run::build::{PowerShell, Script};
use crate::run::event::Events;
use crate::run::problem::Problem;
use crate::run::render::{RunValues, With, rendered};
use crate::run::secret::Secret;
use crate::run::ssh::{Exit, Shell};

/// The folder for files that go again.
const FOLDER: &str = "c:/Windows/Temp";

pub(super) async fn run(
    work: &PowerShell,
    shell: &mut Shell,
    values: &dyn RunValues,
    events: &Events,
) -> Result<(), Problem> {
    let id = format!("{:032x}", rand::random::<u128>());
    let path = work.remote_path.clone().unwrap_or_else(|| format!("{FOLDER}/script-{id}.ps1"));
    let vars = work.remote_env_var_path.clone().unwrap_or_else(|| format!("{FOLDER}/packer-ps-env-vars-{id}.ps1"));
    let form = if work.elevated_user.is_some() { &work.elevated_env_var_format } else { &work.env_var_format };
    let variables = environment(&work.environment, form, escaped, values)?;
    let runner = format!("{variables}\r\n{}", runner(work.debug_mode));
    let fields = [("Path", path.as_str()), ("Vars", vars.as_str())];
    let given = if work.elevated_user.is_some() { &work.elevated_execute_command } else { &work.execute_command };
    let command = match given {
        Some(command) => rendered(command, &With { values, fields: &fields })?,
        None => own(work, &path, &vars),
    };
    for script in &work.scripts {
        let name = named(script);
        events.say(format!("running {name}"));
        put(work, shell, runner.as_bytes(), &vars).await?;
        put(work, shell, &content(script, values).await?, &path).await?;
        let mut gone = vec![path.as_str(), vars.as_str()];
        let wrapper = format!("{FOLDER}/bakec-elevated-{id}.ps1");
        let line = match &work.elevated_user {
            None => command.clone(),
            Some(user) => {
                let password = work.elevated_password.as_deref().unwrap_or_default();
                let (user, password) = (rendered(user, values)?, rendered(password, values)?);
                // PowerShell shows the lines of its own that fail.
                for form in [password.clone(), password.replace('\'', "''")] {
                    events.gate().hide(&Secret::new(form));
                }
                let text = elevated::script(&id, &user, &password, &command);
                put(work, shell, text.as_bytes(), &wrapper).await?;
                gone = vec![wrapper.as_str(), path.as_str(), vars.as_str()];
                format!("{} -ExecutionPolicy Bypass -File {wrapper}", program(work))
            }
        };
        let exit = shell.run(&line, None, &mut |pipe, line| output(events, pipe, line)).await?;
        let ended = match exit {
            Exit::Status(status) => allowed(&work.valid_exit_codes, status, &name),
            Exit::Signal(signal) => {
                Err(Problem::failed(code::RUN_SCRIPT, format!("{name} was ended by the signal `{signal}`")))
            }
            Exit::Lost(_) if work.valid_exit_codes.contains(&DISCONNECT) => {
                taken_along(&name, work.start_retry_timeout, shell, events).await
            }
            Exit::Lost(why) => Err(Problem::failed(
                code::RUN_SSH_LOST,
                format!("the connection was lost while {name} ran, so nobody knows whether it did its work: {why}"),
            )
            .help("restart the machine by a `windows-restart` step")),
        };
        match ended {
            Ok(()) if work.skip_clean && work.elevated_user.is_none() => {}
            Ok(()) => clean(work, shell, &gone).await?,
            Err(problem) => {
                // What holds a password goes also when the script has failed, and what hinders that is not why it has.
                if work.elevated_user.is_some()
                    && let Err(also) = clean(work, shell, &gone).await
                {
                    events.warn(format!(
                        "what holds the password of the elevated user may still be on the machine: {also}"
                    ));
                }
                return Err(problem);
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

fn program(work: &PowerShell) -> &'static str {
    if work.use_pwsh { "pwsh" } else { "powershell" }
}

/// The command that runs the script where none is given.
fn own(work: &PowerShell, path: &str, vars: &str) -> String {
    let policy = work.execution_policy.as_ref().map(|p| format!(" -ExecutionPolicy {p}")).unwrap_or_default();
    format!("{}{policy} -Command \". '{vars}'; Invoke-BakecScript '{path}'\"", program(work))
}

/// What the file of variables ends with: the way in which a script is run, and its exit code handed on.
fn runner(debug: u8) -> String {
    let trace = if debug > 0 { format!("    Set-PSDebug -Trace {debug}\r\n") } else { String::new() };
    format!(
        "function Invoke-BakecScript([string] $Path) {{\r\n    $global:ProgressPreference = 'SilentlyContinue'\r\n    \
         $global:LASTEXITCODE = 0\r\n{trace}    & $Path\r\n    exit $global:LASTEXITCODE\r\n}}\r\n"
    )
}

/// A value as it stands within double quotes of PowerShell.
fn escaped(value: &str) -> String {
    value.chars().fold(String::new(), |mut out, c| {
        if matches!(c, '$' | '"' | '`' | '\'') {
            out.push('`');
        }
        out.push(c);
        out
    })
}

async fn content(script: &Script, values: &dyn RunValues) -> Result<Vec<u8>, Problem> {
    match script {
        Script::Inline(text) => Ok(rendered(text, values)?.into_bytes()),
        Script::File(file) => fs::read(file).await.map_err(|e| {
            Problem::failed(code::RUN_SCRIPT, format!("the script `{}` cannot be read: {e}", file.display()))
        }),
    }
}

/// Writes a file to the machine; a connection that is lost meanwhile is made again for as long as a start may take.
async fn put(work: &PowerShell, shell: &mut Shell, bytes: &[u8], path: &str) -> Result<(), Problem> {
    let end = Instant::now() + work.start_retry_timeout;
    loop {
        match shell.upload(&mut &*bytes, bytes.len() as u64, path, 0o600).await {
            Ok(_) => return Ok(()),
            Err(problem) if passes(&problem) && Instant::now() + AGAIN < end => again(shell, end).await?,
            Err(problem) => return Err(problem),
        }
    }
}

/// Removes files from the machine.
async fn clean(work: &PowerShell, shell: &mut Shell, paths: &[&str]) -> Result<(), Problem> {
    let list: Vec<String> = paths.iter().map(|path| format!("'{path}'")).collect();
    let command =
        format!("{} -NoProfile -Command \"Remove-Item -Force -LiteralPath {}\"", program(work), list.join(", "));
    let end = Instant::now() + work.start_retry_timeout;
    loop {
        let problem = match shell.run(&command, None, &mut |_, _| ()).await {
            Ok(Exit::Status(0)) => return Ok(()),
            Ok(Exit::Lost(why)) => Problem::failed(code::RUN_SSH_LOST, format!("the SSH connection was lost: {why}")),
            Ok(Exit::Status(_) | Exit::Signal(_)) => Problem::failed(
                code::RUN_SCRIPT,
                format!("`{}` cannot be removed from the machine", paths.join("`, `")),
            )
            .help("leave it there with `skip_clean`"),
            Err(problem) => problem,
        };
        if !passes(&problem) || Instant::now() + AGAIN >= end {
            return Err(problem);
        }
        again(shell, end).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_they_were_within_double_quotes() {
        assert_eq!(escaped(r#"a $b "c" `d 'e'"#), "a `$b `\"c`\" ``d `'e`'");
    }

    #[test]
    fn the_exit_code_of_the_script_is_that_of_the_command() {
        let text = runner(0);
        assert!(
            text.contains("& $Path\r\n    exit $global:LASTEXITCODE\r\n}") && !text.contains("Set-PSDebug"),
            "{text}"
        );
        assert!(runner(2).contains("Set-PSDebug -Trace 2\r\n    & $Path"));
    }
}
