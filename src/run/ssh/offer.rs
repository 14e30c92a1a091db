//! What a connection offers: algorithms, new ones first and old ones last, or those that the user names.
//!
//! Neighbours: `connect` makes a configuration of it for each server, `client` tells which of them are old.

use std::borrow::Cow;
use std::time::Duration;

use russh::client::{Config, GexParams};
use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::{Names, Preferred, SshId, cipher, compression, kex, mac};

use super::pin::HostKeyPin;
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
];
/// Known, and offered to those only who name them.
const OTHER_KEX: &[kex::Name] = &[kex::DH_G15_SHA512, kex::DH_G17_SHA512];
const OLD_KEX: &[kex::Name] = &[kex::DH_G14_SHA1, kex::DH_GEX_SHA1, kex::DH_G1_SHA1];
/// Not exchanges, but words that stand among them.
const WORDS: &[kex::Name] = &[kex::EXTENSION_SUPPORT_AS_CLIENT, kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT];

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
/// Known, and offered to those only who name them.
const OTHER_CIPHERS: &[cipher::Name] = &[cipher::AES_256_CBC, cipher::AES_192_CBC, cipher::AES_128_CBC];
/// Ciphers with a proof of their own use no other.
const PROVEN: &[cipher::Name] = &[cipher::CHACHA20_POLY1305, cipher::AES_256_GCM, cipher::AES_128_GCM];

const MACS: &[mac::Name] = &[
    mac::HMAC_SHA512_ETM,
    mac::HMAC_SHA256_ETM,
    mac::HMAC_SHA512,
    mac::HMAC_SHA256,
    mac::HMAC_SHA1_ETM,
    mac::HMAC_SHA1,
];
const OLD_MACS: &[mac::Name] = &[mac::HMAC_SHA1_ETM, mac::HMAC_SHA1];

/// The ciphers that `ssh_ciphers` may name.
pub fn ciphers() -> Vec<&'static str> {
    CIPHERS.iter().chain(OTHER_CIPHERS).map(AsRef::as_ref).collect()
}

/// The key exchanges that `ssh_key_exchange_algorithms` may name.
pub fn key_exchanges() -> Vec<&'static str> {
    KEX.iter().chain(OTHER_KEX).map(AsRef::as_ref).collect()
}

/// The old ones among those that a server and we have agreed on.
pub(super) fn old(names: &Names) -> Vec<String> {
    let mut old: Vec<String> = Vec::new();
    if OLD_KEX.contains(&names.kex) {
        old.push(names.kex.as_ref().to_owned());
    }
    if names.key == (Algorithm::Rsa { hash: None }) {
        old.push("ssh-rsa".to_owned());
    }
    if OTHER_CIPHERS.contains(&names.cipher) {
        old.push(names.cipher.as_ref().to_owned());
    }
    let shown = !PROVEN.contains(&names.cipher);
    if shown && (OLD_MACS.contains(&names.client_mac) || OLD_MACS.contains(&names.server_mac)) {
        old.push("hmac-sha1".to_owned());
    }
    old
}

/// What is offered: the pinned key's algorithm first, so that a server with several keys shows the same one again. What the user says
/// of algorithms and silence is said of the machine, not of what stands before it.
pub(super) fn config(ssh: &Ssh, pin: &HostKeyPin, machine: bool) -> Config {
    let mut keys = KEYS.to_vec();
    if let Some(pinned) = pin.key() {
        let kind = pinned.algorithm();
        let rsa = |k: &Algorithm| matches!(k, Algorithm::Rsa { .. });
        keys.sort_by_key(|k| if rsa(&kind) { !rsa(k) } else { *k != kind });
    }
    let some = |time: Duration| (!time.is_zero()).then_some(time);
    let keep_alive = some(ssh.keep_alive);
    let signs = keep_alive.map_or(0, |every| (PATIENCE.as_millis() / every.as_millis().max(1)).max(3));
    let own = |names: &[String]| if machine { names.to_vec() } else { Vec::new() };
    let named: Vec<kex::Name> = own(&ssh.key_exchanges).iter().filter_map(|n| n.as_str().try_into().ok()).collect();
    let kex = if named.is_empty() { KEX.to_vec() } else { named };
    let named: Vec<cipher::Name> = own(&ssh.ciphers).iter().filter_map(|n| n.as_str().try_into().ok()).collect();
    let ciphers = if named.is_empty() { CIPHERS.to_vec() } else { named };
    Config {
        client_id: SshId::Standard(Cow::Borrowed(concat!("SSH-2.0-bakec_", env!("CARGO_PKG_VERSION")))),
        preferred: Preferred {
            kex: Cow::Owned(kex.into_iter().chain(WORDS.iter().copied()).collect()),
            key: Cow::Owned(keys),
            host_key_certificates: Cow::Borrowed(&[]),
            cipher: Cow::Owned(ciphers),
            mac: Cow::Borrowed(MACS),
            compression: Cow::Borrowed(&[compression::NONE]),
        },
        inactivity_timeout: some(ssh.read_write_timeout).filter(|_| machine),
        keepalive_interval: keep_alive,
        keepalive_max: usize::try_from(signs).unwrap_or(usize::MAX),
        gex: GexParams::new(2048, 4096, 8192).unwrap_or_default(),
        nodelay: true,
        ..Config::default()
    }
}
