//! The host key that a build trusts: the first one seen, and from then on no other.
//!
//! It must not know connections. Neighbours: `client` asks it at every handshake; whoever has the console's output compares.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use md5::{Digest, Md5};
use russh::keys::{HashAlg, PublicKey};

/// The pin. Clones share it.
#[derive(Clone, Default)]
pub struct HostKeyPin(Arc<Mutex<Pinned>>);

#[derive(Default)]
struct Pinned {
    key: Option<PublicKey>,
    /// Whether somebody was let in under it: then it does not change any more.
    proven: bool,
    /// Those of the servers before it.
    before: Vec<HostKeyPin>,
}

/// What becomes of a key that a server shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Admitted {
    /// It is the pinned one, or the first.
    Yes,
    /// It takes the place of one, whose fingerprint this is, under which nobody was let in yet.
    Instead(String),
    /// It is another than the pinned one.
    No,
}

/// A host key as a console shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Its type, where that is said: `ED25519`.
    pub kind: Option<String>,
}

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
    /// It shows keys of the type, and this is none of them.
    Other,
    /// It shows none of the type, or nothing is pinned yet.
    Unknown,
}

impl HostKeyPin {
    /// A pin that holds a key already under which somebody was let in, one line of OpenSSH's.
    pub fn of(line: &str) -> Option<HostKeyPin> {
        let key = PublicKey::from_openssh(line.trim()).ok()?;
        Some(HostKeyPin(Arc::new(Mutex::new(Pinned { key: Some(key), proven: true, before: Vec::new() }))))
    }

    /// The pin of a server on the way, the nearest being the first.
    pub fn before(&self, index: usize) -> HostKeyPin {
        let before = &mut self.pinned().before;
        while before.len() <= index {
            before.push(HostKeyPin::default());
        }
        before[index].clone()
    }

    /// The pin, with those of the servers before it as lines of OpenSSH's.
    pub fn with_before<'l>(self, lines: impl IntoIterator<Item = &'l str>) -> HostKeyPin {
        self.pinned().before = lines.into_iter().map(|line| HostKeyPin::of(line).unwrap_or_default()).collect();
        self
    }

    /// The keys of the servers before it, as lines of OpenSSH's.
    pub fn lines_before(&self) -> Vec<String> {
        self.pinned().before.iter().map(|pin| pin.line().unwrap_or_default()).collect()
    }

    fn pinned(&self) -> MutexGuard<'_, Pinned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the key is the pinned one; the first one is pinned. Machines make new host keys as they start: until somebody was
    /// let in, a newer one takes its place.
    pub(super) fn admits(&self, key: &PublicKey) -> Admitted {
        let mut pinned = self.pinned();
        let same = pinned.key.as_ref().is_none_or(|known| known.key_data() == key.key_data());
        if !same && pinned.proven {
            return Admitted::No;
        }
        let before = pinned.key.replace(key.clone()).filter(|_| !same);
        before.map_or(Admitted::Yes, |key| Admitted::Instead(key.fingerprint(HashAlg::Sha256).to_string()))
    }

    /// Somebody was let in: from now on no other key is admitted.
    pub(super) fn prove(&self) {
        self.pinned().proven = true;
    }

    /// The pinned key.
    pub(super) fn key(&self) -> Option<PublicKey> {
        self.pinned().key.clone()
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
    pub fn compare(&self, shown: &[Shown]) -> Compared {
        let Some(key) = self.key() else { return Compared::Unknown };
        let sha = bare(&key.fingerprint(HashAlg::Sha256).to_string());
        let md5 = key.to_bytes().map(|blob| colons(&Md5::digest(blob))).unwrap_or_default();
        let same = shown.iter().any(|s| match &s.fingerprint {
            Fingerprint::Sha256(text) => *text == sha,
            Fingerprint::Md5(text) => *text == md5,
        });
        // Consoles may leave out keys of some types.
        let kind = kind(&key);
        match shown.iter().any(|s| s.kind.as_ref().is_none_or(|k| *k == kind)) {
            _ if same => Compared::Same,
            true => Compared::Other,
            false => Compared::Unknown,
        }
    }
}

/// The type of a key as OpenSSH writes it behind fingerprints.
fn kind(key: &PublicKey) -> String {
    let name = key.algorithm().to_string();
    let name = name.trim_start_matches("ssh-").trim_start_matches("sk-");
    name.split(['-', '@']).next().unwrap_or_default().to_ascii_uppercase()
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
pub fn fingerprints(console: &str) -> Vec<Shown> {
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

fn words(line: &str) -> Option<Shown> {
    // `256 SHA256:… root@host (ED25519)`
    let last = line.split_whitespace().last().unwrap_or_default();
    let named = last.strip_prefix('(').and_then(|l| l.strip_suffix(')')).map(str::to_ascii_uppercase);
    let mut words = line.split_whitespace().peekable();
    while let Some(word) = words.next() {
        if let Some(sha) = word.strip_prefix("SHA256:") {
            return Some(Shown { fingerprint: Fingerprint::Sha256(bare(sha)), kind: named });
        }
        let md5 = word.strip_prefix("MD5:").unwrap_or(word).to_ascii_lowercase();
        if is_md5(&md5) {
            return Some(Shown { fingerprint: Fingerprint::Md5(md5), kind: named });
        }
        if word.starts_with("ssh-") || word.starts_with("ecdsa-sha2-") {
            let key = PublicKey::from_openssh(&format!("{word} {}", words.peek()?)).ok()?;
            let fingerprint = Fingerprint::Sha256(bare(&key.fingerprint(HashAlg::Sha256).to_string()));
            return Some(Shown { fingerprint, kind: Some(kind(&key)) });
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
        assert_eq!(pin.compare(&[Shown { fingerprint: Fingerprint::Md5("x".into()), kind: None }]), Compared::Unknown);
        // Until somebody was let in, a machine may make new keys.
        assert_eq!(pin.admits(&other), Admitted::Yes);
        assert_eq!(clone.admits(&key), Admitted::Instead(HostKeyPin::of(OTHER).unwrap().fingerprint().unwrap()));
        assert_eq!(pin.admits(&key), Admitted::Yes);
        clone.prove();
        assert_eq!(pin.admits(&key), Admitted::Yes);
        assert_eq!(clone.admits(&other), Admitted::No);
        assert_eq!(clone.line().as_deref(), Some(KEY));
        assert_eq!(HostKeyPin::of(KEY).unwrap().admits(&other), Admitted::No);
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
        let named = |kind: &str| format!("256 SHA256:AAAAxm root@ip ({kind})");
        assert_eq!(pin.compare(&fingerprints(&frame(&named("ED25519")))), Compared::Other);
        assert_eq!(pin.compare(&fingerprints(&frame("256 SHA256:AAAAxm root@ip"))), Compared::Other);
        // Not all types are shown everywhere.
        assert_eq!(pin.compare(&fingerprints(&frame(&named("RSA")))), Compared::Unknown);
        assert_eq!(pin.compare(&fingerprints("no marks at all")), Compared::Unknown);
        assert_eq!(fingerprints(&frame("ssh-ed25519")), []);
    }
}
