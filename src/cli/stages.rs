//! `bakec compile --stage`: one template for each layer of a plan. It knows names of files and what is said of them; which build
//! is in which stage is not decided here.

use std::path::Path;

use crate::compile::Compiled;
use crate::emit::{Emit, Emitted, packer_json};
use crate::inspect::layers::Layers;
use crate::inspect::list::count;
use crate::plan::Plan;

use super::args::{Compile, Stage, Target};
use super::compile::{emitted, output, paths, spare_sources, tell, warn_of_ending};
use super::terminal::Terminal;
use super::{Outcome, Stop, file, input};

/// The most variables that a line about a stage names.
const MOST_NAMED: usize = 4;

pub(super) fn run(
    args: &Compile,
    target: Target,
    stage: Stage,
    root: &str,
    mut compiled: Compiled,
    terminal: &Terminal,
) -> Outcome {
    let output = output(args);
    if stage == Stage::All && output.is_none() {
        let help = "name a file or a folder: `--stage all -o plan.json` writes plan.1.json, plan.2.json and so on";
        return Err(terminal.fail("all stages do not fit into one output", Some(help)));
    }
    let layers = compiled.plan.as_ref().map(Layers::of).unwrap_or_default();
    // Names are given by the whole plan, so that all of its parts agree.
    let whole = compiled.plan.as_ref().map(|plan| packer_json(plan, &compiled.kinds, &Emit::default()));
    let edges = whole.map(|emitted| emitted.edges).unwrap_or_default();
    let plan = input::plan(&mut compiled, Some(&args.selection), terminal)?;
    let stages = wanted(stage, &plan, &layers, terminal)?;
    if let Some(folder) = output.filter(|o| stage == Stage::All && is_folder(o)) {
        file::folder(folder, terminal)?;
    }
    let files: Vec<String> = stages
        .iter()
        .map(|n| if stage == Stage::All { named(target, output, root, *n) } else { output.unwrap_or("").into() })
        .collect();
    for file in files.iter().filter(|file| !file.is_empty()) {
        spare_sources(Some(file), &compiled, terminal)?;
    }
    let mut written: Vec<(Plan, Emitted)> = Vec::with_capacity(stages.len());
    for (number, file) in stages.iter().zip(&files) {
        let manifest = format!("{}.{number}.amis.json", stem(root));
        let part = layers.stage(&plan, *number, &edges, &manifest);
        let how = Emit {
            paths: paths(args, file, terminal)?,
            bare: args.bare,
            edges: edges.clone(),
            earlier: layers.before(*number),
        };
        let text = emitted(args, target, &part, &compiled, &how);
        written.push((part, text));
    }
    tell(&mut compiled, written.iter().map(|(plan, text)| (plan, text)), terminal);
    if output.is_none() {
        for (_, text) in &written {
            terminal.result(|out| text.write_to(out))?;
        }
    } else {
        file::write_all(&files, |number, out| written[number].1.write_to(out)).map_err(|(number, error)| {
            terminal.fail(&format!("`{}` cannot be written: {error}", files[number]), None)
        })?;
    }
    for ((number, file), (part, text)) in stages.iter().zip(&files).zip(&written) {
        if output.is_some() {
            warn_of_ending(target, file, terminal);
        }
        let name = if output.is_some() { file.clone() } else { format!("stage {number} of {}", layers.count()) };
        terminal.note(&format!("{name}: {}{}", count(part.builds.len()), to_set(text)));
    }
    let next = named(target, output, root, layers.count() + 1);
    if stage == Stage::All && Path::new(&next).exists() {
        terminal.warn(&format!("`{next}` is older: there are only {} stages", layers.count()), None);
    }
    Ok(())
}

/// The numbers of the stages that are wanted and have builds.
fn wanted(stage: Stage, plan: &Plan, layers: &Layers, terminal: &Terminal) -> Result<Vec<u32>, Stop> {
    let has_builds = |number: u32| plan.builds.iter().any(|b| layers.stage_of(&b.name) == number);
    let of = layers.count();
    let Stage::One(number) = stage else { return Ok((1..=of).filter(|n| has_builds(*n)).collect()) };
    if number > of {
        let message = match of {
            1 => format!("there is no stage {number}: no build needs the AMI of another one, so there is one stage"),
            _ => format!("there is no stage {number}: the plan has {of} stages"),
        };
        return Err(terminal.fail(&message, Some("`bakec list` shows the stage of each build")));
    }
    if !has_builds(number) && !plan.builds.is_empty() {
        let message = format!("no build of stage {number} is selected");
        return Err(terminal.fail(&message, Some("stages are those of the whole plan; `bakec list` shows them")));
    }
    Ok(vec![number])
}

/// The file of a stage: the number stands before the ending. A folder gets files that are named as the root.
fn named(target: Target, output: Option<&str>, root: &str, stage: u32) -> String {
    let output = output.unwrap_or("");
    let ending = match target {
        Target::PackerHcl => ".pkr.hcl",
        Target::PackerJson | Target::Template => ".json",
    };
    if is_folder(output) {
        return format!("{}/{}.{stage}{ending}", output.trim_end_matches('/'), stem(root));
    }
    let name = output.rsplit_once('/').map_or(output, |(_, name)| name);
    let ending =
        if name.ends_with(ending) { ending } else { name.rfind('.').filter(|at| *at > 0).map_or("", |at| &name[at..]) };
    format!("{}.{stage}{ending}", &output[..output.len() - ending.len()])
}

/// Whether an output is a folder: it is one, or is written as one. A file for a plan has an ending.
fn is_folder(output: &str) -> bool {
    let name = output.rsplit_once('/').map_or(output, |(_, name)| name);
    Path::new(output).is_dir() || !name.trim_start_matches('.').contains('.')
}

/// The name of the root file without its ending.
fn stem(root: &str) -> &str {
    let name = root.rsplit_once('/').map_or(root, |(_, name)| name);
    if name == "-" { "plan" } else { name.strip_suffix(".bake").unwrap_or(name) }
}

/// Which AMIs a template has to be given.
fn to_set(emitted: &Emitted) -> String {
    let mut names: Vec<String> = emitted.edges.iter().take(MOST_NAMED).map(|e| format!("`{}`", e.variable)).collect();
    match emitted.edges.len() {
        0 => return String::new(),
        all if all > MOST_NAMED => names.push(format!("{} more", all - MOST_NAMED)),
        _ => {}
    }
    format!(", needs {}", names.join(", "))
}
