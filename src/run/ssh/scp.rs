//! Files by the old `scp` protocol, for servers without SFTP. It must not know what they are for. Neighbours: `carry` and `tree`.

use russh::client::Msg;
use russh::{Channel, ChannelStream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::carry::{Failure, Source, line};
use super::quote;

const BUFFER: usize = 128 * 1024;

/// What a server sends of a folder.
pub(super) enum Record {
    /// A file of so many bytes; they follow.
    File { name: String, mode: u32, size: u64 },
    /// A folder; what follows is in it.
    Open { name: String },
    /// The folder's end.
    Close,
}

async fn start(channel: Channel<Msg>, command: String) -> Result<ChannelStream<Msg>, Failure> {
    channel.exec(false, command).await.map_err(|e| Failure::there(&e))?;
    Ok(channel.into_stream())
}

/// Writes a file.
pub(super) async fn put(channel: Channel<Msg>, source: &mut Source<'_>, path: &str, mode: u32) -> Result<(), Failure> {
    let mut stream = start(channel, format!("scp -t {}", quote(path))).await?;
    let there = |e: std::io::Error| Failure::there(&e);
    accepted(&mut stream).await?;
    let name = path.rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or("file").replace('\n', "_");
    let header = format!("C{:04o} {} {name}\n", mode & 0o7777, source.size());
    stream.write_all(header.as_bytes()).await.map_err(there)?;
    stream.flush().await.map_err(there)?;
    accepted(&mut stream).await?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let bytes = source.next(&mut buffer).await?;
        if bytes.is_empty() {
            break;
        }
        stream.write_all(bytes).await.map_err(there)?;
    }
    stream.write_all(&[0]).await.map_err(there)?;
    stream.flush().await.map_err(there)?;
    accepted(&mut stream).await?;
    // The server has said that it took all.
    let _ = stream.shutdown().await;
    Ok(())
}

/// Reads a file.
pub(super) async fn get(
    channel: Channel<Msg>,
    path: &str,
    to: &mut (dyn AsyncWrite + Unpin + Send),
) -> Result<u64, Failure> {
    let mut reader = Reader::start(channel, &format!("scp -f {}", quote(path))).await?;
    match reader.next().await? {
        Some(Record::File { size, .. }) => {
            reader.copy(size, to).await?;
            Ok(size)
        }
        _ => Err(Failure::There("it is no file".to_owned())),
    }
}

/// The end of a transfer that reads.
pub(super) struct Reader(ChannelStream<Msg>);

impl Reader {
    pub(super) async fn start(channel: Channel<Msg>, command: &str) -> Result<Reader, Failure> {
        Ok(Reader(start(channel, command.to_owned()).await?))
    }

    /// The next record; nothing at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Record>, Failure> {
        self.0.write_all(&[0]).await.map_err(|e| Failure::there(&e))?;
        self.0.flush().await.map_err(|e| Failure::there(&e))?;
        let Some(text) = line(&mut self.0).await? else { return Ok(None) };
        if text == "E" {
            return Ok(Some(Record::Close));
        }
        if let Some(why) = text.strip_prefix(['\u{1}', '\u{2}']) {
            return Err(Failure::There(said(why)));
        }
        record(&text).map(Some).ok_or_else(|| Failure::There(format!("its `scp` says `{}`", text.escape_default())))
    }

    /// The bytes of the file whose record came last.
    pub(super) async fn copy(&mut self, size: u64, to: &mut (dyn AsyncWrite + Unpin + Send)) -> Result<(), Failure> {
        self.0.write_all(&[0]).await.map_err(|e| Failure::there(&e))?;
        self.0.flush().await.map_err(|e| Failure::there(&e))?;
        let mut buffer = vec![0; BUFFER];
        let mut left = size;
        while left > 0 {
            let room = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let count = self.0.read(&mut buffer[..room]).await.map_err(|e| Failure::there(&e))?;
            if count == 0 {
                return Err(Failure::There("it ended within the file".to_owned()));
            }
            to.write_all(&buffer[..count]).await.map_err(|e| Failure::Here(e.to_string()))?;
            left -= count as u64;
        }
        to.flush().await.map_err(|e| Failure::Here(e.to_string()))?;
        accepted(&mut self.0).await
    }
}

fn record(text: &str) -> Option<Record> {
    let kind = text.chars().next()?;
    let mut fields = text[kind.len_utf8()..].splitn(3, ' ');
    let mode = u32::from_str_radix(fields.next()?, 8).ok()? & 0o7777;
    let size = fields.next()?.parse().ok()?;
    let name = fields.next()?.to_owned();
    match kind {
        'C' => Some(Record::File { name, mode, size }),
        'D' => Some(Record::Open { name }),
        _ => None,
    }
}

/// Waits for the other side's word that it goes on.
async fn accepted(stream: &mut (dyn AsyncRead + Unpin + Send)) -> Result<(), Failure> {
    match stream.read_u8().await {
        Ok(0) => Ok(()),
        Ok(1 | 2) => Err(Failure::There(said(&line(stream).await?.unwrap_or_default()))),
        Ok(_) => Err(Failure::There("its `scp` answers what is no `scp`".to_owned())),
        Err(_) => Err(Failure::There("its SSH server has no SFTP, and no `scp` runs there".to_owned())),
    }
}

/// What went wrong, without the names before it.
fn said(text: &str) -> String {
    text.trim().rsplit(": ").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_far_as_they_are_sound() {
        assert!(matches!(record("C0644 12 a b"), Some(Record::File { name, mode: 0o644, size: 12 }) if name == "a b"));
        assert!(matches!(record("D0755 0 dir"), Some(Record::Open { name }) if name == "dir"));
        for bad in ["", "C", "C0644", "C0644 x y", "X0644 1 a", "C9999 1 a", "é"] {
            assert!(record(bad).is_none(), "{bad}");
        }
    }
}
