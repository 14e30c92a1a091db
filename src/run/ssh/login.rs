//! By what a user is proved to one server: keys with their certificates, the agent's keys, a password, answers on the keyboard.
//!
//! Neighbours: `connect` makes one for each server on the way, `auth` shows what is in it; preflight asks whether the files are sound.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::keys::{Certificate, PrivateKey};

use crate::run::build::{Bastion, Ssh};
use crate::run::key;
use crate::run::problem::Problem;
use crate::run::secret::Secret;

/// All that can be shown for a user.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) keys: Vec<Identity>,
    /// The socket of the agent whose keys are shown.
    pub(super) agent: Option<PathBuf>,
    pub(super) password: Option<Secret>,
    /// Whether the server's questions are put to whoever sits at the terminal.
    pub(super) ask: bool,
}

/// A key, and the certificate that is shown in its place.
#[derive(Clone)]
pub(super) struct Identity {
    pub(super) key: Arc<PrivateKey>,
    pub(super) certificate: Option<Certificate>,
}

impl Login {
    /// For the machine, with keys that are read already.
    pub(super) fn machine(ssh: &Ssh, keys: &[Arc<PrivateKey>]) -> Result<Login, Problem> {
        let keys = keys.iter().map(|key| identity(key.clone(), ssh.certificate.as_deref()));
        Ok(Login {
            user: ssh.username.clone(),
            keys: keys.collect::<Result<_, _>>()?,
            agent: ssh.agent.clone().filter(|_| ssh.agent_auth),
            password: ssh.password.clone(),
            ask: false,
        })
    }

    /// For a server before the machine.
    pub(super) fn bastion(ssh: &Ssh, bastion: &Bastion) -> Result<Login, Problem> {
        let keys = bastion.key_file.iter().map(|file| {
            let key = key::read(file)?;
            identity(key, bastion.certificate.as_deref())
        });
        Ok(Login {
            user: bastion.username.clone(),
            keys: keys.collect::<Result<_, _>>()?,
            agent: ssh.agent.clone().filter(|_| bastion.agent_auth),
            password: bastion.password.clone(),
            ask: bastion.interactive,
        })
    }
}

fn identity(key: Arc<PrivateKey>, certificate: Option<&Path>) -> Result<Identity, Problem> {
    let certificate = certificate.map(|file| key::certificate(file, &key)).transpose()?;
    Ok(Identity { key, certificate })
}

/// What is wrong with the files by which a build's user is proved.
pub fn wrong_files(ssh: &Ssh, key_file: Option<&Path>) -> Vec<Problem> {
    let own = || {
        let keys: Vec<_> = key_file.map(key::read).transpose()?.into_iter().collect();
        Login::machine(ssh, &keys)
    };
    let before = ssh.bastions.iter().map(|bastion| Login::bastion(ssh, bastion));
    std::iter::once(own()).chain(before).filter_map(Result::err).collect()
}
