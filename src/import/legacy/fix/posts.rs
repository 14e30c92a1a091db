//! The mendings of provisioners and post-processors.

use super::{each_text, list_node, members, put, remove, rename, text_node};
use crate::json::{Key, Kind, Node};

pub(super) fn provisioner(step: &mut Node) {
    if let Some((_, overrides)) = members(step).and_then(|m| m.iter_mut().find(|(key, _)| key.name == "override")) {
        rename(overrides, "virtualbox", "virtualbox-iso");
    }
    match step.get("type").and_then(Node::text) {
        Some("powershell") => {
            for option in ["environment_vars", "elevated_user", "elevated_password"] {
                let found = members(step).and_then(|m| m.iter_mut().find(|(key, _)| key.name == option));
                if let Some((_, node)) = found {
                    each_text(node, &|text| *text = without_backticks(text));
                }
            }
        }
        Some("ansible-local") => rename(step, "galaxycommand", "galaxy_command"),
        _ => {}
    }
}

/// Once four characters had to be escaped for PowerShell.
fn without_backticks(text: &str) -> String {
    ["$", "\"", "`", "'"].iter().fold(text.to_owned(), |text, c| text.replace(&format!("`{c}"), c))
}

pub(super) fn post(step: &mut Node) {
    match step.get("type").and_then(Node::text) {
        Some("docker-push") => {
            remove(step, "login_email");
        }
        Some("docker-tag") => tags(step),
        Some("manifest") => {
            if let Some((key, value)) = remove(step, "filename") {
                put(step, "output", key, value);
            }
        }
        Some("vagrant") => vagrant(step),
        _ => {}
    }
}

/// `tag`, one or several, became `tags`.
fn tags(step: &mut Node) {
    let Some((key, value)) = remove(step, "tag") else { return };
    let mut all: Vec<Node> = match &value.kind {
        Kind::List(nodes) => nodes.clone(),
        Kind::Text(text) => text.split(',').map(|tag| text_node(tag, &value)).collect(),
        _ => vec![value.clone()],
    };
    all.extend(step.get("tags").and_then(Node::list).unwrap_or_default().iter().cloned());
    put(step, "tags", key, list_node(all, &value));
}

/// What is said of single providers stands in `override`.
fn vagrant(step: &mut Node) {
    let mut own: Vec<(Key, Node)> = Vec::new();
    for provider in ["aws", "digitalocean", "virtualbox", "vmware"] {
        own.extend(remove(step, provider));
    }
    let Some((place, like)) = own.first().cloned() else { return };
    let mut all = step.get("override").and_then(Node::record).unwrap_or_default().to_vec();
    all.retain(|(key, _)| own.iter().all(|(o, _)| o.name != key.name));
    all.extend(own);
    put(step, "override", place, Node { kind: Kind::Record(all), span: like.span });
}
