//! The connection: options that all builders have in common.
//!
//! Neighbours: `ebs` and `null` take it beside their own options; `ways` takes what stands between here and the machine.

use std::path::PathBuf;
use std::time::Duration;

use super::options::Take;
use super::ways;
use crate::run::build::Ssh;
use crate::run::ssh;
use crate::text::suggest::nearest;
use crate::text::words;

/// What Packer takes where nothing is said. The limits are for those who set neither: one alone is the only one.
const PORT: u16 = 22;
const PATIENCE: Duration = Duration::from_secs(5 * 60);
const HANDSHAKES: u32 = 10;
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Where an agent listens on a system that does not say so.
#[cfg(windows)]
const AGENT: Option<&str> = Some(r"\\.\pipe\openssh-ssh-agent");
#[cfg(not(windows))]
const AGENT: Option<&str> = None;

/// The connection, and the user's own private key.
pub(super) fn take(take: &mut Take<'_>, packer_defaults: bool) -> (Option<Ssh>, Option<PathBuf>) {
    let kind = take.text("communicator").unwrap_or_else(|| "ssh".to_owned());
    let key_file = take.text("ssh_private_key_file").map(|p| home(take, p));
    match kind.as_str() {
        "ssh" => {
            let ssh = ssh(take, key_file.as_ref(), packer_defaults);
            if ssh.username.is_empty() {
                take.wrong("ssh_username", "an SSH connection needs `ssh_username`", None);
            }
            (Some(ssh), key_file)
        }
        other => {
            // Of a connection that is not made nothing has to be right.
            let silent = take.silently(|take| ssh(take, key_file.as_ref(), packer_defaults));
            drop(silent);
            match other {
                "none" => {}
                "winrm" => take.unexecuted("communicator"),
                _ => {
                    let message = format!("there is no communicator `{other}`");
                    take.wrong("communicator", message, Some("the communicators are `ssh`, `winrm` and `none`"));
                }
            }
            (None, key_file)
        }
    }
}

fn ssh(take: &mut Take<'_>, key_file: Option<&PathBuf>, packer_defaults: bool) -> Ssh {
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
    let certificate = take.text("ssh_certificate_file").map(|p| home(take, p));
    if certificate.is_some() && key_file.is_none() {
        let message = "`ssh_certificate_file` needs `ssh_private_key_file`";
        take.wrong("ssh_certificate_file", message, Some("a certificate speaks for the key that it was made for"));
    }
    let agent = take.environment("SSH_AUTH_SOCK").or_else(|| AGENT.map(str::to_owned)).map(PathBuf::from);
    let agent_auth = take.flag("ssh_agent_auth");
    // Off, unless somebody writes that it shall not be off; Packer lends it to everyone.
    let forward_agent = !take.choice("ssh_disable_agent_forwarding").unwrap_or(!packer_defaults);
    let bastions = ways::bastions(take, key_file, certificate.as_ref());
    for (option, wanted) in
        [("ssh_agent_auth", agent_auth), ("ssh_bastion_agent_auth", bastions.iter().any(|b| b.agent_auth))]
    {
        if wanted && agent.is_none() {
            let help = "start one by `eval $(ssh-agent)`, and give it a key by `ssh-add`";
            take.wrong(option, format!("`{option}` needs an SSH agent, and `SSH_AUTH_SOCK` names none"), Some(help));
        }
    }
    let proxy = ways::proxy(take);
    if proxy.is_some() && !bastions.is_empty() {
        let message = "SSH goes through a bastion or through a proxy, not through both";
        take.wrong("ssh_proxy_host", message, None);
    }
    Ssh {
        host: take.text("ssh_host"),
        port: take.number("ssh_port").filter(|p| *p != 0).unwrap_or(PORT),
        username: take.text("ssh_username").unwrap_or_default(),
        password: take.secret("ssh_password"),
        certificate,
        agent_auth,
        forward_agent,
        agent,
        timeout,
        handshake_attempts,
        read_write_timeout: take.time("ssh_read_write_timeout").unwrap_or_default(),
        keep_alive: keep_alive(take),
        ciphers: names(take, "ssh_ciphers", "cipher", &ssh::ciphers()),
        key_exchanges: names(take, "ssh_key_exchange_algorithms", "key exchange", &ssh::key_exchanges()),
        pty: take.flag("ssh_pty"),
        interface: None,
        pause: take.time("pause_before_connecting").unwrap_or_default(),
        scp: method.as_deref() == Some("scp"),
        bastions,
        proxy,
        local_tunnels: ways::tunnels(take, "ssh_local_tunnels"),
        remote_tunnels: ways::tunnels(take, "ssh_remote_tunnels"),
        clear_keys: take.flag("ssh_clear_authorized_keys"),
    }
}

/// Between two signs of life: none at all where it is negative, Packer's own where it is zero.
fn keep_alive(take: &mut Take<'_>) -> Duration {
    let every = take.time("ssh_keep_alive_interval");
    let negative = take.text("ssh_keep_alive_interval").is_some_and(|text| text.starts_with('-'));
    if negative { Duration::ZERO } else { every.filter(|t| !t.is_zero()).unwrap_or(KEEP_ALIVE) }
}

/// Names of algorithms, as far as they are known here. Packer passes over others too; where none is left there is nothing to offer.
fn names(take: &mut Take<'_>, option: &str, what: &str, known: &[&'static str]) -> Vec<String> {
    let wanted = take.list(option);
    let (mut names, strange): (Vec<String>, Vec<String>) =
        wanted.into_iter().partition(|n| known.contains(&n.as_str()));
    names.dedup();
    if strange.is_empty() {
        return names;
    }
    let told: Vec<String> = strange.iter().map(|name| format!("`{name}`")).collect();
    let near = strange.iter().find_map(|name| nearest(name, known.iter().copied()));
    let all: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", words::list(&all, "and")),
    };
    let message = format!("`{option}` names no {what} that bakec knows: {}", words::list(&told, "and"));
    if names.is_empty() {
        take.wrong(option, message, Some(&help));
    } else {
        take.warn(&message, Some(&help));
    }
    names
}

/// The path with `~` as the user's folder.
pub(super) fn home(take: &Take<'_>, path: String) -> PathBuf {
    match (path.strip_prefix("~/"), take.environment("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    }
}
