//! What can be known before the first machine is paid for, asked for all builds at once and told together.
//!
//! It only looks. Builds that want the same ask once. In reading order: `account`, `source`, `offered`, `name`, and `permission`,
//! which asks for the launch itself. Neighbours: `run` asks it before anything is written.

mod account;
mod name;
mod offered;
mod permission;
mod source;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::aws::{Cloud, Reach, Region, address};
use super::build::{Build, Ebs};
use super::caller;
use super::problem::{Kind, Origin, Problem};
use super::step::source::SourceImage;

/// What was found out.
#[derive(Debug, Default)]
pub struct Found {
    /// The source image of each build, by its name.
    pub sources: BTreeMap<String, SourceImage>,
    /// What each build's temporary group admits, by its name, where the plan does not say it.
    pub addresses: BTreeMap<String, String>,
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

    fn region(&self) -> Arc<Region> {
        self.cloud.region(&self.ebs.access.region)
    }

    /// What builds of one account have in common.
    fn account(&self) -> usize {
        Arc::as_ptr(&self.cloud).addr()
    }

    /// Where it makes images: in its own region, and where copies go.
    fn regions(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.ebs.access.region).chain(&self.ebs.image.regions).map(String::as_str)
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
pub async fn look(asked: &[Asked<'_>], force: bool, reach: &Reach) -> (Found, Vec<Problem>) {
    let mut problems = account::accounts(asked).await;
    if !problems.is_empty() {
        return (Found::default(), problems);
    }
    problems.extend(account::enabled(asked).await);
    if !problems.is_empty() {
        return (Found::default(), problems);
    }
    let builds: Vec<_> = asked.iter().map(|a| (a.build, a.ebs)).collect();
    let callers = caller::addresses(&builds, reach, address::own());
    let (sources, types, names, (addresses, unknown)) =
        tokio::join!(source::sources(asked), offered::types(asked), name::names(asked, force), callers);
    problems.extend(types);
    problems.extend(names);
    problems.extend(unknown);
    let mut found = Found { addresses, ..Found::default() };
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
    problems.dedup();
    (found, problems)
}

fn refused(problem: Problem) -> Problem {
    Problem { kind: Kind::Refused, ..problem }
}
