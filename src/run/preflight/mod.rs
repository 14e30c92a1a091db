//! What can be known before the first machine is paid for, asked for all builds at once and told together.
//!
//! It only looks. Builds that want the same ask once. In reading order: `account`, `source`, `offered`, `name`, `permission`,
//! which asks for the launch itself, and `question`, which asks whether what comes later is allowed. Neighbours: `run` asks it before
//! anything is written, `preview` without beginning.

mod account;
mod name;
mod network;
mod offered;
mod permission;
mod question;
mod source;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::aws::{Cloud, Reach, Region, address};
use super::build::{Build, Ebs};
use super::caller;
use super::problem::{Kind, Origin, Problem};
use super::step::network::Place;
use super::step::source::SourceImage;

/// What was found out.
#[derive(Debug, Default)]
pub struct Found {
    /// The source image of each build, by its name.
    pub sources: BTreeMap<String, SourceImage>,
    /// What each build's temporary group admits, by its name, where the plan does not say it.
    pub addresses: BTreeMap<String, String>,
    /// Where each build's machine stands in the network, by its name, where EC2 does not choose it.
    pub places: BTreeMap<String, Place>,
}

/// How much is asked about permissions for what comes after the launch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// Nothing.
    #[default]
    Nothing,
    /// What comes late, when much would be lost: a few calls for each account and region.
    Run,
    /// All.
    All,
}

/// A build on EC2 with its account.
pub struct Asked<'a> {
    /// The build.
    pub build: &'a Build,
    /// Its builder.
    pub ebs: &'a Ebs,
    /// Its account.
    pub cloud: Arc<Cloud>,
}

impl Asked<'_> {
    fn origin(&self, option: &str) -> Option<Origin> {
        let own = self.ebs.origins.iter().find(|(name, _)| name == option).map(|(_, o)| o.clone());
        own.or_else(|| self.build.origin.clone())
    }

    /// Whether the plan says where the option stands.
    fn has(&self, option: &str) -> bool {
        self.ebs.origins.iter().any(|(name, _)| name == option)
    }

    fn region(&self) -> Arc<Region> {
        self.cloud.region(&self.ebs.access.region)
    }

    /// What builds of one account have in common.
    fn account(&self) -> usize {
        Arc::as_ptr(&self.cloud).addr()
    }

    /// Where it leaves images: in its own region, and where copies go.
    fn regions(&self) -> impl Iterator<Item = &str> {
        self.ebs.image.places(&self.ebs.access.region)
    }
}

/// As many values as a filter may have.
const AT_ONCE: usize = 200;

/// Things by what they have in common.
fn grouped<K: Ord, T>(all: impl IntoIterator<Item = (K, T)>) -> BTreeMap<K, Vec<T>> {
    let mut groups: BTreeMap<K, Vec<T>> = BTreeMap::new();
    for (key, thing) in all {
        groups.entry(key).or_default().push(thing);
    }
    groups
}

/// Asks AWS. Everything that is wrong is told.
pub async fn look(asked: &[Asked<'_>], force: bool, reach: &Reach, depth: Depth) -> (Found, Vec<Problem>) {
    let mut problems = account::accounts(asked).await;
    if !problems.is_empty() {
        return (Found::default(), problems);
    }
    problems.extend(account::enabled(asked).await);
    if !problems.is_empty() {
        return (Found::default(), problems);
    }
    let (sources, types, names, profiles, (places, lost), denied) = tokio::join!(
        source::sources(asked),
        offered::types(asked),
        name::names(asked, force),
        network::profiles(asked),
        network::places(asked),
        question::questions(asked, depth)
    );
    problems.extend(types);
    problems.extend(names);
    problems.extend(profiles);
    problems.extend(lost);
    let places: BTreeMap<String, Place> = places.into_iter().collect();
    let builds: Vec<_> = asked.iter().map(|a| (a.build, a.ebs)).collect();
    let (addresses, unknown) = caller::addresses(&builds, &places, reach, address::own()).await;
    problems.extend(unknown);
    let mut found = Found { addresses, places, ..Found::default() };
    for (build, outcome) in sources {
        match outcome {
            Ok(source) => {
                let wanted = asked.iter().find(|a| *a.build.name == *build);
                problems.extend(wanted.and_then(|a| source::unfit(a, &source)));
                found.sources.insert(build, source);
            }
            Err(problem) => problems.push(refused(problem)),
        }
    }
    problems.extend(permission::dry_runs(asked, &found, &problems).await);
    problems.extend(denied);
    problems.dedup();
    (found, problems)
}

fn refused(problem: Problem) -> Problem {
    Problem { kind: Kind::Refused, ..problem }
}
