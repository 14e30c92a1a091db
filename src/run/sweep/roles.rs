//! Roles and instance profiles that runs have left: listed by their path, judged by their tags as all else.

use aws_sdk_ec2::types::Tag;
use jiff::Timestamp;

use super::{Found, Kind, found};
use crate::run::aws::fault::{CallError, Fault};
use crate::run::aws::{Cloud, Region, Repeat};
use crate::run::step::role::{PATH, path};

/// All that lies under the path of a run, or of any.
pub(super) async fn look(cloud: &Cloud, region: &Region, run: Option<&str>) -> Result<Vec<Found>, CallError> {
    let mut all = Vec::new();
    match under(cloud, region, &run.map_or_else(|| PATH.to_owned(), path), &mut all).await {
        // Whoever may not look at roles has made none, or knows that some may be left.
        Err(error) if matches!(error.fault, Fault::Denied | Fault::Other) => {
            cloud.warn(format!("roles and instance profiles are not looked for: {error}"));
            Ok(all)
        }
        outcome => outcome.map(|()| all),
    }
}

/// A page after another.
macro_rules! pages {
    ($region:expr, $action:literal, $ask:expr, $take:expr) => {{
        let mut next = None::<String>;
        loop {
            let answer = $region.call($action, Repeat::Always, || $ask.set_marker(next.clone()).send()).await?;
            $take(&answer);
            next = answer.marker().filter(|_| answer.is_truncated()).map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
    }};
}

async fn under(cloud: &Cloud, region: &Region, path: &str, all: &mut Vec<Found>) -> Result<(), CallError> {
    use aws_sdk_iam::operation::list_instance_profiles::ListInstanceProfilesOutput;
    use aws_sdk_iam::operation::list_roles::ListRolesOutput;
    let iam = cloud.iam();
    let (mut profiles, mut roles) = (Vec::new(), Vec::new());
    pages!(
        region,
        "ListInstanceProfiles",
        iam.list_instance_profiles().path_prefix(path),
        |answer: &ListInstanceProfilesOutput| {
            profiles.extend(answer.instance_profiles().iter().map(|p| p.instance_profile_name().to_owned()));
        }
    );
    pages!(region, "ListRoles", iam.list_roles().path_prefix(path), |answer: &ListRolesOutput| {
        roles.extend(answer.roles().iter().map(|r| r.role_name().to_owned()));
    });
    // Lists do not show tags.
    for name in profiles {
        let ask = || iam.get_instance_profile().instance_profile_name(&name).send();
        let answer = match region.call("GetInstanceProfile", Repeat::Always, ask).await {
            Err(error) if error.fault == Fault::NotFound => continue,
            answer => answer?,
        };
        let Some(profile) = answer.instance_profile() else { continue };
        let made = Timestamp::from_second(profile.create_date().secs()).ok();
        all.extend(found(region, Kind::InstanceProfile, Some(&name), None, made, &tags(profile.tags())));
    }
    for name in roles {
        let answer = match region.call("GetRole", Repeat::Always, || iam.get_role().role_name(&name).send()).await {
            Err(error) if error.fault == Fault::NotFound => continue,
            answer => answer?,
        };
        let Some(role) = answer.role() else { continue };
        let made = Timestamp::from_second(role.create_date().secs()).ok();
        all.extend(found(region, Kind::Role, Some(&name), None, made, &tags(role.tags())));
    }
    Ok(())
}

fn tags(tags: &[aws_sdk_iam::types::Tag]) -> Vec<Tag> {
    tags.iter().map(|t| Tag::builder().key(t.key()).value(t.value()).build()).collect()
}
