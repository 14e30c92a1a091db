//! Roles and instance profiles.

use indexmap::IndexMap;

use super::tags::TagMap;
use super::{ACCOUNT, World, digits};
use crate::rehearse::clock::Time;

/// All of an account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Iam {
    pub(crate) roles: IndexMap<String, Role>,
    pub(crate) profiles: IndexMap<String, Profile>,
}

#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) born: Time,
    /// Who may take it on.
    pub(crate) trust: String,
    pub(crate) description: Option<String>,
    /// By name.
    pub(crate) policies: IndexMap<String, String>,
    pub(crate) tags: TagMap,
}

#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) born: Time,
    /// One at most, and since when it is in it.
    pub(crate) role: Option<(String, Time)>,
    pub(crate) tags: TagMap,
}

/// The id that IAM gives: `AROA…`.
pub(crate) fn id(prefix: &str, name: &str) -> String {
    format!("{prefix}{}", digits(&format!("{prefix}/{name}"))[..17].to_uppercase())
}

/// `arn:aws:iam::123456789012:role/path/name`
pub(crate) fn arn(partition: &str, kind: &str, path: &str, name: &str) -> String {
    format!("arn:{partition}:iam::{ACCOUNT}:{kind}{path}{name}")
}

impl World {
    /// The profile by which EC2 launches: one that it sees, with a role in it.
    pub(crate) fn usable_profile(&self, name: &str) -> Option<&Profile> {
        let profile = self.iam.profiles.get(name).filter(|p| self.sees(Some(p.born)))?;
        profile.role.as_ref().is_some_and(|(_, since)| self.sees(Some(*since))).then_some(profile)
    }
}
