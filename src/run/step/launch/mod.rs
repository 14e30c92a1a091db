//! The machine: launched by a token, waited for, stopped, terminated.
//!
//! In reading order: this is the step; `request` is the call, `state` what becomes of the machine. Neighbours: `fleet` gets machines
//! of the spot market, which this step then holds as any other.

pub mod request;
pub mod state;

use aws_sdk_ec2::types::Instance as Found;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

pub use self::request::mapping;
pub use self::state::{StopInstance, console, running, terminated};
use super::{Cx, Failure, Look, Step};
use crate::diagnostic::code;
use crate::run::aws::fault::{CallError, Fault};
use crate::run::aws::gather::together;
use crate::run::aws::wait::filter;
use crate::run::aws::{Region, Repeat};
use crate::run::build::{Launch, Network, digest};
use crate::run::problem::Problem;

/// How often an instance is asked for whose key pair, group or profile cannot be seen, with two seconds between.
const TRIES: u32 = 30;

/// Launches an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaunchInstance {
    /// The source image.
    pub image: String,
    /// What kind of machine.
    pub launch: Launch,
    /// Where in the network.
    pub network: Network,
    /// Its security groups.
    pub groups: Vec<String>,
    /// Its key pair.
    pub key: Option<String>,
    /// By which the same call has no second effect.
    pub token: String,
    /// The lease at first.
    pub lease: String,
    /// Whether a volume outlives it.
    #[serde(default)]
    pub outlived: bool,
    /// Whether its interface is to be given an IPv6 address.
    #[serde(default)]
    pub new_ipv6: bool,
    /// How many were tried before it, and were not to be had.
    #[serde(default)]
    pub nth: usize,
    /// The instance that a fleet has launched already.
    #[serde(default)]
    pub of_fleet: Option<String>,
}

/// Which of several tries a step is, as journals have it.
pub fn nth(nth: usize) -> String {
    if nth == 0 { String::new() } else { (nth + 1).to_string() }
}

impl LaunchInstance {
    /// What its tags call the step: each try has its own, but those of a fleet, which are tagged by its template.
    pub fn mark(&self) -> String {
        match self.nth {
            n if n > 0 && self.of_fleet.is_none() => format!("{}-{}", Self::NAME, n + 1),
            _ => Self::NAME.to_owned(),
        }
    }
}

impl Step for LaunchInstance {
    const NAME: &'static str = "launch";
    /// Its id.
    type Out = String;

    fn of(&self) -> String {
        nth(self.nth)
    }

    fn about(&self) -> String {
        let place = match (&self.network.subnet, self.nth) {
            (Some(subnet), 1..) => format!(" in {subnet}"),
            _ => String::new(),
        };
        match &self.of_fleet {
            Some(id) => format!("taking {id} of the fleet"),
            None => format!("launching a {} from {}{place}", self.launch.instance_type, self.image),
        }
    }

    fn told(out: &String) -> String {
        out.clone()
    }

    async fn act(&self, cx: &Cx) -> Result<String, Failure> {
        if let Some(id) = &self.of_fleet {
            return Ok(id.clone());
        }
        let mut tried = false;
        for tries in (0..TRIES).rev() {
            // The token makes the second call harmless.
            let mark = self.mark();
            let tags = |resource, own: &[_]| cx.tagged_until(resource, &mark, own, &self.lease);
            let ask = || self.request(&cx.region, tags).send();
            match cx.region.call("RunInstances", Repeat::Always, ask).await {
                Ok(answer) => {
                    return Ok(answer.instances().first().and_then(|i| i.instance_id()).unwrap_or_default().to_owned());
                }
                // What was just made may not be visible yet.
                Err(error) if tries > 0 && (is_unseen(&error.code) || is_profile(&error)) => {
                    tried |= error.tried;
                    cx.region.sleep(Duration::from_secs(2)).await;
                }
                Err(error) => return Err(lacking(CallError { tried: tried || error.tried, ..error })),
            }
        }
        let problem = Problem::failed(code::RUN_LAUNCH, "the key pair or the security group cannot be seen");
        Err(Failure { problem, unclear: tried })
    }

    fn restored(mut self, given: &Self) -> Result<Self, Problem> {
        if self.launch.user_data != given.launch.user_data.as_deref().map(digest) {
            return Err(Problem::failed(code::RUN_LAUNCH, "`user_data` is not what it was when the launch was begun")
                .help("undo the run by `bakec clean`, and run anew"));
        }
        self.launch.user_data.clone_from(&given.launch.user_data);
        Ok(self)
    }

    async fn find(&self, cx: &Cx) -> Result<Look<String>, Problem> {
        if let Some(id) = &self.of_fleet {
            return Ok(Look::There(id.clone()));
        }
        Ok(find_instance(cx, &self.mark(), &[]).await?.map_or(Look::Nothing, |(id, _)| Look::There(id)))
    }

    async fn undo(&self, cx: &Cx, id: &String) -> Result<String, Problem> {
        loop {
            let end = |region: Arc<Region>, ids: Vec<String>| async move {
                let ask = || region.ec2.terminate_instances().set_instance_ids(Some(ids.clone())).send();
                region.call("TerminateInstances", Repeat::Always, ask).await.map(drop)
            };
            match together(&cx.region, |r| &r.ends, vec![id.clone()], end).await {
                Ok(()) => break,
                Err(error) if error.fault == Fault::NotFound && !cx.is_young() => {
                    return Ok(format!("instance {id} is gone"));
                }
                Err(error) if error.fault == Fault::NotFound && cx.cancel.is_forced() => {
                    return Err(cx.unconfirmed(&format!("instance {id}")));
                }
                Err(error) if error.fault == Fault::NotFound => cx.age().await,
                // Who may end what has the run's tags may not end what EC2 has forgotten, tags and all.
                Err(error) if error.fault == Fault::Denied && !cx.is_young() && is_forgotten(cx, id).await => {
                    return Ok(format!("instance {id} is gone"));
                }
                Err(error) => return Err(error.problem(code::RUN_LAUNCH)),
            }
        }
        self.gone(cx, id).await?;
        Ok(format!("instance {id} terminated"))
    }
}

/// Whether EC2 knows nothing of an instance.
async fn is_forgotten(cx: &Cx, id: &str) -> bool {
    let ask = || cx.region.ec2.describe_instances().filters(filter("instance-id", [id])).send();
    let answer = cx.region.call("DescribeInstances", Repeat::Always, ask).await;
    answer.is_ok_and(|answer| answer.reservations().iter().all(|r| r.instances().is_empty()))
}

/// An instance that a step of this attempt made, none of `others`, and the fleet that launched it: one that lives before one that has
/// ended.
///
/// # Errors
/// What EC2 does not tell.
pub async fn find_instance(
    cx: &Cx,
    mark: &str,
    others: &[String],
) -> Result<Option<(String, Option<String>)>, Problem> {
    let ask = || cx.region.ec2.describe_instances().set_filters(Some(cx.made_by(mark))).send();
    let answer =
        cx.region.call("DescribeInstances", Repeat::Always, ask).await.map_err(|e| e.problem(code::RUN_LAUNCH))?;
    let found = answer.reservations().iter().flat_map(|r| r.instances());
    let found: Vec<_> = found.filter(|i| i.instance_id().is_some_and(|id| !others.iter().any(|o| o == id))).collect();
    let alive = |i: &&&Found| i.state().and_then(|s| s.name()).is_none_or(|n| n.as_str() != "terminated");
    Ok(found.iter().find(alive).or(found.first()).and_then(|i| {
        let fleet = i.tags().iter().find(|t| t.key() == Some(FLEET_TAG)).and_then(|t| t.value());
        Some((i.instance_id()?.to_owned(), fleet.map(str::to_owned)))
    }))
}

/// The tag by which EC2 says which fleet launched an instance.
pub const FLEET_TAG: &str = "aws:ec2:fleet-id";

/// Whether a key pair or a group is not visible yet.
pub fn is_unseen(code: &str) -> bool {
    matches!(code, "InvalidGroup.NotFound" | "InvalidKeyPair.NotFound")
}

/// Whether EC2 does not know the instance profile: perhaps not yet.
pub fn is_profile(error: &CallError) -> bool {
    error.code == "InvalidParameterValue" && error.message.to_lowercase().contains("iaminstanceprofile")
}

/// A launch that failed; where EC2 only has no such machine to give, another may be had.
pub fn lacking(error: CallError) -> Failure {
    let code = if is_lack(&error) { code::RUN_CAPACITY } else { code::RUN_LAUNCH };
    error.failure(code)
}

/// Whether EC2 only has no such machine to give there. A fleet says of a zone that lacks a type that its configuration is wrong.
pub fn is_lack(error: &CallError) -> bool {
    let is_of_zone = matches!(error.code.as_str(), "Unsupported" | "InvalidFleetConfiguration");
    error.fault == Fault::Capacity || is_of_zone && error.message.contains("Availability Zone")
}

impl LaunchInstance {
    /// Waits until the instance is gone, and deletes what outlives it.
    ///
    /// # Errors
    /// Where it does not go.
    pub async fn gone(&self, cx: &Cx, id: &str) -> Result<(), Problem> {
        tokio::select! {
            outcome = terminated(&cx.region, id) => outcome?,
            // It goes by itself; what it used is asked for all the same.
            () = cx.cancel.forced() => return Err(cx.unconfirmed(&format!("instance {id}"))),
        }
        self.volumes(cx).await
    }

    /// Deletes volumes that outlive the instance. Packer deletes those of the source image, and leaves those that the plan names.
    async fn volumes(&self, cx: &Cx) -> Result<(), Problem> {
        let packers = cx.run.packer_defaults && !self.launch.devices.is_empty();
        if packers || !self.outlived {
            return Ok(());
        }
        let problem = |error: CallError| error.problem(code::RUN_LAUNCH);
        let ask = || {
            let mut filters = cx.made_by(&self.mark());
            filters.push(filter("status", ["available"]));
            cx.region.ec2.describe_volumes().set_filters(Some(filters)).send()
        };
        // A volume is let go after its machine has ended: only two looks that find none say that there are none.
        let mut empty = 0;
        while empty < 2 {
            let answer = cx.region.call("DescribeVolumes", Repeat::Always, ask).await.map_err(problem)?;
            for id in answer.volumes().iter().filter_map(|v| v.volume_id()) {
                delete_volume(&cx.region, id).await.map_err(problem)?;
            }
            empty = if answer.volumes().is_empty() { empty + 1 } else { 0 };
            if empty < 2 {
                tokio::select! {
                    () = cx.region.sleep(Duration::from_secs(5)) => {}
                    () = cx.cancel.forced() => return Err(cx.unconfirmed("a volume of the machine")),
                }
            }
        }
        Ok(())
    }
}

/// Deletes a volume that nothing uses.
///
/// # Errors
/// What EC2 says.
pub async fn delete_volume(region: &Region, id: &str) -> Result<(), CallError> {
    let ask = || region.ec2.delete_volume().volume_id(id).send();
    match region.call("DeleteVolume", Repeat::Always, ask).await {
        Err(error) if error.fault != Fault::NotFound => Err(error),
        _ => Ok(()),
    }
}
