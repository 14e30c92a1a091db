//! Provisioners: what all steps share, `shell` and `file`; `steps/local` has those that work here, `steps/windows` those of Windows
//! and what restarts, `steps/ansible` both forms of Ansible.
//!
//! Neighbours: `options` takes, `run::provision` does the work.

mod ansible;
mod local;
mod windows;

use std::path::PathBuf;
use std::time::Duration;

pub(super) use local::local as shell_local;
use serde_json::Value as Json;

use super::options::Take;
use super::values::Values;
use super::{Inputs, known, unexecuted_step};
use crate::diagnostic::code;
use crate::packer::document;
use crate::run::build::{Builder, Carry, Provisioner, Script, Shell, Work};
use crate::run::problem::Problem;
use crate::schema::Category;

/// How long Packer tries to start a script.
const START: Duration = Duration::from_secs(5 * 60);

/// A step for one build.
pub(super) fn take(
    step: &document::Step,
    build: &document::Build,
    values: &Values<'_>,
    inputs: &Inputs,
    problems: &mut Vec<Problem>,
) -> Option<Provisioner> {
    let label = format!("`{}`", step.kind);
    let options = overridden(step, build, problems);
    let places = |option: &str| step.place(option).map(Into::into);
    let mut take = Take::new(&label, &options, &places, values, &inputs.environment);
    let work = match step.kind.as_str() {
        "shell" => Some(Work::Shell(Box::new(shell(&mut take)))),
        "file" => Some(Work::File(carry(&mut take))),
        "shell-local" => Some(Work::Local(Box::new(local::local(&mut take)))),
        "breakpoint" => Some(Work::Breakpoint(local::breakpoint(&mut take))),
        "powershell" => Some(Work::PowerShell(Box::new(windows::powershell(&mut take)))),
        "windows-restart" => Some(Work::Restart(Box::new(windows::restart(&mut take)))),
        "reboot" => Some(Work::Reboot(Box::new(windows::reboot(&mut take)))),
        "ansible" => Some(Work::Ansible(Box::new(ansible::ansible(&mut take)))),
        "ansible-local" => Some(Work::AnsibleLocal(Box::new(ansible::local(&mut take)))),
        _ => {
            take.problem(unexecuted_step("provisioner", step));
            take.ignore_rest();
            None
        }
    };
    let pause_before = take.time("pause_before").unwrap_or_default();
    let timeout = take.time("timeout").filter(|t| !t.is_zero());
    let max_retries = take.number("max_retries").unwrap_or_default();
    take.refuse_rest(known(&inputs.kinds, Category::Provisioner, &step.kind));
    problems.extend(take.finish());
    let origin = step.origin.as_ref().map(Into::into);
    Some(Provisioner {
        kind: step.kind.clone(),
        label: step.label.clone(),
        origin,
        pause_before,
        timeout,
        max_retries,
        work: work?,
    })
}

/// Why a step cannot work on the machine of a builder.
pub(super) fn unfit(step: &document::Step, work: &Provisioner, builder: &Builder) -> Option<Problem> {
    let ssh = match builder {
        Builder::Ebs(ebs) => ebs.ssh.as_ref(),
        Builder::Null(null) => null.ssh.as_ref(),
    };
    let Some(ssh) = ssh else {
        let message = format!("`{}` needs a connection, and the builder has none", step.kind);
        let help = "write `communicator = \"ssh\"` and `ssh_username` in the builder, or leave the step out";
        let problem = Problem::refused(code::RUN_OPTION, message).help(help).at(work.origin.clone());
        return work.work.connects().then_some(problem);
    };
    match &work.work {
        Work::Ansible(ansible) if ansible.inventory_file.is_some() => {
            let between = if !ssh.bastions.is_empty() { "a bastion" } else { "a proxy" };
            let stands = !ssh.bastions.is_empty() || ssh.proxy.is_some();
            let message = format!("`inventory_file` cannot say where a machine behind {between} is");
            let help = "Ansible reaches it by a port here that is known only when it runs: let `inventory_file_template` place \
                        `{{.Host}}` and `{{.Port}}`, or name `inventory_directory` for what stands beside the inventory";
            let at = step.place("inventory_file").map(Into::into);
            stands.then(|| Problem::refused(code::RUN_OPTION, message).help(help).at(at))
        }
        _ => None,
    }
}

/// The options of a step with what it overrides for a build.
fn overridden(step: &document::Step, build: &document::Build, problems: &mut Vec<Problem>) -> Vec<(String, Json)> {
    let mut options = step.options.clone();
    let Some(at) = options.iter().position(|(name, _)| name == "override") else { return options };
    let (_, all) = options.remove(at);
    let wrong = || {
        Problem::refused(code::RUN_OPTION, "`override` is a record of builds with their options")
            .at(step.place("override").map(Into::into))
    };
    let Some(builds) = all.as_object() else {
        problems.push(wrong());
        return options;
    };
    // A build that has no name of its own is known by its kind.
    let Some(own) = builds.get(&build.name).or_else(|| builds.get(&build.kind)) else { return options };
    let Some(own) = own.as_object() else {
        problems.push(wrong());
        return options;
    };
    for (name, value) in own {
        options.retain(|(n, _)| n != name);
        options.push((name.clone(), value.clone()));
    }
    options
}

fn shell(take: &mut Take<'_>) -> Shell {
    let use_env_var_file = take.flag("use_env_var_file");
    let or = |text: Option<String>, other: &str| text.unwrap_or_else(|| other.to_owned());
    let format = if use_env_var_file { "export %s='%s'\n" } else { "%s='%s' " };
    let command = if use_env_var_file {
        "chmod +x {{.Path}}; . {{.EnvVarFile}} && {{.Path}}"
    } else {
        "chmod +x {{.Path}}; {{.Vars}} {{.Path}}"
    };
    let scripts = scripts(take, "shell", Some("/bin/sh -e"));
    let valid_exit_codes = exit_codes(take);
    Shell {
        scripts,
        environment: environment(take),
        env_var_format: or(take.verbatim("env_var_format"), format),
        use_env_var_file,
        execute_command: or(take.late_with("execute_command", &["Path", "Vars", "EnvVarFile"]), command),
        binary: take.flag("binary"),
        remote_folder: or(take.text("remote_folder"), "/tmp"),
        remote_file: take.text("remote_file"),
        remote_path: take.text("remote_path"),
        skip_clean: take.flag("skip_clean"),
        expect_disconnect: take.flag("expect_disconnect"),
        valid_exit_codes,
        start_retry_timeout: take.time("start_retry_timeout").unwrap_or(START),
        pause_after: take.time("pause_after").unwrap_or_default(),
    }
}

/// What is run: exactly one of the ways, which are three, and `command` where the kind has it.
fn scripts(take: &mut Take<'_>, kind: &str, shebang: Option<&str>) -> Vec<Script> {
    let command = if kind == "shell-local" { take.late("command") } else { None };
    let (inline, script, scripts) =
        (take.late_list("inline").filter(|l| !l.is_empty()), take.text("script"), take.list("scripts"));
    let shebang = shebang.map(|own| take.text("inline_shebang").unwrap_or_else(|| own.to_owned()));
    let given = [
        ("command", command.is_some()),
        ("inline", inline.is_some()),
        ("script", script.is_some()),
        ("scripts", !scripts.is_empty()),
    ];
    let given: Vec<&str> = given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect();
    if given.len() != 1 {
        let ways = if kind == "shell-local" { "`command`, `inline`, `script`" } else { "`inline`, `script`" };
        let message = if given.is_empty() {
            format!("a {kind} step runs {ways} or `scripts`")
        } else {
            format!("{ways} and `scripts` exclude each other")
        };
        take.wrong(given.first().copied().unwrap_or("script"), message, None);
    }
    if let Some(lines) = inline.or_else(|| command.map(|command| vec![command])) {
        let head = match shebang {
            Some(shebang) if !lines.first().is_some_and(|l| l.starts_with("#!")) => format!("#!{shebang}\n"),
            _ => String::new(),
        };
        return vec![Script::Inline(format!("{head}{}\n", lines.join("\n")))];
    }
    script.into_iter().chain(scripts).map(|path| Script::File(PathBuf::from(path))).collect()
}

/// Variables: `NAME=value` in a list, and a map. An empty name or a missing `=` is a mistake.
fn environment(take: &mut Take<'_>) -> Vec<(String, String)> {
    let mut all = Vec::new();
    variables(take, "environment_vars", &mut all);
    all.extend(take.pairs("env"));
    all
}

/// Variables of the form `NAME=value`.
fn variables(take: &mut Take<'_>, option: &str, all: &mut Vec<(String, String)>) {
    for line in take.late_list(option).unwrap_or_default() {
        match line.split_once('=') {
            Some((name, value)) if !name.is_empty() => all.push((name.to_owned(), value.to_owned())),
            Some(_) => take.wrong(option, format!("the variable `{line}` has no name"), Some("write `NAME=value`")),
            None => take.wrong(
                option,
                format!("the variable `{line}` has no value"),
                Some("write `NAME=value`, or `NAME=` for an empty one"),
            ),
        }
    }
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

fn carry(take: &mut Take<'_>) -> Carry {
    let mut sources: Vec<String> = take.late("source").into_iter().collect();
    sources.extend(take.late_list("sources").unwrap_or_default());
    let content = take.late("content");
    let destination = take.late("destination").unwrap_or_default();
    if destination.is_empty() {
        take.wrong("destination", "a file step needs a `destination`", None);
    }
    let direction = take.text("direction").unwrap_or_else(|| "upload".to_owned());
    if !matches!(direction.as_str(), "upload" | "download") {
        take.wrong(
            "direction",
            format!("there is no direction `{direction}`"),
            Some("the directions are `upload` and `download`"),
        );
    }
    let download = direction == "download";
    match (&content, sources.is_empty()) {
        (None, true) => take.wrong("source", "a file step copies `source`, `sources` or `content`", None),
        (Some(_), false) => take.wrong("content", "`content` takes the place of a source", None),
        (Some(_), true) if download => take.wrong("content", "`content` can only be uploaded", None),
        _ => {}
    }
    if sources.len() > 1 && !destination.ends_with('/') {
        take.wrong("destination", "several sources need a folder: end `destination` with `/`", None);
    }
    Carry { sources, content, destination, download, generated: take.flag("generated") }
}
