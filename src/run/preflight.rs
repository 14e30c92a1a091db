//! What can be known before the first machine is paid for, asked for all builds at once and told together.
//!
//! It only looks. Builds that want the same ask once. Neighbours: `mod` runs it before anything is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_sdk_ec2::types::Image;
use futures_util::future::join_all;
use jiff::SignedDuration;

use super::aws::fault::{CallError, Fault};
use super::aws::wait::filter;
use super::aws::{Cloud, Reach, Region, Repeat, address};
use super::build::{Build, Builder, Ebs, Key, Script, Work};
use super::caller;
use super::line::ebs::worded;
use super::problem::{Kind, Origin, Problem};
use super::sources as carried;
use super::ssh;
use super::step::launch::LaunchInstance;
use super::step::source::{SourceImage, find, option};
use super::step::tags;
use crate::diagnostic::code;
use crate::facts::regions;

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

/// Files that builds read must be there, and keys be keys.
pub fn files(builds: &[Build]) -> Vec<Problem> {
    let mut found = Vec::new();
    for build in builds {
        for step in build.provisioners.iter().chain(&build.cleanups) {
            let wanted: Vec<(PathBuf, &str)> = match &step.work {
                Work::Shell(shell) => {
                    shell.scripts.iter().filter_map(script).map(|path| (path.clone(), "script")).collect()
                }
                Work::File(carry) if !carry.download && !carry.generated => {
                    carried(carry, build).into_iter().map(|path| (path, "file")).collect()
                }
                Work::File(_) => Vec::new(),
            };
            found.extend(wanted.into_iter().filter_map(|(path, what)| unread(&path, what, step.origin.as_ref())));
        }
        let (ssh, key) = match &build.builder {
            Builder::Ebs(ebs) => {
                (ebs.ssh.as_ref(), if let Key::Own { file, .. } = &ebs.key { Some(file) } else { None })
            }
            Builder::Null(null) => (null.ssh.as_ref(), null.key_file.as_ref()),
        };
        // Whoever connects would learn it too, when the machine is paid for.
        if let Some(ssh) = ssh {
            let wrong = ssh::wrong_files(ssh, key.map(PathBuf::as_path));
            found.extend(wrong.into_iter().map(|problem| problem.at(build.origin.clone())));
        }
    }
    // What several builds want is told once.
    let mut told = BTreeSet::new();
    found.retain(|problem| told.insert(problem.message.clone()));
    found
}

fn script(script: &Script) -> Option<&PathBuf> {
    match script {
        Script::File(path) => Some(path),
        Script::Inline(_) => None,
    }
}

fn unread(path: &Path, what: &str, origin: Option<&Origin>) -> Option<Problem> {
    let error = std::fs::File::open(path).err()?;
    let message = format!("the {what} `{}` cannot be read: {error}", path.display());
    let problem = Problem::refused(code::RUN_FILE, message)
        .help("paths are relative to the folder in which bakec was started")
        .at(origin.cloned());
    Some(problem)
}

/// Asks AWS. Everything that is wrong is told.
pub async fn look(asked: &[Asked<'_>], force: bool, reach: &Reach) -> (Found, Vec<Problem>) {
    let mut problems = accounts(asked).await;
    if !problems.is_empty() {
        return (Found::default(), problems);
    }
    problems.extend(enabled(asked).await);
    if !problems.is_empty() {
        return (Found::default(), problems);
    }
    let builds: Vec<_> = asked.iter().map(|a| (a.build, a.ebs)).collect();
    let callers = caller::addresses(&builds, reach, address::own());
    let (sources, types, names, (addresses, unknown)) =
        tokio::join!(sources(asked), types(asked), names(asked, force), callers);
    problems.extend(types);
    problems.extend(names);
    problems.extend(unknown);
    let mut found = Found { addresses, ..Found::default() };
    for (build, outcome) in sources {
        match outcome {
            Ok(source) => {
                let wanted = asked.iter().find(|a| *a.build.name == *build);
                problems.extend(wanted.and_then(|a| unfit(a, &source)));
                found.sources.insert(build, source);
            }
            Err(problem) => problems.push(refused(problem)),
        }
    }
    problems.extend(dry_runs(asked, &found, &problems).await);
    problems.dedup();
    (found, problems)
}

fn refused(problem: Problem) -> Problem {
    Problem { kind: Kind::Refused, ..problem }
}

/// Whose credentials they are: whether they are any good.
async fn accounts(asked: &[Asked<'_>]) -> Vec<Problem> {
    let mut firsts: Vec<&Asked<'_>> = Vec::new();
    for a in asked.iter().filter(|a| !a.ebs.access.skip_credential_validation) {
        if !firsts.iter().any(|first| Arc::ptr_eq(&first.cloud, &a.cloud)) {
            firsts.push(a);
        }
    }
    let answers = join_all(firsts.iter().map(|a| a.cloud.who())).await;
    let mut problems = Vec::new();
    for (a, answer) in firsts.into_iter().zip(answers) {
        let wrong = a.cloud.clock.skew().and_then(wrong_clock);
        match (answer, wrong) {
            (Err(error), wrong) => problems.push(nobody(a, error, wrong)),
            (Ok(()), Some(wrong)) => a.cloud.warn(format!("{wrong}; names and logs carry its time")),
            (Ok(()), None) => {}
        }
    }
    problems
}

/// Why AWS does not say whose the credentials are; `wrong` is what is wrong with the clock.
fn nobody(a: &Asked<'_>, error: CallError, wrong: Option<String>) -> Problem {
    // Where there is no such region, nobody can know any credentials.
    if !a.ebs.access.skip_region_validation && regions::find(&error.region).is_none() {
        let help = regions::nearest(&error.region).map_or_else(
            || "no region is known by that name".to_owned(),
            |near| format!("did you mean `{}`?", near.name),
        );
        return Problem::refused(code::RUN_REGION, format!("AWS does not answer for `{}`: {error}", error.region))
            .help(help)
            .at(a.origin("region"));
    }
    if matches!(error.fault, Fault::Unreached | Fault::Unclear | Fault::Throttled) {
        return refused(error.problem(code::RUN_CREDENTIALS));
    }
    let help = wrong.map_or_else(
        || "see whether they are those of the account, and not expired; `bakec run --rehearse` needs none".to_owned(),
        |wrong| format!("{wrong}, and AWS takes no call that is five minutes off: set the clock"),
    );
    Problem::refused(code::RUN_CREDENTIALS, format!("AWS does not accept the credentials: {error}")).help(help)
}

/// What is wrong with the clock of this machine, where it is more than a minute off.
fn wrong_clock(ahead: SignedDuration) -> Option<String> {
    let off = ahead.abs();
    let time = match off.as_secs() {
        0..=60 => return None,
        61..=7199 => format!("{} minutes", off.as_mins()),
        _ => format!("{} hours", off.as_hours()),
    };
    let side = if ahead.is_negative() { "behind" } else { "ahead of" };
    Some(format!("the clock of this machine is {time} {side} AWS's"))
}

/// Whether the accounts have the regions.
async fn enabled(asked: &[Asked<'_>]) -> Vec<Problem> {
    let wanted: Vec<&Asked<'_>> = asked.iter().filter(|a| !a.ebs.access.skip_region_validation).collect();
    let by_account = grouped(wanted.into_iter().map(|a| (a.account(), a)));
    let answers = join_all(by_account.into_values().map(|builds| async move {
        let region = builds.first()?.region();
        let ask = || region.ec2.describe_regions().send();
        match region.call("DescribeRegions", Repeat::Always, ask).await {
            Ok(answer) => {
                let known = answer.regions().iter().filter_map(|r| r.region_name());
                Some(unknown_regions(&builds, &known.collect()))
            }
            Err(error) => Some(vec![refused(error.problem(code::RUN_REGION))]),
        }
    }));
    answers.await.into_iter().flatten().flatten().collect()
}

/// Regions of an account's builds that the account does not have.
fn unknown_regions(builds: &[&Asked<'_>], known: &BTreeSet<&str>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut told = BTreeSet::new();
    for a in builds {
        let own = std::iter::once((&a.ebs.access.region, "region"));
        for (name, option) in own.chain(a.ebs.image.regions.iter().map(|r| (r, "ami_regions"))) {
            if !known.contains(name.as_str()) && told.insert(name) {
                let message = format!("the account has no region `{name}`");
                let near = crate::text::suggest::nearest(name, known.iter().copied());
                let help = near.map_or_else(
                    || "enable the region in the account's settings".to_owned(),
                    |n| format!("did you mean `{n}`?"),
                );
                problems.push(Problem::refused(code::RUN_REGION, message).help(help).at(a.origin(option)));
            }
        }
    }
    problems
}

/// The source images, each asked for once.
async fn sources(asked: &[Asked<'_>]) -> Vec<(String, Result<SourceImage, Problem>)> {
    let mut distinct: Vec<(&Asked<'_>, Vec<String>)> = Vec::new();
    for a in asked {
        let same = |other: &&mut (&Asked<'_>, Vec<String>)| {
            other.0.ebs.source == a.ebs.source
                && other.0.ebs.access.region == a.ebs.access.region
                && Arc::ptr_eq(&other.0.cloud, &a.cloud)
        };
        match distinct.iter_mut().find(same) {
            Some((_, names)) => names.push(a.build.name.to_string()),
            None => distinct.push((a, vec![a.build.name.to_string()])),
        }
    }
    let answers = join_all(
        distinct.iter().map(|(a, _)| async { find(&a.ebs.source, &a.region(), a.origin(option(&a.ebs.source))).await }),
    );
    let answers = answers.await;
    let all = distinct.into_iter().zip(answers);
    all.flat_map(|((_, names), answer)| names.into_iter().map(move |name| (name, answer.clone()))).collect()
}

/// Why a source image is none for such a build.
fn unfit(a: &Asked<'_>, source: &SourceImage) -> Option<Problem> {
    if source.root_device_type == "instance-store" {
        let message =
            format!("the image `{}` keeps its root on the instance, and `amazon-ebs` needs one on a volume", source.id);
        let help = "take the image's EBS variant, or the builder `amazon-instance`";
        return Some(Problem::refused(code::RUN_SOURCE, message).help(help).at(a.origin(option(&a.ebs.source))));
    }
    if (a.ebs.launch.sriov_support || a.ebs.launch.ena_support == Some(true)) && source.virtualization != "hvm" {
        let option = if a.ebs.launch.sriov_support { "sriov_support" } else { "ena_support" };
        let message = format!("`{option}` needs an image of the virtualization `hvm`, and `{}` has another", source.id);
        let help = "take the image's HVM variant, or leave the option out";
        return Some(Problem::refused(code::RUN_SOURCE, message).help(help).at(a.origin(option)));
    }
    None
}

/// Whether the regions have the types of machine, each asked for once.
async fn types(asked: &[Asked<'_>]) -> Vec<Problem> {
    let by_region = grouped(asked.iter().map(|a| ((a.account(), a.ebs.access.region.as_str()), a)));
    let answers = join_all(by_region.into_iter().map(|((_, name), builds)| async move {
        let region = builds.first()?.region();
        let mut kinds: BTreeMap<&str, &Asked<'_>> = BTreeMap::new();
        for a in builds {
            kinds.entry(&a.ebs.launch.instance_type).or_insert(a);
        }
        let all: Vec<&str> = kinds.keys().copied().collect();
        let looks = all.chunks(AT_ONCE).map(|kinds| {
            let region = &region;
            async move {
                let offerings = || region.ec2.describe_instance_type_offerings();
                let ask = || offerings().filters(filter("instance-type", kinds.iter().copied())).send();
                region.call("DescribeInstanceTypeOfferings", Repeat::Always, ask).await
            }
        });
        let mut offered: BTreeSet<String> = BTreeSet::new();
        for answer in join_all(looks).await {
            // Who may not ask learns it at the launch.
            let answer = answer.ok()?;
            let types = answer.instance_type_offerings().iter().filter_map(|o| o.instance_type());
            offered.extend(types.map(|t| t.as_str().to_owned()));
        }
        let missing = kinds.into_iter().filter(|(kind, _)| !offered.contains(*kind));
        let problems = missing.map(|(kind, a)| {
            Problem::refused(code::RUN_INSTANCE_TYPE, format!("{name} does not offer the instance type `{kind}`"))
                .help("see which it offers: `aws ec2 describe-instance-type-offerings`")
                .at(a.origin("instance_type"))
        });
        Some(problems.collect::<Vec<_>>())
    }));
    answers.await.into_iter().flatten().flatten().collect()
}

/// Whether the names of the images are free, in the region of the build and in all that get a copy.
async fn names(asked: &[Asked<'_>], force: bool) -> Vec<Problem> {
    let fresh = asked.iter().filter(|a| !force && !a.ebs.image.force_deregister && !a.ebs.image.skip_create);
    let wanted = grouped(fresh.flat_map(|a| a.regions().map(move |region| ((a.account(), region), a))));
    let answers = join_all(wanted.into_iter().map(|((_, name), builds)| async move {
        let region = builds.first()?.cloud.region(name);
        let all: BTreeSet<&str> = builds.iter().map(|a| a.ebs.image.name.as_str()).collect();
        let all: Vec<&str> = all.into_iter().collect();
        let looks = all.chunks(AT_ONCE).map(|names| {
            let region = &region;
            async move {
                let images = || region.ec2.describe_images().owners("self");
                let ask = || images().filters(filter("name", names.iter().copied())).send();
                region.call("DescribeImages", Repeat::Always, ask).await
            }
        });
        let mut problems = Vec::new();
        for answer in join_all(looks).await {
            match answer {
                Ok(answer) => problems.extend(answer.images().iter().filter_map(|image| taken(image, name, &builds))),
                Err(error) => problems.push(refused(error.problem(code::RUN_IMAGE))),
            }
        }
        Some(problems)
    }));
    let mut problems: Vec<Problem> = answers.await.into_iter().flatten().flatten().collect();
    problems.extend(twice(asked));
    problems
}

/// That an image has the name that a build wants.
fn taken(image: &Image, region: &str, builds: &[&Asked<'_>]) -> Option<Problem> {
    let a = builds.iter().find(|a| image.name() == Some(a.ebs.image.name.as_str()))?;
    let id = image.image_id().unwrap_or_default();
    let message = format!("there is an image `{}` in {region} already: {id}", a.ebs.image.name);
    let help = "put `{{timestamp}}` into `ami_name`, or replace the old one by `--force` or `force_deregister = true`";
    Some(Problem::refused(code::RUN_NAME, message).help(help).at(a.origin("ami_name")))
}

/// Names that two builds of one account want in one region.
fn twice(asked: &[Asked<'_>]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen: BTreeMap<_, &str> = BTreeMap::new();
    for a in asked.iter().filter(|a| !a.ebs.image.skip_create) {
        for region in a.regions() {
            if let Some(other) = seen.insert((a.cloud.whose(region), region, &a.ebs.image.name), &a.build.name)
                && *other != *a.build.name
            {
                let message = format!(
                    "`{other}` and `{}` would both make the image `{}` in {region}",
                    a.build.name, a.ebs.image.name
                );
                problems.push(
                    Problem::refused(code::RUN_NAME, message)
                        .help("put what tells them apart into `ami_name`")
                        .at(a.origin("ami_name")),
                );
            }
        }
    }
    problems
}

/// What is asked about one launch: its account, and the call.
type Question = (usize, String, LaunchInstance);

/// Whether the credentials may launch the machines as they will be: asked by calls that are no more than questions. Builds of which
/// only values of tags differ ask one.
async fn dry_runs(asked: &[Asked<'_>], found: &Found, problems: &[Problem]) -> Vec<Problem> {
    if !problems.is_empty() {
        return Vec::new();
    }
    let mut wrong: Vec<Problem> = Vec::new();
    let mut wanted: Vec<(Question, &Asked<'_>, LaunchInstance)> = Vec::new();
    for a in asked {
        let Some(source) = found.sources.get(&*a.build.name) else { continue };
        let ebs = match worded(a.ebs, &a.build.values, source) {
            Ok(ebs) => ebs,
            Err(problem) => {
                wrong.push(refused(problem).at(a.build.origin.clone()));
                continue;
            }
        };
        let launch = launch(ebs, source);
        let question = (a.account(), a.ebs.access.region.clone(), without_values(&launch));
        if !wanted.iter().any(|(other, ..)| *other == question) {
            wanted.push((question, a, launch));
        }
    }
    let answers = join_all(wanted.into_iter().map(|(_, a, launch)| async move {
        let region = a.region();
        let tags = |resource, own: &[_]| tags::asked(resource, &a.build.name, own);
        let ask = || launch.request(&region, tags).send();
        match region.call("RunInstances", Repeat::Always, ask).await {
            Ok(_) => None,
            Err(error) if error.fault == Fault::WouldSucceed => None,
            Err(error) => Some(refused(error.problem(code::RUN_LAUNCH)).at(a.build.origin.clone())),
        }
    }));
    for problem in answers.await.into_iter().flatten() {
        if !wrong.iter().any(|told| told.message == problem.message) {
            wrong.push(problem);
        }
    }
    wrong
}

/// The launch of a build, as far as all that it needs is there: the temporary key and group are not.
fn launch(ebs: Ebs, source: &SourceImage) -> LaunchInstance {
    let key = match ebs.key {
        Key::Own { name, .. } => name,
        Key::Known { name } => Some(name),
        Key::Temporary { .. } | Key::None => None,
    };
    let groups = ebs.network.groups.clone();
    let (token, lease) = (String::new(), String::new());
    LaunchInstance {
        image: source.id.clone(),
        launch: ebs.launch,
        network: ebs.network,
        groups,
        key,
        token,
        lease,
        outlived: false,
    }
}

/// The same with no values of tags: policies ask for keys, and most builds have a name of their own in one.
fn without_values(launch: &LaunchInstance) -> LaunchInstance {
    let mut launch = launch.clone();
    for (_, value) in launch.launch.tags.iter_mut().chain(&mut launch.launch.volume_tags) {
        value.clear();
    }
    launch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_wrong_from_a_minute_on() {
        let said = |seconds: i64| wrong_clock(SignedDuration::from_secs(seconds));
        assert_eq!(said(60), None);
        assert_eq!(said(-59), None);
        assert_eq!(said(-600).as_deref(), Some("the clock of this machine is 10 minutes behind AWS's"));
        assert_eq!(said(90_000).as_deref(), Some("the clock of this machine is 25 hours ahead of AWS's"));
    }
}
