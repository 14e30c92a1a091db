//! `amazon-ebs`: from loose options to what the line of an EBS build walks with.
//!
//! Neighbours: each file takes a group of options; `communicator` and `block` take what other builders have too.

mod access;
mod fast_launch;
mod image;
mod launch;
mod market;
mod network;
pub(super) mod rules;
mod source;

use std::path::PathBuf;

use self::access::access;
use self::image::image;
use self::launch::launch;
use self::network::network;
use self::source::from;
use super::options::Take;
use super::{Inputs, communicator};
use crate::packer::document;
use crate::run::build::{Builder, Ebs, Key, Ssh};
use crate::run::secret::Gate;

pub(super) fn take(take: &mut Take<'_>, source: &document::Build, inputs: &Inputs, gate: &Gate) -> Option<Builder> {
    let access = access(take, gate);
    let wanted = from(take);
    let (mut ssh, key_file) = communicator::take(take, inputs.packer_defaults);
    let interface = interface(take);
    let ipv6 = interface.as_deref() == Some("ipv6");
    if let Some(ssh) = &mut ssh {
        ssh.interface = interface;
    }
    let key = key(take, ssh.as_ref(), key_file, inputs);
    let network = network(take, inputs, ipv6);
    let image = image(take, inputs, &access.region);
    let launch = launch(take, ipv6);
    let origins = source.options.iter().filter_map(|(name, _)| Some((name.clone(), source.place(name)?.into())));
    Some(Builder::Ebs(Box::new(Ebs {
        access,
        source: wanted,
        launch,
        network,
        key,
        ssh,
        image,
        origins: origins.collect(),
    })))
}

/// The address that the connection uses.
fn interface(take: &mut Take<'_>) -> Option<String> {
    let interface = take.text("ssh_interface")?;
    match interface.as_str() {
        "session_manager" => {
            take.unexecuted("ssh_interface");
            None
        }
        "public_ip" | "private_ip" | "public_dns" | "private_dns" | "ipv6" => Some(interface),
        other => {
            let message = format!("there is no interface `{other}`");
            take.wrong(
                "ssh_interface",
                message,
                Some("the interfaces are `public_ip`, `private_ip`, `public_dns`, `private_dns` and `ipv6`"),
            );
            None
        }
    }
}

/// The key pair.
fn key(take: &mut Take<'_>, ssh: Option<&Ssh>, file: Option<PathBuf>, inputs: &Inputs) -> Key {
    let (pair, name) = (take.text("ssh_keypair_name"), take.text("temporary_key_pair_name"));
    let kind = take.text("temporary_key_pair_type");
    let bits = take.number("temporary_key_pair_bits");
    if let Some(other) = kind.as_deref().filter(|k| !matches!(*k, "rsa" | "ed25519")) {
        let message = format!("EC2 takes no key pair of the type `{other}`");
        take.wrong("temporary_key_pair_type", message, Some("the types are `ed25519` and `rsa`"));
    }
    // Who names the temporary pair wants one, also beside a password.
    let named = name.is_some() && pair.is_none();
    match (ssh, file) {
        (_, Some(file)) => Key::Own { name: pair, file },
        (None, None) if !named => pair.map_or(Key::None, |name| Key::Known { name }),
        // The agent's keys are known here, and so none is made.
        (Some(ssh), None) if ssh.agent_auth || ssh.password.is_some() && !named => {
            pair.map_or(Key::None, |name| Key::Known { name })
        }
        (_, None) => {
            if pair.is_some() {
                let message = "EC2 keeps no private keys: `ssh_keypair_name` needs `ssh_private_key_file`";
                take.wrong("ssh_keypair_name", message, None);
            }
            // As EC2 makes them itself, which Packer leaves it to.
            let (kind, bits) = match kind {
                None if inputs.packer_defaults => (Some("rsa".to_owned()), bits.or(Some(2048))),
                kind => (kind, bits),
            };
            Key::Temporary { name: name.unwrap_or_default(), kind, bits }
        }
    }
}
