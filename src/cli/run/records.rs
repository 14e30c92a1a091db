//! Former runs: their folders, and which one is meant.

use std::path::{Path, PathBuf};

use crate::report::problem::diagnostic;
use crate::run::journal::fold::Record;
use crate::run::journal::{FILE, peek};
use crate::run::settle::unusable;
use crate::text::Sources;
use crate::text::suggest::nearest;

use super::super::Stop;
use super::super::terminal::Terminal;

/// The names of all runs in a folder, the newest first.
pub(in crate::cli) fn names(runs: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.path().join(FILE).is_file());
    let mut names: Vec<String> = named.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_by(|a, b| b.cmp(a));
    names
}

/// The folder of the run that is meant: its name, a beginning that no other has, `last`, or the folder itself.
pub(super) fn find(runs: &str, wanted: &str, terminal: &Terminal) -> Result<PathBuf, Stop> {
    let fail = |message: String, help: &str| Err(terminal.fail(&message, Some(help)));
    if wanted.contains('/') && Path::new(wanted).join(FILE).is_file() {
        return Ok(PathBuf::from(wanted));
    }
    let runs = Path::new(runs);
    let all = names(runs);
    let Some(last) = all.first() else {
        return fail(
            format!("there are no runs in `{}`", runs.display()),
            "name the folder that holds them by `--runs`",
        );
    };
    if wanted == "last" {
        return Ok(runs.join(last));
    }
    let begin: Vec<&String> = all.iter().filter(|name| name.starts_with(wanted)).collect();
    match begin[..] {
        [one] => Ok(runs.join(one)),
        [] => {
            let near = nearest(wanted, all.iter().map(String::as_str).chain(["last"]));
            let help =
                near.map_or_else(|| "`bakec runs` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
            fail(format!("there is no run `{wanted}`"), &help)
        }
        [.., _] if all.iter().any(|name| name == wanted) => Ok(runs.join(wanted)),
        [first, second, ..] => {
            let more = if begin.len() > 2 { format!(" and {} more", begin.len() - 2) } else { String::new() };
            fail(format!("several runs begin with `{wanted}`: `{first}`, `{second}`{more}"), "write more of the name")
        }
    }
}

/// What the journal in a folder says.
pub(super) fn record(folder: &Path, terminal: &Terminal) -> Result<Record, Stop> {
    peek(folder).map_err(|error| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let problem = unusable(&name, error);
        let mut sources = Sources::new();
        let told = diagnostic(&problem, &mut sources, &|_| None);
        terminal.diagnostics(&[told], &sources);
        Stop::Refused
    })
}
