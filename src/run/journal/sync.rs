//! Syncing for many at once: lines that were written while the disk was busy are synced together by one call.
//!
//! It knows how many lines there are, not what they say. Neighbours: `mod` writes them.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Mutex;

/// How far a file is synced.
pub(super) struct Syncs {
    file: Arc<File>,
    /// So many lines are on the disk.
    done: AtomicU64,
    /// Whoever has it syncs for all that wait for it.
    turn: Mutex<()>,
    /// Why a sync failed: what was written before it may be lost, whatever a later one says.
    failed: OnceLock<String>,
}

impl Syncs {
    /// A file of which so many lines are on the disk.
    pub(super) fn new(file: &File, lines: u64) -> io::Result<Syncs> {
        Ok(Syncs {
            file: Arc::new(file.try_clone()?),
            done: AtomicU64::new(lines),
            turn: Mutex::default(),
            failed: OnceLock::new(),
        })
    }

    /// Whether what was written until now can be relied on.
    pub(super) fn sound(&self) -> io::Result<()> {
        match self.failed.get() {
            Some(why) => Err(io::Error::other(why.clone())),
            None => Ok(()),
        }
    }

    /// Waits until the line of that number is on the disk; `written` counts the lines that the file holds by then.
    pub(super) async fn until(&self, line: u64, written: impl Fn() -> u64) -> io::Result<()> {
        let is_done = || self.done.load(Ordering::Acquire) > line;
        if is_done() {
            return Ok(());
        }
        let _turn = self.turn.lock().await;
        if is_done() {
            return Ok(());
        }
        self.sound()?;
        let (lines, file) = (written(), self.file.clone());
        let synced = tokio::task::spawn_blocking(move || file.sync_data()).await.map_err(io::Error::other)?;
        match synced {
            Ok(()) => {
                self.done.store(lines, Ordering::Release);
                Ok(())
            }
            Err(error) => {
                let _ = self.failed.set(format!("it could not be synced: {error}"));
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[tokio::test]
    async fn those_who_wait_meanwhile_are_synced_together() {
        let file = tempfile::tempfile().unwrap();
        let syncs = Syncs::new(&file, 1).unwrap();
        let asked = AtomicU64::new(0);
        let written = || {
            asked.fetch_add(1, Ordering::Relaxed);
            9
        };
        futures_util::future::join_all((1..9).map(|line| syncs.until(line, written)))
            .await
            .into_iter()
            .for_each(|outcome| outcome.unwrap());
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert!(syncs.sound().is_ok());
        syncs.until(0, || panic!("it is there already")).await.unwrap();
    }

    /// A pipe cannot be synced.
    #[cfg(unix)]
    #[tokio::test]
    async fn after_a_failure_nothing_is_relied_on() {
        let (_reader, writer) = std::io::pipe().unwrap();
        let file = File::from(std::os::fd::OwnedFd::from(writer));
        let syncs = Syncs::new(&file, 1).unwrap();
        assert!(syncs.until(1, || 2).await.is_err());
        assert!(syncs.sound().unwrap_err().to_string().starts_with("it could not be synced"));
        assert!(syncs.until(1, || 2).await.is_err());
    }
}
