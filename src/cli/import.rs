//! `bakec import`: a template of Packer's as a program.

use std::fs;
use std::path::Path;

use crate::diagnostic::Severity;
use crate::import::{Made, Places, import};
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
    told(&made, output, terminal);
    Ok(())
}

/// A program beside its template.
fn beside(template: &str) -> String {
    let path = if template == "-" { "image.json".to_owned() } else { normalise(template) };
    let stem = path.strip_suffix(".json").unwrap_or(&path);
    format!("{stem}.bake")
}

/// Reads a template and makes its program. What there is to say of them has been said.
pub(super) fn made(template: &str, program: &str, terminal: &Terminal) -> Result<Made, Stop> {
    let text = Disk.read(template).map_err(|error| {
        let mut sources = Sources::new();
        let problem = LoadProblem::unreadable(&Disk, template, error, &mut sources);
        terminal.diagnostics(&[problem.into()], &sources);
        Stop::Mistakes
    })?;
    let path = if template == "-" { template.to_owned() } else { normalise(template) };
    let imported = import(&Disk, Places { template: &path, program }, &text);
    terminal.diagnostics(&imported.diagnostics, &imported.sources);
    debug_assert!(imported.program.is_some() || imported.diagnostics.iter().any(|d| d.severity == Severity::Error));
    imported.program.ok_or(Stop::Mistakes)
}

/// What became of what, in one line.
pub(super) fn told(made: &Made, output: Option<&str>, terminal: &Terminal) {
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
    if !tally.compiles {
        terminal.note("the template has mistakes that the program has too: `bakec check` shows them");
    }
}
