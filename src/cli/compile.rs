//! `bakec compile`: the plan as Packer JSON, or through a template.

use std::io;
use std::path::Path;

use crate::compile::Compiled;
use crate::diagnostic::Diagnostic;
use crate::emit::template::Template;
use crate::emit::{Emit, Emitted, Paths, packer_json};
use crate::inspect::list::count;
use crate::load::Disk;
use crate::load::world::normalise;

use super::args::{Compile, PathsFrom, Target};
use super::terminal::Terminal;
use super::{Outcome, Stop, file, input};

pub(super) fn run(args: &Compile, terminal: &Terminal) -> Outcome {
    let target = target(args, terminal)?;
    let root = input::root(args.file.as_deref(), terminal)?;
    let mut compiled = input::compiled(&root, &args.given);
    let template = match (target, &args.template) {
        (Target::Template, Some(path)) => Some(Template::load(&Disk, path, &mut compiled.sources)),
        _ => None,
    };
    if args.deps {
        return dependencies(compiled, template, terminal);
    }
    let how = Emit { paths: paths(args, terminal)?, bare: args.bare };
    let plan = input::plan(&mut compiled, Some(&args.selection), terminal)?;
    let written = match template {
        None => Written::Plan(packer_json(&plan, &compiled.kinds, &how)),
        Some(template) => {
            let text = template.and_then(|t| t.render(&plan, &compiled.kinds, &compiled.params, &how));
            match text {
                Ok(text) => Written::Text(text),
                Err(problem) => {
                    compiled.diagnostics.push(*problem);
                    terminal.diagnostics(&compiled.diagnostics, &compiled.sources);
                    return Err(Stop::Mistakes);
                }
            }
        }
    };
    let mut told = std::mem::take(&mut compiled.diagnostics);
    if let Written::Plan(emitted) = &written {
        told.extend(emitted.problems.iter().map(|p| p.diagnostic(&plan, &compiled.sources)));
    }
    terminal.diagnostics(&told, &compiled.sources);
    match args.output.as_deref().filter(|o| *o != "-") {
        None => terminal.result(|out| written.write_to(out))?,
        Some(output) => {
            write(output, &written, terminal)?;
            terminal.note(&format!("{output}: {}", count(plan.builds.len())));
        }
    }
    // The program ends here: giving a large plan back piece by piece would take longer than a tenth of the whole.
    std::mem::forget((plan, written, compiled));
    Ok(())
}

/// What is to be written.
enum Written {
    Plan(Emitted),
    Text(String),
}

impl Written {
    fn write_to(&self, out: &mut (impl io::Write + ?Sized)) -> io::Result<()> {
        match self {
            Written::Plan(emitted) => emitted.write_to(out),
            Written::Text(text) => out.write_all(text.as_bytes()),
        }
    }
}

/// The form that is wanted, if what else is said fits it.
fn target(args: &Compile, terminal: &Terminal) -> Result<Target, Stop> {
    let target = args.target.unwrap_or(if args.template.is_some() { Target::Template } else { Target::PackerJson });
    match (target, &args.template) {
        (Target::Template, None) => Err(terminal
            .fail("`--target template` needs the template", Some("name it: `bakec compile --template FILE.j2`"))),
        (Target::Template, Some(_)) if args.bare => Err(terminal.fail(
            "`--bare` leaves out a comment of Packer's JSON, which a template does not write",
            Some("leave `--bare` out; `plan` in a template is without the comment"),
        )),
        (Target::PackerJson, Some(_)) => Err(terminal.fail(
            "`--template` is for `--target template`",
            Some("leave `--target` out: a template says what is wanted"),
        )),
        _ => Ok(target),
    }
}

fn write(output: &str, written: &Written, terminal: &Terminal) -> Outcome {
    file::write(Path::new(output), |out| written.write_to(out))
        .map_err(|error| terminal.fail(&format!("`{output}` cannot be written: {error}"), None))
}

/// Files and environment variables that the result is made of, one a line.
fn dependencies(
    mut compiled: Compiled,
    template: Option<Result<Template, Box<Diagnostic>>>,
    terminal: &Terminal,
) -> Outcome {
    let template = template.transpose().unwrap_or_else(|problem| {
        compiled.diagnostics.push(*problem);
        None
    });
    terminal.diagnostics(&compiled.diagnostics, &compiled.sources);
    terminal.result(|out| {
        let files = compiled.files.iter().map(|f| f.as_str());
        let mut files = files.chain(template.iter().flat_map(Template::files));
        files.try_for_each(|f| writeln!(out, "file: {f}"))?;
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
