//! Attributes of instances, and their consoles.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Action, Answer, Call, ec2, no_group, no_instance};
use crate::facts::Facts;
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::DRY_RUN;
use crate::rehearse::world::HostKey;
use crate::rehearse::world::instance::{Instance, State};
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[
    ec2("DescribeInstanceAttribute", &[DRY_RUN, &["InstanceId", "Attribute"]], describe_instance_attribute),
    ec2("ModifyInstanceAttribute", &[DRY_RUN, CHANGES], modify_instance_attribute),
    ec2("DescribeInstanceCreditSpecifications", &[DRY_RUN, &["InstanceId.N"]], describe_credits),
    ec2("GetConsoleOutput", &[DRY_RUN, &["InstanceId", "Latest"]], get_console_output),
];

const CHANGES: &[&str] = &[
    "InstanceId",
    "Attribute",
    "Value",
    "EnaSupport.Value",
    "SriovNetSupport.Value",
    "DisableApiTermination.Value",
    "DisableApiStop.Value",
    "InstanceInitiatedShutdownBehavior.Value",
    "InstanceType.Value",
    "EbsOptimized.Value",
    "SourceDestCheck.Value",
    "UserData.Value",
    "GroupId.N",
    "BlockDeviceMapping.N.DeviceName",
    "BlockDeviceMapping.N.Ebs.DeleteOnTermination",
];

fn target<'c>(call: &'c Call<'_>) -> Result<&'c Instance, ApiError> {
    let id = call.params.required("InstanceId")?;
    let seen = |i: &&Instance| call.world.sees(Some(i.born));
    call.region().instances.get(id).filter(seen).ok_or_else(|| no_instance(id))
}

fn describe_instance_attribute(call: &mut Call<'_>) -> Answer {
    let i = target(call)?;
    let value = |name, text: String| Fields::new().node(name, Fields::new().put("value", text));
    let fields = match call.params.required("Attribute")? {
        "instanceType" => value("instanceType", i.kind.clone()),
        "userData" => match &i.user_data {
            Some(text) => value("userData", text.clone()),
            None => Fields::new().node("userData", Fields::new()),
        },
        "disableApiTermination" => value("disableApiTermination", i.protected.to_string()),
        "disableApiStop" => value("disableApiStop", i.stop_protected.to_string()),
        "instanceInitiatedShutdownBehavior" => value("instanceInitiatedShutdownBehavior", i.shutdown.clone()),
        "rootDeviceName" => value("rootDeviceName", i.root_device.clone()),
        "sourceDestCheck" => value("sourceDestCheck", i.source_dest_check.to_string()),
        "ebsOptimized" => value("ebsOptimized", i.ebs_optimized.to_string()),
        "enaSupport" => value("enaSupport", i.ena.to_string()),
        "sriovNetSupport" if i.sriov => value("sriovNetSupport", "simple".to_string()),
        "sriovNetSupport" => Fields::new().node("sriovNetSupport", Fields::new()),
        "groupSet" => Fields::new().set("groupSet", i.groups.iter().map(|id| Fields::new().put("groupId", id))),
        "productCodes" => Fields::new().set("productCodes", []),
        "enclaveOptions" => Fields::new().node("enclaveOptions", Fields::new().put("enabled", i.enclave)),
        "blockDeviceMapping" => {
            let devices = i.devices.iter().map(|d| {
                let ebs = Fields::new().put("volumeId", &d.volume).put("status", "attached");
                Fields::new().put("deviceName", &d.name).node("ebs", ebs.put("deleteOnTermination", d.delete))
            });
            Fields::new().set("blockDeviceMapping", devices)
        }
        other => return Err(ApiError::invalid_value("attribute", other, "There is no such attribute.")),
    };
    Ok(Fields::new().put("instanceId", &i.id).and(fields))
}

fn modify_instance_attribute(call: &mut Call<'_>) -> Answer {
    let mut i = target(call)?.clone();
    let p = call.params;
    let mut changed = 0;
    // The older form: one attribute and its value.
    let old = p.text("Attribute").map(str::to_string);
    let old_value = p.text("Value").map(str::to_string);
    let given = |attribute: &str, member: &str| -> Option<String> {
        let new = p.text(&format!("{member}.Value")).map(str::to_string);
        new.or_else(|| old_value.clone().filter(|_| old.as_deref() == Some(attribute)))
    };
    let flag = |text: String| match text.as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(ApiError::invalid_value("value", &text, "Expected true or false.")),
    };
    let stopped = |what: &str| match i.state {
        State::Stopped => Ok(()),
        state => Err(ApiError::new(
            "IncorrectInstanceState",
            format!("The instance '{}' must be stopped to change {what}: it is '{}'.", i.id, state.name()),
        )),
    };
    let facts = Facts::builtin();
    if let Some(value) = given("enaSupport", "EnaSupport") {
        stopped("enaSupport")?;
        (i.ena, changed) = (flag(value)?, changed + 1);
    }
    if let Some(value) = given("sriovNetSupport", "SriovNetSupport") {
        stopped("sriovNetSupport")?;
        if value != "simple" {
            return Err(ApiError::invalid_value("sriovNetSupport", value, "Expected simple."));
        }
        (i.sriov, changed) = (true, changed + 1);
    }
    if let Some(value) = given("instanceType", "InstanceType") {
        stopped("instanceType")?;
        let Some(kind) = facts.instance_type(&value) else {
            return Err(ApiError::new("InvalidParameterValue", format!("Invalid value '{value}' for InstanceType.")));
        };
        (i.kind, i.vcpus, changed) = (value, kind.vcpus, changed + 1);
    }
    if let Some(value) = given("ebsOptimized", "EbsOptimized") {
        stopped("ebsOptimized")?;
        (i.ebs_optimized, changed) = (flag(value)?, changed + 1);
    }
    if let Some(value) = given("userData", "UserData") {
        stopped("userData")?;
        (i.user_data, changed) = (Some(value), changed + 1);
    }
    if let Some(value) = given("disableApiTermination", "DisableApiTermination") {
        (i.protected, changed) = (flag(value)?, changed + 1);
    }
    if let Some(value) = given("disableApiStop", "DisableApiStop") {
        (i.stop_protected, changed) = (flag(value)?, changed + 1);
    }
    if let Some(value) = given("sourceDestCheck", "SourceDestCheck") {
        (i.source_dest_check, changed) = (flag(value)?, changed + 1);
    }
    if let Some(value) = given("instanceInitiatedShutdownBehavior", "InstanceInitiatedShutdownBehavior") {
        if !matches!(value.as_str(), "stop" | "terminate") {
            return Err(ApiError::invalid_value(
                "instanceInitiatedShutdownBehavior",
                value,
                "Expected stop or terminate.",
            ));
        }
        (i.shutdown, changed) = (value, changed + 1);
    }
    let groups = p.list("GroupId");
    if !groups.is_empty() {
        if let Some(id) = groups.iter().find(|id| !call.region().groups.contains_key(id)) {
            return Err(no_group(id));
        }
        (i.groups, changed) = (groups.into_iter().map(str::to_string).collect(), changed + 1);
    }
    for group in p.groups("BlockDeviceMapping") {
        let name = p.required(&format!("{group}.DeviceName"))?;
        let delete = p.flag(&format!("{group}.Ebs.DeleteOnTermination"))?;
        let delete = delete.ok_or_else(|| ApiError::missing("Ebs.DeleteOnTermination"))?;
        let Some(device) = i.devices.iter_mut().find(|d| d.name == name) else {
            let words = format!("No device is currently mapped at {name}");
            return Err(ApiError::new("InvalidInstanceAttributeValue", words));
        };
        device.delete = delete;
        changed += 1;
    }
    match changed {
        1 => {
            call.region_mut().instances.insert(i.id.clone(), i);
            Ok(Fields::done())
        }
        0 => Err(ApiError::combination("No attributes specified.")),
        _ => Err(ApiError::combination("Fields for multiple attribute types specified.")),
    }
}

/// Of the instances that have CPU credits: those whose types begin with `t`.
fn describe_credits(call: &mut Call<'_>) -> Answer {
    let ids = call.params.list("InstanceId");
    let region = call.region();
    let seen = |i: &&Instance| call.world.sees(Some(i.born));
    if let Some(id) = ids.iter().find(|id| region.instances.get(id).filter(seen).is_none()) {
        return Err(no_instance(id));
    }
    let wanted =
        |i: &&Instance| i.kind.starts_with('t') && i.alive() && (ids.is_empty() || ids.contains(&i.id.as_str()));
    let items = region.instances.values().filter(seen).filter(wanted).map(|i| {
        // The oldest generation begins with standard credits, the others with unlimited ones.
        let usual = if i.kind.starts_with("t2.") { "standard" } else { "unlimited" };
        Fields::new().put("instanceId", &i.id).put("cpuCredits", i.credits.as_deref().unwrap_or(usual))
    });
    Ok(Fields::new().set("instanceCreditSpecificationSet", items))
}

/// What the console of a machine shows that cloud-init has set up: its host keys among it.
fn get_console_output(call: &mut Call<'_>) -> Answer {
    let i = target(call)?;
    let now = call.now();
    // The latest output is there at once, the other after a while; both begin with the boot.
    let latest = call.params.flag("Latest")? == Some(true);
    let from = if latest { i.up } else { Some(i.launched.after(call.world.rules.delays.console)) };
    let up = i.state != State::Pending && from.is_some_and(|from| from <= now);
    let key = match call.strikes.other_host {
        false => call.world.rules.host_key.clone(),
        true => HostKey {
            public: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6rWI3G1sz07DnfFlrouTcysQlj2P+jpNSOEWD9OJ3X".to_string(),
            fingerprint: "SHA256:SvzqXV/w1JLsbntg1WRzuMw9vHAaDQHjIKLlxH0h1EM".to_string(),
            ..call.world.rules.host_key.clone()
        },
    };
    let host = format!("ip-{}", i.private_ip.replace('.', "-"));
    let lines = [
        "[    0.000000] Linux version 0.0.0-rehearsal\r".to_string(),
        "cloud-init: a rehearsed instance: nothing runs here\r".to_string(),
        "ci-info: no authorized SSH keys fingerprints found for user root.\r".to_string(),
        "<14>cloud-init: #############################################################\r".to_string(),
        "<14>cloud-init: -----BEGIN SSH HOST KEY FINGERPRINTS-----\r".to_string(),
        format!("<14>cloud-init: 256 {} root@{host} ({})\r", key.fingerprint, key.algorithm),
        "<14>cloud-init: -----END SSH HOST KEY FINGERPRINTS-----\r".to_string(),
        "<14>cloud-init: #############################################################\r".to_string(),
        "-----BEGIN SSH HOST KEY KEYS-----\r".to_string(),
        format!("{} root@{host}\r", key.public),
        "-----END SSH HOST KEY KEYS-----\r".to_string(),
        format!("\n{host} login: "),
    ];
    let output = up.then(|| STANDARD.encode(lines.join("\n")));
    Ok(Fields::new().put("instanceId", &i.id).put("timestamp", call.iso(now)).opt("output", output))
}
