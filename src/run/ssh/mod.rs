//! The connection to a machine: a shell that runs commands and carries files, over one host key for the whole build.
//!
//! It must not know provisioners, plans' templates or AWS. In reading order: `connect` finds the way, server by server, over `road`,
//! `offer`, `client`, `pin`, `login`, `auth` with `agent` and `prompt`, and `fault`; `tunnel` lets others go along; `shell` runs
//! commands; `carry` and `tree` bring files there and back, by `sftp` or by `scp`; `forget` takes a key away.

mod agent;
mod auth;
mod carry;
mod client;
mod connect;
mod fault;
mod forget;
mod line;
mod lines;
mod login;
mod offer;
mod pin;
mod prompt;
mod quote;
mod road;
mod scp;
mod sftp;
mod shell;
mod tree;
mod tunnel;
mod watched;

use std::fmt;

pub use carry::{Carried, Check};
pub use connect::connect;
pub use lines::LONGEST;
pub(in crate::run) use lines::Lines;
pub use login::wrong_files;
pub use offer::{ciphers, key_exchanges};
pub use pin::{Compared, Fingerprint, HostKeyPin, Shown, fingerprints};
pub use quote::quote;
pub use shell::{Exit, Input, Pipe, Shell};
pub use tree::Tree;
pub(crate) use tree::permissions;
pub use tunnel::Door;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
