//! Looking at a plan: [`mod@list`] shows its builds, [`mod@select`] takes some of them, [`layers`] puts them into stages, [`mod@diff`]
//! compares two. Looking at the schema: [`mod@doc`].
//!
//! Floor 6. It knows the plan and the schema, not the compiler that made them and not what becomes of them.

pub mod diff;
pub mod doc;
pub mod layers;
pub mod list;
pub mod select;
