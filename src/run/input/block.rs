//! Block devices and tags.
//!
//! Neighbours: `ebs` takes them for the machine and for the image.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde_json::Value as Json;

use super::ebs::rules::is_key;
use super::options::Take;
use crate::facts::volumes;
use crate::run::build::Device;
use crate::run::step::tags::{OWN, OWNED, unfit};
use crate::text::words;

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

/// EC2 takes 50 tags, of which some are bakec's own.
const MOST: usize = 44;

/// The devices of an option.
pub(super) fn devices(take: &mut Take<'_>, option: &str) -> Vec<Device> {
    let blocks = take.blocks(option);
    let devices: Vec<Device> = blocks.iter().map(|members| take.within(option, members, &KNOWN, device)).collect();
    let mut seen = BTreeSet::new();
    if let Some(twice) = devices.iter().find(|device| !device.name.is_empty() && !seen.insert(&device.name)) {
        take.wrong(option, format!("`{option}` maps the device `{}` twice", twice.name), None);
    }
    devices
}

fn device(take: &mut Take<'_>) -> Device {
    let name = take.text("device_name").unwrap_or_default();
    if name.is_empty() {
        take.wrong("device_name", "a block device needs a `device_name`", Some("such as `/dev/sda1`"));
    }
    let device = Device {
        name,
        virtual_name: take.text("virtual_name"),
        no_device: take.flag("no_device"),
        delete_on_termination: take.flag("delete_on_termination"),
        encrypted: take.choice("encrypted"),
        iops: take.number("iops").filter(|iops| *iops != 0),
        kms_key_id: take.text("kms_key_id"),
        snapshot_id: take.text("snapshot_id"),
        throughput: take.number("throughput").filter(|throughput| *throughput != 0),
        size: take.number("volume_size").filter(|size| *size != 0),
        volume_type: take.text("volume_type"),
    };
    fit(take, &device);
    device
}

/// What EC2 would refuse of a device: Packer's rules, and those of the volumes' types.
fn fit(take: &mut Take<'_>, device: &Device) {
    let Device { encrypted, kms_key_id, snapshot_id, virtual_name, no_device, .. } = device;
    if let Some(key) = kms_key_id {
        if *encrypted == Some(false) {
            let message = "`kms_key_id` encrypts the volume, and `encrypted = false` forbids it";
            take.wrong("kms_key_id", message, Some("leave one of them out"));
        }
        if !is_key(key) {
            let help = "write its id, `mrk-…`, `alias/…` or an ARN";
            take.wrong("kms_key_id", format!("`{key}` names no KMS key"), Some(help));
        }
    }
    if let Some(id) = snapshot_id.as_ref().filter(|id| !id.starts_with("snap-")) {
        take.wrong("snapshot_id", format!("`{id}` is no snapshot"), Some("ids of snapshots begin with `snap-`"));
    }
    if let Some(name) = virtual_name {
        let number = name.strip_prefix("ephemeral").and_then(|number| number.parse::<u8>().ok());
        if number.is_none_or(|number| number > 23) {
            let help = "the disks of an instance store are `ephemeral0` to `ephemeral23`";
            take.wrong("virtual_name", format!("there is no disk `{name}`"), Some(help));
        }
    } else if !no_device {
        volume(take, device);
    }
}

/// Whether the type of a volume has its size and its rates.
fn volume(take: &mut Take<'_>, device: &Device) {
    let Device { size, iops, throughput, volume_type, .. } = device;
    let kind = match volume_type {
        Some(name) => match volumes::find(name) {
            Some(kind) => kind,
            None => {
                let names: Vec<String> = volumes::all().iter().map(|kind| format!("`{}`", kind.name)).collect();
                let help = match volumes::nearest(name) {
                    Some(near) => format!("did you mean `{}`?", near.name),
                    None => format!("there are {}", words::list(&names, "and")),
                };
                take.wrong("volume_type", format!("there are no volumes of the type `{name}`"), Some(&help));
                return;
            }
        },
        // Which one it gets is for the snapshot, or for EC2, to say.
        None => {
            for (option, given) in [("iops", iops.is_some()), ("throughput", throughput.is_some())] {
                if given {
                    let help = "write `volume_type = \"gp3\"`, or leave it out";
                    take.wrong(option, format!("`{option}` needs a `volume_type` that has it"), Some(help));
                }
            }
            return;
        }
    };
    let name = kind.name;
    let outside = |range: &RangeInclusive<u32>, number: i32| !u32::try_from(number).is_ok_and(|n| range.contains(&n));
    if let Some(size) = size.filter(|size| outside(&kind.size_gib, *size)) {
        let (least, most) = (kind.size_gib.start(), kind.size_gib.end());
        take.wrong("volume_size", format!("a `{name}` volume has {least} to {most} GiB, and not {size}"), None);
    }
    for (option, given, range) in [("iops", iops, &kind.iops), ("throughput", throughput, &kind.throughput)] {
        match (given, range) {
            (Some(_), None) => {
                let with = volumes::all()
                    .iter()
                    .filter(|k| if option == "iops" { k.iops.is_some() } else { k.throughput.is_some() });
                let with: Vec<String> = with.map(|kind| format!("`{}`", kind.name)).collect();
                let message =
                    format!("`{option}` is for volumes of the type {}, and not of `{name}`", words::list(&with, "or"));
                take.wrong(option, message, None);
            }
            (Some(number), Some(range)) if outside(range, *number) => {
                let (least, most) = (range.start(), range.end());
                take.wrong(option, format!("`{option}` of a `{name}` volume lies between {least} and {most}"), None);
            }
            (None, Some(_)) if option == "iops" && name.starts_with("io") => {
                take.wrong("volume_type", format!("a `{name}` volume needs `iops`"), None);
            }
            (Some(number), Some(_)) if option == "iops" => {
                let most = size.and_then(|size| kind.most_iops(u32::try_from(size).unwrap_or(0)));
                if most.is_some_and(|most| i64::from(*number) > i64::from(most)) {
                    let message = format!(
                        "a `{name}` volume of {} GiB gives at most {} operations a second",
                        size.unwrap_or(0),
                        most.unwrap_or(0)
                    );
                    take.wrong("iops", message, Some("make it larger, or ask for fewer"));
                }
            }
            _ => {}
        }
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
        for (key, value) in &tags {
            if let Some(secret) = take.secret_in(value).or_else(|| take.secret_in(key)) {
                let message =
                    format!("a tag of `{option}` holds the secret `{secret}`, and tags are no place for secrets");
                let help = "whoever may look at the account reads its tags, and they stand in the record of the run";
                take.warn(&message, Some(help));
            }
        }
        // What is rendered later is looked at then.
        for (key, value) in tags.iter().filter(|(key, value)| !key.contains("{{") && !value.contains("{{")) {
            if let Some(why) = unfit(key, value) {
                take.wrong(option, why, None);
            }
        }
        all.extend(tags);
    }
    if let Some(at) = all.len().checked_sub(MOST + 1) {
        take.wrong(map, format!("a run takes {MOST} tags of yours at most, and here are {} more", at + 1), None);
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
