//! The journal of a run: what is written and synced before anything is done, so that no crash loses what there is to undo.
//!
//! It knows files, not AWS. Neighbours: `line` is the format, `fold` reads it, `step` writes through it.

pub mod fold;
pub mod line;
mod sync;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use fold::{Broken, Record};
use line::{Chain, Entry, Head, Line};
use sync::Syncs;

/// The journal's file in the folder of a run.
pub const FILE: &str = "journal.jsonl";

/// An open journal, which only this process writes.
pub struct Journal {
    folder: PathBuf,
    syncs: Syncs,
    inner: Mutex<Inner>,
}

struct Inner {
    file: File,
    record: Record,
    chain: Chain,
}

/// Why a journal cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// Another process works on the run.
    Held,
    /// Its lines cannot be used.
    Broken(Broken),
    /// The file.
    Io(io::Error),
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        OpenError::Io(error)
    }
}

/// So long who only looks may hold a journal: [`is_held`] does for a moment.
const GLANCE: Duration = Duration::from_millis(200);

/// Locks the file for this process alone.
fn lock(file: &File) -> Result<(), OpenError> {
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if start.elapsed() < GLANCE => std::thread::sleep(GLANCE / 20),
            Err(TryLockError::WouldBlock) => return Err(OpenError::Held),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
}

/// Syncs a folder: only then does a new file in it outlive a power failure.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

impl Journal {
    /// Begins a journal in a folder that is there.
    ///
    /// # Errors
    /// Where there is one already, or the folder cannot be written.
    pub fn create(folder: &Path, head: Head) -> Result<Journal, OpenError> {
        let mut file = OpenOptions::new().create_new(true).append(true).open(folder.join(FILE))?;
        lock(&file)?;
        let at = Timestamp::now();
        let first = Line { n: 0, at, entry: Entry::Run(head.clone()) };
        let (text, chain) = Chain::default().write(&first).map_err(io::Error::from)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        sync_folder(folder)?;
        Journal::of(folder, Inner { file, record: Record::new(head, at), chain })
    }

    /// Opens a journal to go on with it; a torn end is cut off.
    ///
    /// # Errors
    /// Where another process holds it, or it cannot be used.
    pub fn open(folder: &Path) -> Result<Journal, OpenError> {
        let mut file = OpenOptions::new().read(true).write(true).open(folder.join(FILE))?;
        lock(&file)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (record, chain) = fold::read(&bytes).map_err(OpenError::Broken)?;
        let whole = fold::whole(&bytes) as u64;
        file.set_len(whole)?;
        file.seek(SeekFrom::Start(whole))?;
        file.sync_all()?;
        Journal::of(folder, Inner { file, record, chain })
    }

    fn of(folder: &Path, inner: Inner) -> Result<Journal, OpenError> {
        let syncs = Syncs::new(&inner.file, inner.record.lines)?;
        Ok(Journal { folder: folder.to_owned(), syncs, inner: Mutex::new(inner) })
    }

    /// The folder of the run.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a line, and syncs it and all before it where it announces something; its number.
    ///
    /// # Errors
    /// Where it cannot be written: then nothing may be done that it announces.
    pub async fn append(&self, entry: Entry) -> io::Result<u64> {
        let announces = entry.announces();
        let (n, rehearsed) = self.write(entry)?;
        // What is rehearsed is gone with its EC2: no power failure leaves anything to be undone.
        if announces && !rehearsed {
            self.syncs.until(n, || self.look(|record| record.lines)).await?;
        }
        Ok(n)
    }

    /// Writes a line; its number, and whether the run is a rehearsal.
    fn write(&self, entry: Entry) -> io::Result<(u64, bool)> {
        self.syncs.sound()?;
        let inner = &mut *self.inner();
        let n = inner.record.lines;
        let line = Line { n, at: Timestamp::now(), entry };
        if !inner.record.fits(&line) {
            return Err(io::Error::other("the line does not fit the journal"));
        }
        let (text, chain) = inner.chain.write(&line).map_err(io::Error::from)?;
        let start = inner.file.stream_position()?;
        if let Err(error) = inner.file.write_all(text.as_bytes()) {
            // A part of a line must not stand before the next one.
            let _ = inner.file.set_len(start).and_then(|()| inner.file.seek(SeekFrom::Start(start)).map(|_| ()));
            return Err(error);
        }
        inner.chain = chain;
        inner.record.take(line);
        Ok((n, inner.record.head.rehearsed))
    }

    /// Looks at what stands in it.
    pub fn look<T>(&self, look: impl FnOnce(&Record) -> T) -> T {
        look(&self.inner().record)
    }
}

/// Whether a process works on the run just now.
pub fn is_held(folder: &Path) -> bool {
    File::open(folder.join(FILE)).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Reads the journal of a folder without a lock, for those who only look.
///
/// # Errors
/// Where there is none, or it cannot be used.
pub fn peek(folder: &Path) -> Result<Record, OpenError> {
    let bytes = std::fs::read(folder.join(FILE))?;
    fold::read(&bytes).map(|(record, _)| record).map_err(OpenError::Broken)
}
