//! What stands between here and the machine: bastions, a proxy, tunnels beside the connection.
//!
//! Neighbours: `communicator` takes these with the rest of a connection.

use std::path::PathBuf;

use super::communicator::home;
use super::options::Take;
use crate::run::build::{Bastion, Proxy, Tunnel};

const SSH: u16 = 22;
const SOCKS: u16 = 1080;

/// The bastions, the nearest first. `ssh_bastion_host` names one as Packer has it, or several as OpenSSH's `ProxyJump` does:
/// `[user@]host[:port]`, parted by commas. What one does not say of itself, the other options say for all.
pub(super) fn bastions(take: &mut Take<'_>, key_file: Option<&PathBuf>, certificate: Option<&PathBuf>) -> Vec<Bastion> {
    let hosts = take.text("ssh_bastion_host");
    let port = take.number("ssh_bastion_port").filter(|p| *p != 0).unwrap_or(SSH);
    let username = take.text("ssh_bastion_username").unwrap_or_default();
    let password = take.secret("ssh_bastion_password");
    let own_key = take.text("ssh_bastion_private_key_file").map(|p| home(take, p));
    let own_certificate = take.text("ssh_bastion_certificate_file").map(|p| home(take, p));
    let agent_auth = take.flag("ssh_bastion_agent_auth");
    let interactive = take.flag("ssh_bastion_interactive");
    if own_certificate.is_some() && own_key.is_none() {
        let message = "`ssh_bastion_certificate_file` needs `ssh_bastion_private_key_file`";
        take.wrong("ssh_bastion_certificate_file", message, None);
    }
    let Some(hosts) = hosts else { return Vec::new() };
    // The machine's own key, with its certificate, serves where there is no other.
    let (key_file, certificate) = match own_key {
        Some(key) => (Some(key), own_certificate),
        None => (key_file.cloned(), certificate.cloned()),
    };
    if password.is_none() && key_file.is_none() && !agent_auth && !interactive {
        let message =
            "the bastion needs `ssh_bastion_password`, `ssh_bastion_private_key_file` or `ssh_bastion_agent_auth`";
        take.wrong("ssh_bastion_host", message, Some("the temporary key is known to the new machine alone"));
    }
    let base =
        Bastion { host: String::new(), port, username, password, key_file, certificate, agent_auth, interactive };
    let mut all = Vec::new();
    for text in hosts.split(',').map(str::trim) {
        match hop(text, &base) {
            Some(bastion) if bastion.username.is_empty() => {
                let message = format!("the bastion `{text}` needs `ssh_bastion_username`");
                take.wrong("ssh_bastion_username", message, None);
            }
            Some(bastion) => all.push(bastion),
            None => {
                let help = "write `host`, or as OpenSSH's `ProxyJump`: `[user@]host[:port]`, several parted by commas";
                take.wrong("ssh_bastion_host", format!("`{text}` names no bastion"), Some(help));
            }
        }
    }
    all
}

/// One of them.
fn hop(text: &str, base: &Bastion) -> Option<Bastion> {
    let (user, place) = match text.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, text),
    };
    let (host, port) = place_of(place, base.port)?;
    let username = user.map_or_else(|| base.username.clone(), str::to_owned);
    let whole = !host.contains(char::is_whitespace) && user != Some("");
    whole.then(|| Bastion { host, port, username, ..base.clone() })
}

/// `host`, `host:port`, `[address]:port`, or an IPv6 address alone.
fn place_of(text: &str, port: u16) -> Option<(String, u16)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']')? {
            (host, "") => (host, port),
            (host, behind) => (host, behind.strip_prefix(':')?.parse().ok()?),
        },
        None => match text.split_once(':') {
            Some((host, port)) if !port.contains(':') => (host, port.parse().ok()?),
            _ => (text, port),
        },
    };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

/// The proxy: SOCKS 5 as Packer has it, or HTTP where its host begins with `http://`.
pub(super) fn proxy(take: &mut Take<'_>) -> Option<Proxy> {
    let host = take.text("ssh_proxy_host");
    let port = take.number("ssh_proxy_port").filter(|p| *p != 0);
    let username = take.text("ssh_proxy_username");
    let password = take.secret("ssh_proxy_password");
    let text = host?;
    let (scheme, rest) = text.split_once("://").unwrap_or(("socks5", &text));
    if !matches!(scheme, "http" | "socks5" | "socks5h" | "socks") {
        let help = "a proxy speaks SOCKS 5, `host` or `socks5://host`, or HTTP, `http://host`";
        take.wrong("ssh_proxy_host", format!("SSH goes through no proxy that speaks `{scheme}`"), Some(help));
        return None;
    }
    let Some((host, port)) = place_of(rest.trim_end_matches('/'), port.unwrap_or(SOCKS)) else {
        take.wrong("ssh_proxy_host", format!("`{text}` names no proxy"), Some("write `host` or `http://host:port`"));
        return None;
    };
    Some(Proxy { http: scheme == "http", host, port, username, password })
}

/// Tunnels, `port:host:port`.
pub(super) fn tunnels(take: &mut Take<'_>, option: &str) -> Vec<Tunnel> {
    let mut all = Vec::new();
    for text in take.list(option) {
        let parts = text.split_once(':').and_then(|(port, to)| {
            let (host, to) = match to.strip_prefix('[') {
                Some(rest) => rest.split_once("]:")?,
                None => to.rsplit_once(':').filter(|(host, _)| !host.contains(':'))?,
            };
            // Nothing before the colon is the side itself.
            let host = if host.is_empty() { "localhost" } else { host };
            Some(Tunnel { port: port.parse().ok()?, host: host.to_owned(), to: to.parse().ok()? })
        });
        match parts {
            Some(tunnel) => all.push(tunnel),
            None => {
                let help = "write `port:host:port`: the port that is listened on, and where it leads to";
                take.wrong(option, format!("`{option}` holds `{text}`, which is no tunnel"), Some(help));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bastions_are_named_as_in_proxy_jump() {
        let base = Bastion { port: 22, username: "me".to_owned(), ..Bastion::default() };
        let read = |text: &str| hop(text, &base).map(|b| (b.username, b.host, b.port));
        let is = |user: &str, host: &str, port: u16| Some((user.to_owned(), host.to_owned(), port));
        assert_eq!(read("jump"), is("me", "jump", 22));
        assert_eq!(read("you@jump:2222"), is("you", "jump", 2222));
        assert_eq!(read("a@b@[::1]:2222"), is("a@b", "::1", 2222));
        assert_eq!(read("2001:db8::1"), is("me", "2001:db8::1", 22));
        for wrong in ["", "@jump", "jump:", "jump:ssh", "[::1", "[::1]x", "a b", "jump:70000"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
