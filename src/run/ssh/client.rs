//! What a connection accepts: the host key; of what a server opens only that which was asked for, tunnels and the agent.
//!
//! It must not know retries nor commands. Neighbours: `connect` makes it, `pin` judges host keys, `tunnel` and `agent` take what is
//! opened.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use russh::client::{ChannelOpenHandle, DisconnectReason, Handler, Msg, Session};
use russh::keys::{HashAlg, PublicKeyOrCertificate};
use russh::{Channel, ChannelOpenFailure, Names};
use tokio::sync::watch;

use super::pin::{Admitted, HostKeyPin};
use super::tunnel::Remote;
use super::{agent, offer, tunnel};

/// What a connection has come to know, for those who hold its other end.
#[derive(Clone, Default)]
pub(super) struct Known {
    facts: Arc<Mutex<Facts>>,
    /// That nothing more will be known.
    over: Arc<watch::Sender<bool>>,
}

#[derive(Default)]
struct Facts {
    /// The fingerprint of a host key that is not the pinned one.
    changed: Option<String>,
    /// The fingerprint of a pinned host key whose place another has taken.
    replaced: Option<String>,
    /// Old algorithms in use.
    old: Vec<String>,
    /// Why the connection ended.
    end: Option<String>,
    /// Whether it ended since the server takes no further proof of the user.
    refused: bool,
}

impl Known {
    fn with<T>(&self, f: impl FnOnce(&mut Facts) -> T) -> T {
        f(&mut self.facts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn changed(&self) -> Option<String> {
        self.with(|f| f.changed.clone())
    }

    pub(super) fn replaced(&self) -> Option<String> {
        self.with(|f| f.replaced.clone())
    }

    pub(super) fn old(&self) -> Vec<String> {
        self.with(|f| f.old.clone())
    }

    /// Whether a connection that is closed ended since the server takes no further proof of the user. Why it ended is known a moment
    /// after it is closed.
    pub(super) async fn is_refused(&self) -> bool {
        // Its sender is here.
        let _ = self.over.subscribe().wait_for(|over| *over).await;
        self.with(|f| f.refused)
    }

    pub(super) fn end(&self) -> Option<String> {
        self.with(|f| f.end.clone())
    }
}

/// This side of a connection.
pub(super) struct Client {
    pub(super) pin: HostKeyPin,
    pub(super) known: Known,
    /// The tunnels that lead here from the machine.
    pub(super) remote: Remote,
    /// The agent that is offered to the machine.
    pub(super) agent: Option<PathBuf>,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.known.over.send_replace(true);
    }
}

impl Handler for Client {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        // Certificates are not asked for.
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else { return Ok(false) };
        match self.pin.admits(key) {
            Admitted::Yes => Ok(true),
            Admitted::Instead(before) => {
                self.known.with(|f| f.replaced = Some(before));
                Ok(true)
            }
            Admitted::No => {
                self.known.with(|f| f.changed = Some(key.fingerprint(HashAlg::Sha256).to_string()));
                Ok(false)
            }
        }
    }

    async fn kex_done(&mut self, _: Option<&[u8]>, names: &Names, _: &mut Session) -> Result<(), russh::Error> {
        let old = offer::old(names);
        self.known.with(|f| f.old = old);
        Ok(())
    }

    async fn disconnected(&mut self, reason: DisconnectReason<russh::Error>) -> Result<(), russh::Error> {
        let why = match &reason {
            DisconnectReason::ReceivedDisconnect(said) => {
                let said = said.message.trim();
                if said.is_empty() { "the server ended it".to_owned() } else { format!("the server said: {said}") }
            }
            DisconnectReason::Error(russh::Error::KeepaliveTimeout) => "the server gave no sign of life".to_owned(),
            DisconnectReason::Error(russh::Error::InactivityTimeout) => {
                "nothing came for as long as `ssh_read_write_timeout` allows".to_owned()
            }
            DisconnectReason::Error(russh::Error::Disconnect | russh::Error::HUP) => "the server closed it".to_owned(),
            DisconnectReason::Error(e) => e.to_string(),
        };
        let refused = matches!(reason, DisconnectReason::Error(russh::Error::NoAuthMethod));
        self.known.with(|f| (f.end, f.refused) = (Some(why), refused));
        match reason {
            DisconnectReason::ReceivedDisconnect(_) => Ok(()),
            DisconnectReason::Error(e) => Err(e),
        }
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        match &self.agent {
            Some(socket) => {
                tokio::spawn(agent::lend(socket.clone(), channel, reply));
            }
            None => reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await,
        }
        Ok(())
    }

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        channel: Channel<Msg>,
        _: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        match self.remote.at(port) {
            Some(tunnel) => {
                tokio::spawn(tunnel::arrive(tunnel, channel, reply));
            }
            None => reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await,
        }
        Ok(())
    }

    // Nothing else that a server opens is taken.

    async fn server_channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
        Ok(())
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
        Ok(())
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
        Ok(())
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
        Ok(())
    }

    async fn server_channel_open_x11(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
        Ok(())
    }
}
