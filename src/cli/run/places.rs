//! How many builds are made at once: no more than the files that the system lets a process hold open are enough for.
//!
//! It knows how many descriptors a build holds, not what for. Neighbours: `mod` and `resume` ask before a run begins; `descriptors`
//! raises the limit.

use crate::text::words::count;

use super::super::descriptors::raise;
use super::super::terminal::Terminal;

/// Kept for the journal, logs, keys, and connections to AWS.
const SHARED: u64 = 256;

/// A build's connection, a file that it carries, and what stands between them.
const EACH: u64 = 3;

/// The server's end of a connection, and a file that it takes, where the server is in this process.
const SERVED: u64 = 2;

/// How many builds may be made at once: `wanted`, all where it is 0, or as many as the system lets this process hold open.
pub(super) fn at_once(wanted: usize, builds: usize, served: bool, terminal: &Terminal) -> usize {
    let most = match raise() {
        Some(limit) => enough_for(limit, served),
        None => return wanted,
    };
    let asked = if wanted == 0 { builds } else { wanted.min(builds) };
    if asked <= most {
        return wanted;
    }
    let message =
        format!("{} are made at once, and not {asked}: this process may not open more files", count(most, "build"));
    terminal.warn(&message, Some("`ulimit -n` shows how many; `--parallel-builds` says how many builds are wanted"));
    most
}

fn enough_for(limit: u64, served: bool) -> usize {
    let each = if served { EACH + SERVED } else { EACH };
    usize::try_from(limit.saturating_sub(SHARED) / each).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_descriptors_are_enough_for_few_builds_and_always_for_one() {
        assert_eq!(enough_for(1024, false), 256);
        assert_eq!(enough_for(20_000, false), 6581);
        assert_eq!(enough_for(20_000, true), 3948);
        assert_eq!(enough_for(64, true), 1);
        assert_eq!(enough_for(u64::MAX, false), usize::try_from((u64::MAX - SHARED) / EACH).unwrap());
    }
}
