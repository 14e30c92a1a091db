//! Volumes and snapshots.

use std::collections::BTreeSet;

use super::Region;
use super::files::Files;
use crate::rehearse::clock::Time;

/// What a volume is like, in instances, images and requests alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ebs {
    pub(crate) snapshot: Option<String>,
    pub(crate) size: u32,
    pub(crate) kind: String,
    pub(crate) iops: Option<u32>,
    pub(crate) throughput: Option<u32>,
    pub(crate) delete: bool,
    pub(crate) encrypted: bool,
    pub(crate) kms_key: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Volume {
    pub(crate) id: String,
    pub(crate) born: Time,
    pub(crate) zone: String,
    pub(crate) ebs: Ebs,
    pub(crate) attached: Option<Attachment>,
}

#[derive(Clone, Debug)]
pub(crate) struct Attachment {
    pub(crate) instance: String,
    pub(crate) device: String,
    pub(crate) since: Time,
}

impl Volume {
    pub(crate) fn state(&self) -> &'static str {
        if self.attached.is_some() { "in-use" } else { "available" }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum SnapshotState {
    /// Until then.
    Pending(Time),
    Completed,
    Error(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) id: String,
    pub(crate) born: Option<Time>,
    pub(crate) owner: String,
    pub(crate) volume: String,
    pub(crate) size: u32,
    pub(crate) description: String,
    pub(crate) encrypted: bool,
    pub(crate) kms_key: Option<String>,
    pub(crate) state: SnapshotState,
    pub(crate) completed: Option<Time>,
    /// Accounts that may make volumes of it, and `all`.
    pub(crate) users: BTreeSet<String>,
    pub(crate) public: bool,
    /// Whether it is a copy: those count for a quota while they last.
    pub(crate) copied: bool,
    /// What instances that start from it hold.
    pub(crate) files: Files,
}

impl Snapshot {
    /// One that has been there since before the server began.
    pub(crate) fn of_old(id: &str, owner: &str, size: u32, public: bool) -> Snapshot {
        Snapshot {
            id: id.to_owned(),
            born: None,
            owner: owner.to_owned(),
            volume: "vol-ffffffff".to_owned(),
            size,
            description: String::new(),
            encrypted: false,
            kms_key: None,
            state: SnapshotState::Completed,
            completed: None,
            users: BTreeSet::new(),
            public,
            copied: false,
            files: Files::default(),
        }
    }

    pub(super) fn due(&self) -> Time {
        match self.state {
            SnapshotState::Pending(until) => until,
            _ => Time::NEVER,
        }
    }

    pub(crate) fn state(&self) -> &'static str {
        match self.state {
            SnapshotState::Pending(_) => "pending",
            SnapshotState::Completed => "completed",
            SnapshotState::Error(_) => "error",
        }
    }

    /// In percent.
    pub(crate) fn progress(&self, now: Time) -> u32 {
        match (&self.state, self.born) {
            (SnapshotState::Pending(until), Some(born)) => {
                let (all, gone) = (born.until(*until).as_secs_f64(), born.until(now).as_secs_f64());
                if all > 0.0 { (gone / all * 100.0).clamp(0.0, 99.0) as u32 } else { 99 }
            }
            (SnapshotState::Error(_), _) => 0,
            _ => 100,
        }
    }

    /// The image that keeps the snapshot from being deleted.
    pub(crate) fn user<'r>(&self, region: &'r Region) -> Option<&'r str> {
        region.images.values().find(|i| i.snapshots().any(|s| s == self.id)).map(|i| i.id.as_str())
    }
}

pub(super) fn advance(region: &mut Region, now: Time) {
    let late: Vec<String> = region.snapshots.values().filter(|s| s.due() <= now).map(|s| s.id.clone()).collect();
    for id in late {
        if let Some(snapshot) = region.snapshots.get_mut(&id)
            && let SnapshotState::Pending(until) = snapshot.state
        {
            snapshot.state = SnapshotState::Completed;
            snapshot.completed = Some(until);
        }
    }
}
