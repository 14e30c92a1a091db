//! Some builds of two plans: a pattern is right if either of them has what it matches.

use crate::inspect::select::documents::{add, restrict};
use crate::inspect::select::{SelectProblem, select};
use crate::packer::Document;
use crate::plan::Plan;

/// Leaves the builds in both plans that are wanted, and what applies to them.
///
/// # Errors
/// A pattern that is none, or that matches in neither.
pub fn only(
    before: &mut Document,
    after: &mut Document,
    only: &[String],
    except: &[String],
) -> Result<(), Box<SelectProblem>> {
    if only.is_empty() && except.is_empty() {
        return Ok(());
    }
    let mut both = Plan::default();
    for (side, document) in [&*before, &*after].into_iter().enumerate() {
        add(&mut both, document, side as u32);
    }
    let left = select(both, only, except)?;
    for (side, document) in [before, after].into_iter().enumerate() {
        let own = left.builds.iter().filter(|b| b.origin.file == side as u32);
        restrict(document, &own.map(|b| b.name.as_str()).collect());
    }
    Ok(())
}
