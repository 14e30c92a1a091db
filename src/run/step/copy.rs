//! Copies of the image in other regions: one step each, by a token.

use std::time::{Duration, Instant};

use aws_sdk_ec2::types::{Image as Found, ResourceType};
use serde::{Deserialize, Serialize};
use tokio::sync::SemaphorePermit;

use super::image::remove;
use super::{Cx, Failure, Look, Step};
use crate::diagnostic::code;
use crate::run::aws::fault::CallError;
use crate::run::aws::wait::filter;
use crate::run::aws::{COPIES, Region, Repeat};
use crate::run::event::What;
use crate::run::problem::Problem;

/// EC2's word for a region to which as many snapshots are being copied as the account may.
const FULL: &str = "ResourceLimitExceeded";

/// How long such a region is asked again, in AWS's time, and how often: a lost answer is looked for only so long after its step's begin.
const PATIENCE: Duration = Duration::from_secs(25 * 60);
const PAUSE: Duration = Duration::from_secs(20);

/// Waits until a region has room for a copy of so many snapshots. The place is held until the copy can be used.
///
/// # Errors
/// Where the build is to end.
pub async fn place<'r>(cx: &Cx, region: &'r Region, snapshots: usize) -> Result<SemaphorePermit<'r>, Problem> {
    let count = u32::try_from(snapshots.clamp(1, COPIES)).unwrap_or(1);
    if let Ok(place) = region.copies.try_acquire_many(count) {
        return Ok(place);
    }
    let text = format!("other copies to {} are under way: this one begins when there is room", region.name);
    cx.events.tell(What::Waiting { text });
    tokio::select! {
        place = region.copies.acquire_many(count) => {
            place.map_err(|_| Problem::failed(code::RUN_COPY, "nothing is copied any more"))
        }
        () = cx.cancel.cancelled() => Err(Problem::cancelled()),
    }
}

/// Copies an image to a region.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CopyImage {
    /// The image.
    pub image: String,
    /// Its region.
    pub from: String,
    /// The region of the copy.
    pub to: String,
    /// The copy's name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// By which the same call has no second effect.
    pub token: String,
    /// Its lease at first.
    pub lease: String,
    /// Whether it is encrypted; unset: as the image is.
    #[serde(default)]
    pub encrypted: Option<bool>,
    /// By which key, where it is not the region's default.
    #[serde(default)]
    pub key: Option<String>,
    /// In how many minutes it has to be done.
    #[serde(default)]
    pub minutes: Option<i64>,
}

impl Step for CopyImage {
    const NAME: &'static str = "copy";
    /// Its id.
    type Out = String;

    fn of(&self) -> String {
        self.to.clone()
    }

    fn about(&self) -> String {
        format!("copying {} to {}", self.image, self.to)
    }

    fn told(out: &String) -> String {
        out.clone()
    }

    async fn act(&self, cx: &Cx) -> Result<String, Failure> {
        let region = cx.cloud.region(&self.to);
        let ask = || {
            let call = region.ec2.copy_image().source_image_id(&self.image).source_region(&self.from).name(&self.name);
            call.set_description((!self.description.is_empty()).then(|| self.description.clone()))
                .set_encrypted(self.encrypted)
                .set_kms_key_id(self.key.clone())
                .set_snapshot_copy_completion_duration_minutes(self.minutes)
                .client_token(&self.token)
                .tag_specifications(cx.tagged_until(ResourceType::Image, Self::NAME, &self.tags, &self.lease))
                .tag_specifications(cx.tagged_until(ResourceType::Snapshot, Self::NAME, &self.tags, &self.lease))
                .send()
        };
        let start = Instant::now();
        let mut tried = false;
        loop {
            let error = match region.call("CopyImage", Repeat::Always, ask).await {
                Ok(answer) => return Ok(answer.image_id().unwrap_or_default().to_owned()),
                Err(error) => CallError { tried: tried || error.tried, ..error },
            };
            tried = error.tried;
            if error.code != FULL || start.elapsed() > region.local(PATIENCE) {
                let mut failure = error.failure(code::RUN_COPY);
                failure.problem = failure.problem.at(cx.origin("ami_regions"));
                return Err(failure);
            }
            let text = format!("{} takes no more copies just now: {}", self.to, error.message);
            cx.events.tell(What::Waiting { text });
            // Not all that wait ask at once.
            let pause = PAUSE.mul_f64(0.75 + rand::random::<f64>() / 2.0);
            tokio::select! {
                () = region.sleep(pause) => {}
                () = cx.cancel.cancelled() => return Err(Failure { problem: Problem::cancelled(), unclear: tried }),
            }
        }
    }

    async fn find(&self, cx: &Cx) -> Result<Look<String>, Problem> {
        let region = cx.cloud.region(&self.to);
        let ask = || region.ec2.describe_images().owners("self").filters(filter("name", [self.name.as_str()])).send();
        let answer = region.call("DescribeImages", Repeat::Always, ask).await.map_err(|e| e.problem(code::RUN_COPY))?;
        // Not every endpoint that speaks as EC2 does tags copies. There was none of the name when the build began.
        let ours = |image: &&Found| {
            cx.is_of(Self::NAME, image.tags())
                || image.source_image_id() == Some(self.image.as_str())
                || region.foreign && image.tags().is_empty()
        };
        let found = answer.images().iter().find(ours).and_then(|image| image.image_id());
        Ok(found.map_or(Look::Nothing, |id| Look::There(id.to_owned())))
    }

    async fn undo(&self, cx: &Cx, id: &String) -> Result<String, Problem> {
        remove(cx, &cx.cloud.region(&self.to), id, Self::NAME).await
    }
}
