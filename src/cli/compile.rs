//! `bakec compile`: the plan as Packer JSON or HCL.

use std::path::Path;

use crate::compile::Compiled;
use crate::emit::{Emit, Emitted, Paths, packer_hcl, packer_json};
use crate::inspect::list::count;
use crate::load::world::normalise;
use crate::plan::Plan;

use super::args::{Compile, PathsFrom, Target};
use super::terminal::Terminal;
use super::{Outcome, Stop, file, input, stages};

pub(super) fn run(args: &Compile, terminal: &Terminal) -> Outcome {
    if args.no_required_plugins && args.target != Target::PackerHcl {
        let help = "JSON demands no plugins; add `--target packer-hcl`, or leave the flag out";
        return Err(terminal.fail("`--no-required-plugins` is for `--target packer-hcl`", Some(help)));
    }
    let root = input::root(args.file.as_deref(), terminal)?;
    let mut compiled = input::compiled(&root, &args.given);
    if args.deps {
        return dependencies(&compiled, terminal);
    }
    if let Some(stage) = args.stage {
        return stages::run(args, stage, &root, compiled, terminal);
    }
    let output = output(args);
    let mut how = Emit { paths: paths(args, output.unwrap_or(""), terminal)?, bare: args.bare, ..Emit::default() };
    if let Some(whole) = compiled.plan.as_ref().filter(|_| args.selection.is_some()) {
        // A part names the AMIs that it needs as the whole does.
        how.edges = packer_json(whole, &compiled.kinds, &Emit::default()).edges;
    }
    let plan = input::plan(&mut compiled, Some(&args.selection), terminal)?;
    let emitted = emitted(args, &plan, &compiled, &how);
    tell(&mut compiled, [(&plan, &emitted)], terminal);
    match output {
        None => terminal.result(|out| emitted.write_to(out))?,
        Some(output) => {
            warn_of_ending(args.target, output, terminal);
            file::write(Path::new(output), |out| emitted.write_to(out))
                .map_err(|error| terminal.fail(&format!("`{output}` cannot be written: {error}"), None))?;
            terminal.note(&format!("{output}: {}", count(plan.builds.len())));
        }
    }
    // The program ends here: giving a large plan back piece by piece would take longer than a tenth of the whole.
    std::mem::forget((plan, emitted, compiled));
    Ok(())
}

/// The plan in the form that is asked for.
pub(super) fn emitted(args: &Compile, plan: &Plan, compiled: &Compiled, how: &Emit) -> Emitted {
    match args.target {
        Target::PackerJson => packer_json(plan, &compiled.kinds, how),
        Target::PackerHcl => packer_hcl(plan, &compiled.kinds, how, !args.no_required_plugins),
    }
}

/// Says what the compiler found and what the templates do not say.
pub(super) fn tell<'p>(
    compiled: &mut Compiled,
    written: impl IntoIterator<Item = (&'p Plan, &'p Emitted)>,
    terminal: &Terminal,
) {
    let mut told = std::mem::take(&mut compiled.diagnostics);
    for (plan, emitted) in written {
        for problem in &emitted.problems {
            let diagnostic = problem.diagnostic(plan, &compiled.sources);
            // A place may be in several stages.
            if !told.contains(&diagnostic) {
                told.push(diagnostic);
            }
        }
    }
    terminal.diagnostics(&told, &compiled.sources);
}

/// The file that is asked for; none where the plan goes to standard output.
pub(super) fn output(args: &Compile) -> Option<&str> {
    args.output.as_deref().filter(|o| *o != "-")
}

/// Packer tells JSON and HCL apart by the names of files.
pub(super) fn warn_of_ending(target: Target, output: &str, terminal: &Terminal) {
    let hcl = output.ends_with(".pkr.hcl");
    match target {
        Target::PackerJson if hcl => {
            terminal.note(&format!(
                "`{output}` holds JSON, which Packer expects in a file that does not end in `.pkr.hcl`"
            ));
        }
        Target::PackerHcl if !hcl => {
            terminal.note(&format!("Packer reads HCL from files that end in `.pkr.hcl`, which `{output}` does not"));
        }
        _ => {}
    }
}

/// Files and environment variables that the plan is made of, one a line.
fn dependencies(compiled: &Compiled, terminal: &Terminal) -> Outcome {
    terminal.diagnostics(&compiled.diagnostics, &compiled.sources);
    terminal.result(|out| {
        compiled.files.iter().try_for_each(|f| writeln!(out, "file: {f}"))?;
        compiled.environment.iter().try_for_each(|e| writeln!(out, "env: {e}"))
    })?;
    if input::has_errors(&compiled.diagnostics) { Err(Stop::Mistakes) } else { Ok(()) }
}

/// What the paths of a plan in this file are relative to.
pub(super) fn paths(args: &Compile, output: &str, terminal: &Terminal) -> Result<Paths, Stop> {
    if args.paths == PathsFrom::Cwd {
        return Ok(Paths::Current);
    }
    let current = std::env::current_dir()
        .map_err(|error| terminal.fail(&format!("the current folder cannot be told: {error}"), None))?;
    let current = current.to_string_lossy().into_owned();
    let folder = match output.rsplit_once('/') {
        None => current.clone(),
        Some((folder, _)) if output.starts_with('/') => normalise(&format!("/{folder}")),
        Some((folder, _)) => normalise(&format!("{current}/{folder}")),
    };
    Ok(Paths::TemplateDir { folder, current })
}
