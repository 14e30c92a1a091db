//! Folders there and back, with what is in them.
//!
//! To the machine, a source that ends with a slash stands for what is in it, one that does not for the folder itself. From the
//! machine a folder always comes itself. Symbolic links are followed.
//! Neighbours: `carry` does single files; `provision::file` calls this.

use std::path::{Path, PathBuf};

use tokio::fs;

use super::carry::{Failure, Source, while_carried};
use super::scp::{Reader, Record};
use super::shell::{Exit, Pipe, Shell};
use super::{quote, sftp};
use crate::diagnostic::code;
use crate::run::problem::Problem;

/// Folders within folders; more is a circle of links.
const DEEPEST: usize = 64;

/// One thing in a folder here.
struct Entry {
    /// Its path below the folder, with slashes.
    below: String,
    here: PathBuf,
    mode: u32,
    /// A file's size; none of a folder.
    size: Option<u64>,
}

/// What was carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// How many files.
    pub files: usize,
    /// How many bytes they have together.
    pub bytes: u64,
    /// Whether each file's SHA-256 there is that of what was sent; else their sizes were compared, as far as the server says them.
    pub checked: bool,
}

impl Shell {
    /// Writes a folder on the machine. Where `source` ends with a slash, what is in it goes into `destination`; else the folder
    /// itself does, or becomes `destination` where that does not exist.
    pub async fn upload_tree(&mut self, source: &str, destination: &str) -> Result<Tree, Problem> {
        let here = Path::new(source);
        let entries = walk(here).await.map_err(|why| Problem::failed(code::RUN_UPLOAD, why))?;
        let name = here.file_name().map(|n| n.to_string_lossy().into_owned());
        let into = |exists: bool| match &name {
            Some(name) if !source.ends_with('/') && exists => join(destination, name),
            _ => destination.trim_end_matches('/').to_owned(),
        };
        let mode = mode_of(here).await;
        let stop = self.stop_or_end(while_carried(destination, "uploaded"));
        let (base, digests) = if let Some(session) = self.sftp().await? {
            let work = async {
                let exists =
                    destination.ends_with('/') || sftp::look(&session, destination).await?.is_some_and(|d| d.0);
                if destination.ends_with('/') && sftp::look(&session, destination).await?.is_none() {
                    sftp::folder(&session, &rooted(destination.trim_end_matches('/')), 0o755).await?;
                }
                let base = rooted(&into(exists));
                sftp::folder(&session, &base, mode).await?;
                let digests = put_all(&session, &base, &entries).await?;
                Ok((base, digests))
            };
            let done: Result<_, Failure> = tokio::select! {
                done = work => done,
                problem = stop => return Err(problem),
            };
            done.map_err(|why| self.upload_failed(destination, &why))?
        } else {
            return self.upload_tree_slowly(&entries, destination, &into).await;
        };
        let files: Vec<&str> = entries.iter().filter(|e| e.size.is_some()).map(|e| e.below.as_str()).collect();
        let checked = match self.digests_there(&base, &files).await? {
            Some(found) if found == digests => true,
            Some(_) => {
                let message = format!("what is in `{base}` is not on the machine what was sent: a SHA-256 differs");
                return Err(Problem::failed(code::RUN_UPLOAD, message).help("is the machine's disk full or broken?"));
            }
            None => false,
        };
        Ok(tree(&entries, checked))
    }

    /// The same by commands and single files, where there is no SFTP.
    async fn upload_tree_slowly(
        &mut self,
        entries: &[Entry],
        destination: &str,
        into: &(dyn Fn(bool) -> String + Sync),
    ) -> Result<Tree, Problem> {
        let exists = destination.ends_with('/') || self.ask(&format!("[ -d {} ]", quote(destination))).await?.is_some();
        let base = rooted(&into(exists));
        let mut folders = vec![quote(&base)];
        folders.extend(entries.iter().filter(|e| e.size.is_none()).map(|e| quote(&join(&base, &e.below))));
        for some in folders.chunks(100) {
            if self.ask(&format!("mkdir -p {}", some.join(" "))).await?.is_none() {
                return Err(self.upload_failed(&base, &Failure::There("a folder cannot be made".to_owned())));
            }
        }
        let mut checked = true;
        for entry in entries {
            let Some(size) = entry.size else { continue };
            let mut file = open(&entry.here).await.map_err(|why| self.upload_failed(&entry.below, &why))?;
            let done = self.upload(&mut file, size, &join(&base, &entry.below), entry.mode).await?;
            checked &= done.check == super::Check::Sha256;
        }
        Ok(tree(entries, checked))
    }

    /// Reads a folder or a file from the machine into a folder here, which is made. It keeps its name there, with a slash at the
    /// end of `source` and without one.
    pub async fn download_tree(&mut self, source: &str, destination: &Path) -> Result<Tree, Problem> {
        let trimmed = rooted(source.trim_end_matches('/'));
        let name = trimmed.rsplit('/').next().unwrap_or_default();
        let to = if plain_name(name) { destination.join(name) } else { destination.to_owned() };
        let stop = self.stop_or_end(while_carried(source, "downloaded"));
        let result = if let Some(session) = self.sftp().await? {
            tokio::select! {
                result = get_all(&session, &trimmed, &to) => result,
                problem = stop => return Err(problem),
            }
        } else {
            let channel = self.channel().await?;
            tokio::select! {
                result = receive(channel, &trimmed, &to) => result,
                problem = stop => return Err(problem),
            }
        };
        result.map_err(|why| self.download_failed(source, &why))
    }

    /// Reads a file from the machine into one here, which stands under its name only when it is whole.
    pub async fn download_file(&mut self, path: &str, here: &Path) -> Result<u64, Problem> {
        let mut file = Incoming::new(here).await.map_err(|why| self.download_failed(path, &why))?;
        let bytes = self.download(path, &mut file.file).await?;
        file.keep(0o644).await.map_err(|why| self.download_failed(path, &why))?;
        Ok(bytes)
    }

    /// What a pattern of a shell stands for on the machine.
    pub async fn expand(&mut self, pattern: &str) -> Result<Vec<String>, Problem> {
        let open: String = pattern
            .split_inclusive(['*', '?', '[', ']'])
            .map(|part| {
                let text = part.trim_end_matches(['*', '?', '[', ']']);
                let quoted = if text.is_empty() { String::new() } else { quote(text) };
                format!("{quoted}{}", &part[text.len()..])
            })
            .collect();
        let script = format!("for f in {open}; do if [ -e \"$f\" ]; then printf '%s\\n' \"$f\"; fi; done");
        let mut found = Vec::new();
        let exit = self
            .run(&script, None, &mut |pipe, line| {
                if pipe == Pipe::Out {
                    found.push(line.to_owned());
                }
            })
            .await?;
        match exit {
            Exit::Status(0) => Ok(found),
            Exit::Lost(_) => Err(self.lost(&format!("while `{pattern}` was looked up"))),
            _ => Err(Problem::failed(code::RUN_DOWNLOAD, format!("`{pattern}` cannot be looked up on the machine"))),
        }
    }

    /// The SHA-256 of files there, in their order, where the machine can say them.
    async fn digests_there(&mut self, base: &str, files: &[&str]) -> Result<Option<Vec<String>>, Problem> {
        let mut names = Vec::new();
        for file in files {
            names.extend_from_slice(b"./");
            names.extend_from_slice(file.as_bytes());
            names.push(0);
        }
        if names.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let mut found = Vec::new();
        let command = format!("sh -c 'cd \"$1\" && xargs -0 sha256sum' sh {}", quote(base));
        let exit = self
            .run(&command, Some(&mut names.as_slice()), &mut |pipe, line| {
                if pipe == Pipe::Out {
                    // A backslash says that the name behind it is written with escapes.
                    found.push(line.trim_start_matches('\\').chars().take(64).collect::<String>());
                }
            })
            .await?;
        Ok((exit == Exit::Status(0) && found.len() == files.len()).then_some(found))
    }
}

async fn put_all(session: &sftp::Session, base: &str, entries: &[Entry]) -> Result<Vec<String>, Failure> {
    let mut digests = Vec::new();
    for entry in entries {
        let path = join(base, &entry.below);
        let Some(size) = entry.size else {
            sftp::folder(session, &path, entry.mode).await?;
            continue;
        };
        let mut file = open(&entry.here).await?;
        let mut source = Source::new(&mut file, size);
        let there = sftp::put(session, &mut source, &path, entry.mode).await?;
        if there != size {
            return Err(Failure::There(format!("`{}` has {there} bytes there, not {size}", entry.below)));
        }
        digests.push(source.digest());
    }
    Ok(digests)
}

async fn get_all(session: &sftp::Session, source: &str, destination: &Path) -> Result<Tree, Failure> {
    let mut done = Tree::default();
    let mut open = vec![(source.to_owned(), destination.to_owned(), 0)];
    while let Some((there, here, depth)) = open.pop() {
        let (is_folder, mode) =
            sftp::look(session, &there).await?.ok_or_else(|| Failure::There("no such file or folder".to_owned()))?;
        if !is_folder {
            let mut file = Incoming::new(&here).await?;
            done.bytes += sftp::get(session, &there, &mut file.file).await?;
            file.keep(mode).await?;
            done.files += 1;
            continue;
        }
        if depth == DEEPEST {
            return Err(Failure::There("its folders have no end: a link leads back".to_owned()));
        }
        make(&here).await?;
        for name in sftp::list(session, &there).await? {
            let below = here.join(checked_name(&name)?);
            open.push((join(&there, &name), below, depth + 1));
        }
    }
    Ok(done)
}

async fn receive(
    channel: russh::Channel<russh::client::Msg>,
    source: &str,
    destination: &Path,
) -> Result<Tree, Failure> {
    let mut done = Tree::default();
    let mut reader = Reader::start(channel, &format!("scp -r -f {}", quote(source))).await?;
    let mut path: Vec<PathBuf> = Vec::new();
    while let Some(record) = reader.next().await? {
        match record {
            // The outermost folder is the destination itself, whatever its name.
            Record::Open { name } => {
                let below = match path.last() {
                    None => destination.to_owned(),
                    Some(folder) => folder.join(checked_name(&name)?),
                };
                if path.len() == DEEPEST {
                    return Err(Failure::There("its folders have no end: a link leads back".to_owned()));
                }
                make(&below).await?;
                path.push(below);
            }
            Record::Close => {
                path.pop();
                if path.is_empty() {
                    return Ok(done);
                }
            }
            Record::File { name, mode, size } => {
                let here = match path.last() {
                    None => destination.to_owned(),
                    Some(folder) => folder.join(checked_name(&name)?),
                };
                let mut file = Incoming::new(&here).await?;
                reader.copy(size, &mut file.file).await?;
                file.keep(mode).await?;
                done.bytes += size;
                done.files += 1;
            }
        }
    }
    Ok(done)
}

/// A file on its way here: under its name only when it is whole.
pub(super) struct Incoming {
    pub(super) file: fs::File,
    part: tempfile::TempPath,
    here: PathBuf,
}

impl Incoming {
    pub(super) async fn new(here: &Path) -> Result<Incoming, Failure> {
        let local = |e: std::io::Error| Failure::Here(format!("`{}`: {e}", here.display()));
        let folder = here.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
        make(folder).await?;
        let part = tempfile::Builder::new().prefix(".part-").tempfile_in(folder).map_err(local)?;
        let (file, part) = part.into_parts();
        Ok(Incoming { file: fs::File::from_std(file), part, here: here.to_owned() })
    }

    pub(super) async fn keep(self, mode: u32) -> Result<(), Failure> {
        let local = |e: &dyn std::fmt::Display| Failure::Here(format!("`{}`: {e}", self.here.display()));
        self.file.sync_all().await.map_err(|e| local(&e))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Nobody here asked for rights beyond those of an ordinary file.
            let mode = std::fs::Permissions::from_mode((mode & 0o755) | 0o600);
            self.file.set_permissions(mode).await.map_err(|e| local(&e))?;
        }
        #[cfg(not(unix))]
        let _ = mode;
        self.part.persist(&self.here).map_err(|e| local(&e.error))
    }
}

async fn make(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).await.map_err(|e| Failure::Here(format!("`{}`: {e}", folder.display())))
}

async fn open(path: &Path) -> Result<fs::File, Failure> {
    fs::File::open(path).await.map_err(|e| Failure::Here(format!("`{}`: {e}", path.display())))
}

/// All that is below a folder here, each folder before what is in it.
async fn walk(root: &Path) -> Result<Vec<Entry>, String> {
    let mut found = Vec::new();
    let mut open = vec![(root.to_owned(), String::new(), 0)];
    while let Some((folder, below, depth)) = open.pop() {
        let fail = |e: std::io::Error| format!("`{}` cannot be read: {e}", folder.display());
        if depth == DEEPEST {
            return Err(format!("`{}` has no end: a link leads back", root.display()));
        }
        let mut entries = fs::read_dir(&folder).await.map_err(fail)?;
        while let Some(entry) = entries.next_entry().await.map_err(fail)? {
            let here = entry.path();
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                return Err(format!("the name of `{}` is no UTF-8", here.display()));
            };
            let about = fs::metadata(&here).await.map_err(|e| format!("`{}` cannot be read: {e}", here.display()))?;
            let below = if below.is_empty() { name } else { join(&below, &name) };
            if about.is_dir() {
                open.push((here.clone(), below.clone(), depth + 1));
            } else if !about.is_file() {
                return Err(format!("`{}` is neither a file nor a folder", here.display()));
            }
            let size = about.is_file().then_some(about.len());
            found.push(Entry { below, here, mode: permissions(&about), size });
        }
    }
    // A folder's path is the beginning of what is in it, and so stands before it.
    found.sort_by(|a, b| a.below.cmp(&b.below));
    Ok(found)
}

async fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).await.map_or(0o755, |about| permissions(&about))
}

/// The permissions of a file here.
pub(crate) fn permissions(about: &std::fs::Metadata) -> u32 {
    #[cfg(unix)]
    {
        std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777
    }
    #[cfg(not(unix))]
    {
        if about.is_dir() { 0o755 } else { 0o644 }
    }
}

fn tree(entries: &[Entry], checked: bool) -> Tree {
    let sizes = entries.iter().filter_map(|e| e.size);
    Tree { files: sizes.clone().count(), bytes: sizes.sum(), checked }
}

fn join(folder: &str, name: &str) -> String {
    if folder.ends_with('/') || folder.is_empty() { format!("{folder}{name}") } else { format!("{folder}/{name}") }
}

/// `/` without its slash is nothing, and so is no folder.
fn rooted(path: &str) -> String {
    if path.is_empty() { "/".to_owned() } else { path.to_owned() }
}

fn plain_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && name != "~" && !name.contains(['/', '\0'])
}

/// A name that a server says. One that leads elsewhere is not followed.
fn checked_name(name: &str) -> Result<&str, Failure> {
    let bad = !plain_name(name) || (cfg!(windows) && name.contains(['\\', ':']));
    if bad { Err(Failure::There(format!("it names a file `{}`", name.escape_default()))) } else { Ok(name) }
}
