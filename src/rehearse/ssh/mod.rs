//! The SSH server.

use std::io;
use std::sync::Arc;

use russh::keys::{Algorithm, HashAlg, PrivateKey};
use tokio::net::TcpListener;

use super::shared::Shared;
use super::world::HostKey;

/// The listener's key, made anew for each server, and what consoles show of it.
pub(crate) fn host_key() -> io::Result<(PrivateKey, HostKey)> {
    let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).map_err(io::Error::other)?;
    let public = key.public_key().to_openssh().map_err(io::Error::other)?.trim_end().to_string();
    let fingerprint = key.public_key().fingerprint(HashAlg::Sha256).to_string();
    Ok((key, HostKey { public, fingerprint, algorithm: "ED25519".to_string() }))
}

pub(crate) async fn listen(listener: TcpListener, _key: PrivateKey, _shared: Arc<Shared>) {
    loop {
        let _ = listener.accept().await;
    }
}
