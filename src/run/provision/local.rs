//! `shell-local`: scripts on this machine, between the steps on the other one, or after all of them.
//!
//! In a rehearsal everything is made ready and nothing is run. Neighbours: `process` runs a command; post-processors use this too.

use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::Ground;
use super::environment::{environment, quoted, variables};
use super::shell::{allowed, named};
use crate::diagnostic::code;
use crate::run::build::{Local, Script};
use crate::run::problem::Problem;
use crate::run::process::{Command, Ended};
use crate::run::render::{With, rendered};

/// Runs the scripts, one after the other; the first that fails ends it.
///
/// # Errors
/// Where a script cannot be run, ends with a status that is not allowed, or nothing more shall be done.
pub async fn run(work: &Local, ground: &Ground<'_>) -> Result<(), Problem> {
    if !work.only_on.is_empty() && !work.only_on.iter().any(|system| system == here()) {
        ground.events.say(format!("passed over: it is only for {}, and this is {}", work.only_on.join(", "), here()));
        return Ok(());
    }
    let written = environment(&work.environment, &work.env_var_format, quoted, ground.values)?;
    let environment: Vec<(String, String)> = match work.in_environment {
        true => variables(&work.environment, str::to_owned, ground.values)?.into_iter().collect(),
        false => Vec::new(),
    };
    for script in &work.scripts {
        let name = named(script);
        // The file that is made of lines goes with its value.
        let (path, _made) = path(script, work, ground)?;
        let fields = [("Vars", written.as_str()), ("Script", &path), ("Command", &path)];
        let values = With { values: ground.values, fields: &fields };
        let words: Vec<String> =
            work.execute_command.iter().map(|word| rendered(word, &values)).collect::<Result<_, _>>()?;
        let Some((program, arguments)) = words.split_first() else {
            return Err(Problem::failed(code::RUN_OPTION, "`execute_command` names no program"));
        };
        if ground.rehearsed {
            ground.events.say(format!("rehearsal: {name} was not run on this machine"));
            continue;
        }
        ground.events.say(format!("running {name} on this machine"));
        let command = Command { environment: environment.clone(), ..Command::of(program, arguments) };
        match command.told(ground.events, ground.stop()).await? {
            Ended::Status(status) => allowed(&work.valid_exit_codes, status, &name)?,
            Ended::Signal(signal) => {
                return Err(Problem::failed(code::RUN_SCRIPT, format!("{name} was ended by the signal {signal}")));
            }
        }
    }
    Ok(())
}

/// This operating system, by Packer's name.
fn here() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

/// Where a script lies; one that is made of lines is written first, for its owner alone.
fn path(script: &Script, work: &Local, ground: &Ground<'_>) -> Result<(String, Option<TempPath>), Problem> {
    match script {
        Script::File(file) if work.use_linux_pathing => {
            let full = std::path::absolute(file).unwrap_or_else(|_| file.clone());
            Ok((linux(&full), None))
        }
        // A shell looks for a bare name among its programs.
        Script::File(file) if file.parent() == Some(Path::new("")) => {
            Ok((PathBuf::from(".").join(file).display().to_string(), None))
        }
        Script::File(file) => Ok((file.display().to_string(), None)),
        Script::Inline(text) => {
            let text = rendered(text, ground.values)?;
            let made = written(&text, work.tempfile_extension.as_deref());
            let made = made.map_err(|e| {
                Problem::failed(code::RUN_SCRIPT, format!("the script cannot be written on this machine: {e}"))
            })?;
            Ok((made.display().to_string(), Some(made)))
        }
    }
}

/// A file of its own, which can be executed.
fn written(text: &str, extension: Option<&str>) -> std::io::Result<TempPath> {
    let suffix = extension.map(|e| format!(".{}", e.trim_start_matches('.'))).unwrap_or_default();
    let mut builder = tempfile::Builder::new();
    builder.prefix("bakec-shell").suffix(&suffix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let mut file = builder.tempfile()?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    Ok(file.into_temp_path())
}

/// A path of Windows as the Linux within it sees it: `C:\a\b` is `/mnt/c/a/b`.
fn linux(path: &Path) -> String {
    let text = path.display().to_string().replace('\\', "/");
    match text.split_once(":/") {
        Some((drive, rest)) if drive.len() == 1 => format!("/mnt/{}/{rest}", drive.to_lowercase()),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_paths_are_those_of_the_linux_within() {
        assert_eq!(linux(Path::new(r"C:\Users\me\a.sh")), "/mnt/c/Users/me/a.sh");
        assert_eq!(linux(Path::new("/home/me/a.sh")), "/home/me/a.sh");
    }
}
