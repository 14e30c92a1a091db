//! `bakec import`: a template of Packer's as a program.

use std::fs;
use std::path::Path;

use crate::import::{Made, Places, import_files};
use crate::inspect::list::count;
use crate::load::world::normalise;
use crate::load::{Disk, LoadProblem, World};
use crate::text::Sources;

use super::args::Import;
use super::terminal::Terminal;
use super::{Outcome, Stop, file};

pub(super) fn run(args: &Import, terminal: &Terminal) -> Outcome {
    let output = args.output.as_deref().filter(|o| *o != "-");
    if let Some(output) = output {
        let there = fs::symlink_metadata(output).is_ok();
        if there && !args.force {
            let help = "name another file, or write over this one with `--force`";
            return Err(terminal.fail(&format!("`{output}` exists already"), Some(help)));
        }
        if there && fs::canonicalize(output).ok() == fs::canonicalize(&args.template).ok() {
            return Err(terminal.fail("the program would take the template's place", Some("name another file")));
        }
    }
    let program = match output {
        Some(output) => normalise(output),
        None => beside(&args.template),
    };
    let made = made(&args.template, &program, terminal)?;
    match output {
        None => terminal.result(|out| out.write_all(made.text.as_bytes()))?,
        Some(output) => file::write(Path::new(output), |out| out.write_all(made.text.as_bytes()))
            .map_err(|error| terminal.fail(&format!("`{output}` cannot be written: {error}"), None))?,
    }
    told(&made, output, terminal)
}

/// A program beside its template.
fn beside(template: &str) -> String {
    let path = if template == "-" { "image.json".to_owned() } else { normalise(template) };
    let stem =
        [".pkr.json", ".json", ".pkr.hcl", ".hcl"].iter().find_map(|end| path.strip_suffix(end)).unwrap_or(&path);
    if Path::new(template).is_dir() {
        format!("{}/image.bake", path.trim_end_matches('/'))
    } else {
        format!("{stem}.bake")
    }
}

/// Reads a template and makes its program. What there is to say of them has been said.
pub(super) fn made(template: &str, program: &str, terminal: &Terminal) -> Result<Made, Stop> {
    let files = if Path::new(template).is_dir() { files_of(template, terminal)? } else { vec![template.to_owned()] };
    let mut texts = Vec::with_capacity(files.len());
    for file in &files {
        let text = Disk.read(file).map_err(|error| {
            let mut sources = Sources::new();
            let problem = LoadProblem::unreadable(&Disk, file, error, &mut sources);
            terminal.diagnostics(&[problem.into()], &sources);
            Stop::Mistakes
        })?;
        texts.push((if file == "-" { file.clone() } else { normalise(file) }, text));
    }
    let files: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let path = files.first().map_or(template, |(path, _)| path);
    let imported = import_files(&Disk, Places { template: path, program }, &files);
    terminal.diagnostics(&imported.diagnostics, &imported.sources);
    imported.program.ok_or(Stop::Mistakes)
}

/// The files of a folder that Packer reads as one template. Values of variables are nobody's business here.
fn files_of(folder: &str, terminal: &Terminal) -> Result<Vec<String>, Stop> {
    let fail = |error: std::io::Error| terminal.fail(&format!("`{folder}` cannot be read: {error}"), None);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let name = entry.map_err(fail)?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".pkr.hcl") || name.ends_with(".pkr.json") {
            files.push(format!("{}/{name}", folder.trim_end_matches('/')));
        }
    }
    if files.is_empty() {
        let help = "name a template of Packer's, `template.json` or `image.pkr.hcl`, or a folder of the latter";
        return Err(terminal.fail(&format!("`{folder}` holds no `*.pkr.hcl`"), Some(help)));
    }
    files.sort();
    Ok(files)
}

/// What became of what, in one line. A program with mistakes is written, and the command fails.
pub(super) fn told(made: &Made, output: Option<&str>, terminal: &Terminal) -> Outcome {
    let tally = &made.tally;
    let axes = match tally.axes {
        0 => String::new(),
        1 => " with a matrix of 1 axis".into(),
        n => format!(" with a matrix of {n} axes"),
    };
    let lost = match tally.lost {
        0 => String::new(),
        1 => "; 1 thing is not said as it was".into(),
        n => format!("; {n} things are not said as they were"),
    };
    let name = output.map(|o| format!("{o}: ")).unwrap_or_default();
    let lines = made.text.lines().count();
    terminal.note(&format!("{name}{} became 1 image{axes}, {lines} lines{lost}", count(tally.builders)));
    match tally.mistakes {
        0 => return Ok(()),
        1 => terminal.note("the template has a mistake, shown above, and so has the program"),
        n => terminal.note(&format!("the template has {n} mistakes, shown above, and so has the program")),
    }
    Err(Stop::Mistakes)
}
