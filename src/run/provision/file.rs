//! `file`: files and folders to the machine and from it.

use std::path::{Path, PathBuf};

use tokio::fs;

use super::Ground;
use crate::diagnostic::code;
use crate::run::build::Carry;
use crate::run::event::Events;
use crate::run::problem::Problem;
use crate::run::render::rendered;
use crate::run::ssh::{Check, Shell, Tree, permissions};

pub(super) async fn carry(work: &Carry, ground: &mut Ground<'_>) -> Result<(), Problem> {
    let (values, events, rehearsed) = (ground.values, ground.events, ground.rehearsed);
    let shell = ground.connected()?;
    let destination = rendered(&work.destination, values)?;
    if let Some(content) = &work.content {
        return write(&rendered(content, values)?, &destination, shell, events).await;
    }
    for source in &work.sources {
        let source = rendered(source, values)?;
        if work.download {
            download(&source, &destination, shell, events).await?;
        } else if rehearsed && work.generated && !Path::new(&source).exists() {
            // What would have made it was not run.
            events.say(format!(
                "`{source}` is made by an earlier step, which a rehearsal does not run: it is not uploaded"
            ));
        } else {
            upload(&source, &destination, shell, events).await?;
        }
    }
    Ok(())
}

/// A file of a given content.
async fn write(content: &str, destination: &str, shell: &mut Shell, events: &Events) -> Result<(), Problem> {
    if destination.ends_with('/') {
        return Err(Problem::failed(
            code::RUN_UPLOAD,
            format!("`{destination}` names a folder, and content needs a file"),
        )
        .help("name the file at the end of `destination`"));
    }
    let done = shell.upload(&mut content.as_bytes(), content.len() as u64, destination, 0o644).await?;
    events.say(format!("wrote `{destination}` ({}{})", size(done.bytes), checked(done.check)));
    Ok(())
}

async fn upload(source: &str, destination: &str, shell: &mut Shell, events: &Events) -> Result<(), Problem> {
    let fail = |e: &std::io::Error| {
        let problem = Problem::failed(code::RUN_UPLOAD, format!("`{source}` cannot be read: {e}"));
        if e.kind() == std::io::ErrorKind::NotFound {
            Problem { message: format!("there is no `{source}` to upload"), ..problem }
                .help("paths are relative to the folder in which bakec was started")
        } else {
            problem
        }
    };
    let about = fs::metadata(source).await.map_err(|e| fail(&e))?;
    if about.is_dir() {
        let done = shell.upload_tree(source, destination).await?;
        events.say(format!("uploaded `{source}` to `{destination}` ({})", tree(done)));
        return Ok(());
    }
    let name = Path::new(source).file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let to = if destination.ends_with('/') { format!("{destination}{name}") } else { destination.to_owned() };
    let mut file = fs::File::open(source).await.map_err(|e| fail(&e))?;
    let done = shell.upload(&mut file, about.len(), &to, permissions(&about)).await?;
    events.say(format!("uploaded `{source}` to `{to}` ({}{})", size(done.bytes), checked(done.check)));
    Ok(())
}

async fn download(source: &str, destination: &str, shell: &mut Shell, events: &Events) -> Result<(), Problem> {
    let folder = PathBuf::from(destination);
    if source.contains(['*', '?', '[']) {
        let found = shell.expand(source).await?;
        if found.is_empty() {
            return Err(Problem::failed(code::RUN_DOWNLOAD, format!("nothing on the machine matches `{source}`")));
        }
        for path in found {
            let done = shell.download_tree(&path, &folder).await?;
            events.say(format!("downloaded `{path}` into `{destination}` ({})", tree(done)));
        }
        return Ok(());
    }
    if source.ends_with('/') {
        let done = shell.download_tree(source, &folder).await?;
        events.say(format!("downloaded `{source}` into `{destination}` ({})", tree(done)));
        return Ok(());
    }
    let name = source.rsplit('/').next().unwrap_or_default();
    let to = if destination.ends_with('/') { folder.join(name) } else { folder };
    let bytes = shell.download_file(source, &to).await?;
    events.say(format!("downloaded `{source}` to `{}` ({})", to.display(), size(bytes)));
    Ok(())
}

fn checked(check: Check) -> &'static str {
    match check {
        Check::Sha256 => "",
        Check::Size => ", checked by size alone",
        Check::Unchecked => ", unchecked",
    }
}

fn tree(done: Tree) -> String {
    let files = if done.files == 1 { "1 file".to_owned() } else { format!("{} files", done.files) };
    format!("{files}, {}", size(done.bytes))
}

/// A number of bytes for people.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_readable() {
        let shown = [0, 1023, 1024, 1536, 300 << 20, u64::MAX / 16].map(size);
        assert_eq!(shown, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "300.0 MiB", "1048575.9 TiB"]);
    }
}
