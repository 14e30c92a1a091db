//! A build as far as its account goes: what it takes to undo it, from its plan or from what a journal keeps of it.
//!
//! It knows no step. Neighbours: `journal` keeps it without keys, `settle` undoes by it.

use std::sync::Arc;

use super::build::{Access, Build, Builder};
use super::journal::fold::Record;
use super::journal::line::Way;

/// A build and the account that it works in.
#[derive(Clone, Debug)]
pub(super) struct Reached {
    /// Its name.
    pub(super) name: Arc<str>,
    /// How the account is reached; none where it has no machine there.
    pub(super) access: Option<Access>,
    /// Regions of its copies.
    pub(super) copies: Vec<String>,
}

impl From<&Build> for Reached {
    fn from(build: &Build) -> Self {
        let (access, copies) = match &build.builder {
            Builder::Ebs(ebs) => (Some(ebs.access.clone()), ebs.image.regions.clone()),
            Builder::Null(_) => (None, Vec::new()),
        };
        Reached { name: build.name.clone(), access, copies }
    }
}

impl Reached {
    /// What a journal keeps of it.
    pub(super) fn way(&self) -> Way {
        // What preflight leaves out is nothing to whoever goes back.
        let access = self.access.clone().unwrap_or_default();
        let access = Access { skip_credential_validation: false, skip_region_validation: false, ..access };
        let Access { region, endpoint, keys, profile, max_retries, .. } = access.clone();
        let keys = keys.is_some();
        let way = Way { region, copies: self.copies.clone(), endpoint, profile, max_retries, keys, access: None };
        let more = way.reach() != Access { keys: None, mfa_code: None, ..access.clone() };
        Way { access: more.then(|| Box::new(access)), ..way }
    }

    /// The build that a journal has kept; nothing where the plan holds its keys.
    fn kept(name: &str, way: &Way) -> Option<Reached> {
        if way.keys {
            return None;
        }
        let access = Some(way.reach()).filter(|access| !access.region.is_empty());
        Some(Reached { name: name.into(), access, copies: way.copies.clone() })
    }
}

impl Way {
    /// What it says of the account.
    fn reach(&self) -> Access {
        let Way { region, endpoint, profile, max_retries, access, .. } = self.clone();
        match access {
            Some(access) => *access,
            None => Access { region, endpoint, profile, max_retries, ..Access::default() },
        }
    }
}

/// The builds of a run that can be reached: those of its plan, as far as that is read, and those that its journal keeps.
pub(super) fn all(record: &Record, builds: &[Build]) -> Vec<Reached> {
    let mut all: Vec<Reached> = builds.iter().map(Reached::from).collect();
    for (name, way) in &record.head.ways {
        if all.iter().all(|known| *known.name != **name) {
            all.extend(Reached::kept(name, way));
        }
    }
    all
}

/// Whether only its plan tells how a run is undone: its journal was written by an older bakec, or the plan holds keys.
pub fn needs_plan(record: &Record) -> bool {
    let kept = all(record, &[]);
    record.standing().iter().any(|(name, _)| kept.iter().all(|known| *known.name != **name))
}
