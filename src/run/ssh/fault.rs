//! What can go wrong on the way to a shell, each phase by its own name, with what to do.
//!
//! Neighbours: `connect` and `auth` make these, and ask whether to try again.

use std::fmt;

use super::Target;
use crate::diagnostic::code;
use crate::run::problem::Problem;

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The name has no address.
    Name(String),
    /// The port refuses connections.
    Closed,
    /// Nothing answers at the port.
    Silent,
    /// There is no way to the host.
    Unreachable(String),
    /// The port takes connections and says nothing.
    NoBanner,
    /// The port says something that is not SSH.
    Stranger(String),
    /// The key exchange failed.
    Exchange(String),
    /// The host key is not the pinned one.
    HostKey { pinned: String, shown: String },
    /// The server takes no key of ours.
    KeyRefused { user: String, methods: String },
    /// The server takes no password of ours.
    PasswordRefused { user: String, methods: String },
    /// There is nothing to show that the server would take.
    NothingToShow { user: String, methods: String },
    /// The connection ended before a shell was there.
    Lost(String),
}

impl Fault {
    /// Whether another attempt may end otherwise.
    pub(super) fn passes(&self) -> bool {
        !matches!(self, Fault::HostKey { .. })
    }

    /// Whether it counts as a failed handshake: the server was there and did not let us in.
    pub(super) fn counts(&self) -> bool {
        matches!(self, Fault::KeyRefused { .. } | Fault::PasswordRefused { .. } | Fault::NothingToShow { .. })
    }

    /// As an error of the build; `waited` says how long or how often it was tried.
    pub(super) fn problem(&self, target: &Target, waited: &str) -> Problem {
        let code = match self {
            Fault::HostKey { .. } => code::RUN_SSH_HOST_KEY,
            Fault::KeyRefused { .. } | Fault::PasswordRefused { .. } | Fault::NothingToShow { .. } => {
                code::RUN_SSH_AUTH
            }
            _ => code::RUN_SSH_CONNECT,
        };
        let waited = if waited.is_empty() { String::new() } else { format!(" ({waited})") };
        Problem::failed(code, format!("no SSH connection to `{target}`: {self}{waited}")).help(self.help())
    }

    fn help(&self) -> &'static str {
        match self {
            Fault::Name(_) => "check `ssh_host`, or choose another address with `ssh_interface`",
            Fault::Closed => {
                "the machine is up, but no SSH server listens there: check `ssh_port`, and that the image starts its server"
            }
            Fault::Silent => {
                "check that the security group admits the address from which bakec connects, that the subnet has a route to \
                 it, and that `ssh_interface` names an address that can be reached from here"
            }
            Fault::Unreachable(_) => "check the route from here to the machine, and `ssh_interface`",
            Fault::NoBanner => {
                "something holds the port open without speaking: a machine that is still starting, a proxy, or a server that \
                 has too many connections"
            }
            Fault::Stranger(_) => "check `ssh_port`: another service listens there",
            Fault::Exchange(_) => "the server's algorithms are too old or too few; update the image's SSH server",
            Fault::HostKey { .. } => {
                "a build trusts the host key under which it was let in first; if the image makes new host keys at a restart, let \
                 it do so before that. Otherwise somebody may stand between"
            }
            Fault::KeyRefused { .. } => {
                "check that `ssh_username` is the image's own user (`ubuntu`, `ec2-user`, `admin`, …), that the image takes \
                 keys from EC2 (cloud-init), and, for an own key, that `ssh_keypair_name` belongs to it"
            }
            Fault::PasswordRefused { .. } => {
                "check `ssh_username` and `ssh_password`, and that the server allows passwords (`PasswordAuthentication`)"
            }
            Fault::NothingToShow { methods, .. } if methods.contains("publickey") && !methods.contains("password") => {
                "the server takes keys alone: give `ssh_private_key_file`, or leave `ssh_password` out, and a temporary key \
                 pair is made"
            }
            Fault::NothingToShow { .. } => "give `ssh_private_key_file` or `ssh_password`",
            Fault::Lost(_) => "the machine may be restarting; give it more time with `ssh_timeout`",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Name(why) => write!(f, "the name has no address: {why}"),
            Fault::Closed => f.write_str("the port is closed"),
            Fault::Silent => f.write_str("nothing answers at the port"),
            Fault::Unreachable(why) => write!(f, "the host cannot be reached: {why}"),
            Fault::NoBanner => f.write_str("the port is open, but no SSH server names itself"),
            Fault::Stranger(said) => write!(f, "what answers is no SSH server; it said `{said}`"),
            Fault::Exchange(why) => write!(f, "the key exchange failed: {why}"),
            Fault::HostKey { pinned, shown } => write!(f, "the host key has changed from `{pinned}` to `{shown}`"),
            Fault::KeyRefused { user, methods } => {
                write!(f, "the server refused our key for the user `{user}`{}", takes(methods))
            }
            Fault::PasswordRefused { user, methods } => {
                write!(f, "the server refused the password of the user `{user}`{}", takes(methods))
            }
            Fault::NothingToShow { user, methods } => {
                write!(
                    f,
                    "there is no key or password for the user `{user}` that the server would take{}",
                    takes(methods)
                )
            }
            Fault::Lost(why) => write!(f, "the connection was lost during the handshake: {why}"),
        }
    }
}

fn takes(methods: &str) -> String {
    if methods.is_empty() { String::new() } else { format!("; it takes {methods}") }
}
