//! What machines of the spot market come from: launch templates and fleets.

use std::collections::BTreeMap;

use crate::rehearse::clock::Time;

/// A launch template of one version.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) born: Time,
    /// What it says of a launch, by RunInstances' names.
    pub(crate) data: BTreeMap<String, String>,
}

/// A fleet that was asked for once.
#[derive(Clone, Debug)]
pub(crate) struct Fleet {
    pub(crate) id: String,
    pub(crate) born: Time,
    pub(crate) instances: Vec<String>,
    /// Its type and place.
    pub(crate) kind: String,
    pub(crate) is_deleted: bool,
    /// What went wrong: code and words.
    pub(crate) errors: Vec<(String, String)>,
}
