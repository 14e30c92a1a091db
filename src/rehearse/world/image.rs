//! Images.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Region;
use super::storage::{Ebs, SnapshotState};
use crate::rehearse::clock::Time;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ImageState {
    /// Until then, and what it becomes: available, or failed for a reason.
    Pending(Time, Option<String>),
    Available,
    Failed(String),
    /// Nobody launches it any more.
    Disabled,
}

/// One device of an image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Mapping {
    pub(crate) device: String,
    pub(crate) source: MappingSource,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum MappingSource {
    Ebs(Ebs),
    /// `ephemeral0`
    Virtual(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Nothing for what was always there.
    pub(crate) born: Option<Time>,
    pub(crate) created: String,
    pub(crate) owner: String,
    /// `amazon` where AWS vouches for the owner.
    pub(crate) owner_alias: Option<&'static str>,
    pub(crate) description: Option<String>,
    pub(crate) state: ImageState,
    pub(crate) architecture: String,
    pub(crate) virtualization: String,
    pub(crate) root_device: String,
    /// `ebs` or `instance-store`
    pub(crate) root_kind: &'static str,
    pub(crate) mappings: Vec<Mapping>,
    pub(crate) location: String,
    pub(crate) ena: bool,
    pub(crate) sriov: bool,
    pub(crate) boot_mode: Option<String>,
    pub(crate) imds: Option<String>,
    pub(crate) tpm: Option<String>,
    pub(crate) uefi_data: Option<String>,
    pub(crate) kernel: Option<String>,
    pub(crate) ramdisk: Option<String>,
    pub(crate) public: bool,
    pub(crate) users: BTreeSet<String>,
    pub(crate) organizations: BTreeSet<String>,
    pub(crate) units: BTreeSet<String>,
    pub(crate) product_codes: BTreeSet<String>,
    pub(crate) deprecated: Option<String>,
    pub(crate) protection: Protection,
    pub(crate) source_instance: Option<String>,
    /// `windows`, or nothing.
    pub(crate) platform: Option<&'static str>,
    pub(crate) fast_launch: Option<FastLaunch>,
    /// The image that it is a copy of: id and region.
    pub(crate) source_image: Option<(String, String)>,
}

/// Snapshots of a Windows image that are kept ready.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FastLaunch {
    /// Whether it is being turned on, or off.
    pub(crate) on: bool,
    /// When that is done; nothing where it is.
    pub(crate) until: Option<Time>,
    pub(crate) since: Time,
    pub(crate) template_id: Option<String>,
    pub(crate) template_name: Option<String>,
    pub(crate) template_version: Option<String>,
    pub(crate) parallel: u32,
    pub(crate) count: u32,
}

impl FastLaunch {
    pub(crate) fn state(&self) -> &'static str {
        match (self.on, self.until) {
            (true, Some(_)) => "enabling",
            (true, None) => "enabled",
            (false, _) => "disabling",
        }
    }
}

/// Against deregistration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Protection {
    Disabled,
    Enabled {
        cooldown: bool,
    },
    /// Disabled, in force until then.
    Cooling(Time),
}

impl Image {
    /// An x86_64 hvm image on EBS that can be used, private, with no devices.
    pub(crate) fn new(id: &str, name: &str, owner: &str) -> Image {
        Image {
            id: id.to_string(),
            name: name.to_string(),
            born: None,
            created: String::new(),
            owner: owner.to_string(),
            owner_alias: None,
            description: None,
            state: ImageState::Available,
            architecture: "x86_64".to_string(),
            virtualization: "hvm".to_string(),
            root_device: String::new(),
            root_kind: "ebs",
            mappings: Vec::new(),
            location: format!("{owner}/{name}"),
            ena: false,
            sriov: false,
            boot_mode: None,
            imds: None,
            tpm: None,
            uefi_data: None,
            kernel: None,
            ramdisk: None,
            public: false,
            users: BTreeSet::new(),
            organizations: BTreeSet::new(),
            units: BTreeSet::new(),
            product_codes: BTreeSet::new(),
            deprecated: None,
            protection: Protection::Disabled,
            source_instance: None,
            source_image: None,
            platform: None,
            fast_launch: None,
        }
    }

    pub(super) fn due(&self) -> Time {
        let fast = self.fast_launch.as_ref().and_then(|fast| fast.until).unwrap_or(Time::NEVER);
        match self.state {
            ImageState::Pending(until, _) => until.min(fast),
            _ => fast,
        }
    }

    pub(crate) fn state(&self) -> &'static str {
        match self.state {
            ImageState::Pending(..) => "pending",
            ImageState::Available => "available",
            ImageState::Failed(_) => "failed",
            ImageState::Disabled => "disabled",
        }
    }

    /// The snapshots of its devices.
    pub(crate) fn snapshots(&self) -> impl Iterator<Item = &str> {
        self.mappings.iter().filter_map(|mapping| match &mapping.source {
            MappingSource::Ebs(ebs) => ebs.snapshot.as_deref(),
            MappingSource::Virtual(_) => None,
        })
    }

    pub(crate) fn protected(&self, now: Time) -> bool {
        match self.protection {
            Protection::Disabled => false,
            Protection::Enabled { .. } => true,
            Protection::Cooling(until) => now < until,
        }
    }

    pub(crate) fn protection(&self, now: Time) -> &'static str {
        match self.protection {
            Protection::Enabled { cooldown: true } => "enabled-with-cooldown",
            Protection::Enabled { cooldown: false } => "enabled",
            Protection::Cooling(until) if now < until => "enabled-with-cooldown",
            _ => "disabled",
        }
    }
}

pub(super) fn advance(region: &mut Region, now: Time) {
    for (image, _) in region.shadows.extract_if(.., |(_, until)| *until <= now) {
        region.tags.remove(&image.id);
    }
    let late: Vec<String> = region.images.values().filter(|i| i.due() <= now).map(|i| i.id.clone()).collect();
    for id in late {
        let Some(image) = region.images.get_mut(&id).map(Arc::make_mut) else { continue };
        if let Some(fast) = image.fast_launch.as_mut().filter(|fast| fast.until.is_some_and(|until| until <= now)) {
            fast.until = None;
            if !fast.on {
                image.fast_launch = None;
            }
        }
        if !matches!(&image.state, ImageState::Pending(until, _) if *until <= now) {
            continue;
        }
        let ImageState::Pending(_, end) = &image.state else { continue };
        image.state = match end.clone() {
            None => ImageState::Available,
            Some(reason) => ImageState::Failed(reason),
        };
        if let ImageState::Failed(reason) = &image.state {
            let (reason, snapshots): (String, Vec<String>) =
                (reason.clone(), image.snapshots().map(str::to_string).collect());
            for id in snapshots {
                if let Some(snapshot) = region.snapshots.get_mut(&id) {
                    snapshot.state = SnapshotState::Error(reason.clone());
                }
            }
        }
    }
}
