//! Parses several files at once, each on whichever thread is free: most of what a short program waits for is the prelude.
//!
//! Floor 3. It knows that texts become trees, not what they are for. Neighbour: `mod` gives it the prelude's files.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::syntax::{Parse, parse};
use crate::text::FileId;

/// Fewer bytes are parsed in the time that a thread takes to start.
const WORTH_A_THREAD: usize = 12 << 10;

/// More threads would wait for the longest file.
const MOST_THREADS: usize = 4;

/// As much as the program gives to its own work on files that nobody has looked at.
const STACK: usize = 16 << 20;

/// The trees of the texts, in their order.
pub(super) fn parse_all(texts: &[(FileId, Arc<str>)]) -> Vec<Parse> {
    let bytes: usize = texts.iter().map(|(_, text)| text.len()).sum();
    let threads = match bytes / WORTH_A_THREAD {
        0 | 1 => 1,
        wanted => wanted.min(MOST_THREADS).min(thread::available_parallelism().map_or(1, usize::from)),
    };
    // The longest first, so that all threads end at about the same time.
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(texts[*index].1.len()));
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Parse)>> = Mutex::new(Vec::with_capacity(texts.len()));
    let work = || {
        while let Some(index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (file, text) = &texts[*index];
            let parsed = parse(*file, text);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((*index, parsed));
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where no thread can be had, this one does it all.
            let _ = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, parsed)| parsed).collect()
}
