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
    /// The proxy does not connect, this time.
    Proxy { at: Target, why: String },
    /// The proxy does not connect us.
    ProxyRefused { at: Target, why: String },
    /// The server before does not get to this one.
    NoWay { from: Target },
    /// The server before lets nobody through.
    Forbidden { from: Target },
    /// The agent cannot be asked.
    Agent(String),
    /// The server asks what nobody is there to answer.
    NobodyToAsk { prompt: String },
}

impl Fault {
    /// Whether another attempt may end otherwise.
    pub(super) fn passes(&self) -> bool {
        use Fault::{Agent, Forbidden, HostKey, NobodyToAsk, ProxyRefused};
        !matches!(self, HostKey { .. } | ProxyRefused { .. } | Forbidden { .. } | Agent(_) | NobodyToAsk { .. })
    }

    /// Whether it counts as a failed handshake: the server was there and did not let us in.
    pub(super) fn counts(&self) -> bool {
        matches!(self, Fault::KeyRefused { .. } | Fault::PasswordRefused { .. } | Fault::NothingToShow { .. })
    }

    /// As an error of the build; `waited` says how long or how often it was tried, `bastion` whether the target only stands before the
    /// machine.
    pub(super) fn problem(&self, target: &Target, bastion: bool, waited: &str) -> Problem {
        let code = match self {
            Fault::HostKey { .. } => code::RUN_SSH_HOST_KEY,
            Fault::KeyRefused { .. }
            | Fault::PasswordRefused { .. }
            | Fault::NothingToShow { .. }
            | Fault::Agent(_)
            | Fault::NobodyToAsk { .. } => code::RUN_SSH_AUTH,
            _ => code::RUN_SSH_CONNECT,
        };
        let waited = if waited.is_empty() { String::new() } else { format!(" ({waited})") };
        let (message, help) = match bastion {
            true => (format!("no SSH connection to the bastion `{target}`: {self}{waited}"), self.help_before()),
            false => (format!("no SSH connection to `{target}`: {self}{waited}"), self.help()),
        };
        Problem::failed(code, message).help(help)
    }

    /// What to do where it is a bastion that is not reached.
    fn help_before(&self) -> &'static str {
        match self {
            Fault::Name(_) | Fault::Closed | Fault::Silent | Fault::Unreachable(_) | Fault::Stranger(_) => {
                "check `ssh_bastion_host` and `ssh_bastion_port`, and that it can be reached from here"
            }
            Fault::HostKey { .. } => {
                "a build trusts the host key under which it was let in first; several servers behind one name must have one \
                 key. Otherwise somebody may stand between"
            }
            Fault::KeyRefused { .. } | Fault::PasswordRefused { .. } | Fault::NothingToShow { .. } => {
                "check `ssh_bastion_username`, and `ssh_bastion_private_key_file`, `ssh_bastion_password` or \
                 `ssh_bastion_agent_auth`"
            }
            other => other.help(),
        }
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
            Fault::Proxy { .. } => {
                "check `ssh_proxy_host` and `ssh_proxy_port`, and that the proxy gets to the machine"
            }
            Fault::ProxyRefused { .. } => {
                "check `ssh_proxy_username` and `ssh_proxy_password`, and the proxy's rules; one that speaks HTTP is written \
                 `ssh_proxy_host = \"http://…\"`"
            }
            Fault::NoWay { .. } => {
                "check that its security group admits the bastion, and that `ssh_interface` names an address that the bastion \
                 can reach, such as `private_ip`"
            }
            Fault::Forbidden { .. } => {
                "the bastion's server must allow it: `AllowTcpForwarding yes`, and no narrower `PermitOpen`"
            }
            Fault::Agent(_) => "start one by `eval $(ssh-agent)`, and give it a key by `ssh-add`",
            Fault::NobodyToAsk { .. } => "run bakec on a terminal, or give `ssh_bastion_password`",
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
            Fault::Proxy { at, why } | Fault::ProxyRefused { at, why } => {
                write!(f, "the proxy `{at}` does not connect: {why}")
            }
            Fault::NoWay { from } => write!(f, "the bastion `{from}` does not get to it"),
            Fault::Forbidden { from } => write!(f, "the bastion `{from}` lets nobody through"),
            Fault::Agent(why) => write!(f, "the SSH agent cannot be asked: {why}"),
            Fault::NobodyToAsk { prompt } => write!(f, "the server asks `{prompt}`, and there is no terminal"),
        }
    }
}

fn takes(methods: &str) -> String {
    if methods.is_empty() { String::new() } else { format!("; it takes {methods}") }
}
