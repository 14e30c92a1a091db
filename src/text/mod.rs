//! Text and places in it: spans, sources with their lines, the nearest name to a misspelt one, lists as messages write them,
//! durations as people do, names of files.
//!
//! Floor 0. It knows nothing of the language.

mod boundary;
pub mod duration;
mod file_name;
mod source;
mod span;
pub mod suggest;
pub mod words;

pub use boundary::floor_char_boundary;
pub use file_name::file_name;
pub use source::{Source, Sources};
pub use span::{FileId, Span, Spanned};
