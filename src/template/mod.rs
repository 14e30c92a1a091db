//! Packer's run-time language: the `{{…}}` in a text, which Packer and not the compiler evaluates.
//!
//! Floor 2. It knows text and diagnostics, no option and no `.bake` syntax: a caller hands it decoded text and maps byte
//! offsets back to places. Two questions are kept apart. [`parse()`] asks whether the text is well formed: syntax, names of
//! functions, number and kind of their arguments. [`check`] asks whether it may stand where it stands: the run-time fields
//! of the option, build variables, functions that only the section of variables has.
//!
//! [`specimen()`] renders an action for a fixed moment, [`escape()`] writes data so that the engine prints it as it is.

mod ast;
mod call;
mod check;
mod escape;
mod function;
mod literal;
mod moment;
mod parse;
mod problem;
mod scan;
mod specimen;

pub use ast::{Action, Block, Command, DEPTH_LIMIT, Operand, OperandKind, Piece, Pipeline};
pub use check::{Context, check, user_variables};
pub use escape::{Part, compose, escape, escape_before};
pub use function::{BUILD_NAMES, Function, functions};
pub use moment::{RFC3339, go_layout, strftime};
pub use parse::{Parsed, parse};
pub use problem::TemplateProblem;
pub use specimen::{clean_resource_name, replaced, specimen};
