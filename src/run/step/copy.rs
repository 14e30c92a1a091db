//! Copies of the image in other regions: one step each, by a token.

use aws_sdk_ec2::types::ResourceType;
use serde::{Deserialize, Serialize};

use super::image::remove;
use super::{Cx, Failure, Look, Step};
use crate::diagnostic::code;
use crate::run::aws::Repeat;
use crate::run::aws::wait::filter;
use crate::run::problem::Problem;

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
                .client_token(&self.token)
                .tag_specifications(cx.tagged_until(ResourceType::Image, Self::NAME, &self.tags, &self.lease))
                .tag_specifications(cx.tagged_until(ResourceType::Snapshot, Self::NAME, &self.tags, &self.lease))
                .send()
        };
        let answer = region.call("CopyImage", Repeat::Always, ask).await.map_err(|e| {
            let mut failure = e.failure(code::RUN_COPY);
            failure.problem = failure.problem.at(cx.origin("ami_regions"));
            failure
        })?;
        Ok(answer.image_id().unwrap_or_default().to_owned())
    }

    async fn find(&self, cx: &Cx) -> Result<Look<String>, Problem> {
        let region = cx.cloud.region(&self.to);
        let ask = || {
            let mut filters = cx.made_by(Self::NAME);
            filters.push(filter("name", [self.name.as_str()]));
            region.ec2.describe_images().owners("self").set_filters(Some(filters)).send()
        };
        let answer = region.call("DescribeImages", Repeat::Always, ask).await.map_err(|e| e.problem(code::RUN_COPY))?;
        Ok(answer.images().first().and_then(|i| i.image_id()).map_or(Look::Nothing, |id| Look::There(id.to_owned())))
    }

    async fn undo(&self, cx: &Cx, id: &String) -> Result<String, Problem> {
        remove(cx, &cx.cloud.region(&self.to), id).await
    }
}
