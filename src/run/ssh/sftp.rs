//! Files by SFTP. It must not know what they are for. Neighbours: `carry` and `tree` call it.

use std::time::Duration;

use russh::client::Msg;
use russh::{Channel, ChannelMsg};
use russh_sftp::client::{Config, SftpSession, error::Error};
use russh_sftp::protocol::{FileAttributes, OpenFlags, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::carry::{Failure, Source};

/// A session.
pub(super) type Session = SftpSession;

/// A disk may be slow to take what is written.
const REQUEST: u64 = 120;
/// A server that grants the subsystem and has no program for it says nothing.
const GREETING: Duration = Duration::from_secs(30);
const BUFFER: usize = 128 * 1024;
/// The bits of a mode that are permissions.
const PERMISSIONS: u32 = 0o7777;

/// A session, where the server has the subsystem.
pub(super) async fn open(mut channel: Channel<Msg>) -> Option<Session> {
    channel.request_subsystem(true, "sftp").await.ok()?;
    if !granted(&mut channel).await {
        return None;
    }
    let config = Config { request_timeout_secs: REQUEST, ..Config::default() };
    timeout(GREETING, SftpSession::new_with_config(channel.into_stream(), config)).await.ok()?.ok()
}

async fn granted(channel: &mut Channel<Msg>) -> bool {
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Success) => return true,
            Some(ChannelMsg::WindowAdjusted { .. }) => {}
            _ => return false,
        }
    }
}

/// Writes a file, and says how many bytes the server then counts.
pub(super) async fn put(session: &Session, source: &mut Source<'_>, path: &str, mode: u32) -> Result<u64, Failure> {
    let flags = OpenFlags::CREATE | OpenFlags::TRUNCATE | OpenFlags::WRITE;
    let mut file =
        session.open_with_flags_and_attributes(here(path), flags, permissions(mode)).await.map_err(|e| failure(&e))?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let bytes = source.next(&mut buffer).await?;
        if bytes.is_empty() {
            break;
        }
        file.write_all(bytes).await.map_err(|e| Failure::there(&e))?;
    }
    // The server's mask may have taken permissions away. Without the right to change them, they are as they are.
    let _ = file.set_metadata(permissions(mode)).await;
    file.flush().await.map_err(|e| Failure::there(&e))?;
    let size = file.metadata().await.map_err(|e| failure(&e))?.size;
    file.close().await.map_err(|e| Failure::there(&e))?;
    Ok(size.unwrap_or(source.size()))
}

/// Reads a file.
pub(super) async fn get(
    session: &Session,
    path: &str,
    to: &mut (dyn AsyncWrite + Unpin + Send),
) -> Result<u64, Failure> {
    let mut file = session.open(here(path)).await.map_err(|e| failure(&e))?;
    let mut buffer = vec![0; BUFFER];
    let mut total = 0;
    loop {
        let count = file.read(&mut buffer).await.map_err(|e| Failure::there(&e))?;
        if count == 0 {
            break;
        }
        to.write_all(&buffer[..count]).await.map_err(|e| Failure::Here(e.to_string()))?;
        total += count as u64;
    }
    // All has come; how the server closes the file does not matter.
    let _ = file.close().await;
    to.flush().await.map_err(|e| Failure::Here(e.to_string()))?;
    Ok(total)
}

/// What a path is: a folder or not, with its permissions; nothing where there is nothing.
pub(super) async fn look(session: &Session, path: &str) -> Result<Option<(bool, u32)>, Failure> {
    match session.metadata(here(path)).await {
        Ok(found) => Ok(Some((found.is_dir(), found.permissions.unwrap_or(0o644) & PERMISSIONS))),
        Err(Error::Status(status)) if status.status_code == StatusCode::NoSuchFile => Ok(None),
        Err(e) => Err(failure(&e)),
    }
}

/// Makes a folder where there is none.
pub(super) async fn folder(session: &Session, path: &str, mode: u32) -> Result<(), Failure> {
    match look(session, path).await? {
        Some((true, _)) => return Ok(()),
        Some(_) => return Err(Failure::There("a file stands where a folder is to be".to_owned())),
        None => session.create_dir(here(path)).await.map_err(|e| failure(&e))?,
    }
    let _ = session.set_metadata(here(path), permissions(mode)).await;
    Ok(())
}

/// The names in a folder, in order.
pub(super) async fn list(session: &Session, path: &str) -> Result<Vec<String>, Failure> {
    let mut names: Vec<String> =
        session.read_dir(here(path)).await.map_err(|e| failure(&e))?.map(|entry| entry.file_name()).collect();
    names.sort();
    Ok(names)
}

fn permissions(mode: u32) -> FileAttributes {
    FileAttributes { permissions: Some(mode & PERMISSIONS), ..FileAttributes::empty() }
}

/// Paths begin at the user's home, as they do for commands.
fn here(path: &str) -> String {
    match path.strip_prefix("~/") {
        Some("") => ".".to_owned(),
        Some(rest) => rest.to_owned(),
        None if path == "~" => ".".to_owned(),
        None => path.to_owned(),
    }
}

fn failure(error: &Error) -> Failure {
    match error {
        Error::Status(status) => Failure::There(match status.status_code {
            StatusCode::NoSuchFile => "no such file or folder".to_owned(),
            StatusCode::PermissionDenied => "permission denied".to_owned(),
            _ => status.error_message.clone(),
        }),
        other => Failure::there(other),
    }
}
