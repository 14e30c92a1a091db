//! The image: its name, who may use it, how long it lives, its encryption, its tags.

use serde_json::{Value, json};

use super::super::Row;
use super::super::Seen::{At, By, Calls, Differs, Outcome, Region};
use super::super::access;
use super::super::observed::merged;
use super::{alone, row};

/// The image: its name, who may use it, how long it lives.
pub(super) fn image() -> Vec<Row> {
    let copied = || json!({ "ami_regions": ["eu-west-1"] });
    let arn = |kind: &str, id: &str| json!([format!("arn:aws:organizations::123456789012:{kind}/{id}")]);
    let permission = |option, a, b, parameter| alone(option, a, b, At("ModifyImageAttribute", parameter));
    let protected = |seen| row("deregistration_protection.enabled", json!({}), json!(false), json!(true), seen);
    let cooled = json!({ "deregistration_protection": { "enabled": true } });
    let replaced = json!({ "force_deregister": true });
    vec![
        alone("ami_name", json!("one"), json!("two"), At("CreateImage", "Name")),
        alone("ami_description", json!("of {{.SourceAMI}}"), json!("another"), At("CreateImage", "Description")),
        permission("ami_users", json!(["111111111111"]), json!(["222222222222"]), "LaunchPermission.Add.N.UserId"),
        permission("ami_groups", json!([]), json!(["all"]), "LaunchPermission.Add.N.Group"),
        permission(
            "ami_org_arns",
            arn("organization", "o-aaaaaaaaaa"),
            arn("organization", "o-bbbbbbbbbb"),
            "LaunchPermission.Add.N.OrganizationArn",
        ),
        permission(
            "ami_ou_arns",
            arn("ou", "o-a/ou-a"),
            arn("ou", "o-a/ou-b"),
            "LaunchPermission.Add.N.OrganizationalUnitArn",
        ),
        permission("ami_product_codes", json!(["one"]), json!(["two"]), "ProductCode.N"),
        permission("imds_support", json!(null), json!("v2.0"), "ImdsSupport.Value"),
        alone("ami_virtualization_type", json!("hvm"), json!("paravirtual"), Outcome),
        alone("ami_regions", json!(["eu-west-1"]), json!(["us-west-2"]), Region("CopyImage")),
        row("skip_save_build_region", copied(), json!(false), json!(true), Differs("CreateImage", "Name")),
        row(
            "snapshot_copy_duration_minutes",
            copied(),
            json!(15),
            json!(30),
            At("CopyImage", "SnapshotCopyCompletionDurationMinutes"),
        ),
        Row { again: true, ..alone("force_deregister", json!(false), json!(true), Outcome) },
        Row {
            again: true,
            ..row("force_delete_snapshot", replaced, json!(false), json!(true), Calls("DeleteSnapshot"))
        },
        alone("ena_support", json!(null), json!(true), At("ModifyInstanceAttribute", "EnaSupport.Value")),
        alone("sriov_support", json!(false), json!(true), Differs("ModifyInstanceAttribute", "SriovNetSupport.Value")),
        alone("skip_create_ami", json!(false), json!(true), Calls("CreateImage")),
        alone("deprecate_at", json!(null), json!("2030-01-31T12:00:00Z"), At("EnableImageDeprecation", "DeprecateAt")),
        protected(Calls("EnableImageDeregistrationProtection")),
        row(
            "deregistration_protection.with_cooldown",
            cooled,
            json!(false),
            json!(true),
            At("EnableImageDeregistrationProtection", "WithCooldown"),
        ),
        alone(
            "snapshot_users",
            json!(["111111111111"]),
            json!(["222222222222"]),
            At("ModifySnapshotAttribute", "CreateVolumePermission.Add.N.UserId"),
        ),
        alone(
            "snapshot_groups",
            json!([]),
            json!(["all"]),
            At("ModifySnapshotAttribute", "CreateVolumePermission.Add.N.Group"),
        ),
    ]
}

/// Encryption, which comes by copies.
pub(super) fn encrypted() -> Vec<Row> {
    let with = |more: Value| merged(json!({ "encrypt_boot": true }), more);
    let (one, two) = ("alias/one", "alias/two");
    vec![
        row(
            "encrypt_boot",
            json!({ "ami_regions": ["eu-west-1"] }),
            json!(false),
            json!(true),
            At("CopyImage", "Encrypted"),
        ),
        row("kms_key_id", with(json!({})), json!(one), json!(two), At("CopyImage", "KmsKeyId")),
        row(
            "region_kms_key_ids",
            with(json!({ "ami_regions": ["eu-west-1"] })),
            json!({ "eu-west-1": one }),
            json!({ "eu-west-1": two }),
            At("CopyImage", "KmsKeyId"),
        ),
    ]
}

/// Fast launch of a Windows image.
pub(super) fn fast_launch() -> Vec<Row> {
    let with = |more: Value| json!({ "source_ami": "ami-0000000a", "fast_launch": more });
    let of = |option, more, a, b, parameter| row(option, with(more), a, b, At("EnableFastLaunch", parameter));
    let mut with_copy = with(json!({ "region_launch_templates": [{ "region": "eu-west-1" }] }));
    with_copy["ami_regions"] = json!(["eu-west-1"]);
    let copied = |option, a, b, parameter| row(option, with_copy.clone(), a, b, At("EnableFastLaunch", parameter));
    let mut versioned = with_copy.clone();
    versioned["fast_launch"]["region_launch_templates"][0]["template_name"] = json!("t");
    let mut two = with_copy.clone();
    two["ami_regions"] = json!(["eu-west-1", "us-west-2"]);
    two["fast_launch"]["region_launch_templates"][0]["template_name"] = json!("t");
    let (one, other) = (json!("lt-0000000000000000a"), json!("lt-0000000000000000b"));
    vec![
        row("fast_launch.enable_fast_launch", with(json!({})), json!(false), json!(true), Calls("EnableFastLaunch")),
        of("fast_launch.template_id", json!({}), one.clone(), other.clone(), "LaunchTemplate.LaunchTemplateId"),
        of("fast_launch.template_name", json!({}), json!("one"), json!("two"), "LaunchTemplate.LaunchTemplateName"),
        of(
            "fast_launch.template_version",
            json!({ "template_name": "t" }),
            json!(null),
            json!(3),
            "LaunchTemplate.Version",
        ),
        of("fast_launch.max_parallel_launches", json!({}), json!(6), json!(7), "MaxParallelLaunches"),
        of(
            "fast_launch.target_resource_count",
            json!({}),
            json!(4),
            json!(9),
            "SnapshotConfiguration.TargetResourceCount",
        ),
        row(
            "fast_launch.region_launch_templates.region",
            two,
            json!("eu-west-1"),
            json!("us-west-2"),
            By(access::template),
        ),
        row(
            "fast_launch.region_launch_templates.enable_fast_launch",
            with_copy.clone(),
            json!(false),
            json!(true),
            Calls("EnableFastLaunch"),
        ),
        copied("fast_launch.region_launch_templates.template_id", one, other, "LaunchTemplate.LaunchTemplateId"),
        copied(
            "fast_launch.region_launch_templates.template_name",
            json!("one"),
            json!("two"),
            "LaunchTemplate.LaunchTemplateName",
        ),
        row(
            "fast_launch.region_launch_templates.template_version",
            versioned,
            json!(2),
            json!(3),
            At("EnableFastLaunch", "LaunchTemplate.Version"),
        ),
    ]
}

/// Tags of the image and its snapshots.
pub(super) fn tags() -> Vec<Row> {
    const VALUE: &str = "TagSpecification.N.Tag.N.Value";
    const KEY: &str = "TagSpecification.N.Tag.N.Key";
    let (one, two) = (json!({ "who": "one" }), json!({ "who": "two" }));
    let of = |option, with: Value, a: Value, b: Value, at| row(option, with, a, b, At("CreateImage", at));
    vec![
        of("tags", json!({}), one.clone(), two.clone(), VALUE),
        of("tag.key", json!({ "tag": [{ "value": "x" }] }), json!("one"), json!("two"), KEY),
        of("tag.value", json!({ "tag": [{ "key": "k" }] }), json!("one"), json!("two"), VALUE),
        of("snapshot_tags", json!({}), one, two, VALUE),
        of("snapshot_tag.key", json!({ "snapshot_tag": [{ "value": "x" }] }), json!("one"), json!("two"), KEY),
        of("snapshot_tag.value", json!({ "snapshot_tag": [{ "key": "k" }] }), json!("one"), json!("two"), VALUE),
        row(
            "skip_ami_run_tags",
            json!({ "run_tags": { "who": "machine" } }),
            json!(false),
            json!(true),
            Differs("CreateImage", VALUE),
        ),
    ]
}
