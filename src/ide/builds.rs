//! Which builds a part of a program makes, or applies to: read from the plan by where its parts were written.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::View;
use crate::plan::{Builds, Origin, Plan};
use crate::syntax::ast::{Block, BlockKind, Ident};
use crate::text::Span;

/// The builds of a plan, by what makes them; ascending.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// By the name of the image and the file that declares it, for files may have images of one name.
    images: FxHashMap<(SmolStr, u32), Vec<u32>>,
    /// By the place of the builder.
    builders: FxHashMap<Origin, Vec<u32>>,
}

impl Index {
    pub(super) fn of(plan: &Plan) -> Self {
        let mut index = Index::default();
        for (number, build) in plan.builds.iter().enumerate() {
            let number = number as u32;
            if let Some(image) = plan.images.get(build.image as usize) {
                index.images.entry((image.name.clone(), build.origin.file)).or_default().push(number);
            }
            index.builders.entry(build.origin).or_default().push(number);
        }
        index
    }
}

/// The builds that a builder makes, or that a step applies to. None where builds are not known.
pub(super) fn of_block(view: &View, block: &Block) -> Option<Vec<u32>> {
    let (plan, index) = view.builds()?;
    let at = origin(view, block.keyword);
    if block.statement == BlockKind::Builder {
        return Some(index.builders.get(&at).cloned().unwrap_or_default());
    }
    let mut numbers: Vec<u32> = Vec::new();
    for step in plan.steps().filter(|step| step.origin == at) {
        match &step.builds {
            Builds::All => numbers.extend(0..plan.builds.len() as u32),
            Builds::Only(some) => numbers.extend(some),
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    Some(numbers)
}

/// The builds of an image by its name where it is declared. None where builds are not known, or the plan does not hold the image.
pub(super) fn of_image<'v>(view: &'v View, name: &Ident) -> Option<&'v [u32]> {
    let (plan, index) = view.builds()?;
    let file = view.analysis.compiled.sources.position(name.span.file) as u32;
    match index.images.get(&(name.name.clone(), file)) {
        Some(builds) => Some(builds),
        None => plan.images.iter().any(|image| image.name == name.name).then_some(&[]),
    }
}

/// The names of builds.
pub(super) fn names<'v>(view: &'v View, numbers: &[u32]) -> impl Iterator<Item = &'v SmolStr> {
    let builds = view.builds().map_or(&[][..], |(plan, _)| plan.builds.as_slice());
    numbers.iter().filter_map(|number| builds.get(*number as usize)).map(|build| &build.name)
}

/// A place as plans keep it.
fn origin(view: &View, span: Span) -> Origin {
    let (line, column) = view.source(span.file).line_column(span.start);
    Origin { file: view.analysis.compiled.sources.position(span.file) as u32, line, column }
}
