//! The image that an EBS build makes, with what AWS would refuse of it and can be known without asking.
//!
//! Neighbours: `fast_launch` and `rules` of it beside this file.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::super::options::Take;
use super::super::{Inputs, block};
use super::fast_launch::fast_launch;
use super::rules;
use crate::run::build::{Image, Protection};

/// The image; `own` is the build's region.
pub(super) fn image(take: &mut Take<'_>, inputs: &Inputs, own: &str) -> Image {
    let name = name(take);
    let tags = block::all_tags(take, "tags", "tag");
    let snapshot_tags = block::all_tags(take, "snapshot_tags", "snapshot_tag");
    let mut regions = take.list("ami_regions");
    rules::keys(take, &regions);
    regions.retain(|region| region != own);
    let mut seen = BTreeSet::new();
    regions.retain(|region| seen.insert(region.clone()));
    let image = Image {
        name,
        description: take.late("ami_description").unwrap_or_default(),
        devices: block::devices(take, "ami_block_device_mappings"),
        tags,
        snapshot_tags,
        users: accounts(take, "ami_users"),
        groups: take.list("ami_groups"),
        org_arns: take.list("ami_org_arns"),
        ou_arns: take.list("ami_ou_arns"),
        product_codes: take.list("ami_product_codes"),
        snapshot_users: accounts(take, "snapshot_users"),
        snapshot_groups: take.list("snapshot_groups"),
        imds_support: word(take, "imds_support", &["v2.0"]),
        force_deregister: take.flag("force_deregister") || inputs.force,
        force_delete_snapshot: take.flag("force_delete_snapshot"),
        skip_create: take.flag("skip_create_ami"),
        virtualization: word(take, "ami_virtualization_type", &["hvm", "paravirtual"]),
        encrypt: take.choice("encrypt_boot"),
        key: take.text("kms_key_id"),
        region_keys: take.pairs_early("region_kms_key_ids"),
        skip_build_region: take.flag("skip_save_build_region"),
        copy_minutes: copy_minutes(take),
        deprecate_at: deprecate_at(take),
        protection: protection(take),
        fast_launch: fast_launch(take, own, &regions),
        skip_run_tags: take.flag("skip_ami_run_tags"),
        regions,
    };
    rules::image(take, &image);
    image
}

/// The name, as EC2 takes it.
fn name(take: &mut Take<'_>) -> String {
    let Some(name) = take.text("ami_name") else {
        take.wrong("ami_name", "an image needs an `ami_name`", None);
        return String::new();
    };
    let fine = |c: char| c.is_ascii_alphanumeric() || "()[] ./-'@_".contains(c);
    if let Some(other) = name.chars().find(|c| !fine(*c)) {
        let message = format!("the name of an image cannot have `{other}`: `{name}`");
        let help = "letters, digits, blanks and `( ) [ ] . / - ' @ _` may stand in it; `{{clean_resource_name …}}` puts `-` for others";
        take.wrong("ami_name", message, Some(help));
    } else if !(3..=128).contains(&name.len()) {
        let message = format!("the name of an image has 3 to 128 characters, and `{name}` has {}", name.len());
        take.wrong("ami_name", message, None);
    }
    name
}

/// Accounts, by their numbers: AWS says of another only when the image is made.
fn accounts(take: &mut Take<'_>, option: &str) -> Vec<String> {
    let all = take.list(option);
    let is_number = |account: &&String| account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    if let Some(other) = all.iter().find(|account| !is_number(account)) {
        let help = "write its number of 12 digits, as text";
        take.wrong(option, format!("`{other}` is no account of AWS"), Some(help));
    }
    all
}

/// One of some words.
fn word(take: &mut Take<'_>, option: &str, words: &[&str]) -> Option<String> {
    let text = take.text(option)?;
    if !words.contains(&text.as_str()) {
        let known: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        let help = format!("write {}", crate::text::words::list(&known, "or"));
        take.wrong(option, format!("`{option}` cannot be `{text}`"), Some(&help));
    }
    Some(text)
}

/// How long a copy may take, in minutes.
fn copy_minutes(take: &mut Take<'_>) -> Option<i64> {
    let minutes: i64 = take.number("snapshot_copy_duration_minutes").filter(|minutes| *minutes != 0)?;
    if !(15..=2880).contains(&minutes) || minutes % 15 != 0 {
        let message = format!("a copy cannot be asked for in {minutes} minutes");
        take.wrong(
            "snapshot_copy_duration_minutes",
            message,
            Some("write a multiple of 15, from 15 minutes to 2880, which are 48 hours"),
        );
    }
    Some(minutes)
}

/// The moment from which the image counts as outdated.
fn deprecate_at(take: &mut Take<'_>) -> Option<String> {
    let text = take.text("deprecate_at")?;
    let fine = text.contains(['T', 't']).then(|| text.parse::<Timestamp>().ok()).flatten();
    match fine {
        None => {
            let message = format!("`{text}` is no moment");
            take.wrong("deprecate_at", message, Some("write it as RFC 3339 does: `2030-01-31T12:00:00Z`"));
        }
        Some(at) if at <= Timestamp::now() => {
            take.wrong("deprecate_at", format!("`{text}` has passed"), Some("name a moment that is to come"));
        }
        Some(at) if at.duration_since(Timestamp::now()) > jiff::SignedDuration::from_hours(24 * 3652) => {
            let help = "EC2 takes a moment of the next ten years";
            take.wrong("deprecate_at", format!("`{text}` is too far away"), Some(help));
        }
        Some(_) => {}
    }
    Some(text)
}

/// The protection against deregistration, where one is wanted.
fn protection(take: &mut Take<'_>) -> Option<Protection> {
    let blocks = take.blocks("deregistration_protection");
    let members = blocks.first()?;
    let known = ["enabled", "with_cooldown"];
    take.within("deregistration_protection", members, &known, |take| {
        let (enabled, cooldown) = (take.flag("enabled"), take.flag("with_cooldown"));
        (enabled || cooldown).then_some(Protection { cooldown })
    })
}
