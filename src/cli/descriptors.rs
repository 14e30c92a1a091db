//! How many files this process may have open: as many as the system allows it.
//!
//! Neighbours: `rehearse_server` and `run` hold a connection for each build.

/// Lets this process open as many files as the system allows it: how many that are, where it is known.
pub(super) fn raise() -> Option<u64> {
    rlimit::increase_nofile_limit(u64::MAX).ok().filter(|_| cfg!(unix))
}
