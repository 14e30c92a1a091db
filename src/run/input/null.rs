//! `null`: a machine that is there already.

use super::communicator;
use super::options::Take;
use crate::run::build::{Builder, Null};

pub(super) fn take(take: &mut Take<'_>, packer_defaults: bool) -> Option<Builder> {
    let (ssh, key_file) = communicator::take(take, packer_defaults);
    if let Some(ssh) = &ssh {
        if ssh.host.is_none() {
            take.wrong("ssh_host", "a null build over SSH needs `ssh_host`", None);
        }
        // One of them, and no other: so it is Packer's rule.
        let ways = [ssh.agent_auth, ssh.password.is_some(), key_file.is_some()].into_iter().filter(|way| *way).count();
        if ways == 0 {
            let message = "a null build needs a way to log in";
            let help = "give it `ssh_password`, `ssh_private_key_file` or `ssh_agent_auth`";
            take.wrong("ssh_username", message, Some(help));
        }
        if ways > 1 {
            let message =
                "`ssh_agent_auth`, `ssh_password` and `ssh_private_key_file` exclude each other in a null build";
            take.wrong("ssh_username", message, Some("keep the one by which the user is let in"));
        }
    }
    Some(Builder::Null(Box::new(Null { ssh, key_file })))
}
