//! The connection to the machine, and the keys for it. Most is seen by who is connected to.

use serde_json::{Value, json};

use super::super::Row;
use super::super::Seen::{At, By, Launch};
use super::super::keys::keys as files;
use super::super::machine::pair;
use super::super::observed::merged;
use super::super::site::{address, knock, offers, patience, refusal, session, silence};
use super::{alone, furnished, on_both_markets, row, without_image};

pub(super) fn connection() -> Vec<Row> {
    let files = files();
    let of = |option, a, b| alone(option, a, b, By(session));
    let proxied = |more: Value| merged(json!({ "ssh_proxy_host": "127.0.0.1", "ssh_proxy_port": "$proxy_one" }), more);
    let inside = || proxied(json!({ "ssh_host": null }));
    // Nothing else is heard of a script that is silent.
    let silent = json!({ "ssh_keep_alive_interval": "-1s" });
    let long = |option, a, b| alone(option, a, b, By(patience));
    let ports = json!({ "ssh_proxy_host": "127.0.0.1", "ssh_proxy_port": "$proxy_one", "ssh_host": "one.example" });
    vec![
        row("communicator", json!({ "provisioners": [] }), json!("none"), json!("ssh"), By(session)),
        of("pause_before_connecting", json!(null), json!("1s")),
        // The proxy is told where one wants to go.
        row("ssh_host", proxied(json!({})), json!("one.example"), json!("two.example"), By(session)),
        row("ssh_port", ports, json!(22), json!(2222), By(session)),
        row("ssh_interface", inside(), json!("public_ip"), json!("private_ip"), By(address)),
        row("ssh_interface", inside(), json!("public_dns"), json!("private_dns"), By(address)),
        of("ssh_username", json!("ali"), json!("baba")),
        of("ssh_password", json!("sesame"), json!("barley")),
        of("ssh_private_key_file", json!(files.one), json!(files.two)),
        row(
            "ssh_certificate_file",
            json!({ "ssh_private_key_file": files.one }),
            json!(files.first_certificate),
            json!(files.second_certificate),
            By(session),
        ),
        of("ssh_agent_auth", json!(false), json!(true)),
        of("ssh_disable_agent_forwarding", json!(true), json!(false)),
        of("ssh_clear_authorized_keys", json!(false), json!(true)),
        of("ssh_pty", json!(false), json!(true)),
        of("ssh_file_transfer_method", json!("sftp"), json!("scp")),
        alone("ssh_ciphers", json!(["aes128-ctr"]), json!(["aes256-ctr"]), By(offers)),
        alone(
            "ssh_key_exchange_algorithms",
            json!(["curve25519-sha256"]),
            json!(["curve25519-sha256@libssh.org"]),
            By(offers),
        ),
        row(
            "ssh_handshake_attempts",
            json!({ "ssh_password": "wrong", "ssh_timeout": "1m" }),
            json!(1),
            json!(2),
            By(refusal),
        ),
        long("ssh_timeout", json!("1s"), json!("5s")),
        row("ssh_wait_timeout", json!({ "ssh_timeout": "1s" }), json!(null), json!("5s"), By(patience)),
        alone("ssh_keep_alive_interval", json!("-1s"), json!("200ms"), By(silence)),
        row("ssh_read_write_timeout", silent, json!(null), json!("500ms"), By(silence)),
        alone("ssh_local_tunnels", json!(["$free:one.example:80"]), json!(["$free:two.example:80"]), By(knock)),
        of("ssh_remote_tunnels", json!(["8100:127.0.0.1:$place_one"]), json!(["8100:127.0.0.1:$place_two"])),
        of("ssh_remote_tunnels", json!(["8100:127.0.0.1:$place_one"]), json!(["8200:127.0.0.1:$place_one"])),
    ]
}

/// Key pairs: one that EC2 knows, and one that is made.
pub(super) fn keys() -> Vec<Row> {
    let known = alone("ssh_keypair_name", json!("one"), json!("two"), Launch("KeyName"));
    let rsa = json!({ "temporary_key_pair_type": "rsa" });
    let made = vec![
        alone("temporary_key_pair_name", json!("one"), json!("two"), At("ImportKeyPair", "KeyName")),
        alone("temporary_key_pair_name", json!("one"), json!("two"), Launch("KeyName")),
        alone("temporary_key_pair_type", json!("ed25519"), json!("rsa"), By(pair)),
        row("temporary_key_pair_bits", rsa, json!(2048), json!(3072), By(pair)),
    ];
    without_image([furnished(on_both_markets(vec![known])), made].concat())
}
