//! `powershell`, and what restarts a machine: `windows-restart`, `reboot`.

use std::time::Duration;

use super::{START, environment, exit_codes, scripts};
use crate::run::build::{PowerShell, Reboot, Restart};
use crate::run::input::options::Take;

/// How a variable is written for PowerShell.
const VARIABLE: &str = "$env:%s=\"%s\"; ";
/// How long a machine may take to be back.
const BACK: Duration = Duration::from_secs(5 * 60);
/// What PowerShell may be told to trust.
const POLICIES: [&str; 8] =
    ["bypass", "allsigned", "default", "remotesigned", "restricted", "undefined", "unrestricted", "none"];
/// What stands in the registry while a restart is due.
const PENDING: [&str; 3] = [
    r"HKLM:SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending",
    r"HKLM:SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\PackagesPending",
    r"HKLM:Software\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootInProgress",
];

pub(super) fn powershell(take: &mut Take<'_>) -> PowerShell {
    const FIELDS: &[&str] = &["Path", "Vars"];
    let scripts = scripts(take, "powershell", None);
    let environment = environment(take);
    let valid_exit_codes = exit_codes(take);
    let policy = take.text("execution_policy").unwrap_or_else(|| "bypass".to_owned()).to_lowercase();
    if !POLICIES.contains(&policy.as_str()) {
        let help = format!("PowerShell knows {}", POLICIES[..7].join(", "));
        take.wrong("execution_policy", format!("there is no execution policy `{policy}`"), Some(&help));
    }
    let debug_mode = take.number("debug_mode").unwrap_or_default();
    if debug_mode > 2 {
        take.wrong("debug_mode", format!("`debug_mode` is 0, 1 or 2, not {debug_mode}"), None);
    }
    let elevated_user = take.late("elevated_user");
    let elevated_password = take.late("elevated_password");
    if elevated_password.is_some() && elevated_user.is_none() {
        take.wrong("elevated_password", "`elevated_password` needs `elevated_user`", None);
    }
    if elevated_password.as_ref().is_some_and(|password| password.contains("WinRMPassword")) {
        let message = "`WinRMPassword` is the password of a connection by WinRM, and this one is by SSH";
        let help = "give the password of the user by a variable";
        take.wrong("elevated_password", message, Some(help));
    }
    // Byte for byte is how scripts always go: PowerShell reads either line end.
    take.flag("binary");
    PowerShell {
        scripts,
        environment,
        env_var_format: take.verbatim("env_var_format").unwrap_or_else(|| VARIABLE.to_owned()),
        elevated_env_var_format: take.verbatim("elevated_env_var_format").unwrap_or_else(|| VARIABLE.to_owned()),
        remote_path: take.text("remote_path"),
        remote_env_var_path: take.text("remote_env_var_path"),
        execute_command: take.late_with("execute_command", FIELDS),
        elevated_execute_command: take.late_with("elevated_execute_command", FIELDS),
        elevated_user,
        elevated_password,
        execution_policy: Some(policy).filter(|policy| policy != "none"),
        debug_mode,
        use_pwsh: take.flag("use_pwsh"),
        skip_clean: take.flag("skip_clean"),
        valid_exit_codes,
        start_retry_timeout: take.time("start_retry_timeout").unwrap_or(START),
        pause_after: take.time("pause_after").unwrap_or_default(),
    }
}

pub(super) fn restart(take: &mut Take<'_>) -> Restart {
    let command = take.late("restart_command");
    let keys = take.late_list("registry_keys").filter(|keys| !keys.is_empty());
    let check_registry = take.flag("check_registry");
    Restart {
        command: command.unwrap_or_else(|| "shutdown /r /f /t 0 /c \"packer restart\"".to_owned()),
        check_command: take.late("restart_check_command"),
        timeout: take.time("restart_timeout").unwrap_or(BACK),
        registry_keys: match check_registry {
            true => keys.unwrap_or_else(|| PENDING.map(str::to_owned).into()),
            false => Vec::new(),
        },
    }
}

pub(super) fn reboot(take: &mut Take<'_>) -> Reboot {
    Reboot {
        command: take.late("restart_command").unwrap_or_else(|| "sudo shutdown -r now".to_owned()),
        check_command: take.late("restart_check_command"),
        timeout: take.time("restart_timeout").unwrap_or(BACK),
    }
}
