//! `bakec` compiles `.bake` files, a typed language for machine images, into Packer plans.
//!
//! The house has floors. A module imports only from floors below its own; the house tests read every `use` and fail
//! when one climbs.
//!
//! | floor | modules | what they may know |
//! | --- | --- | --- |
//! | 0 | [`text`] | nothing |
//! | 1 | [`diagnostic`], [`plan`], [`ty`], [`facts`] | text |
//! | 2 | [`syntax`], [`template`], [`json`], [`jinja`] | no option name, no file system |
//! | 3 | [`format`], [`load`], [`schema`], [`packer`] | [`load`] is the only door to files |
//! | 4 | [`resolve`], then [`check`], then [`eval`] | no clock, no environment of their own |
//! | 5 | [`compile`] | everything above |
//! | 6 | [`emit`], [`import`], [`inspect`], [`ide`], `run`, `rehearse` | the plan; strangers to each other; `rehearse` not even the plan |
//! | 7 | `report`, [`lsp`], then [`cli`] | `clap` and the terminal in [`cli`], the protocol in [`lsp`] |
//!
//! The modules stand in reading order.

pub mod text;

pub mod diagnostic;
pub mod facts;
pub mod plan;
pub mod ty;

pub mod jinja;
pub mod json;
pub mod syntax;
pub mod template;

pub mod format;
pub mod load;
pub mod packer;
pub mod schema;

pub mod check;
pub mod eval;
pub mod resolve;

pub mod compile;

pub mod emit;
pub mod ide;
pub mod import;
pub mod inspect;
#[cfg(feature = "rehearse")]
pub mod rehearse;
#[cfg(feature = "run")]
pub mod run;

#[cfg(feature = "run")]
pub mod report;

pub mod lsp;

pub mod cli;
