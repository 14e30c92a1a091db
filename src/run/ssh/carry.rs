//! Single files there and back: streamed, and looked at again after they have arrived.
//!
//! Neighbours: `sftp` and `scp` are the two ways; `tree` does the same with folders.

use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use super::shell::{Input, Shell};
use super::{quote, scp, sftp};
use crate::diagnostic::code;
use crate::run::problem::Problem;

/// How files go.
#[derive(Default)]
pub(super) struct Carrier {
    /// Whether the server has SFTP; unknown before it was asked.
    sftp: Option<bool>,
    /// Whether people were told that uploads are not fully checked.
    told: bool,
}

impl Carrier {
    /// By SFTP where the server has it, or by SCP alone.
    pub(super) fn new(scp: bool) -> Self {
        Carrier { sftp: scp.then_some(false), ..Carrier::default() }
    }
}

/// How an upload was looked at after its arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Its SHA-256 there is that of what was sent.
    Sha256,
    /// The server says that it has as many bytes as were sent.
    Size,
    /// Nothing but the server's word that it took all.
    Unchecked,
}

/// What was carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    /// How many bytes.
    pub bytes: u64,
    /// How it was looked at.
    pub check: Check,
}

/// What is sent: bytes of a known number, digested on their way.
pub(super) struct Source<'a> {
    input: Input<'a>,
    size: u64,
    left: u64,
    digest: Sha256,
}

impl<'a> Source<'a> {
    pub(super) fn new(input: Input<'a>, size: u64) -> Self {
        Source { input, size, left: size, digest: Sha256::new() }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The next bytes; none at the end. What ends early or late has changed while it was read.
    pub(super) async fn next<'b>(&mut self, buffer: &'b mut [u8]) -> Result<&'b [u8], Failure> {
        let changed = || Failure::Here("it has changed while it was read".to_owned());
        if self.left == 0 {
            let more = self.input.read(&mut buffer[..1]).await.map_err(|e| Failure::Here(e.to_string()))?;
            return if more == 0 { Ok(&[]) } else { Err(changed()) };
        }
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.input.read(&mut buffer[..room]).await.map_err(|e| Failure::Here(e.to_string()))?;
        if count == 0 {
            return Err(changed());
        }
        self.left -= count as u64;
        self.digest.update(&buffer[..count]);
        Ok(&buffer[..count])
    }

    pub(super) fn digest(self) -> String {
        self.digest.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// Why a file did not arrive.
#[derive(Debug)]
pub(super) enum Failure {
    /// Something here.
    Here(String),
    /// Something on the machine, in its own words.
    There(String),
}

impl Failure {
    pub(super) fn there(error: &dyn std::fmt::Display) -> Failure {
        Failure::There(error.to_string())
    }
}

impl Shell {
    /// Writes a file on the machine, of so many bytes and with the permissions `mode`, and looks at it again.
    pub async fn upload(&mut self, input: Input<'_>, size: u64, path: &str, mode: u32) -> Result<Carried, Problem> {
        let mut source = Source::new(input, size);
        let result = if let Some(session) = self.sftp().await? {
            let stop = self.stop_or_end(while_carried(path, "uploaded"));
            tokio::select! {
                result = sftp::put(&session, &mut source, path, mode) => result.map(Some),
                problem = stop => return Err(problem),
            }
        } else {
            let (channel, stop) = (self.channel().await?, self.stop_or_end(while_carried(path, "uploaded")));
            tokio::select! {
                result = scp::put(channel, &mut source, path, mode) => result.map(|()| None),
                problem = stop => return Err(problem),
            }
        };
        let there = result.map_err(|why| self.upload_failed(path, &why))?;
        if let Some(there) = there.filter(|there| *there != size) {
            return Err(Problem::failed(
                code::RUN_UPLOAD,
                format!("`{path}` has {there} bytes on the machine, not {size}"),
            )
            .help("is the machine's disk full?"));
        }
        let wanted = source.digest();
        let check = match self.digest_there(path).await? {
            Some(found) if found == wanted => Check::Sha256,
            Some(_) => {
                let message = format!("`{path}` is not on the machine what was sent: its SHA-256 differs");
                return Err(Problem::failed(code::RUN_UPLOAD, message).help("is the machine's disk full or broken?"));
            }
            None if there.is_some() => Check::Size,
            None => Check::Unchecked,
        };
        if check != Check::Sha256 && !std::mem::replace(&mut self.carrier.told, true) {
            let how = if check == Check::Size { "checked by size alone" } else { "unchecked" };
            self.events().say(format!("the machine cannot say a file's SHA-256: uploads are {how}"));
        }
        Ok(Carried { bytes: size, check })
    }

    /// Reads a file from the machine; says how many bytes it had.
    pub async fn download(&mut self, path: &str, to: &mut (dyn AsyncWrite + Unpin + Send)) -> Result<u64, Problem> {
        let result = if let Some(session) = self.sftp().await? {
            let stop = self.stop_or_end(while_carried(path, "downloaded"));
            tokio::select! {
                result = sftp::get(&session, path, to) => result,
                problem = stop => return Err(problem),
            }
        } else {
            let (channel, stop) = (self.channel().await?, self.stop_or_end(while_carried(path, "downloaded")));
            tokio::select! {
                result = scp::get(channel, path, to) => result,
                problem = stop => return Err(problem),
            }
        };
        result.map_err(|why| self.download_failed(path, &why))
    }

    /// A session of SFTP, where the server has it.
    pub(super) async fn sftp(&mut self) -> Result<Option<sftp::Session>, Problem> {
        if self.carrier.sftp == Some(false) {
            return Ok(None);
        }
        let (channel, stop) = (self.channel().await?, self.stop());
        let session = tokio::select! {
            session = sftp::open(channel) => session,
            problem = stop => return Err(problem),
        };
        if session.is_none() && self.is_lost() {
            return Err(self.lost("before a file could be carried"));
        }
        if session.is_none() {
            self.events().say("the SSH server has no SFTP; files go by SCP");
        }
        self.carrier.sftp = Some(session.is_some());
        Ok(session)
    }

    /// The SHA-256 of a file there, where the machine can say it.
    async fn digest_there(&mut self, path: &str) -> Result<Option<String>, Problem> {
        let script = "sha256sum < \"$1\" 2>/dev/null || shasum -a 256 < \"$1\" 2>/dev/null || \
                      openssl dgst -sha256 -r < \"$1\" 2>/dev/null";
        let said = self.ask(&format!("sh -c '{script}' sh {}", quote(path))).await?;
        let digest = said.as_deref().and_then(|said| said.split_whitespace().next()).unwrap_or_default();
        let whole = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
        Ok(whole.then(|| digest.to_ascii_lowercase()))
    }

    pub(super) fn upload_failed(&self, path: &str, why: &Failure) -> Problem {
        if self.is_lost() {
            return self.lost(&while_carried(path, "uploaded"));
        }
        match why {
            Failure::Here(why) => {
                Problem::failed(code::RUN_UPLOAD, format!("what goes to `{path}` cannot be read: {why}"))
            }
            Failure::There(why) => {
                let problem = Problem::failed(
                    code::RUN_UPLOAD,
                    format!("`{path}` cannot be written on the machine: {}", lower(why)),
                );
                match why.to_lowercase() {
                    w if w.contains("denied") => problem.help(
                        "upload it to `/tmp`, and let a `shell` provisioner with `sudo` move it to where it belongs",
                    ),
                    w if w.contains("no such file") => problem.help("make the folder in a `shell` provisioner before"),
                    w if w.contains("directory") || w == "failure" => {
                        problem.help("if it is a folder, end the destination with a slash to put the file into it")
                    }
                    _ => problem,
                }
            }
        }
    }

    pub(super) fn download_failed(&self, path: &str, why: &Failure) -> Problem {
        if self.is_lost() {
            return self.lost(&while_carried(path, "downloaded"));
        }
        match why {
            Failure::Here(why) => {
                Problem::failed(code::RUN_DOWNLOAD, format!("what comes from `{path}` cannot be written here: {why}"))
            }
            Failure::There(why) => {
                let message = format!("`{path}` cannot be read on the machine: {}", lower(why));
                let problem = Problem::failed(code::RUN_DOWNLOAD, message);
                match why.to_lowercase() {
                    w if w.contains("no such file") => problem.help("a provisioner before this one has to make it"),
                    w if w.contains("denied") => {
                        problem.help("let a `shell` provisioner with `sudo` copy it to where the user may read it")
                    }
                    _ => problem,
                }
            }
        }
    }
}

pub(super) fn while_carried(path: &str, how: &str) -> String {
    format!("while `{path}` was {how}")
}

/// Without a capital at the start and without a full stop.
fn lower(text: &str) -> String {
    let mut chars = text.trim().trim_end_matches('.').chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// Reads up to the end of a line, which may not be long.
pub(super) async fn line(input: &mut (dyn AsyncRead + Unpin + Send)) -> Result<Option<String>, Failure> {
    const MOST: usize = 8 * 1024;
    let mut bytes = Vec::new();
    loop {
        match input.read_u8().await {
            Ok(b'\n') => return Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Ok(byte) if bytes.len() < MOST => bytes.push(byte),
            Ok(_) => return Err(Failure::There("it answers with a line without end".to_owned())),
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof && bytes.is_empty() => return Ok(None),
            Err(e) => return Err(Failure::there(&e)),
        }
    }
}
