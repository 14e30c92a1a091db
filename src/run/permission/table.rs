//! The table: what each step may call, and so what a run must be allowed to do. A new call in a step is a new line here; tests compare
//! the table with what the steps' code calls, and with what rehearsals call.
//!
//! Not in it: `sts:GetCallerIdentity`, which AWS answers to everyone. Neighbour: `when` says which builds need a line.

use super::Asking::{Live, Made, Never, Run};
use super::Place::{All, Copies, Home, Images, Quick};
use super::when::*;
use super::{On, Row};
use crate::run::build::Ebs;
use crate::run::step::Step;
use crate::run::step::copy::CopyImage;
use crate::run::step::enhance::Enhance;
use crate::run::step::fast_launch::Quicken;
use crate::run::step::fleet::{MakeTemplate, RequestFleet};
use crate::run::step::former::{Deregister, Forget};
use crate::run::step::group::{MakeGroup, OpenGroup};
use crate::run::step::image::CreateImage;
use crate::run::step::intermediary::Intermediary;
use crate::run::step::key::ImportKey;
use crate::run::step::launch::{LaunchInstance, StopInstance};
use crate::run::step::network::FindNetwork;
use crate::run::step::protect::Protect;
use crate::run::step::publish::{Finish, Share};
use crate::run::step::role::{AttachRole, MakeProfile, MakeRole, PutPolicy};
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
const FLEET: &[&str] = &["fleet"];
const TEMPLATE: &[&str] = &["launch-template"];
const REQUEST: &[&str] = &["spot-instances-request"];
const ROLE: &[&str] = &["role"];
const PROFILE: &[&str] = &["instance-profile"];
/// What a launch makes; the tags of the run are on all of it.
const MACHINE: &[&str] = &["instance", "network-interface", "volume"];
/// What tags are changed of.
const TAGGED: &[&str] = &["image", "instance", "key-pair", "security-group", "snapshot"];
/// What a fleet uses and makes by its template. The launch itself says what of it must have tags.
const LAUNCHED: &[&str] = &[
    "image",
    "instance",
    "key-pair",
    "network-interface",
    "security-group",
    "snapshot",
    "spot-instances-request",
    "subnet",
    "volume",
];

/// Why nobody can be asked about keys of KMS.
const NO_KMS: &str = "a dry run of EC2's does not look at keys of KMS";

/// Why nobody can be asked about what IAM makes and deletes.
const NO_IAM: &str = "IAM has no dry runs; the role is made before the machine";

/// All permissions, by step.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    row(PREFLIGHT, "ec2:DescribeRegions", validates, Home, ANYTHING, no, Made),
    row(PREFLIGHT, "ec2:DescribeInstanceTypeOfferings", always, Home, ANYTHING, no, Live),
    row(PREFLIGHT, "iam:GetInstanceProfile", looks_at_profile, Home, On::Profile, no, Made),
    row(PREFLIGHT, "sts:DecodeAuthorizationMessage", decodes, Home, On::Refusal, no, Live),
    row(FindSource::NAME, "ec2:DescribeImages", always, All, ANYTHING, no, Made),

    row(FindNetwork::NAME, "ec2:DescribeVpcs", seeks_vpc, Home, ANYTHING, no, Made),
    row(FindNetwork::NAME, "ec2:DescribeSubnets", seeks_subnet, Home, ANYTHING, no, Made),
    row(FindNetwork::NAME, "ec2:DescribeSecurityGroups", seeks_groups, Home, ANYTHING, no, Made),

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

    row(MakeRole::NAME, "iam:CreateRole", own_role, Home, On::NewIam(ROLE), once, Never(NO_IAM)),
    row(MakeRole::NAME, "iam:TagRole", own_role, Home, On::NewIam(ROLE), no, Never(NO_IAM)),
    row(MakeRole::NAME, "iam:GetRole", own_role, Home, On::OwnIam(ROLE), no, Live),
    row(MakeRole::NAME, "iam:ListRolePolicies", own_role, Home, On::OwnIam(ROLE), no, Live),
    row(MakeRole::NAME, "iam:DeleteRole", own_role, Home, On::OwnIam(ROLE), once, Never(NO_IAM)),
    row(PutPolicy::NAME, "iam:PutRolePolicy", own_role, Home, On::OwnIam(ROLE), once, Never(NO_IAM)),
    row(PutPolicy::NAME, "iam:DeleteRolePolicy", own_role, Home, On::OwnIam(ROLE), once, Never(NO_IAM)),
    row(MakeProfile::NAME, "iam:CreateInstanceProfile", own_role, Home, On::NewIam(PROFILE), once, Never(NO_IAM)),
    row(MakeProfile::NAME, "iam:TagInstanceProfile", own_role, Home, On::NewIam(PROFILE), no, Never(NO_IAM)),
    row(MakeProfile::NAME, "iam:GetInstanceProfile", own_role, Home, On::OwnIam(PROFILE), no, Live),
    row(MakeProfile::NAME, "iam:DeleteInstanceProfile", own_role, Home, On::OwnIam(PROFILE), once, Never(NO_IAM)),
    row(AttachRole::NAME, "iam:AddRoleToInstanceProfile", own_role, Home, On::OwnIam(PROFILE), once, Never(NO_IAM)),
    row(AttachRole::NAME, "iam:PassRole", own_role, Home, On::OwnRole, no, Never(NO_IAM)),
    row(AttachRole::NAME, "iam:RemoveRoleFromInstanceProfile", own_role, Home, On::OwnIam(PROFILE), once, Never(NO_IAM)),

    row(MakeTemplate::NAME, "ec2:CreateLaunchTemplate", spot, Home, On::Made(TEMPLATE), once, Live),
    row(MakeTemplate::NAME, "ec2:CreateTags", spot, Home, On::Tags, no, Live),
    row(MakeTemplate::NAME, "ec2:DescribeLaunchTemplates", spot, Home, ANYTHING, no, Live),
    row(MakeTemplate::NAME, "ec2:DeleteLaunchTemplate", spot, Home, On::Building(TEMPLATE), once, Live),

    row(RequestFleet::NAME, "ec2:CreateFleet", spot, Home, On::Made(FLEET), once, Run),
    row(RequestFleet::NAME, "ec2:CreateFleet", spot, Home, On::Building(TEMPLATE), no, Run),
    row(RequestFleet::NAME, "ec2:CreateFleet", spot, Home, On::There(LAUNCHED), no, Run),
    row(RequestFleet::NAME, "ec2:CreateTags", spot, Home, On::Tags, no, Run),
    row(RequestFleet::NAME, "ec2:DeleteFleets", spot, Home, On::Building(FLEET), once, Run),

    row(LaunchInstance::NAME, "ec2:RunInstances", always, Home, On::Made(MACHINE), on_demand, Made),
    row(LaunchInstance::NAME, "ec2:RunInstances", always, Home, On::There(&["image", "security-group", "subnet"]), no, Made),
    row(LaunchInstance::NAME, "ec2:RunInstances", new_key, Home, On::Building(KEY_PAIR), no, Made),
    row(LaunchInstance::NAME, "ec2:RunInstances", known_key, Home, On::There(KEY_PAIR), no, Made),
    row(LaunchInstance::NAME, "ec2:RunInstances", of_snapshot, Home, On::There(SNAPSHOT), no, Made),
    row(LaunchInstance::NAME, "ec2:RunInstances", reserved, Home, On::There(&["capacity-reservation"]), no, Made),
    row(LaunchInstance::NAME, "ec2:RunInstances", hosted, Home, On::There(&["dedicated-host"]), no, Made),
    row(LaunchInstance::NAME, "ec2:RunInstances", by_arn, Home, On::Arns, no, Made),
    row(LaunchInstance::NAME, "ec2:RunInstances", spot, Home, On::Made(REQUEST), no, Made),
    row(LaunchInstance::NAME, "ec2:RunInstances", spot, Home, On::Building(TEMPLATE), no, Made),
    row(LaunchInstance::NAME, "ec2:CreateTags", always, Home, On::Tags, no, Made),
    row(LaunchInstance::NAME, "iam:PassRole", profile, Home, On::Role, no, Made),
    row(LaunchInstance::NAME, "ec2:DescribeInstances", always, Home, ANYTHING, no, Live),
    row(LaunchInstance::NAME, "ec2:TerminateInstances", always, Home, On::Building(INSTANCE), endings, Run),
    row(LaunchInstance::NAME, "ec2:DescribeVolumes", always, Home, ANYTHING, no, Live),
    row(LaunchInstance::NAME, "ec2:DeleteVolume", always, Home, On::Building(VOLUME), outliving, Live),
    row(LaunchInstance::NAME, "ec2:GetConsoleOutput", connects, Home, On::Building(INSTANCE), no, Live),
    row(LaunchInstance::NAME, "kms:CreateGrant", own_kms, All, On::Key, no, Never(NO_KMS)),
    row(LaunchInstance::NAME, "kms:Decrypt", own_kms, All, On::Key, no, Never(NO_KMS)),
    row(LaunchInstance::NAME, "kms:DescribeKey", own_kms, All, On::Key, no, Never(NO_KMS)),
    row(LaunchInstance::NAME, "kms:GenerateDataKeyWithoutPlaintext", own_kms, All, On::Key, no, Never(NO_KMS)),
    row(LaunchInstance::NAME, "kms:ReEncryptFrom", own_kms, All, On::Key, no, Never(NO_KMS)),
    row(LaunchInstance::NAME, "kms:ReEncryptTo", own_kms, All, On::Key, no, Never(NO_KMS)),

    row(StopInstance::NAME, "ec2:StopInstances", stops, Home, On::Building(INSTANCE), once, Run),
    row(Enhance::NAME, "ec2:ModifyInstanceAttribute", enhanced, Home, On::Building(INSTANCE), enhancements, Run),

    row(Deregister::NAME, "ec2:DescribeImageAttribute", replaces, Images, ANYTHING, no, Live),
    row(Deregister::NAME, "ec2:DeregisterImage", replaces, Images, On::There(IMAGE), no, Run),
    row(Deregister::NAME, "ec2:RegisterImage", replaces, Images, On::There(IMAGES), no, Live),
    row(Deregister::NAME, "ec2:CreateTags", replaces, Images, On::Tags, no, Live),
    row(Deregister::NAME, "ec2:ModifyImageAttribute", replaces, Images, On::There(IMAGE), no, Live),
    row(Deregister::NAME, "ec2:EnableImageDeprecation", replaces, Images, On::There(IMAGE), no, Live),
    row(Deregister::NAME, "ec2:DisableImage", replaces, Images, On::There(IMAGE), no, Live),
    row(Forget::NAME, "ec2:DeleteSnapshot", forgets, Images, On::There(SNAPSHOT), no, Run),

    row(CreateImage::NAME, "ec2:CreateImage", directly, Home, On::Made(IMAGES), once, Run),
    row(CreateImage::NAME, "ec2:CreateImage", directly, Home, On::Building(INSTANCE), no, Run),
    row(CreateImage::NAME, "ec2:CreateTags", directly, Home, On::Tags, no, Run),
    row(CreateImage::NAME, "ec2:DescribeSnapshots", directly, All, ANYTHING, no, Live),
    row(CreateImage::NAME, "ec2:DeregisterImage", directly, All, On::Building(IMAGE), no, Live),
    row(CreateImage::NAME, "ec2:DeleteSnapshot", directly, All, On::Building(SNAPSHOT), no, Live),

    row(Intermediary::NAME, "ec2:CreateImage", by_copy, Home, On::Made(IMAGES), once, Run),
    row(Intermediary::NAME, "ec2:CreateImage", by_copy, Home, On::Building(INSTANCE), no, Run),
    row(Intermediary::NAME, "ec2:CreateTags", by_copy, Home, On::Tags, no, Run),
    row(Intermediary::NAME, "ec2:DescribeSnapshots", by_copy, Home, ANYTHING, no, Live),
    row(Intermediary::NAME, "ec2:DeregisterImage", by_copy, Home, On::Building(IMAGE), once, Run),
    row(Intermediary::NAME, "ec2:DeleteSnapshot", by_copy, Home, On::Building(SNAPSHOT), once, Run),

    row(CopyImage::NAME, "ec2:CopyImage", makes, Copies, On::Made(IMAGES), once, Run),
    row(CopyImage::NAME, "ec2:CopyImage", makes, Copies, On::Building(IMAGES), no, Run),
    row(CopyImage::NAME, "ec2:CreateTags", makes, Copies, On::Tags, no, Run),
    row(CopyImage::NAME, "ec2:DescribeSnapshots", by_copy, Copies, ANYTHING, no, Live),
    row(CopyImage::NAME, "ec2:DeregisterImage", by_copy, Copies, On::Building(IMAGE), no, Live),
    row(CopyImage::NAME, "ec2:DeleteSnapshot", by_copy, Copies, On::Building(SNAPSHOT), no, Live),
    row(CopyImage::NAME, "kms:CreateGrant", encrypts_by_key, Copies, On::ImageKey, no, Never(NO_KMS)),
    row(CopyImage::NAME, "kms:Decrypt", encrypts_by_key, Copies, On::ImageKey, no, Never(NO_KMS)),
    row(CopyImage::NAME, "kms:DescribeKey", encrypts_by_key, Copies, On::ImageKey, no, Never(NO_KMS)),
    row(CopyImage::NAME, "kms:GenerateDataKeyWithoutPlaintext", encrypts_by_key, Copies, On::ImageKey, no, Never(NO_KMS)),
    row(CopyImage::NAME, "kms:ReEncryptFrom", encrypts_by_key, Copies, On::ImageKey, no, Never(NO_KMS)),
    row(CopyImage::NAME, "kms:ReEncryptTo", encrypts_by_key, Copies, On::ImageKey, no, Never(NO_KMS)),

    row(Quicken::NAME, "ec2:EnableFastLaunch", makes, Quick, On::Building(IMAGE), once, Run),
    row(Quicken::NAME, "ec2:EnableFastLaunch", by_template, Quick, On::There(TEMPLATE), no, Run),
    row(Quicken::NAME, "ec2:DescribeFastLaunchImages", makes, Quick, ANYTHING, no, Run),
    row(Quicken::NAME, "ec2:DisableFastLaunch", makes, Quick, On::Building(IMAGE), no, Live),

    row(Share::NAME, "ec2:ModifyImageAttribute", shares, Images, On::Building(IMAGE), sharings, Run),
    row(Share::NAME, "ec2:EnableImageDeprecation", ages, Images, On::Building(IMAGE), once, Run),
    row(Share::NAME, "ec2:ModifySnapshotAttribute", shares_snapshots, Images, On::Building(SNAPSHOT), once, Run),
    row(Share::NAME, "ec2:CreateTags", tags, Images, On::Ours(TAGGED), taggings, Run),

    row(Protect::NAME, "ec2:EnableImageDeregistrationProtection", protects, Images, On::Building(IMAGE), at_once, Run),
    row(Protect::NAME, "ec2:DisableImageDeregistrationProtection", protects_early, Images, On::Building(IMAGE), no, Live),
    row(Finish::NAME, "ec2:CreateTags", makes, Images, On::Ours(TAGGED), once, Run),
    row(Finish::NAME, "ec2:EnableImageDeregistrationProtection", cools, Images, On::Ours(IMAGE), once, Run),

    row(LEASE, "ec2:CreateTags", always, Home, On::Ours(TAGGED), no, Run),
    row(LEASE, "ec2:CreateTags", makes, Copies, On::Ours(TAGGED), no, Run),
    row(LEASE, "ec2:CreateTags", spot, Home, On::Ours(TEMPLATE), no, Run),
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
