//! Labels of sources. Packer takes a reference to a source apart at its dots, so a label holds none; every other name of a build
//! is its label.

use rustc_hash::FxHashSet;
use smol_str::{SmolStr, format_smolstr};

use crate::plan::Plan;

/// The label of each build, in their order, different for all builds of a kind.
pub(super) fn labels(plan: &Plan) -> Vec<SmolStr> {
    let whole = |name: &str| !name.contains('.');
    let mut taken: FxHashSet<(&str, SmolStr)> =
        plan.builds.iter().filter(|b| whole(&b.name)).map(|b| (b.kind.as_str(), b.name.clone())).collect();
    let labels = plan.builds.iter().map(|build| {
        if whole(&build.name) {
            return build.name.clone();
        }
        let plain = SmolStr::from(build.name.replace('.', "_"));
        let mut label = plain.clone();
        let mut count = 1;
        while !taken.insert((&build.kind, label.clone())) {
            count += 1;
            label = format_smolstr!("{plain}-{count}");
        }
        label
    });
    labels.collect()
}
