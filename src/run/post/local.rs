//! `shell-local`: scripts on this machine.

use std::io::Write;
use std::path::Path;

use super::Scene;
use crate::diagnostic::code;
use crate::run::build::Local;
use crate::run::problem::Problem;
use crate::run::process::{Command, Ended};
use crate::run::render::{RunValues, With, rendered};

/// Runs the scripts one after the other. A rehearsal runs none: what they do is real.
pub(super) async fn run(local: &Local, scene: &Scene<'_>) -> Result<(), Problem> {
    let events = &scene.cx.events;
    if !local.only_on.is_empty() && local.only_on.iter().all(|system| system != system_here()) {
        events.say(format!("passing over it: this system is {}", system_here()));
        return Ok(());
    }
    if scene.rehearsed {
        let what = match &local.inline {
            Some(lines) => crate::text::words::count(lines.len(), "line"),
            None => local.scripts.iter().map(|s| format!("`{}`", s.display())).collect::<Vec<_>>().join(", "),
        };
        // What cannot be rendered is found out here too.
        variables(local, scene.values)?;
        events.say(format!("a rehearsal runs nothing on this machine: {what} not run"));
        return Ok(());
    }
    let written = local.inline.as_ref().map(|lines| inline(local, lines, scene.values)).transpose()?;
    let own = written.as_ref().map(|path| path.to_path_buf());
    let variables = variables(local, scene.values)?;
    for script in own.iter().chain(&local.scripts) {
        let name = match (&own, cfg!(windows) && local.use_linux_pathing) {
            (None, true) => linux(script),
            _ => path(script),
        };
        let fields = [("Vars", &*variables), ("Script", &*name), ("Command", &*name)];
        let values = With { values: scene.values, fields: &fields };
        let mut parts = Vec::new();
        for part in &local.execute_command {
            parts.push(rendered(part, &values)?);
        }
        let Some((program, arguments)) = parts.split_first() else { return Ok(()) };
        let mut command = Command::new(program, arguments);
        command.environment = vec![("PACKER_RUN_UUID".to_owned(), scene.values.named("uuid").unwrap_or_default())];
        let told = if own.is_some() { "the inline script".to_owned() } else { format!("`{name}`") };
        events.say(format!("running {told} on this machine"));
        let stop = async {
            scene.cx.cancel.cancelled().await;
            Problem::cancelled()
        };
        let failed = match command.told(events, stop).await? {
            Ended::Status(status) if local.valid_exit_codes.contains(&status) => continue,
            Ended::Status(status) => format!("{told} ended with the exit code {status}"),
            Ended::Signal(signal) => format!("{told} was ended by the signal {signal}"),
        };
        let help = "the image is made and final; `valid_exit_codes` names the codes that count as success";
        return Err(Problem::failed(code::RUN_POST, failed).help(help));
    }
    Ok(())
}

/// This system, by Packer's names.
fn system_here() -> &'static str {
    if std::env::consts::OS == "macos" { "darwin" } else { std::env::consts::OS }
}

/// A script as a shell names it: its whole path, which is no word to be searched for.
fn path(script: &Path) -> String {
    std::path::absolute(script).unwrap_or_else(|_| script.to_owned()).display().to_string()
}

/// A path as the Linux subsystem of Windows knows it.
fn linux(script: &Path) -> String {
    let full = std::path::absolute(script).unwrap_or_else(|_| script.to_owned()).display().to_string();
    match full.split_once(':') {
        Some((drive, rest)) => format!("/mnt/{}{}", drive.to_lowercase(), rest.replace('\\', "/")),
        None => full.replace('\\', "/"),
    }
}

/// The variables as they stand before a command, sorted by name.
fn variables(local: &Local, values: &dyn RunValues) -> Result<String, Problem> {
    let named = |name: &str, function: &str| (name.to_owned(), values.named(function).unwrap_or_default());
    let mut all = vec![named("PACKER_BUILD_NAME", "build_name"), named("PACKER_BUILDER_TYPE", "build_type")];
    for (name, value) in &local.environment {
        all.retain(|(known, _)| known != name);
        all.push((name.clone(), rendered(value, values)?));
    }
    all.sort();
    let one = |(name, value): &(String, String)| {
        let mut out = String::new();
        let mut given = [name.clone(), value.replace('\'', r#"'"'"'"#)].into_iter();
        for (position, part) in local.env_var_format.split("%s").enumerate() {
            if position > 0 {
                out.push_str(&given.next().unwrap_or_default());
            }
            out.push_str(part);
        }
        out
    };
    Ok(all.iter().map(one).collect())
}

/// A script of lines, gone when it is dropped.
fn inline(local: &Local, lines: &[String], values: &dyn RunValues) -> Result<tempfile::TempPath, Problem> {
    let mut text = format!("#!{}\n", local.inline_shebang);
    for line in lines {
        text.push_str(&rendered(line, values)?);
        text.push('\n');
    }
    let extension = local.tempfile_extension.as_ref().map(|e| format!(".{}", e.trim_start_matches('.')));
    let mut builder = tempfile::Builder::new();
    builder.prefix("bakec-shell").suffix(extension.as_deref().unwrap_or_default());
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let written = builder.tempfile().and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        // It must not be open where it is run.
        Ok(file.into_temp_path())
    });
    written.map_err(|error| Problem::failed(code::RUN_POST, format!("a temporary script cannot be written: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::render::Given;

    #[test]
    fn variables_stand_sorted_and_quoted() {
        let mut values = Given::default();
        values.named.insert("build_name".to_owned(), "it's".to_owned());
        let local = Local {
            environment: vec![("A".to_owned(), "{{build_name}} 1".to_owned())],
            env_var_format: "export %s='%s';".to_owned(),
            ..Local::default()
        };
        let text = variables(&local, &values).unwrap();
        assert_eq!(text, r#"export A='it'"'"'s 1';export PACKER_BUILDER_TYPE='';export PACKER_BUILD_NAME='it'"'"'s';"#);
    }

    #[test]
    fn scripts_have_whole_paths() {
        assert!(path(Path::new("a.sh")).ends_with("/a.sh") && path(Path::new("a.sh")).starts_with('/'));
        assert_eq!(path(Path::new("/x/a.sh")), "/x/a.sh");
        assert_eq!(linux(Path::new("/x/a.sh")), "/x/a.sh");
    }
}
