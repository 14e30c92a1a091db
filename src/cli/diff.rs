//! `bakec diff`: what is different between two plans.

use std::path::Path;

use crate::compile::{Compiled, compile};
use crate::emit::{Emit, packer_json};
use crate::inspect::diff::{self, Style};
use crate::load::world::normalise;
use crate::load::{Disk, ReadError, World};
use crate::packer::document::CommentState;
use crate::packer::{Document, read};
use crate::text::suggest::nearest;
use crate::text::{FileId, Source, Sources};

use super::args::Diff;
use super::git::{Refusal, Revision};
use super::terminal::Terminal;
use super::{Outcome, Stop, input};

pub(super) fn run(args: &Diff, terminal: &Terminal) -> Outcome {
    let (before, after) = sides(args, terminal)?;
    if before == Side::Now("-".into()) && after == before {
        return Err(terminal.fail("standard input can be one side only", Some("name a file for the other")));
    }
    let (names, mut documents) = ((before.name(), after.name()), Vec::with_capacity(2));
    for side in [&before, &after] {
        documents.push(document(side, args, terminal)?);
    }
    let (Some(mut new), Some(mut old)) = (documents.pop(), documents.pop()) else { return Err(Stop::Mistakes) };
    if let Err(problem) = diff::only(&mut old, &mut new, &args.selection.only, &args.selection.except) {
        let mut sources = Sources::new();
        let file = sources.add(Source::new(problem.option, problem.text.as_str()));
        terminal.diagnostics(&[problem.diagnostic(file)], &sources);
        return Err(Stop::Mistakes);
    }
    let found = diff::diff(&old, &new);
    let text = match args.json {
        true => diff::as_json(&found, &names.0, &names.1),
        false => diff::text(&found, Style { colour: terminal.colour_out() }),
    };
    terminal.result(|out| out.write_all(text.as_bytes()))?;
    if found.equal {
        terminal.note(&format!("`{}` and `{}` are equal", names.0, names.1));
        return Ok(());
    }
    Err(Stop::Differences)
}

/// One side of a comparison.
#[derive(Clone, PartialEq, Debug)]
enum Side {
    /// A file as it is now, or standard input.
    Now(String),
    /// A file of a git revision.
    Then(String, String),
}

impl Side {
    fn name(&self) -> String {
        match self {
            Side::Now(path) => path.clone(),
            Side::Then(revision, path) if path.is_empty() => revision.clone(),
            Side::Then(revision, path) => format!("{revision}:{path}"),
        }
    }
}

/// What is compared. Without the second side it is the same file as it is now; without any, the last commit is the first.
fn sides(args: &Diff, terminal: &Terminal) -> Result<(Side, Side), Stop> {
    let there = |name: &str| name == "-" || Path::new(name).exists();
    let default = || input::root(None, terminal);
    let then = |revision: &str, path: &str| Side::Then(revision.to_owned(), path.to_owned());
    let one = |name: &str| match name.split_once(':') {
        Some((revision, path)) if !there(name) => then(revision, path),
        _ => Side::Now(name.to_owned()),
    };
    match (args.before.as_deref(), args.after.as_deref()) {
        (None, _) => {
            let file = default()?;
            Ok((then("HEAD", &file), Side::Now(file)))
        }
        (Some("-"), None) => Err(terminal
            .fail("standard input is compared with what?", Some("name the other side: `bakec diff old.json -`"))),
        (Some(name), None) if there(name) => {
            let file = input::root(Some(name), terminal)?;
            Ok((then("HEAD", &file), Side::Now(file)))
        }
        (Some(name), None) => match one(name) {
            Side::Then(revision, path) => {
                let file = if path.is_empty() { default()? } else { path };
                Ok((Side::Then(revision, file.clone()), Side::Now(file)))
            }
            Side::Now(revision) => {
                // A misspelt file is no revision.
                if [".bake", ".json"].iter().any(|ending| revision.ends_with(ending)) {
                    return Err(no_file(&revision, terminal));
                }
                let file = default()?;
                Ok((then(&revision, &file), Side::Now(file)))
            }
        },
        // `main official.bake`: a revision, and the file that is meant in both.
        (Some(revision), Some(file)) if !there(revision) && there(file) && is_revision(revision) => {
            let file = input::root(Some(file), terminal)?;
            Ok((then(revision, &file), Side::Now(file)))
        }
        (Some(file), Some(revision)) if there(file) && file != "-" && !there(revision) && is_revision(revision) => {
            let file = input::root(Some(file), terminal)?;
            Ok((Side::Now(file.clone()), then(revision, &file)))
        }
        // Each has its own files, so it says itself which is meant.
        (Some(a), Some(b)) if [a, b].iter().all(|name| !there(name) && is_revision(name)) => {
            Ok((then(a, ""), then(b, "")))
        }
        (Some(a), Some(b)) => Ok((one(a), one(b))),
    }
}

/// Says that a file is not there, and which one may be meant.
fn no_file(name: &str, terminal: &Terminal) -> Stop {
    let names = Disk.beside(&normalise(name));
    let near =
        nearest(&normalise(name), names.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
    terminal.fail(&format!("there is no file `{name}`"), near.as_deref())
}

/// Whether a name that is no file may be a revision without a path.
fn is_revision(name: &str) -> bool {
    !name.contains(':') && ![".bake", ".json"].iter().any(|ending| name.ends_with(ending))
}

/// The plan of a side.
fn document(side: &Side, args: &Diff, terminal: &Terminal) -> Result<Document, Stop> {
    let refuse = |(what, help): Refusal| terminal.fail(&what, help.as_deref());
    match side {
        Side::Now(path) => {
            let path = if path == "-" { path.clone() } else { input::root(Some(path), terminal)? };
            plan(&Disk, &path, side, args, terminal)
        }
        Side::Then(revision, path) => {
            let mut current = args.given.params.clone();
            current.extend(args.given.facts.clone());
            let world = Revision::open(revision, current).map_err(refuse)?;
            let path = match path.as_str() {
                "" => match &world.programs()[..] {
                    [one] => one.clone(),
                    some if some.iter().any(|p| p == "main.bake") => "main.bake".to_owned(),
                    [] => {
                        let help = format!("name the file: `{revision}:images/official.bake`");
                        let message = format!("there is no `.bake` file of this folder in `{revision}`");
                        return Err(refuse((message, Some(help))));
                    }
                    [first, ..] => {
                        let message = format!("there are several `.bake` files of this folder in `{revision}`");
                        return Err(refuse((message, Some(format!("name one of them, as `{revision}:{first}`")))));
                    }
                },
                path => world.find(revision, path).map_err(refuse)?,
            };
            plan(&world, &path, side, args, terminal)
        }
    }
}

/// A plan of a world: JSON is read, anything else is compiled.
fn plan(world: &dyn World, path: &str, side: &Side, args: &Diff, terminal: &Terminal) -> Result<Document, Stop> {
    if path.ends_with(".hcl") {
        let help = "compare the program that it was made of, or its plan in JSON";
        return Err(terminal.fail(&format!("`{}` is HCL, which is not read", side.name()), Some(help)));
    }
    let text = world.read(path).map_err(|error| {
        if error == ReadError::NotFound && matches!(side, Side::Now(_)) {
            return no_file(path, terminal);
        }
        let (why, _) = error.words();
        terminal.fail(&format!("`{}` cannot be read: {why}", side.name()), None)
    })?;
    if input::is_json(path, &text) {
        return written(&text, side, terminal);
    }
    // Standard input has been read, and is not there to be read again.
    let held = input::Held { world, path: if path == "-" { path.to_owned() } else { normalise(path) }, text };
    let mut compiled: Compiled = compile(&held, &held.path, &input::options(&args.given));
    let failed = compiled.plan.is_none();
    let plan = match failed {
        false => {
            // What is worth a warning is said by `check`.
            compiled.diagnostics.clear();
            input::plan(&mut compiled, None, terminal)?
        }
        true => {
            terminal.note(&format!("{}:", side.name()));
            return Err(input::plan(&mut compiled, None, terminal).map_or_else(|stop| stop, |_| Stop::Mistakes));
        }
    };
    written(&packer_json(&plan, &compiled.kinds, &Emit::default()).text(), side, terminal)
}

/// A plan as its file says it.
fn written(text: &str, side: &Side, terminal: &Terminal) -> Result<Document, Stop> {
    let (document, problems) = read(FileId(0), text);
    if !problems.is_empty() {
        let mut sources = Sources::new();
        sources.add(Source::new(side.name(), text));
        terminal.diagnostics(&problems, &sources);
    }
    let document = document.ok_or(Stop::Mistakes)?;
    if document.comment == CommentState::Stale {
        let message = format!(
            "`{}`: its `_bakec` comment does not belong to the rest and is left out; labels, tests and outputs are unknown",
            side.name()
        );
        terminal.warn(&message, None);
    }
    Ok(document)
}
