//! Leases: what a run makes carries an instant until which the run is known to live. Who cleans by tags keeps off until then.
//!
//! The instant is in AWS's time, far enough away that most runs never move it; long ones move that of all they hold by one call
//! for each region. It knows the journal, not what is built. Neighbours: `tags` writes the first lease, `sweep` reads them.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::copy::CopyImage;
use super::fleet::MakeTemplate;
use super::group::MakeGroup;
use super::image::CreateImage;
use super::intermediary::Intermediary;
use super::key::ImportKey;
use super::launch::LaunchInstance;
use super::publish::Finish;
use super::tags::{LEASE, tag};
use super::{Cx, Run, Step};
use crate::run::aws::clock::later;
use crate::run::aws::fault::{CallError, Fault};
use crate::run::aws::{Cloud, Region, Repeat};
use crate::run::event::Events;
use crate::run::journal::fold::{BuildRecord, State};

/// How long a lease is, in AWS's time.
const SPAN: Duration = Duration::from_secs(15 * 60);

/// How long a lease is at least, on the local clock: whoever renews it has to get round to it.
const LEAST: Duration = Duration::from_secs(120);

/// As many resources as one call tags.
const AT_ONCE: usize = 500;

/// What a lease says of a thing that is to stay.
pub const ENDED: &str = "ended";

/// How long leases are where AWS's clock goes so much faster than the local one.
pub fn span(scale: f64) -> Duration {
    SPAN.max(LEAST.mul_f64(scale.max(0.0)))
}

/// A lease of that length, as a tag has it.
fn until(now: Timestamp, span: Duration) -> String {
    later(now, span).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Cx {
    /// The lease of what is made now.
    pub fn lease(&self) -> String {
        until(self.cloud.clock.now(), self.run.lease)
    }
}

/// Renews the leases of all that the builds hold, without end.
pub async fn renew(run: Arc<Run>, builds: Vec<(Arc<str>, Arc<Cloud>, String)>, events: Events) {
    let Some((_, some, some_region)) = builds.first() else { return };
    let pace = some.region(some_region);
    // At once: what a run holds that goes on has had no lease since it was interrupted.
    loop {
        for Place { region, cloud, ids } in places(&run, &builds) {
            let lease = until(cloud.clock.now(), run.lease);
            for some in ids.chunks(AT_ONCE) {
                if let Err(error) = renew_all(&region, some, &lease).await {
                    events.warn(format!("leases cannot be renewed: {error}"));
                }
            }
        }
        pace.sleep(run.lease / 2).await;
    }
}

/// What a run holds in one region.
struct Place {
    region: Arc<Region>,
    cloud: Arc<Cloud>,
    ids: Vec<String>,
}

fn places(run: &Run, builds: &[(Arc<str>, Arc<Cloud>, String)]) -> Vec<Place> {
    let mut all: Vec<Place> = Vec::new();
    run.journal.look(|record| {
        for (build, cloud, home) in builds {
            for (region, id) in record.builds.get(&**build).map(held).unwrap_or_default() {
                let region = cloud.region(region.as_deref().unwrap_or(home));
                match all.iter_mut().find(|place| Arc::ptr_eq(&place.region, &region)) {
                    Some(place) => place.ids.push(id),
                    None => all.push(Place { region, cloud: cloud.clone(), ids: vec![id] }),
                }
            }
        }
    });
    all
}

/// One call for all; one for each where something of it is gone.
async fn renew_all(region: &Region, ids: &[String], lease: &str) -> Result<(), CallError> {
    let call = async |ids: &[String]| {
        let ask = || region.ec2.create_tags().set_resources(Some(ids.to_vec())).tags(tag(LEASE, lease)).send();
        region.call("CreateTags", Repeat::Always, ask).await
    };
    match call(ids).await {
        Err(error) if error.fault == Fault::NotFound => {
            for id in ids {
                match call(std::slice::from_ref(id)).await {
                    Err(error) if error.fault != Fault::NotFound => return Err(error),
                    _ => {}
                }
            }
            Ok(())
        }
        outcome => outcome.map(|_| ()),
    }
}

/// What a build holds, each with its region where that is not the build's own. What is to stay needs no lease.
fn held(build: &BuildRecord) -> Vec<(Option<String>, String)> {
    let done = |name: &str| build.steps.iter().any(|s| s.step == name && s.state.stands());
    let (over, is_final) = (build.end.is_some(), done(Finish::NAME));
    let mut all = Vec::new();
    for step in &build.steps {
        let State::Done(result) = &step.state else { continue };
        let id = match step.step.as_str() {
            ImportKey::NAME => result["id"].as_str(),
            MakeGroup::NAME | MakeTemplate::NAME | LaunchInstance::NAME if !over => result.as_str(),
            CreateImage::NAME | CopyImage::NAME if !is_final => result.as_str(),
            Intermediary::NAME if !over => result.as_str(),
            _ => None,
        };
        let region = (step.step == CopyImage::NAME).then(|| step.of.clone());
        all.extend(id.filter(|id| !id.is_empty()).map(|id| (region, id.to_owned())));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::journal::fold::StepRecord;

    #[test]
    fn a_lease_is_long_enough_for_the_clock() {
        assert_eq!(span(1.0), SPAN);
        assert_eq!(span(60.0), LEAST * 60);
        let lease = until("2026-11-21T11:50:00.7Z".parse().unwrap(), SPAN);
        assert_eq!(lease, "2026-11-21T12:05:00Z");
        assert!(lease.parse::<Timestamp>().is_ok());
    }

    #[test]
    fn what_is_final_needs_no_lease() {
        let step = |intent, step: &str, of: &str, result| StepRecord {
            intent,
            at: Timestamp::UNIX_EPOCH,
            last: Timestamp::UNIX_EPOCH,
            step: step.to_owned(),
            of: of.to_owned(),
            attempt: 1,
            data: serde_json::Value::Null,
            state: State::Done(result),
        };
        let mut build = BuildRecord { attempt: 1, ..BuildRecord::default() };
        build.steps.push(step(1, "key", "", serde_json::json!({ "id": "key-1", "name": "k" })));
        build.steps.push(step(3, "launch", "", serde_json::json!("i-1")));
        build.steps.push(step(5, "copy", "eu-west-1", serde_json::json!("ami-2")));
        let ids = |build: &BuildRecord| held(build).into_iter().map(|(_, id)| id).collect::<Vec<_>>();
        assert_eq!(ids(&build), ["key-1", "i-1", "ami-2"]);
        assert_eq!(held(&build)[2].0.as_deref(), Some("eu-west-1"));
        build.steps[1].state = State::Undone;
        build.steps.push(step(7, "final", "", serde_json::Value::Null));
        assert_eq!(ids(&build), ["key-1"]);
    }
}
