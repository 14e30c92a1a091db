//! The mendings of Amazon's builders.

use super::{carry, list_node, put, remove, text_node, truth};
use crate::json::{Key, Kind, Node};

pub(super) fn builder(builder: &mut Node, kind: &str) {
    if !kind.starts_with("amazon-") {
        return;
    }
    carry(builder, "shutdown_behaviour", "shutdown_behavior");
    carry(builder, "enhanced_networking", "ena_support");
    private_ip(builder);
    if let Some((key, value)) = remove(builder, "temporary_security_group_source_cidr") {
        let list = match &value.kind {
            Kind::List(_) => value,
            _ => list_node(vec![value.clone()], &value),
        };
        put(builder, "temporary_security_group_source_cidrs", key, list);
    }
    remove(builder, "spot_price_auto_product");
}

/// `ssh_private_ip` became a choice among several addresses.
fn private_ip(builder: &mut Node) {
    if builder.get("ssh_interface").is_some() {
        // Packer says nothing of it, and the newer option has the last word.
        remove(builder, "ssh_private_ip");
        return;
    }
    let Some(private) = builder.get("ssh_private_ip").and_then(truth) else { return };
    if let Some((key, value)) = remove(builder, "ssh_private_ip") {
        let word = if private { "private_ip" } else { "public_ip" };
        let key = Key { name: "ssh_interface".into(), span: key.span };
        put(builder, "ssh_interface", key, text_node(word, &value));
    }
}
