//! Protection against deregistration: turned on last, and turned off first where an image is undone.
//!
//! A protection with a cooldown lasts for a day after its end, so that it is asked for in advance and turned on only where the
//! image is final. Neighbours: `publish` does that; `image` undoes images.

use serde::{Deserialize, Serialize};

use super::publish::when_visible;
use super::{Cx, Failure, Step};
use crate::diagnostic::code;
use crate::run::aws::fault::{CallError, Fault};
use crate::run::aws::{Region, Repeat};
use crate::run::build::Protection;
use crate::run::problem::Problem;

/// Protects the image of a region.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Protect {
    /// The region.
    pub region: String,
    /// The image there.
    pub image: String,
    /// How.
    pub protection: Protection,
}

impl Step for Protect {
    const NAME: &'static str = "protect";
    const AGAIN: bool = true;
    type Out = ();

    fn of(&self) -> String {
        self.region.clone()
    }

    fn about(&self) -> String {
        match self.protection.cooldown {
            false => format!("protecting {} in {} against deregistration", self.image, self.region),
            true => format!("asking whether {} in {} may be protected with a cooldown", self.image, self.region),
        }
    }

    fn told((): &()) -> String {
        "done".to_owned()
    }

    async fn act(&self, cx: &Cx) -> Result<(), Failure> {
        let region = cx.cloud.region(&self.region);
        let cooldown = self.protection.cooldown;
        protect(&region, &self.image, cooldown, cooldown).await.map_err(|error| {
            let mut failure = error.failure(code::RUN_SHARE);
            failure.problem = failure.problem.at(cx.origin("deregistration_protection"));
            failure
        })
    }

    /// Whoever undoes the image turns it off: it may have been turned on by somebody else, too.
    async fn undo(&self, _: &Cx, (): &()) -> Result<String, Problem> {
        Ok(String::new())
    }
}

/// Protects an image; or asks only whether one may.
///
/// # Errors
/// What AWS said last.
pub(super) async fn protect(region: &Region, image: &str, cooldown: bool, asked_only: bool) -> Result<(), CallError> {
    let ask = || {
        let call = region.ec2.enable_image_deregistration_protection().image_id(image).with_cooldown(cooldown);
        call.set_dry_run(asked_only.then_some(true)).send()
    };
    let outcome =
        when_visible(region, || region.call("EnableImageDeregistrationProtection", Repeat::Always, ask)).await;
    match outcome {
        Err(error) if error.fault != Fault::WouldSucceed => Err(error),
        _ => Ok(()),
    }
}

/// Turns the protection of an image off.
///
/// # Errors
/// What AWS does not do; also where the protection lasts, as one with a cooldown does.
pub async fn unprotect(region: &Region, image: &str) -> Result<(), Problem> {
    let ask = || region.ec2.disable_image_deregistration_protection().image_id(image).send();
    match region.call("DisableImageDeregistrationProtection", Repeat::Always, ask).await {
        Ok(answer) if answer.r#return().is_some_and(|state| state.contains("cooldown")) => {
            let message = format!("the image {image} in {} is protected for a day from now on", region.name);
            let help = "its protection has a cooldown; ask again when it is over: `bakec clean` does no harm twice";
            Err(Problem::left(code::RUN_IMAGE, message).help(help))
        }
        Err(error) if error.fault != Fault::NotFound => Err(error.problem(code::RUN_IMAGE)),
        _ => Ok(()),
    }
}
