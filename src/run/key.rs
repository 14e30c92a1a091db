//! Key pairs: made for one build and kept in a file before anyone hears of them, or read from a user's own file.
//!
//! It must not know AWS's client nor connections. Neighbours: `ssh` shows the private half, `step` imports the public one.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::certificate::CertType;
use russh::keys::ssh_key::private::{KeypairData, RsaKeypair};
use russh::keys::{Algorithm, Certificate, PrivateKey, decode_secret_key};

use super::problem::Problem;
use super::secret::Secret;
use crate::diagnostic::code;

/// What an RSA key has where nothing is said.
const RSA_BITS: u32 = 3072;
/// Fewer are not safe, and EC2 takes no more.
const RSA_RANGE: std::ops::RangeInclusive<u32> = 2048..=4096;

/// Makes a key pair: `ed25519`, or `rsa` of so many bits.
pub fn make(kind: &str, bits: Option<u32>) -> Result<PrivateKey, Problem> {
    let mut rng = russh::keys::key::safe_rng();
    let made = match kind {
        "ed25519" => PrivateKey::random(&mut rng, Algorithm::Ed25519),
        "rsa" => {
            let bits = bits.unwrap_or(RSA_BITS);
            if !RSA_RANGE.contains(&bits) {
                return Err(Problem::refused(code::RUN_KEY, format!("an RSA key of `{bits}` bits cannot be imported"))
                    .help("use 2048 to 4096 bits, or the type `ed25519`"));
            }
            RsaKeypair::random(&mut rng, usize::try_from(bits).unwrap_or(usize::MAX))
                .and_then(|pair| PrivateKey::new(KeypairData::from(pair), ""))
        }
        other => {
            return Err(Problem::refused(code::RUN_KEY, format!("EC2 knows no key pairs of the type `{other}`"))
                .help("use `ed25519`, or `rsa` for Windows and for images older than OpenSSH 6.5"));
        }
    };
    made.map_err(|e| Problem::failed(code::RUN_KEY, format!("the key pair could not be made: {e}")))
}

/// Writes the private half to a new file that only its owner may read, and has the disk keep it. Only then may anybody hear of
/// the public half.
pub fn write(key: &PrivateKey, path: &Path) -> Result<(), Problem> {
    let fail = |e: &dyn std::fmt::Display| {
        Problem::failed(code::RUN_KEY, format!("the private key cannot be written to `{}`: {e}", path.display()))
    };
    let text = key.to_openssh(LineEnding::LF).map_err(|e| fail(&e))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|e| fail(&e))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|e| fail(&e))?;
    // The name must outlive a crash too.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        fs::File::open(folder).and_then(|f| f.sync_all()).map_err(|e| fail(&e))?;
    }
    Ok(())
}

/// The private half as text, so that a gate can hide it.
pub fn secret(key: &PrivateKey) -> Option<Secret> {
    key.to_openssh(LineEnding::LF).ok().map(|text| Secret::new(text.as_str()))
}

/// Reads a private key: OpenSSH's format, PEM (PKCS#1), PKCS#8 or PuTTY's. One that has a passphrase is refused.
pub fn read(path: &Path) -> Result<Arc<PrivateKey>, Problem> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|e| match e.kind() {
        ErrorKind::NotFound => Problem::refused(code::RUN_KEY_FILE, format!("there is no private key at `{shown}`"))
            .help("paths are relative to the folder in which bakec was started"),
        ErrorKind::InvalidData => Problem::refused(code::RUN_KEY_FILE, format!("`{shown}` is no private key"))
            .help("it holds bytes that are no text; OpenSSH's format, PEM and PKCS#8 are read"),
        _ => Problem::refused(code::RUN_KEY_FILE, format!("the private key `{shown}` cannot be read: {e}")),
    })?;
    parse(&text).map(Arc::new).map_err(|why| {
        let problem = |message: String| Problem::refused(code::RUN_KEY_FILE, message);
        match why {
            Unreadable::Locked => problem(format!("the private key `{shown}` has a passphrase"))
                .help("bakec asks nobody for it: let `ssh-add` load it into the agent and write `ssh_agent_auth = true`, or name a key without one"),
            Unreadable::Public => problem(format!("`{shown}` is a public key")).help("name the file without `.pub`"),
            Unreadable::Other(why) => problem(format!("`{shown}` is no private key that can be read: {why}")).help(
                "OpenSSH's format, PEM and PKCS#8 are read; `ssh-keygen -p -f FILE` writes a key anew in OpenSSH's",
            ),
        }
    })
}

/// Reads the certificate that a user's key was given: one line of OpenSSH's, of that key, for a user, and good now.
pub fn certificate(path: &Path, key: &PrivateKey) -> Result<Certificate, Problem> {
    let shown = path.display();
    let problem = |message: String| Problem::refused(code::RUN_KEY_FILE, message);
    let text =
        fs::read_to_string(path).map_err(|e| problem(format!("the certificate `{shown}` cannot be read: {e}")))?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let certificate = Certificate::from_openssh(line).map_err(|_| {
        problem(format!("`{shown}` is no certificate of OpenSSH's"))
            .help("`ssh-keygen -s CA -I NAME -n USER KEY.pub` writes one beside the key, as `KEY-cert.pub`")
    })?;
    if certificate.public_key() != key.public_key().key_data() {
        return Err(problem(format!("the certificate `{shown}` is of another key"))
            .help("sign the public half of the key that is named beside it"));
    }
    if certificate.cert_type() != CertType::User {
        return Err(problem(format!("the certificate `{shown}` is for a host, not for a user"))
            .help("sign the key without `-h`"));
    }
    let now = Timestamp::now().as_second().unsigned_abs();
    if now < certificate.valid_after() || now >= certificate.valid_before() {
        let when = if now < certificate.valid_after() { "is not valid yet" } else { "has expired" };
        return Err(problem(format!("the certificate `{shown}` {when}"))
            .help("`ssh-keygen -L -f FILE` shows for when it is; sign the key anew"));
    }
    Ok(certificate)
}

enum Unreadable {
    Locked,
    Public,
    Other(String),
}

fn parse(text: &str) -> Result<PrivateKey, Unreadable> {
    use russh::keys::Error;

    // Lines that editors of other systems end otherwise, and white space around.
    let text = text.replace("\r\n", "\n").lines().map(str::trim).collect::<Vec<_>>().join("\n");
    if text.starts_with("ssh-") || text.starts_with("ecdsa-") {
        return Err(Unreadable::Public);
    }
    let locked = text.contains("ENCRYPTED");
    decode_secret_key(&text, None).map_err(|e| match e {
        Error::KeyIsEncrypted => Unreadable::Locked,
        _ if locked => Unreadable::Locked,
        other => Unreadable::Other(other.to_string()),
    })
}

/// The public half as one line of `authorized_keys`, which is what EC2 imports.
pub fn public_line(key: &PrivateKey, comment: &str) -> Result<String, Problem> {
    let mut public = key.public_key().clone();
    public.set_comment(comment);
    public.to_openssh().map_err(|e| Problem::failed(code::RUN_KEY, format!("the public key cannot be written: {e}")))
}
