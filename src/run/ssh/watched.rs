//! A stream that remembers what its other side said first: whether a server speaks at all, and whether it speaks SSH.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::road::Stream;

/// As much as an identification line may be long.
const KEPT: usize = 255;

/// What was heard first.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    fn add(&self, bytes: &[u8]) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT.saturating_sub(heard.len());
        heard.extend_from_slice(&bytes[..room.min(bytes.len())]);
    }

    /// The line by which an SSH server names itself, or else the first line; nothing where nothing was said.
    pub(super) fn line(&self) -> Option<String> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.is_empty() {
            return None;
        }
        let text = String::from_utf8_lossy(&heard);
        let mut lines = text.lines().map(|l| l.chars().filter(|c| !c.is_control()).collect::<String>());
        let first = lines.next().unwrap_or_default();
        if first.starts_with("SSH-") {
            return Some(first);
        }
        Some(lines.find(|l| l.starts_with("SSH-")).unwrap_or(first))
    }
}

/// The stream.
pub(super) struct Watched {
    stream: Box<dyn Stream>,
    heard: Heard,
}

impl Watched {
    pub(super) fn new(stream: Box<dyn Stream>, heard: Heard) -> Self {
        Watched { stream, heard }
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Poll::Ready(Ok(())) = polled {
            self.heard.add(&buf.filled()[before..]);
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
