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
    row(PREFLIGHT, "ec2:DescribeRegions", validates, Home, ANYTHING, 0, Made),
    row(PREFLIGHT, "ec2:DescribeInstanceTypeOfferings", always, Home, ANYTHING, 0, Live),
    row(FindSource::NAME, "ec2:DescribeImages", always, All, ANYTHING, 0, Made),

    row(ImportKey::NAME, "ec2:ImportKeyPair", new_key, Home, On::Made(KEY_PAIR), 1, Live),
    row(ImportKey::NAME, "ec2:CreateTags", new_key, Home, On::Tags, 0, Live),
    row(ImportKey::NAME, "ec2:DescribeKeyPairs", new_key, Home, ANYTHING, 0, Live),
    row(ImportKey::NAME, "ec2:DeleteKeyPair", new_key, Home, On::Building(KEY_PAIR), 1, Live),

    row(MakeGroup::NAME, "ec2:CreateSecurityGroup", new_group, Home, On::Made(GROUP), 1, Live),
    row(MakeGroup::NAME, "ec2:CreateSecurityGroup", new_group, Home, On::There(&["vpc"]), 0, Live),
    row(MakeGroup::NAME, "ec2:CreateTags", new_group, Home, On::Tags, 0, Live),
    row(MakeGroup::NAME, "ec2:DescribeSecurityGroups", new_group, Home, ANYTHING, 0, Live),
    row(MakeGroup::NAME, "ec2:DeleteSecurityGroup", new_group, Home, On::Building(GROUP), 1, Live),
    row(OpenGroup::NAME, "ec2:AuthorizeSecurityGroupIngress", new_group, Home, On::Building(GROUP), 1, Live),

    row(LaunchInstance::NAME, "ec2:RunInstances", always, Home, On::Made(&["instance", "network-interface", "volume"]), 1, Made),
    row(LaunchInstance::NAME, "ec2:RunInstances", always, Home, On::There(&["image", "security-group", "subnet"]), 0, Made),
    row(LaunchInstance::NAME, "ec2:RunInstances", new_key, Home, On::Building(KEY_PAIR), 0, Made),
    row(LaunchInstance::NAME, "ec2:RunInstances", known_key, Home, On::There(KEY_PAIR), 0, Made),
    row(LaunchInstance::NAME, "ec2:RunInstances", of_snapshot, Home, On::There(SNAPSHOT), 0, Made),
    row(LaunchInstance::NAME, "ec2:CreateTags", always, Home, On::Tags, 0, Made),
    row(LaunchInstance::NAME, "iam:PassRole", profile, Home, On::Role, 0, Made),
    row(LaunchInstance::NAME, "ec2:DescribeInstances", always, Home, ANYTHING, 0, Live),
    row(LaunchInstance::NAME, "ec2:TerminateInstances", always, Home, On::Building(INSTANCE), 1, Run),
    row(LaunchInstance::NAME, "ec2:DescribeVolumes", always, Home, ANYTHING, 0, Live),
    row(LaunchInstance::NAME, "ec2:DeleteVolume", always, Home, On::Building(VOLUME), 0, Live),
    row(LaunchInstance::NAME, "ec2:GetConsoleOutput", connects, Home, On::Building(INSTANCE), 0, Live),
    row(LaunchInstance::NAME, "kms:CreateGrant", own_kms, Home, On::Key, 0, Never(NO_KMS)),
    row(LaunchInstance::NAME, "kms:Decrypt", own_kms, Home, On::Key, 0, Never(NO_KMS)),
    row(LaunchInstance::NAME, "kms:DescribeKey", own_kms, Home, On::Key, 0, Never(NO_KMS)),
    row(LaunchInstance::NAME, "kms:GenerateDataKeyWithoutPlaintext", own_kms, Home, On::Key, 0, Never(NO_KMS)),
    row(LaunchInstance::NAME, "kms:ReEncryptFrom", own_kms, Home, On::Key, 0, Never(NO_KMS)),
    row(LaunchInstance::NAME, "kms:ReEncryptTo", own_kms, Home, On::Key, 0, Never(NO_KMS)),

    row(StopInstance::NAME, "ec2:StopInstances", stops, Home, On::Building(INSTANCE), 1, Run),
    row(Enhance::NAME, "ec2:ModifyInstanceAttribute", enhanced, Home, On::Building(INSTANCE), 1, Run),

    row(Deregister::NAME, "ec2:DescribeImageAttribute", replaces, All, ANYTHING, 0, Live),
    row(Deregister::NAME, "ec2:DeregisterImage", replaces, All, On::There(IMAGE), 0, Run),
    row(Deregister::NAME, "ec2:RegisterImage", replaces, All, On::There(IMAGES), 0, Live),
    row(Deregister::NAME, "ec2:CreateTags", replaces, All, On::Tags, 0, Live),
    row(Deregister::NAME, "ec2:ModifyImageAttribute", replaces, All, On::There(IMAGE), 0, Live),
    row(Deregister::NAME, "ec2:EnableImageDeprecation", replaces, All, On::There(IMAGE), 0, Live),
    row(Forget::NAME, "ec2:DeleteSnapshot", forgets, All, On::There(SNAPSHOT), 0, Run),

    row(CreateImage::NAME, "ec2:CreateImage", makes, Home, On::Made(IMAGES), 1, Run),
    row(CreateImage::NAME, "ec2:CreateImage", makes, Home, On::Building(INSTANCE), 0, Run),
    row(CreateImage::NAME, "ec2:CreateTags", makes, Home, On::Tags, 0, Run),
    row(CreateImage::NAME, "ec2:DescribeSnapshots", makes, All, ANYTHING, 0, Live),
    row(CreateImage::NAME, "ec2:DeregisterImage", makes, All, On::Building(IMAGE), 0, Live),
    row(CreateImage::NAME, "ec2:DeleteSnapshot", makes, All, On::Building(SNAPSHOT), 0, Live),

    row(CopyImage::NAME, "ec2:CopyImage", makes, Copies, On::Made(IMAGES), 1, Run),
    row(CopyImage::NAME, "ec2:CopyImage", makes, Copies, On::Building(IMAGES), 0, Run),
    row(CopyImage::NAME, "ec2:CreateTags", makes, Copies, On::Tags, 0, Run),

    row(Share::NAME, "ec2:ModifyImageAttribute", shares, All, On::Building(IMAGE), 1, Run),
    row(Share::NAME, "ec2:ModifySnapshotAttribute", shares_snapshots, All, On::Building(SNAPSHOT), 1, Run),
    row(Share::NAME, "ec2:CreateTags", tags, All, On::Ours(TAGGED), 1, Run),
    row(Finish::NAME, "ec2:CreateTags", makes, All, On::Ours(TAGGED), 1, Run),
    row(LEASE, "ec2:CreateTags", always, Home, On::Ours(TAGGED), 0, Run),
];

const fn row(
    step: &'static str,
    action: &'static str,
    when: fn(&Ebs) -> bool,
    place: super::Place,
    on: On,
    calls: u32,
    asked: super::Asking,
) -> Row {
    Row { step, action, when, place, on, calls, asked }
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
