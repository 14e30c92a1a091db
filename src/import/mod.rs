//! Templates of Packer's become programs that a person would have written.
//!
//! Floor 6. It knows the compiler, by which it proves what it writes, and the schema; it is a stranger to those who emit, inspect
//! and run plans. A front half (`legacy`) reads a template into a [`draft`], the same for all forms of template. The back half
//! gives values their types (`typed`), finds a shape (`shape`) for the [program](program) to come, and writes it (`write`). Of the
//! shapes that mean what the plainest one means (`proof`), the shortest is taken: an import is never wrong, only sometimes plainer.

pub mod draft;
mod legacy;
mod problem;
mod program;
mod proof;
mod shape;
mod typed;
mod write;

pub use problem::ImportProblem;

use crate::compile::schema;
use crate::diagnostic::{Diagnostic, Severity};
use crate::format::format;
use crate::load::World;
use crate::plan::Plan;
use crate::text::{FileId, Source, Sources};

use draft::Draft;
use proof::{meaning, tried};
use shape::{Shape, program};
use typed::paths::Paths;
use typed::typed;

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
    /// What is wrong with the template, or not said.
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
    /// Whether the compiler takes the program as it is.
    pub compiles: bool,
}

/// Makes a program of a template.
pub fn import(world: &dyn World, places: Places<'_>, text: &str) -> Imported {
    let mut sources = Sources::new();
    let file = sources.add(Source::new(places.template, text));
    let (draft, mut diagnostics) = legacy::read(file, text);
    let program = draft.map(|draft| {
        let (made, lost, mut found) = made(world, places, draft, &mut sources);
        diagnostics.extend(lost.into_iter().map(|lost| Diagnostic::from(ImportProblem::Lost(lost))));
        diagnostics.append(&mut found);
        made
    });
    Imported { sources, diagnostics, program }
}

/// The back half.
fn made(
    world: &dyn World,
    places: Places<'_>,
    draft: Draft,
    sources: &mut Sources,
) -> (Made, Vec<draft::Lost>, Vec<Diagnostic>) {
    let kinds = schema(world, None).kinds;
    let paths = Paths { world, template: places.template.to_owned(), program: places.program.to_owned() };
    let typed = typed(draft, &kinds, sources.get(FileId(0)), &paths);
    let stems = [stem(places.program), stem(places.template)];
    let write = |shape: Shape| -> Option<Candidate> {
        let program = program(&typed, &kinds, stems, shape)?;
        let axes = program.images.first().map_or(0, |image| image.axes.len());
        let text = write::write(&program);
        // A text that the formatter does not take does not compile either.
        let text = format(places.program, &text).unwrap_or(text);
        Some(Candidate { axes, text, plan: None })
    };
    let compiled = |candidate: &mut Candidate| {
        let compiled = tried(world, places.program, &candidate.text);
        candidate.plan = compiled.plan.clone();
        compiled
    };
    let mut best = write(Shape::Plain).unwrap_or_default();
    let plain = compiled(&mut best);
    if let Some(wanted) = best.plan.as_ref().map(meaning) {
        for shape in Shape::ALL {
            let Some(mut other) = write(shape).filter(|o| o.text.lines().count() < best.text.lines().count()) else {
                continue;
            };
            let dbg = compiled(&mut other);
            if std::env::var("IMPDBG").is_ok() { eprintln!("=== {shape:?} {} {:?} eq {}\n{}", other.text.lines().count(), dbg.diagnostics.iter().filter(|d| d.severity == Severity::Error).map(|d| (d.message.clone(), dbg.sources.slice(d.span()).to_owned())).take(5).collect::<Vec<_>>(), other.plan.as_ref().map(meaning).as_ref() == Some(&wanted), if other.plan.is_none() { &other.text } else { "" }); }
            if other.plan.as_ref().map(meaning).as_ref() == Some(&wanted) {
                best = other;
            }
        }
    }
    let lost = typed.draft.lost.clone();
    let tally =
        Tally { builders: typed.draft.builders.len(), axes: best.axes, lost: lost.len(), compiles: best.plan.is_some() };
    let refused = if best.plan.is_some() { Vec::new() } else { refused(plain, places.program, &best.text, sources) };
    (Made { text: best.text, tally }, lost, refused)
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
    plan: Option<Plan>,
}

/// What the compiler says of the program: the mistakes were the template's. They are no reason to keep the program back.
fn refused(compiled: crate::compile::Compiled, path: &str, text: &str, sources: &mut Sources) -> Vec<Diagnostic> {
    let file = sources.add(Source::new(path, text));
    let own = |d: &Diagnostic| d.labels.iter().all(|l| l.span.file == FileId(0));
    let moved = |mut d: Diagnostic| {
        d.labels.iter_mut().for_each(|l| l.span.file = file);
        Diagnostic { severity: Severity::Warning, fix: None, ..d }
    };
    compiled.diagnostics.into_iter().filter(|d| d.severity == Severity::Error && own(d)).map(moved).collect()
}
