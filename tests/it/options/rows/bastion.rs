//! What stands before the machine: bastions, or a proxy.

use serde_json::{Value, json};

use super::super::Row;
use super::super::Seen::By;
use super::super::keys::keys;
use super::super::observed::merged;
use super::super::site::{question, session};
use super::row;

pub(super) fn bastion() -> Vec<Row> {
    let keys = keys();
    let through = |more: Value| {
        let bastion = json!({ "ssh_bastion_host": "127.0.0.1", "ssh_bastion_port": "$bastion_one", "ssh_bastion_username": "guard" });
        merged(bastion, more)
    };
    let password = || through(json!({ "ssh_bastion_password": "open" }));
    let keyed = || through(json!({ "ssh_bastion_private_key_file": keys.one }));
    let of = |option, with, a, b| row(option, with, a, b, By(session));
    vec![
        of("ssh_bastion_host", password(), json!(null), json!("127.0.0.1")),
        // The one by way of the other.
        of(
            "ssh_bastion_host",
            password(),
            json!("127.0.0.1:$bastion_two"),
            json!("127.0.0.1:$bastion_two, warden@127.0.0.1:$bastion_one"),
        ),
        of("ssh_bastion_port", password(), json!("$bastion_one"), json!("$bastion_two")),
        of("ssh_bastion_username", password(), json!("guard"), json!("warden")),
        of("ssh_bastion_password", through(json!({})), json!("open"), json!("sesame")),
        of("ssh_bastion_private_key_file", through(json!({})), json!(keys.one), json!(keys.two)),
        of("ssh_bastion_certificate_file", keyed(), json!(keys.first_certificate), json!(keys.second_certificate)),
        of("ssh_bastion_agent_auth", password(), json!(false), json!(true)),
        row(
            "ssh_bastion_interactive",
            through(json!({ "ssh_bastion_password": "wrong", "ssh_timeout": null, "ssh_handshake_attempts": 1 })),
            json!(false),
            json!(true),
            By(question),
        ),
    ]
}

pub(super) fn proxy() -> Vec<Row> {
    let through = |more: Value| merged(json!({ "ssh_proxy_host": "127.0.0.1", "ssh_proxy_port": "$proxy_one" }), more);
    let of = |option, with, a, b| row(option, with, a, b, By(session));
    let user = || json!({ "ssh_proxy_username": "me", "ssh_proxy_password": "word" });
    vec![
        of("ssh_proxy_host", json!({}), json!("127.0.0.1:$proxy_one"), json!("127.0.0.1:$proxy_two")),
        of("ssh_proxy_host", through(user()), json!("127.0.0.1"), json!("http://127.0.0.1")),
        of("ssh_proxy_port", through(json!({})), json!("$proxy_one"), json!("$proxy_two")),
        of("ssh_proxy_username", through(json!({ "ssh_proxy_password": "word" })), json!("me"), json!("you")),
        of("ssh_proxy_password", through(json!({ "ssh_proxy_username": "me" })), json!("word"), json!("sesame")),
        of(
            "ssh_proxy_username",
            through(merged(user(), json!({ "ssh_proxy_host": "http://127.0.0.1" }))),
            json!("me"),
            json!("you"),
        ),
    ]
}
