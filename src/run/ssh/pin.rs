//! The host key that a build trusts: the first one seen, and from then on no other.
//!
//! It must not know connections. Neighbours: `client` asks it at every handshake; whoever has the console's output compares.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use md5::{Digest, Md5};
use russh::keys::{HashAlg, PublicKey};

/// The pin. Clones share it.
#[derive(Clone, Default)]
pub struct HostKeyPin(Arc<Mutex<Option<PublicKey>>>);

/// A fingerprint as OpenSSH prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fingerprint {
    /// `SHA256:…`, without padding.
    Sha256(String),
    /// `MD5:…`, or without a prefix from old servers: sixteen pairs of digits.
    Md5(String),
}

/// What the console's output says about the pinned key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// It shows this key.
    Same,
    /// It shows keys, and this is none of them.
    Other,
    /// It shows none, or nothing is pinned yet.
    Unknown,
}

impl HostKeyPin {
    /// A pin that holds a key already, one line of OpenSSH's.
    pub fn of(line: &str) -> Option<HostKeyPin> {
        let key = PublicKey::from_openssh(line.trim()).ok()?;
        Some(HostKeyPin(Arc::new(Mutex::new(Some(key)))))
    }

    /// Whether the key is the pinned one; the first one is pinned.
    pub(super) fn admits(&self, key: &PublicKey) -> bool {
        let mut pinned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*pinned {
            Some(known) => known.key_data() == key.key_data(),
            None => {
                *pinned = Some(key.clone());
                true
            }
        }
    }

    /// The pinned key.
    pub(super) fn key(&self) -> Option<PublicKey> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The pinned key as one line of OpenSSH's, to be kept with a build's record.
    pub fn line(&self) -> Option<String> {
        let mut key = self.key()?;
        key.set_comment("");
        key.to_openssh().ok()
    }

    /// The fingerprint as people know it: `SHA256:…`.
    pub fn fingerprint(&self) -> Option<String> {
        self.key().map(|key| key.fingerprint(HashAlg::Sha256).to_string())
    }

    /// The pinned key beside those that a machine's console shows.
    pub fn compare(&self, shown: &[Fingerprint]) -> Compared {
        let Some(key) = self.key() else { return Compared::Unknown };
        if shown.is_empty() {
            return Compared::Unknown;
        }
        let sha = bare(&key.fingerprint(HashAlg::Sha256).to_string());
        let md5 = key.to_bytes().map(|blob| colons(&Md5::digest(blob))).unwrap_or_default();
        let same = shown.iter().any(|f| match f {
            Fingerprint::Sha256(text) => *text == sha,
            Fingerprint::Md5(text) => *text == md5,
        });
        if same { Compared::Same } else { Compared::Other }
    }
}

impl fmt::Debug for HostKeyPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fingerprint().unwrap_or_else(|| "no host key yet".to_owned()))
    }
}

fn bare(sha256: &str) -> String {
    sha256.trim_start_matches("SHA256:").trim_end_matches('=').to_owned()
}

/// The host keys that a machine's console shows: those between the marks that cloud-init sets, as fingerprints and as whole keys.
pub fn fingerprints(console: &str) -> Vec<Fingerprint> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in console.lines() {
        if line.contains("BEGIN SSH HOST KEY") {
            inside = true;
        } else if line.contains("END SSH HOST KEY") {
            inside = false;
        } else if inside {
            found.extend(words(line));
        }
    }
    found
}

fn words(line: &str) -> Option<Fingerprint> {
    let mut words = line.split_whitespace().peekable();
    while let Some(word) = words.next() {
        if let Some(sha) = word.strip_prefix("SHA256:") {
            return Some(Fingerprint::Sha256(bare(sha)));
        }
        let md5 = word.strip_prefix("MD5:").unwrap_or(word).to_ascii_lowercase();
        if is_md5(&md5) {
            return Some(Fingerprint::Md5(md5));
        }
        if word.starts_with("ssh-") || word.starts_with("ecdsa-sha2-") {
            let key = PublicKey::from_openssh(&format!("{word} {}", words.peek()?)).ok()?;
            return Some(Fingerprint::Sha256(bare(&key.fingerprint(HashAlg::Sha256).to_string())));
        }
    }
    None
}

fn is_md5(word: &str) -> bool {
    let mut pairs = 0;
    word.split(':').all(|pair| {
        pairs += 1;
        pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit())
    }) && pairs == 16
}

/// Bytes as pairs of hexadecimal digits between colons.
fn colons(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6rWI3G1sz07DnfFlrouTcysQlj2P+jpNSOEWD9OJ3X";

    #[test]
    fn the_first_key_is_pinned_for_all_clones() {
        let pin = HostKeyPin::default();
        let clone = pin.clone();
        let (key, other) = (PublicKey::from_openssh(KEY).unwrap(), PublicKey::from_openssh(OTHER).unwrap());
        assert_eq!(pin.compare(&[Fingerprint::Md5("x".into())]), Compared::Unknown);
        assert!(pin.admits(&key) && clone.admits(&key));
        assert!(!clone.admits(&other));
        assert_eq!(clone.line().as_deref(), Some(KEY));
        assert!(!HostKeyPin::of(KEY).unwrap().admits(&other));
    }

    #[test]
    fn consoles_of_old_and_new_machines_are_read() {
        let pin = HostKeyPin::of(KEY).unwrap();
        let sha = pin.fingerprint().unwrap();
        let md5 = colons(&Md5::digest(PublicKey::from_openssh(KEY).unwrap().to_bytes().unwrap()));
        let frame = |line: &str| {
            format!(
                "[ 1.0] ci-info: SHA256:outside\nec2: -----BEGIN SSH HOST KEY FINGERPRINTS-----\r\n{line}\r\n\
                 ec2: -----END SSH HOST KEY FINGERPRINTS-----\n"
            )
        };
        for line in [
            format!("ec2: 256 {sha} root@ip-10-0-0-1 (ED25519)"),
            format!("ec2: 256 {md5} /etc/ssh/ssh_host_ed25519_key.pub (ED25519)"),
            format!("ec2: 256 MD5:{md5} root@ip (ED25519)"),
            format!("<14>Nov 21 12:00:00 cloud-init: {KEY} root@ip"),
        ] {
            assert_eq!(pin.compare(&fingerprints(&frame(&line))), Compared::Same, "{line}");
        }
        let other = format!("{OTHER} root@ip");
        assert_eq!(pin.compare(&fingerprints(&frame(&other))), Compared::Other);
        assert_eq!(pin.compare(&fingerprints("no marks at all")), Compared::Unknown);
        assert_eq!(fingerprints(&frame("ssh-ed25519")), []);
    }
}
