//! What runs have left behind, found by its tags alone: for when a run's folder is gone, or its journal cannot be read.
//!
//! First it is listed, then what was listed is undone. Only what a run was still building is touched, never what is final; a run
//! whose lease lives, or that made something lately, keeps all that it has. Ages are in AWS's time. It knows tags, not journals.
//! Neighbours: `step::tags` and `step::lease` write what is read here; `settle` asks for leases.

mod roles;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ec2::types::{Filter, Tag};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::aws::fault::{CallError, Fault};
use super::aws::wait::filter;
use super::aws::{Cloud, Region, Repeat};
use super::event::Events;
use super::problem::{Kind as Means, Problem};
use super::step::fleet::delete_fleet;
use super::step::image::{Young, delete_snapshot, discard};
use super::step::launch::{FLEET_TAG, delete_volume, terminated};
use super::step::role::{delete_profile, delete_role};
use super::step::tags::{BUILD, BUILDING, LEASE, RUN, STATE, with_tag};
use crate::diagnostic::code;

/// How often something that is still used is asked to go, with five seconds between.
const TRIES: u32 = 24;

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The regions.
    pub regions: Vec<String>,
    /// How long ago a run must have made its newest thing.
    pub older_than: Duration,
    /// Only what this run has left.
    pub run: Option<String>,
}

/// Kinds of things that are left behind, in the order in which they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Kind {
    Instance,
    Fleet,
    Image,
    Snapshot,
    Volume,
    SecurityGroup,
    KeyPair,
    LaunchTemplate,
    InstanceProfile,
    Role,
}

/// All of them.
const KINDS: [Kind; 10] = [
    Kind::Instance,
    Kind::Fleet,
    Kind::Image,
    Kind::Snapshot,
    Kind::Volume,
    Kind::SecurityGroup,
    Kind::KeyPair,
    Kind::LaunchTemplate,
    Kind::InstanceProfile,
    Kind::Role,
];

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Instance => "instance",
            Kind::Fleet => "fleet",
            Kind::LaunchTemplate => "launch template",
            Kind::InstanceProfile => "instance profile",
            Kind::Role => "role",
            Kind::Image => "image",
            Kind::Snapshot => "snapshot",
            Kind::Volume => "volume",
            Kind::SecurityGroup => "security group",
            Kind::KeyPair => "key pair",
        })
    }
}

/// Something that a run has left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// What it is.
    pub kind: Kind,
    /// Where.
    pub region: String,
    /// Its id.
    pub id: String,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// The run that made it.
    pub run: String,
    /// The build.
    pub build: String,
    /// When it was made, by AWS; not known of security groups, which EC2 does not date.
    pub made: Option<Timestamp>,
    /// How old it is.
    pub age: Option<Duration>,
    /// Why it is not touched, where it is not.
    pub kept: Option<Kept>,
}

/// Why something is not touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The run lives, at least until then.
    Lease(Timestamp),
    /// The run has made something too lately; the age of its newest thing, where that is known.
    Young(Option<Duration>),
}

impl Leftover {
    /// Until when its run is known to live, where it is.
    pub fn lease(&self) -> Option<Timestamp> {
        match self.kept {
            Some(Kept::Lease(until)) => Some(until),
            _ => None,
        }
    }
}

/// A thing with its tags, as a look found it.
struct Found {
    kind: Kind,
    region: String,
    id: String,
    name: Option<String>,
    made: Option<Timestamp>,
    tags: Vec<Tag>,
}

/// Lists what runs have left in some regions, by run, in the order in which it can go.
///
/// # Errors
/// What AWS does not tell.
pub async fn list(cloud: &Cloud, wanted: &Wanted) -> Result<Vec<Leftover>, Problem> {
    let regions: BTreeSet<&String> = wanted.regions.iter().collect();
    let looks =
        join_all(regions.into_iter().map(|name| async { look(&cloud.region(name), wanted.run.as_deref()).await }))
            .await;
    let mut found = Vec::new();
    for look in looks {
        found.extend(look.map_err(|error| error.problem(code::RUN_SWEEP))?);
    }
    // IAM is one for all regions: what is there is asked for by the first.
    if let Some(name) = wanted.regions.first() {
        let look = roles::look(cloud, &cloud.region(name), wanted.run.as_deref()).await;
        let look = look.map_err(|error| error.problem(code::RUN_SWEEP))?;
        let now = cloud.clock.now();
        found.extend(look.into_iter().filter(|thing| wanted.run.is_some() || is_abandoned(thing, now)));
    }
    Ok(judge(found, cloud.clock.now(), wanted.older_than))
}

/// So long after they were made roles and profiles are nobody's any more: no build takes so long. Their leases are not renewed, and the
/// run that uses them may work in a region that nobody has asked about.
const ABANDONED: SignedDuration = SignedDuration::from_hours(24);

fn is_abandoned(thing: &Found, now: Timestamp) -> bool {
    thing.made.is_some_and(|made| now.duration_since(made) >= ABANDONED)
}

/// All in a region that says that a run was building it.
async fn look(region: &Region, run: Option<&str>) -> Result<Vec<Found>, CallError> {
    let mut ours = vec![with_tag(STATE, BUILDING)];
    ours.push(match run {
        Some(run) => with_tag(RUN, run),
        None => filter("tag-key", [RUN]),
    });
    let looks = tokio::try_join!(
        instances(region, &ours),
        images(region, &ours),
        snapshots(region, &ours),
        volumes(region, &ours),
        groups(region, &ours),
        keys(region, &ours),
        templates(region, &ours),
    );
    let (a, b, c, d, e, f, g) = looks?;
    Ok([a, b, c, d, e, f, g].into_iter().flatten().collect())
}

/// Pages of a look, one after another.
macro_rules! pages {
    ($region:expr, $action:literal, $ask:expr, $take:expr) => {{
        let (mut all, mut next) = (Vec::new(), None::<String>);
        loop {
            let answer = $region.call($action, Repeat::Always, || $ask.set_next_token(next.clone()).send()).await?;
            all.extend($take(&answer));
            next = answer.next_token().filter(|t| !t.is_empty()).map(str::to_owned);
            if next.is_none() {
                break all;
            }
        }
    }};
}

fn moment(time: Option<&aws_sdk_ec2::primitives::DateTime>) -> Option<Timestamp> {
    time.and_then(|t| Timestamp::from_second(t.secs()).ok())
}

async fn instances(region: &Region, ours: &[Filter]) -> Result<Vec<Found>, CallError> {
    use aws_sdk_ec2::operation::describe_instances::DescribeInstancesOutput as Output;
    let mut alive = ours.to_vec();
    alive.push(filter("instance-state-name", ["pending", "running", "shutting-down", "stopping", "stopped"]));
    let take = |answer: &Output| {
        let all = answer.reservations().iter().flat_map(|r| r.instances());
        all.flat_map(|i| {
            let made = moment(i.launch_time());
            // EC2 lists fleets that were asked for once to nobody; their instances name them.
            let fleet = found(region, Kind::Fleet, value(i.tags(), FLEET_TAG), None, made, i.tags());
            found(region, Kind::Instance, i.instance_id(), None, made, i.tags()).into_iter().chain(fleet)
        })
        .collect::<Vec<_>>()
    };
    Ok(pages!(region, "DescribeInstances", region.ec2.describe_instances().set_filters(Some(alive.clone())), take))
}

async fn images(region: &Region, ours: &[Filter]) -> Result<Vec<Found>, CallError> {
    use aws_sdk_ec2::operation::describe_images::DescribeImagesOutput as Output;
    let take = |answer: &Output| {
        let made = |i: &aws_sdk_ec2::types::Image| i.creation_date().and_then(|d| d.parse().ok());
        let all = answer.images().iter();
        all.filter_map(|i| found(region, Kind::Image, i.image_id(), i.name(), made(i), i.tags())).collect::<Vec<_>>()
    };
    Ok(pages!(
        region,
        "DescribeImages",
        region.ec2.describe_images().owners("self").set_filters(Some(ours.to_vec())),
        take
    ))
}

async fn snapshots(region: &Region, ours: &[Filter]) -> Result<Vec<Found>, CallError> {
    use aws_sdk_ec2::operation::describe_snapshots::DescribeSnapshotsOutput as Output;
    let take = |answer: &Output| {
        let all = answer.snapshots().iter();
        all.filter_map(|s| found(region, Kind::Snapshot, s.snapshot_id(), None, moment(s.start_time()), s.tags()))
            .collect::<Vec<_>>()
    };
    Ok(pages!(
        region,
        "DescribeSnapshots",
        region.ec2.describe_snapshots().owner_ids("self").set_filters(Some(ours.to_vec())),
        take
    ))
}

async fn volumes(region: &Region, ours: &[Filter]) -> Result<Vec<Found>, CallError> {
    use aws_sdk_ec2::operation::describe_volumes::DescribeVolumesOutput as Output;
    let take = |answer: &Output| {
        let all = answer.volumes().iter();
        all.filter_map(|v| found(region, Kind::Volume, v.volume_id(), None, moment(v.create_time()), v.tags()))
            .collect::<Vec<_>>()
    };
    Ok(pages!(region, "DescribeVolumes", region.ec2.describe_volumes().set_filters(Some(ours.to_vec())), take))
}

async fn groups(region: &Region, ours: &[Filter]) -> Result<Vec<Found>, CallError> {
    use aws_sdk_ec2::operation::describe_security_groups::DescribeSecurityGroupsOutput as Output;
    let take = |answer: &Output| {
        let all = answer.security_groups().iter();
        all.filter_map(|g| found(region, Kind::SecurityGroup, g.group_id(), g.group_name(), None, g.tags()))
            .collect::<Vec<_>>()
    };
    Ok(pages!(
        region,
        "DescribeSecurityGroups",
        region.ec2.describe_security_groups().set_filters(Some(ours.to_vec())),
        take
    ))
}

async fn keys(region: &Region, ours: &[Filter]) -> Result<Vec<Found>, CallError> {
    let ask = || region.ec2.describe_key_pairs().set_filters(Some(ours.to_vec())).send();
    let answer = region.call("DescribeKeyPairs", Repeat::Always, ask).await?;
    let all = answer.key_pairs().iter();
    Ok(all
        .filter_map(|k| found(region, Kind::KeyPair, k.key_pair_id(), k.key_name(), moment(k.create_time()), k.tags()))
        .collect())
}

async fn templates(region: &Region, ours: &[Filter]) -> Result<Vec<Found>, CallError> {
    use aws_sdk_ec2::operation::describe_launch_templates::DescribeLaunchTemplatesOutput as Output;
    let take = |answer: &Output| {
        let all = answer.launch_templates().iter();
        all.filter_map(|t| {
            let made = moment(t.create_time());
            found(region, Kind::LaunchTemplate, t.launch_template_id(), t.launch_template_name(), made, t.tags())
        })
        .collect::<Vec<_>>()
    };
    Ok(pages!(
        region,
        "DescribeLaunchTemplates",
        region.ec2.describe_launch_templates().set_filters(Some(ours.to_vec())),
        take
    ))
}

fn value<'t>(tags: &'t [Tag], key: &str) -> Option<&'t str> {
    tags.iter().find(|t| t.key() == Some(key)).and_then(Tag::value)
}

/// A thing, where its own tags say that a run was building it: a filter that somebody ignores must not cost an image.
fn found(
    region: &Region,
    kind: Kind,
    id: Option<&str>,
    name: Option<&str>,
    made: Option<Timestamp>,
    tags: &[Tag],
) -> Option<Found> {
    if value(tags, STATE) != Some(BUILDING) || value(tags, RUN).is_none() {
        return None;
    }
    let (region, id, name) = (region.name.clone(), id?.to_owned(), name.map(str::to_owned));
    Some(Found { kind, region, id, name, made, tags: tags.to_vec() })
}

/// What is left, and what of it is not touched: a run is judged as a whole.
fn judge(found: Vec<Found>, now: Timestamp, older_than: Duration) -> Vec<Leftover> {
    let age =
        |made: Option<Timestamp>| made.map(|made| Duration::try_from(now.duration_since(made)).unwrap_or_default());
    let mut runs: BTreeMap<&str, (Option<Timestamp>, Option<Duration>)> = BTreeMap::new();
    for thing in &found {
        let (lease, youngest) = runs.entry(value(&thing.tags, RUN).unwrap_or_default()).or_default();
        *lease = (*lease).max(value(&thing.tags, LEASE).and_then(|l| l.parse().ok()));
        *youngest = match (*youngest, age(thing.made)) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    // Where nothing is dated, the lease tells at least since when nobody has renewed it.
    let kept = |run: &str| {
        let (lease, youngest) = runs.get(run).copied().unwrap_or_default();
        let age = youngest.or_else(|| age(lease));
        match lease {
            Some(until) if until > now => Some(Kept::Lease(until)),
            _ if older_than.is_zero() || age.is_some_and(|age| age >= older_than) => None,
            _ => Some(Kept::Young(age)),
        }
    };
    let kept: BTreeMap<String, Option<Kept>> = runs.keys().map(|run| ((*run).to_owned(), kept(run))).collect();
    let mut all: Vec<Leftover> = found
        .into_iter()
        .map(|thing| {
            let run = value(&thing.tags, RUN).unwrap_or_default().to_owned();
            let build = value(&thing.tags, BUILD).unwrap_or_default().to_owned();
            let (age, kept) = (age(thing.made), kept.get(&run).copied().flatten());
            let Found { kind, region, id, name, made, .. } = thing;
            Leftover { kind, region, id, name, run, build, made, age, kept }
        })
        .collect();
    all.sort_by(|a, b| (&a.run, a.kind, &a.region, &a.id).cmp(&(&b.run, b.kind, &b.region, &b.id)));
    all
}

/// Undoes what was listed and may be touched, as far as a new look still finds it so: somebody may have gone on with a run, or
/// finished it, since it was listed. What is left for good.
pub async fn undo(cloud: &Cloud, wanted: &Wanted, listed: &[Leftover], events: &Events) -> Vec<Problem> {
    let now = match list(cloud, wanted).await {
        Ok(now) => now,
        Err(problem) => return vec![Problem { kind: Means::Left, ..problem }],
    };
    let was = |l: &Leftover| {
        listed.iter().any(|w| w.kept.is_none() && (w.kind, &w.region, &w.id) == (l.kind, &l.region, &l.id))
    };
    let mut by_region: BTreeMap<&str, Vec<&Leftover>> = BTreeMap::new();
    for left in now.iter().filter(|l| l.kept.is_none() && was(l)) {
        by_region.entry(&left.region).or_default().push(left);
    }
    let all = by_region
        .into_iter()
        .map(|(name, left)| async move { undo_all(cloud, &cloud.region(name), left, events).await });
    join_all(all).await.into_iter().flatten().collect()
}

/// Undoes what is left in a region: first what uses, then what is used; things of a kind at once.
async fn undo_all(cloud: &Cloud, region: &Arc<Region>, left: Vec<&Leftover>, events: &Events) -> Vec<Problem> {
    let mut problems = Vec::new();
    for kind in KINDS {
        let own: Vec<&Leftover> = left.iter().copied().filter(|l| l.kind == kind).collect();
        if kind == Kind::Instance && !own.is_empty() {
            // One call for all; each is waited for below.
            let ids: Vec<String> = own.iter().map(|l| l.id.clone()).collect();
            let ask = || region.ec2.terminate_instances().set_instance_ids(Some(ids.clone())).send();
            let _ = region.call("TerminateInstances", Repeat::Always, ask).await;
        }
        let done = join_all(own.into_iter().map(|l| async move { (l, undo_one(cloud, region, l).await) })).await;
        for (l, outcome) in done {
            match outcome {
                Ok(()) => events.say(format!("{} {} in {} deleted, of the run `{}`", l.kind, l.id, l.region, l.run)),
                Err(problem) => {
                    let message = format!("{} {} in {} is left: {problem}", l.kind, l.id, l.region);
                    problems.push(Problem { kind: Means::Left, message, ..problem });
                }
            }
        }
    }
    problems
}

/// What is found by its tags has been visible for long.
struct Old;

impl Young for Old {
    fn is_young(&self) -> bool {
        false
    }

    async fn age(&self) {}

    fn given_up(&self, _: &str) -> Option<Problem> {
        None
    }
}

async fn undo_one(cloud: &Cloud, region: &Arc<Region>, l: &Leftover) -> Result<(), Problem> {
    let problem = |error: CallError| error.problem(code::RUN_SWEEP);
    match l.kind {
        Kind::Instance => {
            let ask = || region.ec2.terminate_instances().instance_ids(&l.id).send();
            match region.call("TerminateInstances", Repeat::Always, ask).await {
                Ok(_) => terminated(region, &l.id).await,
                Err(error) if error.fault == Fault::NotFound => Ok(()),
                Err(error) => Err(problem(error)),
            }
        }
        Kind::Fleet => delete_fleet(region, &l.id).await.map(drop).map_err(problem),
        Kind::LaunchTemplate => {
            let ask = || region.ec2.delete_launch_template().launch_template_id(&l.id).send();
            match region.call("DeleteLaunchTemplate", Repeat::Always, ask).await {
                Err(error) if error.fault != Fault::NotFound => Err(problem(error)),
                _ => Ok(()),
            }
        }
        Kind::InstanceProfile => patiently(region, async || delete_profile(cloud, &l.id).await).await.map_err(problem),
        Kind::Role => patiently(region, async || delete_role(cloud, &l.id).await).await.map_err(problem),
        Kind::Image => {
            let ours = [with_tag(RUN, &l.run), with_tag(BUILD, &l.build), with_tag(STATE, BUILDING)];
            discard(region, &l.id, &ours, &Old).await.map(|_| ())
        }
        Kind::Snapshot => delete_snapshot(region, &l.id).await,
        Kind::Volume => patiently(region, async || delete_volume(region, &l.id).await).await.map_err(problem),
        Kind::SecurityGroup => {
            let delete = async || {
                let ask = || region.ec2.delete_security_group().group_id(&l.id).send();
                region.call("DeleteSecurityGroup", Repeat::Always, ask).await.map(|_| ())
            };
            patiently(region, delete).await.map_err(problem)
        }
        Kind::KeyPair => {
            let ask = || region.ec2.delete_key_pair().key_pair_id(&l.id).send();
            match region.call("DeleteKeyPair", Repeat::Always, ask).await {
                Err(error) if error.fault != Fault::NotFound => Err(problem(error)),
                _ => Ok(()),
            }
        }
    }
}

/// Deletes what may still be used for a moment.
async fn patiently(region: &Region, delete: impl AsyncFn() -> Result<(), CallError>) -> Result<(), CallError> {
    for _ in 1..TRIES {
        match delete().await {
            Err(error) if error.fault == Fault::NotFound => return Ok(()),
            Err(error) if matches!(error.fault, Fault::InUse | Fault::WrongState) => {
                region.sleep(Duration::from_secs(5)).await
            }
            outcome => return outcome,
        }
    }
    delete().await
}

#[cfg(test)]
mod tests;
