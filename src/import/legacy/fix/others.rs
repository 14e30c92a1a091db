//! The mendings of other builders, and those that concern all of them.

use super::{carry, each_text, list_node, members, put, remove, rename, replaced_calls, text_node};
use crate::json::{Key, Kind, Node};

/// Kinds of builders that have another name today.
pub(super) const RENAMED: &[(&str, &str)] =
    &[("virtualbox", "virtualbox-iso"), ("vmware", "vmware-iso"), ("proxmox", "proxmox-iso")];

/// What comes before the mendings of Amazon's builders. It returns the kind's name of today.
pub(super) fn builder(builder: &mut Node, kind: &str) -> String {
    if let Some((key, value)) = remove(builder, "iso_md5") {
        put(builder, "iso_checksum", key.clone(), value.clone());
        put(builder, "iso_checksum_type", key, text_node("md5", &value));
    }
    for option in ["ami_name", "bundle_prefix", "snapshot_name"] {
        change(builder, option, &|text| *text = replaced_calls(text, ".CreateTime", "timestamp"));
    }
    if kind == "virtualbox" {
        gaattach(builder);
    }
    let mut kind = kind;
    if let Some((_, new)) = RENAMED.iter().find(|(old, _)| *old == kind) {
        change(builder, "type", &|text| *text = (*new).to_owned());
        kind = new;
    }
    if kind.starts_with("parallels-") {
        remove(builder, "headless");
        remove(builder, "parallels_tools_host_path");
        carry(builder, "guest_os_distribution", "guest_os_type");
    }
    rename(builder, "ssh_key_path", "ssh_private_key_file");
    rename(builder, "ssh_disable_agent", "ssh_disable_agent_forwarding");
    if kind == "scaleway" {
        rename(builder, "access_key", "organization_id");
    }
    kind.to_owned()
}

/// What comes behind them.
pub(super) fn late(builder: &mut Node, kind: &str) {
    match kind {
        "docker" => {
            remove(builder, "login_email");
        }
        "hyperv-iso" => {
            remove(builder, "vhd_temp_path");
        }
        "hyperv-vmcx" => carry(builder, "clone_from_vmxc_path", "clone_from_vmcx_path"),
        "qemu" => {
            if let Some(Node { kind: Kind::Number(size), span }) = builder.get("disk_size").cloned() {
                // What is behind the point was dropped before, too.
                let whole = size.split('.').next().unwrap_or_default();
                set(builder, "disk_size", Node { kind: Kind::Text(format!("{whole}M")), span });
            }
        }
        "vmware-iso" => compaction(builder),
        "vsphere-iso" => vsphere(builder),
        "azure-arm" => {
            if let Some((_, gallery)) = members(builder)
                .and_then(|m| m.iter_mut().find(|(key, _)| key.name == "shared_image_gallery_destination"))
            {
                rename(gallery, "exlude_from_latest", "exclude_from_latest");
            }
        }
        _ => {}
    }
    if kind.starts_with("hyperv-") {
        carry(builder, "cpu", "cpus");
        carry(builder, "ram_size", "memory");
    }
    each_text(builder, &|text| {
        for old in ["clean_image_name", "clean_ami_name"] {
            if text.contains(old) {
                *text = replaced_calls(text, old, "clean_resource_name");
            }
        }
    });
    if kind == "qemu" || kind.starts_with("virtualbox-") {
        carry(builder, "ssh_host_port_min", "host_port_min");
        carry(builder, "ssh_host_port_max", "host_port_max");
    }
    if kind.starts_with("virtualbox-") {
        carry(builder, "ssh_skip_nat_mapping", "skip_nat_mapping");
    }
    rename(builder, "ssh_wait_timeout", "ssh_timeout");
    checksum(builder);
}

fn change(builder: &mut Node, option: &str, change: &dyn Fn(&mut String)) {
    let found = members(builder).and_then(|m| m.iter_mut().find(|(key, _)| key.name == option));
    if let Some((_, Node { kind: Kind::Text(text), .. })) = found {
        change(text);
    }
}

fn set(builder: &mut Node, option: &str, value: Node) {
    if let Some((_, old)) = members(builder).and_then(|m| m.iter_mut().find(|(key, _)| key.name == option)) {
        *old = value;
    }
}

/// `guest_additions_attach` became a mode.
fn gaattach(builder: &mut Node) {
    let Some(Node { kind: Kind::Bool(attach), .. }) = builder.get("guest_additions_attach") else { return };
    let attach = *attach;
    if let Some((key, value)) = remove(builder, "guest_additions_attach") {
        let mode = if attach { "attach" } else { "upload" };
        put(builder, "guest_additions_mode", key, text_node(mode, &value));
    }
}

/// Disks on a remote host that are not thin cannot be compacted; without a word of it they are not thin.
fn compaction(builder: &mut Node) {
    let remote = builder.get("remote_type").filter(|r| r.text() == Some("esx5")).cloned();
    let Some(remote) = remote else { return };
    let Some(place) = members(builder).and_then(|m| m.iter().find(|(key, _)| key.name == "remote_type")) else {
        return;
    };
    let place = place.0.clone();
    if builder.get("disk_type_id").is_none() {
        put(builder, "disk_type_id", place.clone(), text_node("zeroedthick", &remote));
    }
    let thick = builder.get("disk_type_id").and_then(Node::text).is_some_and(|id| id != "thin");
    let compacted = matches!(builder.get("skip_compaction").map(|n| &n.kind), None | Some(Kind::Bool(false)));
    if thick && compacted {
        put(builder, "skip_compaction", place, Node { kind: Kind::Bool(true), span: remote.span });
    }
}

/// The checksum's kind and address became parts of the checksum.
fn checksum(builder: &mut Node) {
    let kind = remove(builder, "iso_checksum_type");
    if let Some((key, url)) = remove(builder, "iso_checksum_url")
        && let Some(address) = url.text().filter(|u| !u.is_empty())
    {
        put(builder, "iso_checksum", key, text_node(format!("file:{address}"), &url));
        return;
    }
    let Some((key, kind)) = kind else { return };
    let Some(word) = kind.text().filter(|word| !word.is_empty()) else { return };
    if word.eq_ignore_ascii_case("none") {
        // `packer fix` writes `none:` and the digits, which Packer refuses; this is what was meant.
        put(builder, "iso_checksum", key, text_node("none", &kind));
    } else if let Some(sum) = builder.get("iso_checksum").cloned()
        && let Some(digits) = sum.text().filter(|digits| !digits.is_empty())
    {
        set(builder, "iso_checksum", text_node(format!("{word}:{digits}"), &sum));
    }
}

/// Disks and networks became lists.
fn vsphere(builder: &mut Node) {
    gather(
        builder,
        "storage",
        &[
            ("disk_size", "disk_size"),
            ("disk_thin_provisioned", "disk_thin_provisioned"),
            ("disk_eagerly_scrub", "disk_eagerly_scrub"),
        ],
    );
    gather(
        builder,
        "network_adapters",
        // Of the two spellings the newer one has the last word.
        &[("network", "network"), ("networkCard", "network_card"), ("network_card", "network_card")],
    );
}

fn gather(builder: &mut Node, list: &str, options: &[(&str, &str)]) {
    let taken: Vec<(Key, Node, &str)> =
        options.iter().filter_map(|(old, new)| remove(builder, old).map(|(k, v)| (k, v, *new))).collect();
    let Some((place, like, _)) = taken.first().cloned() else { return };
    let there = match builder.get(list) {
        Some(node) if node.list().is_none() => return,
        other => other.and_then(Node::list).unwrap_or_default().to_vec(),
    };
    let mut members: Vec<(Key, Node)> = Vec::new();
    for (key, value, name) in taken {
        members.retain(|(k, _)| k.name != name);
        members.push((Key { name: name.into(), span: key.span }, value));
    }
    let record = Node { kind: Kind::Record(members), span: like.span };
    put(builder, list, place, list_node([vec![record], there].concat(), &like));
}
