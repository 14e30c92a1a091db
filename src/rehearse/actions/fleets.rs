//! Fleets that are asked for once: types and places are tried in their order until as many instances run as are wanted.
//!
//! A rehearsed market has no prices: every way of picking tries what it is told in its order, or by priority.

use std::collections::BTreeMap;

use super::launch_templates::named;
use super::{Action, Answer, Call, Strikes, ec2, launch};
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::DRY_RUN;
use crate::rehearse::query::Params;
use crate::rehearse::world::instance::{State, user};
use crate::rehearse::world::spot::{Fleet, Template};
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[
    ec2("CreateFleet", &[DRY_RUN, TAKES], create_fleet),
    ec2("DeleteFleets", &[DRY_RUN, &["FleetId.N", "TerminateInstances"]], delete_fleets),
];

const TAKES: &[&str] = &[
    "ClientToken",
    "Type",
    "ReplaceUnhealthyInstances",
    "TargetCapacitySpecification.TotalTargetCapacity",
    "TargetCapacitySpecification.DefaultTargetCapacityType",
    "SpotOptions.AllocationStrategy",
    "LaunchTemplateConfigs.N.LaunchTemplateSpecification.LaunchTemplateId",
    "LaunchTemplateConfigs.N.LaunchTemplateSpecification.LaunchTemplateName",
    "LaunchTemplateConfigs.N.LaunchTemplateSpecification.Version",
    "LaunchTemplateConfigs.N.Overrides.N.InstanceType",
    "LaunchTemplateConfigs.N.Overrides.N.SubnetId",
    "LaunchTemplateConfigs.N.Overrides.N.AvailabilityZone",
    "LaunchTemplateConfigs.N.Overrides.N.Priority",
    "TagSpecification.N.ResourceType",
    "TagSpecification.N.Tag.N.Key",
    "TagSpecification.N.Tag.N.Value",
];

/// What EC2 writes on the instances of a fleet.
const FLEET: &str = "aws:ec2:fleet-id";

/// A template with what goes before it.
struct Pool {
    template: Template,
    over: BTreeMap<&'static str, String>,
    priority: f64,
}

fn create_fleet(call: &mut Call<'_>) -> Answer {
    if let Some(id) = call.replayed("CreateFleet")? {
        return Ok(answer(call, &id));
    }
    let p = call.params;
    if p.word("Type", &["instant", "request", "maintain"])? != Some("instant") {
        return Err(ApiError::new("Unsupported", "A rehearsed fleet has the type instant"));
    }
    if p.flag("ReplaceUnhealthyInstances")? == Some(true) {
        return Err(ApiError::new("InvalidParameterCombination", "An instant fleet replaces no instances"));
    }
    let market = p.word("TargetCapacitySpecification.DefaultTargetCapacityType", &["spot", "on-demand"])?;
    if market != Some("spot") {
        return Err(ApiError::new("Unsupported", "A rehearsed fleet is of the spot market"));
    }
    let wanted: usize = p
        .number("TargetCapacitySpecification.TotalTargetCapacity")?
        .ok_or_else(|| ApiError::missing("TotalTargetCapacity"))?;
    let strategies = [
        "lowest-price",
        "diversified",
        "capacity-optimized",
        "capacity-optimized-prioritized",
        "price-capacity-optimized",
    ];
    let strategy = p.word("SpotOptions.AllocationStrategy", &strategies)?.unwrap_or("lowest-price");
    let mut pools = pools(call)?;
    if strategy == "capacity-optimized-prioritized" {
        pools.sort_by(|a, b| a.priority.total_cmp(&b.priority));
    }
    let tags = call.new_tags("fleet", &["fleet", "instance"])?;
    let own = call.new_tags("instance", &["fleet", "instance"])?;
    let mut fleet = Fleet {
        id: format!("fleet-{}", call.world.uuid()),
        born: call.now(),
        instances: Vec::new(),
        kind: String::new(),
        is_deleted: false,
        errors: Vec::new(),
    };
    for pool in pools {
        if fleet.instances.len() >= wanted {
            break;
        }
        match launched(call, &pool, wanted - fleet.instances.len()) {
            Ok((ids, kind)) => {
                fleet.instances.extend(ids);
                fleet.kind = kind;
            }
            Err(error) => fleet.errors.push((error.code.to_string(), error.message)),
        }
    }
    for id in &fleet.instances {
        let tags = call.region_mut().tags.or_default(id);
        tags.now.insert(FLEET.to_string(), fleet.id.clone());
        tags.now.extend(own.clone());
    }
    let id = fleet.id.clone();
    call.region_mut().fleets.insert(id.clone(), fleet);
    call.tag(&id, tags);
    call.remember("CreateFleet", &id);
    Ok(answer(call, &id))
}

fn pools(call: &Call<'_>) -> Result<Vec<Pool>, ApiError> {
    let p = call.params;
    let mut pools = Vec::new();
    for config in p.groups("LaunchTemplateConfigs") {
        let of = |end: &str| p.text(&format!("{config}.LaunchTemplateSpecification.{end}"));
        let template = named(call, of("LaunchTemplateId"), of("LaunchTemplateName"))?;
        if !matches!(of("Version"), Some("1" | "$Latest" | "$Default")) {
            return Err(ApiError::new(
                "InvalidLaunchTemplateId.VersionNotFound",
                format!("The launch template '{}' has the version 1 only", template.id),
            ));
        }
        let overrides = p.groups(&format!("{config}.Overrides"));
        for group in &overrides {
            let mut over = BTreeMap::new();
            for (end, name) in [
                ("InstanceType", "InstanceType"),
                ("SubnetId", "SubnetId"),
                ("AvailabilityZone", "Placement.AvailabilityZone"),
            ] {
                over.extend(p.owned(&format!("{group}.{end}")).filter(|v| !v.is_empty()).map(|value| (name, value)));
            }
            let priority = p.number(&format!("{group}.Priority"))?.unwrap_or(f64::MAX);
            pools.push(Pool { template: template.clone(), over, priority });
        }
        if overrides.is_empty() {
            pools.push(Pool { template, over: BTreeMap::new(), priority: f64::MAX });
        }
    }
    if pools.is_empty() {
        return Err(ApiError::missing("LaunchTemplateConfigs"));
    }
    Ok(pools)
}

/// Launches by RunInstances what a pool says; the ids and the type.
fn launched(call: &mut Call<'_>, pool: &Pool, most: usize) -> Result<(Vec<String>, String), ApiError> {
    let mut values = pool.template.data.clone();
    // A subnet stands on the interface, where there is one.
    let on_interface = values.keys().find_map(|name| name.strip_prefix("NetworkInterface.")?.split('.').next());
    let on_interface = on_interface.map(|n| format!("NetworkInterface.{n}.SubnetId"));
    for (name, value) in &pool.over {
        let name = match (&on_interface, *name) {
            (Some(interface), "SubnetId") => interface.clone(),
            (_, name) => name.to_string(),
        };
        values.insert(name, value.clone());
    }
    values.insert("MinCount".to_string(), "1".to_string());
    values.insert("MaxCount".to_string(), most.to_string());
    let params = Params::new(values);
    let strikes = Strikes { ..call.strikes.clone() };
    let before: Vec<String> = call.region().instances.keys().cloned().collect();
    let mut inner = Call { params: &params, scope: call.scope, world: call.world.clone(), strikes };
    launch::run_instances(&mut inner)?;
    // All that a template says has to mean something.
    if let Some(name) = params.unread().first() {
        let words = format!("The launch template's parameter {name} has no effect here");
        return Err(ApiError::new("Unsupported", words));
    }
    call.world = inner.world;
    let new: Vec<_> = call.region().instances.values().filter(|i| !before.contains(&i.id)).collect();
    let kind = new.first().map(|i| i.kind.clone()).unwrap_or_default();
    Ok((new.iter().map(|i| i.id.clone()).collect(), kind))
}

fn answer(call: &Call<'_>, id: &str) -> Fields {
    let Some(fleet) = call.region().fleets.get(id) else { return Fields::new() };
    let errors =
        fleet.errors.iter().filter(|_| fleet.instances.is_empty()).map(|(code, words)| {
            Fields::new().put("lifecycle", "spot").put("errorCode", code).put("errorMessage", words)
        });
    let instances = (!fleet.instances.is_empty()).then(|| {
        Fields::new().put("lifecycle", "spot").words("instanceIds", &fleet.instances).put("instanceType", &fleet.kind)
    });
    Fields::new().put("fleetId", id).set("errorSet", errors).set("fleetInstanceSet", instances)
}

fn delete_fleets(call: &mut Call<'_>) -> Answer {
    let ids: Vec<String> = call.params.list("FleetId").into_iter().map(str::to_string).collect();
    if ids.is_empty() {
        return Err(ApiError::missing("FleetId"));
    }
    if call.params.flag("TerminateInstances")? != Some(true) {
        return Err(ApiError::new("InvalidParameterValue", "An instant fleet is deleted with its instances"));
    }
    let (now, delay) = (call.now(), call.world.rules.delays.terminate);
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for id in ids {
        let sees = call.region().fleets.get(&id).is_some_and(|fleet| call.world.sees(Some(fleet.born)));
        let region = call.region_mut();
        let Some(fleet) = region.fleets.get_mut(&id).filter(|_| sees) else {
            let error = Fields::new()
                .put("code", "fleetIdDoesNotExist")
                .put("message", format!("The fleet ID '{id}' does not exist"));
            failed.push(Fields::new().put("fleetId", &id).node("error", error));
            continue;
        };
        let before = if fleet.is_deleted { "deleted" } else { "active" };
        fleet.is_deleted = true;
        let instances = fleet.instances.clone();
        for instance in instances {
            let Some(instance) = region.instances.get_mut(&instance) else { continue };
            if !matches!(instance.state, State::ShuttingDown | State::Terminated) {
                let reason = user("Client.UserInitiatedShutdown");
                instance.terminate(now, delay, reason, "User initiated".to_string());
            }
        }
        done.push(
            Fields::new()
                .put("fleetId", &id)
                .put("currentFleetState", "deleted_terminating")
                .put("previousFleetState", before),
        );
    }
    Ok(Fields::new().set("successfulFleetDeletionSet", done).set("unsuccessfulFleetDeletionSet", failed))
}
