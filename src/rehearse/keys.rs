//! Keys as EC2 makes and reads them: formats and fingerprints.
//!
//! Neighbours: `actions::keys` for key pairs, `ssh` for the listener's own key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use russh::keys::ssh_key::private::{KeypairData, RsaKeypair};
use russh::keys::ssh_key::public::KeyData;
use russh::keys::ssh_key::{LineEnding, PublicKey};
use russh::keys::{Algorithm, HashAlg, PrivateKey};
use sha1::Sha1;
use sha2::Digest;

/// A key pair that was made here.
pub(crate) struct Made {
    /// In PEM.
    pub(crate) private: String,
    /// `ssh-rsa AAAA…`
    pub(crate) public: String,
    pub(crate) fingerprint: String,
}

/// Makes a key: `rsa` with 2048 bits, as PKCS#1, or `ed25519`, as OpenSSH writes it.
pub(crate) fn make(kind: &str) -> Option<Made> {
    let mut rng = rand::rng();
    if kind == "ed25519" {
        let key = PrivateKey::random(&mut rng, Algorithm::Ed25519).ok()?;
        let private = key.to_openssh(LineEnding::LF).ok()?.to_string();
        let (public, fingerprint, _) = describe(key.public_key())?;
        return Some(Made { private, public, fingerprint });
    }
    let pair = RsaKeypair::random(&mut rng, 2048).ok()?;
    let key = PrivateKey::new(KeypairData::Rsa(pair), "").ok()?;
    let mut pem = Vec::new();
    russh::keys::encode_pkcs8_pem(&key, &mut pem).ok()?;
    let pem = String::from_utf8(pem).ok()?;
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let pkcs8 = STANDARD.decode(body).ok()?;
    let pkcs1 = inner(&pkcs8)?;
    let mut private = "-----BEGIN RSA PRIVATE KEY-----\n".to_string();
    let text = STANDARD.encode(pkcs1);
    for line in text.as_bytes().chunks(64) {
        private.push_str(&String::from_utf8_lossy(line));
        private.push('\n');
    }
    private.push_str("-----END RSA PRIVATE KEY-----");
    let (public, _, _) = describe(key.public_key())?;
    // EC2's fingerprint of a key that it made is that of the private half.
    Some(Made { private, public, fingerprint: colons(&Sha1::digest(&pkcs8)) })
}

/// The key inside PKCS#8: a sequence of a number, the algorithm, and the octets of the key.
fn inner(pkcs8: &[u8]) -> Option<&[u8]> {
    let (0x30, sequence, _) = der(pkcs8)? else { return None };
    let (0x02, _, rest) = der(sequence)? else { return None };
    let (0x30, _, rest) = der(rest)? else { return None };
    match der(rest)? {
        (0x04, octets, _) => Some(octets),
        _ => None,
    }
}

/// Tag, content and rest of what DER bytes begin with.
fn der(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (length, rest) = if short < 0x80 {
        (usize::from(short), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(short & 0x7f).min(4))?;
        (digits.iter().fold(0, |number, digit| number << 8 | usize::from(*digit)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// Reads a public key as OpenSSH writes it: the key without its comment, EC2's fingerprint, and its kind.
pub(crate) fn read(text: &str) -> Option<(String, String, &'static str)> {
    describe(&PublicKey::from_openssh(text.trim()).ok()?)
}

fn describe(key: &PublicKey) -> Option<(String, String, &'static str)> {
    let mut plain = key.clone();
    plain.set_comment("");
    let public = plain.to_openssh().ok()?.trim_end().to_string();
    match key.key_data() {
        KeyData::Ed25519(_) => {
            let bytes = STANDARD.encode(key.fingerprint(HashAlg::Sha256).as_bytes());
            Some((public, bytes, "ed25519"))
        }
        KeyData::Rsa(rsa) => {
            let number = |bytes: &[u8]| tagged(0x02, bytes);
            let numbers = [number(rsa.n().as_bytes()), number(rsa.e().as_bytes())].concat();
            let mut bits = vec![0];
            bits.extend(tagged(0x30, &numbers));
            // rsaEncryption, with no parameters.
            let algorithm = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
            let info = tagged(0x30, &[algorithm.to_vec(), tagged(0x03, &bits)].concat());
            Some((public, colons(&Md5::digest(&info)), "rsa"))
        }
        _ => None,
    }
}

/// DER bytes of a tag and its content.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match content.len() {
        length @ 0..=0x7f => bytes.push(length as u8),
        length => {
            let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect();
            bytes.push(0x80 | digits.len() as u8);
            bytes.extend(digits);
        }
    }
    bytes.extend(content);
    bytes
}

fn colons(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(":")
}
