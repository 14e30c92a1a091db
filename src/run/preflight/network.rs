//! Where the machines will stand in the network, and whether they can be reached there: each place looked for once.

use futures_util::future::join_all;

use super::{Asked, refused};
use crate::diagnostic::code;
use crate::run::aws::Repeat;
use crate::run::aws::fault::Fault;
use crate::run::problem::Problem;
use crate::run::step::network::{Place, Wanted, find};

/// The places of builds, by the builds' names.
pub(super) async fn places(asked: &[Asked<'_>]) -> (Vec<(String, Place)>, Vec<Problem>) {
    let mut distinct: Vec<(&Asked<'_>, Wanted, Vec<&Asked<'_>>)> = Vec::new();
    for a in asked {
        let wanted = Wanted::of(&a.ebs.network, &a.ebs.launch);
        if wanted.is_open() {
            continue;
        }
        let same = |other: &&mut (&Asked<'_>, Wanted, Vec<&Asked<'_>>)| {
            other.1 == wanted && other.0.ebs.access.region == a.ebs.access.region && other.0.account() == a.account()
        };
        match distinct.iter_mut().find(same) {
            Some((.., builds)) => builds.push(a),
            None => distinct.push((a, wanted, vec![a])),
        }
    }
    let looks = distinct.iter().map(|(a, wanted, _)| async move {
        let place = |option: &str| a.origin(option);
        find(wanted, &a.region(), &place).await
    });
    let answers = join_all(looks).await;
    let (mut places, mut problems) = (Vec::new(), Vec::new());
    for ((.., builds), answer) in distinct.iter().zip(answers) {
        match answer {
            Ok(place) => {
                problems.extend(builds.iter().filter_map(|a| unreachable(a, &place)));
                places.extend(builds.iter().map(|a| (a.build.name.to_string(), place.clone())));
            }
            Err(problem) => problems.push(refused(problem)),
        }
    }
    (places, problems)
}

/// That a machine will not have the address by which it is to be reached.
fn unreachable(a: &Asked<'_>, place: &Place) -> Option<Problem> {
    let ssh = a.ebs.ssh.as_ref().filter(|ssh| ssh.host.is_none())?;
    let interface = ssh.interface.as_deref().filter(|i| i.starts_with("public_"))?;
    let public = a.ebs.network.public_address.or(place.gives_public)?;
    if public {
        return None;
    }
    let subnet = place.subnet.as_deref().unwrap_or_default();
    let message = format!("`{interface}` is asked for, and the subnet `{subnet}` gives its machines no public address");
    let help = "write `associate_public_ip_address = true`, or take another `ssh_interface`";
    Some(Problem::refused(code::RUN_NETWORK, message).help(help).at(a.origin("ssh_interface")))
}

/// Whether the instance profiles that builds name are there, each asked for once.
pub(super) async fn profiles(asked: &[Asked<'_>]) -> Vec<Problem> {
    let mut distinct: Vec<(&Asked<'_>, &str)> = Vec::new();
    for a in asked.iter().filter(|a| !a.ebs.launch.skip_profile_validation) {
        let Some(name) = &a.ebs.launch.iam_instance_profile else { continue };
        if !distinct.iter().any(|(other, known)| other.account() == a.account() && known == name) {
            distinct.push((a, name));
        }
    }
    let looks = join_all(distinct.into_iter().map(|(a, name)| async move {
        let iam = a.cloud.iam();
        let ask = || iam.get_instance_profile().instance_profile_name(name).send();
        let error = a.region().call("GetInstanceProfile", Repeat::Always, ask).await.err()?;
        let problem = match error.fault {
            Fault::NotFound => {
                let message = format!("the account has no instance profile `{name}`");
                Problem::refused(code::RUN_PROFILE, message)
                    .help("it is the name of the profile, not of its role; see `aws iam list-instance-profiles`")
            }
            Fault::Denied => refused(error.problem(code::RUN_PROFILE)).help(
                "the credentials need the permission `iam:GetInstanceProfile`; `skip_profile_validation = true` does not look",
            ),
            _ => refused(error.problem(code::RUN_PROFILE)),
        };
        Some(problem.at(a.origin("iam_instance_profile")))
    }));
    looks.await.into_iter().flatten().collect()
}
