//! Scripts that were uploaded: their interpreter, and whether it finds their syntax right. None is run.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// What can be said of a script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    Checked,
    /// In the interpreter's words.
    Wrong(String),
    /// Why.
    Unchecked(String),
    /// The kernel could not start it.
    Unstartable(String),
}

/// How an interpreter is asked; the script comes by standard input.
fn arguments(interpreter: &str) -> Option<&'static [&'static str]> {
    match interpreter {
        "sh" | "dash" | "ash" | "bash" | "ksh" | "zsh" => Some(&["-n"]),
        "python" | "python3" => Some(&["-I", "-c", "import ast, sys; ast.parse(sys.stdin.buffer.read(), 'script')"]),
        _ => None,
    }
}

/// The interpreter that the first line names; `sh` where it names none.
pub(super) fn interpreter(script: &[u8]) -> Result<String, String> {
    let Some(rest) = script.strip_prefix(b"#!") else { return Ok("sh".to_string()) };
    let line = rest.split(|b| *b == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    if line.ends_with('\r') {
        return Err(format!("{}^M: bad interpreter: No such file or directory", line.trim_end()));
    }
    let mut words = line.split_whitespace();
    let name = |word: Option<&str>| word.map(|word| word.rsplit('/').next().unwrap_or(word).to_string());
    match name(words.next()) {
        Some(env) if env == "env" => {
            let program = words.find(|word| !word.starts_with('-') && !word.contains('='));
            name(program).ok_or_else(|| "env: no program named".to_string())
        }
        Some(program) => Ok(program),
        None => Err("bad interpreter: it is empty".to_string()),
    }
}

/// Asks the script's interpreter, where this machine has it.
pub(super) async fn check(script: &[u8], by: Option<&str>) -> (String, Verdict) {
    let program = match by.map_or_else(|| interpreter(script), |by| Ok(by.to_string())) {
        Ok(program) => program,
        Err(words) => return (String::new(), Verdict::Unstartable(words)),
    };
    let Some(arguments) = arguments(&program) else {
        let why = format!("`{program}` is none whose syntax can be checked");
        return (program, Verdict::Unchecked(why));
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    // With its whole path it begins without a copy of this process, which may be large.
    let begun = std::env::split_paths(&path).find_map(|folder| {
        // Nothing of the environment: a shell would read files that it names.
        Command::new(folder.join(&program))
            .args(arguments)
            .env_clear()
            .env("PATH", &path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .ok()
    });
    let Some(mut child) = begun else {
        let why = format!("there is no `{program}` on this machine");
        return (program, Verdict::Unchecked(why));
    };
    let mut input = child.stdin.take();
    let feed = async {
        if let Some(mut input) = input.take() {
            // An interpreter that stops reading has found something wrong.
            let _ = input.write_all(script).await;
            let _ = input.shutdown().await;
        }
    };
    let asked = async { tokio::join!(feed, child.wait_with_output()).1 };
    let verdict = match tokio::time::timeout(Duration::from_secs(10), asked).await {
        Ok(Ok(output)) if output.status.success() => Verdict::Checked,
        Ok(Ok(output)) => Verdict::Wrong(String::from_utf8_lossy(&output.stderr).trim_end().to_string()),
        Ok(Err(error)) => Verdict::Unchecked(format!("`{program}` could not be asked: {error}")),
        Err(_) => Verdict::Unchecked(format!("`{program}` has given no answer")),
    };
    (program, verdict)
}
