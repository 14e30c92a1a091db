//! The trees of the prelude's files. Each is made once in the life of the program; those that are wanted together are made at
//! once, each on whichever thread is free: most of what a short program waits for is the prelude.
//!
//! Floor 3. It knows that texts become trees, not what they are for. Neighbour: `mod` asks for the files that a program needs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use super::prelude;
use crate::syntax::ast::File;
use crate::syntax::parse;
use crate::text::FileId;

/// Fewer bytes are parsed in the time that a thread takes to start.
const WORTH_A_THREAD: usize = 12 << 10;

/// More threads would wait for the longest file.
const MOST_THREADS: usize = 4;

/// As much as the program gives to its own work on files that nobody has looked at.
const STACK: usize = 16 << 20;

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
    let threads = match bytes / WORTH_A_THREAD {
        0 | 1 => 1,
        wanted => wanted.min(MOST_THREADS).min(thread::available_parallelism().map_or(1, usize::from)),
    };
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((file, _)) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            tree(*file);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where no thread can be had, this one does it all.
            let _ = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        }
        work();
    });
    files.iter().map(|file| tree(*file)).collect()
}

/// The tree of a file. That the prelude parses is tested; the resolver would find out.
fn tree(file: FileId) -> Arc<File> {
    let make = || Arc::new(parse(file, prelude::text(file).unwrap_or_default()).file);
    prelude::position(file).map_or_else(make, |at| TREES[at].get_or_init(make).clone())
}
