//! What images are like.

use std::sync::Arc;

use super::{Action, Answer, Call, block_devices, ec2, no_image, tag_set};
use crate::rehearse::filter::{DRY_RUN, FILTERS, Filters, Of, PAGES, View, page};
use crate::rehearse::world::ACCOUNT;
use crate::rehearse::world::image::{Image, ImageState, MappingSource};
use crate::rehearse::world::storage::Ebs;
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[ec2(
    "DescribeImages",
    &[DRY_RUN, FILTERS, PAGES, &["ImageId.N", "Owner.N", "ExecutableBy.N", "IncludeDeprecated", "IncludeDisabled"]],
    describe_images,
)];

fn ebs(image: &Image, value: impl Fn(&Ebs) -> Option<String>) -> Vec<String> {
    let of = image.mappings.iter().filter_map(|mapping| match &mapping.source {
        MappingSource::Ebs(ebs) => value(ebs),
        MappingSource::Virtual(_) => None,
    });
    of.collect()
}

const IMAGE_FILTERS: &[Of<Image>] = &[
    ("image-id", |_, i| vec![i.id.clone()]),
    ("name", |_, i| vec![i.name.clone()]),
    ("state", |_, i| vec![i.state().to_string()]),
    ("owner-id", |_, i| vec![i.owner.clone()]),
    ("owner-alias", |_, i| i.owner_alias.map(str::to_string).into_iter().collect()),
    ("architecture", |_, i| vec![i.architecture.clone()]),
    ("virtualization-type", |_, i| vec![i.virtualization.clone()]),
    ("root-device-type", |_, i| vec![i.root_kind.to_string()]),
    ("root-device-name", |_, i| vec![i.root_device.clone()]),
    ("description", |_, i| i.description.clone().into_iter().collect()),
    ("creation-date", |_, i| vec![i.created.clone()]),
    ("is-public", |_, i| vec![i.public.to_string()]),
    ("platform", |_, i| i.platform.map(str::to_string).into_iter().collect()),
    ("image-type", |_, _| vec!["machine".to_string()]),
    ("hypervisor", |_, _| vec!["xen".to_string()]),
    ("manifest-location", |_, i| vec![i.location.clone()]),
    ("ena-support", |_, i| vec![i.ena.to_string()]),
    ("sriov-net-support", |_, i| if i.sriov { vec!["simple".to_string()] } else { Vec::new() }),
    ("kernel-id", |_, i| i.kernel.clone().into_iter().collect()),
    ("ramdisk-id", |_, i| i.ramdisk.clone().into_iter().collect()),
    ("product-code", |_, i| i.product_codes.iter().cloned().collect()),
    ("source-instance-id", |_, i| i.source_instance.clone().into_iter().collect()),
    ("source-image-id", |_, i| i.source_image.iter().map(|(id, _)| id.clone()).collect()),
    ("source-image-region", |_, i| i.source_image.iter().map(|(_, region)| region.clone()).collect()),
    ("block-device-mapping.snapshot-id", |_, i| ebs(i, |e| e.snapshot.clone())),
    ("block-device-mapping.volume-type", |_, i| ebs(i, |e| Some(e.kind.clone()))),
    ("block-device-mapping.volume-size", |_, i| ebs(i, |e| Some(e.size.to_string()))),
    ("block-device-mapping.encrypted", |_, i| ebs(i, |e| Some(e.encrypted.to_string()))),
    ("block-device-mapping.delete-on-termination", |_, i| ebs(i, |e| Some(e.delete.to_string()))),
    ("block-device-mapping.device-name", |_, i| i.mappings.iter().map(|m| m.device.clone()).collect()),
];

/// Whether this account may launch it.
pub(super) fn may_use(image: &Image) -> bool {
    image.owner == ACCOUNT || image.public || image.users.contains(ACCOUNT)
}

fn owned(image: &Image, owner: &str) -> bool {
    owner == image.owner || (owner == "self" && image.owner == ACCOUNT) || image.owner_alias == Some(owner)
}

fn executable(image: &Image, who: &str) -> bool {
    match who {
        "all" => image.public,
        "self" => image.owner == ACCOUNT || image.users.contains(ACCOUNT),
        account => image.users.contains(account),
    }
}

fn describe_images(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, IMAGE_FILTERS, true)?;
    let (ids, owners) = (call.params.list("ImageId"), call.params.list("Owner"));
    let executors = call.params.list("ExecutableBy");
    super::owners(&owners, &["self", "amazon", "aws-backup-vault", "aws-marketplace", "microsoft"])?;
    super::owners(&executors, &["self", "all"])?;
    let deprecated = call.params.flag("IncludeDeprecated")? == Some(true);
    let disabled = call.params.flag("IncludeDisabled")? == Some(true);
    let view = call.view();
    let may = |image: &&Arc<Image>| view.world.sees(image.born) && may_use(image);
    if let Some(id) = ids.iter().find(|id| view.region.images.get(id).filter(may).is_none()) {
        return Err(no_image(id));
    }
    let now = view.world.clock.iso(view.now);
    // A deprecated image is shown to its owner, to who knows its id, and to who asks.
    let current = |i: &Image| i.deprecated.as_ref().is_none_or(|at| *at > now) || i.owner == ACCOUNT;
    let wanted = |i: &&Arc<Image>| {
        (ids.is_empty() || ids.contains(&i.id.as_str()))
            && (deprecated || !ids.is_empty() || current(i))
            && (disabled || i.state != ImageState::Disabled)
            && (owners.is_empty() || owners.iter().any(|owner| owned(i, owner)))
            && (executors.is_empty() || executors.iter().any(|who| executable(i, who)))
    };
    let shadows = view.region.shadows.iter().map(|(image, _)| image).filter(|_| ids.is_empty());
    let all = view.region.images.values().chain(shadows).filter(may).filter(wanted);
    let found = all.filter(|i| filters.pass(&view, IMAGE_FILTERS, &i.id, i.as_ref())).collect();
    let (items, next) = page(call.params, found, 1, 1000)?;
    Ok(Fields::new().set("imagesSet", items.into_iter().map(|i| shown(&view, i))).opt("nextToken", next))
}

fn shown(view: &View<'_>, i: &Image) -> Fields {
    let mut fields = Fields::new()
        .put("imageId", &i.id)
        .put("imageLocation", &i.location)
        .put("imageState", i.state())
        .put("imageOwnerId", &i.owner)
        .put("creationDate", &i.created)
        .put("isPublic", i.public)
        .set(
            "productCodes",
            i.product_codes.iter().map(|code| Fields::new().put("productCode", code).put("type", "devpay")),
        )
        .put("architecture", &i.architecture)
        .put("imageType", "machine")
        .opt("kernelId", i.kernel.as_ref())
        .opt("ramdiskId", i.ramdisk.as_ref())
        .opt("platform", i.platform);
    if i.sriov {
        fields = fields.put("sriovNetSupport", "simple");
    }
    if let ImageState::Failed(reason) = &i.state {
        fields = fields.node("stateReason", Fields::new().put("code", "Server.InternalError").put("message", reason));
    }
    let (source, from) = match &i.source_image {
        Some((id, region)) => (Some(id), Some(region)),
        None => (None, None),
    };
    fields = fields
        .put("name", &i.name)
        .opt("description", i.description.as_ref())
        .put("rootDeviceType", i.root_kind)
        .put("rootDeviceName", &i.root_device)
        .set("blockDeviceMapping", block_devices::shown(&i.mappings))
        .put("virtualizationType", &i.virtualization);
    fields = tag_set(fields, view.world.tags(view.region, &i.id));
    fields
        .put("hypervisor", "xen")
        .put("enaSupport", i.ena)
        .opt("imageOwnerAlias", i.owner_alias)
        .put("platformDetails", if i.platform.is_some() { "Windows" } else { "Linux/UNIX" })
        .put("usageOperation", if i.platform.is_some() { "RunInstances:0002" } else { "RunInstances" })
        .opt("bootMode", i.boot_mode.as_ref())
        .opt("tpmSupport", i.tpm.as_ref())
        .opt("imdsSupport", i.imds.as_ref())
        .opt("deprecationTime", i.deprecated.as_ref())
        .opt("sourceInstanceId", i.source_instance.as_ref())
        .opt("sourceImageId", source)
        .opt("sourceImageRegion", from)
        .put("deregistrationProtection", i.protection(view.now))
}
