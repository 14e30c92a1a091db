//! The table: what each step may call, and so what a run must be allowed to do. A new call in a step is a new line here; tests compare
//! the table with what rehearsals call.
//!
//! Not in it: `sts:GetCallerIdentity`, which AWS answers to everyone.

use super::Asking::{Live, Made, Never, Run};
use super::Place::{All, Copies, Home};
use super::{On, Row};
use crate::run::build::{Ebs, Key};
use crate::run::step::Step;
use crate::run::step::copy::CopyImage;
use crate::run::step::enhance::Enhance;
use crate::run::step::former::{Deregister, Forget};
use crate::run::step::group::{MakeGroup, OpenGroup};
use crate::run::step::image::CreateImage;
use crate::run::step::key::ImportKey;
use crate::run::step::launch::{LaunchInstance, StopInstance};
use crate::run::step::publish::{Finish, Share};
use crate::run::step::source::FindSource;

/// What stands for the calls before all steps.
pub const PREFLIGHT: &str = "preflight";

/// What stands for the calls that renew leases meanwhile.
pub const LEASE: &str = "lease";

const ANYTHING: On = On::Anything;
const IMAGE: &[&str] = &["image"];
const IMAGES: &[&str] = &["image", "snapshot"];
const INSTANCE: &[&str] = &["instance"];
const SNAPSHOT: &[&str] = &["snapshot"];
const VOLUME: &[&str] = &["volume"];
const GROUP: &[&str] = &["security-group"];
const KEY_PAIR: &[&str] = &["key-pair"];
/// What tags are changed of.
const TAGGED: &[&str] = &["image", "instance", "key-pair", "security-group", "snapshot"];

/// Why nobody can be asked about keys of KMS.
const NO_KMS: &str = "a dry run of EC2's does not look at keys of KMS";

/// All permissions, by step.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    row(PREFLIGHT, "ec2:DescribeRegions", validates, Home, ANYTHING, no, Made),
    row(PREFLIGHT, "ec2:DescribeInstanceTypeOfferings", always, Home, ANYTHING, no, Live),
    row(PREFLIGHT, "iam:GetInstanceProfile", looks_at_profile, Home, On::Profile, no, Made),
    row(FindSource::NAME, "ec2:DescribeImages", always, All, ANYTHING, no, Made),

    row(ImportKey::NAME, "ec2:ImportKeyPair", new_key, Home, On::Made(KEY_PAIR), once, Live),
    row(ImportKey::NAME, "ec2:CreateTags", new_key, Home, On::Tags, no, Live),
    row(ImportKey::NAME, "ec2:DescribeKeyPairs", new_key, Home, ANYTHING, no, Live),
    row(ImportKey::NAME, "ec2:DeleteKeyPair", new_key, Home, On::Building(KEY_PAIR), once, Live),

    row(MakeGroup::NAME, "ec2:CreateSecurityGroup", new_group, Home, On::Made(GROUP), once, Live),
    row(MakeGroup::NAME, "ec2:CreateSecurityGroup", new_group, Home, On::There(&["vpc"]), no, Live),
    row(MakeGroup::NAME, "ec2:CreateTags", new_group, Home, On::Tags, no, Live),
    row(MakeGroup::NAME, "ec2:DescribeSecurityGroups", new_group, Home, ANYTHING, no, Live),
    row(MakeGroup::NAME, "ec2:DeleteSecurityGroup", new_group, Home, On::Building(GROUP), once, Live),
    row(OpenGroup::NAME, "ec2:AuthorizeSecurityGroupIngress", new_group, Home, On::Building(GROUP), once, Live),

    row(LaunchInstance::NAME, "ec2:RunInstances", always, Home, On::Made(&["instance", "network-interface", "volume"]), once, Made),
    row(LaunchInstance::NAME, "ec2:RunInstances", always, Home, On::There(&["image", "security-group", "subnet"]), no, Made),
    row(LaunchInstance::NAME, "ec2:RunInstances", new_key, Home, On::Building(KEY_PAIR), no, Made),
    row(LaunchInstance::NAME, "ec2:RunInstances", known_key, Home, On::There(KEY_PAIR), no, Made),
    row(LaunchInstance::NAME, "ec2:RunInstances", of_snapshot, Home, On::There(SNAPSHOT), no, Made),
    row(LaunchInstance::NAME, "ec2:CreateTags", always, Home, On::Tags, no, Made),
    row(LaunchInstance::NAME, "iam:PassRole", profile, Home, On::Role, no, Made),
    row(LaunchInstance::NAME, "ec2:DescribeInstances", always, Home, ANYTHING, no, Live),
    row(LaunchInstance::NAME, "ec2:TerminateInstances", always, Home, On::Building(INSTANCE), once, Run),
    row(LaunchInstance::NAME, "ec2:DescribeVolumes", always, Home, ANYTHING, no, Live),
    row(LaunchInstance::NAME, "ec2:DeleteVolume", always, Home, On::Building(VOLUME), no, Live),
    row(LaunchInstance::NAME, "ec2:GetConsoleOutput", connects, Home, On::Building(INSTANCE), no, Live),
    row(LaunchInstance::NAME, "kms:CreateGrant", own_kms, Home, On::Key, no, Never(NO_KMS)),
    row(LaunchInstance::NAME, "kms:Decrypt", own_kms, Home, On::Key, no, Never(NO_KMS)),
    row(LaunchInstance::NAME, "kms:DescribeKey", own_kms, Home, On::Key, no, Never(NO_KMS)),
    row(LaunchInstance::NAME, "kms:GenerateDataKeyWithoutPlaintext", own_kms, Home, On::Key, no, Never(NO_KMS)),
    row(LaunchInstance::NAME, "kms:ReEncryptFrom", own_kms, Home, On::Key, no, Never(NO_KMS)),
    row(LaunchInstance::NAME, "kms:ReEncryptTo", own_kms, Home, On::Key, no, Never(NO_KMS)),

    row(StopInstance::NAME, "ec2:StopInstances", stops, Home, On::Building(INSTANCE), once, Run),
    row(Enhance::NAME, "ec2:ModifyInstanceAttribute", enhanced, Home, On::Building(INSTANCE), enhancements, Run),

    row(Deregister::NAME, "ec2:DescribeImageAttribute", replaces, All, ANYTHING, no, Live),
    row(Deregister::NAME, "ec2:DeregisterImage", replaces, All, On::There(IMAGE), no, Run),
    row(Deregister::NAME, "ec2:RegisterImage", replaces, All, On::There(IMAGES), no, Live),
    row(Deregister::NAME, "ec2:CreateTags", replaces, All, On::Tags, no, Live),
    row(Deregister::NAME, "ec2:ModifyImageAttribute", replaces, All, On::There(IMAGE), no, Live),
    row(Deregister::NAME, "ec2:EnableImageDeprecation", replaces, All, On::There(IMAGE), no, Live),
    row(Forget::NAME, "ec2:DeleteSnapshot", forgets, All, On::There(SNAPSHOT), no, Run),

    row(CreateImage::NAME, "ec2:CreateImage", makes, Home, On::Made(IMAGES), once, Run),
    row(CreateImage::NAME, "ec2:CreateImage", makes, Home, On::Building(INSTANCE), no, Run),
    row(CreateImage::NAME, "ec2:CreateTags", makes, Home, On::Tags, no, Run),
    row(CreateImage::NAME, "ec2:DescribeSnapshots", makes, All, ANYTHING, no, Live),
    row(CreateImage::NAME, "ec2:DeregisterImage", makes, All, On::Building(IMAGE), no, Live),
    row(CreateImage::NAME, "ec2:DeleteSnapshot", makes, All, On::Building(SNAPSHOT), no, Live),

    row(CopyImage::NAME, "ec2:CopyImage", makes, Copies, On::Made(IMAGES), once, Run),
    row(CopyImage::NAME, "ec2:CopyImage", makes, Copies, On::Building(IMAGES), no, Run),
    row(CopyImage::NAME, "ec2:CreateTags", makes, Copies, On::Tags, no, Run),

    row(Share::NAME, "ec2:ModifyImageAttribute", shares, All, On::Building(IMAGE), sharings, Run),
    row(Share::NAME, "ec2:ModifySnapshotAttribute", shares_snapshots, All, On::Building(SNAPSHOT), once, Run),
    row(Share::NAME, "ec2:CreateTags", tags, All, On::Ours(TAGGED), taggings, Run),
    row(Finish::NAME, "ec2:CreateTags", makes, All, On::Ours(TAGGED), once, Run),
    row(LEASE, "ec2:CreateTags", always, Home, On::Ours(TAGGED), no, Run),
];

const fn row(
    step: &'static str,
    action: &'static str,
    when: fn(&Ebs) -> bool,
    place: super::Place,
    on: On,
    calls: fn(&Ebs) -> u32,
    asked: super::Asking,
) -> Row {
    Row { step, action, when, place, on, calls, asked }
}

fn no(_: &Ebs) -> u32 {
    0
}

fn once(_: &Ebs) -> u32 {
    1
}

/// EC2 takes one attribute at a time.
fn sharings(ebs: &Ebs) -> u32 {
    let i = &ebs.image;
    let launch = [&i.users, &i.groups, &i.org_arns, &i.ou_arns].iter().any(|list| !list.is_empty());
    u32::from(launch) + u32::from(!i.product_codes.is_empty()) + u32::from(i.imds_support.is_some())
}

fn enhancements(ebs: &Ebs) -> u32 {
    u32::from(ebs.launch.sriov_support) + u32::from(ebs.launch.ena_support.is_some())
}

fn taggings(ebs: &Ebs) -> u32 {
    u32::from(!ebs.image.tags.is_empty()) + u32::from(!ebs.image.snapshot_tags.is_empty())
}

fn always(_: &Ebs) -> bool {
    true
}

fn validates(ebs: &Ebs) -> bool {
    !ebs.access.skip_region_validation
}

fn new_key(ebs: &Ebs) -> bool {
    matches!(ebs.key, Key::Temporary { .. })
}

fn known_key(ebs: &Ebs) -> bool {
    matches!(ebs.key, Key::Known { .. } | Key::Own { name: Some(_), .. })
}

fn connects(ebs: &Ebs) -> bool {
    ebs.ssh.is_some()
}

fn new_group(ebs: &Ebs) -> bool {
    connects(ebs) && ebs.network.groups.is_empty()
}

fn profile(ebs: &Ebs) -> bool {
    ebs.launch.iam_instance_profile.is_some()
}

fn looks_at_profile(ebs: &Ebs) -> bool {
    profile(ebs) && !ebs.launch.skip_profile_validation
}

fn of_snapshot(ebs: &Ebs) -> bool {
    ebs.launch.devices.iter().any(|d| d.snapshot_id.is_some())
}

fn own_kms(ebs: &Ebs) -> bool {
    ebs.launch.devices.iter().any(|d| d.kms_key_id.is_some())
}

fn stops(ebs: &Ebs) -> bool {
    !ebs.launch.disable_stop_instance
}

fn makes(ebs: &Ebs) -> bool {
    !ebs.image.skip_create
}

fn enhanced(ebs: &Ebs) -> bool {
    makes(ebs) && (ebs.launch.sriov_support || ebs.launch.ena_support.is_some())
}

fn replaces(ebs: &Ebs) -> bool {
    makes(ebs) && ebs.image.force_deregister
}

fn forgets(ebs: &Ebs) -> bool {
    replaces(ebs) && ebs.image.force_delete_snapshot
}

fn shares(ebs: &Ebs) -> bool {
    let i = &ebs.image;
    let lists = [&i.users, &i.groups, &i.org_arns, &i.ou_arns, &i.product_codes];
    makes(ebs) && (i.imds_support.is_some() || lists.iter().any(|list| !list.is_empty()))
}

fn shares_snapshots(ebs: &Ebs) -> bool {
    makes(ebs) && !(ebs.image.snapshot_users.is_empty() && ebs.image.snapshot_groups.is_empty())
}

fn tags(ebs: &Ebs) -> bool {
    makes(ebs) && !(ebs.image.tags.is_empty() && ebs.image.snapshot_tags.is_empty())
}
