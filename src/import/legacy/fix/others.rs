//! The mendings of other builders, and those that concern all of them.

use super::{each_text, list_node, members, put, remove, rename, replaced_calls, text_node};
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
        rename(builder, "guest_os_distribution", "guest_os_type");
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
        "hyperv-vmcx" => rename(builder, "clone_from_vmxc_path", "clone_from_vmcx_path"),
        "qemu" => {
            if let Some(Node { kind: Kind::Number(size), span }) = builder.get("disk_size").cloned() {
                set(builder, "disk_size", Node { kind: Kind::Text(format!("{size}M")), span });
            }
        }
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
        rename(builder, "cpu", "cpus");
        rename(builder, "ram_size", "memory");
    }
    each_text(builder, &|text| {
        for old in ["clean_image_name", "clean_ami_name"] {
            if text.contains(old) {
                *text = replaced_calls(text, old, "clean_resource_name");
            }
        }
    });
    if kind == "qemu" || kind.starts_with("virtualbox-") {
        rename(builder, "ssh_host_port_min", "host_port_min");
        rename(builder, "ssh_host_port_max", "host_port_max");
        rename(builder, "ssh_skip_nat_mapping", "skip_nat_mapping");
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
    if let Some((key, value)) = remove(builder, "guest_additions_attach")
        && attach
    {
        put(builder, "guest_additions_mode", key, text_node("attach", &value));
    }
}

/// The checksum's kind and address became parts of the checksum.
fn checksum(builder: &mut Node) {
    let kind = remove(builder, "iso_checksum_type");
    if let Some((key, url)) = remove(builder, "iso_checksum_url") {
        let text = format!("file:{}", url.text().unwrap_or_default());
        put(builder, "iso_checksum", key, text_node(text, &url));
        return;
    }
    let (Some(sum), Some((_, kind))) = (builder.get("iso_checksum").cloned(), kind) else { return };
    if let (Some(digits), Some(kind)) = (sum.text(), kind.text()) {
        let text = if kind == "none" { "none".to_owned() } else { format!("{kind}:{digits}") };
        set(builder, "iso_checksum", text_node(text, &sum));
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
        &[("network", "network"), ("networkCard", "network_card"), ("network_card", "network_card")],
    );
}

fn gather(builder: &mut Node, list: &str, options: &[(&str, &str)]) {
    let taken: Vec<(Key, Node, &str)> =
        options.iter().filter_map(|(old, new)| remove(builder, old).map(|(k, v)| (k, v, *new))).collect();
    let Some((place, like, _)) = taken.first().cloned() else { return };
    if builder.get(list).is_some() {
        return;
    }
    let mut members: Vec<(Key, Node)> = Vec::new();
    for (key, value, name) in taken {
        members.retain(|(k, _)| k.name != name);
        members.push((Key { name: name.into(), span: key.span }, value));
    }
    let record = Node { kind: Kind::Record(members), span: like.span };
    put(builder, list, place, list_node(vec![record], &like));
}
