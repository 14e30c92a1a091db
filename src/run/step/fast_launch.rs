//! Fast launch: snapshots of a Windows image that EC2 keeps ready. It is turned on, waited for, and turned off again.
//!
//! Neighbour: `line` does it for the image of each region.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_ec2::types::{FastLaunchLaunchTemplateSpecificationRequest, FastLaunchSnapshotConfigurationRequest};
use serde::{Deserialize, Serialize};

use super::{Cx, Failure, Look, Step};
use crate::diagnostic::code;
use crate::run::aws::fault::Fault;
use crate::run::aws::{Region, Repeat};
use crate::run::build::LaunchTemplate;
use crate::run::event::What;
use crate::run::problem::Problem;

/// How long it may take until it is on, in AWS's time: machines are started to make the snapshots.
const PATIENCE: Duration = Duration::from_secs(125 * 60);

/// How long it may take until it is off.
const END: Duration = Duration::from_secs(30 * 60);

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(15);

/// Turns fast launch on for the image of a region.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Quicken {
    /// The region.
    pub region: String,
    /// The image there.
    pub image: String,
    /// The launch template by which the snapshots are made, where it is not EC2's own.
    pub template: Option<LaunchTemplate>,
    /// How many machines make them at once.
    pub parallel: Option<i32>,
    /// How many are kept.
    pub count: Option<i32>,
}

impl Step for Quicken {
    const NAME: &'static str = "fast-launch";
    type Out = ();

    fn of(&self) -> String {
        self.region.clone()
    }

    fn about(&self) -> String {
        format!("turning on fast launch of {} in {}", self.image, self.region)
    }

    fn told((): &()) -> String {
        "begun".to_owned()
    }

    async fn act(&self, cx: &Cx) -> Result<(), Failure> {
        let region = cx.cloud.region(&self.region);
        let template = self.template.as_ref().map(|template| {
            FastLaunchLaunchTemplateSpecificationRequest::builder()
                .set_launch_template_id(template.id.clone())
                .set_launch_template_name(template.name.clone())
                .version(template.version.map_or_else(|| "$Latest".to_owned(), |version| version.to_string()))
                .build()
        });
        let count = self
            .count
            .map(|count| FastLaunchSnapshotConfigurationRequest::builder().target_resource_count(count).build());
        let ask = || {
            let call = region.ec2.enable_fast_launch().image_id(&self.image).resource_type("snapshot");
            call.set_launch_template(template.clone())
                .set_snapshot_configuration(count.clone())
                .set_max_parallel_launches(self.parallel)
                .send()
        };
        // A second call would be refused because of the first.
        match region.call("EnableFastLaunch", Repeat::Never, ask).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let mut failure = error.failure(code::RUN_IMAGE);
                failure.problem = failure.problem.at(cx.origin("fast_launch"));
                Err(failure)
            }
        }
    }

    async fn find(&self, cx: &Cx) -> Result<Look<()>, Problem> {
        let state = state(&cx.cloud.region(&self.region), &self.image).await?;
        Ok(match state.as_ref().map(|(state, _)| state.as_str()) {
            // What has failed is on all the same, until it is turned off.
            Some("disabling") | None => Look::Nothing,
            Some(_) => Look::There(()),
        })
    }

    async fn undo(&self, cx: &Cx, (): &()) -> Result<String, Problem> {
        let region = cx.cloud.region(&self.region);
        let what = format!("fast launch of {}", self.image);
        // What was just turned on may not be shown yet.
        while state(&region, &self.image).await?.is_none() {
            if !cx.is_young() {
                return Ok(String::new());
            }
            if cx.cancel.is_forced() {
                return Err(cx.unconfirmed(&what));
            }
            cx.age().await;
        }
        let ask = || region.ec2.disable_fast_launch().image_id(&self.image).force(true).send();
        if let Err(error) = region.call("DisableFastLaunch", Repeat::Always, ask).await
            && error.fault != Fault::NotFound
            && state(&region, &self.image).await?.is_some_and(|(state, _)| state != "disabling")
        {
            return Err(error.problem(code::RUN_IMAGE));
        }
        let start = Instant::now();
        while let Some((now, why)) = state(&region, &self.image).await? {
            if now == "disabling-failed" || start.elapsed() > region.local(END) {
                let message = format!("{what} in {} is {now}{}", self.region, because(&why));
                return Err(Problem::left(code::RUN_IMAGE, message));
            }
            tokio::select! {
                () = region.sleep(PAUSE) => {}
                () = cx.cancel.forced() => return Err(cx.unconfirmed(&what)),
            }
        }
        Ok(format!("{what} in {} turned off", self.region))
    }
}

fn because(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(": {}", why.trim_end_matches('.')) }
}

/// The state of an image's fast launch and EC2's reason for it, where it has one.
async fn state(region: &Region, image: &str) -> Result<Option<(String, String)>, Problem> {
    let ask = || region.ec2.describe_fast_launch_images().image_ids(image).send();
    match region.call("DescribeFastLaunchImages", Repeat::Always, ask).await {
        Ok(answer) => {
            let found = answer.fast_launch_images().iter().find(|i| i.image_id() == Some(image));
            let text = |t: Option<&str>| t.unwrap_or_default().to_owned();
            Ok(found.map(|i| (text(i.state().map(|s| s.as_str())), text(i.state_transition_reason()))))
        }
        Err(error) if error.fault == Fault::NotFound => Ok(None),
        Err(error) => Err(error.problem(code::RUN_IMAGE)),
    }
}

/// Waits until fast launch of an image is on.
///
/// # Errors
/// Where it fails, or takes too long.
pub async fn quick(cx: &Cx, region: &Arc<Region>, image: &str) -> Result<(), Problem> {
    let (start, patience) = (Instant::now(), region.patience(PATIENCE));
    loop {
        let seen = state(region, image).await?;
        match seen.as_ref().map(|(state, why)| (state.as_str(), why)) {
            Some(("enabled", _)) => return Ok(()),
            Some(("enabling", _)) | None if start.elapsed() < region.local(patience) => {
                let text = format!("fast launch of {image} in {} is not ready yet", region.name);
                cx.events.tell(What::Waiting { text });
            }
            Some((state, why)) => {
                let message = format!("fast launch of {image} in {} is {state}{}", region.name, because(why));
                return Err(Problem::failed(code::RUN_IMAGE, message).at(cx.origin("fast_launch")));
            }
            None => {
                let message = format!("fast launch of {image} in {} is not to be seen", region.name);
                return Err(Problem::failed(code::RUN_IMAGE, message).at(cx.origin("fast_launch")));
            }
        }
        tokio::select! {
            () = region.sleep(region.polling.pause.unwrap_or(PAUSE)) => {}
            () = cx.cancel.cancelled() => return Err(Problem::cancelled()),
        }
    }
}
