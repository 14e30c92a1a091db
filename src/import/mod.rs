//! Templates of Packer's become programs that a person would have written.
//!
//! Floor 6. It knows the compiler, by which it proves what it writes, and the schema; it is a stranger to those who emit, inspect
//! and run plans. A front half (`legacy`, `hcl`) reads a template into a [`draft`], the same for all forms of template. The back half
//! gives values their types (`typed`), finds a shape (`shape`) for the [program](program) to come, and writes it (`write`). What the
//! compiler refuses of a first program is mended where a person would know how (`learn`). Of the shapes that mean what the plainest one
//! means (`proof`), the shortest is taken: an import is never wrong, only sometimes plainer.

pub mod draft;
mod early;
pub mod hcl;
mod learn;
mod legacy;
mod problem;
mod program;
mod proof;
mod shape;
mod typed;
mod write;

pub use problem::ImportProblem;

use std::borrow::Cow;

use crate::compile::{Compiled, FactsChoice, schema};
use crate::diagnostic::{Diagnostic, Severity};
use crate::format::format;
use crate::load::World;
use crate::load::world::join;
use crate::plan::Plan;
use crate::schema::Kinds;
use crate::text::{FileId, Source, Sources, Span};

use draft::{Draft, Kind, Value};
use learn::{Lessons, PROGRAM};
use program::Names;
use proof::{meaning, tried};
use shape::{Shape, program};
use typed::paths::Paths;
use typed::{Typed, typed};

/// Where a template comes from and where its program goes.
#[derive(Clone, Copy, Debug)]
pub struct Places<'p> {
    /// The template's path, relative to the current folder.
    pub template: &'p str,
    /// The program's path, relative to the current folder.
    pub program: &'p str,
}

/// What became of a template.
#[derive(Debug)]
pub struct Imported {
    /// The template, and the program where it is told of.
    pub sources: Sources,
    /// What is wrong with the template or, if there is one, with the program, and what is not said.
    pub diagnostics: Vec<Diagnostic>,
    /// The program; none where the template cannot be read.
    pub program: Option<Made>,
}

/// A program that was made.
#[derive(Debug)]
pub struct Made {
    /// Its text, formatted.
    pub text: String,
    /// What it is compared with what was read.
    pub tally: Tally,
}

/// What became of what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Builders of the template.
    pub builders: usize,
    /// Axes of the image.
    pub axes: usize,
    /// Things that are not said as the template says them.
    pub lost: usize,
    /// Mistakes of the template that the program has too, and `bakec check` would show.
    pub mistakes: usize,
}

/// Makes a program of a template of one file.
pub fn import(world: &dyn World, places: Places<'_>, text: &str) -> Imported {
    import_files(world, places, &[(places.template, text)])
}

/// Makes a program of a template: its files by their paths. Several files are HCL2, of which Packer reads a folder as one.
pub fn import_files(world: &dyn World, places: Places<'_>, files: &[(&str, &str)]) -> Imported {
    let mut sources = Sources::new();
    let ids: Vec<FileId> = files.iter().map(|(path, text)| sources.add(Source::new(*path, *text))).collect();
    let (draft, mut diagnostics) = match (files, &ids[..]) {
        ([(path, text)], [file]) if !is_hcl(path, text) => legacy::read(*file, text),
        _ => read_hcl(world, places.template, files, &ids, &mut sources),
    };
    let program = draft.map(|draft| {
        let (made, problems, mut found) = made(world, places, draft, &mut sources);
        diagnostics.extend(problems.into_iter().map(Diagnostic::from));
        diagnostics.append(&mut found);
        made
    });
    Imported { sources, diagnostics, program }
}

/// Reads a template of HCL2. Of its JSON form, places are told in the HCL that says the same.
fn read_hcl(
    world: &dyn World,
    template: &str,
    files: &[(&str, &str)],
    ids: &[FileId],
    sources: &mut Sources,
) -> hcl::Read {
    let mut texts: Vec<(FileId, Cow<'_, str>)> = Vec::with_capacity(files.len());
    let mut problems = Vec::new();
    for (id, (path, text)) in ids.iter().zip(files) {
        if !is_hcl_json(path) {
            texts.push((*id, Cow::Borrowed(text)));
            continue;
        }
        match hcl::from_json(*id, text) {
            Ok(text) => {
                let id = sources.add(Source::new(format!("{path} as HCL"), text.as_str()));
                texts.push((id, Cow::Owned(text)));
            }
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return (None, problems);
    }
    let files: Vec<hcl::File<'_>> = texts.iter().map(|(id, text)| hcl::File { id: *id, text }).collect();
    hcl::read(&files, &mut |path| {
        let path = join(template, path);
        let text = world.read(&path).ok()?;
        Some((sources.add(Source::new(path, text.as_str())), text))
    })
}

fn is_hcl_json(path: &str) -> bool {
    path.to_ascii_lowercase().ends_with(".pkr.json")
}

/// Whether a file holds HCL2: by its name, or else by what it begins with.
fn is_hcl(path: &str, text: &str) -> bool {
    if is_hcl_json(path) {
        return true;
    }
    let path = path.to_ascii_lowercase();
    if path.ends_with(".hcl") || path.ends_with(".json") {
        return path.ends_with(".hcl");
    }
    let mut rest = text.trim_start();
    loop {
        let end = if rest.starts_with('#') || rest.starts_with("//") {
            rest.find('\n')
        } else if rest.starts_with("/*") {
            rest.find("*/").map(|at| at + 2)
        } else {
            return !rest.is_empty() && !rest.starts_with(['{', '[', '"']);
        };
        rest = end.and_then(|end| rest.get(end..)).unwrap_or("").trim_start();
    }
}

/// The back half.
fn made(
    world: &dyn World,
    places: Places<'_>,
    draft: Draft,
    sources: &mut Sources,
) -> (Made, Vec<ImportProblem>, Vec<Diagnostic>) {
    /// A lesson changes the program, which may show the next one.
    const MOST_LESSONS: usize = 8;
    let kinds = schema(world, None).kinds;
    let paths = Paths { world, template: places.template.to_owned(), program: places.program.to_owned() };
    let writing = Writing { world, places, kinds: &kinds };
    let mut lessons = Lessons::default();
    let mut typed = self::typed(draft.clone(), &kinds, sources, &paths, &lessons);
    let mut best = writing.written(&typed, Shape::Plain).unwrap_or_default();
    for _ in 0..MOST_LESSONS {
        let said = writing.compiled(&mut best, &typed).diagnostics;
        if best.plan.is_some() || !lessons.learn(&best.text, &best.names, &typed, &said) {
            break;
        }
        typed = self::typed(draft.clone(), &kinds, sources, &paths, &lessons);
        best = writing.written(&typed, Shape::Plain).unwrap_or_default();
    }
    if let Some(wanted) = best.plan.as_ref().map(meaning) {
        for shape in Shape::ALL {
            let shorter = |o: &Candidate| o.text.lines().count() < best.text.lines().count();
            let Some(mut other) = writing.written(&typed, shape).filter(shorter) else { continue };
            writing.compiled(&mut other, &typed);
            if other.plan.as_ref().map(meaning).as_ref() == Some(&wanted) {
                best = other;
            }
        }
    }
    let refused = refused(writing.judged(&best, &typed), places.program, &best.text, sources);
    let lost = typed.draft.lost.len();
    let mistakes = refused.len();
    let tally = Tally { builders: typed.draft.builders.len(), axes: best.axes, lost, mistakes };
    let problems = typed.problems.into_iter().chain(typed.draft.lost.into_iter().map(ImportProblem::Lost)).collect();
    (Made { text: best.text, tally }, problems, refused)
}

/// What writing takes.
struct Writing<'w> {
    world: &'w dyn World,
    places: Places<'w>,
    kinds: &'w Kinds,
}

impl Writing<'_> {
    /// The program in a shape, if it has that shape.
    fn written(&self, typed: &Typed, shape: Shape) -> Option<Candidate> {
        let stems = [stem(self.places.program), stem(self.places.template)];
        let program = program(typed, self.kinds, stems, shape)?;
        let axes = program.images.first().map_or(0, |image| image.axes());
        let text = write::write(&program);
        // A text that the formatter does not take does not compile either.
        let text = format(self.places.program, &text).unwrap_or(text);
        Some(Candidate { axes, text, names: program.names, plan: None })
    }

    /// Compiles a candidate. What EC2 offers today is not asked: what a template builds on may be gone, and is still what it says.
    fn compiled(&self, candidate: &mut Candidate, typed: &Typed) -> Compiled {
        let mut compiled = self.tried(candidate, typed, FactsChoice::None);
        candidate.plan = compiled.plan.take();
        compiled
    }

    /// What the compiler says of a candidate to those who take it.
    fn judged(&self, candidate: &Candidate, typed: &Typed) -> Compiled {
        self.tried(candidate, typed, FactsChoice::Builtin)
    }

    fn tried(&self, candidate: &Candidate, typed: &Typed, facts: FactsChoice) -> Compiled {
        // What must be given is given somehow: the shape of the plan does not depend on it.
        let from_outside = |default: Option<&Value>| default.is_none_or(|d| matches!(d.kind, Kind::Call(..)));
        let given = typed.draft.variables.iter().filter_map(|variable| {
            let written = typed.variables.get(&variable.name).filter(|w| w.early)?;
            let name = candidate.names.of_variable(&variable.name)?;
            from_outside(variable.default.as_ref()).then(|| format!("{name}={}", typed::specimen(&written.ty)))
        });
        tried(self.world, self.places.program, &candidate.text, &given.collect::<Vec<_>>(), facts)
    }
}

/// The name of a file without what stands behind its first dot.
fn stem(path: &str) -> &str {
    path.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default()
}

/// A text that may be taken.
#[derive(Default)]
struct Candidate {
    axes: usize,
    text: String,
    names: Names,
    plan: Option<Plan>,
}

/// What the compiler says of the program: the mistakes were the template's. They are no reason to keep the program back.
fn refused(compiled: Compiled, path: &str, text: &str, sources: &mut Sources) -> Vec<Diagnostic> {
    let errors: Vec<Diagnostic> = compiled.diagnostics.into_iter().filter(|d| d.severity == Severity::Error).collect();
    if errors.is_empty() {
        return errors;
    }
    let file = sources.add(Source::new(path, text));
    let moved = |mut d: Diagnostic| {
        // What lies in the prelude is not shown.
        d.labels.retain(|l| l.span.file == PROGRAM);
        d.labels.iter_mut().for_each(|l| l.span.file = file);
        let d = Diagnostic { fix: None, ..d };
        if d.labels.is_empty() { d.label(Span::file_start(file), "") } else { d }
    };
    errors.into_iter().map(moved).collect()
}
