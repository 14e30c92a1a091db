//! `bakec compile`: the plan as Packer JSON or HCL, or through a template.

use std::io;
use std::path::Path;

use crate::compile::Compiled;
use crate::diagnostic::Diagnostic;
use crate::emit::template::Template;
use crate::emit::{Emit, Emitted, Paths, packer_hcl, packer_json};
use crate::inspect::list::count;
use crate::load::Disk;
use crate::load::world::normalise;
use crate::plan::Plan;

use super::args::{Compile, PathsFrom, Target};
use super::terminal::Terminal;
use super::{Outcome, Stop, file, input, stages};

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
    if let Some(stage) = args.stage {
        return stages::run(args, target, stage, &root, compiled, terminal);
    }
    let output = output(args);
    spare_sources(output, &compiled, terminal)?;
    let mut how = Emit { paths: paths(args, output.unwrap_or(""), terminal)?, bare: args.bare, ..Emit::default() };
    if let Some(whole) = compiled.plan.as_ref().filter(|_| args.selection.is_some()) {
        // A part names the AMIs that it needs as the whole does.
        how.edges = packer_json(whole, &compiled.kinds, &Emit::default()).edges;
    }
    let plan = input::plan(&mut compiled, Some(&args.selection), terminal)?;
    let written = match template {
        None => {
            let emitted = emitted(args, target, &plan, &compiled, &how);
            tell(&mut compiled, [(&plan, &emitted)], terminal);
            Written::Plan(emitted)
        }
        Some(template) => match template.and_then(|t| t.render(&plan, &compiled.kinds, &compiled.params, &how)) {
            Ok(text) => {
                tell(&mut compiled, [], terminal);
                Written::Text(text)
            }
            Err(problem) => {
                compiled.diagnostics.push(*problem);
                tell(&mut compiled, [], terminal);
                return Err(Stop::Mistakes);
            }
        },
    };
    match output {
        None => terminal.result(|out| written.write_to(out))?,
        Some(output) => {
            warn_of_ending(target, output, terminal);
            file::write(Path::new(output), |out| written.write_to(out))
                .map_err(|error| terminal.fail(&format!("`{output}` cannot be written: {error}"), None))?;
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
    let refused = |message: &str, help: &str| Err(terminal.fail(message, Some(help)));
    if args.no_required_plugins && target != Target::PackerHcl {
        let help = "only HCL demands plugins; add `--target packer-hcl`, or leave the flag out";
        return refused("`--no-required-plugins` is for `--target packer-hcl`", help);
    }
    match (target, &args.template) {
        (Target::Template, None) => {
            refused("`--target template` needs the template", "name it: `bakec compile --template FILE.j2`")
        }
        (Target::Template, Some(_)) if args.bare => refused(
            "`--bare` leaves out a comment of Packer's JSON, which a template does not write",
            "leave `--bare` out; `plan` in a template is without the comment",
        ),
        (Target::Template, Some(_)) if args.stage.is_some() => refused(
            "`--stage` splits Packer's templates, and a template of your own sees the whole plan",
            "leave `--stage` out, or choose builds by `--only`",
        ),
        (Target::PackerJson | Target::PackerHcl, Some(_)) => {
            refused("`--template` is for `--target template`", "leave `--target` out: a template says what is wanted")
        }
        _ => Ok(target),
    }
}

/// The plan in the form that is asked for, one of Packer's.
pub(super) fn emitted(args: &Compile, target: Target, plan: &Plan, compiled: &Compiled, how: &Emit) -> Emitted {
    match target {
        Target::PackerHcl => packer_hcl(plan, &compiled.kinds, how, !args.no_required_plugins),
        Target::PackerJson | Target::Template => packer_json(plan, &compiled.kinds, how),
    }
}

/// Says what the compiler found and what the templates do not say.
pub(super) fn tell<'p>(
    compiled: &mut Compiled,
    written: impl IntoIterator<Item = (&'p Plan, &'p Emitted)>,
    terminal: &Terminal,
) {
    let mut told = std::mem::take(&mut compiled.diagnostics);
    let mut empty = false;
    for (plan, emitted) in written {
        empty |= plan.builds.is_empty();
        for problem in &emitted.problems {
            let diagnostic = problem.diagnostic(plan, &compiled.sources);
            // A place may be in several stages.
            if !told.contains(&diagnostic) {
                told.push(diagnostic);
            }
        }
    }
    terminal.diagnostics(&told, &compiled.sources);
    if empty {
        terminal.warn("there is no image in the program: the plan has no builds, and Packer refuses it", None);
    }
}

/// Refuses to write a plan over a program: what stands there was written by hand.
pub(super) fn spare_sources(output: Option<&str>, compiled: &Compiled, terminal: &Terminal) -> Outcome {
    let Some(output) = output else { return Ok(()) };
    let place = std::fs::canonicalize(output).unwrap_or_else(|_| output.into());
    let is_source = |file: &str| std::fs::canonicalize(file).is_ok_and(|source| source == place);
    if place.extension().is_some_and(|ending| ending == "bake") || compiled.files.iter().any(|file| is_source(file)) {
        let help = "plans go to files of their own, such as `-o plan.json`";
        return Err(
            terminal.fail(&format!("`{output}` is a source, and writing the plan there would lose it"), Some(help))
        );
    }
    Ok(())
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
            let message = format!("`{output}` holds JSON, and Packer takes what ends in `.pkr.hcl` for HCL");
            terminal.warn(&message, Some("name it `….json`, or write HCL by `--target packer-hcl`"));
        }
        Target::PackerHcl if !hcl => {
            let message = format!("`{output}` holds HCL, which Packer reads from files that end in `.pkr.hcl` only");
            let stem = output.strip_suffix(".hcl").unwrap_or(output);
            terminal.warn(&message, Some(&format!("name it `{stem}.pkr.hcl`")));
        }
        _ => {}
    }
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
