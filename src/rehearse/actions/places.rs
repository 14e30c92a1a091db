//! Regions, zones, and what the account is.

use super::{Action, Answer, Call, ec2};
use crate::facts::regions::{self, Region as Place};
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::{DRY_RUN, FILTERS, Filters, Of};
use crate::rehearse::world::network::Subnet;
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[
    ec2("DescribeRegions", &[DRY_RUN, FILTERS, &["RegionName.N", "AllRegions"]], describe_regions),
    ec2(
        "DescribeAvailabilityZones",
        &[DRY_RUN, FILTERS, &["ZoneName.N", "ZoneId.N", "AllAvailabilityZones"]],
        describe_availability_zones,
    ),
    ec2("DescribeAccountAttributes", &[DRY_RUN, &["AttributeName.N"]], describe_account_attributes),
];

fn endpoint(place: &Place) -> String {
    let suffix = if place.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("ec2.{}.{suffix}", place.name)
}

const REGION_FILTERS: &[Of<Place>] = &[
    ("region-name", |_, place| vec![place.name.to_string()]),
    ("endpoint", |_, place| vec![endpoint(place)]),
    ("opt-in-status", |_, _| vec!["opt-in-not-required".to_string()]),
];

/// Every region of the partition is on for this account.
fn describe_regions(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, REGION_FILTERS, false)?;
    // All regions are on, so that one asks for all of them in either way.
    call.params.flag("AllRegions")?;
    let names = call.params.list("RegionName");
    let here = call.scope.region.partition;
    let all: Vec<Place> = regions::all().filter(|place| place.partition == here).collect();
    if let Some(name) = names.iter().find(|name| !all.iter().any(|place| place.name == **name)) {
        return Err(ApiError::invalid_value("region-name", name, "There is no such region."));
    }
    let view = call.view();
    let wanted = |place: &&Place| {
        (names.is_empty() || names.contains(&place.name)) && filters.pass(&view, REGION_FILTERS, "", *place)
    };
    let items = all.iter().filter(wanted).map(|place| {
        Fields::new()
            .put("regionName", place.name)
            .put("regionEndpoint", endpoint(place))
            .put("optInStatus", "opt-in-not-required")
    });
    Ok(Fields::new().set("regionInfo", items))
}

const ZONE_FILTERS: &[Of<Subnet>] = &[
    ("zone-name", |_, zone| vec![zone.zone.clone()]),
    ("zone-id", |_, zone| vec![zone.zone_id.clone()]),
    ("zone-type", |_, _| vec!["availability-zone".to_string()]),
    ("region-name", |view, _| vec![view.region.name.to_string()]),
    ("group-name", |view, _| vec![view.region.name.to_string()]),
    ("state", |_, _| vec!["available".to_string()]),
    ("opt-in-status", |_, _| vec!["opt-in-not-required".to_string()]),
];

/// One zone for each default subnet.
fn describe_availability_zones(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, ZONE_FILTERS, false)?;
    call.params.flag("AllAvailabilityZones")?;
    let (names, ids) = (call.params.list("ZoneName"), call.params.list("ZoneId"));
    let view = call.view();
    let zones: Vec<Subnet> = view.region.default_subnets().cloned().collect();
    if let Some(name) = names.iter().find(|name| !zones.iter().any(|z| z.zone == **name)) {
        return Err(ApiError::new("InvalidParameterValue", format!("Invalid availability zone: [{name}]")));
    }
    if let Some(id) = ids.iter().find(|id| !zones.iter().any(|z| z.zone_id == **id)) {
        return Err(ApiError::new("InvalidParameterValue", format!("Invalid availability zone-id: [{id}]")));
    }
    let wanted = |zone: &&Subnet| {
        (names.is_empty() || names.contains(&zone.zone.as_str()))
            && (ids.is_empty() || ids.contains(&zone.zone_id.as_str()))
            && filters.pass(&view, ZONE_FILTERS, "", *zone)
    };
    let items = zones.iter().filter(wanted).map(|zone| {
        Fields::new()
            .put("zoneName", &zone.zone)
            .put("zoneState", "available")
            .put("regionName", view.region.name)
            .put("zoneId", &zone.zone_id)
            .put("groupName", view.region.name)
            .put("networkBorderGroup", view.region.name)
            .put("zoneType", "availability-zone")
            .put("optInStatus", "opt-in-not-required")
            .set("messageSet", [])
    });
    Ok(Fields::new().set("availabilityZoneInfo", items))
}

fn describe_account_attributes(call: &mut Call<'_>) -> Answer {
    let all = [
        ("supported-platforms", "VPC".to_string()),
        ("default-vpc", call.region().vpc.clone()),
        ("max-instances", call.world.rules.quotas.vcpus.to_string()),
        ("vpc-max-security-groups-per-interface", "5".to_string()),
    ];
    let names = call.params.list("AttributeName");
    if let Some(name) = names.iter().find(|name| !all.iter().any(|(known, _)| known == *name)) {
        return Err(ApiError::invalid_value("attributeName", name, "There is no such attribute."));
    }
    let items = all.iter().filter(|(name, _)| names.is_empty() || names.contains(name)).map(|(name, value)| {
        let values = Fields::new().set("attributeValueSet", [Fields::new().put("attributeValue", value)]);
        Fields::new().put("attributeName", name).and(values)
    });
    Ok(Fields::new().set("accountAttributeSet", items))
}
