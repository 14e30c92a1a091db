//! The default network of a region.

use super::{Action, Answer, Call, ec2, no_such, tag_set};
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::{DRY_RUN, FILTERS, Filters, Of, PAGES, View, page};
use crate::rehearse::world::ACCOUNT;
use crate::rehearse::world::network::{Subnet, VPC_CIDR};
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[
    ec2("DescribeVpcs", &[DRY_RUN, FILTERS, PAGES, &["VpcId.N"]], describe_vpcs),
    ec2("DescribeSubnets", &[DRY_RUN, FILTERS, PAGES, &["SubnetId.N"]], describe_subnets),
];

const VPC_FILTERS: &[Of<String>] = &[
    ("vpc-id", |_, vpc| vec![vpc.clone()]),
    ("isDefault", |_, _| vec!["true".to_string()]),
    ("is-default", |_, _| vec!["true".to_string()]),
    ("state", |_, _| vec!["available".to_string()]),
    ("cidr", |_, _| vec![VPC_CIDR.to_string()]),
    ("owner-id", |_, _| vec![ACCOUNT.to_string()]),
];

fn describe_vpcs(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, VPC_FILTERS, true)?;
    let ids = call.params.list("VpcId");
    let view = call.view();
    let vpc = &view.region.vpc;
    if let Some(id) = ids.iter().find(|id| *id != vpc) {
        return Err(no_vpc(id));
    }
    let found = filters.pass(&view, VPC_FILTERS, vpc, vpc).then_some(vpc).into_iter().collect();
    let (items, next) = page(call.params, found, 5, 1000)?;
    let fields = items.into_iter().map(|vpc| {
        let fields = Fields::new()
            .put("vpcId", vpc)
            .put("ownerId", ACCOUNT)
            .put("state", "available")
            .put("cidrBlock", VPC_CIDR)
            .put("instanceTenancy", "default")
            .put("isDefault", true);
        tag_set(fields, view.world.tags(view.region, vpc))
    });
    Ok(Fields::new().set("vpcSet", fields).opt("nextToken", next))
}

const SUBNET_FILTERS: &[Of<Subnet>] = &[
    ("subnet-id", |_, s| vec![s.id.clone()]),
    ("vpc-id", |_, s| vec![s.vpc.clone()]),
    ("availability-zone", |_, s| vec![s.zone.clone()]),
    ("availabilityZone", |_, s| vec![s.zone.clone()]),
    ("availability-zone-id", |_, s| vec![s.zone_id.clone()]),
    ("cidr-block", |_, s| vec![s.cidr.clone()]),
    ("default-for-az", |_, _| vec!["true".to_string()]),
    ("defaultForAz", |_, _| vec!["true".to_string()]),
    ("map-public-ip-on-launch", |_, _| vec!["true".to_string()]),
    ("state", |_, _| vec!["available".to_string()]),
    ("owner-id", |_, _| vec![ACCOUNT.to_string()]),
    ("available-ip-address-count", |view: &View<'_>, s| vec![s.free(view.region).to_string()]),
];

fn describe_subnets(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, SUBNET_FILTERS, true)?;
    let ids = call.params.list("SubnetId");
    let view = call.view();
    let all = &view.region.subnets;
    if let Some(id) = ids.iter().find(|id| !all.iter().any(|s| s.id == **id)) {
        return Err(no_subnet(id));
    }
    let wanted = |s: &&Subnet| {
        (ids.is_empty() || ids.contains(&s.id.as_str())) && filters.pass(&view, SUBNET_FILTERS, &s.id, *s)
    };
    let (items, next) = page(call.params, all.iter().filter(wanted).collect(), 5, 1000)?;
    let fields = items.into_iter().map(|s| {
        let arn = format!("arn:{}:ec2:{}:{ACCOUNT}:subnet/{}", view.region.partition, view.region.name, s.id);
        let fields = Fields::new()
            .put("subnetId", &s.id)
            .put("subnetArn", arn)
            .put("state", "available")
            .put("ownerId", ACCOUNT)
            .put("vpcId", &s.vpc)
            .put("cidrBlock", &s.cidr)
            .put("availableIpAddressCount", s.free(view.region))
            .put("availabilityZone", &s.zone)
            .put("availabilityZoneId", &s.zone_id)
            .put("defaultForAz", true)
            .put("mapPublicIpOnLaunch", true)
            .put("assignIpv6AddressOnCreation", false)
            .set("ipv6CidrBlockAssociationSet", []);
        tag_set(fields, view.world.tags(view.region, &s.id))
    });
    Ok(Fields::new().set("subnetSet", fields).opt("nextToken", next))
}

pub(super) fn no_vpc(id: &str) -> ApiError {
    no_such("vpc", "vpc-", "InvalidVpcID.NotFound", "InvalidVpcID.Malformed", id)
}

pub(super) fn no_subnet(id: &str) -> ApiError {
    match no_such("subnet", "subnet-", "InvalidSubnetID.NotFound", "InvalidSubnetId.Malformed", id) {
        // EC2 makes no difference here.
        error if error.code == "InvalidSubnetId.Malformed" => {
            ApiError::new("InvalidSubnetID.NotFound", format!("The subnet ID '{id}' does not exist"))
        }
        error => error,
    }
}
