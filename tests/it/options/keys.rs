//! Files that rows name: keys with their certificates, and others; and an SSH agent that holds a key of its own.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use russh::keys::agent::client::AgentClient;
use russh::keys::agent::server::serve;
use russh::keys::key::safe_rng;
use russh::keys::ssh_key::{LineEnding, certificate};
use russh::keys::{Algorithm, PrivateKey, PublicKey};
use tokio::net::UnixListener;

/// The files, by their paths.
pub(super) struct Keys {
    _folder: tempfile::TempDir,
    pub(super) one: String,
    pub(super) two: String,
    /// Certificates of the first key.
    pub(super) first_certificate: String,
    pub(super) second_certificate: String,
    /// Texts that are no keys.
    pub(super) first_text: String,
    pub(super) second_text: String,
    own: Vec<(&'static str, PublicKey)>,
    agents: PrivateKey,
}

fn new() -> PrivateKey {
    PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).expect("a key")
}

fn certificate(key: &PrivateKey, by: &PrivateKey, name: &str) -> String {
    // From the beginning to no end.
    let mut builder =
        certificate::Builder::new(vec![7; 16], key.public_key(), 0, u64::MAX >> 1).expect("a certificate");
    builder.key_id(name).and_then(|builder| builder.all_principals_valid()).expect("a certificate");
    builder.sign(by).and_then(|certificate| certificate.to_openssh()).expect("a certificate")
}

pub(super) fn keys() -> &'static Keys {
    static KEYS: LazyLock<Keys> = LazyLock::new(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a file");
            #[cfg(unix)]
            {
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                std::fs::set_permissions(&path, mode).expect("its mode");
            }
            path.to_string_lossy().into_owned()
        };
        let (one, two, by, agents) = (new(), new(), new(), new());
        let public = |key: &PrivateKey| key.public_key().clone();
        let private = |key: &PrivateKey| key.to_openssh(LineEnding::LF).expect("a key").to_string();
        let own = vec![("key one", public(&one)), ("key two", public(&two)), ("the agent's key", public(&agents))];
        Keys {
            one: write("one", &private(&one)),
            two: write("two", &private(&two)),
            first_certificate: write("first-cert.pub", &certificate(&one, &by, "first")),
            second_certificate: write("second-cert.pub", &certificate(&one, &by, "second")),
            first_text: write("first", "the first"),
            second_text: write("second", "the second"),
            own,
            agents,
            _folder: folder,
        }
    });
    &KEYS
}

/// What a key is called.
pub(super) fn named(key: &PublicKey) -> &'static str {
    let own = keys().own.iter().find(|(_, own)| own.key_data() == key.key_data());
    own.map_or("another key", |(name, _)| name)
}

/// Starts an agent: its socket.
pub(super) async fn agent(folder: &Path) -> PathBuf {
    let socket = folder.join("agent");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let arriving = futures_util::stream::unfold(listener, |listener| async move {
        let stream = listener.accept().await.map(|(stream, _)| stream);
        Some((stream, listener))
    });
    tokio::spawn(serve(Box::pin(arriving), ()));
    let mut client = AgentClient::connect_uds(&socket).await.expect("an agent");
    client.add_identity(&keys().agents, &[]).await.expect("it takes a key");
    socket
}
