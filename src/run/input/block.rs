//! Block devices and tags.
//!
//! Neighbours: `ebs` takes them for the machine and for the image.

use serde_json::Value as Json;

use super::options::Take;
use crate::run::build::Device;
use crate::run::step::tags::{OWN, OWNED};

const KNOWN: [&str; 11] = [
    "delete_on_termination",
    "device_name",
    "encrypted",
    "iops",
    "kms_key_id",
    "no_device",
    "snapshot_id",
    "throughput",
    "virtual_name",
    "volume_size",
    "volume_type",
];

/// The devices of an option.
pub(super) fn devices(take: &mut Take<'_>, option: &str) -> Vec<Device> {
    let blocks = take.blocks(option);
    blocks.iter().map(|members| take.within(option, members, &KNOWN, device)).collect()
}

fn device(take: &mut Take<'_>) -> Device {
    let name = take.text("device_name").unwrap_or_default();
    if name.is_empty() {
        take.wrong("device_name", "a block device needs a `device_name`", Some("such as `/dev/sda1`"));
    }
    Device {
        name,
        virtual_name: take.text("virtual_name"),
        no_device: take.flag("no_device"),
        delete_on_termination: take.flag("delete_on_termination"),
        encrypted: take.choice("encrypted"),
        iops: take.number("iops"),
        kms_key_id: take.text("kms_key_id"),
        snapshot_id: take.text("snapshot_id"),
        throughput: take.number("throughput"),
        size: take.number("volume_size").filter(|size| *size != 0),
        volume_type: take.text("volume_type"),
    }
}

/// Tags of a map, and those that are written one by one: of two with one key the last counts
/// once keys are rendered.
pub(super) fn all_tags(take: &mut Take<'_>, map: &str, single: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (option, tags) in [(map, take.pairs(map)), (single, tags(take, single))] {
        for (key, _) in tags.iter().filter(|(key, _)| key.starts_with(OWN)) {
            let message = format!("the tag `{key}` is one of bakec's own");
            take.wrong(option, message, Some(OWNED));
        }
        all.extend(tags);
    }
    all
}

/// Records of `key` (or `name`) and `value`, as tags are written one by one.
fn tags(take: &mut Take<'_>, option: &str) -> Vec<(String, String)> {
    let blocks: Vec<Vec<(String, Json)>> = take.blocks(option);
    let one = |take: &mut Take<'_>| {
        let key = take.late("key");
        let name = take.late("name");
        (key.or(name).unwrap_or_default(), take.late("value").unwrap_or_default())
    };
    blocks.iter().map(|members| take.within(option, members, &["key", "name", "value"], one)).collect()
}
