//! The human part: which image, axes, tables and conditions a person would have written for what a template says.
//!
//! It knows the draft and the program, no text. Several shapes are offered, the finest first; the last one fits everything. Which
//! one is written is decided by those who can compare plans. `axes` finds axes in names, `cells` conditions on them, `solve` one
//! expression for many values, `substitute` and `columns` help it.

mod axes;
mod build;
mod cells;
mod columns;
mod solve;
mod substitute;

pub(super) use build::{Shape, program};
