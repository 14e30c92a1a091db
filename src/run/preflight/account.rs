//! Whose credentials they are, whether the clock is right, and which regions the account has.
//!
//! Neighbours: without these nothing else is asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use jiff::SignedDuration;

use super::{Asked, grouped, refused};
use crate::diagnostic::code;
use crate::facts::regions;
use crate::run::aws::Repeat;
use crate::run::aws::fault::{CallError, Fault};
use crate::run::problem::Problem;

/// Whose credentials they are: whether they are any good.
pub(super) async fn accounts(asked: &[Asked<'_>]) -> Vec<Problem> {
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
pub(super) async fn enabled(asked: &[Asked<'_>]) -> Vec<Problem> {
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
