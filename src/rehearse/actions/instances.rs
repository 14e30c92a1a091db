//! Stopping, starting and terminating.

use super::{Action, Answer, Call, ec2, no_instance};
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::DRY_RUN;
use crate::rehearse::world::instance::{Instance, State, user};
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[
    ec2("StopInstances", &[DRY_RUN, &["InstanceId.N", "Force"]], stop_instances),
    ec2("StartInstances", &[DRY_RUN, &["InstanceId.N"]], start_instances),
    ec2("TerminateInstances", &[DRY_RUN, &["InstanceId.N"]], terminate_instances),
    ec2("RebootInstances", &[DRY_RUN, &["InstanceId.N"]], reboot_instances),
];

/// The ids that a call names; all of them have to be visible.
fn named(call: &Call<'_>) -> Result<Vec<String>, ApiError> {
    let ids = call.params.list("InstanceId");
    if ids.is_empty() {
        return Err(ApiError::missing("InstanceId"));
    }
    let unseen = |id: &&&str| !call.region().instances.get(id).is_some_and(|i| call.world.sees(Some(i.born)));
    match ids.iter().find(unseen) {
        Some(id) => Err(no_instance(id)),
        None => Ok(ids.into_iter().map(str::to_string).collect()),
    }
}

fn incorrect(id: &str, state: State) -> ApiError {
    let words = format!("The instance '{id}' is not in a state from which this is possible: it is '{}'.", state.name());
    ApiError::new("IncorrectInstanceState", words)
}

/// Changes every instance that the call names; the answer shows former and current states.
fn change(
    call: &mut Call<'_>,
    mut to: impl FnMut(&Call<'_>, &mut Instance) -> Result<(), ApiError>,
) -> Result<Vec<Fields>, ApiError> {
    let mut changes = Vec::new();
    for id in named(call)? {
        let Some(mut instance) = call.region().instances.get(&id).cloned() else { continue };
        let before = instance.state;
        to(call, &mut instance)?;
        let state = |state: State| Fields::new().put("code", state.code()).put("name", state.name());
        changes.push(
            Fields::new()
                .put("instanceId", &id)
                .node("currentState", state(instance.state))
                .node("previousState", state(before)),
        );
        call.region_mut().instances.insert(id, instance);
    }
    Ok(changes)
}

/// `User initiated (2026-11-21 11:50:00 GMT)`
fn said(call: &Call<'_>) -> String {
    let iso = call.iso(call.now());
    format!("User initiated ({} {} GMT)", &iso[..10], &iso[11..19])
}

fn stop_instances(call: &mut Call<'_>) -> Answer {
    // There is no guest here that a forced stop could be rude to.
    call.params.flag("Force")?;
    let changes = change(call, |call, i| match i.state {
        _ if i.stop_protected => {
            let words = format!(
                "The instance '{}' may not be stopped. Modify its 'disableApiStop' attribute and try again.",
                i.id
            );
            Err(ApiError::new("OperationNotPermitted", words))
        }
        _ if i.spot.is_some() => {
            let words = format!(
                "You can't stop the Spot Instance '{}' because it is associated with a one-time Spot Instance request. You can only stop Spot Instances associated with persistent Spot Instance requests.",
                i.id
            );
            Err(ApiError::new("UnsupportedOperation", words))
        }
        _ if i.root_kind == "instance-store" => Err(ApiError::new(
            "UnsupportedOperation",
            format!("The instance '{}' does not have an 'ebs' root device type and cannot be stopped", i.id),
        )),
        State::Running | State::Pending => {
            i.stop(call.now(), call.world.rules.delays.stop, said(call));
            Ok(())
        }
        State::Stopping | State::Stopped => Ok(()),
        state => Err(incorrect(&i.id, state)),
    })?;
    Ok(Fields::new().set("instancesSet", changes))
}

fn start_instances(call: &mut Call<'_>) -> Answer {
    let changes = change(call, |call, i| match i.state {
        State::Stopped if call.strikes.lacks(&i.kind, &i.zone) => {
            Err(ApiError::new("InsufficientInstanceCapacity", "Insufficient capacity.").status(500))
        }
        State::Stopped => {
            i.start(call.now(), call.world.rules.delays.start);
            Ok(())
        }
        State::Running | State::Pending => Ok(()),
        state => Err(incorrect(&i.id, state)),
    })?;
    Ok(Fields::new().set("instancesSet", changes))
}

fn terminate_instances(call: &mut Call<'_>) -> Answer {
    let changes = change(call, |call, i| match i.state {
        State::ShuttingDown | State::Terminated => Ok(()),
        _ if i.protected => {
            let words = format!(
                "The instance '{}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.",
                i.id
            );
            Err(ApiError::new("OperationNotPermitted", words))
        }
        _ => {
            let delay = call.world.rules.delays.terminate;
            i.terminate(call.now(), delay, user("Client.UserInitiatedShutdown"), said(call));
            Ok(())
        }
    })?;
    Ok(Fields::new().set("instancesSet", changes))
}

fn reboot_instances(call: &mut Call<'_>) -> Answer {
    change(call, |call, i| match i.state {
        State::Running => {
            i.up = Some(call.now().after(call.world.rules.delays.boot));
            i.cuts += 1;
            Ok(())
        }
        // It is only asked for: what does not run takes no notice.
        _ => Ok(()),
    })?;
    Ok(Fields::done())
}
