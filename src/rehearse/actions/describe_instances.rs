//! What instances are like.

use super::{Action, Answer, Call, ec2, no_instance, tag_set};
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::{DRY_RUN, FILTERS, Filters, Of, PAGES, View, page};
use crate::rehearse::world::ACCOUNT;
use crate::rehearse::world::instance::{Instance, State};
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[
    ec2("DescribeInstances", &[DRY_RUN, FILTERS, PAGES, &["InstanceId.N"]], describe_instances),
    ec2(
        "DescribeInstanceStatus",
        &[DRY_RUN, FILTERS, PAGES, &["InstanceId.N", "IncludeAllInstances"]],
        describe_instance_status,
    ),
];

const INSTANCE_FILTERS: &[Of<Instance>] = &[
    ("instance-id", |_, i| vec![i.id.clone()]),
    ("instance-state-name", |_, i| vec![i.state.name().to_string()]),
    ("instance-state-code", |_, i| vec![i.state.code().to_string()]),
    ("instance-type", |_, i| vec![i.kind.clone()]),
    ("image-id", |_, i| vec![i.image.clone()]),
    ("instance-lifecycle", |_, i| i.spot.iter().map(|_| "spot".to_string()).collect()),
    ("spot-instance-request-id", |_, i| i.spot.clone().into_iter().collect()),
    ("client-token", |_, i| vec![i.token.clone()]),
    ("reservation-id", |_, i| vec![i.reservation.clone()]),
    ("key-name", |_, i| i.key.clone().into_iter().collect()),
    ("vpc-id", |_, i| vec![i.vpc.clone()]),
    ("subnet-id", |_, i| vec![i.subnet.clone()]),
    ("availability-zone", |_, i| vec![i.zone.clone()]),
    ("private-ip-address", |_, i| vec![i.private_ip.clone()]),
    ("ip-address", |_, i| i.public_ip.clone().into_iter().collect()),
    ("private-dns-name", |view, i| vec![i.private_dns(view.region.name)]),
    ("dns-name", |view, i| i.public_dns(view.region.name).into_iter().collect()),
    ("architecture", |_, i| vec![i.architecture.clone()]),
    ("virtualization-type", |_, i| vec![i.virtualization.clone()]),
    ("root-device-type", |_, i| vec![i.root_kind.to_string()]),
    ("root-device-name", |_, i| vec![i.root_device.clone()]),
    ("owner-id", |_, _| vec![ACCOUNT.to_string()]),
    ("tenancy", |_, i| vec![i.tenancy.clone()]),
    ("instance.group-id", |_, i| i.groups.clone()),
    ("instance.group-name", |view, i| names(view, i)),
    ("group-id", |_, i| i.groups.clone()),
    ("group-name", |view, i| names(view, i)),
    ("block-device-mapping.volume-id", |_, i| i.devices.iter().map(|d| d.volume.clone()).collect()),
    ("block-device-mapping.device-name", |_, i| i.devices.iter().map(|d| d.name.clone()).collect()),
];

fn names(view: &View<'_>, instance: &Instance) -> Vec<String> {
    instance.groups.iter().filter_map(|id| view.region.groups.get(id)).map(|group| group.name.clone()).collect()
}

/// The visible instances that a call asks for.
fn found<'w>(
    call: &Call<'_>,
    view: &View<'w>,
    filters: &Filters,
    table: &[Of<Instance>],
) -> Result<Vec<&'w Instance>, ApiError> {
    let ids = call.params.list("InstanceId");
    if !ids.is_empty() && call.params.text("MaxResults").is_some() {
        return Err(ApiError::combination("The parameter instancesSet cannot be used with the parameter maxResults"));
    }
    let seen = |i: &&Instance| view.world.sees(Some(i.born));
    if let Some(id) = ids.iter().find(|id| view.region.instances.get(id).filter(seen).is_none()) {
        return Err(no_instance(id));
    }
    let named = |i: &&Instance| ids.is_empty() || ids.contains(&i.id.as_str());
    let all = view.region.instances.values().filter(seen).filter(named);
    Ok(all.filter(|i| filters.pass(view, table, &i.id, *i)).collect())
}

fn describe_instances(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, INSTANCE_FILTERS, true)?;
    let view = call.view();
    let found = found(call, &view, &filters, INSTANCE_FILTERS)?;
    let (items, next) = page(call.params, found, 5, 1000)?;
    Ok(Fields::new().set("reservationSet", reservations(&view, items, false)).opt("nextToken", next))
}

/// Reservations with those of their instances that are asked for. `fresh` shows tags that look-ups do not see yet.
pub(super) fn reservations(view: &View<'_>, instances: Vec<&Instance>, fresh: bool) -> Vec<Fields> {
    let mut sets: Vec<(&str, Vec<Fields>)> = Vec::new();
    for instance in instances {
        let shown = shown(view, instance, fresh);
        match sets.iter_mut().find(|(id, _)| *id == instance.reservation) {
            Some((_, set)) => set.push(shown),
            None => sets.push((&instance.reservation, vec![shown])),
        }
    }
    let one = |(id, set)| {
        Fields::new().put("reservationId", id).put("ownerId", ACCOUNT).set("groupSet", []).set("instancesSet", set)
    };
    sets.into_iter().map(one).collect()
}

fn groups(view: &View<'_>, instance: &Instance) -> Vec<Fields> {
    let name = |id: &String| view.region.groups.get(id).map(|g| g.name.clone()).unwrap_or_default();
    instance.groups.iter().map(|id| Fields::new().put("groupId", id).put("groupName", name(id))).collect()
}

fn shown(view: &View<'_>, i: &Instance, fresh: bool) -> Fields {
    let iso = |time| view.world.clock.iso(time);
    let region = view.region.name;
    let state = Fields::new().put("code", i.state.code()).put("name", i.state.name());
    let gone = matches!(i.state, State::Terminated);
    let attached = |d: &crate::rehearse::world::instance::Device| {
        let volume = view.region.volumes.get(&d.volume);
        let since = volume.and_then(|v| v.attached.as_ref()).map(|a| iso(a.since));
        let ebs = Fields::new().put("volumeId", &d.volume).put("status", "attached");
        let ebs = ebs.opt("attachTime", since).put("deleteOnTermination", d.delete);
        Fields::new().put("deviceName", &d.name).node("ebs", ebs)
    };
    let placement = Fields::new()
        .put("availabilityZone", &i.zone)
        .put("groupName", "")
        .put("tenancy", &i.tenancy)
        .opt("hostId", i.host.as_ref())
        .opt("hostResourceGroupArn", i.host_group.as_ref());
    let metadata = Fields::new()
        .put("state", "applied")
        .put("httpTokens", &i.metadata.tokens)
        .put("httpPutResponseHopLimit", i.metadata.hops)
        .put("httpEndpoint", &i.metadata.endpoint)
        .put("httpProtocolIpv6", "disabled")
        .put("instanceMetadataTags", &i.metadata.tags);
    let mut fields = Fields::new()
        .put("instanceId", &i.id)
        .put("imageId", &i.image)
        .node("instanceState", state)
        .put("privateDnsName", if gone { String::new() } else { i.private_dns(region) })
        .put("dnsName", i.public_dns(region).unwrap_or_default())
        .put("reason", &i.transition)
        .opt("keyName", i.key.as_ref())
        .put("amiLaunchIndex", i.index)
        .set("productCodes", [])
        .put("instanceType", &i.kind)
        .put("launchTime", iso(i.launched))
        .node("placement", placement)
        .node("monitoring", Fields::new().put("state", if i.monitoring { "enabled" } else { "disabled" }));
    if !gone {
        fields = fields
            .put("subnetId", &i.subnet)
            .put("vpcId", &i.vpc)
            .put("privateIpAddress", &i.private_ip)
            .opt("ipAddress", i.public_ip.as_ref())
            .opt("ipv6Address", i.ipv6.as_ref())
            .put("sourceDestCheck", i.source_dest_check);
    }
    fields = fields.set("groupSet", if gone { Vec::new() } else { groups(view, i) });
    if let Some(reason) = &i.reason {
        fields = fields.node("stateReason", Fields::new().put("code", &reason.code).put("message", &reason.message));
    }
    fields = fields
        .put("architecture", &i.architecture)
        .put("rootDeviceType", i.root_kind)
        .put("rootDeviceName", &i.root_device)
        .set("blockDeviceMapping", i.devices.iter().map(attached))
        .put("virtualizationType", &i.virtualization)
        .put("clientToken", &i.token);
    let own = if fresh { view.region.tags.get(&i.id).map(|tags| &tags.now) } else { None };
    fields = tag_set(fields, own.unwrap_or_else(|| view.world.tags(view.region, &i.id)));
    if let Some(arn) = &i.profile {
        fields = fields.node("iamInstanceProfile", Fields::new().put("arn", arn).put("id", "AIPAREHEARSAL"));
    }
    if i.sriov {
        fields = fields.put("sriovNetSupport", "simple");
    }
    if let Some(request) = &i.spot {
        fields = fields.put("instanceLifecycle", "spot").put("spotInstanceRequestId", request);
    }
    if !i.licenses.is_empty() {
        let one = |arn: &String| Fields::new().put("licenseConfigurationArn", arn);
        fields = fields.set("licenseSet", i.licenses.iter().map(one));
    }
    let reserved = match &i.reserved {
        (None, None) => Fields::new().put("capacityReservationPreference", &i.reservation_preference),
        (id, group) => {
            let target = Fields::new().opt("capacityReservationId", id.as_ref());
            let target = target.opt("capacityReservationResourceGroupArn", group.as_ref());
            Fields::new().node("capacityReservationTarget", target)
        }
    };
    fields
        .put("hypervisor", "xen")
        .set("networkInterfaceSet", if gone { Vec::new() } else { vec![interface(view, i)] })
        .put("ebsOptimized", i.ebs_optimized)
        .put("enaSupport", i.ena)
        .node("capacityReservationSpecification", reserved)
        .node("enclaveOptions", Fields::new().put("enabled", i.enclave))
        .node("metadataOptions", metadata)
}

fn interface(view: &View<'_>, i: &Instance) -> Fields {
    let public = i.public_ip.as_ref().map(|ip| {
        let dns = i.public_dns(view.region.name);
        Fields::new().put("publicIp", ip).opt("publicDnsName", dns).put("ipOwnerId", "amazon")
    });
    let attachment = Fields::new()
        .put("attachmentId", i.interface.replacen("eni-", "eni-attach-", 1))
        .put("deviceIndex", 0)
        .put("status", "attached")
        .put("deleteOnTermination", true);
    let fields = Fields::new()
        .put("networkInterfaceId", &i.interface)
        .put("subnetId", &i.subnet)
        .put("vpcId", &i.vpc)
        .put("ownerId", ACCOUNT)
        .put("status", "in-use")
        .put("privateIpAddress", &i.private_ip)
        .put("sourceDestCheck", i.source_dest_check)
        .set("groupSet", groups(view, i))
        .set("ipv6AddressesSet", i.ipv6.iter().map(|address| Fields::new().put("ipv6Address", address)))
        .node("attachment", attachment);
    match public {
        Some(public) => fields.node("association", public),
        None => fields,
    }
}

const STATUS_FILTERS: &[Of<Instance>] = &[
    ("instance-state-name", |_, i| vec![i.state.name().to_string()]),
    ("instance-state-code", |_, i| vec![i.state.code().to_string()]),
    ("availability-zone", |_, i| vec![i.zone.clone()]),
    ("instance-status.status", |view, i| vec![health(view, i).to_string()]),
    ("system-status.status", |view, i| vec![health(view, i).to_string()]),
];

fn health(view: &View<'_>, instance: &Instance) -> &'static str {
    match (instance.state, instance.up) {
        (State::Running, Some(up)) if up <= view.now => "ok",
        (State::Running, _) => "initializing",
        _ => "not-applicable",
    }
}

fn describe_instance_status(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, STATUS_FILTERS, false)?;
    let all = call.params.flag("IncludeAllInstances")? == Some(true);
    let view = call.view();
    let found = found(call, &view, &filters, STATUS_FILTERS)?;
    let found = found.into_iter().filter(|i| all || i.state == State::Running).collect();
    let (items, next) = page(call.params, found, 5, 1000)?;
    let items = items.into_iter().map(|i| {
        let status = || Fields::new().put("status", health(&view, i)).set("details", []);
        Fields::new()
            .put("instanceId", &i.id)
            .put("availabilityZone", &i.zone)
            .node("instanceState", Fields::new().put("code", i.state.code()).put("name", i.state.name()))
            .node("systemStatus", status())
            .node("instanceStatus", status())
    });
    Ok(Fields::new().set("instanceStatusSet", items).opt("nextToken", next))
}
