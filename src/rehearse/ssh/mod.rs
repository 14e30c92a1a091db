//! The SSH server: one listener for all instances.
//!
//! An instance is found by the key that is offered: it belongs to a key pair, and of the instances with that key pair the newest
//! one that lives is meant. Commands are not run: `shell` answers those that move files about, `script` checks the syntax of
//! what was uploaded. A connection is reset when its instance stops, reboots or ends. `bastion` is another way to the listener.

mod bastion;
mod exec;
mod scp;
mod script;
mod session;
mod sftp;
mod shell;
#[cfg(test)]
mod tests;
mod words;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::{Algorithm, HashAlg, PrivateKey};
use russh::server::Config;
use russh::{MethodKind, MethodSet};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

use super::shared::Shared;
use super::world::HostKey;
use super::world::files::{Files, Kind};
use super::world::instance::State;
use session::Session;

pub(crate) use bastion::bastion;

/// The instance of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) region: &'static str,
    pub(crate) instance: String,
    pub(crate) user: String,
    pub(crate) files: Files,
    /// How often it had been cut when the connection was made.
    pub(crate) cuts: u32,
}

/// The listener's key, made anew for each server, and what consoles show of it.
pub(crate) fn host_key() -> io::Result<(PrivateKey, HostKey)> {
    let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).map_err(io::Error::other)?;
    let public = key.public_key().to_openssh().map_err(io::Error::other)?.trim_end().to_string();
    let fingerprint = key.public_key().fingerprint(HashAlg::Sha256).to_string();
    Ok((key, HostKey { public, fingerprint, algorithm: "ED25519".to_string() }))
}

pub(crate) async fn listen(listener: TcpListener, key: PrivateKey, shared: Arc<Shared>) {
    let config = Arc::new(Config {
        methods: MethodSet::from(&[MethodKind::PublicKey][..]),
        auth_rejection_time: Duration::ZERO,
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![key],
        inactivity_timeout: None,
        nodelay: true,
        ..Config::default()
    });
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve(stream, config.clone(), shared.clone()));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// One connection. What SSH says goes through a pipe, so that the connection itself can be reset at any time.
async fn serve(mut stream: TcpStream, config: Arc<Config>, shared: Arc<Shared>) {
    // A wish only.
    let _ = stream.set_nodelay(true);
    let (mut near, far) = tokio::io::duplex(1 << 16);
    let reset = Arc::new(Notify::new());
    let (guest, guests) = watch::channel(None);
    let session = Session::new(shared.clone(), guest, reset.clone());
    let talk = async move {
        // However a session ends, its connection ends with it.
        if let Ok(running) = russh::server::run_stream(config, far, session).await {
            let _ = running.await;
        }
    };
    tokio::spawn(talk);
    tokio::select! {
        _ = copy_bidirectional(&mut stream, &mut near) => return,
        () = reset.notified() => {}
        () = gone(&shared, guests) => {}
    }
    let _ = stream.set_zero_linger();
}

/// Waits until the connection's instance is no longer the one that it was.
async fn gone(shared: &Shared, mut guests: watch::Receiver<Option<Guest>>) {
    let Ok(guest) = guests.wait_for(Option::is_some).await.map(|guest| guest.clone()) else {
        return std::future::pending().await;
    };
    let Some(guest) = guest else { return };
    let mut changes = shared.changes();
    while here(shared, &guest) {
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// A command that came by SSH.
#[derive(Clone, Debug)]
pub struct Command {
    /// The id of the instance.
    pub instance: String,
    /// The command as it came.
    pub line: String,
    /// The files that lay there when it came, by path.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Remembers a command, where that is asked for.
fn record(shared: &Shared, guest: &Guest, line: &str) {
    shared.record(|| {
        let tree = guest.files.tree();
        let files = tree.iter().filter_map(|(path, entry)| match &entry.kind {
            Kind::File(bytes) => Some((path.clone(), bytes.to_vec())),
            Kind::Folder => None,
        });
        Command { instance: guest.instance.clone(), line: line.to_owned(), files: files.collect() }
    });
}

/// What differs from start to start of an instance.
fn start_of(guest: &Guest) -> String {
    format!("{}-{}", guest.instance, guest.cuts)
}

/// Restarts an instance, as a command on it asks for.
fn restart(shared: &Shared, guest: &Guest) {
    let mut state = shared.state();
    state.world.advance();
    let up = state.world.now().after(state.world.rules.delays.boot);
    let region = state.world.region_mut(guest.region);
    if let Some(instance) = region.and_then(|region| region.instances.get_mut(&guest.instance))
        && instance.state == State::Running
    {
        instance.up = Some(up);
        instance.cuts += 1;
    }
    drop(state);
    shared.changed();
}

/// Whether an instance still runs as it did when the connection was made.
pub(crate) fn here(shared: &Shared, guest: &Guest) -> bool {
    let mut state = shared.state();
    state.world.advance();
    let instance = state.world.region(guest.region).and_then(|region| region.instances.get(&guest.instance));
    instance.is_some_and(|i| i.state == State::Running && i.cuts == guest.cuts)
}
