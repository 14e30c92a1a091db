//! A PowerShell script that runs a command as another user, with all of that user's rights: by a scheduled task, whose output is
//! followed until it has ended. A session over SSH has no such rights of its own.

/// Accounts of the system, which have no password.
const SYSTEM: [&str; 3] = ["system", "local service", "network service"];

/// The script; the task is named by `id` and is gone at its end.
pub(super) fn script(id: &str, user: &str, password: &str, command: &str) -> String {
    let text = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let account = user.rsplit('\\').next().unwrap_or(user).to_lowercase();
    let register = if password.is_empty() && SYSTEM.contains(&account.as_str()) {
        "$principal = New-ScheduledTaskPrincipal -UserId $user -LogonType ServiceAccount -RunLevel Highest\n    \
         Register-ScheduledTask -TaskName $name -Action $action -Settings $settings -Principal $principal -Force | Out-Null"
            .to_owned()
    } else {
        format!(
            "Register-ScheduledTask -TaskName $name -Action $action -Settings $settings -User $user -Password {} \
             -RunLevel Highest -Force | Out-Null",
            text(password)
        )
    };
    let lines = format!(
        r#"$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$name = {name}
$user = {user}
$log = Join-Path $env:SystemRoot "Temp\$name.out"
$batch = Join-Path $env:SystemRoot "Temp\$name.cmd"
$code = 1
$shown = 0
function Show-Output {{
    if (-not (Test-Path -LiteralPath $log)) {{ return }}
    $lines = @(Get-Content -LiteralPath $log)
    for ($i = $script:shown; $i -lt $lines.Count; $i++) {{ Write-Output $lines[$i] }}
    $script:shown = $lines.Count
}}
try {{
    Set-Content -LiteralPath $batch -Encoding Ascii -Value @('@echo off', {command}, 'exit /b %ERRORLEVEL%')
    $action = New-ScheduledTaskAction -Execute 'cmd.exe' -Argument "/c `"`"$batch`" > `"$log`" 2>&1`""
    $settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -ExecutionTimeLimit (New-TimeSpan)
    {register}
    Start-ScheduledTask -TaskName $name
    do {{
        Start-Sleep -Seconds 1
        Show-Output
        $state = (Get-ScheduledTask -TaskName $name).State
    }} while ($state -eq 'Running' -or $state -eq 'Queued')
    Show-Output
    $code = (Get-ScheduledTaskInfo -TaskName $name).LastTaskResult
}} finally {{
    Unregister-ScheduledTask -TaskName $name -Confirm:$false -ErrorAction SilentlyContinue
    Remove-Item -Force -LiteralPath $log, $batch -ErrorAction SilentlyContinue
}}
exit $code
"#,
        name = text(&format!("bakec-{id}")),
        user = text(user),
        command = text(&command.replace('%', "%%")),
    );
    lines.replace('\n', "\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_a_password_and_the_system_has_none() {
        let own = script("1", "me", "it's", "powershell -File a.ps1");
        assert!(
            own.contains("-User $user -Password 'it''s' -RunLevel Highest") && own.contains("$user = 'me'"),
            "{own}"
        );
        assert!(own.contains("'powershell -File a.ps1'") && own.contains("$name = 'bakec-1'"), "{own}");
        let system = script("1", r"NT AUTHORITY\SYSTEM", "", "a 100%");
        assert!(system.contains("-LogonType ServiceAccount") && !system.contains("-Password"), "{system}");
        assert!(system.contains("'a 100%%'") && system.ends_with("exit $code\r\n"), "{system}");
    }
}
