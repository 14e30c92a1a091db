//! The image of a passing name, of which the images are copies: where they are encrypted, or the build's own region keeps none.
//!
//! It goes when the build is done, as all that the build needed. Neighbours: `image` makes it, `copy` copies it.

use serde::{Deserialize, Serialize};

use super::image::{CreateImage, remove};
use super::{Cx, Failure, Look, Step};
use crate::run::problem::Problem;

/// Makes an image of an instance, for a while.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Intermediary(pub CreateImage);

impl Step for Intermediary {
    const NAME: &'static str = "intermediary";
    /// Its id.
    type Out = String;

    fn about(&self) -> String {
        format!("making the intermediary image `{}` of {}", self.0.name, self.0.instance)
    }

    fn told(out: &String) -> String {
        out.clone()
    }

    async fn act(&self, cx: &Cx) -> Result<String, Failure> {
        self.0.done_as(cx, Self::NAME).await
    }

    async fn find(&self, cx: &Cx) -> Result<Look<String>, Problem> {
        self.0.found_as(cx, Self::NAME).await
    }

    async fn undo(&self, cx: &Cx, id: &String) -> Result<String, Problem> {
        remove(cx, &cx.region, id, Self::NAME).await
    }
}
