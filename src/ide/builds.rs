//! Which builds a part of a program makes, or applies to: read from the plan by where its parts were written.

use smol_str::SmolStr;

use super::View;
use crate::plan::{Builds, Origin, Plan};
use crate::syntax::ast::{Block, BlockKind};
use crate::text::Span;

/// The builds that a builder makes, or that a step applies to. None where builds are not known.
pub(super) fn of_block(view: &View, block: &Block) -> Option<Vec<SmolStr>> {
    let plan = view.analysis.compiled.plan.as_ref()?;
    let at = origin(view, block.keyword);
    if block.statement == BlockKind::Builder {
        return Some(plan.builds.iter().filter(|build| build.origin == at).map(|build| build.name.clone()).collect());
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
    Some(names(plan, numbers))
}

/// The builds of the image whose matrix has its keyword at a place.
pub(super) fn of_matrix(view: &View, keyword: Span) -> Option<Vec<SmolStr>> {
    let image = view.program().images.iter().find(|image| image.matrix_span == Some(keyword))?;
    of_image(view, &image.name.name)
}

/// The builds of an image. None where builds are not known, or the plan does not hold the image.
pub(super) fn of_image(view: &View, name: &str) -> Option<Vec<SmolStr>> {
    let plan = view.analysis.compiled.plan.as_ref()?;
    let number = plan.images.iter().position(|image| image.name == name)?;
    Some(plan.builds.iter().filter(|b| b.image as usize == number).map(|build| build.name.clone()).collect())
}

fn names(plan: &Plan, numbers: Vec<u32>) -> Vec<SmolStr> {
    numbers.into_iter().filter_map(|n| plan.builds.get(n as usize)).map(|build| build.name.clone()).collect()
}

/// A place as plans keep it.
fn origin(view: &View, span: Span) -> Origin {
    let (line, column) = view.source(span.file).line_column(span.start);
    Origin { file: view.analysis.compiled.sources.position(span.file) as u32, line, column }
}
