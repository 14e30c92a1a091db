//! The table: a row for each option of `amazon-ebs`. To add one: its name, two values, and where the difference is seen.

use serde_json::{Value, json};

use super::Seen::{AccessKey, At, By, Calls, Differs, Outcome, Region, Token};
use super::access;
use super::{Row, Seen};

/// Options that bakec refuses by name, with a value that is refused, as JSON.
pub(crate) const REFUSED: &[(&str, &str)] = &[
    ("vault_aws_engine", r#"{ "name": "builder" }"#),
    ("session_manager_port", "8001"),
    ("pause_before_ssm", r#""5s""#),
    ("windows_password_timeout", r#""5m""#),
    ("winrm_username", r#""me""#),
    ("winrm_password", r#""secret""#),
    ("winrm_host", r#""10.0.0.1""#),
    ("winrm_no_proxy", "true"),
    ("winrm_port", "5985"),
    ("winrm_timeout", r#""5m""#),
    ("winrm_use_ssl", "true"),
    ("winrm_insecure", "true"),
    ("winrm_use_ntlm", "true"),
];

/// Options whose rows come with the work of somebody else. Nothing may be left here at the end.
pub(crate) const OWNED_BY_OTHERS: &[&str] = &[
    // The machine.
    "associate_public_ip_address",
    "availability_zone",
    "block_duration_minutes",
    "capacity_reservation_group_arn",
    "capacity_reservation_id",
    "capacity_reservation_preference",
    "disable_stop_instance",
    "ebs_optimized",
    "enable_nitro_enclave",
    "enable_t2_unlimited",
    "enable_unlimited_credits",
    "fleet_tag",
    "fleet_tags",
    "iam_instance_profile",
    "instance_type",
    "license_specifications",
    "metadata_options",
    "no_ephemeral",
    "placement",
    "run_tag",
    "run_tags",
    "run_volume_tag",
    "run_volume_tags",
    "security_group_filter",
    "security_group_id",
    "security_group_ids",
    "shutdown_behavior",
    "skip_profile_validation",
    "source_ami",
    "source_ami_filter",
    "spot_allocation_strategy",
    "spot_instance_types",
    "spot_price",
    "spot_price_auto_product",
    "spot_tag",
    "spot_tags",
    "subnet_filter",
    "subnet_id",
    "temporary_iam_instance_profile_policy_document",
    "temporary_security_group_source_cidrs",
    "temporary_security_group_source_public_ip",
    "tenancy",
    "user_data",
    "user_data_file",
    "vpc_filter",
    "vpc_id",
    // The connection.
    "communicator",
    "pause_before_connecting",
    "ssh_agent_auth",
    "ssh_bastion_agent_auth",
    "ssh_bastion_certificate_file",
    "ssh_bastion_host",
    "ssh_bastion_interactive",
    "ssh_bastion_password",
    "ssh_bastion_port",
    "ssh_bastion_private_key_file",
    "ssh_bastion_username",
    "ssh_certificate_file",
    "ssh_ciphers",
    "ssh_clear_authorized_keys",
    "ssh_disable_agent_forwarding",
    "ssh_file_transfer_method",
    "ssh_handshake_attempts",
    "ssh_host",
    "ssh_interface",
    "ssh_keep_alive_interval",
    "ssh_key_exchange_algorithms",
    "ssh_keypair_name",
    "ssh_local_tunnels",
    "ssh_password",
    "ssh_port",
    "ssh_private_key_file",
    "ssh_proxy_host",
    "ssh_proxy_password",
    "ssh_proxy_port",
    "ssh_proxy_username",
    "ssh_pty",
    "ssh_read_write_timeout",
    "ssh_remote_tunnels",
    "ssh_timeout",
    "ssh_username",
    "ssh_wait_timeout",
    "temporary_key_pair_bits",
    "temporary_key_pair_name",
    "temporary_key_pair_type",
];

fn row(option: &'static str, with: Value, a: Value, b: Value, seen: Seen) -> Row {
    Row { option, with, a, b, seen, faults: &[], again: false }
}

/// An option that needs no other.
fn alone(option: &'static str, a: Value, b: Value, seen: Seen) -> Row {
    row(option, json!({}), a, b, seen)
}

pub(crate) fn rows() -> Vec<Row> {
    [session(), role(), waiting(), image(), encrypted(), fast_launch(), tags(), devices()].concat()
}

/// How the account is reached.
fn session() -> Vec<Row> {
    let files = access::files();
    let of = |profile: &str, more: Value| {
        let mut options = json!({ "access_key": null, "secret_key": null, "shared_credentials_file": files.first });
        if !profile.is_empty() {
            options["profile"] = json!(profile);
        }
        for (name, value) in more.as_object().into_iter().flatten() {
            options[name] = value.clone();
        }
        options
    };
    let everywhere = json!({ "source_ami": null, "source_ami_filter": { "filters": { "name": "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240501" }, "owners": ["amazon"] } });
    vec![
        alone("access_key", json!("AKIDONE"), json!("AKIDTWO"), AccessKey),
        alone("secret_key", json!("one"), json!("two"), By(access::secret)),
        alone("token", json!("first"), json!("second"), Token),
        row("profile", of("", json!({})), json!("one"), json!("two"), AccessKey),
        row("shared_credentials_file", of("one", json!({})), json!(files.first), json!(files.second), AccessKey),
        row("mfa_code", of("guarded", json!({})), json!("123456"), json!("654321"), By(access::device)),
        row("region", everywhere, json!("us-east-1"), json!("eu-west-1"), Region("RunInstances")),
        alone("custom_endpoint_ec2", json!("first"), json!("second"), By(access::endpoint)),
        alone("insecure_skip_tls_verify", json!(false), json!(true), By(access::certificate)),
        alone("skip_credential_validation", json!(false), json!(true), Calls("GetCallerIdentity")),
        alone("skip_region_validation", json!(false), json!(true), Calls("DescribeRegions")),
        alone("skip_metadata_api_check", json!(false), json!(true), By(access::metadata)),
        Row {
            faults: &["denied@CreateImage:1"],
            ..alone("decode_authorization_messages", json!(false), json!(true), Calls("DecodeAuthorizationMessage"))
        },
        Row {
            faults: &["throttle@DescribeRegions:1", "throttle@DescribeRegions:2"],
            ..alone("max_retries", json!(1), json!(5), Outcome)
        },
    ]
}

/// The role that is taken on.
fn role() -> Vec<Row> {
    let with = |more: Value| {
        let mut role = json!({ "role_arn": "arn:aws:iam::123456789012:role/builder" });
        for (name, value) in more.as_object().into_iter().flatten() {
            role[name] = value.clone();
        }
        json!({ "assume_role": role })
    };
    let of = |option, more: Value, a, b, parameter| row(option, with(more), a, b, At("AssumeRole", parameter));
    let tags = json!({ "tags": { "team": "images", "stage": "test" } });
    vec![
        of(
            "assume_role.role_arn",
            json!({}),
            json!("arn:aws:iam::123456789012:role/one"),
            json!("arn:aws:iam::123456789012:role/two"),
            "RoleArn",
        ),
        of("assume_role.duration_seconds", json!({}), json!(900), json!(43200), "DurationSeconds"),
        of("assume_role.external_id", json!({}), json!("one"), json!("two"), "ExternalId"),
        of("assume_role.policy", json!({}), json!(null), json!("{\"Version\":\"2012-10-17\"}"), "Policy"),
        of(
            "assume_role.policy_arns",
            json!({}),
            json!(["arn:aws:iam::aws:policy/One"]),
            json!(["arn:aws:iam::aws:policy/Two"]),
            "PolicyArns.member.N.arn",
        ),
        of("assume_role.session_name", json!({}), json!("one"), json!("two"), "RoleSessionName"),
        of("assume_role.tags", json!({}), json!({ "team": "one" }), json!({ "team": "two" }), "Tags.member.N.Value"),
        of("assume_role.transitive_tag_keys", tags, json!(["team"]), json!(["stage"]), "TransitiveTagKeys.member.N"),
    ]
}

/// How patiently AWS is waited for.
fn waiting() -> Vec<Row> {
    let delayed = json!({ "aws_polling": { "delay_seconds": 5 } });
    vec![
        row("aws_polling.delay_seconds", json!({}), json!(2), json!(60), Calls("DescribeImages")),
        row("aws_polling.max_attempts", delayed, json!(200), json!(2), Outcome),
    ]
}

/// The image: its name, who may use it, how long it lives.
fn image() -> Vec<Row> {
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
fn encrypted() -> Vec<Row> {
    let with = |more: Value| {
        let mut options = json!({ "encrypt_boot": true });
        for (name, value) in more.as_object().into_iter().flatten() {
            options[name] = value.clone();
        }
        options
    };
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
fn fast_launch() -> Vec<Row> {
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
fn tags() -> Vec<Row> {
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

/// Block devices of the image and of the machine.
fn devices() -> Vec<Row> {
    macro_rules! of {
        ($option:literal, $action:literal) => {{
            let with = |more: Value| {
                let mut device = json!({ "device_name": "/dev/sdf", "volume_size": 500, "volume_type": "gp3" });
                for (name, value) in more.as_object().into_iter().flatten() {
                    device[name] = value.clone();
                }
                json!({ $option: [device] })
            };
            let at = |name, more: Value, a: Value, b: Value, end| row(name, with(more), a, b, At($action, end));
            let bare = json!({ "volume_size": null, "volume_type": null });
            vec![
                at(
                    concat!($option, ".device_name"),
                    json!({}),
                    json!("/dev/sdf"),
                    json!("/dev/sdg"),
                    "BlockDeviceMapping.N.DeviceName",
                ),
                at(
                    concat!($option, ".delete_on_termination"),
                    json!({}),
                    json!(false),
                    json!(true),
                    "BlockDeviceMapping.N.Ebs.DeleteOnTermination",
                ),
                at(
                    concat!($option, ".encrypted"),
                    json!({}),
                    json!(null),
                    json!(true),
                    "BlockDeviceMapping.N.Ebs.Encrypted",
                ),
                at(concat!($option, ".iops"), json!({}), json!(3000), json!(4000), "BlockDeviceMapping.N.Ebs.Iops"),
                at(
                    concat!($option, ".throughput"),
                    json!({}),
                    json!(125),
                    json!(250),
                    "BlockDeviceMapping.N.Ebs.Throughput",
                ),
                at(
                    concat!($option, ".kms_key_id"),
                    json!({ "encrypted": true }),
                    json!("alias/one"),
                    json!("alias/two"),
                    "BlockDeviceMapping.N.Ebs.KmsKeyId",
                ),
                row(
                    concat!($option, ".no_device"),
                    with(json!({ "device_name": "/dev/sdb" })),
                    json!(false),
                    json!(true),
                    Differs($action, "BlockDeviceMapping.N.NoDevice"),
                ),
                row(
                    concat!($option, ".snapshot_id"),
                    with(json!({})),
                    json!(null),
                    json!(access::snapshot()),
                    At($action, "BlockDeviceMapping.N.Ebs.SnapshotId"),
                ),
                row(
                    concat!($option, ".virtual_name"),
                    with(bare.clone()),
                    json!("ephemeral0"),
                    json!("ephemeral1"),
                    At($action, "BlockDeviceMapping.N.VirtualName"),
                ),
                at(concat!($option, ".volume_type"), json!({}), json!("gp3"), json!("gp2"), "BlockDeviceMapping.N.Ebs.VolumeType"),
                at(concat!($option, ".volume_size"), json!({}), json!(500), json!(600), "BlockDeviceMapping.N.Ebs.VolumeSize"),
            ]
        }};
    }
    [of!("ami_block_device_mappings", "CreateImage"), of!("launch_block_device_mappings", "RunInstances")].concat()
}
