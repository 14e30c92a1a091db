//! The connection: options that all builders have in common.
//!
//! Neighbours: `ebs` and `null` take it beside their own options.

use std::path::PathBuf;
use std::time::Duration;

use super::options::Take;
use crate::run::build::Ssh;

/// What Packer takes where nothing is said. The limits are for those who set neither: one alone is the only one.
const PORT: u16 = 22;
const PATIENCE: Duration = Duration::from_secs(5 * 60);
const HANDSHAKES: u32 = 10;
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// The connection, and the user's own private key.
pub(super) fn take(take: &mut Take<'_>) -> (Option<Ssh>, Option<PathBuf>) {
    let kind = take.text("communicator").unwrap_or_else(|| "ssh".to_owned());
    let key_file = take.text("ssh_private_key_file").map(|p| home(take, p));
    let ssh = ssh(take);
    match kind.as_str() {
        "ssh" => {
            if ssh.username.is_empty() {
                take.wrong("ssh_username", "an SSH connection needs `ssh_username`", None);
            }
            (Some(ssh), key_file)
        }
        "none" => (None, key_file),
        "winrm" => {
            take.unexecuted("communicator");
            (None, key_file)
        }
        other => {
            let message = format!("there is no communicator `{other}`");
            take.wrong("communicator", message, Some("the communicators are `ssh`, `winrm` and `none`"));
            (None, key_file)
        }
    }
}

fn ssh(take: &mut Take<'_>) -> Ssh {
    // Agent forwarding is always off.
    take.flag("ssh_disable_agent_forwarding");
    let older = take.time("ssh_wait_timeout");
    let timeout = take.time("ssh_timeout");
    let timeout = older.or(timeout).filter(|t| !t.is_zero());
    let attempts = take.number("ssh_handshake_attempts").filter(|n| *n != 0);
    let (timeout, handshake_attempts) = match (timeout, attempts) {
        (None, None) => (PATIENCE, HANDSHAKES),
        (timeout, attempts) => (timeout.unwrap_or_default(), attempts.unwrap_or_default()),
    };
    let method = take.text("ssh_file_transfer_method");
    if let Some(other) = method.as_deref().filter(|m| !matches!(*m, "scp" | "sftp")) {
        let message = format!("there is no way `{other}` to carry files");
        take.wrong(
            "ssh_file_transfer_method",
            message,
            Some("the ways are `scp` and `sftp`; without the option SFTP is tried first"),
        );
    }
    Ssh {
        host: take.text("ssh_host"),
        port: take.number("ssh_port").filter(|p| *p != 0).unwrap_or(PORT),
        username: take.text("ssh_username").unwrap_or_default(),
        password: take.secret("ssh_password"),
        passphrase: None,
        timeout,
        handshake_attempts,
        read_write_timeout: take.time("ssh_read_write_timeout").unwrap_or_default(),
        keep_alive: take.time("ssh_keep_alive_interval").unwrap_or(KEEP_ALIVE),
        pty: take.flag("ssh_pty"),
        interface: None,
        pause: take.time("pause_before_connecting").unwrap_or_default(),
        scp: method.as_deref() == Some("scp"),
    }
}

/// The path with `~` as the user's folder.
fn home(take: &Take<'_>, path: String) -> PathBuf {
    match (path.strip_prefix("~/"), take.environment("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    }
}
