//! The trees of the prelude's files. Each is made once in the life of the program; those that are wanted together are made at
//! once, each on whichever thread is free: most of what a short program waits for is the prelude.
//!
//! Floor 3. It knows that texts become trees, not what they are for. Neighbour: `mod` asks for the files that a program needs.

use std::sync::{Arc, OnceLock};

use super::prelude;
use crate::syntax::ast::File;
use crate::syntax::parse;
use crate::syntax::together::{threads, together};
use crate::text::FileId;

/// Fewer bytes are parsed in the time that a thread takes to start.
const WORTH_A_THREAD: usize = 12 << 10;

/// The trees by the position of their files. Spans in them hold in every compilation, for the ids of these files never change.
static TREES: [OnceLock<Arc<File>>; prelude::COUNT] = [const { OnceLock::new() }; prelude::COUNT];

/// The trees of files of the prelude, in their order; those of other ids are empty.
pub(super) fn trees(files: &[FileId]) -> Vec<Arc<File>> {
    let missing = |file: &&FileId| prelude::position(**file).is_some_and(|at| TREES[at].get().is_none());
    // The longest first, so that all threads end at about the same time.
    let mut order: Vec<(FileId, &str)> =
        files.iter().filter(missing).map(|file| (*file, prelude::text(*file).unwrap_or_default())).collect();
    order.sort_by_key(|(_, text)| std::cmp::Reverse(text.len()));
    let bytes: usize = order.iter().map(|(_, text)| text.len()).sum();
    together(order.len(), threads(bytes, WORTH_A_THREAD), |piece| _ = tree(order[piece].0));
    files.iter().map(|file| tree(*file)).collect()
}

/// The tree of a file. That the prelude parses is tested; the resolver would find out.
fn tree(file: FileId) -> Arc<File> {
    let make = || Arc::new(parse(file, prelude::text(file).unwrap_or_default()).file);
    prelude::position(file).map_or_else(make, |at| TREES[at].get_or_init(make).clone())
}
