//! The image: made of the stopped machine, waited for, and undone with its snapshots.

use aws_sdk_ec2::types::{Filter, Image as Found, ResourceType, Tag};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::former::Deregister;
use super::launch::mapping;
use super::protect::unprotect;
use super::tags::{FINAL, STATE};
use super::{Cx, Failure, Look, Step};
use crate::diagnostic::code;
use crate::run::aws::fault::{CallError, Fault};
use crate::run::aws::wait::{self, Image as Seen, Sign, filter};
use crate::run::aws::{Region, Repeat};
use crate::run::build::Device;
use crate::run::event::What;
use crate::run::problem::Problem;

/// How long an image may show no progress, in AWS's time.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// How often snapshots that are still used are asked to go, with five seconds between.
const TRIES: u32 = 24;

/// EC2's word for an image that was there.
pub const GONE: &str = "InvalidAMIID.Unavailable";

/// EC2's word for an image that is protected.
const PROTECTED: &str = "OperationNotPermitted";

/// Whether an image is protected against deregistration.
pub fn is_protected(image: &Found) -> bool {
    image.deregistration_protection().is_some_and(|state| state.starts_with("enabled"))
}

/// Makes an image of an instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreateImage {
    /// The instance.
    pub instance: String,
    /// The image's name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Its block devices.
    pub devices: Vec<Device>,
    /// Its tags and those of its snapshots.
    pub tags: Vec<(String, String)>,
    /// Tags of the snapshots alone.
    pub snapshot_tags: Vec<(String, String)>,
}

impl Step for CreateImage {
    const NAME: &'static str = "image";
    /// Its id.
    type Out = String;

    fn about(&self) -> String {
        format!("making the image `{}` of {}", self.name, self.instance)
    }

    fn told(out: &String) -> String {
        out.clone()
    }

    async fn act(&self, cx: &Cx) -> Result<String, Failure> {
        self.done_as(cx, Self::NAME).await
    }

    async fn find(&self, cx: &Cx) -> Result<Look<String>, Problem> {
        self.found_as(cx, Self::NAME).await
    }

    async fn undo(&self, cx: &Cx, id: &String) -> Result<String, Problem> {
        remove(cx, &cx.region, id, Self::NAME).await
    }
}

impl CreateImage {
    /// Makes it in the name of a step.
    pub(super) async fn done_as(&self, cx: &Cx, step: &str) -> Result<String, Failure> {
        let made = if cx.region.foreign {
            self.make_abroad(cx, step).await
        } else {
            self.make(cx, step, true, Repeat::Always).await
        };
        made.map_err(|error| {
            let mut failure = error.failure(code::RUN_IMAGE);
            failure.problem = failure.problem.at(cx.origin("ami_name"));
            failure
        })
    }

    /// Looks for what a step has made.
    pub(super) async fn found_as(&self, cx: &Cx, step: &str) -> Result<Look<String>, Problem> {
        let ask =
            || cx.region.ec2.describe_images().owners("self").filters(filter("name", [self.name.as_str()])).send();
        let answer =
            cx.region.call("DescribeImages", Repeat::Always, ask).await.map_err(|e| e.problem(code::RUN_IMAGE))?;
        let ours =
            |image: &&Found| cx.is_of(step, image.tags()) || image.source_instance_id() == Some(self.instance.as_str());
        // What is still seen of a former image that was let go, or of an earlier attempt, stands in nobody's way.
        let gone = cx.known(Deregister::NAME, &cx.region.name);
        let gone =
            gone.and_then(|step| serde_json::from_value::<Deregister>(step.data).ok()).map(|step| step.former.id);
        let mut others = answer.images().iter().filter(|i| i.image_id() != gone.as_deref() && !cx.is_ours(i.tags()));
        match (answer.images().iter().find(ours), others.next()) {
            (Some(image), _) => Ok(Look::There(image.image_id().unwrap_or_default().to_owned())),
            (None, Some(other)) => {
                let id = other.image_id().unwrap_or_default();
                let message = format!("there is an image `{}` in {} already: {id}", self.name, cx.region.name);
                let help = "put `{{timestamp}}` into `ami_name`, or replace the old one by `force_deregister = true`";
                Ok(Look::Others(Problem::failed(code::RUN_IMAGE, message).help(help).at(cx.origin("ami_name"))))
            }
            (None, None) => Ok(Look::Nothing),
        }
    }

    /// Not every endpoint that speaks as EC2 does can tag snapshots at their creation: there they are tagged later. The first build finds
    /// it out, the others wait for it.
    async fn make_abroad(&self, cx: &Cx, step: &str) -> Result<String, CallError> {
        let mut able = cx.region.tags_snapshots.lock().await;
        if let Some(tag_snapshots) = *able {
            drop(able);
            return self.make(cx, step, tag_snapshots, Repeat::Always).await;
        }
        // An endpoint that cannot do as it is asked would be asked for long.
        let again = |error| CallError { tried: true, ..error };
        match self.make(cx, step, true, Repeat::Never).await {
            Err(error) if error.is_breakdown() => match self.found_as(cx, step).await {
                Ok(Look::Nothing) => {
                    let made = self.make(cx, step, false, Repeat::Always).await.map_err(again)?;
                    *able = Some(false);
                    Ok(made)
                }
                _ => Err(error),
            },
            Ok(made) => {
                *able = Some(true);
                Ok(made)
            }
            // An answer that never came tells nothing of what the endpoint can, and its name makes the second call harmless.
            Err(error) if error.fault == Fault::Unclear => {
                drop(able);
                self.make(cx, step, true, Repeat::Always).await.map_err(again)
            }
            failed => failed,
        }
    }

    /// Its name makes the second call harmless.
    async fn make(&self, cx: &Cx, step: &str, tag_snapshots: bool, repeat: Repeat) -> Result<String, CallError> {
        let mappings: Vec<_> = self.devices.iter().map(mapping).collect();
        let ask = || {
            let mut call = cx
                .region
                .ec2
                .create_image()
                .instance_id(&self.instance)
                .name(&self.name)
                .tag_specifications(cx.tagged(ResourceType::Image, step, &self.tags));
            if tag_snapshots {
                let tags = merged(&self.tags, &self.snapshot_tags);
                call = call.tag_specifications(cx.tagged(ResourceType::Snapshot, step, &tags));
            }
            call.set_description((!self.description.is_empty()).then(|| self.description.clone()))
                .set_block_device_mappings((!mappings.is_empty()).then(|| mappings.clone()))
                .send()
        };
        let answer = cx.region.call("CreateImage", repeat, ask).await?;
        Ok(answer.image_id().unwrap_or_default().to_owned())
    }
}

/// Tags of which those behind take the place of those before.
pub fn merged(first: &[(String, String)], then: &[(String, String)]) -> Vec<(String, String)> {
    let mut all: Vec<_> = first.iter().filter(|(name, _)| !then.iter().any(|(n, _)| n == name)).cloned().collect();
    all.extend(then.iter().cloned());
    all
}

/// Waits until an image can be used. Its deadline moves on while its snapshots do.
///
/// # Errors
/// Where it fails, with EC2's reason, stands still for too long, or is not there any more.
pub async fn available(cx: &Cx, region: &Arc<Region>, id: &str) -> Result<Seen, Problem> {
    let patience = region.patience(PATIENCE);
    let name = &region.name;
    let (mut percent, mut is_known, mut is_gone) = (None, false, false);
    let wait = wait::until(region, id, patience, |seen: Option<&Seen>| {
        let was_gone = std::mem::replace(&mut is_gone, is_known && seen.is_none());
        let Some(image) = seen else {
            return if is_gone && !was_gone { Sign::Moved(cx.run.absence) } else { Sign::Still };
        };
        is_known = true;
        match image.state.as_str() {
            "available" => Sign::Done(Ok(image.clone())),
            "pending" => {
                if let Some(percent) = image.progress {
                    cx.events.tell(What::Waiting { text: format!("{id} in {name} is at {percent}%") });
                }
                // Not every look tells how far it is: only more than before is progress.
                let further = image.progress > percent;
                percent = percent.max(image.progress);
                if further || was_gone { Sign::Moved(patience) } else { Sign::Still }
            }
            state => {
                let why = image.reason.as_deref().map_or("EC2 gives no reason", |why| why.trim_end_matches('.'));
                let message = format!("the image {id} in {name} is {state}: {why}");
                Sign::Done(Err(Problem::failed(code::RUN_IMAGE, message)))
            }
        }
    });
    let outcome = tokio::select! {
        outcome = wait => outcome.map_err(|error| error.problem(code::RUN_IMAGE))?,
        () = cx.cancel.cancelled() => return Err(Problem::cancelled()),
    };
    outcome.unwrap_or_else(|| {
        let message = match is_gone {
            true => format!("the image {id} in {name} was there and has gone: somebody has deregistered it"),
            false => {
                let minutes = patience.as_secs() / 60;
                format!("the image {id} in {name} has shown no progress for {minutes} minutes")
            }
        };
        Err(Problem::failed(code::RUN_IMAGE, message))
    })
}

/// Undoes an image of a step of the context's attempt: deregisters it and deletes its snapshots.
///
/// # Errors
/// What AWS does not do.
pub async fn remove(cx: &Cx, region: &Arc<Region>, id: &str, step: &str) -> Result<String, Problem> {
    discard(region, id, &cx.made_by(step), cx).await
}

/// Whether something may be too new to be seen, and how to wait until it is not.
pub trait Young {
    /// Whether *not found* is not believed.
    fn is_young(&self) -> bool;
    /// Waits a little.
    fn age(&self) -> impl Future<Output = ()> + Send;
    /// Why nothing is waited for any more, where that is so.
    fn given_up(&self, what: &str) -> Option<Problem>;
}

impl Young for Cx {
    fn is_young(&self) -> bool {
        Cx::is_young(self)
    }

    async fn age(&self) {
        Cx::age(self).await;
    }

    fn given_up(&self, what: &str) -> Option<Problem> {
        self.cancel.is_forced().then(|| self.unconfirmed(what))
    }
}

/// Deregisters an image and deletes its snapshots, those of its mappings and those that the filters name. What is final stays.
///
/// # Errors
/// What AWS does not do.
pub async fn discard(region: &Arc<Region>, id: &str, ours: &[Filter], young: &impl Young) -> Result<String, Problem> {
    let problem = |error: CallError| error.problem(code::RUN_IMAGE);
    let mut mapped: BTreeSet<String> = BTreeSet::new();
    // Whether all of its snapshots are known, or all that it has so far.
    let (mut whole, mut seen) = (false, false);
    let mut refused = false;
    loop {
        let ask = || region.ec2.describe_images().filters(filter("image-id", [id])).send();
        let answer = region.call("DescribeImages", Repeat::Always, ask).await.map_err(problem)?;
        if let Some(image) = answer.images().first() {
            if is_final(image.tags()) {
                return Ok(format!("image {id} is final, and stays"));
            }
            let mut volumes = image.block_device_mappings().iter().filter_map(|m| m.ebs());
            seen = volumes.all(|e| e.snapshot_id().is_some());
            mapped.extend(Seen::from(image).snapshots);
            seen &= !mapped.is_empty();
            if is_protected(image) {
                unprotect(region, id).await?;
            }
            whole = seen && image.state().is_some_and(|s| s.as_str() == "available");
        }
        let ask = || region.ec2.deregister_image().image_id(id).send();
        match region.call("DeregisterImage", Repeat::Always, ask).await {
            Ok(_) => break,
            Err(error) if error.code == GONE => break,
            // It was protected since it was looked at; what is not let go then is held by something else.
            Err(error) if error.code == PROTECTED && !refused => {
                refused = true;
                unprotect(region, id).await?;
            }
            Err(error) if error.fault == Fault::NotFound && !young.is_young() => break,
            Err(error) if error.fault == Fault::NotFound => match young.given_up(&format!("image {id}")) {
                Some(problem) => return Err(problem),
                None => young.age().await,
            },
            Err(error) => return Err(problem(error)),
        }
    }
    let mut snapshots = made_for(region, id, mapped, young).await?;
    // Snapshots of an image that was not whole appear late: only two looks that find none say that there are none.
    let mut empty = u8::from(whole);
    while empty < 2 {
        for snapshot in std::mem::take(&mut snapshots) {
            delete_snapshot(region, &snapshot).await?;
        }
        let ask = || region.ec2.describe_snapshots().owner_ids("self").set_filters(Some(ours.to_vec())).send();
        let answer = region.call("DescribeSnapshots", Repeat::Always, ask).await.map_err(problem)?;
        let building = answer.snapshots().iter().filter(|s| !is_final(s.tags()));
        snapshots.extend(building.filter_map(|s| s.snapshot_id()).map(str::to_owned));
        match snapshots.is_empty() {
            false => empty = 0,
            true if young.is_young() && !seen => young.age().await,
            true => {
                empty += 1;
                if empty < 2 {
                    region.sleep(Duration::from_secs(5)).await;
                }
            }
        }
        if let (true, Some(problem)) = (empty < 2, young.given_up(&format!("image {id}"))) {
            return Err(problem);
        }
    }
    Ok(format!("image {id} in {} deregistered, its snapshots deleted", region.name))
}

/// Which of these snapshots were made when the image was, as EC2 says of them. Those that its maker had put into its mappings are not.
async fn made_for(
    region: &Region,
    image: &str,
    mut unseen: BTreeSet<String>,
    young: &impl Young,
) -> Result<BTreeSet<String>, Problem> {
    let mut made = BTreeSet::new();
    while !unseen.is_empty() {
        let ask = || region.ec2.describe_snapshots().filters(filter("snapshot-id", unseen.iter().cloned())).send();
        let answer =
            region.call("DescribeSnapshots", Repeat::Always, ask).await.map_err(|e| e.problem(code::RUN_IMAGE))?;
        for snapshot in answer.snapshots() {
            let Some(id) = snapshot.snapshot_id() else { continue };
            unseen.remove(id);
            if snapshot.description().is_some_and(|words| words.contains(image)) && !is_final(snapshot.tags()) {
                made.insert(id.to_owned());
            }
        }
        if unseen.is_empty() || !young.is_young() {
            break;
        }
        if let Some(problem) = young.given_up(&format!("image {image}")) {
            return Err(problem);
        }
        young.age().await;
    }
    Ok(made)
}

fn is_final(tags: &[Tag]) -> bool {
    tags.iter().any(|t| t.key() == Some(STATE) && t.value() == Some(FINAL))
}

/// Deletes a snapshot.
pub async fn delete_snapshot(region: &Region, id: &str) -> Result<(), Problem> {
    for tries in (0..TRIES).rev() {
        let ask = || region.ec2.delete_snapshot().snapshot_id(id).send();
        match region.call("DeleteSnapshot", Repeat::Always, ask).await {
            Ok(_) => return Ok(()),
            Err(error) if error.fault == Fault::NotFound => return Ok(()),
            Err(error) if error.fault == Fault::InUse && tries > 0 => region.sleep(Duration::from_secs(5)).await,
            Err(error) => return Err(error.problem(code::RUN_IMAGE)),
        }
    }
    Ok(())
}
