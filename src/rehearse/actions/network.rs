//! VPCs and subnets: those that a region begins with, and others that are made.

use ipnet::{Ipv4Net, Ipv6Net};

use super::{Action, Answer, Call, ec2, no_such, tag_set};
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::{DRY_RUN, FILTERS, Filters, Of, PAGES, View, page};
use crate::rehearse::world::ACCOUNT;
use crate::rehearse::world::network::{Group, Subnet, Vpc};
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[
    ec2("DescribeVpcs", &[DRY_RUN, FILTERS, PAGES, &["VpcId.N"]], describe_vpcs),
    ec2("DescribeSubnets", &[DRY_RUN, FILTERS, PAGES, &["SubnetId.N"]], describe_subnets),
    ec2("CreateVpc", &[DRY_RUN, TAGGED, &["CidrBlock", "AmazonProvidedIpv6CidrBlock"]], create_vpc),
    ec2(
        "CreateSubnet",
        &[DRY_RUN, TAGGED, &["VpcId", "CidrBlock", "Ipv6CidrBlock", "AvailabilityZone"]],
        create_subnet,
    ),
    ec2(
        "ModifySubnetAttribute",
        &[&["SubnetId", "MapPublicIpOnLaunch.Value", "AssignIpv6AddressOnCreation.Value"]],
        modify_subnet_attribute,
    ),
];

const TAGGED: &[&str] =
    &["TagSpecification.N.ResourceType", "TagSpecification.N.Tag.N.Key", "TagSpecification.N.Tag.N.Value"];

const VPC_FILTERS: &[Of<Vpc>] = &[
    ("vpc-id", |_, v| vec![v.id.clone()]),
    ("isDefault", |_, v| vec![v.is_default.to_string()]),
    ("is-default", |_, v| vec![v.is_default.to_string()]),
    ("state", |_, _| vec!["available".to_string()]),
    ("cidr", |_, v| vec![v.cidr.clone()]),
    ("owner-id", |_, _| vec![ACCOUNT.to_string()]),
];

fn describe_vpcs(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, VPC_FILTERS, true)?;
    let ids = call.params.list("VpcId");
    let view = call.view();
    let all: Vec<&Vpc> = view.region.vpcs.iter().filter(|v| view.world.sees(v.born)).collect();
    if let Some(id) = ids.iter().find(|id| !all.iter().any(|v| v.id == **id)) {
        return Err(no_vpc(id));
    }
    let wanted =
        |v: &&Vpc| (ids.is_empty() || ids.contains(&v.id.as_str())) && filters.pass(&view, VPC_FILTERS, &v.id, *v);
    let (items, next) = page(call.params, all.into_iter().filter(wanted).collect(), 5, 1000)?;
    let fields = items.into_iter().map(|vpc| shown_vpc(&view, vpc, false));
    Ok(Fields::new().set("vpcSet", fields).opt("nextToken", next))
}

/// `fresh` shows tags that look-ups do not see yet.
fn shown_vpc(view: &View<'_>, vpc: &Vpc, fresh: bool) -> Fields {
    let mut fields = Fields::new()
        .put("vpcId", &vpc.id)
        .put("ownerId", ACCOUNT)
        .put("state", "available")
        .put("cidrBlock", &vpc.cidr)
        .put("instanceTenancy", "default")
        .put("isDefault", vpc.is_default);
    if let Some(ipv6) = &vpc.ipv6 {
        fields = fields.set("ipv6CidrBlockAssociationSet", [associated(ipv6)]);
    }
    let own = if fresh { view.region.tags.get(&vpc.id).map(|tags| &tags.now) } else { None };
    tag_set(fields, own.unwrap_or_else(|| view.world.tags(view.region, &vpc.id)))
}

fn associated(cidr: &str) -> Fields {
    let state = Fields::new().put("state", "associated");
    Fields::new().put("ipv6CidrBlock", cidr).node("ipv6CidrBlockState", state)
}

const SUBNET_FILTERS: &[Of<Subnet>] = &[
    ("subnet-id", |_, s| vec![s.id.clone()]),
    ("vpc-id", |_, s| vec![s.vpc.clone()]),
    ("availability-zone", |_, s| vec![s.zone.clone()]),
    ("availabilityZone", |_, s| vec![s.zone.clone()]),
    ("availability-zone-id", |_, s| vec![s.zone_id.clone()]),
    ("cidr-block", |_, s| vec![s.cidr.clone()]),
    ("default-for-az", |_, s| vec![s.is_default.to_string()]),
    ("defaultForAz", |_, s| vec![s.is_default.to_string()]),
    ("map-public-ip-on-launch", |_, s| vec![s.public.to_string()]),
    ("state", |_, _| vec!["available".to_string()]),
    ("owner-id", |_, _| vec![ACCOUNT.to_string()]),
    ("available-ip-address-count", |view: &View<'_>, s| vec![s.free(view.region).to_string()]),
];

fn describe_subnets(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, SUBNET_FILTERS, true)?;
    let ids = call.params.list("SubnetId");
    let view = call.view();
    let all: Vec<&Subnet> = view.region.subnets.iter().filter(|s| view.world.sees(s.born)).collect();
    if let Some(id) = ids.iter().find(|id| !all.iter().any(|s| s.id == **id)) {
        return Err(no_subnet(id));
    }
    let wanted = |s: &&Subnet| {
        (ids.is_empty() || ids.contains(&s.id.as_str())) && filters.pass(&view, SUBNET_FILTERS, &s.id, *s)
    };
    let (items, next) = page(call.params, all.into_iter().filter(wanted).collect(), 5, 1000)?;
    let fields = items.into_iter().map(|s| shown_subnet(&view, s, false));
    Ok(Fields::new().set("subnetSet", fields).opt("nextToken", next))
}

fn shown_subnet(view: &View<'_>, s: &Subnet, fresh: bool) -> Fields {
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
        .put("defaultForAz", s.is_default)
        .put("mapPublicIpOnLaunch", s.public)
        .put("assignIpv6AddressOnCreation", s.assigns_ipv6)
        .set("ipv6CidrBlockAssociationSet", s.ipv6.iter().map(|cidr| associated(cidr)));
    let own = if fresh { view.region.tags.get(&s.id).map(|tags| &tags.now) } else { None };
    tag_set(fields, own.unwrap_or_else(|| view.world.tags(view.region, &s.id)))
}

fn create_vpc(call: &mut Call<'_>) -> Answer {
    let cidr = call.params.required("CidrBlock")?;
    let net: Ipv4Net = cidr.parse().map_err(|_| malformed("CidrBlock", cidr))?;
    if !(16..=28).contains(&net.prefix_len()) {
        return Err(ApiError::new("InvalidVpc.Range", format!("The CIDR '{cidr}' is invalid.")));
    }
    let six = call.params.flag("AmazonProvidedIpv6CidrBlock")? == Some(true);
    let tags = call.new_tags("vpc", &["vpc"])?;
    let (id, digits) = (call.world.id("vpc"), call.world.digits());
    // Of the range that is kept for documentation.
    let ipv6 = six.then(|| format!("2001:db8:{}:{}00::/56", &digits[..4], &digits[4..6]));
    let born = Some(call.now());
    let vpc = Vpc { id: id.clone(), cidr: net.trunc().to_string(), ipv6, is_default: false, born };
    let group = Group::default_of(&id, call.world.id("sg"));
    let region = call.region_mut();
    region.vpcs.push(vpc.clone());
    region.groups.insert(group.id.clone(), group);
    call.tag(&id, tags);
    Ok(Fields::new().node("vpc", shown_vpc(&call.view(), &vpc, true)))
}

fn create_subnet(call: &mut Call<'_>) -> Answer {
    let p = call.params;
    let (vpc, cidr) = (p.required("VpcId")?, p.required("CidrBlock")?);
    let known = call.region().vpcs.iter().find(|v| v.id == vpc && call.world.sees(v.born));
    let vpc = known.ok_or_else(|| no_vpc(vpc))?.clone();
    let net: Ipv4Net = cidr.parse().map_err(|_| malformed("CidrBlock", cidr))?;
    let inside = vpc.cidr.parse::<Ipv4Net>().is_ok_and(|all| all.contains(&net));
    if !inside || net.prefix_len() > 28 {
        return Err(ApiError::new("InvalidSubnet.Range", format!("The CIDR '{cidr}' is invalid.")));
    }
    let meets = |s: &&Subnet| {
        s.vpc == vpc.id && s.cidr.parse::<Ipv4Net>().is_ok_and(|other| other.contains(&net) || net.contains(&other))
    };
    if call.region().subnets.iter().any(|s| meets(&s)) {
        return Err(ApiError::new(
            "InvalidSubnet.Conflict",
            format!("The CIDR '{cidr}' conflicts with another subnet"),
        ));
    }
    let ipv6 = match p.text("Ipv6CidrBlock").filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => {
            let six: Ipv6Net = text.parse().map_err(|_| malformed("Ipv6CidrBlock", text))?;
            let all = vpc.ipv6.as_ref().and_then(|all| all.parse::<Ipv6Net>().ok());
            if six.prefix_len() != 64 || !all.is_some_and(|all| all.contains(&six)) {
                return Err(ApiError::new("InvalidSubnet.Range", format!("The CIDR '{text}' is invalid.")));
            }
            Some(six.trunc().to_string())
        }
    };
    let zone = p.text("AvailabilityZone").filter(|zone| !zone.is_empty());
    let place = call.region().default_subnets().find(|s| zone.is_none_or(|zone| s.zone == zone));
    let Some(place) = place.cloned() else {
        let zone = zone.unwrap_or_default();
        return Err(ApiError::invalid_value("availabilityZone", zone, "Subnets can be created in the region's zones."));
    };
    let tags = call.new_tags("subnet", &["subnet"])?;
    let subnet = Subnet {
        id: call.world.id("subnet"),
        vpc: vpc.id,
        cidr: net.trunc().to_string(),
        is_default: false,
        public: false,
        ipv6,
        assigns_ipv6: false,
        born: Some(call.now()),
        ..place
    };
    call.region_mut().subnets.push(subnet.clone());
    call.tag(&subnet.id, tags);
    Ok(Fields::new().node("subnet", shown_subnet(&call.view(), &subnet, true)))
}

fn malformed(name: &str, cidr: &str) -> ApiError {
    ApiError::invalid_value(name, cidr, "This is not a valid CIDR block.")
}

fn modify_subnet_attribute(call: &mut Call<'_>) -> Answer {
    let id = call.params.required("SubnetId")?.to_string();
    let public = call.params.flag("MapPublicIpOnLaunch.Value")?;
    let six = call.params.flag("AssignIpv6AddressOnCreation.Value")?;
    if public.is_some() == six.is_some() {
        return Err(ApiError::combination("One attribute is modified at a time"));
    }
    let subnet = call.region_mut().subnets.iter_mut().find(|s| s.id == id).ok_or_else(|| no_subnet(&id))?;
    if six == Some(true) && subnet.ipv6.is_none() {
        let words = format!("The subnet '{id}' has no IPv6 CIDR block.");
        return Err(ApiError::new("InvalidParameterValue", words));
    }
    subnet.public = public.unwrap_or(subnet.public);
    subnet.assigns_ipv6 = six.unwrap_or(subnet.assigns_ipv6);
    Ok(Fields::done())
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
