//! Block device mappings, as requests give them and answers show them.

use super::{Call, no_snapshot};
use crate::facts::volumes;
use crate::rehearse::error::ApiError;
use crate::rehearse::world::image::{Mapping, MappingSource};
use crate::rehearse::world::storage::{Ebs, SnapshotState};
use crate::rehearse::xml::Fields;

/// The parameters of mappings.
pub(super) const DEVICES: &[&str] = &[
    "BlockDeviceMapping.N.DeviceName",
    "BlockDeviceMapping.N.VirtualName",
    "BlockDeviceMapping.N.NoDevice",
    "BlockDeviceMapping.N.Ebs.SnapshotId",
    "BlockDeviceMapping.N.Ebs.VolumeSize",
    "BlockDeviceMapping.N.Ebs.VolumeType",
    "BlockDeviceMapping.N.Ebs.Iops",
    "BlockDeviceMapping.N.Ebs.Throughput",
    "BlockDeviceMapping.N.Ebs.DeleteOnTermination",
    "BlockDeviceMapping.N.Ebs.Encrypted",
    "BlockDeviceMapping.N.Ebs.KmsKeyId",
];

fn wrong(why: impl std::fmt::Display) -> ApiError {
    ApiError::new("InvalidBlockDeviceMapping", why)
}

/// The mappings of the call over those of `base`: a device of the same name is changed or, by NoDevice, left out.
///
/// A volume without a type is `standard` in an image that is registered, `gp2` of an instance.
pub(super) fn over(call: &Call<'_>, base: &[Mapping], kind: &str) -> Result<Vec<Mapping>, ApiError> {
    let mut mappings = base.to_vec();
    let p = call.params;
    let mut named: Vec<String> = Vec::new();
    for group in p.groups("BlockDeviceMapping") {
        let name = |end: &str| format!("{group}.{end}");
        let device = p.required(&name("DeviceName"))?.to_string();
        if named.contains(&device) {
            return Err(wrong(format!("The device '{device}' is used in more than one block-device mapping")));
        }
        named.push(device.clone());
        let at = mappings.iter().position(|m| m.device == device);
        // An empty text is what SDKs send; some send the device's name or `true`.
        if p.text(&name("NoDevice")).is_some() {
            if let Some(at) = at {
                mappings.remove(at);
            }
            continue;
        }
        let given = p.groups_of(&name("Ebs"));
        let source = match p.text(&name("VirtualName")).filter(|n| !n.is_empty()) {
            Some(_) if given => return Err(wrong(format!("'{device}' is both an EBS volume and an instance store"))),
            Some(virtual_name) => {
                let fine =
                    virtual_name.strip_prefix("ephemeral").is_some_and(|n| n.parse::<u8>().is_ok_and(|n| n < 24));
                if !fine {
                    return Err(wrong(format!("Invalid virtual name '{virtual_name}' of '{device}'")));
                }
                MappingSource::Virtual(virtual_name.to_string())
            }
            None if !given => return Err(wrong(format!("'{device}' has neither a volume nor a virtual name"))),
            None => {
                let former = at.and_then(|at| match &mappings[at].source {
                    MappingSource::Ebs(ebs) => Some(ebs.clone()),
                    MappingSource::Virtual(_) => None,
                });
                MappingSource::Ebs(ebs(call, &name("Ebs"), &device, former, kind)?)
            }
        };
        let mapping = Mapping { device, source };
        match at {
            Some(at) => mappings[at] = mapping,
            None => mappings.push(mapping),
        }
    }
    Ok(mappings)
}

fn ebs(call: &Call<'_>, prefix: &str, device: &str, former: Option<Ebs>, kind: &str) -> Result<Ebs, ApiError> {
    let p = call.params;
    let name = |end: &str| format!("{prefix}.{end}");
    let snapshot = match p.owned(&name("SnapshotId")).filter(|id| !id.is_empty()) {
        // A former device keeps its snapshot.
        None => former.as_ref().and_then(|ebs| ebs.snapshot.clone()),
        Some(id) => Some(id),
    };
    let of = match &snapshot {
        None => None,
        Some(id) => {
            let found = call.region().snapshots.get(id).filter(|s| call.world.sees(s.born));
            let found = found.ok_or_else(|| no_snapshot(id))?;
            if found.state != SnapshotState::Completed && former.is_none() {
                return Err(ApiError::new("IncorrectState", format!("Snapshot {id} is in state '{}'", found.state())));
            }
            Some(found)
        }
    };
    let least = of.map_or(0, |snapshot| snapshot.size);
    let size: Option<u32> = p.number(&name("VolumeSize"))?;
    let size = match size.or(former.as_ref().map(|ebs| ebs.size)) {
        Some(size) if size < least => {
            return Err(wrong(format!(
                "Volume of size {size}GB is smaller than snapshot '{}', expect size >= {least}GB",
                snapshot.as_deref().unwrap_or_default()
            )));
        }
        Some(size) => size,
        None if of.is_some() => least,
        None => return Err(ApiError::new("MissingParameter", format!("'{device}' has neither a size nor a snapshot"))),
    };
    let kind = p.owned(&name("VolumeType")).or(former.as_ref().map(|ebs| ebs.kind.clone())).unwrap_or(kind.to_string());
    let Some(limits) = volumes::find(&kind) else {
        return Err(ApiError::new("InvalidParameterValue", format!("Invalid value '{kind}' for VolumeType")));
    };
    if !limits.size_gib.contains(&size) {
        return Err(wrong(format!("'{device}': a {kind} volume cannot have {size}GB")));
    }
    let iops: Option<u32> = p.number(&name("Iops"))?;
    match (iops, &limits.iops) {
        (Some(_), None) => {
            let words = format!("The parameter iops is not supported for {kind} volumes.");
            return Err(ApiError::combination(words));
        }
        (Some(iops), Some(range))
            if !range.contains(&iops) || limits.most_iops(size).is_some_and(|most| iops > most) =>
        {
            return Err(wrong(format!("'{device}': a {kind} volume of {size}GB cannot have {iops} IOPS")));
        }
        (None, Some(_)) if kind.starts_with("io") && former.as_ref().is_none_or(|f| f.iops.is_none()) => {
            return Err(ApiError::new(
                "MissingParameter",
                format!("The parameter iops must be specified for {kind} volumes."),
            ));
        }
        _ => {}
    }
    let throughput: Option<u32> = p.number(&name("Throughput"))?;
    match (throughput, &limits.throughput) {
        (Some(_), None) => {
            return Err(ApiError::combination(format!(
                "The parameter throughput is not supported for {kind} volumes."
            )));
        }
        (Some(rate), Some(range)) if !range.contains(&rate) => {
            return Err(wrong(format!("'{device}': a {kind} volume cannot have a throughput of {rate} MiB/s")));
        }
        _ => {}
    }
    let was_encrypted = of.is_some_and(|s| s.encrypted) || former.as_ref().is_some_and(|ebs| ebs.encrypted);
    let asked = p.flag(&name("Encrypted"))?;
    if asked == Some(false) && was_encrypted {
        return Err(wrong(format!("'{device}': a volume of an encrypted snapshot is encrypted")));
    }
    let encrypted = asked.unwrap_or(was_encrypted);
    let key = p.owned(&name("KmsKeyId")).filter(|key| !key.is_empty());
    if key.is_some() && !encrypted {
        return Err(ApiError::new(
            "InvalidParameterDependency",
            "The parameter KmsKeyId requires the parameter Encrypted to be set.",
        ));
    }
    // What was provisioned for another type means nothing.
    let same = former.as_ref().filter(|f| f.kind == kind);
    let usual = |value: u32| (kind == "gp3").then_some(value);
    Ok(Ebs {
        snapshot,
        size,
        iops: iops.or(same.and_then(|f| f.iops)).or(usual(3000)),
        throughput: throughput.or(same.and_then(|f| f.throughput)).or(usual(125)),
        delete: p.flag(&name("DeleteOnTermination"))?.or(former.as_ref().map(|f| f.delete)).unwrap_or(true),
        kms_key: key.or(former.and_then(|f| f.kms_key)).or(of.and_then(|s| s.kms_key.clone())),
        encrypted,
        kind,
    })
}

/// The mappings of an image.
pub(super) fn shown(mappings: &[Mapping]) -> Vec<Fields> {
    let one = |mapping: &Mapping| {
        let fields = Fields::new().put("deviceName", &mapping.device);
        match &mapping.source {
            MappingSource::Virtual(name) => fields.put("virtualName", name),
            MappingSource::Ebs(ebs) => fields.node(
                "ebs",
                Fields::new()
                    .opt("snapshotId", ebs.snapshot.as_ref())
                    .put("volumeSize", ebs.size)
                    .put("deleteOnTermination", ebs.delete)
                    .put("volumeType", &ebs.kind)
                    .opt("iops", ebs.iops)
                    .opt("throughput", ebs.throughput)
                    .put("encrypted", ebs.encrypted)
                    .opt("kmsKeyId", ebs.kms_key.as_ref()),
            ),
        }
    };
    mappings.iter().map(one).collect()
}
