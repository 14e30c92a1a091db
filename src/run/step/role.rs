//! A role of the build's own: role, policy and instance profile under a path that names the run, so that cleaning can list them.
//!
//! IAM is one for all regions, and shows what is new late: who launches by a profile waits until EC2 knows it. Neighbours: `launch` uses
//! the profile, `sweep` finds what is left by its path.

use std::time::Duration;

use aws_sdk_iam::types::Tag;
use serde::{Deserialize, Serialize};

use super::launch::{LaunchInstance, is_profile};
use super::tags::{BUILD, BUILDING, LEASE, RUN, STATE, STEP, asked};
use super::{Cx, Failure, Look, Step};
use crate::diagnostic::code;
use crate::run::aws::fault::{CallError, Fault};
use crate::run::aws::{Cloud, Repeat};
use crate::run::problem::Problem;

/// What all paths of runs begin with.
pub const PATH: &str = "/bakec/";

/// What all names begin with.
pub const PREFIX: &str = "bakec-";

/// The path of what a run makes.
pub fn path(run: &str) -> String {
    format!("{PATH}{run}/")
}

/// How often something is asked to go that something else still holds, with two seconds between.
const TRIES: u32 = 30;

/// What EC2 may do with the role.
fn trust(region: &str) -> String {
    let service = if region.starts_with("cn-") { "ec2.amazonaws.com.cn" } else { "ec2.amazonaws.com" };
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
    )
}

/// The same tags that EC2's resources have.
fn tags(cx: &Cx, step: &str, lease: &str) -> Vec<Tag> {
    let (build, step) = (worded(&cx.build), format!("{step}:{}", cx.attempt));
    let all = [(RUN, cx.run.name.as_str()), (BUILD, &build), (STEP, &step), (STATE, BUILDING), (LEASE, lease)];
    all.into_iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

fn is_ours(cx: &Cx, tags: &[Tag]) -> bool {
    let has = |key: &str, value: &str| tags.iter().any(|t| t.key() == key && t.value() == value);
    has(RUN, &cx.run.name) && has(BUILD, &worded(&cx.build))
}

/// A name as the value of a tag: IAM takes fewer characters than EC2.
fn worded(name: &str) -> String {
    let fits = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    name.chars().map(|c| if fits(c) { c } else { '_' }).collect()
}

fn others(what: &str, name: &str) -> Problem {
    Problem::failed(code::RUN_PROFILE, format!("there is {what} `{name}` already, which this run has not made"))
}

/// Makes a role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MakeRole {
    /// Its name.
    pub name: String,
}

impl Step for MakeRole {
    const NAME: &'static str = "role";
    /// Its name.
    type Out = String;

    fn about(&self) -> String {
        format!("making a temporary role, `{}`", self.name)
    }

    fn told(out: &String) -> String {
        out.clone()
    }

    async fn act(&self, cx: &Cx) -> Result<String, Failure> {
        let iam = cx.cloud.iam();
        let ask = || {
            let call = iam.create_role().role_name(&self.name).path(path(&cx.run.name));
            let call =
                call.assume_role_policy_document(trust(&cx.region.name)).description("Temporary role of a bakec build");
            call.set_tags(Some(tags(cx, Self::NAME, &cx.lease()))).send()
        };
        cx.region.call("CreateRole", Repeat::Always, ask).await.map_err(|e| e.failure(code::RUN_PROFILE))?;
        Ok(self.name.clone())
    }

    async fn find(&self, cx: &Cx) -> Result<Look<String>, Problem> {
        let iam = cx.cloud.iam();
        match cx.region.call("GetRole", Repeat::Always, || iam.get_role().role_name(&self.name).send()).await {
            Ok(answer) if answer.role().is_some_and(|r| is_ours(cx, r.tags())) => Ok(Look::There(self.name.clone())),
            Ok(_) => Ok(Look::Others(others("a role", &self.name))),
            Err(error) if error.fault == Fault::NotFound => Ok(Look::Nothing),
            Err(error) => Err(error.problem(code::RUN_PROFILE)),
        }
    }

    async fn undo(&self, cx: &Cx, name: &String) -> Result<String, Problem> {
        patiently(cx, Held::Role, name).await
    }
}

/// Deletes a role with its policies.
///
/// # Errors
/// What IAM says.
pub async fn delete_role(cloud: &Cloud, name: &str) -> Result<(), CallError> {
    let (iam, region) = (cloud.iam(), cloud.home());
    match region.call("DeleteRole", Repeat::Always, || iam.delete_role().role_name(name).send()).await {
        Err(error) if error.fault == Fault::InUse => {
            let ask = || iam.list_role_policies().role_name(name).send();
            let answer = region.call("ListRolePolicies", Repeat::Always, ask).await?;
            for policy in answer.policy_names() {
                let ask = || iam.delete_role_policy().role_name(name).policy_name(policy).send();
                unless_gone(region.call("DeleteRolePolicy", Repeat::Always, ask).await.map(drop))?;
            }
            region.call("DeleteRole", Repeat::Always, || iam.delete_role().role_name(name).send()).await.map(drop)
        }
        outcome => outcome.map(drop),
    }
}

fn unless_gone(outcome: Result<(), CallError>) -> Result<(), CallError> {
    match outcome {
        Err(error) if error.fault == Fault::NotFound => Ok(()),
        outcome => outcome,
    }
}

/// What IAM does not let go while it is used.
#[derive(Clone, Copy)]
enum Held {
    Role,
    Profile,
}

/// Asks something to go until it has gone: what is young may not be visible yet, what is used is so for a while.
async fn patiently(cx: &Cx, kind: Held, name: &str) -> Result<String, Problem> {
    let what = match kind {
        Held::Role => format!("role {name}"),
        Held::Profile => format!("instance profile {name}"),
    };
    for _ in 0..TRIES {
        let outcome = match kind {
            Held::Role => delete_role(&cx.cloud, name).await,
            Held::Profile => delete_profile(&cx.cloud, name).await,
        };
        match outcome {
            Ok(()) => return Ok(format!("{what} deleted")),
            Err(error) if error.fault == Fault::NotFound && !cx.is_young() => return Ok(format!("{what} is gone")),
            Err(error)
                if matches!(error.fault, Fault::NotFound | Fault::InUse | Fault::WrongState)
                    && cx.cancel.is_forced() =>
            {
                return Err(cx.unconfirmed(&what));
            }
            Err(error) if error.fault == Fault::NotFound => cx.age().await,
            Err(error) if matches!(error.fault, Fault::InUse | Fault::WrongState) => {
                cx.rest(cx.region.local(Duration::from_secs(2))).await;
            }
            Err(error) => return Err(error.problem(code::RUN_PROFILE)),
        }
    }
    Err(Problem::left(code::RUN_PROFILE, format!("the {what} is still used by something")))
}

/// Writes the policy into the role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PutPolicy {
    /// The role.
    pub role: String,
    /// What it may do.
    pub document: String,
}

impl Step for PutPolicy {
    const NAME: &'static str = "policy";
    const AGAIN: bool = true;
    type Out = ();

    fn about(&self) -> String {
        format!("writing the policy of `{}`", self.role)
    }

    fn told((): &()) -> String {
        "written".to_owned()
    }

    async fn act(&self, cx: &Cx) -> Result<(), Failure> {
        let iam = cx.cloud.iam();
        for tries in (0..TRIES).rev() {
            let ask = || {
                let call = iam.put_role_policy().role_name(&self.role).policy_name(&self.role);
                call.policy_document(&self.document).send()
            };
            match cx.region.call("PutRolePolicy", Repeat::Always, ask).await {
                Ok(_) => return Ok(()),
                // A new role may not be visible yet.
                Err(error) if error.fault == Fault::NotFound && tries > 0 => {
                    cx.region.sleep(Duration::from_secs(2)).await;
                }
                Err(error) => return Err(error.failure(code::RUN_PROFILE)),
            }
        }
        Ok(())
    }

    async fn undo(&self, cx: &Cx, (): &()) -> Result<String, Problem> {
        let iam = cx.cloud.iam();
        let ask = || iam.delete_role_policy().role_name(&self.role).policy_name(&self.role).send();
        let outcome = cx.region.call("DeleteRolePolicy", Repeat::Always, ask).await.map(drop);
        // What is not visible yet goes with the role.
        unless_gone(outcome).map_err(|error| error.problem(code::RUN_PROFILE))?;
        Ok(format!("policy of {} deleted", self.role))
    }
}

/// Makes an instance profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MakeProfile {
    /// Its name.
    pub name: String,
}

impl Step for MakeProfile {
    const NAME: &'static str = "profile";
    /// Its name.
    type Out = String;

    fn about(&self) -> String {
        format!("making a temporary instance profile, `{}`", self.name)
    }

    fn told(out: &String) -> String {
        out.clone()
    }

    async fn act(&self, cx: &Cx) -> Result<String, Failure> {
        let iam = cx.cloud.iam();
        let ask = || {
            let call = iam.create_instance_profile().instance_profile_name(&self.name).path(path(&cx.run.name));
            call.set_tags(Some(tags(cx, Self::NAME, &cx.lease()))).send()
        };
        cx.region.call("CreateInstanceProfile", Repeat::Always, ask).await.map_err(|e| e.failure(code::RUN_PROFILE))?;
        Ok(self.name.clone())
    }

    async fn find(&self, cx: &Cx) -> Result<Look<String>, Problem> {
        let iam = cx.cloud.iam();
        let ask = || iam.get_instance_profile().instance_profile_name(&self.name).send();
        match cx.region.call("GetInstanceProfile", Repeat::Always, ask).await {
            Ok(answer) if answer.instance_profile().is_some_and(|p| is_ours(cx, p.tags())) => {
                Ok(Look::There(self.name.clone()))
            }
            Ok(_) => Ok(Look::Others(others("an instance profile", &self.name))),
            Err(error) if error.fault == Fault::NotFound => Ok(Look::Nothing),
            Err(error) => Err(error.problem(code::RUN_PROFILE)),
        }
    }

    async fn undo(&self, cx: &Cx, name: &String) -> Result<String, Problem> {
        patiently(cx, Held::Profile, name).await
    }
}

/// Deletes an instance profile, out of which its roles go first.
///
/// # Errors
/// What IAM says.
pub async fn delete_profile(cloud: &Cloud, name: &str) -> Result<(), CallError> {
    let (iam, region) = (cloud.iam(), cloud.home());
    let delete = || iam.delete_instance_profile().instance_profile_name(name).send();
    match region.call("DeleteInstanceProfile", Repeat::Always, delete).await {
        Err(error) if error.fault == Fault::InUse => {
            let ask = || iam.get_instance_profile().instance_profile_name(name).send();
            let answer = region.call("GetInstanceProfile", Repeat::Always, ask).await?;
            for role in answer.instance_profile().iter().flat_map(|p| p.roles()) {
                let ask = || {
                    let call = iam.remove_role_from_instance_profile().instance_profile_name(name);
                    call.role_name(role.role_name()).send()
                };
                unless_gone(region.call("RemoveRoleFromInstanceProfile", Repeat::Always, ask).await.map(drop))?;
            }
            region.call("DeleteInstanceProfile", Repeat::Always, delete).await.map(drop)
        }
        outcome => outcome.map(drop),
    }
}

/// Puts the role into the profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AttachRole {
    /// The profile.
    pub profile: String,
    /// The role.
    pub role: String,
}

impl Step for AttachRole {
    const NAME: &'static str = "attach";
    const AGAIN: bool = true;
    type Out = ();

    fn about(&self) -> String {
        format!("putting the role into the instance profile `{}`", self.profile)
    }

    fn told((): &()) -> String {
        "it is in it".to_owned()
    }

    async fn act(&self, cx: &Cx) -> Result<(), Failure> {
        let iam = cx.cloud.iam();
        for tries in (0..TRIES).rev() {
            let ask = || {
                let call = iam.add_role_to_instance_profile().instance_profile_name(&self.profile);
                call.role_name(&self.role).send()
            };
            match cx.region.call("AddRoleToInstanceProfile", Repeat::Always, ask).await {
                Ok(_) => return Ok(()),
                // A profile has one role: it is ours, that somebody has put into it before.
                Err(error) if error.fault == Fault::Quota => return Ok(()),
                Err(error) if error.fault == Fault::NotFound && tries > 0 => {
                    cx.region.sleep(Duration::from_secs(2)).await;
                }
                Err(error) => return Err(error.failure(code::RUN_PROFILE)),
            }
        }
        Ok(())
    }

    async fn undo(&self, cx: &Cx, (): &()) -> Result<String, Problem> {
        let iam = cx.cloud.iam();
        let ask = || {
            let call = iam.remove_role_from_instance_profile().instance_profile_name(&self.profile);
            call.role_name(&self.role).send()
        };
        let outcome = cx.region.call("RemoveRoleFromInstanceProfile", Repeat::Always, ask).await.map(drop);
        // What is not visible yet goes with the profile.
        unless_gone(outcome).map_err(|error| error.problem(code::RUN_PROFILE))?;
        Ok(format!("role taken out of {}", self.profile))
    }
}

/// How long EC2 may not know a new profile, in AWS's time.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Waits until EC2 knows the profile of a launch: asked by the launch itself, as a question.
///
/// # Errors
/// Where it does not come to know it, or the launch would fail for another reason.
pub async fn known(cx: &Cx, launch: &LaunchInstance) -> Result<(), Problem> {
    let mut question = launch.clone();
    question.token = String::new();
    let mut left = PATIENCE.as_secs() / 2;
    loop {
        let tags = |resource, own: &[_]| asked(resource, &cx.build, own);
        let ask = || question.request(&cx.region, tags).send();
        match cx.region.call("RunInstances", Repeat::Always, ask).await {
            Err(error) if left > 0 && (is_profile(&error) || super::launch::is_unseen(&error.code)) => {
                left -= 1;
                tokio::select! {
                    () = cx.region.sleep(Duration::from_secs(2)) => {}
                    () = cx.cancel.cancelled() => return Err(Problem::cancelled()),
                }
            }
            // What else is wrong with it the launch will tell, or another place will not have.
            Err(error) if is_profile(&error) => {
                let message = format!("EC2 does not come to know the temporary instance profile: {error}");
                return Err(Problem::failed(code::RUN_PROFILE, message).help("try it again: IAM may be slow just now"));
            }
            _ => return Ok(()),
        }
    }
}
