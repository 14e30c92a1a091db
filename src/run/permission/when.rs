//! Which builds need a line of the table, and how many calls such a build makes by it.

use crate::run::build::{Device, Ebs, Key};
use crate::run::step::network::Wanted;

pub(super) fn no(_: &Ebs) -> u32 {
    0
}

pub(super) fn once(_: &Ebs) -> u32 {
    1
}

/// EC2 takes one attribute at a time.
pub(super) fn sharings(ebs: &Ebs) -> u32 {
    let i = &ebs.image;
    let launch = [&i.users, &i.groups, &i.org_arns, &i.ou_arns].iter().any(|list| !list.is_empty());
    u32::from(launch) + u32::from(!i.product_codes.is_empty()) + u32::from(i.imds_support.is_some())
}

pub(super) fn enhancements(ebs: &Ebs) -> u32 {
    u32::from(ebs.launch.sriov_support) + u32::from(ebs.launch.ena_support.is_some())
}

pub(super) fn taggings(ebs: &Ebs) -> u32 {
    u32::from(!ebs.image.tags.is_empty()) + u32::from(!ebs.image.snapshot_tags.is_empty())
}

pub(super) fn always(_: &Ebs) -> bool {
    true
}

pub(super) fn validates(ebs: &Ebs) -> bool {
    !ebs.access.skip_region_validation
}

pub(super) fn new_key(ebs: &Ebs) -> bool {
    matches!(ebs.key, Key::Temporary { .. })
}

pub(super) fn known_key(ebs: &Ebs) -> bool {
    matches!(ebs.key, Key::Known { .. } | Key::Own { name: Some(_), .. })
}

pub(super) fn connects(ebs: &Ebs) -> bool {
    ebs.ssh.is_some()
}

pub(super) fn new_group(ebs: &Ebs) -> bool {
    connects(ebs) && !ebs.network.has_groups()
}

pub(super) fn profile(ebs: &Ebs) -> bool {
    ebs.launch.iam_instance_profile.is_some()
}

pub(super) fn looks_at_profile(ebs: &Ebs) -> bool {
    profile(ebs) && !ebs.launch.skip_profile_validation
}

pub(super) fn of_snapshot(ebs: &Ebs) -> bool {
    ebs.launch.devices.iter().any(|d| d.snapshot_id.is_some())
}

pub(super) fn own_kms(ebs: &Ebs) -> bool {
    devices(ebs).any(|d| d.kms_key_id.is_some())
}

pub(super) fn stops(ebs: &Ebs) -> bool {
    !ebs.launch.disable_stop_instance && !spot(ebs)
}

pub(super) fn makes(ebs: &Ebs) -> bool {
    !ebs.image.skip_create
}

pub(super) fn enhanced(ebs: &Ebs) -> bool {
    makes(ebs) && (ebs.launch.sriov_support || ebs.launch.ena_support.is_some())
}

pub(super) fn replaces(ebs: &Ebs) -> bool {
    makes(ebs) && ebs.image.force_deregister
}

pub(super) fn forgets(ebs: &Ebs) -> bool {
    replaces(ebs) && ebs.image.force_delete_snapshot
}

pub(super) fn shares(ebs: &Ebs) -> bool {
    let i = &ebs.image;
    let lists = [&i.users, &i.groups, &i.org_arns, &i.ou_arns, &i.product_codes];
    makes(ebs) && (i.imds_support.is_some() || lists.iter().any(|list| !list.is_empty()))
}

pub(super) fn shares_snapshots(ebs: &Ebs) -> bool {
    makes(ebs) && !(ebs.image.snapshot_users.is_empty() && ebs.image.snapshot_groups.is_empty())
}

pub(super) fn tags(ebs: &Ebs) -> bool {
    makes(ebs) && !(ebs.image.tags.is_empty() && ebs.image.snapshot_tags.is_empty())
}

/// The devices of the machine, and of the image.
pub(super) fn devices(ebs: &Ebs) -> impl Iterator<Item = &Device> {
    ebs.launch.devices.iter().chain(&ebs.image.devices)
}

pub(super) fn decodes(ebs: &Ebs) -> bool {
    ebs.access.decode
}

/// Whether a VPC is looked for: one of a filter, or the default one, where a subnet has to be chosen of it.
pub(super) fn seeks_vpc(ebs: &Ebs) -> bool {
    let network = &ebs.network;
    let named = network.vpc.is_some() || network.subnet.is_some() || network.search.subnet.is_some();
    network.search.vpc.is_some() || !named && (network.public_address.is_some() || ebs.launch.ipv6)
}

/// Whether subnets are looked at: always, but where a group alone is looked for.
pub(super) fn seeks_subnet(ebs: &Ebs) -> bool {
    let mut wanted = Wanted::of(&ebs.network, &ebs.launch);
    wanted.network.search.groups = None;
    !wanted.is_open()
}

pub(super) fn seeks_groups(ebs: &Ebs) -> bool {
    ebs.network.search.groups.is_some()
}

pub(super) fn own_role(ebs: &Ebs) -> bool {
    ebs.launch.temporary_policy.is_some()
}

pub(super) fn spot(ebs: &Ebs) -> bool {
    ebs.launch.spot().is_some()
}

/// A fleet launches what is bought on the spot market.
pub(super) fn on_demand(ebs: &Ebs) -> u32 {
    u32::from(!spot(ebs))
}

pub(super) fn reserved(ebs: &Ebs) -> bool {
    ebs.launch.reservation.id.is_some()
}

pub(super) fn hosted(ebs: &Ebs) -> bool {
    ebs.launch.placement.host.is_some()
}

pub(super) fn by_arn(ebs: &Ebs) -> bool {
    arns(ebs).next().is_some()
}

/// What a launch names by its ARN.
pub(super) fn arns(ebs: &Ebs) -> impl Iterator<Item = &String> {
    let launch = &ebs.launch;
    launch.licenses.iter().chain(&launch.reservation.group).chain(&launch.placement.host_group)
}

/// Whether the machine becomes the image that stays.
pub(super) fn directly(ebs: &Ebs) -> bool {
    makes(ebs) && !ebs.image.is_by_copy()
}

pub(super) fn by_copy(ebs: &Ebs) -> bool {
    makes(ebs) && ebs.image.is_by_copy()
}

pub(super) fn encrypts_by_key(ebs: &Ebs) -> bool {
    makes(ebs) && image_keys(ebs).next().is_some()
}

/// The keys by which images are encrypted.
pub(super) fn image_keys(ebs: &Ebs) -> impl Iterator<Item = &str> {
    let own = ebs.access.region.as_str();
    ebs.image.places(own).filter_map(move |region| ebs.image.key_in(region, own))
}

pub(super) fn by_template(ebs: &Ebs) -> bool {
    makes(ebs) && ebs.image.fast_launch.as_ref().is_some_and(|fast| !fast.templates.is_empty())
}

pub(super) fn ages(ebs: &Ebs) -> bool {
    makes(ebs) && ebs.image.deprecate_at.is_some()
}

pub(super) fn protects(ebs: &Ebs) -> bool {
    makes(ebs) && ebs.image.protection.is_some()
}

/// Whether an image is protected that may still have to go.
pub(super) fn protects_early(ebs: &Ebs) -> bool {
    protects(ebs) && !cools(ebs)
}

/// Whether the protection lasts after its end: then it begins only where the image is final.
pub(super) fn cools(ebs: &Ebs) -> bool {
    makes(ebs) && ebs.image.protection.is_some_and(|protection| protection.cooldown)
}

/// Of an image that is to be protected with a cooldown it is only asked whether it may be.
pub(super) fn at_once(ebs: &Ebs) -> u32 {
    u32::from(protects_early(ebs))
}

/// Of the spot market: a machine is ended, and once more with its fleet.
pub(super) fn endings(ebs: &Ebs) -> u32 {
    1 + u32::from(spot(ebs))
}

/// The volumes of the plan's that outlive the machine, and go after it.
pub(super) fn outliving(ebs: &Ebs) -> u32 {
    let lasting = |d: &&Device| !d.delete_on_termination && !d.no_device && d.virtual_name.is_none();
    u32::try_from(ebs.launch.devices.iter().filter(lasting).count()).unwrap_or(u32::MAX)
}
