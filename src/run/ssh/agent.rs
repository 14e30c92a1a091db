//! The SSH agent of whoever runs bakec: its keys, shown to a server, and itself, lent to a machine where that was asked for.
//!
//! It must not know attempts. Neighbours: `auth` shows its keys, `client` lends it.

use std::io;
use std::path::{Path, PathBuf};

use russh::client::{ChannelOpenHandle, Msg};
use russh::keys::agent::client::AgentClient;
use russh::{Channel, ChannelOpenFailure};
use tokio::io::{AsyncWriteExt, copy_bidirectional};

use super::road::Stream;

/// The agent, spoken to.
pub(super) type Agent = AgentClient<Box<dyn Stream>>;

/// A connection to it.
async fn open(socket: &Path) -> io::Result<Box<dyn Stream>> {
    #[cfg(unix)]
    {
        Ok(Box::new(tokio::net::UnixStream::connect(socket).await?))
    }
    #[cfg(windows)]
    {
        Ok(Box::new(tokio::net::windows::named_pipe::ClientOptions::new().open(socket)?))
    }
}

pub(super) async fn connect(socket: &Path) -> io::Result<Agent> {
    Ok(AgentClient::connect(open(socket).await?))
}

/// Carries what a machine asks the agent.
pub(super) async fn lend(socket: PathBuf, channel: Channel<Msg>, reply: ChannelOpenHandle) {
    let Ok(mut agent) = open(&socket).await else {
        return reply.reject(ChannelOpenFailure::ConnectFailed).await;
    };
    reply.accept().await;
    let mut there = channel.into_stream();
    // Whichever side ends first, nothing is owed to the other.
    let _ = copy_bidirectional(&mut there, &mut agent).await;
    let _ = there.shutdown().await;
}
