//! `bakec compile`: the plan as Packer JSON.

use std::path::Path;

use crate::emit::{Emit, Emitted, Paths, packer_json};
use crate::inspect::list::count;
use crate::load::world::normalise;

use super::args::{Compile, PathsFrom};
use super::terminal::Terminal;
use super::{Outcome, Stop, file, input};

pub(super) fn run(args: &Compile, terminal: &Terminal) -> Outcome {
    let root = input::root(args.file.as_deref(), terminal)?;
    let mut compiled = input::compiled(&root, &args.given);
    if args.deps {
        return dependencies(&compiled, terminal);
    }
    let how = Emit { paths: paths(args, terminal)?, bare: args.bare };
    let plan = input::plan(&mut compiled, Some(&args.selection), terminal)?;
    let emitted = packer_json(&plan, &compiled.kinds, &how);
    let mut told = std::mem::take(&mut compiled.diagnostics);
    told.extend(emitted.problems.iter().map(|p| p.diagnostic(&plan, &compiled.sources)));
    terminal.diagnostics(&told, &compiled.sources);
    match args.output.as_deref().filter(|o| *o != "-") {
        None => terminal.result(|out| emitted.write_to(out))?,
        Some(output) => {
            write(output, &emitted, terminal)?;
            terminal.note(&format!("{output}: {}", count(plan.builds.len())));
        }
    }
    // The program ends here: giving a large plan back piece by piece would take longer than a tenth of the whole.
    std::mem::forget((plan, emitted, compiled));
    Ok(())
}

fn write(output: &str, emitted: &Emitted, terminal: &Terminal) -> Outcome {
    file::write(Path::new(output), |out| emitted.write_to(out))
        .map_err(|error| terminal.fail(&format!("`{output}` cannot be written: {error}"), None))
}

/// Files and environment variables that the plan is made of, one a line.
fn dependencies(compiled: &crate::compile::Compiled, terminal: &Terminal) -> Outcome {
    terminal.diagnostics(&compiled.diagnostics, &compiled.sources);
    terminal.result(|out| {
        compiled.files.iter().try_for_each(|f| writeln!(out, "file: {f}"))?;
        compiled.environment.iter().try_for_each(|e| writeln!(out, "env: {e}"))
    })?;
    if input::has_errors(&compiled.diagnostics) { Err(Stop::Mistakes) } else { Ok(()) }
}

fn paths(args: &Compile, terminal: &Terminal) -> Result<Paths, Stop> {
    if args.paths == PathsFrom::Cwd {
        return Ok(Paths::Current);
    }
    let current = std::env::current_dir()
        .map_err(|error| terminal.fail(&format!("the current folder cannot be told: {error}"), None))?;
    let current = current.to_string_lossy().into_owned();
    let output = args.output.as_deref().filter(|o| *o != "-").unwrap_or("");
    let folder = match output.rsplit_once('/') {
        None => current.clone(),
        Some((folder, _)) if output.starts_with('/') => normalise(&format!("/{folder}")),
        Some((folder, _)) => normalise(&format!("{current}/{folder}")),
    };
    Ok(Paths::TemplateDir { folder, current })
}
