//! Whether the credentials may do what is to be done: asked by calls that are no more than questions.
//!
//! Neighbours: `step::launch` makes the request.

use futures_util::future::join_all;

use super::{Asked, Found, refused};
use crate::diagnostic::code;
use crate::run::aws::Repeat;
use crate::run::aws::fault::Fault;
use crate::run::build::{Ebs, Key};
use crate::run::line::ebs::worded;
use crate::run::problem::Problem;
use crate::run::step::launch::LaunchInstance;
use crate::run::step::source::SourceImage;
use crate::run::step::tags;

/// What is asked about one launch: its account, and the call.
type Question = (usize, String, LaunchInstance);

/// Whether the credentials may launch the machines as they will be: asked by calls that are no more than questions. Builds of which
/// only values of tags differ ask one.
pub(super) async fn dry_runs(asked: &[Asked<'_>], found: &Found, problems: &[Problem]) -> Vec<Problem> {
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
