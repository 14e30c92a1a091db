//! Text and places in it: spans, sources with their lines, the nearest name to a misspelt one, lists as messages write them, and
//! durations as people do.
//!
//! Floor 0. It knows nothing of the language.

mod boundary;
pub mod duration;
mod source;
mod span;
pub mod suggest;
pub mod words;

pub use boundary::floor_char_boundary;
pub use source::{Source, Sources};
pub use span::{FileId, Span, Spanned};
