//! Looking at a plan: [`mod@list`] shows its builds, [`mod@select`] takes some of them, [`layers`] puts them into stages.
//!
//! Floor 6. It knows the plan, not the compiler that made it and not what becomes of it.

pub mod layers;
pub mod list;
pub mod select;
