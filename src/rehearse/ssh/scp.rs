//! The protocol of scp, both directions, as `scp -t` and `scp -f` speak it on a server.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::shell::{ROOM, put};
use super::words::{Variables, parse};
use crate::rehearse::world::files::{Entry, Files, Kind, children, is_folder, path};

/// What a client asks of `scp`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Ask {
    /// To the server.
    upload: bool,
    recursive: bool,
    /// The target has to be a folder.
    folder: bool,
    path: String,
}

/// Reads `scp -rt PATH` and its like, `sudo` before it included; nothing where it is another command.
pub(super) fn asked(command: &str, user: &str) -> Option<Ask> {
    let pipelines = parse(command)?;
    let [pipeline] = &pipelines[..] else { return None };
    let [simple] = &pipeline.commands[..] else { return None };
    let words: Vec<String> = simple.words.iter().map(|word| word.text(&Variables::new())).collect();
    let at = words.iter().position(|word| word.rsplit('/').next() == Some("scp"))?;
    let before = words[..at].iter().all(|word| word == "sudo" || word.starts_with('-'));
    let (options, names): (Vec<&String>, Vec<&String>) = words[at + 1..].iter().partition(|word| word.starts_with('-'));
    let has = |letter: char| options.iter().any(|option| option.contains(letter));
    let name = names.first().filter(|_| before && (has('t') || has('f')))?;
    let slash = name.ends_with('/');
    Some(Ask { upload: has('t'), recursive: has('r'), folder: has('d') || slash, path: path(name, user) })
}

/// Speaks the protocol to its end; the exit status.
pub(super) async fn run(
    ask: &Ask,
    files: &Files,
    input: &mut (impl AsyncRead + Unpin),
    out: &mut (impl AsyncWrite + Unpin),
) -> u32 {
    let done = if ask.upload { sink(ask, files, input, out).await } else { source(ask, files, input, out).await };
    match done {
        Ok(fine) => u32::from(!fine),
        // The client has gone, or does not speak the protocol.
        Err(_) => 1,
    }
}

async fn refuse(out: &mut (impl AsyncWrite + Unpin), words: &str) -> std::io::Result<()> {
    out.write_all(format!("\x01scp: {words}\n").as_bytes()).await?;
    out.flush().await
}

async fn acknowledge(out: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
    out.write_all(&[0]).await?;
    out.flush().await
}

/// A line of the client's; nothing at the end.
async fn line(input: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let mut byte = [0];
        if input.read(&mut byte).await? == 0 {
            return Ok(None);
        }
        match byte[0] {
            b'\n' => return Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            _ if bytes.len() > 8192 => return Err(std::io::ErrorKind::InvalidData.into()),
            byte => bytes.push(byte),
        }
    }
}

async fn sink(
    ask: &Ask,
    files: &Files,
    input: &mut (impl AsyncRead + Unpin),
    out: &mut (impl AsyncWrite + Unpin),
) -> std::io::Result<bool> {
    acknowledge(out).await?;
    let mut fine = true;
    let mut folders: Vec<String> = Vec::new();
    while let Some(text) = line(input).await? {
        // A leading zero byte is the client's answer to nothing of ours.
        let text = text.trim_start_matches('\0');
        let (kind, rest) = text.split_at_checked(1).unwrap_or((text, ""));
        match kind {
            "T" => acknowledge(out).await?,
            "E" => {
                folders.pop();
                acknowledge(out).await?;
            }
            "C" | "D" => {
                let mut parts = rest.splitn(3, ' ');
                let mode = parts.next().and_then(|mode| u32::from_str_radix(mode, 8).ok());
                let size = parts.next().and_then(|size| size.parse::<usize>().ok());
                let (Some(mode), Some(size), Some(name)) = (mode, size, parts.next()) else {
                    refuse(out, "protocol error: a mode, a size and a name are wanted").await?;
                    return Ok(false);
                };
                if name.contains('/') || name == ".." {
                    refuse(out, &format!("unexpected filename: {name}")).await?;
                    return Ok(false);
                }
                let target = match folders.last() {
                    Some(folder) => format!("{folder}/{name}"),
                    None if ask.folder || is_folder(&files.tree(), &ask.path) => {
                        format!("{}/{name}", ask.path.trim_end_matches('/'))
                    }
                    None => ask.path.clone(),
                };
                if kind == "D" {
                    if !ask.recursive {
                        refuse(out, &format!("{target}: not a regular file")).await?;
                        return Ok(false);
                    }
                    files.tree().entry(target.clone()).or_insert(Entry { mode, kind: Kind::Folder });
                    folders.push(target);
                    acknowledge(out).await?;
                    continue;
                }
                if size > ROOM {
                    refuse(out, &format!("{target}: No space left on device")).await?;
                    return Ok(false);
                }
                acknowledge(out).await?;
                let mut bytes = Vec::new();
                let got = (&mut *input).take(size as u64).read_to_end(&mut bytes).await?;
                let mut end = [0];
                input.read_exact(&mut end).await?;
                if got != size || end[0] != 0 {
                    return Ok(false);
                }
                let kept = put(&mut files.tree(), &target, bytes, mode);
                if kept {
                    acknowledge(out).await?;
                } else {
                    fine = false;
                    refuse(out, &format!("{target}: it cannot be written")).await?;
                }
            }
            // What the client itself has to complain about.
            "\x01" => fine = false,
            _ => {
                refuse(out, "protocol error").await?;
                return Ok(false);
            }
        }
    }
    Ok(fine)
}

/// What a folder is sent as.
enum Sent {
    File { mode: u32, name: String, bytes: Arc<Vec<u8>> },
    Folder { mode: u32, name: String },
    End,
}

fn walk(files: &Files, path: &str, sent: &mut Vec<Sent>) {
    let name = path.rsplit('/').next().unwrap_or_default().to_string();
    let (entry, below) = {
        let tree = files.tree();
        let names = children(&tree, path).into_iter().map(|(name, _)| format!("{path}/{name}")).collect::<Vec<_>>();
        (tree.get(path).cloned(), names)
    };
    match entry {
        Some(Entry { kind: Kind::File(bytes), mode }) => sent.push(Sent::File { mode, name, bytes }),
        folder => {
            sent.push(Sent::Folder { mode: folder.map_or(0o755, |folder| folder.mode), name });
            below.iter().for_each(|path| walk(files, path, sent));
            sent.push(Sent::End);
        }
    }
}

async fn source(
    ask: &Ask,
    files: &Files,
    input: &mut (impl AsyncRead + Unpin),
    out: &mut (impl AsyncWrite + Unpin),
) -> std::io::Result<bool> {
    if !acknowledged(input).await? {
        return Ok(false);
    }
    let (there, folder) = {
        let tree = files.tree();
        (tree.contains_key(&ask.path), is_folder(&tree, &ask.path))
    };
    if !there && !folder {
        refuse(out, &format!("{}: No such file or directory", ask.path)).await?;
        return Ok(false);
    }
    if folder && !ask.recursive {
        refuse(out, &format!("{}: not a regular file", ask.path)).await?;
        return Ok(false);
    }
    let mut sent = Vec::new();
    walk(files, &ask.path, &mut sent);
    for one in sent {
        match one {
            Sent::File { mode, name, bytes } => {
                out.write_all(format!("C{:04o} {} {name}\n", mode & 0o7777, bytes.len()).as_bytes()).await?;
                out.flush().await?;
                if !acknowledged(input).await? {
                    return Ok(false);
                }
                out.write_all(&bytes).await?;
                acknowledge(out).await?;
            }
            Sent::Folder { mode, name } => {
                out.write_all(format!("D{:04o} 0 {name}\n", mode & 0o7777).as_bytes()).await?;
                out.flush().await?;
            }
            Sent::End => {
                out.write_all(b"E\n").await?;
                out.flush().await?;
            }
        }
        if !acknowledged(input).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the client says that it goes on.
async fn acknowledged(input: &mut (impl AsyncRead + Unpin)) -> std::io::Result<bool> {
    let mut byte = [0];
    Ok(input.read(&mut byte).await? == 1 && byte[0] == 0)
}
