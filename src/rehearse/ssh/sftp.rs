//! SFTP on an instance's files.

use std::collections::HashMap;
use std::sync::Arc;

use russh::Channel;
use russh::server::Msg;
use russh_sftp::protocol::{Attrs, Data, File, FileAttributes, Handle, Name, OpenFlags, Status, StatusCode};
use russh_sftp::server::Handler;
use tokio::io::AsyncWriteExt;

use super::Guest;
use super::shell::{ROOM, put};
use crate::rehearse::world::files::{Entry, Kind, children, is_folder, path};

/// One SFTP session.
pub(super) struct Files {
    guest: Guest,
    open: HashMap<String, Open>,
    count: u64,
}

enum Open {
    File { path: String, mode: u32, bytes: Vec<u8>, written: bool },
    Folder { names: Vec<(String, FileAttributes)> },
}

/// What lies between a channel and the protocol.
const BUFFER: usize = 64 << 10;

/// Serves one channel to its end, which it says to be a good one, as OpenSSH does: `scp` takes silence for a failure.
pub(super) async fn run(channel: Channel<Msg>, guest: Guest) {
    let (mut read, write) = channel.split();
    let (near, far) = tokio::io::duplex(BUFFER);
    russh_sftp::server::run(far, Files::new(guest)).await;
    let (mut said, mut heard) = tokio::io::split(near);
    let (mut input, mut out) = (read.make_reader(), write.make_writer());
    let hear = async {
        // Where a side is gone the other one ends as well.
        let _ = tokio::io::copy(&mut input, &mut heard).await;
        let _ = heard.shutdown().await;
    };
    let say = async {
        let _ = tokio::io::copy(&mut said, &mut out).await;
        let _ = out.flush().await;
    };
    tokio::join!(hear, say);
    let _ = (write.exit_status(0).await, write.eof().await, write.close().await);
}

/// At most so many at one time.
const OPEN: usize = 256;

impl Files {
    pub(super) fn new(guest: Guest) -> Self {
        Files { guest, open: HashMap::new(), count: 0 }
    }

    fn full(&self, name: &str) -> String {
        path(name, &self.guest.user)
    }

    fn handle(&mut self, id: u32, open: Open) -> Result<Handle, StatusCode> {
        if self.open.len() >= OPEN {
            return Err(StatusCode::Failure);
        }
        self.count += 1;
        let handle = self.count.to_string();
        self.open.insert(handle.clone(), open);
        Ok(Handle { id, handle })
    }

    fn attributes(&self, path: &str) -> Result<FileAttributes, StatusCode> {
        let tree = self.guest.files.tree();
        match tree.get(path) {
            Some(Entry { kind: Kind::File(bytes), mode }) => Ok(file(bytes.len(), *mode)),
            Some(Entry { kind: Kind::Folder, mode }) => Ok(folder(*mode)),
            None if is_folder(&tree, path) => Ok(folder(0o755)),
            None => Err(StatusCode::NoSuchFile),
        }
    }

    /// Keeps what was written so far.
    fn keep(&mut self, handle: &str) -> bool {
        match self.open.get_mut(handle) {
            Some(Open::File { path, mode, bytes, written }) if *written => {
                *written = false;
                put(&mut self.guest.files.tree(), path, bytes.clone(), *mode)
            }
            _ => true,
        }
    }
}

fn file(size: usize, mode: u32) -> FileAttributes {
    attributes(size, 0o100_000 | mode)
}

fn folder(mode: u32) -> FileAttributes {
    attributes(0, 0o040_000 | mode)
}

fn attributes(size: usize, permissions: u32) -> FileAttributes {
    let mut attributes = FileAttributes::empty();
    attributes.size = Some(size as u64);
    attributes.permissions = Some(permissions);
    (attributes.uid, attributes.gid) = (Some(0), Some(0));
    (attributes.atime, attributes.mtime) = (Some(0), Some(0));
    attributes
}

fn ok(id: u32) -> Result<Status, StatusCode> {
    Ok(Status { id, status_code: StatusCode::Ok, error_message: "Ok".to_string(), language_tag: "en".to_string() })
}

impl Handler for Files {
    type Error = StatusCode;

    fn unimplemented(&self) -> StatusCode {
        StatusCode::OpUnsupported
    }

    async fn open(
        &mut self,
        id: u32,
        name: String,
        flags: OpenFlags,
        attributes: FileAttributes,
    ) -> Result<Handle, StatusCode> {
        let path = self.full(&name);
        let found = self.guest.files.tree().get(&path).cloned();
        let (old, mode) = match found {
            Some(Entry { kind: Kind::Folder, .. }) => return Err(StatusCode::Failure),
            Some(_) if flags.contains(OpenFlags::EXCLUDE) => return Err(StatusCode::Failure),
            Some(Entry { kind: Kind::File(bytes), mode }) => (Some(bytes), mode),
            None if flags.contains(OpenFlags::CREATE) => {
                (None, attributes.permissions.map_or(0o644, |mode| mode & 0o7777))
            }
            None => return Err(StatusCode::NoSuchFile),
        };
        let new = old.is_none();
        let truncate = flags.contains(OpenFlags::TRUNCATE);
        let bytes = old.filter(|_| !truncate).map(|bytes| bytes.to_vec()).unwrap_or_default();
        let opened = self.handle(id, Open::File { path, mode, bytes, written: new || truncate })?;
        // It is there from the moment it is opened.
        if self.keep(&opened.handle) { Ok(opened) } else { Err(StatusCode::Failure) }
    }

    async fn close(&mut self, id: u32, handle: String) -> Result<Status, StatusCode> {
        let kept = self.keep(&handle);
        match self.open.remove(&handle) {
            Some(_) if kept => ok(id),
            _ => Err(StatusCode::Failure),
        }
    }

    async fn read(&mut self, id: u32, handle: String, offset: u64, len: u32) -> Result<Data, StatusCode> {
        let Some(Open::File { bytes, .. }) = self.open.get(&handle) else { return Err(StatusCode::Failure) };
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let to = from.saturating_add(len.min(1 << 18) as usize).min(bytes.len());
        if from == to { Err(StatusCode::Eof) } else { Ok(Data { id, data: bytes[from..to].to_vec() }) }
    }

    async fn write(&mut self, id: u32, handle: String, offset: u64, data: Vec<u8>) -> Result<Status, StatusCode> {
        let Some(Open::File { bytes, written, .. }) = self.open.get_mut(&handle) else {
            return Err(StatusCode::Failure);
        };
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let to = from.saturating_add(data.len());
        if to > ROOM {
            return Err(StatusCode::Failure);
        }
        if bytes.len() < to {
            bytes.resize(to, 0);
        }
        bytes[from..to].copy_from_slice(&data);
        *written = true;
        ok(id)
    }

    async fn stat(&mut self, id: u32, name: String) -> Result<Attrs, StatusCode> {
        Ok(Attrs { id, attrs: self.attributes(&self.full(&name))? })
    }

    async fn lstat(&mut self, id: u32, name: String) -> Result<Attrs, StatusCode> {
        self.stat(id, name).await
    }

    async fn fstat(&mut self, id: u32, handle: String) -> Result<Attrs, StatusCode> {
        match self.open.get(&handle) {
            Some(Open::File { bytes, mode, .. }) => Ok(Attrs { id, attrs: file(bytes.len(), *mode) }),
            Some(Open::Folder { .. }) => Ok(Attrs { id, attrs: folder(0o755) }),
            None => Err(StatusCode::Failure),
        }
    }

    async fn setstat(&mut self, id: u32, name: String, attributes: FileAttributes) -> Result<Status, StatusCode> {
        let path = self.full(&name);
        let mut tree = self.guest.files.tree();
        match tree.get_mut(&path) {
            Some(entry) => {
                if let Some(mode) = attributes.permissions {
                    entry.mode = mode & 0o7777;
                }
                if let (Kind::File(bytes), Some(size)) = (&mut entry.kind, attributes.size) {
                    let size = usize::try_from(size).unwrap_or(usize::MAX);
                    if size > ROOM {
                        return Err(StatusCode::Failure);
                    }
                    Arc::make_mut(bytes).resize(size, 0);
                }
                ok(id)
            }
            None => match is_folder(&tree, &path) {
                true => ok(id),
                false => Err(StatusCode::NoSuchFile),
            },
        }
    }

    async fn fsetstat(&mut self, id: u32, handle: String, attributes: FileAttributes) -> Result<Status, StatusCode> {
        match self.open.get_mut(&handle) {
            Some(Open::File { mode, bytes, written, .. }) => {
                if let Some(new) = attributes.permissions {
                    *mode = new & 0o7777;
                }
                if let Some(size) = attributes.size.and_then(|size| usize::try_from(size).ok()).filter(|s| *s <= ROOM) {
                    bytes.resize(size, 0);
                }
                *written = true;
                ok(id)
            }
            Some(Open::Folder { .. }) => ok(id),
            None => Err(StatusCode::Failure),
        }
    }

    async fn opendir(&mut self, id: u32, name: String) -> Result<Handle, StatusCode> {
        let path = self.full(&name);
        let names: Vec<String> = {
            let tree = self.guest.files.tree();
            if !is_folder(&tree, &path) {
                return Err(StatusCode::NoSuchFile);
            }
            children(&tree, &path).into_iter().map(|(name, _)| name.to_string()).collect()
        };
        let below = |name: &str| format!("{}/{name}", path.trim_end_matches('/'));
        let with = |name: String| self.attributes(&below(&name)).ok().map(|attributes| (name, attributes));
        let names = names.into_iter().filter_map(with).collect();
        self.handle(id, Open::Folder { names })
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Result<Name, StatusCode> {
        match self.open.get_mut(&handle) {
            Some(Open::Folder { names }) if names.is_empty() => Err(StatusCode::Eof),
            Some(Open::Folder { names }) => {
                let some = names.drain(..names.len().min(100));
                Ok(Name { id, files: some.map(|(name, attributes)| File::new(name, attributes)).collect() })
            }
            _ => Err(StatusCode::Failure),
        }
    }

    async fn remove(&mut self, id: u32, name: String) -> Result<Status, StatusCode> {
        let path = self.full(&name);
        let mut tree = self.guest.files.tree();
        match tree.get(&path) {
            Some(Entry { kind: Kind::File(_), .. }) => {
                tree.remove(&path);
                ok(id)
            }
            Some(_) => Err(StatusCode::Failure),
            None => Err(StatusCode::NoSuchFile),
        }
    }

    async fn mkdir(&mut self, id: u32, name: String, attributes: FileAttributes) -> Result<Status, StatusCode> {
        let path = self.full(&name);
        let mut tree = self.guest.files.tree();
        if tree.contains_key(&path) || is_folder(&tree, &path) {
            return Err(StatusCode::Failure);
        }
        let mode = attributes.permissions.map_or(0o755, |mode| mode & 0o7777);
        tree.insert(path, Entry { mode, kind: Kind::Folder });
        ok(id)
    }

    async fn rmdir(&mut self, id: u32, name: String) -> Result<Status, StatusCode> {
        let path = self.full(&name);
        let mut tree = self.guest.files.tree();
        if !is_folder(&tree, &path) {
            return Err(StatusCode::NoSuchFile);
        }
        if !children(&tree, &path).is_empty() {
            return Err(StatusCode::Failure);
        }
        tree.remove(&path);
        ok(id)
    }

    async fn realpath(&mut self, id: u32, name: String) -> Result<Name, StatusCode> {
        let path = match name.as_str() {
            "" | "." => self.full("~"),
            name => self.full(name),
        };
        Ok(Name { id, files: vec![File::dummy(path)] })
    }

    async fn rename(&mut self, id: u32, from: String, to: String) -> Result<Status, StatusCode> {
        let (from, to) = (self.full(&from), self.full(&to));
        let below = format!("{from}/");
        let mut tree = self.guest.files.tree();
        // The third version of the protocol writes over nothing.
        if tree.contains_key(&to) {
            return Err(StatusCode::Failure);
        }
        let names: Vec<String> = tree.keys().filter(|p| **p == from || p.starts_with(&below)).cloned().collect();
        if names.is_empty() {
            return Err(StatusCode::NoSuchFile);
        }
        for name in names {
            if let Some(entry) = tree.remove(&name) {
                tree.insert(format!("{to}{}", &name[from.len()..]), entry);
            }
        }
        ok(id)
    }
}
