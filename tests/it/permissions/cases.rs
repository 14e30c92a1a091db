//! Plans that need all that the table has, each with what must be there before it is made.

use std::path::Path;

use serde_json::{Value, json};

/// A plan, and what must be there before it is made.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) builders: Vec<Value>,
    /// What is made by one who may do everything, before.
    pub(super) before: Vec<Value>,
    /// Whether a key pair `mine` is there.
    pub(super) key: bool,
}

pub(super) fn builder(name: &str, options: Value) -> Value {
    let mut builder = json!({
        "type": "amazon-ebs", "name": name, "region": "us-east-1", "source_ami": "ami-d05e75b8", "instance_type": "m3.medium",
        "ssh_username": "ubuntu", "ami_name": name, "access_key": "AKIDREHEARSAL", "secret_key": "secret",
    });
    for (option, value) in options.as_object().into_iter().flatten() {
        builder[option] = value.clone();
    }
    // What is null is left out.
    builder.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    builder
}

/// A Windows image that the server has beside those of its catalogue.
pub(super) const WINDOWS: &str = "us-east-1/ami-0000000a,name=windows,platform=windows";

const KEY: &str = "11111111-2222-3333-4444-555555555555";

pub(super) fn cases(folder: &Path) -> Vec<Case> {
    let case = |name, builders| Case { name, builders, before: Vec::new(), key: false };
    let web = |options: Value| vec![builder("web", options)];
    let force = json!({
        "ami_regions": ["eu-west-1"], "force_deregister": true, "force_delete_snapshot": true, "ami_name": "again",
    });
    let device = json!([{
        "device_name": "/dev/sdf", "volume_size": 8, "encrypted": true, "delete_on_termination": false, "kms_key_id": KEY,
    }]);
    let policy = json!({ "Statement": [{ "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"] }] });
    let licence = "arn:aws:license-manager:us-east-1:123456789012:license-configuration:lic-1";
    let group = "arn:aws:resource-groups:us-east-1:123456789012:group/reserved";
    vec![
        case("plain", vec![builder("web", json!({})), builder("data", json!({ "tags": { "a": "b" } }))]),
        case(
            "copies",
            web(json!({
                "ami_regions": ["eu-west-1", "eu-central-1"], "tags": { "Name": "web" }, "ami_users": ["123456789013"],
                "snapshot_users": ["123456789013"], "imds_support": "v2.0", "ena_support": true,
            })),
        ),
        Case { before: vec![builder("before", force.clone())], ..case("force", web(force.clone())) },
        Case {
            key: true,
            ..case(
                "own",
                web(json!({
                    "ssh_private_key_file": folder.join("mine.pem"), "ssh_keypair_name": "mine",
                    "iam_instance_profile": "images", "skip_region_validation": true,
                })),
            )
        },
        case("encrypted volume", web(json!({ "launch_block_device_mappings": device }))),
        case("no image", web(json!({ "skip_create_ami": true, "ssh_clear_authorized_keys": true }))),
        case(
            "spot",
            web(json!({
                "instance_type": null, "spot_instance_types": ["m3.medium", "m3.large"], "spot_price": "auto",
                "spot_tags": { "who": "request" }, "fleet_tags": { "who": "fleet" },
                "temporary_iam_instance_profile_policy_document": policy,
            })),
        ),
        Case {
            key: true,
            ..case(
                "spot with what is there",
                web(json!({
                    "spot_price": "0.5", "iam_instance_profile": "images", "ssh_private_key_file": folder.join("mine.pem"),
                    "ssh_keypair_name": "mine", "launch_block_device_mappings": device,
                    "subnet_filter": { "filters": { "availability-zone": ["us-east-1a", "us-east-1b"] }, "most_free": true },
                    "license_specifications": [{ "license_configuration_request": { "license_configuration_arn": licence } }],
                })),
            )
        },
        case(
            "filters",
            vec![
                builder(
                    "found",
                    json!({
                        "vpc_filter": { "filters": { "is-default": "true" } },
                        "subnet_filter": { "filters": { "availability-zone": "us-east-1a" } },
                        "security_group_filter": { "filters": { "group-name": "build" } },
                    }),
                ),
                builder("chosen", json!({ "associate_public_ip_address": true })),
            ],
        ),
        case("group", web(json!({ "security_group_filter": { "filters": { "group-name": "build" } } }))),
        case(
            "hardware",
            vec![
                builder("reserved", json!({ "capacity_reservation_id": "cr-0123456789abcdef0" })),
                builder("of the group", json!({ "capacity_reservation_group_arn": group })),
                builder("hosted", json!({ "placement": { "host_id": "h-0123456789abcdef0" } })),
            ],
        ),
        case(
            "keys",
            web(json!({
                "ami_regions": ["eu-west-1", "eu-central-1"], "encrypt_boot": true, "kms_key_id": KEY,
                "region_kms_key_ids": { "eu-west-1": "alias/there", "eu-central-1": "" },
            })),
        ),
        case(
            "away",
            web(json!({ "ami_regions": ["eu-west-1"], "skip_save_build_region": true, "tags": { "a": "b" } })),
        ),
        Case {
            before: vec![builder("before", force.clone())],
            ..case(
                "encrypted again",
                web(json!({
                    "ami_regions": ["eu-west-1"], "encrypt_boot": true, "force_deregister": true, "force_delete_snapshot": true,
                    "ami_name": "again",
                })),
            )
        },
        case(
            "protected",
            web(json!({
                "ami_regions": ["eu-west-1"], "deprecate_at": "2030-01-31T12:00:00Z",
                "deregistration_protection": { "enabled": true },
            })),
        ),
        case(
            "cooldown",
            web(
                json!({ "deregistration_protection": { "with_cooldown": true }, "decode_authorization_messages": true }),
            ),
        ),
        case(
            "fast launch",
            web(json!({
                "source_ami": "ami-0000000a", "ami_users": ["123456789013"], "ami_regions": ["eu-west-1"],
                "fast_launch": {
                    "enable_fast_launch": true, "template_id": "lt-0000000000000000a",
                    "region_launch_templates": [{ "region": "eu-west-1", "enable_fast_launch": false }],
                },
            })),
        ),
    ]
}
