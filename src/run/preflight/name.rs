//! Whether the names of the images are free.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::Image;
use futures_util::future::join_all;

use super::{AT_ONCE, Asked, grouped, refused};
use crate::diagnostic::code;
use crate::run::aws::Repeat;
use crate::run::aws::wait::filter;
use crate::run::problem::Problem;

/// Whether the names of the images are free, in the region of the build and in all that get a copy.
pub(super) async fn names(asked: &[Asked<'_>], force: bool) -> Vec<Problem> {
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
