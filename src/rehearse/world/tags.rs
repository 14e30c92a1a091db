//! Tags of resources, and what look-ups already see of them.

use std::collections::BTreeMap;

use super::{Region, World};
use crate::rehearse::clock::Time;

/// At most so many tags has a resource.
pub(crate) const MOST: usize = 50;

pub(crate) type TagMap = BTreeMap<String, String>;

/// The tags of one resource.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tags {
    pub(crate) now: TagMap,
    before: TagMap,
    changed: Time,
}

impl Tags {
    /// Tags that look-ups see as late as their resource.
    pub(crate) fn new(tags: TagMap, at: Time) -> Self {
        Tags { now: tags, before: TagMap::new(), changed: at }
    }

    /// Changes the tags; until the change is visible, look-ups see those of before.
    pub(crate) fn change(&mut self, at: Time, sees: bool, change: impl FnOnce(&mut TagMap)) {
        if sees {
            self.before = self.now.clone();
        }
        change(&mut self.now);
        self.changed = at;
    }

    pub(crate) fn changed(&self) -> Time {
        self.changed
    }
}

impl World {
    /// The tags of a resource as look-ups see them.
    pub(crate) fn tags<'w>(&self, region: &'w Region, id: &str) -> &'w TagMap {
        static NONE: TagMap = TagMap::new();
        match region.tags.get(id) {
            Some(tags) if self.sees(Some(tags.changed)) => &tags.now,
            Some(tags) => &tags.before,
            None => &NONE,
        }
    }
}
