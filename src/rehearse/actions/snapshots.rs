//! Snapshots and who may use them.

use std::collections::BTreeSet;

use super::{Action, Answer, Call, ec2, no_snapshot, no_volume, tag_set};
use crate::rehearse::clock::Time;
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::{DRY_RUN, FILTERS, Filters, Of, PAGES, View, page};
use crate::rehearse::world::files::Files;
use crate::rehearse::world::storage::{Snapshot, SnapshotState};
use crate::rehearse::world::{ACCOUNT, Region};
use crate::rehearse::xml::Fields;

const TAGGED: &[&str] =
    &["TagSpecification.N.ResourceType", "TagSpecification.N.Tag.N.Key", "TagSpecification.N.Tag.N.Value"];

pub(super) const ACTIONS: &[Action] = &[
    ec2("CreateSnapshot", &[DRY_RUN, TAGGED, &["VolumeId", "Description"]], create_snapshot),
    ec2(
        "DescribeSnapshots",
        &[DRY_RUN, FILTERS, PAGES, &["SnapshotId.N", "Owner.N", "RestorableBy.N"]],
        describe_snapshots,
    ),
    ec2("DeleteSnapshot", &[DRY_RUN, &["SnapshotId"]], delete_snapshot),
    ec2("DescribeSnapshotAttribute", &[DRY_RUN, &["SnapshotId", "Attribute"]], describe_snapshot_attribute),
    ec2("ModifySnapshotAttribute", &[DRY_RUN, CHANGES], modify_snapshot_attribute),
    ec2("ResetSnapshotAttribute", &[DRY_RUN, &["SnapshotId", "Attribute"]], reset_snapshot_attribute),
];

const CHANGES: &[&str] = &[
    "SnapshotId",
    "Attribute",
    "OperationType",
    "UserId.N",
    "UserGroup.N",
    "CreateVolumePermission.Add.N.UserId",
    "CreateVolumePermission.Add.N.Group",
    "CreateVolumePermission.Remove.N.UserId",
    "CreateVolumePermission.Remove.N.Group",
];

/// A new snapshot of this account.
pub(super) fn new(id: String, volume: &str, size: u32, now: Time, until: Time) -> Snapshot {
    Snapshot {
        id,
        born: Some(now),
        owner: ACCOUNT.to_string(),
        volume: volume.to_string(),
        size,
        description: String::new(),
        encrypted: false,
        kms_key: None,
        state: SnapshotState::Pending(until),
        completed: None,
        users: BTreeSet::new(),
        public: false,
        copied: false,
        files: Files::default(),
    }
}

/// The snapshot of a volume, with what its instance holds where it is the root.
pub(super) fn of_volume(call: &mut Call<'_>, volume: &str, description: &str) -> Result<Snapshot, ApiError> {
    let id = call.world.id("snap");
    let (now, until) = (call.now(), call.now().after(call.world.rules.delays.snapshot));
    let most = call.world.rules.quotas.snapshots_per_volume;
    let region = call.region();
    let Some(of) = region.volumes.get(volume) else { return Err(no_volume(volume)) };
    let pending = |s: &&Snapshot| s.volume == volume && matches!(s.state, SnapshotState::Pending(_));
    if region.snapshots.values().filter(pending).count() >= most {
        let words = format!("Maximum allowed in-progress snapshots for a single volume exceeded: {most}");
        return Err(ApiError::new("ConcurrentSnapshotLimitExceeded", words));
    }
    let root =
        of.attached.as_ref().and_then(|a| region.instances.get(&a.instance).filter(|i| i.root_device == a.device));
    Ok(Snapshot {
        description: description.to_string(),
        encrypted: of.ebs.encrypted,
        kms_key: of.ebs.kms_key.clone(),
        files: root.map(|instance| instance.files.copy()).unwrap_or_default(),
        ..new(id, volume, of.ebs.size, now, until)
    })
}

fn create_snapshot(call: &mut Call<'_>) -> Answer {
    let volume = call.params.required("VolumeId")?.to_string();
    let seen = call.region().volumes.get(&volume).is_some_and(|v| call.world.sees(Some(v.born)));
    if !seen {
        return Err(no_volume(&volume));
    }
    let tags = call.new_tags("snapshot", &["snapshot"])?;
    let description = call.params.owned("Description").unwrap_or_default();
    let snapshot = of_volume(call, &volume, &description)?;
    let id = snapshot.id.clone();
    call.region_mut().snapshots.insert(id.clone(), snapshot.clone());
    call.tag(&id, tags.clone());
    Ok(tag_set(shown(&call.view(), &snapshot), &tags))
}

const SNAPSHOT_FILTERS: &[Of<Snapshot>] = &[
    ("snapshot-id", |_, s| vec![s.id.clone()]),
    ("volume-id", |_, s| vec![s.volume.clone()]),
    ("volume-size", |_, s| vec![s.size.to_string()]),
    ("status", |_, s| vec![s.state().to_string()]),
    ("description", |_, s| vec![s.description.clone()]),
    ("encrypted", |_, s| vec![s.encrypted.to_string()]),
    ("owner-id", |_, s| vec![s.owner.clone()]),
    ("owner-alias", |_, s| if s.owner == ACCOUNT { vec!["self".to_string()] } else { Vec::new() }),
    ("progress", |view, s| vec![format!("{}%", s.progress(view.now))]),
    ("start-time", |view, s| s.born.map(|born| view.world.clock.iso(born)).into_iter().collect()),
];

fn shown(view: &View<'_>, s: &Snapshot) -> Fields {
    let iso = |time| view.world.clock.iso(time);
    let message = match &s.state {
        SnapshotState::Error(reason) => Some(reason),
        _ => None,
    };
    Fields::new()
        .put("snapshotId", &s.id)
        .put("volumeId", &s.volume)
        .put("status", s.state())
        .opt("statusMessage", message)
        .put("startTime", s.born.map_or_else(|| crate::rehearse::catalogue::CREATED.to_string(), iso))
        .opt("completionTime", s.completed.map(iso))
        .put("progress", format!("{}%", s.progress(view.now)))
        .put("ownerId", &s.owner)
        .put("volumeSize", s.size)
        .put("description", &s.description)
        .put("encrypted", s.encrypted)
        .opt("kmsKeyId", s.kms_key.as_ref())
        .put("storageTier", "standard")
}

fn describe_snapshots(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, SNAPSHOT_FILTERS, true)?;
    let (ids, owners) = (call.params.list("SnapshotId"), call.params.list("Owner"));
    let restorable = call.params.list("RestorableBy");
    super::owners(&owners, &["self", "amazon"])?;
    super::owners(&restorable, &["self", "all"])?;
    let view = call.view();
    let may = |s: &&Snapshot| view.world.sees(s.born) && (s.owner == ACCOUNT || s.public || s.users.contains(ACCOUNT));
    if let Some(id) = ids.iter().find(|id| view.region.snapshots.get(id).filter(may).is_none()) {
        return Err(no_snapshot(id));
    }
    let wanted = |s: &&Snapshot| {
        (ids.is_empty() || ids.contains(&s.id.as_str()))
            && (owners.is_empty() || owners.iter().any(|o| *o == s.owner || (*o == "self" && s.owner == ACCOUNT)))
            && (restorable.is_empty() || restorable.iter().any(|who| by(s, who)))
    };
    let all = view.region.snapshots.values().filter(may).filter(wanted);
    let found = all.filter(|s| filters.pass(&view, SNAPSHOT_FILTERS, &s.id, *s)).collect();
    let (items, next) = page(call.params, found, 5, 1000)?;
    let items = items.into_iter().map(|s| tag_set(shown(&view, s), view.world.tags(view.region, &s.id)));
    Ok(Fields::new().set("snapshotSet", items).opt("nextToken", next))
}

/// Whether someone may make a volume of it.
fn by(snapshot: &Snapshot, who: &str) -> bool {
    match who {
        "all" => snapshot.public,
        "self" => snapshot.owner == ACCOUNT || snapshot.users.contains(ACCOUNT),
        account => snapshot.owner == account || snapshot.users.contains(account),
    }
}

/// A snapshot of one's own.
fn own<'r>(call: &'r Call<'_>, id: &str) -> Result<&'r Snapshot, ApiError> {
    let found = call.region().snapshots.get(id).filter(|s| call.world.sees(s.born)).ok_or_else(|| no_snapshot(id))?;
    if found.owner != ACCOUNT {
        return Err(
            ApiError::new("UnauthorizedOperation", "You are not authorized to perform this operation.").status(403)
        );
    }
    Ok(found)
}

fn delete_snapshot(call: &mut Call<'_>) -> Answer {
    let id = call.params.required("SnapshotId")?.to_string();
    let snapshot = own(call, &id)?;
    if let Some(image) = snapshot.user(call.region()) {
        let words = format!("The snapshot {id} is currently in use by {image}");
        return Err(ApiError::new("InvalidSnapshot.InUse", words));
    }
    remove(call.region_mut(), &id);
    Ok(Fields::done())
}

pub(super) fn remove(region: &mut Region, id: &str) {
    region.snapshots.remove(id);
    region.tags.remove(id);
}

fn describe_snapshot_attribute(call: &mut Call<'_>) -> Answer {
    let id = call.params.required("SnapshotId")?;
    let snapshot = own(call, id)?;
    let fields = Fields::new().put("snapshotId", id);
    match call.params.required("Attribute")? {
        "createVolumePermission" => {
            let groups = snapshot.public.then(|| Fields::new().put("group", "all"));
            let users = snapshot.users.iter().map(|user| Fields::new().put("userId", user));
            Ok(fields.set("createVolumePermission", groups.into_iter().chain(users)))
        }
        "productCodes" => Ok(fields.set("productCodes", [])),
        other => Err(ApiError::invalid_value("attribute", other, "There is no such attribute.")),
    }
}

fn permission_only(call: &Call<'_>) -> Result<(), ApiError> {
    match call.params.text("Attribute") {
        None | Some("createVolumePermission") => Ok(()),
        Some(other) => Err(ApiError::invalid_value("attribute", other, "Expected createVolumePermission.")),
    }
}

fn modify_snapshot_attribute(call: &mut Call<'_>) -> Answer {
    let id = call.params.required("SnapshotId")?.to_string();
    let mut snapshot = own(call, &id)?.clone();
    permission_only(call)?;
    let changes = Permissions::read(call, "CreateVolumePermission")?;
    if changes.is_empty() {
        return Err(ApiError::missing("CreateVolumePermission"));
    }
    if snapshot.encrypted && changes.add_groups.contains("all") {
        return Err(ApiError::new(
            "OperationNotPermitted",
            "Encrypted snapshots with EBS default key cannot be shared.",
        ));
    }
    changes.apply(&mut snapshot.users, &mut snapshot.public);
    call.region_mut().snapshots.insert(id, snapshot);
    Ok(Fields::done())
}

fn reset_snapshot_attribute(call: &mut Call<'_>) -> Answer {
    let id = call.params.required("SnapshotId")?.to_string();
    let mut snapshot = own(call, &id)?.clone();
    call.params.required("Attribute")?;
    permission_only(call)?;
    snapshot.users.clear();
    snapshot.public = false;
    call.region_mut().snapshots.insert(id, snapshot);
    Ok(Fields::done())
}

/// Who gets and who loses a permission, in both forms in which calls say it.
pub(super) struct Permissions {
    add_users: BTreeSet<String>,
    add_groups: BTreeSet<String>,
    drop_users: BTreeSet<String>,
    drop_groups: BTreeSet<String>,
}

impl Permissions {
    pub(super) fn read(call: &Call<'_>, member: &str) -> Result<Self, ApiError> {
        let p = call.params;
        let of = |side: &str, field: &str| -> BTreeSet<String> {
            let groups = p.groups(&format!("{member}.{side}")).into_iter();
            groups.filter_map(|group| p.owned(&format!("{group}.{field}"))).collect()
        };
        let mut all = Permissions {
            add_users: of("Add", "UserId"),
            add_groups: of("Add", "Group"),
            drop_users: of("Remove", "UserId"),
            drop_groups: of("Remove", "Group"),
        };
        let list = |name: &str| -> BTreeSet<String> { p.list(name).into_iter().map(str::to_string).collect() };
        let (users, groups) = (list("UserId"), list("UserGroup"));
        match p.word("OperationType", &["add", "remove"])? {
            Some("remove") => {
                all.drop_users.extend(users);
                all.drop_groups.extend(groups);
            }
            Some(_) => {
                all.add_users.extend(users);
                all.add_groups.extend(groups);
            }
            None if users.is_empty() && groups.is_empty() => {}
            // Said in the newer form too, the older one needs no operation.
            None if !all.is_empty() => {
                all.add_users.extend(users);
                all.add_groups.extend(groups);
            }
            None => return Err(ApiError::missing("OperationType")),
        }
        let account = |id: &&String| id.len() != 12 || !id.bytes().all(|b| b.is_ascii_digit());
        if let Some(id) = all.add_users.iter().chain(&all.drop_users).find(account) {
            let words = format!("\"{id}\" is an invalid user id");
            return Err(ApiError::new("InvalidAMIAttributeItemValue", words));
        }
        if let Some(group) = all.add_groups.iter().chain(&all.drop_groups).find(|group| *group != "all") {
            let words = format!("Invalid attribute item value \"{group}\" for userGroup item type.");
            return Err(ApiError::new("InvalidAMIAttributeItemValue", words));
        }
        Ok(all)
    }

    pub(super) fn is_empty(&self) -> bool {
        [&self.add_users, &self.add_groups, &self.drop_users, &self.drop_groups].iter().all(|set| set.is_empty())
    }

    pub(super) fn apply(self, users: &mut BTreeSet<String>, public: &mut bool) {
        users.extend(self.add_users);
        users.retain(|user| !self.drop_users.contains(user));
        *public = (*public || !self.add_groups.is_empty()) && self.drop_groups.is_empty();
    }
}
