//! What of an image does not go together: Packer's own rules, and what AWS refuses in any case.
//!
//! The prelude has the same rules for programs; here they hold for plans that somebody else wrote.

use super::super::options::Take;
use crate::run::build::Image;
use crate::run::line::ebs::DESCRIPTION;

/// Keys of regions: those of all copies, or of none.
pub(super) fn keys(take: &mut Take<'_>, regions: &[String]) {
    const OPTION: &str = "region_kms_key_ids";
    let keys = take.pairs_early(OPTION);
    for (region, _) in keys.iter().filter(|(region, _)| !regions.contains(region)) {
        let message = format!("`{OPTION}` names `{region}`, which `ami_regions` lacks");
        take.wrong(OPTION, message, Some("name the region in `ami_regions`, or leave its key out"));
    }
    for region in regions.iter().filter(|_| !keys.is_empty()) {
        if !keys.iter().any(|(known, _)| known == region) {
            let message = format!("`{OPTION}` has no key for `{region}`");
            take.wrong(OPTION, message, Some("add it; an empty text is the region's default key"));
        }
    }
}

/// The image as a whole.
pub(super) fn image(take: &mut Take<'_>, image: &Image) {
    encryption(take, image);
    sharing(take, image);
    if image.skip_build_region && image.regions.is_empty() && !image.skip_create {
        let message = "`skip_save_build_region` keeps no image here, and `ami_regions` names no other region";
        take.wrong("skip_save_build_region", message, Some("name the regions that get an image in `ami_regions`"));
    }
    if image.description.chars().count() > DESCRIPTION && !image.description.contains("{{") {
        let message = format!("the description of an image has at most {DESCRIPTION} characters");
        take.wrong("ami_description", message, None);
    }
    for (option, groups) in [("ami_groups", &image.groups), ("snapshot_groups", &image.snapshot_groups)] {
        if let Some(other) = groups.iter().find(|group| *group != "all") {
            take.wrong(option, format!("there is no group `{other}`"), Some("the only group is `all`"));
        }
    }
    for (option, arns) in [("ami_org_arns", &image.org_arns), ("ami_ou_arns", &image.ou_arns)] {
        if let Some(other) = arns.iter().find(|arn| !arn.starts_with("arn:")) {
            let help = "such as `arn:aws:organizations::123456789012:organization/o-abcdefghij`";
            take.wrong(option, format!("`{other}` is no ARN"), Some(help));
        }
    }
}

/// Keys are for what is encrypted.
fn encryption(take: &mut Take<'_>, image: &Image) {
    let named = image.key.iter().map(|key| ("kms_key_id", key));
    let named: Vec<_> = named.chain(image.region_keys.iter().map(|(_, key)| ("region_kms_key_ids", key))).collect();
    let named: Vec<_> = named.into_iter().filter(|(_, key)| !key.is_empty()).collect();
    if let Some((option, _)) = named.first().filter(|_| image.encrypt != Some(true)) {
        take.wrong(option, "a KMS key needs `encrypt_boot = true`", Some("set it, or leave the key out"));
    }
    for (option, key) in named.into_iter().filter(|(_, key)| !is_key(key)) {
        let help = "write its id, `mrk-…`, `alias/…` or an ARN";
        take.wrong(option, format!("`{key}` names no KMS key"), Some(help));
    }
}

/// Whether a text names a KMS key: as loosely as Packer does, which takes ids of any length.
pub(in super::super) fn is_key(text: &str) -> bool {
    let (name, alone) = match text.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", partition, "kms", _, account, name] if partition.starts_with("aws") && account.len() == 12 => {
            (name, false)
        }
        _ => (text, true),
    };
    if let Some(alias) = name.strip_prefix("alias/") {
        let fine = |c: char| c.is_ascii_alphanumeric() || ":/_-".contains(c);
        return !alias.is_empty() && alias.chars().all(fine);
    }
    let id = if alone { Some(name) } else { name.strip_prefix("key/") };
    let id = id.map(|id| id.strip_prefix("mrk-").unwrap_or(id)).unwrap_or_default();
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    id.len() > 1 && id.starts_with(|c: char| c.is_ascii() && hex(c as u8)) && id.bytes().all(|b| hex(b) || b == b'-')
}

/// What a default key encrypts is for the account alone, and nothing that is encrypted is for everybody.
fn sharing(take: &mut Take<'_>, image: &Image) {
    let all = [
        ("ami_users", &image.users),
        ("ami_org_arns", &image.org_arns),
        ("ami_ou_arns", &image.ou_arns),
        ("snapshot_users", &image.snapshot_users),
    ];
    if let Some((option, _)) = all.iter().find(|(_, users)| !users.is_empty()) {
        if image.encrypt == Some(true) && image.key.is_none() && image.region_keys.is_empty() {
            let message = "what the account's default KMS key encrypts cannot be shared";
            take.wrong(option, message, Some("choose a key by `kms_key_id`"));
        }
        if image.region_keys.iter().any(|(_, key)| key.is_empty()) {
            let message = "what a region's default KMS key encrypts cannot be shared";
            take.wrong(option, message, Some("name a key for every region in `region_kms_key_ids`"));
        }
    }
    if image.encrypt == Some(true) {
        for (option, groups) in [("ami_groups", &image.groups), ("snapshot_groups", &image.snapshot_groups)] {
            if !groups.is_empty() {
                take.wrong(
                    option,
                    "an encrypted image cannot be public",
                    Some("share it with accounts by `ami_users`"),
                );
            }
        }
    }
}
