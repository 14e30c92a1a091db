//! Copies of images and snapshots, between regions and within one.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::describe_images::may_use;
use super::images::{MADE, TAGGED, end, new_name};
use super::{Action, Answer, Call, ec2, no_image, no_snapshot, snapshots, tag_set};
use crate::facts::regions;
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::DRY_RUN;
use crate::rehearse::world::image::{Image, ImageState, MappingSource, Protection};
use crate::rehearse::world::storage::{Snapshot, SnapshotState};
use crate::rehearse::world::{ACCOUNT, Region};
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[
    ec2(
        "CopyImage",
        &[
            DRY_RUN,
            TAGGED,
            &["SourceRegion", "SourceImageId", "Name", "Description", "ClientToken", "Encrypted", "KmsKeyId"],
            &["CopyImageTags", "SnapshotCopyCompletionDurationMinutes"],
        ],
        copy_image,
    ),
    ec2(
        "CopySnapshot",
        &[
            DRY_RUN,
            TAGGED,
            &["SourceRegion", "SourceSnapshotId", "Description", "Encrypted", "KmsKeyId"],
            &["DestinationRegion", "PresignedUrl"],
        ],
        copy_snapshot,
    ),
];

/// The region that something is copied from.
fn source<'c>(call: &'c mut Call<'_>) -> Result<&'c Region, ApiError> {
    let name = call.params.required("SourceRegion")?;
    let here = call.scope.region.partition;
    let place = regions::find(name).filter(|place| place.partition == here);
    let place =
        place.ok_or_else(|| ApiError::new("InvalidRegion", format!("There is no region '{name}' to copy from.")))?;
    call.world.enter(place);
    Ok(call.world.region(place.name).expect("invariant: the region was just entered"))
}

/// How a copy is encrypted.
fn encryption(call: &Call<'_>, was: bool) -> Result<(bool, Option<String>), ApiError> {
    let asked = call.params.flag("Encrypted")?;
    let key = call.params.owned("KmsKeyId").filter(|key| !key.is_empty());
    if let Some(key) = key.as_deref().filter(|key| !is_key(key)) {
        let words = format!("The key '{key}' is neither an id nor an alias nor an ARN of KMS");
        return Err(ApiError::new("InvalidKmsKey.InvalidKeyId", words));
    }
    if asked == Some(false) && was {
        return Err(ApiError::combination("A copy of what is encrypted is encrypted"));
    }
    let encrypted = asked.unwrap_or(was);
    if key.is_some() && !encrypted {
        return Err(ApiError::new("InvalidParameterDependency", "KmsKeyId requires Encrypted to be set."));
    }
    Ok((encrypted, key.or_else(|| encrypted.then(|| "alias/aws/ebs".to_string()))))
}

/// Whether a text names a KMS key.
fn is_key(text: &str) -> bool {
    let name = match text.strip_prefix("arn:") {
        // Partition, service, region and account stand before it.
        Some(rest) => rest.splitn(5, ':').nth(4).unwrap_or_default(),
        None => text,
    };
    let id = name.strip_prefix("key/").unwrap_or(name);
    let id = id.strip_prefix("mrk-").unwrap_or(id);
    name.strip_prefix("alias/").is_some_and(|alias| !alias.is_empty())
        || (!id.is_empty() && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'))
}

/// How long a copy takes: as long as was asked for, where it was.
fn span(call: &Call<'_>) -> Result<std::time::Duration, ApiError> {
    let name = "SnapshotCopyCompletionDurationMinutes";
    let Some(minutes): Option<u32> = call.params.number(name)? else { return Ok(call.world.rules.delays.copy) };
    if !(15..=2880).contains(&minutes) || minutes % 15 != 0 {
        return Err(ApiError::invalid_value(name, minutes, "Expected a multiple of 15, from 15 to 2880."));
    }
    Ok(std::time::Duration::from_secs(u64::from(minutes) * 60))
}

/// Refuses more copies at one time than the region takes.
fn room(call: &Call<'_>, more: usize) -> Result<(), ApiError> {
    let most = call.world.rules.quotas.copies;
    let pending = |s: &&Snapshot| s.copied && matches!(s.state, SnapshotState::Pending(_));
    if call.region().snapshots.values().filter(pending).count() + more > most {
        let words = format!("Too many snapshot copies in progress. The limit is {most} for this destination region.");
        return Err(ApiError::new("ResourceLimitExceeded", words));
    }
    Ok(())
}

fn copied(
    call: &mut Call<'_>,
    of: &Snapshot,
    description: String,
    encryption: (bool, Option<String>),
    span: std::time::Duration,
) -> Snapshot {
    let id = call.world.id("snap");
    let ((encrypted, key), now, until) = (encryption, call.now(), call.now().after(span));
    Snapshot {
        description,
        encrypted,
        kms_key: key,
        copied: true,
        files: of.files.copy(),
        // EC2 gives copies a volume that never was.
        ..snapshots::new(id, "vol-ffffffff", of.size, now, until)
    }
}

fn copy_image(call: &mut Call<'_>) -> Answer {
    if let Some(made) = call.replayed("CopyImage")? {
        return Ok(Fields::new().put("imageId", made));
    }
    let id = call.params.required("SourceImageId")?.to_string();
    let from = source(call)?;
    let from_name = from.name.to_string();
    let found = from.images.get(&id).cloned();
    let snapshots_of = |image: &Image| -> Vec<Option<Snapshot>> {
        image.snapshots().map(|snapshot| from.snapshots.get(snapshot).cloned()).collect()
    };
    let of = found.as_deref().map(snapshots_of).unwrap_or_default();
    let tags_there = from.tags.get(&id).map(|tags| tags.now.clone()).unwrap_or_default();
    let image = found.filter(|i| call.world.sees(i.born) && may_use(i)).ok_or_else(|| no_image(&id))?;
    if image.state != ImageState::Available {
        let words = format!("Images in state '{}' cannot be copied: {id}", image.state());
        return Err(ApiError::new("InvalidRequest", words));
    }
    if image.root_kind != "ebs" {
        return Err(ApiError::new(
            "InvalidRequest",
            format!("Images with an instance-store root cannot be copied: {id}"),
        ));
    }
    let name = new_name(call)?;
    let mut tags = call.new_tags("image", MADE)?;
    let snapshot_tags = call.new_tags("snapshot", MADE)?;
    if call.params.flag("CopyImageTags")? == Some(true) && image.owner == ACCOUNT {
        // What the call says stands over what is copied.
        let said = std::mem::replace(&mut tags, tags_there);
        tags.extend(said);
    }
    room(call, of.len())?;
    let span = span(call)?;
    let new_id = call.world.id("ami");
    let said = format!("Copied for DestinationAmi {new_id} from SourceAmi {id} for SourceRegion {from_name}.");
    let mut mappings = image.mappings.clone();
    let mut left = of.into_iter();
    for mapping in &mut mappings {
        let MappingSource::Ebs(ebs) = &mut mapping.source else { continue };
        if ebs.snapshot.is_none() {
            continue;
        }
        let Some(of) = left.next().flatten() else {
            return Err(no_snapshot(ebs.snapshot.as_deref().unwrap_or_default()));
        };
        let (encrypted, key) = encryption(call, of.encrypted)?;
        let snapshot = copied(call, &of, said.clone(), (encrypted, key.clone()), span);
        ebs.snapshot = Some(snapshot.id.clone());
        (ebs.encrypted, ebs.kms_key) = (encrypted, key);
        call.tag(&snapshot.id, snapshot_tags.clone());
        call.region_mut().snapshots.insert(snapshot.id.clone(), snapshot);
    }
    let until = call.now().after(span);
    let copy = Image {
        id: new_id.clone(),
        born: Some(call.now()),
        created: call.iso(call.now()),
        owner: ACCOUNT.to_string(),
        owner_alias: None,
        description: call.params.owned("Description"),
        state: ImageState::Pending(until, end(call)),
        mappings,
        location: format!("{ACCOUNT}/{name}"),
        public: false,
        users: BTreeSet::new(),
        organizations: BTreeSet::new(),
        units: BTreeSet::new(),
        deprecated: None,
        protection: Protection::Disabled,
        source_instance: None,
        source_image: Some((id, from_name)),
        fast_launch: None,
        name,
        ..(*image).clone()
    };
    call.region_mut().images.insert(new_id.clone(), Arc::new(copy));
    call.tag(&new_id, tags);
    call.remember("CopyImage", &new_id);
    Ok(Fields::new().put("imageId", new_id))
}

fn copy_snapshot(call: &mut Call<'_>) -> Answer {
    let id = call.params.required("SourceSnapshotId")?.to_string();
    // Where the call goes to is where the copy is made; SDKs say it once more, with a signature for the other region.
    call.params.text("PresignedUrl");
    let to = call.params.text("DestinationRegion");
    if let Some(to) = to.filter(|to| *to != call.scope.region.name) {
        return Err(ApiError::invalid_value("DestinationRegion", to, "The call has to be sent to that region."));
    }
    let found = source(call)?.snapshots.get(&id).cloned();
    let may = |s: &Snapshot| s.owner == ACCOUNT || s.public || s.users.contains(ACCOUNT);
    let of = found.filter(|s| call.world.sees(s.born) && may(s)).ok_or_else(|| no_snapshot(&id))?;
    if of.state != SnapshotState::Completed {
        return Err(ApiError::new("IncorrectState", format!("The snapshot {id} is in state '{}'", of.state())));
    }
    let tags = call.new_tags("snapshot", &["snapshot"])?;
    let encryption = encryption(call, of.encrypted)?;
    room(call, 1)?;
    let (said, span) = (call.params.owned("Description").unwrap_or_default(), call.world.rules.delays.copy);
    let snapshot = copied(call, &of, said, encryption, span);
    let new_id = snapshot.id.clone();
    call.region_mut().snapshots.insert(new_id.clone(), snapshot);
    call.tag(&new_id, tags.clone());
    Ok(tag_set(Fields::new().put("snapshotId", new_id), &tags))
}
