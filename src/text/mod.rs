//! Text and places in it: spans, sources with their lines, and the nearest name to a misspelt one.
//!
//! Floor 0. It knows nothing of the language.

pub mod source;
pub mod span;
pub mod suggest;

pub use source::{Source, Sources};
pub use span::{FileId, Span, Spanned};
