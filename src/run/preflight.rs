//! What can be known before the first machine is paid for, asked for all builds at once and told together.
//!
//! It only looks. Builds that want the same ask once. Neighbours: `mod` runs it before anything is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_sdk_ec2::types::InstanceType;
use futures_util::future::join_all;
use jiff::SignedDuration;

use super::aws::fault::{CallError, Fault};
use super::aws::wait::filter;
use super::aws::{Cloud, Region, Repeat};
use super::build::{Build, Builder, Ebs, Key, Script, Work};
use super::key;
use super::problem::{Kind, Origin, Problem};
use super::sources as carried;
use super::step::source::{SourceImage, find, option};
use crate::diagnostic::code;
use crate::facts::regions;

/// What was found out.
#[derive(Debug, Default)]
pub struct Found {
    /// The source image of each build, by its name.
    pub sources: BTreeMap<String, SourceImage>,
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
        let key = match &build.builder {
            Builder::Ebs(ebs) => match &ebs.key {
                Key::Own { file, .. } => Some((file, ebs.ssh.as_ref())),
                Key::None | Key::Known { .. } | Key::Temporary { .. } => None,
            },
            Builder::Null(null) => null.key_file.as_ref().map(|file| (file, null.ssh.as_ref())),
        };
        // Whoever connects would learn it too, when the machine is paid for.
        if let Some((file, Some(ssh))) = key {
            let wrong = key::read(file, ssh.passphrase.as_ref()).err();
            found.extend(wrong.map(|problem| problem.at(build.origin.clone())));
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
pub async fn look(asked: &[Asked<'_>], force: bool) -> (Found, Vec<Problem>) {
    let mut problems = accounts(asked).await;
    if !problems.is_empty() {
        return (Found::default(), problems);
    }
    problems.extend(enabled(asked).await);
    if !problems.is_empty() {
        return (Found::default(), problems);
    }
    let (sources, types, names) = tokio::join!(sources(asked), types(asked), names(asked, force));
    problems.extend(types);
    problems.extend(names);
    let mut found = Found::default();
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
    for a in asked {
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

/// Whether the account has the regions.
async fn enabled(asked: &[Asked<'_>]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Some(first) = asked.iter().find(|a| !a.ebs.access.skip_region_validation) else { return problems };
    let region = first.region();
    let ask = || region.ec2.describe_regions().send();
    let answer = match region.call("DescribeRegions", Repeat::Always, ask).await {
        Ok(answer) => answer,
        Err(error) => return vec![refused(error.problem(code::RUN_REGION))],
    };
    let known: BTreeSet<&str> = answer.regions().iter().filter_map(|r| r.region_name()).collect();
    let mut told = BTreeSet::new();
    for a in asked.iter().filter(|a| !a.ebs.access.skip_region_validation) {
        let own = std::iter::once((&a.ebs.access.region, "region"));
        for (name, option) in own.chain(a.ebs.image.regions.iter().map(|r| (r, "ami_regions"))) {
            if !known.contains(name.as_str()) && told.insert(name.clone()) {
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
    None
}

/// Whether the regions have the types of machine, each asked for once.
async fn types(asked: &[Asked<'_>]) -> Vec<Problem> {
    let mut wanted: BTreeMap<(String, String), &Asked<'_>> = BTreeMap::new();
    for a in asked {
        wanted.entry((a.ebs.access.region.clone(), a.ebs.launch.instance_type.clone())).or_insert(a);
    }
    let mut by_region: BTreeMap<String, Vec<(String, &Asked<'_>)>> = BTreeMap::new();
    for ((region, kind), a) in wanted {
        by_region.entry(region).or_default().push((kind, a));
    }
    let answers = join_all(by_region.into_iter().map(|(name, kinds)| async move {
        let region = kinds.first().map(|(_, a)| a.region())?;
        let all: Vec<String> = kinds.iter().map(|(k, _)| k.clone()).collect();
        let ask = || region.ec2.describe_instance_type_offerings().filters(filter("instance-type", &all)).send();
        // Who may not ask learns it at the launch.
        let answer = region.call("DescribeInstanceTypeOfferings", Repeat::Always, ask).await.ok()?;
        let offered: BTreeSet<&str> = answer
            .instance_type_offerings()
            .iter()
            .filter_map(|o| o.instance_type())
            .map(InstanceType::as_str)
            .collect();
        let missing = kinds.iter().filter(|(kind, _)| !offered.contains(kind.as_str()));
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
    let mut wanted: BTreeMap<String, Vec<&Asked<'_>>> = BTreeMap::new();
    for a in asked.iter().filter(|a| !force && !a.ebs.image.force_deregister && !a.ebs.image.skip_create) {
        for region in std::iter::once(&a.ebs.access.region).chain(&a.ebs.image.regions) {
            wanted.entry(region.clone()).or_default().push(a);
        }
    }
    let answers = join_all(wanted.into_iter().map(|(name, builds)| async move {
        let region = builds.first()?.cloud.region(&name);
        let names: BTreeSet<&String> = builds.iter().map(|a| &a.ebs.image.name).collect();
        let ask = || {
            region.ec2.describe_images().owners("self").filters(filter("name", names.iter().map(|n| n.as_str()))).send()
        };
        let answer = match region.call("DescribeImages", Repeat::Always, ask).await {
            Ok(answer) => answer,
            Err(error) => return Some(vec![refused(error.problem(code::RUN_IMAGE))]),
        };
        let taken = answer.images().iter().filter_map(|image| {
            let a = builds.iter().find(|a| image.name() == Some(a.ebs.image.name.as_str()))?;
            let id = image.image_id().unwrap_or_default();
            let message = format!("there is an image `{}` in {name} already: {id}", a.ebs.image.name);
            let help =
                "put `{{timestamp}}` into `ami_name`, or replace the old one by `--force` or `force_deregister = true`";
            Some(Problem::refused(code::RUN_NAME, message).help(help).at(a.origin("ami_name")))
        });
        Some(taken.collect::<Vec<_>>())
    }));
    let mut problems: Vec<Problem> = answers.await.into_iter().flatten().flatten().collect();
    let mut seen: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for a in asked.iter().filter(|a| !a.ebs.image.skip_create) {
        for region in std::iter::once(&a.ebs.access.region).chain(&a.ebs.image.regions) {
            if let Some(other) = seen.insert((region, &a.ebs.image.name), &a.build.name)
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

/// Whether the credentials may launch the machines: asked by a call that is no more than a question.
async fn dry_runs(asked: &[Asked<'_>], found: &Found, problems: &[Problem]) -> Vec<Problem> {
    if !problems.is_empty() {
        return Vec::new();
    }
    let mut wanted: BTreeMap<String, (&Asked<'_>, &SourceImage)> = BTreeMap::new();
    for a in asked {
        if let Some(source) = found.sources.get(&*a.build.name) {
            wanted.entry(a.ebs.access.region.clone()).or_insert((a, source));
        }
    }
    let answers = join_all(wanted.into_values().map(|(a, source)| async move {
        let region = a.region();
        let ask = || {
            let kind = InstanceType::from(a.ebs.launch.instance_type.as_str());
            let call = region
                .ec2
                .run_instances()
                .dry_run(true)
                .min_count(1)
                .max_count(1)
                .image_id(&source.id)
                .instance_type(kind);
            call.set_subnet_id(a.ebs.network.subnet.clone())
                .set_security_group_ids((!a.ebs.network.groups.is_empty()).then(|| a.ebs.network.groups.clone()))
                .send()
        };
        match region.call("RunInstances", Repeat::Always, ask).await {
            Ok(_) => None,
            Err(error) if error.fault == Fault::WouldSucceed => None,
            Err(error) => Some(refused(error.problem(code::RUN_LAUNCH)).at(a.build.origin.clone())),
        }
    }));
    answers.await.into_iter().flatten().collect()
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
