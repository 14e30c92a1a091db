//! The accounts of a run's builds: those with the same access share one.
//!
//! Neighbours: `aws` opens one; `work` gives each build its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::aws::{Cloud, Reach};
use super::build::Access;
use super::cancel::Cancel;
use super::event::Events;
use super::problem::Problem;
use super::reached::Reached;

/// The accounts of builds: those with the same access share one.
pub struct Clouds {
    all: Vec<(Access, Arc<Cloud>)>,
    calls: Arc<AtomicU64>,
}

impl Clouds {
    /// Opens an account for every access among the builds.
    ///
    /// # Errors
    /// Where there are no credentials.
    pub(super) async fn open(
        builds: &[Reached],
        reach: &Reach,
        events: &Events,
        cancel: &Cancel,
    ) -> Result<Clouds, Problem> {
        let mut clouds = Clouds { all: Vec::new(), calls: Arc::default() };
        for access in builds.iter().filter_map(|b| b.access.as_ref()) {
            if clouds.of(access).is_none() {
                let cloud = Cloud::open(access, reach, events, cancel, clouds.calls.clone()).await?;
                clouds.all.push((access.clone(), Arc::new(cloud)));
            }
        }
        Ok(clouds)
    }

    /// The account of an access. The region is a part of it only where it has an endpoint of its own.
    pub(super) fn of(&self, access: &Access) -> Option<Arc<Cloud>> {
        let any = access.endpoint.is_none();
        let same = |other: &Access| {
            let region = if any { &access.region } else { &other.region };
            Access { region: region.clone(), ..other.clone() } == *access
        };
        self.all.iter().find(|(other, _)| same(other)).map(|(_, cloud)| cloud.clone())
    }

    /// How many calls were made.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}
