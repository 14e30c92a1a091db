//! A git revision as the world of a program: the file, what it imports and what its functions read, all as they were.
//!
//! It asks the `git` program. Paths are those of the current folder, like everywhere; it knows nothing of what it reads.

use std::collections::BTreeMap;
use std::io;
use std::process::{Command, Stdio};

use crate::load::world::{MAX_FILE, normalise};
use crate::load::{Disk, ReadError, World};
use crate::text::suggest::nearest;

/// Links to links, at most.
const LINKS: usize = 16;

/// The files of a revision.
pub(super) struct Revision {
    /// The commit or tree.
    object: String,
    /// The current folder in the repository, with `/` at the end where it is not the top.
    prefix: String,
    /// The top of the repository.
    top: String,
    /// All files by path from the top.
    files: BTreeMap<String, Entry>,
    /// Files that are read as they are now: what the command line names beside the program.
    current: Vec<String>,
}

struct Entry {
    link: bool,
    object: String,
    size: u64,
}

/// Why a revision cannot be read: the words and what to do.
pub(super) type Refusal = (String, Option<String>);

impl Revision {
    /// Reads the list of files. The paths in `current` are read as they are now.
    pub(super) fn open(name: &str, current: Vec<String>) -> Result<Self, Refusal> {
        let place =
            git(&["rev-parse", "--show-toplevel", "--show-prefix"]).map_err(|failure| failure.at("this folder"))?;
        let mut lines = place.lines();
        let (top, prefix) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let tree = format!("{name}^{{tree}}");
        let object = match git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &tree]) {
            Ok(object) => object.trim().to_owned(),
            Err(Failure::Git(_)) => return Err(unknown(name)),
            Err(failure) => return Err(failure.at("this folder")),
        };
        let listed = git(&["ls-tree", "-r", "-l", "-z", "--full-tree", &object]).map_err(|f| f.at(name))?;
        let files = listed.split('\0').filter_map(entry).collect();
        Ok(Revision { object, prefix: prefix.to_owned(), top: top.to_owned(), files, current })
    }

    /// The path from the current folder of a file that is named from there, or from the top of the repository.
    pub(super) fn find(&self, name: &str, path: &str) -> Result<String, Refusal> {
        let here = normalise(path);
        if self.inside(&here).is_some_and(|inside| self.files.contains_key(&inside)) {
            return Ok(here);
        }
        let from_top = normalise(path);
        if self.files.contains_key(&from_top) {
            let up = "../".repeat(self.prefix.matches('/').count());
            return Ok(normalise(&format!("{up}{from_top}")));
        }
        let wanted = self.inside(&here).unwrap_or(from_top);
        let file = wanted.rsplit('/').next().unwrap_or(&wanted);
        let elsewhere = self.files.keys().find(|f| f.rsplit('/').next() == Some(file)).map(String::as_str);
        let near = nearest(&wanted, self.files.keys().map(String::as_str)).or(elsewhere).map(|near| {
            let near = near.strip_prefix(self.prefix.as_str()).unwrap_or(near);
            format!("did you mean `{name}:{near}`?")
        });
        Err((format!("there is no file `{path}` in `{name}`"), near))
    }

    /// The `.bake` files of the current folder.
    pub(super) fn programs(&self) -> Vec<String> {
        let here = self.files.keys().filter_map(|f| f.strip_prefix(self.prefix.as_str()));
        here.filter(|f| f.ends_with(".bake") && !f.contains('/') && !f.starts_with('.')).map(str::to_owned).collect()
    }

    /// The path from the top of the repository; nothing for one outside of it.
    fn inside(&self, path: &str) -> Option<String> {
        let path = match path.strip_prefix('/') {
            None => normalise(&format!("{}{path}", self.prefix)),
            Some(_) => normalise(path).strip_prefix(&format!("{}/", self.top))?.to_owned(),
        };
        (path != ".." && !path.starts_with("../")).then_some(path)
    }

    fn is_current(&self, path: &str) -> bool {
        path == "-" || self.current.iter().any(|c| c == path)
    }

    /// The file that a path leads to, through links.
    fn entry(&self, path: &str) -> Result<&Entry, ReadError> {
        let outside =
            || ReadError::Other("it is outside of the git repository, which has no former versions of it".into());
        let mut path = self.inside(path).ok_or_else(outside)?;
        for _ in 0..LINKS {
            let Some(entry) = self.files.get(&path) else {
                return Err(if self.folder(&path) { ReadError::Folder } else { ReadError::NotFound });
            };
            if !entry.link {
                return Ok(entry);
            }
            let target = String::from_utf8(self.blob(entry)?).map_err(|_| ReadError::NotFound)?;
            if target.starts_with('/') {
                return Err(outside());
            }
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            path = normalise(&format!("{folder}/{target}")).trim_start_matches('/').to_owned();
        }
        Err(ReadError::Other("too many links lead to each other".into()))
    }

    fn folder(&self, path: &str) -> bool {
        let below = format!("{}/", path.trim_end_matches('/'));
        path == "." || self.files.range(below.clone()..).next().is_some_and(|(file, _)| file.starts_with(&below))
    }

    fn blob(&self, entry: &Entry) -> Result<Vec<u8>, ReadError> {
        if entry.size > MAX_FILE {
            return Err(ReadError::TooLarge(entry.size));
        }
        run(&["cat-file", "blob", &entry.object]).map_err(|failure| ReadError::Other(failure.at(&self.object).0))
    }
}

impl World for Revision {
    fn read(&self, path: &str) -> Result<String, ReadError> {
        if self.is_current(path) {
            return Disk.read(path);
        }
        let bytes = self.blob(self.entry(path)?)?;
        String::from_utf8(bytes).map_err(|e| ReadError::NotText(e.utf8_error().valid_up_to()))
    }

    fn exists(&self, path: &str) -> bool {
        // What a build makes or a person keeps to himself is in no revision, and may be there all the same.
        matches!(self.entry(path), Ok(_) | Err(ReadError::Folder)) || Disk.exists(path)
    }

    fn is_folder(&self, path: &str) -> bool {
        match self.entry(path) {
            Ok(_) => false,
            Err(ReadError::Folder) => true,
            Err(_) => Disk.is_folder(path),
        }
    }

    fn env(&self, name: &str) -> Option<String> {
        Disk.env(name)
    }
}

/// `100644 blob 83baae61…    1234\tpath`
fn entry(line: &str) -> Option<(String, Entry)> {
    let (about, path) = line.split_once('\t')?;
    let mut words = about.split_whitespace();
    let (mode, kind, object, size) = (words.next()?, words.next()?, words.next()?, words.next()?);
    // A submodule is a commit of another repository.
    let entry = Entry { link: mode == "120000", object: object.to_owned(), size: size.parse().ok()? };
    (kind == "blob").then(|| (path.to_owned(), entry))
}

fn unknown(name: &str) -> Refusal {
    let refs = git(&["for-each-ref", "--format=%(refname:short)"]).unwrap_or_default();
    let near = nearest(name, refs.lines().chain(["HEAD"]).filter(|known| *known != name))
        .map(str::to_owned)
        // A misspelt file looks like a revision too.
        .or_else(|| nearest(name, Disk.beside(name).iter().map(String::as_str)).map(str::to_owned))
        .map(|near| format!("did you mean `{near}`?"));
    let known = || "a revision is a branch, a tag, a commit or the like: `main`, `v1.2`, `HEAD~1`".to_owned();
    if refs.is_empty() && git(&["rev-parse", "--verify", "--quiet", "HEAD"]).is_err() {
        let help = "commit first, or name both sides: `bakec diff old.json new.json`".to_owned();
        return ("the repository has no commits yet".to_owned(), Some(help));
    }
    (format!("git knows no revision `{name}`"), near.or_else(|| Some(known())))
}

/// Why git did not answer.
enum Failure {
    Missing,
    Start(io::Error),
    Git(String),
}

impl Failure {
    fn at(self, place: &str) -> Refusal {
        match self {
            Failure::Missing => (
                "`git` is not installed, or not on the `PATH`".into(),
                Some("former versions are read through it".into()),
            ),
            Failure::Start(error) => (format!("`git` cannot be started: {error}"), None),
            Failure::Git(words) if words.contains("not a git repository") => (
                format!("{place} is in no git repository"),
                Some("name two files or plans: `bakec diff old.json new.bake`".into()),
            ),
            Failure::Git(words) => (format!("git cannot read {place}: {words}"), None),
        }
    }
}

fn git(arguments: &[&str]) -> Result<String, Failure> {
    let out = run(arguments)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn run(arguments: &[&str]) -> Result<Vec<u8>, Failure> {
    let output = Command::new("git")
        .args(arguments)
        // Words that are looked for below must not depend on the user's language.
        .env("LC_ALL", "C")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .output()
        .map_err(
            |error| if error.kind() == io::ErrorKind::NotFound { Failure::Missing } else { Failure::Start(error) },
        )?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let first = words.lines().next().unwrap_or_default();
    Err(Failure::Git(first.trim_start_matches("fatal: ").to_owned()))
}
