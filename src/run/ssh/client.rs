//! What a connection offers and accepts: algorithms, new ones first and old ones last; the host key; nothing that a server opens.
//!
//! It must not know retries nor commands. Neighbours: `connect` makes it, `pin` judges host keys.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::client::{ChannelOpenHandle, Config, DisconnectReason, GexParams, Handler, Msg, Session};
use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PublicKeyOrCertificate};
use russh::{Channel, ChannelOpenFailure, Names, Preferred, SshId, cipher, compression, kex, mac};

use super::pin::{Admitted, HostKeyPin};
use crate::run::build::Ssh;

/// So long a server may be silent between signs of life before it counts as gone.
const PATIENCE: Duration = Duration::from_secs(60);

const KEX: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::ECDH_SHA2_NISTP521,
    kex::DH_G16_SHA512,
    kex::DH_G18_SHA512,
    kex::DH_GEX_SHA256,
    kex::DH_G14_SHA256,
    kex::DH_G14_SHA1,
    kex::DH_GEX_SHA1,
    kex::DH_G1_SHA1,
    kex::EXTENSION_SUPPORT_AS_CLIENT,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
];
const OLD_KEX: &[kex::Name] = &[kex::DH_G14_SHA1, kex::DH_GEX_SHA1, kex::DH_G1_SHA1];

const KEYS: &[Algorithm] = &[
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
    Algorithm::Rsa { hash: None },
];

const CIPHERS: &[cipher::Name] = &[
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_GCM,
    cipher::AES_128_GCM,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];

const MACS: &[mac::Name] = &[
    mac::HMAC_SHA512_ETM,
    mac::HMAC_SHA256_ETM,
    mac::HMAC_SHA512,
    mac::HMAC_SHA256,
    mac::HMAC_SHA1_ETM,
    mac::HMAC_SHA1,
];
const OLD_MACS: &[mac::Name] = &[mac::HMAC_SHA1_ETM, mac::HMAC_SHA1];

/// What a connection has come to know, for those who hold its other end.
#[derive(Clone, Default)]
pub(super) struct Known(Arc<Mutex<Facts>>);

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
}

impl Known {
    fn with<T>(&self, f: impl FnOnce(&mut Facts) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
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

    pub(super) fn end(&self) -> Option<String> {
        self.with(|f| f.end.clone())
    }
}

/// This side of a connection.
pub(super) struct Client {
    pub(super) pin: HostKeyPin,
    pub(super) known: Known,
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
        let mut old: Vec<String> = Vec::new();
        if OLD_KEX.contains(&names.kex) {
            old.push(names.kex.as_ref().to_owned());
        }
        if names.key == (Algorithm::Rsa { hash: None }) {
            old.push("ssh-rsa".to_owned());
        }
        // Ciphers with a proof of their own use no other.
        let counts = [cipher::AES_256_CTR, cipher::AES_192_CTR, cipher::AES_128_CTR].contains(&names.cipher);
        if counts && (OLD_MACS.contains(&names.client_mac) || OLD_MACS.contains(&names.server_mac)) {
            old.push("hmac-sha1".to_owned());
        }
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
        self.known.with(|f| f.end = Some(why));
        match reason {
            DisconnectReason::ReceivedDisconnect(_) => Ok(()),
            DisconnectReason::Error(e) => Err(e),
        }
    }

    // Nothing that a server opens is taken: no agent is forwarded, no port, no display.

    async fn server_channel_open_agent_forward(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
        Ok(())
    }

    async fn server_channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
        Ok(())
    }

    async fn server_channel_open_forwarded_tcpip(
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

/// What is offered: the pinned key's algorithm first, so that a server with several keys shows the same one again.
pub(super) fn config(ssh: &Ssh, pin: &HostKeyPin) -> Config {
    let mut keys = KEYS.to_vec();
    if let Some(pinned) = pin.key() {
        let kind = pinned.algorithm();
        let rsa = |k: &Algorithm| matches!(k, Algorithm::Rsa { .. });
        keys.sort_by_key(|k| if rsa(&kind) { !rsa(k) } else { *k != kind });
    }
    let some = |time: Duration| (!time.is_zero()).then_some(time);
    let keep_alive = some(ssh.keep_alive);
    let signs = keep_alive.map_or(0, |every| (PATIENCE.as_millis() / every.as_millis().max(1)).max(3));
    Config {
        client_id: SshId::Standard(Cow::Borrowed(concat!("SSH-2.0-bakec_", env!("CARGO_PKG_VERSION")))),
        preferred: Preferred {
            kex: Cow::Borrowed(KEX),
            key: Cow::Owned(keys),
            host_key_certificates: Cow::Borrowed(&[]),
            cipher: Cow::Borrowed(CIPHERS),
            mac: Cow::Borrowed(MACS),
            compression: Cow::Borrowed(&[compression::NONE]),
        },
        inactivity_timeout: some(ssh.read_write_timeout),
        keepalive_interval: keep_alive,
        keepalive_max: usize::try_from(signs).unwrap_or(usize::MAX),
        gex: GexParams::new(2048, 4096, 8192).unwrap_or_default(),
        nodelay: true,
        ..Config::default()
    }
}
