//! Files that others read too: written whole or not at all, by one at a time.
//!
//! It knows files and locks, not what is written. Neighbours: post-processors and outputs.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::cancel::Cancel;

/// So long somebody else may hold a file.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// Replaces a file: a reader sees the old text or the new, and nothing between, also after a power failure. Folders are made.
///
/// # Errors
/// Where it cannot be written: then the old one is as it was.
pub fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = folder_of(&target);
    fs::create_dir_all(folder)?;
    let before = fs::metadata(&target).ok();
    if before.as_ref().is_some_and(fs::Metadata::is_dir) {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".bakec-");
    #[cfg(unix)]
    let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // The name of the file beside is nobody's business.
    let mut beside = builder.tempfile_in(folder).map_err(|error| io::Error::from(error.kind()))?;
    beside.write_all(text)?;
    if let Some(before) = before {
        beside.as_file().set_permissions(before.permissions())?;
    }
    beside.as_file().sync_all()?;
    beside.persist(&target).map_err(|error| error.error)?;
    super::journal::sync_folder(folder)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Those of this process who wait for a file, so that one of them at a time asks for its lock.
type Queues = Mutex<BTreeMap<PathBuf, Arc<tokio::sync::Mutex<()>>>>;
static QUEUES: Queues = Mutex::new(BTreeMap::new());

/// A file that nobody else changes meanwhile, who asks the same way: held by `FILE.lock` beside it, as Packer's manifests are.
pub struct Held {
    _turn: tokio::sync::OwnedMutexGuard<()>,
    lock: PathBuf,
    /// Locked for this process, and within it for this one.
    _file: File,
}

impl Held {
    /// Waits until the file is nobody else's; `None` where the run is to end before.
    ///
    /// # Errors
    /// Where the lock cannot be made, or somebody has held it for a minute.
    pub async fn take(path: &Path, cancel: &Cancel) -> io::Result<Option<Held>> {
        let mut lock = path.as_os_str().to_owned();
        lock.push(".lock");
        let lock = PathBuf::from(lock);
        fs::create_dir_all(folder_of(&lock))?;
        let queue = QUEUES.lock().unwrap_or_else(PoisonError::into_inner).entry(lock.clone()).or_default().clone();
        let turn = tokio::select! {
            turn = queue.lock_owned() => turn,
            () = cancel.cancelled() => return Ok(None),
        };
        let start = Instant::now();
        loop {
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&lock)?;
            match file.try_lock() {
                // Who held it before may have taken the file away: then this lock keeps nobody out.
                Ok(()) if is_at(&file, &lock) => return Ok(Some(Held { _turn: turn, lock, _file: file })),
                Ok(()) => continue,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
            if start.elapsed() > PATIENCE {
                let why = format!("another process has held `{}` for a minute", lock.display());
                return Err(io::Error::new(io::ErrorKind::TimedOut, why));
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = cancel.cancelled() => return Ok(None),
            }
        }
    }
}

/// Whether an open file is still the one that has the name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |m: fs::Metadata| (m.dev(), m.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(named)) => id(open) == id(named),
        _ => false,
    }
}

/// Nobody takes it away there.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

impl Drop for Held {
    fn drop(&mut self) {
        if cfg!(unix) {
            // While it is still locked: whoever waits for it sees that it is gone.
            let _ = fs::remove_file(&self.lock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn many_who_add_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/list");
        let add = |n: usize, path: PathBuf| async move {
            let _held = Held::take(&path, &Cancel::never()).await.unwrap().unwrap();
            let mut text = fs::read_to_string(&path).unwrap_or_default();
            tokio::time::sleep(Duration::from_millis(2)).await;
            text.push_str(&format!("{n}\n"));
            replace(&path, text.as_bytes()).unwrap();
        };
        let all: Vec<_> = (0..40).map(|n| tokio::spawn(add(n, path.clone()))).collect();
        for one in all {
            one.await.unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 40);
        let names: Vec<_> = fs::read_dir(folder.path().join("a")).unwrap().flatten().map(|e| e.file_name()).collect();
        assert_eq!(names, ["list"], "no lock is left, nor a part");
    }

    #[tokio::test]
    async fn who_waits_is_not_kept_from_ending() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        let held = Held::take(&path, &Cancel::never()).await.unwrap();
        let (wish, cancel) = Cancel::new();
        wish.send_replace(1);
        assert!(Held::take(&path, &cancel).await.unwrap().is_none());
        drop(held);
        assert!(Held::take(&path, &Cancel::never()).await.unwrap().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_keeps_its_permissions_and_a_link_stays_one() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a"), folder.path().join("b"));
        replace(&path, b"old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&path, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink() && fs::read(&path).unwrap() == b"new");
        assert!(replace(folder.path(), b"x").is_err());
    }
}
