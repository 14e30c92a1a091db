//! What holds for any text, part by part of the compiler: each function panics where it does not.
//!
//! The fuzz targets of `tests/fuzz` ask these questions about texts that nobody thought of; `fuzzed` asks them about all texts
//! of the repository. They know the library, no file and no network.

pub(crate) mod compile;
pub(crate) mod format;
pub(crate) mod import;
pub(crate) mod json;
pub(crate) mod parse;
pub(crate) mod template;

use bakec::diagnostic::Diagnostic;
use bakec::text::{FileId, Span};

/// A file number that hardly stands in the text itself, so that spans are found in the printed form of a tree.
pub(crate) fn file_of(text: &str) -> FileId {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    FileId(hash | 0x8000_0000)
}

/// A span lies in its text, between characters.
#[track_caller]
pub(crate) fn inside(text: &str, span: Span) {
    assert!(text.get(span.range()).is_some(), "{span:?} does not lie in a text of {} bytes", text.len());
}

/// What is said of any diagnostic, whatever it is about.
#[track_caller]
pub(crate) fn sound(diagnostic: &Diagnostic) {
    assert!(!diagnostic.labels.is_empty(), "no place: {diagnostic:?}");
    assert!(!diagnostic.message.is_empty() && !diagnostic.message.contains('\n'), "not one line: {diagnostic:?}");
    assert!(diagnostic.message.len() < 20_000, "a message of {} bytes", diagnostic.message.len());
}
