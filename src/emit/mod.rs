//! Plans as other programs read them: Packer's legacy JSON, its HCL2, and whatever a user's template makes of them.
//!
//! Floor 6. It knows plan, schema and types, not the compiler that made the plan. `packer_json` writes JSON, which `schema`
//! describes as JSON Schema, `packer_hcl` writes HCL, `template` renders a plan through a user's template. They share `shape`, which
//! says how an option wants its value, `text`, which writes templates of Packer's, `edges`, which names the variables that stand
//! for AMIs, `paths`, which rebases paths, `stand_in`, which has steps of Packer's for those of bakec alone, and `losses`: what Packer
//! cannot say becomes an [`EmitProblem`], never silence.

mod edges;
mod losses;
mod packer_hcl;
mod packer_json;
mod paths;
mod problem;
mod schema;
mod shape;
mod stand_in;
pub mod template;
mod text;

use std::io::{self, Write};

use rustc_hash::FxHashSet;
use smol_str::SmolStr;

use crate::packer::Edge;

pub use packer_hcl::{packer_hcl, var_file as hcl_var_file};
pub use packer_json::packer_json;
pub use paths::Paths;
pub use problem::{EmitProblem, Lost};
pub use schema::plan_schema;

/// How a plan is written.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Emit {
    /// What paths are relative to.
    pub paths: Paths,
    /// Leaves the comment out.
    pub bare: bool,
    /// Variables that stand for AMIs, as the whole plan names them where this is a part of it.
    pub edges: Vec<Edge>,
    /// Builds of earlier stages: their AMIs are there when the plan runs.
    pub earlier: FxHashSet<SmolStr>,
}

/// A plan's text, in pieces that follow each other, and what it does not say.
#[derive(Clone, PartialEq, Debug)]
pub struct Emitted {
    pieces: [String; 3],
    /// Variables that stand for AMIs of builds.
    pub edges: Vec<Edge>,
    /// What Packer cannot say, in the order of the plan.
    pub problems: Vec<EmitProblem>,
}

impl Emitted {
    /// Writes the text.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_to(&self, writer: &mut (impl Write + ?Sized)) -> io::Result<()> {
        self.pieces.iter().try_for_each(|piece| writer.write_all(piece.as_bytes()))
    }

    /// The text in one piece.
    pub fn text(&self) -> String {
        self.pieces.concat()
    }
}

#[cfg(test)]
mod tests;
