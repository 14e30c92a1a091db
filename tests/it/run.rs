//! The real program, run in a folder: its exit code and what went to which stream.
//!
//! It knows processes and files, not the language. `hostile` has runs of its own, with bounds on time and memory.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What a run leaves behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) errors: String,
}

impl Ran {
    /// All that was said, on either stream.
    pub(crate) fn said(&self) -> String {
        format!("{}{}", self.out, self.errors)
    }

    /// All that was said by a run that went well.
    #[track_caller]
    pub(crate) fn done(&self) -> String {
        assert_eq!(self.code, 0, "{}", self.said());
        self.said()
    }
}

/// bakec with arguments in a folder, unmoved by the environment of the tests.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bakec"));
    command.args(arguments).current_dir(folder);
    for name in ["CLICOLOR_FORCE", "BAKE_PARAM_version", "BAKE_PARAM_public"] {
        command.env_remove(name);
    }
    command
}

/// Runs bakec with a text on its standard input.
#[track_caller]
pub(crate) fn bakec(folder: &Path, arguments: &[&str], input: &str) -> Ran {
    finish(&mut command(folder, arguments), input)
}

/// Runs a command with a text on its standard input.
#[track_caller]
pub(crate) fn finish(command: &mut Command, input: &str) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program can be started");
    // A command that does not read closes its end.
    let _ = child.stdin.take().expect("its input is a pipe").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    Ran {
        code: output.status.code().expect("the program is not killed"),
        out: String::from_utf8(output.stdout).expect("the output is UTF-8"),
        errors: String::from_utf8(output.stderr).expect("the errors are UTF-8"),
    }
}

/// A temporary folder with files.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }
    folder
}

/// The names of bakec's commands, as its help lists them.
pub(crate) fn commands() -> Vec<String> {
    let help = bakec(Path::new("."), &["--help"], "").done();
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).map_while(|line| line.strip_prefix("  "));
    let names = listed.filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(str::to_owned).collect();
    assert!(names.len() > 8, "the help names few commands: {names:?}");
    names
}

/// Runs Packer in a folder; nothing where there is none.
pub(crate) fn packer(folder: &Path, arguments: &[&str]) -> Option<Output> {
    Command::new("packer")
        .args(arguments)
        .current_dir(folder)
        .env("CHECKPOINT_DISABLE", "1")
        .env("PACKER_CACHE_DIR", folder)
        .output()
        .ok()
}
