//! What makes an image ready for others: tags, permissions, and at last the word `final`.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ec2::primitives::{DateTime, DateTimeFormat};
use aws_sdk_ec2::types::{
    AttributeValue, CreateVolumePermission, CreateVolumePermissionModifications, ImdsSupportValues, LaunchPermission,
    LaunchPermissionModifications, PermissionGroup,
};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use super::lease::ENDED;
use super::protect::protect;
use super::tags::{FINAL, LEASE, STATE, tag};
use super::{Cx, Failure, Step};
use crate::diagnostic::code;
use crate::run::aws::fault::{CallError, Fault};
use crate::run::aws::gather::together;
use crate::run::aws::{Region, Repeat};
use crate::run::build::Image;

/// How often something that was just made is asked for, with two seconds between.
const TRIES: u32 = 30;

/// Shares the image of a region, and tags it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Share {
    /// The region.
    pub region: String,
    /// The image there.
    pub image: String,
    /// Its snapshots.
    pub snapshots: Vec<String>,
    /// What is wanted of it.
    pub wanted: Image,
}

impl Step for Share {
    const NAME: &'static str = "share";
    const AGAIN: bool = true;
    type Out = ();

    fn of(&self) -> String {
        self.region.clone()
    }

    fn about(&self) -> String {
        format!("tagging and sharing {} in {}", self.image, self.region)
    }

    fn told((): &()) -> String {
        "done".to_owned()
    }

    async fn act(&self, cx: &Cx) -> Result<(), Failure> {
        let region = cx.cloud.region(&self.region);
        self.tag(&region).await.map_err(|e| e.failure(code::RUN_TAG))?;
        self.share_image(&region).await.map_err(|e| e.failure(code::RUN_SHARE))?;
        self.date(&region).await.map_err(|e| e.failure(code::RUN_SHARE))?;
        self.share_snapshots(&region).await.map_err(|e| e.failure(code::RUN_SHARE))
    }
}

impl Share {
    /// Tags again what was tagged at creation: some endpoints do not tag then, and a copy's snapshots want tags of their own.
    async fn tag(&self, region: &Region) -> Result<(), CallError> {
        let all = || std::iter::once(&self.image).chain(&self.snapshots).cloned().collect();
        for (resources, tags) in [(all(), &self.wanted.tags), (self.snapshots.clone(), &self.wanted.snapshot_tags)] {
            let tags: Vec<_> = tags.iter().map(|(k, v)| tag(k, v)).collect();
            if !tags.is_empty() && !resources.is_empty() {
                let ask = || {
                    region.ec2.create_tags().set_resources(Some(resources.clone())).set_tags(Some(tags.clone())).send()
                };
                when_visible(region, || region.call("CreateTags", Repeat::Always, ask)).await?;
            }
        }
        Ok(())
    }

    async fn share_image(&self, region: &Region) -> Result<(), CallError> {
        let wanted = &self.wanted;
        permit(region, &self.image, wanted).await?;
        if let Some(imds) = &wanted.imds_support {
            let ask = || {
                let value = AttributeValue::builder().value(ImdsSupportValues::from(imds.as_str()).as_str()).build();
                region.ec2.modify_image_attribute().image_id(&self.image).imds_support(value).send()
            };
            when_visible(region, || region.call("ModifyImageAttribute", Repeat::Always, ask)).await?;
        }
        Ok(())
    }

    /// Says from when on the image counts as outdated.
    async fn date(&self, region: &Region) -> Result<(), CallError> {
        let at = self.wanted.deprecate_at.as_deref();
        let at = at.and_then(|at| DateTime::from_str(at, DateTimeFormat::DateTimeWithOffset).ok());
        let Some(at) = at else { return Ok(()) };
        let ask = || region.ec2.enable_image_deprecation().image_id(&self.image).deprecate_at(at).send();
        when_visible(region, || region.call("EnableImageDeprecation", Repeat::Always, ask)).await?;
        Ok(())
    }

    async fn share_snapshots(&self, region: &Region) -> Result<(), CallError> {
        let users = self.wanted.snapshot_users.iter().map(|u| CreateVolumePermission::builder().user_id(u).build());
        let groups = self.wanted.snapshot_groups.iter();
        let groups = groups.map(|g| CreateVolumePermission::builder().group(PermissionGroup::from(g.as_str())).build());
        let permissions: Vec<_> = users.chain(groups).collect();
        if permissions.is_empty() {
            return Ok(());
        }
        for snapshot in &self.snapshots {
            let ask = || {
                let add = CreateVolumePermissionModifications::builder().set_add(Some(permissions.clone())).build();
                region.ec2.modify_snapshot_attribute().snapshot_id(snapshot).create_volume_permission(add).send()
            };
            when_visible(region, || region.call("ModifySnapshotAttribute", Repeat::Always, ask)).await?;
        }
        Ok(())
    }
}

/// Lets others launch an image, and gives it its product codes.
///
/// # Errors
/// What AWS said last.
pub async fn permit(region: &Region, image: &str, wanted: &Image) -> Result<(), CallError> {
    let mut permissions: Vec<LaunchPermission> = Vec::new();
    permissions.extend(wanted.users.iter().map(|u| LaunchPermission::builder().user_id(u).build()));
    permissions.extend(
        wanted.groups.iter().map(|g| LaunchPermission::builder().group(PermissionGroup::from(g.as_str())).build()),
    );
    permissions.extend(wanted.org_arns.iter().map(|a| LaunchPermission::builder().organization_arn(a).build()));
    permissions.extend(wanted.ou_arns.iter().map(|a| LaunchPermission::builder().organizational_unit_arn(a).build()));
    if !permissions.is_empty() {
        let ask = || {
            let add = LaunchPermissionModifications::builder().set_add(Some(permissions.clone())).build();
            region.ec2.modify_image_attribute().image_id(image).launch_permission(add).send()
        };
        when_visible(region, || region.call("ModifyImageAttribute", Repeat::Always, ask)).await?;
    }
    if !wanted.product_codes.is_empty() {
        let ask = || {
            let call = region.ec2.modify_image_attribute().image_id(image).attribute("productCodes");
            call.set_product_codes(Some(wanted.product_codes.clone())).send()
        };
        when_visible(region, || region.call("ModifyImageAttribute", Repeat::Always, ask)).await?;
    }
    Ok(())
}

/// Asks until what is asked for is visible.
pub(super) async fn when_visible<T, F>(region: &Region, mut ask: impl FnMut() -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    for _ in 1..TRIES {
        match ask().await {
            Err(error) if error.fault == Fault::NotFound => region.sleep(Duration::from_secs(2)).await,
            outcome => return outcome,
        }
    }
    ask().await
}

/// Says of the images of a build and their snapshots that they are to stay: from here on a build is not undone but finished.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finish {
    /// The image of each region.
    pub images: Vec<Made>,
    /// Whether they are protected from now on, for a day longer than that is wanted.
    #[serde(default)]
    pub cooldown: bool,
}

/// An image that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Its region.
    pub region: String,
    /// Its id.
    pub image: String,
    /// Its snapshots.
    pub snapshots: Vec<String>,
}

impl Step for Finish {
    const NAME: &'static str = "final";
    const AGAIN: bool = true;
    type Out = ();

    fn about(&self) -> String {
        "marking what was made as final".to_owned()
    }

    fn told((): &()) -> String {
        "final".to_owned()
    }

    async fn act(&self, cx: &Cx) -> Result<(), Failure> {
        let outcomes = join_all(self.images.iter().map(|made| async {
            let region = cx.cloud.region(&made.region);
            let mark = |region: Arc<Region>, ids: Vec<String>| async move {
                let ask = || {
                    let call = region.ec2.create_tags().set_resources(Some(ids.clone()));
                    call.tags(tag(STATE, FINAL)).tags(tag(LEASE, ENDED)).send()
                };
                region.call("CreateTags", Repeat::Always, ask).await.map(drop)
            };
            let all: Vec<_> = std::iter::once(&made.image).chain(&made.snapshots).cloned().collect();
            when_visible(&region, || together(&region, |r| &r.finals, all.clone(), mark)).await?;
            // Before this one the image could not be undone for a day.
            if self.cooldown {
                protect(&region, &made.image, true, false).await?;
            }
            Ok(())
        }));
        let outcomes: Vec<Result<(), CallError>> = outcomes.await;
        let (done, failed): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        match failed.into_iter().find_map(Result::err) {
            Some(error) => {
                let failure = error.failure(code::RUN_TAG);
                // Where one is final, none can be undone.
                Err(Failure { unclear: failure.unclear || self.cooldown || !done.is_empty(), ..failure })
            }
            None => Ok(()),
        }
    }
}
