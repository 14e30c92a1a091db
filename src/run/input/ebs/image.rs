//! The image that an EBS build makes.

use super::super::options::Take;
use super::super::{Inputs, block};
use crate::run::build::Image;

/// The image.
pub(super) fn image(take: &mut Take<'_>, inputs: &Inputs) -> Image {
    let name = take.text("ami_name").unwrap_or_default();
    if name.is_empty() {
        take.wrong("ami_name", "an image needs an `ami_name`", None);
    }
    // That the machine's tags are not copied is what this asks for.
    take.flag("skip_ami_run_tags");
    // `false` asks for something too: an image that is not encrypted, of one that may be.
    if take.choice("encrypt_boot").is_some() {
        take.unexecuted("encrypt_boot");
    }
    let tags = block::all_tags(take, "tags", "tag");
    let snapshot_tags = block::all_tags(take, "snapshot_tags", "snapshot_tag");
    let own = take
        .text("region")
        .or_else(|| take.environment("AWS_REGION"))
        .or_else(|| take.environment("AWS_DEFAULT_REGION"));
    let mut regions = take.list("ami_regions");
    regions.retain(|region| Some(region) != own.as_ref());
    let mut seen = std::collections::BTreeSet::new();
    regions.retain(|region| seen.insert(region.clone()));
    Image {
        name,
        description: take.late("ami_description").unwrap_or_default(),
        devices: block::devices(take, "ami_block_device_mappings"),
        tags,
        snapshot_tags,
        users: take.list("ami_users"),
        groups: take.list("ami_groups"),
        org_arns: take.list("ami_org_arns"),
        ou_arns: take.list("ami_ou_arns"),
        product_codes: take.list("ami_product_codes"),
        snapshot_users: take.list("snapshot_users"),
        snapshot_groups: take.list("snapshot_groups"),
        imds_support: take.text("imds_support"),
        regions,
        force_deregister: take.flag("force_deregister") || inputs.force,
        force_delete_snapshot: take.flag("force_delete_snapshot"),
        skip_create: take.flag("skip_create_ami"),
    }
}
