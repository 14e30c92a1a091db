//! `null`: a machine that is there already.

use super::communicator;
use super::options::Take;
use crate::run::build::{Builder, Null};

pub(super) fn take(take: &mut Take<'_>) -> Option<Builder> {
    let (ssh, key_file) = communicator::take(take);
    if let Some(ssh) = &ssh {
        if ssh.host.is_none() {
            take.wrong("ssh_host", "a null build over SSH needs `ssh_host`", None);
        }
        if ssh.password.is_none() && key_file.is_none() {
            let message = "a null build needs a way to log in";
            take.wrong("ssh_username", message, Some("give it `ssh_password` or `ssh_private_key_file`"));
        }
    }
    Some(Builder::Null(Box::new(Null { ssh, key_file })))
}
