//! Work that can be done piece by piece, shared out among threads.
//!
//! It knows nothing of the work. Neighbours: `recover` reads long texts so, the loader the files of the prelude.

use std::num::NonZero;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// More threads would wait for the longest piece.
const MOST: usize = 4;

/// As much as the program gives to its own work on texts that nobody has looked at.
const STACK: usize = 16 << 20;

/// How many threads are worth it for so many bytes, where fewer than `worth` are done in the time that a thread takes to start.
pub fn threads(bytes: usize, worth: usize) -> usize {
    match bytes / worth.max(1) {
        0 | 1 => 1,
        wanted => wanted.min(MOST).min(thread::available_parallelism().map_or(1, NonZero::get)),
    }
}

/// Does so many pieces of work, each on whichever thread is free, in their order; gives what comes of each.
pub fn together<T: Send + Sync>(pieces: usize, threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let done: Vec<OnceLock<T>> = (0..pieces).map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let busy = || {
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = done.get(piece) else { return };
            slot.get_or_init(|| work(piece));
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(pieces) {
            // Where no thread can be had, this one does it all.
            let _ = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, busy);
        }
        busy();
    });
    done.into_iter().map(|slot| slot.into_inner().expect("invariant: every piece has been done")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_of_pieces_is_in_their_order() {
        for threads in [1, 2, 9] {
            let squares = together(100, threads, |n| n * n);
            assert_eq!(squares, (0..100).map(|n| n * n).collect::<Vec<_>>());
        }
        assert!(together(0, 3, |n| n).is_empty());
    }

    #[test]
    fn short_work_is_done_here() {
        assert_eq!((threads(0, 10), threads(19, 10)), (1, 1));
        assert!((1..=MOST).contains(&threads(1 << 30, 10)));
    }
}
