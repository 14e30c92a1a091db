//! `bakec fmt`: files in the one canonical style.

use std::collections::BTreeSet;
use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::format::{FormatProblem, diff, format};
use crate::load::LoadProblem;
use crate::load::world::{Disk, World, normalise};
use crate::text::{Source, Sources};

use super::args::Fmt;
use super::terminal::Terminal;
use super::{Outcome, Stop, file};

pub(super) fn run(args: &Fmt, terminal: &Terminal) -> Outcome {
    let files = match &args.files[..] {
        [] => vec![".".to_owned()],
        some => some.to_vec(),
    };
    let mut failed = false;
    let mut differing = false;
    for path in expanded(&files, terminal)? {
        match one(&path, args, terminal) {
            Ok(changed) => differing |= changed,
            Err(Stop::Closed) => return Err(Stop::Closed),
            Err(_) => failed = true,
        }
    }
    match (failed, args.check && differing) {
        (true, _) => Err(Stop::Mistakes),
        (_, true) => Err(Stop::Differences),
        _ => Ok(()),
    }
}

/// Formats one file; whether it differs from its canonical form.
fn one(path: &str, args: &Fmt, terminal: &Terminal) -> Result<bool, Stop> {
    let before = Disk.read(path).map_err(|error| {
        let mut sources = Sources::new();
        let problem = LoadProblem::unreadable(&Disk, path, error, &mut sources);
        terminal.diagnostics(&[problem.into()], &sources);
        Stop::Mistakes
    })?;
    let after = match format(path, &before) {
        Ok(after) => after,
        Err(FormatProblem::DoesNotParse(problems)) => {
            let mut sources = Sources::new();
            sources.add(Source::new(path, before));
            let diagnostics: Vec<Diagnostic> = problems.into_iter().map(Into::into).collect();
            terminal.diagnostics(&diagnostics, &sources);
            return Err(Stop::Mistakes);
        }
        Err(problem) => return Err(terminal.fail(&problem.to_string(), None)),
    };
    let changed = before != after;
    if args.diff && changed {
        let text = diff::unified(path, &before, &after, terminal.colour_out());
        terminal.result(|out| out.write_all(text.as_bytes()))?;
    } else if args.check && changed {
        terminal.result(|out| writeln!(out, "{path}"))?;
    }
    if args.diff || args.check {
        return Ok(changed);
    }
    if path == "-" {
        terminal.result(|out| out.write_all(after.as_bytes()))?;
    } else if changed {
        file::write(Path::new(path), |out| out.write_all(after.as_bytes()))
            .map_err(|error| terminal.fail(&format!("`{path}` cannot be written: {error}"), None))?;
        terminal.note(&format!("formatted {path}"));
    }
    Ok(changed)
}

/// The files as they are named, and for a folder those below it, each once.
fn expanded(named: &[String], terminal: &Terminal) -> Result<Vec<String>, Stop> {
    let mut files = Vec::new();
    for name in named {
        if name == "-" || !Path::new(name).is_dir() {
            files.push(name.clone());
            continue;
        }
        let mut below = BTreeSet::new();
        collect(&normalise(name), &mut below)
            .map_err(|error| terminal.fail(&format!("`{name}` cannot be listed: {error}"), None))?;
        if below.is_empty() {
            return Err(terminal.fail(&format!("there is no `.bake` file below `{name}`"), None));
        }
        files.extend(below);
    }
    let mut seen = BTreeSet::new();
    files.retain(|f| seen.insert(f.clone()));
    Ok(files)
}

/// The `.bake` files below a folder, without hidden ones and without following links to folders.
fn collect(folder: &str, files: &mut BTreeSet<String>) -> std::io::Result<()> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let path = normalise(&format!("{folder}/{name}"));
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if name.ends_with(".bake") {
                files.insert(path);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_stand_for_the_files_below_them() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let root = folder.path().to_string_lossy().into_owned();
        for name in ["b.bake", "a/c.bake", ".hidden/x.bake", "a/readme.md"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(folder.path()))?;
            std::fs::write(path, "")?;
        }
        let mut files = BTreeSet::new();
        collect(&root, &mut files)?;
        let names: Vec<&str> = files.iter().filter_map(|f| f.strip_prefix(&root)).collect();
        assert_eq!(names, ["/a/c.bake", "/b.bake"]);
        Ok(())
    }
}
