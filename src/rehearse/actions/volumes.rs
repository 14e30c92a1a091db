//! Volumes.

use super::{Action, Answer, Call, ec2, no_volume, tag_set};
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::{DRY_RUN, FILTERS, Filters, Of, PAGES, page};
use crate::rehearse::world::storage::Volume;
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[
    ec2("DescribeVolumes", &[DRY_RUN, FILTERS, PAGES, &["VolumeId.N"]], describe_volumes),
    ec2("DeleteVolume", &[DRY_RUN, &["VolumeId"]], delete_volume),
];

fn attachment(volume: &Volume, value: impl Fn(&crate::rehearse::world::storage::Attachment) -> String) -> Vec<String> {
    volume.attached.iter().map(value).collect()
}

const VOLUME_FILTERS: &[Of<Volume>] = &[
    ("volume-id", |_, v| vec![v.id.clone()]),
    ("status", |_, v| vec![v.state().to_string()]),
    ("size", |_, v| vec![v.ebs.size.to_string()]),
    ("volume-type", |_, v| vec![v.ebs.kind.clone()]),
    ("encrypted", |_, v| vec![v.ebs.encrypted.to_string()]),
    ("snapshot-id", |_, v| v.ebs.snapshot.clone().into_iter().collect()),
    ("availability-zone", |_, v| vec![v.zone.clone()]),
    ("attachment.instance-id", |_, v| attachment(v, |a| a.instance.clone())),
    ("attachment.device", |_, v| attachment(v, |a| a.device.clone())),
    ("attachment.status", |_, v| attachment(v, |_| "attached".to_string())),
    ("attachment.delete-on-termination", |_, v| attachment(v, |_| v.ebs.delete.to_string())),
];

fn describe_volumes(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, VOLUME_FILTERS, true)?;
    let ids = call.params.list("VolumeId");
    if !ids.is_empty() && call.params.text("MaxResults").is_some() {
        return Err(ApiError::combination("The parameter volumeSet cannot be used with the parameter maxResults"));
    }
    let view = call.view();
    let seen = |v: &&Volume| view.world.sees(Some(v.born));
    if let Some(id) = ids.iter().find(|id| view.region.volumes.get(id).filter(seen).is_none()) {
        return Err(no_volume(id));
    }
    let named = |v: &&Volume| ids.is_empty() || ids.contains(&v.id.as_str());
    let all = view.region.volumes.values().filter(seen).filter(named);
    let found = all.filter(|v| filters.pass(&view, VOLUME_FILTERS, &v.id, *v)).collect();
    let (items, next) = page(call.params, found, 5, 1000)?;
    let items = items.into_iter().map(|v| {
        let attached = v.attached.iter().map(|a| {
            let delete =
                view.region.instances.get(&a.instance).and_then(|i| i.devices.iter().find(|d| d.volume == v.id));
            Fields::new()
                .put("volumeId", &v.id)
                .put("instanceId", &a.instance)
                .put("device", &a.device)
                .put("status", "attached")
                .put("attachTime", call.iso(a.since))
                .put("deleteOnTermination", delete.is_some_and(|d| d.delete))
        });
        let fields = Fields::new()
            .put("volumeId", &v.id)
            .put("size", v.ebs.size)
            .put("snapshotId", v.ebs.snapshot.as_deref().unwrap_or_default())
            .put("availabilityZone", &v.zone)
            .put("status", v.state())
            .put("createTime", call.iso(v.born))
            .set("attachmentSet", attached)
            .put("volumeType", &v.ebs.kind)
            .opt("iops", v.ebs.iops)
            .opt("throughput", v.ebs.throughput)
            .put("encrypted", v.ebs.encrypted)
            .opt("kmsKeyId", v.ebs.kms_key.as_ref())
            .put("multiAttachEnabled", false);
        tag_set(fields, view.world.tags(view.region, &v.id))
    });
    Ok(Fields::new().set("volumeSet", items).opt("nextToken", next))
}

fn delete_volume(call: &mut Call<'_>) -> Answer {
    let id = call.params.required("VolumeId")?.to_string();
    let volume =
        call.region().volumes.get(&id).filter(|v| call.world.sees(Some(v.born))).ok_or_else(|| no_volume(&id))?;
    if let Some(attached) = &volume.attached {
        let words = format!("Volume {id} is currently attached to {}", attached.instance);
        return Err(ApiError::new("VolumeInUse", words));
    }
    let region = call.region_mut();
    region.volumes.remove(&id);
    region.tags.remove(&id);
    Ok(Fields::done())
}
