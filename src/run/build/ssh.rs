//! The connection of a build: how its machine is reached, by whom, and what goes along with it.
//!
//! It must not know how one connects. Neighbours: `input::communicator` makes it, `ssh` connects by it.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::run::secret::Secret;

/// The connection to the machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ssh {
    /// The host; the machine's own address where none is named.
    pub host: Option<String>,
    /// The port.
    pub port: u16,
    /// The user.
    pub username: String,
    /// The password, where there is one.
    #[serde(skip)]
    pub password: Option<Secret>,
    /// The file of the certificate that belongs to the key.
    pub certificate: Option<PathBuf>,
    /// Whether keys of the agent are shown.
    pub agent_auth: bool,
    /// Whether the agent is offered to the machine.
    pub forward_agent: bool,
    /// The socket of the agent here, where there is one.
    pub agent: Option<PathBuf>,
    /// How long the machine may take to answer; without end where it is zero.
    pub timeout: Duration,
    /// How often a handshake may fail; without end where it is 0.
    pub handshake_attempts: u32,
    /// How long one command may take to say something; without end where it is zero.
    pub read_write_timeout: Duration,
    /// Between two signs of life; none where it is zero.
    pub keep_alive: Duration,
    /// The ciphers that may be used; all good ones where none is named.
    pub ciphers: Vec<String>,
    /// The key exchanges that may be used; all where none is named.
    pub key_exchanges: Vec<String>,
    /// Whether commands get a terminal.
    pub pty: bool,
    /// `public_ip`, `private_ip`, `public_dns`, `private_dns`, `ipv6`; unset: what there is.
    pub interface: Option<String>,
    /// How long to wait between the machine's first answer and the first provisioner.
    pub pause: Duration,
    /// Whether files go by SCP where there is SFTP too.
    pub scp: bool,
    /// The bastions before it, the nearest first.
    pub bastions: Vec<Bastion>,
    /// The proxy before it.
    pub proxy: Option<Proxy>,
    /// Ports here that lead to the machine's side.
    pub local_tunnels: Vec<Tunnel>,
    /// Ports of the machine that lead here.
    pub remote_tunnels: Vec<Tunnel>,
    /// Whether the temporary key is taken out of the machine's `authorized_keys` at the end.
    pub clear_keys: bool,
}

/// A server through which one goes to the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bastion {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The user.
    pub username: String,
    /// The password, where there is one.
    #[serde(skip)]
    pub password: Option<Secret>,
    /// The file of the private key.
    pub key_file: Option<PathBuf>,
    /// The file of the certificate that belongs to it.
    pub certificate: Option<PathBuf>,
    /// Whether keys of the agent are shown.
    pub agent_auth: bool,
    /// Whether its questions are put to the user.
    pub interactive: bool,
}

/// A proxy through which the connection goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Proxy {
    /// Whether it speaks HTTP (`CONNECT`); SOCKS 5 else.
    pub http: bool,
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The user, where it wants one.
    pub username: Option<String>,
    /// The user's password.
    #[serde(skip)]
    pub password: Option<Secret>,
}

/// A port on one side that leads to a place on the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tunnel {
    /// The port that is listened on, on the loopback; any where it is 0.
    pub port: u16,
    /// The host that it leads to.
    pub host: String,
    /// And the port there.
    pub to: u16,
}
