//! What can be heard of an SSH connection from without: the algorithms that a client offers, and how often it sends something.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, copy, duplex, split};
use tokio::net::TcpStream;

use super::host::Log;

/// The number of the message that lists algorithms.
const KEXINIT: u8 = 20;

/// The other end of a connection, which is listened to.
pub(super) fn tapped(stream: TcpStream, name: &'static str, log: Log, heard: Arc<AtomicUsize>) -> DuplexStream {
    let (near, far) = duplex(1 << 16);
    let (mut from_server, mut to_server) = split(near);
    let (mut from_client, mut to_client) = stream.into_split();
    tokio::spawn(async move {
        // Whoever has gone need not hear the end.
        let _ = copy(&mut from_server, &mut to_client).await;
        let _ = to_client.shutdown().await;
    });
    tokio::spawn(async move {
        let mut head = Some(Vec::new());
        let mut buffer = vec![0; 1 << 14];
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            heard.fetch_add(1, Ordering::Relaxed);
            if let Some(all) = &mut head {
                all.extend_from_slice(&buffer[..read]);
                if let Some([exchanges, ciphers]) = offered(all) {
                    log.see(name, format!("offered {exchanges}"));
                    log.see(name, format!("offered {ciphers}"));
                    head = None;
                }
            }
            if to_server.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
        let _ = to_server.shutdown().await;
    });
    far
}

/// The key exchanges and the ciphers of a client's first message, once it is there: it stands behind the line of its version.
fn offered(bytes: &[u8]) -> Option<[String; 2]> {
    let line = bytes.iter().position(|byte| *byte == b'\n')?;
    let packet = &bytes[line + 1..];
    let number = |at: usize| Some(u32::from_be_bytes(packet.get(at..at + 4)?.try_into().ok()?) as usize);
    let length = number(0)?;
    if packet.len() < length + 4 {
        return None;
    }
    assert_eq!(packet[5], KEXINIT, "the first message lists algorithms");
    // Behind its number comes a cookie of 16 bytes; the lists are those of exchanges, host keys, and the client's ciphers.
    let (mut at, mut lists) = (22, Vec::new());
    for _ in 0..3 {
        let length = number(at)?;
        lists.push(String::from_utf8_lossy(packet.get(at + 4..at + 4 + length)?).into_owned());
        at += 4 + length;
    }
    Some([lists.remove(0), lists.remove(1)])
}
