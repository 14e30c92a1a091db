//! Plans as Packer's legacy JSON, which every version of Packer reads.
//!
//! `printer` writes the plan from top to bottom, `value` one value, `note` the comment with what Packer need not know.

mod note;
mod printer;
mod value;

use crate::packer;
use crate::plan::Plan;
use crate::schema::Kinds;

use super::{Emit, Emitted, stand_in};

/// The plan as Packer's legacy JSON. The same plan gives the same bytes.
pub fn packer_json(plan: &Plan, kinds: &Kinds, how: &Emit) -> Emitted {
    let known = stand_in::of(plan);
    let mut printer = printer::Printer::new(&known, kinds, how);
    printer.stand_ins(plan);
    let body = printer.body();
    let head = printer.head();
    let start = if how.bare {
        "{\n".to_owned()
    } else {
        let digest = packer::digest([head.as_str(), body.as_str()]);
        note::comment(plan, &mut printer, digest)
    };
    let (edges, problems) = printer.finish();
    Emitted { pieces: [start, head, body], edges, problems }
}
