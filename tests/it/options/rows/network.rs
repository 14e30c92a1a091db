//! Where the machine stands in the network, and who may reach it.

use serde_json::{Value, json};

use super::super::Row;
use super::super::Seen::{At, Differs, Launch, Outcome};
use super::{alone, furnished, on_spot, row};

/// What a machine on demand is asked for, and what the fleet is.
const SUBNET: &str = "SubnetId";
const OVERRIDDEN_SUBNET: &str = "LaunchTemplateConfigs.N.Overrides.N.SubnetId";
const OVERRIDDEN_ZONE: &str = "LaunchTemplateConfigs.N.Overrides.N.AvailabilityZone";
/// The groups of a machine, and those of an interface of its own.
const GROUP: &str = "SecurityGroupId.N";
const RANGE: &str = "IpPermissions.N.IpRanges.N.CidrIp";

pub(super) fn network() -> Vec<Row> {
    let public = || alone("associate_public_ip_address", json!(false), json!(true), Launch(PUBLIC));
    let zone = |seen| alone("availability_zone", json!("us-east-1a"), json!("us-east-1b"), seen);
    [
        vec![public(), zone(At("RunInstances", "Placement.AvailabilityZone"))],
        on_spot(vec![public(), zone(At("CreateFleet", OVERRIDDEN_ZONE))]),
        furnished(subnets("RunInstances", SUBNET)),
        furnished(on_spot(subnets("CreateFleet", OVERRIDDEN_SUBNET))),
        furnished(groups()),
        furnished(on_spot(groups())),
        furnished(vec![six("RunInstances", "Ipv6AddressCount")]),
        furnished(on_spot(vec![six("CreateLaunchTemplate", "LaunchTemplateData.NetworkInterface.N.Ipv6AddressCount")])),
        reached(),
    ]
    .concat()
}

/// Who connects by IPv6 gets such an address.
fn six(action: &'static str, parameter: &'static str) -> Row {
    let cidrs = ["10.0.0.0/8", "2001:db8::/32"];
    let with = json!({ "communicator": "ssh", "ssh_username": "ali", "subnet_id": "$first",
        "temporary_security_group_source_cidrs": cidrs });
    row("ssh_interface", with, json!("public_ip"), json!("ipv6"), Differs(action, parameter))
}

const PUBLIC: &str = "NetworkInterface.N.AssociatePublicIpAddress";

/// A search by filters, by name and one by one: each finds the one thing and then the other.
fn search(option: &str, names: [&'static str; 3], keys: [&str; 2], seen: super::Seen) -> Vec<Row> {
    let [map, name, value] = names;
    let [first, second] = keys;
    let of = |filter: Value| json!({ option: { "filter": [filter] } });
    vec![
        row(map, json!({}), json!({ first: "one" }), json!({ first: "two" }), seen),
        row(name, of(json!({ "value": "one" })), json!(first), json!(second), seen),
        row(value, of(json!({ "name": first })), json!("one"), json!("two"), seen),
    ]
}

fn subnets(action: &'static str, parameter: &'static str) -> Vec<Row> {
    let (named, found) = (At(action, parameter), Differs(action, parameter));
    let vpcs = ["vpc_filter.filters", "vpc_filter.filter.name", "vpc_filter.filter.value"];
    let of_subnets = ["subnet_filter.filters", "subnet_filter.filter.name", "subnet_filter.filter.value"];
    // Both of its subnets match.
    let both = || json!({ "subnet_filter": { "filters": { "vpc-id": "$vpc" } } });
    let tags = ["tag:Name", "tag:Class"];
    [
        vec![
            alone("subnet_id", json!("$first"), json!("$second"), named),
            alone("vpc_id", json!("$vpc"), json!("$other"), found),
            row("subnet_filter.most_free", both(), json!(false), json!(true), Outcome),
            row("subnet_filter.random", both(), json!(false), json!(true), Outcome),
        ],
        search("vpc_filter", vpcs, tags, found),
        search("subnet_filter", of_subnets, tags, found),
    ]
    .concat()
}

fn groups() -> Vec<Row> {
    let found = super::Seen::LaunchDiffers(GROUP);
    let names =
        ["security_group_filter.filters", "security_group_filter.filter.name", "security_group_filter.filter.value"];
    [
        vec![
            alone("security_group_id", json!("$group_one"), json!("$group_two"), Launch(GROUP)),
            alone("security_group_ids", json!(["$group_one"]), json!(["$group_one", "$group_two"]), Launch(GROUP)),
        ],
        search("security_group_filter", names, ["group-name", "description"], found),
    ]
    .concat()
}

/// Who may reach the machine: of the group that is made for a connection.
fn reached() -> Vec<Row> {
    let connected = |cidrs: Value| json!({ "communicator": "ssh", "ssh_username": "ali", "temporary_security_group_source_cidrs": cidrs });
    let opened = |parameter| Differs("AuthorizeSecurityGroupIngress", parameter);
    vec![
        row(
            "temporary_security_group_source_cidrs",
            connected(json!(null)),
            json!(["10.0.0.0/8"]),
            json!(["10.0.0.0/8", "192.168.0.0/16"]),
            opened(RANGE),
        ),
        row(
            "temporary_security_group_source_public_ip",
            connected(json!(["10.0.0.0/8"])),
            json!(false),
            json!(true),
            opened(RANGE),
        ),
        row(
            "ssh_port",
            connected(json!(null)),
            json!(22),
            json!(2222),
            At("AuthorizeSecurityGroupIngress", "IpPermissions.N.FromPort"),
        ),
    ]
}
