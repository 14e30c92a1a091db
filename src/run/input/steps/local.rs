//! `shell-local` and `breakpoint`: what is done on this machine.

use super::{environment, exit_codes, scripts};
use crate::run::build::{Breakpoint, Local};
use crate::run::input::options::Take;

/// What runs a script where nothing is said. Variables go into its environment: arguments can be seen by everybody on this machine.
const COMMAND: [&str; 3] = ["/bin/sh", "-c", "{{.Script}}"];
/// The same where it is said how a variable is written.
const WRITTEN: [&str; 3] = ["/bin/sh", "-c", "{{.Vars}} {{.Script}}"];

/// The systems that there are, by Packer's names.
const SYSTEMS: [&str; 6] = ["darwin", "freebsd", "linux", "openbsd", "solaris", "windows"];

/// Takes a step that runs scripts here; post-processors are the same.
pub(in crate::run::input) fn local(take: &mut Take<'_>) -> Local {
    let scripts = scripts(take, "shell-local", Some("/bin/sh -e"));
    let environment = environment(take);
    let valid_exit_codes = exit_codes(take);
    let only_on = take.list("only_on");
    for system in only_on.iter().filter(|system| !SYSTEMS.contains(&system.as_str())) {
        take.wrong("only_on", format!("there is no operating system `{system}`"), None);
    }
    let use_linux_pathing = take.flag("use_linux_pathing");
    if use_linux_pathing && scripts.iter().any(|script| matches!(script, crate::run::build::Script::Inline(_))) {
        let message = "`use_linux_pathing` works with `script` and `scripts` only";
        take.wrong("use_linux_pathing", message, None);
    }
    let command =
        take.late_list_with("execute_command", &["Vars", "Script", "Command"]).filter(|words| !words.is_empty());
    let form = take.verbatim("env_var_format");
    let in_environment = command.is_none() && form.is_none();
    let own = if in_environment { COMMAND } else { WRITTEN };
    Local {
        scripts,
        environment,
        env_var_format: form.unwrap_or_else(|| "%s='%s' ".to_owned()),
        execute_command: command.unwrap_or_else(|| own.map(str::to_owned).into()),
        in_environment,
        only_on,
        tempfile_extension: take.text("tempfile_extension"),
        use_linux_pathing,
        valid_exit_codes,
    }
}

pub(super) fn breakpoint(take: &mut Take<'_>) -> Breakpoint {
    Breakpoint { note: take.late("note"), disable: take.flag("disable") }
}
