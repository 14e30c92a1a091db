//! The image that a build makes.
//!
//! A journal keeps it with the step that shares it. Neighbour: `launch` is the machine.

use serde::{Deserialize, Serialize};

use super::Device;

/// The image that is made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Image {
    pub name: String,
    pub description: String,
    pub devices: Vec<Device>,
    pub tags: Vec<(String, String)>,
    pub snapshot_tags: Vec<(String, String)>,
    pub users: Vec<String>,
    pub groups: Vec<String>,
    pub org_arns: Vec<String>,
    pub ou_arns: Vec<String>,
    pub product_codes: Vec<String>,
    pub snapshot_users: Vec<String>,
    pub snapshot_groups: Vec<String>,
    pub imds_support: Option<String>,
    /// Other regions that get a copy.
    pub regions: Vec<String>,
    /// Whether a former image of the name makes room.
    pub force_deregister: bool,
    /// Whether its snapshots go as well.
    pub force_delete_snapshot: bool,
    /// Whether no image is made.
    pub skip_create: bool,
    /// `paravirtual` or `hvm`, where the source image has to be that.
    pub virtualization: Option<String>,
    /// Whether all of it is encrypted; unset: what the volumes are.
    pub encrypt: Option<bool>,
    /// By which key in the build's own region; the account's default one where none is named.
    pub key: Option<String>,
    /// By which key in other regions; an empty one is the region's default.
    pub region_keys: Vec<(String, String)>,
    /// Whether the build's own region keeps no image.
    pub skip_build_region: bool,
    /// How long a copy may take.
    pub copy_minutes: Option<i64>,
    /// From when on it counts as outdated, as RFC 3339 has it.
    pub deprecate_at: Option<String>,
    /// Whether it is protected against deregistration, and whether that lasts for a day after its end.
    pub protection: Option<Protection>,
    /// How snapshots of it are kept ready.
    pub fast_launch: Option<FastLaunch>,
    /// Whether the machine's tags are kept off it.
    pub skip_run_tags: bool,
}

impl Image {
    /// Whether the machine becomes an image of a passing name first, of which the images are copies: encryption comes by copying.
    pub fn is_by_copy(&self) -> bool {
        self.encrypt == Some(true) || self.skip_build_region
    }

    /// Where there are images at the end; `own` is the build's region.
    pub fn places<'a>(&'a self, own: &'a str) -> impl Iterator<Item = &'a str> {
        let own = (!self.skip_build_region).then_some(own);
        own.into_iter().chain(self.regions.iter().map(String::as_str))
    }

    /// The key of a region; none where the default one does it.
    pub fn key_in(&self, region: &str, own: &str) -> Option<&str> {
        let named = self.region_keys.iter().find(|(name, _)| name == region).map(|(_, key)| key.as_str());
        let key = named.or(self.key.as_deref().filter(|_| region == own));
        key.filter(|key| !key.is_empty() && self.encrypt == Some(true))
    }
}

/// Against deregistration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    /// Whether it lasts for a day after it is turned off.
    pub cooldown: bool,
}

/// Snapshots that EC2 keeps ready, for machines that start sooner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FastLaunch {
    /// By which launch template they are made, by region; by EC2's own where none is named.
    pub templates: Vec<(String, LaunchTemplate)>,
    /// Regions that have none.
    pub off: Vec<String>,
    /// How many machines make them at once.
    pub parallel: Option<i32>,
    /// How many are kept.
    pub count: Option<i32>,
}

/// A launch template: its id or its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTemplate {
    /// Its id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its version; the latest where none is named.
    pub version: Option<i32>,
}
