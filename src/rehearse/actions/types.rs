//! Instance types, from the facts that the compiler has too.

use super::{Action, Answer, Call, ec2};
use crate::facts::{Facts, InstanceType};
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::{DRY_RUN, FILTERS, Filters, Of, PAGES, page};
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[
    ec2("DescribeInstanceTypes", &[DRY_RUN, FILTERS, PAGES, &["InstanceType.N"]], describe_instance_types),
    ec2(
        "DescribeInstanceTypeOfferings",
        &[DRY_RUN, FILTERS, PAGES, &["LocationType"]],
        describe_instance_type_offerings,
    ),
];

type Type = InstanceType<'static>;

/// The types that a region offers; all where the facts know nothing of the region.
pub(super) fn offered(region: &str) -> impl Iterator<Item = Type> {
    Facts::builtin().types().filter(move |t| t.offered_in(region).unwrap_or(true))
}

fn words(words: crate::facts::Words<'_>) -> Vec<String> {
    words.iter().map(str::to_string).collect()
}

const TYPE_FILTERS: &[Of<Type>] = &[
    ("instance-type", |_, t| vec![t.name.to_string()]),
    ("current-generation", |_, t| vec![t.current.to_string()]),
    ("hypervisor", |_, t| vec![if t.hypervisor == "xen" { "xen" } else { "nitro" }.to_string()]),
    ("bare-metal", |_, t| vec![(t.hypervisor == "metal").to_string()]),
    ("processor-info.supported-architecture", |_, t| words(t.architectures)),
    ("supported-virtualization-type", |_, t| words(t.virtualization)),
    ("supported-root-device-type", |_, t| words(t.root_devices)),
    ("supported-boot-mode", |_, t| words(t.boot_modes)),
    ("supported-usage-class", |_, t| words(t.usage_classes)),
    ("network-info.ena-support", |_, t| vec![t.ena.to_string()]),
    ("vcpu-info.default-vcpus", |_, t| vec![t.vcpus.to_string()]),
    ("memory-info.size-in-mib", |_, t| vec![t.memory_mib.to_string()]),
    ("instance-storage-supported", |_, t| vec![(t.instance_store_gb > 0).to_string()]),
];

fn describe_instance_types(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, TYPE_FILTERS, false)?;
    let names = call.params.list("InstanceType");
    let view = call.view();
    let known: Vec<Type> = offered(view.region.name).collect();
    let unknown: Vec<&str> = names.iter().copied().filter(|name| !known.iter().any(|t| t.name == *name)).collect();
    if !unknown.is_empty() {
        let list = unknown.join(", ");
        return Err(ApiError::new(
            "InvalidInstanceType",
            format!("The following supplied instance types do not exist: [{list}]"),
        ));
    }
    let wanted = |t: &Type| (names.is_empty() || names.contains(&t.name)) && filters.pass(&view, TYPE_FILTERS, "", t);
    let (items, next) = page(call.params, known.into_iter().filter(wanted).collect(), 5, 100)?;
    let fields = items.into_iter().map(|t| {
        let hypervisor = (t.hypervisor != "metal").then_some(t.hypervisor);
        let ebs = Fields::new().put("ebsOptimizedSupport", t.ebs_optimized).put("encryptionSupport", "supported");
        let storage = match t.instance_store_gb {
            0 => Fields::default(),
            size => Fields::new().put("totalSizeInGB", size),
        };
        let enclaves = if t.nitro_enclaves { "supported" } else { "unsupported" };
        let fields = Fields::new()
            .put("instanceType", t.name)
            .put("currentGeneration", t.current)
            .words("supportedUsageClasses", t.usage_classes.iter())
            .words("supportedRootDeviceTypes", t.root_devices.iter())
            .words("supportedVirtualizationTypes", t.virtualization.iter())
            .words("supportedBootModes", t.boot_modes.iter())
            .put("bareMetal", t.hypervisor == "metal")
            .opt("hypervisor", hypervisor)
            .node("processorInfo", Fields::new().words("supportedArchitectures", t.architectures.iter()))
            .node("vCpuInfo", Fields::new().put("defaultVCpus", t.vcpus))
            .node("memoryInfo", Fields::new().put("sizeInMiB", t.memory_mib))
            .put("instanceStorageSupported", t.instance_store_gb > 0)
            .node("ebsInfo", ebs)
            .node("networkInfo", Fields::new().put("enaSupport", t.ena))
            .put("nitroEnclavesSupport", enclaves);
        if t.instance_store_gb > 0 { fields.node("instanceStorageInfo", storage) } else { fields }
    });
    Ok(Fields::new().set("instanceTypeSet", fields).opt("nextToken", next))
}

/// A type at a place.
type Offer = (Type, String);

const OFFER_FILTERS: &[Of<Offer>] =
    &[("instance-type", |_, o| vec![o.0.name.to_string()]), ("location", |_, o| vec![o.1.clone()])];

fn describe_instance_type_offerings(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, OFFER_FILTERS, false)?;
    let kinds = ["region", "availability-zone", "availability-zone-id"];
    let kind = call.params.word("LocationType", &kinds)?.unwrap_or("region");
    let view = call.view();
    let places: Vec<String> = match kind {
        "region" => vec![view.region.name.to_string()],
        "availability-zone" => view.region.zones(),
        _ => view.region.default_subnets().map(|subnet| subnet.zone_id.clone()).collect(),
    };
    let offers = offered(view.region.name).flat_map(|t| places.iter().map(move |place| (t, place.clone())));
    let offers = offers.filter(|offer| filters.pass(&view, OFFER_FILTERS, "", offer)).collect();
    let (items, next) = page(call.params, offers, 5, 1000)?;
    let fields = items
        .into_iter()
        .map(|(t, place)| Fields::new().put("instanceType", t.name).put("locationType", kind).put("location", place));
    Ok(Fields::new().set("instanceTypeOfferingSet", fields).opt("nextToken", next))
}
