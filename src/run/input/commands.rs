//! `shell-local`: commands on this machine.
//!
//! Neighbours: `posts` takes it as a post-processor.

use std::path::PathBuf;

use super::options::Take;
use crate::run::build::Local;

/// What a command may speak of.
const FIELDS: &[&str] = &["Vars", "Script", "Command"];

pub(super) fn take(take: &mut Take<'_>) -> Local {
    let command = take.late("command");
    let inline = take.late_list("inline").filter(|lines| !lines.is_empty());
    let (script, scripts) = (take.text("script"), take.list("scripts"));
    let given = [command.is_some(), inline.is_some(), script.is_some(), !scripts.is_empty()];
    let first = ["command", "inline", "script", "scripts"].into_iter().zip(given).find(|(_, given)| *given);
    let first = first.map_or("inline", |(option, _)| option);
    match given.into_iter().filter(|given| *given).count() {
        0 => take.wrong(first, "a shell-local step runs `command`, `inline`, `script` or `scripts`", None),
        1 => {}
        _ => take.wrong(first, "`command`, `inline`, `script` and `scripts` exclude each other", None),
    }
    let use_linux_pathing = take.flag("use_linux_pathing");
    if use_linux_pathing && script.is_none() && scripts.is_empty() {
        take.wrong("use_linux_pathing", "`use_linux_pathing` works with `script` and `scripts` only", None);
    }
    let scripts: Vec<PathBuf> = script.into_iter().chain(scripts).map(PathBuf::from).collect();
    let execute_command = take.late_list_with("execute_command", FIELDS).filter(|parts| !parts.is_empty());
    if let Some(parts) = &execute_command
        && !parts.iter().any(|part| part.contains(".Script") || part.contains(".Command"))
    {
        take.wrong("execute_command", "`execute_command` runs nothing: it holds no `{{.Script}}`", None);
    }
    Local {
        inline: command.map(|command| vec![command]).or(inline),
        scripts,
        environment: environment(take),
        env_var_format: take.verbatim("env_var_format").unwrap_or_else(|| "%s='%s' ".to_owned()),
        execute_command: execute_command.unwrap_or_else(usual),
        inline_shebang: take.text("inline_shebang").unwrap_or_else(|| "/bin/sh -e".to_owned()),
        only_on: only_on(take),
        valid_exit_codes: exit_codes(take),
        tempfile_extension: take.text("tempfile_extension"),
        use_linux_pathing,
    }
}

/// How a script is run where nothing is said.
fn usual() -> Vec<String> {
    let parts: &[&str] = if cfg!(windows) {
        &["cmd", "/V", "/C", "{{.Vars}}", "call", "{{.Script}}"]
    } else {
        &["/bin/sh", "-c", "{{.Vars}} {{.Script}}"]
    };
    parts.iter().map(|part| (*part).to_owned()).collect()
}

/// Variables: `NAME=value` in a list, and a map.
fn environment(take: &mut Take<'_>) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for line in take.late_list("environment_vars").unwrap_or_default() {
        match line.split_once('=') {
            Some((name, value)) if !name.is_empty() => all.push((name.to_owned(), value.to_owned())),
            _ => take.wrong("environment_vars", format!("`{line}` is no variable of the form `NAME=value`"), None),
        }
    }
    all.extend(take.pairs("env"));
    all
}

fn only_on(take: &mut Take<'_>) -> Vec<String> {
    const KNOWN: [&str; 6] = ["darwin", "freebsd", "linux", "openbsd", "solaris", "windows"];
    let named = take.list("only_on");
    for name in named.iter().filter(|name| !KNOWN.contains(&name.as_str())) {
        let known = KNOWN.map(|name| format!("`{name}`"));
        let help = format!("the systems are {}", crate::text::words::list(&known, "and"));
        take.wrong("only_on", format!("there is no system `{name}`"), Some(&help));
    }
    named
}

fn exit_codes(take: &mut Take<'_>) -> Vec<u32> {
    let mut codes = Vec::new();
    for text in take.list("valid_exit_codes") {
        match text.parse() {
            Ok(code) => codes.push(code),
            Err(_) => take.wrong("valid_exit_codes", format!("`{text}` is no exit code"), None),
        }
    }
    if codes.is_empty() { vec![0] } else { codes }
}
