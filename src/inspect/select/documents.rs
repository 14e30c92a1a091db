//! Some builds of a plan as its file says it: the patterns see the same of it as of a plan in memory.

use rustc_hash::FxHashSet;

use super::{SelectProblem, select};
use crate::packer::Document;
use crate::packer::document::Step;
use crate::plan::{self, Image, Origin, Plan};

/// Leaves the builds that are wanted, and what applies to them.
///
/// # Errors
/// A pattern that is none, or that matches nothing.
pub fn within(document: &mut Document, only: &[String], except: &[String]) -> Result<(), Box<SelectProblem>> {
    if only.is_empty() && except.is_empty() {
        return Ok(());
    }
    let mut plan = Plan::default();
    add(&mut plan, document, 0);
    let left = select(plan, only, except)?;
    restrict(document, &left.builds.iter().map(|b| b.name.as_str()).collect());
    Ok(())
}

/// Adds what patterns can see of a plan.
pub(in crate::inspect) fn add(both: &mut Plan, document: &Document, side: u32) {
    for build in &document.builds {
        let axes: Vec<_> = build.axes.iter().map(|(name, _)| name.as_str().into()).collect();
        let name: smol_str::SmolStr = build.image.as_deref().unwrap_or_default().into();
        let known = both.images.iter().position(|i| i.name == name && i.axes == axes);
        let image = known.unwrap_or_else(|| {
            both.images.push(Image { name, axes });
            both.images.len() - 1
        });
        both.builds.push(plan::Build {
            name: build.name.as_str().into(),
            image: image as u32,
            kind: build.kind.as_str().into(),
            axes: build.axes.iter().map(|(_, value)| value.clone()).collect(),
            options: Vec::new(),
            origin: Origin { file: side, line: 1, column: 1 },
        });
    }
}

/// Takes away all builds but those of the names, and what is left for no build.
pub fn restrict(document: &mut Document, names: &FxHashSet<&str>) {
    document.builds.retain(|b| names.contains(b.name.as_str()));
    let all = document.builds.len();
    let mut keep = |step: &mut Step| {
        let Some(builds) = &mut step.builds else { return all > 0 };
        builds.retain(|name| names.contains(name.as_str()));
        let some = !builds.is_empty();
        if builds.len() == all {
            step.builds = None;
        }
        some
    };
    document.provisioners.retain_mut(&mut keep);
    document.cleanups.retain_mut(&mut keep);
    document.tests.retain_mut(&mut keep);
    document.posts.retain_mut(|chain| {
        chain.retain_mut(&mut keep);
        !chain.is_empty()
    });
    let images: FxHashSet<&str> = document.builds.iter().filter_map(|b| b.image.as_deref()).collect();
    document.retain.retain(|(image, _)| images.contains(image.as_str()));
}
