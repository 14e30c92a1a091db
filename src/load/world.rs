//! The outside as the compiler sees it: files and environment variables, nothing else.
//!
//! The compiler takes a `&dyn World`. [`Disk`] is the real one; [`Memory`] serves tests and editors.

use std::collections::BTreeMap;
use std::io::Read;

use crate::ty::describe::size;

/// The largest file that is read, in bytes. A `.bake` file of a thousand builds has a hundredth of it.
pub const MAX_FILE: u64 = 16 << 20;

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// There is none.
    NotFound,
    /// It is a folder.
    Folder,
    /// The system refuses.
    Denied,
    /// It is larger than [`MAX_FILE`].
    TooLarge(u64),
    /// Standard input holds nothing.
    Nothing,
    /// It is not UTF-8; the offset of the first bad byte.
    NotText(usize),
    /// Anything else, in the system's words.
    Other(String),
}

impl ReadError {
    /// Why, in words, and what to do about it.
    pub fn words(&self) -> (String, &'static str) {
        match self {
            ReadError::NotFound => ("no such file".into(), "paths are relative to the file that names them"),
            ReadError::Folder => ("it is a folder".into(), "name a file in it"),
            ReadError::Denied => ("permission denied".into(), "check the file's owner and mode"),
            ReadError::TooLarge(bytes) => (
                format!("{} is more than the limit of {} MiB", size(*bytes), MAX_FILE >> 20),
                "a `.bake` file describes images; keep large data out of it",
            ),
            ReadError::NotText(offset) => {
                (format!("not UTF-8 text (byte {offset} is the first bad one)"), "save the file as UTF-8")
            }
            ReadError::Nothing => (
                "nothing came".into(),
                "pipe a program into it: `cat main.bake | bakec check -`; what wrote it may have failed",
            ),
            ReadError::Other(words) => (words.clone(), "see the system's message"),
        }
    }
}

/// Files by path and environment variables by name.
pub trait World {
    /// The text of a file. The path is as [`join`] makes it: relative to the current folder, or absolute.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn read(&self, path: &str) -> Result<String, ReadError>;

    /// Whether there is a file or folder of this path.
    fn exists(&self, path: &str) -> bool;

    /// Whether there is a folder of this path.
    fn is_folder(&self, path: &str) -> bool;

    /// An environment variable.
    fn env(&self, name: &str) -> Option<String>;

    /// Paths of what lies in the folder of a path: what may have been meant where there is no such file. A world that cannot
    /// tell says nothing.
    fn beside(&self, _path: &str) -> Vec<String> {
        Vec::new()
    }

    /// Whether nobody waits for the answer any more: then what is given up may be anything, and is thrown away.
    fn given_up(&self) -> bool {
        false
    }
}

/// The most files of a folder that are looked at for one that may be meant.
const MOST_BESIDE: usize = 1000;

/// The machine's files and environment. The path `-` is standard input.
pub struct Disk;

impl World for Disk {
    fn read(&self, path: &str) -> Result<String, ReadError> {
        let bytes = if path == "-" {
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .take(MAX_FILE + 1)
                .read_to_end(&mut bytes)
                .map_err(|e| ReadError::Other(e.to_string()))?;
            bytes
        } else {
            let metadata = std::fs::metadata(path).map_err(classify)?;
            if metadata.is_dir() {
                return Err(ReadError::Folder);
            }
            if metadata.len() > MAX_FILE {
                return Err(ReadError::TooLarge(metadata.len()));
            }
            let mut bytes = Vec::with_capacity(metadata.len() as usize);
            // A pipe or a growing file says nothing of its length beforehand.
            std::fs::File::open(path)
                .map_err(classify)?
                .take(MAX_FILE + 1)
                .read_to_end(&mut bytes)
                .map_err(classify)?;
            bytes
        };
        if bytes.len() as u64 > MAX_FILE {
            return Err(ReadError::TooLarge(bytes.len() as u64));
        }
        String::from_utf8(bytes).map_err(|e| ReadError::NotText(e.utf8_error().valid_up_to()))
    }

    fn exists(&self, path: &str) -> bool {
        std::path::Path::new(path).exists()
    }

    fn is_folder(&self, path: &str) -> bool {
        std::path::Path::new(path).is_dir()
    }

    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn beside(&self, path: &str) -> Vec<String> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| if folder.is_empty() { "/" } else { folder });
        let entries = std::fs::read_dir(if folder.is_empty() { "." } else { folder }).into_iter().flatten().flatten();
        let names = entries.take(MOST_BESIDE).map(|e| e.file_name().to_string_lossy().into_owned());
        names.map(|name| if folder.is_empty() { name } else { normalise(&format!("{folder}/{name}")) }).collect()
    }
}

fn classify(error: std::io::Error) -> ReadError {
    match error.kind() {
        std::io::ErrorKind::NotFound => ReadError::NotFound,
        std::io::ErrorKind::PermissionDenied => ReadError::Denied,
        std::io::ErrorKind::IsADirectory => ReadError::Folder,
        _ => ReadError::Other(error.to_string()),
    }
}

/// Files and variables held in memory.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Texts by path.
    pub files: BTreeMap<String, String>,
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
}

impl Memory {
    /// A world of these files.
    pub fn of<const N: usize>(files: [(&str, &str); N]) -> Self {
        Memory { files: files.map(|(p, t)| (p.to_owned(), t.to_owned())).into(), variables: BTreeMap::new() }
    }
}

impl World for Memory {
    fn read(&self, path: &str) -> Result<String, ReadError> {
        self.files.get(path).cloned().ok_or(ReadError::NotFound)
    }

    fn exists(&self, path: &str) -> bool {
        self.files.contains_key(path) || self.is_folder(path)
    }

    fn is_folder(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.files.keys().any(|k| k.starts_with(&folder))
    }

    fn env(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }
}

/// The path of `relative` as written in the file `from`: joined to the file's folder, `.` and `..` resolved where they can
/// be. A trailing `/` is kept.
pub fn join(from: &str, relative: &str) -> String {
    if relative.starts_with('/') {
        return relative.to_owned();
    }
    let folder = from.rsplit_once('/').map(|(folder, _)| if folder.is_empty() { "/" } else { folder });
    normalise(&match folder {
        Some("/") => format!("/{relative}"),
        Some(folder) => format!("{folder}/{relative}"),
        None => relative.to_owned(),
    })
}

/// The path without `.`, doubled `/` and those `..` that have something to take back.
pub fn normalise(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            ".." if path.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    let mut joined = parts.join("/");
    if path.starts_with('/') {
        joined.insert(0, '/');
    }
    if joined.is_empty() {
        joined.push('.');
    }
    if path.ends_with('/') && !joined.ends_with('/') {
        joined.push('/');
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_join_at_the_folder_of_the_file() {
        assert_eq!(join("examples/a.bake", "lib/b.bake"), "examples/lib/b.bake");
        assert_eq!(join("a.bake", "../b.bake"), "../b.bake");
        assert_eq!(join("x/y/a.bake", "../b/"), "x/b/");
        assert_eq!(join("x/a.bake", "/etc/b"), "/etc/b");
        assert_eq!(join("x/a.bake", ".."), ".");
        assert_eq!(join("/a.bake", "../../b"), "/b");
    }
}
