//! Making and unmaking images.

use std::sync::Arc;

use super::block_devices::{self, DEVICES};
use super::{Action, Answer, Call, ec2, no_instance, no_snapshot, snapshots};
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::DRY_RUN;
use crate::rehearse::world::ACCOUNT;
use crate::rehearse::world::image::{Image, ImageState, Mapping, MappingSource};
use crate::rehearse::world::instance::State;
use crate::rehearse::world::storage::Ebs;
use crate::rehearse::xml::Fields;

pub(super) const TAGGED: &[&str] =
    &["TagSpecification.N.ResourceType", "TagSpecification.N.Tag.N.Key", "TagSpecification.N.Tag.N.Value"];

pub(super) const ACTIONS: &[Action] = &[
    ec2("CreateImage", &[DRY_RUN, TAGGED, DEVICES, &["InstanceId", "Name", "Description", "NoReboot"]], create_image),
    ec2("RegisterImage", &[DRY_RUN, TAGGED, DEVICES, REGISTERS], register_image),
    ec2("DeregisterImage", &[DRY_RUN, &["ImageId", "DeleteAssociatedSnapshots"]], deregister_image),
];

const REGISTERS: &[&str] = &[
    "Name",
    "Description",
    "Architecture",
    "VirtualizationType",
    "RootDeviceName",
    "ImageLocation",
    "KernelId",
    "RamdiskId",
    "EnaSupport",
    "SriovNetSupport",
    "BootMode",
    "ImdsSupport",
    "TpmSupport",
    "UefiData",
];

/// What tags an image's making may carry.
pub(super) const MADE: &[&str] = &["image", "snapshot"];

/// The name of a new image, which no other of the account has.
pub(super) fn new_name(call: &mut Call<'_>) -> Result<String, ApiError> {
    let name = call.params.required("Name")?;
    let fine = |c: char| c.is_ascii_alphanumeric() || "()[] ./-'@_".contains(c);
    if !(3..=128).contains(&name.len()) || !name.chars().all(fine) {
        let words = "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '.', '-', '/' and '_'";
        return Err(ApiError::new("InvalidAMIName.Malformed", words));
    }
    // Names are unique at once: what look-ups do not see yet has its name already.
    if call.strikes.name_taken {
        let words = format!("AMI name {name} is already in use by AMI {}", call.world.id("ami"));
        return Err(ApiError::new("InvalidAMIName.Duplicate", words));
    }
    if let Some(other) = call.region().images.values().find(|i| i.owner == ACCOUNT && i.name == name) {
        let words = format!("AMI name {name} is already in use by AMI {}", other.id);
        return Err(ApiError::new("InvalidAMIName.Duplicate", words));
    }
    let most = call.world.rules.quotas.images;
    if call.region().images.values().filter(|i| i.owner == ACCOUNT).count() >= most {
        let words = format!("The maximum number of images in this region is {most}");
        return Err(ApiError::new("QuotaExceeded", words));
    }
    Ok(name.to_string())
}

/// What becomes of an image that is pending, where a fault says so.
pub(super) fn end(call: &Call<'_>) -> Option<String> {
    call.strikes.image_fails.then(|| "Server.InternalError: An internal error has occurred.".to_string())
}

/// A new image of this account, with no devices.
fn new(call: &Call<'_>, id: &str, name: &str, state: ImageState) -> Image {
    Image {
        born: Some(call.now()),
        created: call.iso(call.now()),
        description: call.params.owned("Description"),
        state,
        ..Image::new(id, name, ACCOUNT)
    }
}

fn create_image(call: &mut Call<'_>) -> Answer {
    let id = call.params.required("InstanceId")?.to_string();
    let instance = call.region().instances.get(&id).filter(|i| call.world.sees(Some(i.born)));
    let instance = instance.ok_or_else(|| no_instance(&id))?.clone();
    if !matches!(instance.state, State::Running | State::Stopped) {
        let words = format!("Instance is not in state 'running' or 'stopped': '{id}' is '{}'.", instance.state.name());
        return Err(ApiError::new("InvalidParameterValue", words));
    }
    if instance.root_kind != "ebs" {
        let words = format!("Instance {id} does not have a volume attached at root ({})", instance.root_device);
        return Err(ApiError::new("InvalidParameterValue", words));
    }
    let name = new_name(call)?;
    let no_reboot = call.params.flag("NoReboot")?.unwrap_or(false);
    let (tags, snapshot_tags) = (call.new_tags("image", MADE)?, call.new_tags("snapshot", MADE)?);
    let source = call.region().images.get(&instance.image).cloned();
    let image_id = call.world.id("ami");
    // The volumes that are attached, and the instance stores that the source says it has.
    let mut mappings = Vec::new();
    for device in &instance.devices {
        let volume = call.region().volumes.get(&device.volume).map(|v| v.ebs.clone());
        let Some(ebs) = volume else { continue };
        mappings.push(Mapping {
            device: device.name.clone(),
            source: MappingSource::Ebs(Ebs { delete: device.delete, snapshot: None, ..ebs }),
        });
    }
    let stores = source.iter().flat_map(|image| image.mappings.iter());
    mappings.extend(stores.filter(|m| matches!(m.source, MappingSource::Virtual(_))).cloned());
    let mut mappings = block_devices::over(call, &mappings, "gp2")?;
    let said = format!("Created by CreateImage({id}) for {image_id}");
    for mapping in &mut mappings {
        let MappingSource::Ebs(ebs) = &mut mapping.source else { continue };
        let device = instance.devices.iter().find(|d| d.name == mapping.device);
        let Some(device) = device.filter(|_| ebs.snapshot.is_none()) else { continue };
        let mut snapshot = snapshots::of_volume(call, &device.volume, &said)?;
        snapshot.encrypted |= ebs.encrypted;
        ebs.snapshot = Some(snapshot.id.clone());
        call.tag(&snapshot.id, snapshot_tags.clone());
        call.region_mut().snapshots.insert(snapshot.id.clone(), snapshot);
    }
    let until = call.now().after(call.world.rules.delays.image);
    let image = Image {
        architecture: instance.architecture.clone(),
        virtualization: instance.virtualization.clone(),
        root_device: instance.root_device.clone(),
        mappings,
        ena: instance.ena,
        sriov: instance.sriov,
        boot_mode: source.as_ref().and_then(|i| i.boot_mode.clone()),
        imds: source.as_ref().and_then(|i| i.imds.clone()),
        tpm: source.as_ref().and_then(|i| i.tpm.clone()),
        uefi_data: source.as_ref().and_then(|i| i.uefi_data.clone()),
        kernel: source.as_ref().and_then(|i| i.kernel.clone()),
        ramdisk: source.as_ref().and_then(|i| i.ramdisk.clone()),
        platform: source.as_ref().and_then(|i| i.platform),
        source_instance: Some(id.clone()),
        ..new(call, &image_id, &name, ImageState::Pending(until, end(call)))
    };
    if instance.state == State::Running && !no_reboot {
        let up = call.now().after(call.world.rules.delays.boot);
        if let Some(instance) = call.region_mut().instances.get_mut(&id) {
            instance.up = Some(up);
            instance.cuts += 1;
        }
    }
    call.region_mut().images.insert(image_id.clone(), Arc::new(image));
    call.tag(&image_id, tags);
    Ok(Fields::new().put("imageId", image_id))
}

fn register_image(call: &mut Call<'_>) -> Answer {
    let name = new_name(call)?;
    let p = call.params;
    let tags = call.new_tags("image", &["image"])?;
    let mappings = block_devices::over(call, &[], "standard")?;
    let location = p.owned("ImageLocation").filter(|l| !l.is_empty());
    let root = p.owned("RootDeviceName").filter(|name| !name.is_empty());
    let root_kind = if location.is_some() { "instance-store" } else { "ebs" };
    let root = match (&location, root) {
        (Some(at), _) if !at.contains('/') => {
            return Err(ApiError::new("InvalidManifest", format!("'{at}' is not of the form bucket/path")));
        }
        (Some(_), root) => root.unwrap_or_else(|| "/dev/sda1".to_string()),
        (None, None) => return Err(ApiError::missing("RootDeviceName")),
        (None, Some(root)) => {
            let of = |m: &&Mapping| m.device == root;
            let Some(MappingSource::Ebs(ebs)) = mappings.iter().find(of).map(|m| &m.source) else {
                let words = format!("The root device '{root}' has no block device mapping with a snapshot");
                return Err(ApiError::new("InvalidBlockDeviceMapping", words));
            };
            if ebs.snapshot.is_none() {
                let words = format!("The root device '{root}' is not of a snapshot");
                return Err(ApiError::new("InvalidBlockDeviceMapping", words));
            }
            root
        }
    };
    for snapshot in mappings.iter().filter_map(|m| match &m.source {
        MappingSource::Ebs(ebs) => ebs.snapshot.as_ref(),
        MappingSource::Virtual(_) => None,
    }) {
        if call.region().snapshots.get(snapshot).is_none_or(|s| s.owner != ACCOUNT) {
            return Err(no_snapshot(snapshot));
        }
    }
    let architectures = ["i386", "x86_64", "arm64", "x86_64_mac", "arm64_mac"];
    let architecture = p.word("Architecture", &architectures)?.unwrap_or("i386").to_string();
    let virtualization = p.word("VirtualizationType", &["hvm", "paravirtual"])?.unwrap_or("paravirtual").to_string();
    let sriov = p.word("SriovNetSupport", &["simple"])?.is_some();
    let ena = p.flag("EnaSupport")?.unwrap_or(false);
    if (sriov || ena) && virtualization != "hvm" {
        return Err(ApiError::combination("Enhanced networking needs the virtualization type 'hvm'"));
    }
    let boot_mode = p.word("BootMode", &["legacy-bios", "uefi", "uefi-preferred"])?.map(str::to_string);
    let imds = p.word("ImdsSupport", &["v2.0"])?.map(str::to_string);
    let tpm = p.word("TpmSupport", &["v2.0"])?.map(str::to_string);
    let uefi_data = p.owned("UefiData");
    if (tpm.is_some() || uefi_data.is_some()) && !boot_mode.as_ref().is_some_and(|mode| mode.starts_with("uefi")) {
        return Err(ApiError::combination("TpmSupport and UefiData need a BootMode with uefi"));
    }
    let id = call.world.id("ami");
    // Nothing has to be copied: an image of snapshots that are there is soon available.
    let until = call.now().after(call.world.rules.delays.image / 10);
    let image = Image {
        architecture,
        virtualization,
        root_device: root,
        root_kind,
        mappings,
        location: location.unwrap_or_else(|| format!("{ACCOUNT}/{name}")),
        ena,
        sriov,
        boot_mode,
        imds,
        tpm,
        uefi_data,
        kernel: p.owned("KernelId"),
        ramdisk: p.owned("RamdiskId"),
        ..new(call, &id, &name, ImageState::Pending(until, end(call)))
    };
    call.region_mut().images.insert(id.clone(), Arc::new(image));
    call.tag(&id, tags);
    Ok(Fields::new().put("imageId", id))
}

/// An image of one's own.
pub(super) fn own(call: &Call<'_>, id: &str) -> Result<Arc<Image>, ApiError> {
    let found = call.region().images.get(id).filter(|i| call.world.sees(i.born)).ok_or_else(|| call.no_longer(id))?;
    if found.owner != ACCOUNT {
        return Err(ApiError::new("AuthFailure", format!("Not authorized for image:{id}")).status(403));
    }
    Ok(found.clone())
}

fn deregister_image(call: &mut Call<'_>) -> Answer {
    let id = call.params.required("ImageId")?.to_string();
    let image = own(call, &id)?;
    if image.protected(call.now()) {
        let words = format!("The image {id} is protected against deregistration.");
        return Err(ApiError::new("OperationNotPermitted", words));
    }
    let with_snapshots = call.params.flag("DeleteAssociatedSnapshots")? == Some(true);
    let (now, late) = (call.now(), call.world.rules.gone_after);
    let region = call.region_mut();
    region.images.remove(&id);
    if late.is_zero() {
        region.tags.remove(&id);
    } else {
        region.shadows.push((image.clone(), now.after(late)));
    }
    region.deregistered.insert_mut(id);
    if !with_snapshots {
        return Ok(Fields::done());
    }
    let mut results = Vec::new();
    for snapshot in image.snapshots() {
        let used = region.snapshots.get(snapshot).is_some_and(|s| s.user(region).is_some());
        if !used {
            snapshots::remove(region, snapshot);
        }
        let code = if used { "skipped" } else { "success" };
        results.push(Fields::new().put("snapshotId", snapshot).put("returnCode", code));
    }
    Ok(Fields::done().set("deleteSnapshotResultSet", results))
}
