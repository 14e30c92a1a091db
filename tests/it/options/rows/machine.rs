//! The machine: from which image, of which type, on which hardware, and what it may do. Most is the same on demand and on spot.

use serde_json::{Value, json};

use super::super::Row;
use super::super::Seen::{At, By, Calls, Differs, Launch, LaunchDiffers, Outcome};
use super::super::machine::stop;
use super::super::observed::merged;
use super::{alone, furnished, on_both_markets, row};

/// An image that the newer types take, and one of them.
fn newer(kind: &str) -> Value {
    let name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240501";
    let filter = json!({ "filters": { "name": name }, "owners": ["099720109477"] });
    json!({ "source_ami": null, "source_ami_filter": filter, "instance_type": kind })
}

pub(super) fn machine() -> Vec<Row> {
    let both = vec![
        alone("source_ami", json!("ami-d05e75b8"), json!("ami-0000000b"), Launch("ImageId")),
        row("ebs_optimized", newer("m4.large"), json!(false), json!(true), Launch("EbsOptimized")),
        credits("enable_unlimited_credits"),
        credits("enable_t2_unlimited"),
        alone("shutdown_behavior", json!("stop"), json!("terminate"), Launch("InstanceInitiatedShutdownBehavior")),
        alone("tenancy", json!("default"), json!("dedicated"), Launch("Placement.Tenancy")),
        alone("placement.tenancy", json!("default"), json!("dedicated"), Launch("Placement.Tenancy")),
        row(
            "license_specifications.license_configuration_request.license_configuration_arn",
            json!({ "license_specifications": [{ "license_configuration_request": {} }] }),
            json!("arn:aws:license-manager:us-east-1:123456789012:license-configuration:lic-1"),
            json!("arn:aws:license-manager:us-east-1:123456789012:license-configuration:lic-2"),
            Launch("LicenseSpecification.N.LicenseConfigurationArn"),
        ),
    ];
    let profile = alone("iam_instance_profile", json!("one"), json!("two"), Launch("IamInstanceProfile.Name"));
    let unseen = json!({ "iam_instance_profile": "one" });
    let unseen = row("skip_profile_validation", unseen, json!(false), json!(true), Calls("GetInstanceProfile"));
    [
        on_both_markets(both),
        furnished(on_both_markets(vec![profile, unseen])),
        vec![
            alone("instance_type", json!("m3.medium"), json!("m3.large"), At("RunInstances", "InstanceType")),
            row(
                "enable_nitro_enclave",
                newer("m5.xlarge"),
                json!(false),
                json!(true),
                Launch("EnclaveOptions.Enabled"),
            ),
            alone("disable_stop_instance", json!(false), json!(true), By(stop)),
            alone("placement.host_id", json!("h-0a"), json!("h-0b"), Launch("Placement.HostId")),
            alone(
                "placement.host_resource_group_arn",
                json!("arn:aws:resource-groups:us-east-1:123456789012:group/one"),
                json!("arn:aws:resource-groups:us-east-1:123456789012:group/two"),
                Launch("Placement.HostResourceGroupArn"),
            ),
        ],
        source(),
        reservation(),
        on_both_markets(metadata()),
        on_both_markets(policy()),
    ]
    .concat()
}

fn credits(option: &'static str) -> Row {
    row(option, newer("t3.micro"), json!(false), json!(true), LaunchDiffers("CreditSpecification.CpuCredits"))
}

/// The image that is searched for.
fn source() -> Vec<Row> {
    let search = |more: Value| {
        let filter = json!({ "filters": { "name": "ubuntu/images/hvm-ssd/ubuntu-jammy-*-amd64-*" }, "owners": ["099720109477"] });
        json!({ "source_ami": null, "source_ami_filter": merged(filter, more) })
    };
    let newest = || search(json!({ "most_recent": true }));
    vec![
        row(
            "source_ami_filter.filters",
            search(json!({})),
            json!({ "name": "windows" }),
            json!({ "name": "old" }),
            Differs("RunInstances", "ImageId"),
        ),
        row(
            "source_ami_filter.owners",
            newest(),
            json!(["099720109477"]),
            json!(["099720109477", "self"]),
            At("DescribeImages", "Owner.N"),
        ),
        row("source_ami_filter.most_recent", search(json!({})), json!(false), json!(true), Outcome),
        row(
            "source_ami_filter.include_deprecated",
            newest(),
            json!(false),
            json!(true),
            At("DescribeImages", "IncludeDeprecated"),
        ),
    ]
}

/// Capacity that is reserved: not on the spot market.
fn reservation() -> Vec<Row> {
    vec![
        alone(
            "capacity_reservation_preference",
            json!("none"),
            json!("open"),
            Launch("CapacityReservationSpecification.CapacityReservationPreference"),
        ),
        alone(
            "capacity_reservation_id",
            json!("cr-0a"),
            json!("cr-0b"),
            Launch("CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId"),
        ),
        alone(
            "capacity_reservation_group_arn",
            json!("arn:aws:resource-groups:us-east-1:123456789012:group/one"),
            json!("arn:aws:resource-groups:us-east-1:123456789012:group/two"),
            Launch("CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationResourceGroupArn"),
        ),
    ]
}

fn metadata() -> Vec<Row> {
    let of = |option, a, b, parameter| alone(option, a, b, Launch(parameter));
    vec![
        of("metadata_options.http_endpoint", json!("enabled"), json!("disabled"), "MetadataOptions.HttpEndpoint"),
        of("metadata_options.http_tokens", json!("optional"), json!("required"), "MetadataOptions.HttpTokens"),
        of(
            "metadata_options.http_put_response_hop_limit",
            json!(2),
            json!(3),
            "MetadataOptions.HttpPutResponseHopLimit",
        ),
        of(
            "metadata_options.instance_metadata_tags",
            json!("disabled"),
            json!("enabled"),
            "MetadataOptions.InstanceMetadataTags",
        ),
    ]
}

/// The policy of a role that is made for the machine.
fn policy() -> Vec<Row> {
    let statement = |more: Value| {
        let statement = json!({ "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"] });
        json!({ "temporary_iam_instance_profile_policy_document": { "Statement": [merged(statement, more)] } })
    };
    let of = |option, a, b| row(option, statement(json!({})), a, b, At("PutRolePolicy", "PolicyDocument"));
    vec![
        of("temporary_iam_instance_profile_policy_document.Version", json!("2012-10-17"), json!("2008-10-17")),
        of("temporary_iam_instance_profile_policy_document.Statement.Effect", json!("Allow"), json!("Deny")),
        of(
            "temporary_iam_instance_profile_policy_document.Statement.Action",
            json!(["s3:GetObject"]),
            json!(["s3:PutObject"]),
        ),
        of(
            "temporary_iam_instance_profile_policy_document.Statement.Resource",
            json!(["arn:aws:s3:::one/*"]),
            json!(["arn:aws:s3:::two/*"]),
        ),
    ]
}
