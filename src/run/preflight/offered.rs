//! Whether a region has the types of machine that builds ask for.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::{AT_ONCE, Asked, grouped};
use crate::diagnostic::code;
use crate::run::aws::Repeat;
use crate::run::aws::wait::filter;
use crate::run::problem::Problem;

/// Whether the regions have the types of machine, each asked for once.
pub(super) async fn types(asked: &[Asked<'_>]) -> Vec<Problem> {
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
