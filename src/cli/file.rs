//! Writing files whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Outcome;
use super::terminal::Terminal;

/// Writes a file beside its place and moves it there, so that a reader sees the old text or the new and nothing between. The
/// file keeps its permissions, and a link stays a link.
pub(super) fn write(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    Beside::write(path, content)?.persist()
}

/// Writes several files: all are written beside their places before the first is moved. On failure says which one failed.
pub(super) fn write_all<P: AsRef<Path>>(
    files: &[P],
    mut content: impl FnMut(usize, &mut dyn Write) -> io::Result<()>,
) -> Result<(), (usize, io::Error)> {
    let mut written = Vec::with_capacity(files.len());
    for (number, path) in files.iter().enumerate() {
        written.push(Beside::write(path.as_ref(), |out| content(number, out)).map_err(|error| (number, error))?);
    }
    written.into_iter().enumerate().try_for_each(|(number, file)| file.persist().map_err(|error| (number, error)))
}

/// Makes a folder, with those above it, where there is none.
pub(super) fn folder(path: &str, terminal: &Terminal) -> Outcome {
    let fail = |message: String, help| Err(terminal.fail(&message, help));
    if path == "-" {
        return fail(
            "`-` stands for a stream, and a folder is wanted".into(),
            Some("name one; `./-` is a folder of that name"),
        );
    }
    if Path::new(path).exists() && !Path::new(path).is_dir() {
        return fail(
            format!("`{path}` is a file, and a folder is wanted"),
            Some("name another one, or move the file away"),
        );
    }
    fs::create_dir_all(path).or_else(|error| fail(format!("the folder `{path}` cannot be made: {error}"), None))
}

/// A file that is written and not yet in its place.
enum Beside {
    Waits(tempfile::NamedTempFile, PathBuf),
    /// A pipe or a device cannot be replaced.
    InPlace,
}

impl Beside {
    fn write(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<Beside> {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let before = fs::metadata(&target).ok();
        if before.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder; name a file in it"));
        }
        if before.as_ref().is_some_and(|m| !m.is_file()) {
            let mut out = BufWriter::new(File::options().write(true).open(&target)?);
            content(&mut out)?;
            return out.flush().map(|()| Beside::InPlace);
        }
        let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            let why = format!("there is no folder `{}`", folder.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, why));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".bakec-");
        #[cfg(unix)]
        let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        // The name of the file beside is nobody's business.
        let beside = builder.tempfile_in(folder).map_err(|error| io::Error::from(error.kind()))?;
        let mut out = BufWriter::with_capacity(1 << 16, beside);
        content(&mut out)?;
        let beside = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        if let Some(before) = before {
            beside.as_file().set_permissions(before.permissions())?;
        }
        Ok(Beside::Waits(beside, target))
    }

    fn persist(self) -> io::Result<()> {
        match self {
            Beside::Waits(file, target) => file.persist(target).map(drop).map_err(|e| e.error),
            Beside::InPlace => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_stays() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("plan.json");
        write(&path, |out| out.write_all(b"one"))?;
        assert_eq!(fs::read_to_string(&path)?, "one");
        let failed = write(&path, |out| {
            out.write_all(b"tw")?;
            Err(io::Error::other("stop"))
        });
        assert!(failed.is_err());
        assert_eq!((fs::read_to_string(&path)?.as_str(), fs::read_dir(folder.path())?.count()), ("one", 1));
        assert!(write(folder.path(), |out| out.write_all(b"x")).is_err());
        Ok(())
    }

    #[test]
    fn several_files_are_replaced_together_or_stay() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let paths = ["a", "b"].map(|name| folder.path().join(name));
        fs::write(&paths[0], "old")?;
        let failed = write_all(&paths, |number, out| {
            out.write_all(b"new")?;
            if number == 1 { Err(io::Error::other("stop")) } else { Ok(()) }
        });
        assert_eq!(failed.map_err(|(number, _)| number), Err(1));
        assert_eq!((fs::read_to_string(&paths[0])?.as_str(), fs::read_dir(folder.path())?.count()), ("old", 1));
        write_all(&paths, |_, out| out.write_all(b"new")).map_err(|(_, error)| error)?;
        assert!(fs::read_to_string(&paths[0])? == "new" && fs::read_to_string(&paths[1])? == "new");
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_stay() -> io::Result<()> {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir()?;
        let (path, link) = (folder.path().join("plan.json"), folder.path().join("link.json"));
        fs::write(&path, "old")?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640))?;
        symlink(&path, &link)?;
        write(&link, |out| out.write_all(b"new"))?;
        assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link)?.is_symlink() && fs::read_to_string(&path)? == "new");
        Ok(())
    }
}
