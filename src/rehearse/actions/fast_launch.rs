//! Fast launch: snapshots of a Windows image that EC2 keeps ready.

use std::sync::Arc;

use super::images::own;
use super::{Action, Answer, Call, ec2};
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::{DRY_RUN, FILTERS, Filters, Of, PAGES, page};
use crate::rehearse::world::ACCOUNT;
use crate::rehearse::world::image::{FastLaunch, Image, ImageState};
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[
    ec2("EnableFastLaunch", &[DRY_RUN, ENABLES], enable_fast_launch),
    ec2("DisableFastLaunch", &[DRY_RUN, &["ImageId", "Force"]], disable_fast_launch),
    ec2("DescribeFastLaunchImages", &[DRY_RUN, FILTERS, PAGES, &["ImageId.N"]], describe_fast_launch_images),
];

const ENABLES: &[&str] = &[
    "ImageId",
    "ResourceType",
    "SnapshotConfiguration.TargetResourceCount",
    "LaunchTemplate.LaunchTemplateId",
    "LaunchTemplate.LaunchTemplateName",
    "LaunchTemplate.Version",
    "MaxParallelLaunches",
];

fn enable_fast_launch(call: &mut Call<'_>) -> Answer {
    let p = call.params;
    let image = own(call, p.required("ImageId")?)?;
    p.word("ResourceType", &["snapshot"])?;
    if image.platform != Some("windows") {
        let words = format!("The image {} is not a Windows AMI", image.id);
        return Err(ApiError::new("InvalidRequest", words));
    }
    if image.state != ImageState::Available {
        let words = format!("The image {} is in state '{}'", image.id, image.state());
        return Err(ApiError::new("InvalidAMIID.Unavailable", words));
    }
    if let Some(fast) = &image.fast_launch {
        let words = format!("Fast launch of the image {} is in state '{}'", image.id, fast.state());
        return Err(ApiError::new("InvalidRequest", words));
    }
    let parallel = p.number("MaxParallelLaunches")?.unwrap_or(6);
    if parallel < 6 {
        return Err(ApiError::invalid_value("MaxParallelLaunches", parallel, "Expected 6 or more."));
    }
    let count = p.number("SnapshotConfiguration.TargetResourceCount")?.unwrap_or(5);
    if count < 1 {
        return Err(ApiError::invalid_value("TargetResourceCount", count, "Expected 1 or more."));
    }
    let text = |name: &str| p.owned(&format!("LaunchTemplate.{name}")).filter(|t| !t.is_empty());
    let (id, name, version) = (text("LaunchTemplateId"), text("LaunchTemplateName"), text("Version"));
    match (&id, &name, &version) {
        (Some(_), Some(_), _) => {
            return Err(ApiError::combination("A launch template is named by its id or by its name, not by both"));
        }
        (None, None, Some(_)) => return Err(ApiError::missing("LaunchTemplate.LaunchTemplateId")),
        (_, _, None) if id.is_some() || name.is_some() => return Err(ApiError::missing("LaunchTemplate.Version")),
        _ => {}
    }
    let fast = FastLaunch {
        on: true,
        until: Some(call.now().after(call.world.rules.delays.fast_launch)),
        since: call.now(),
        template_id: id,
        template_name: name,
        template_version: version,
        parallel,
        count,
    };
    keep(call, &image, fast)
}

fn disable_fast_launch(call: &mut Call<'_>) -> Answer {
    let image = own(call, call.params.required("ImageId")?)?;
    // Whether instances of the ready snapshots are still being made does not matter here.
    call.params.flag("Force")?;
    let Some(fast) = image.fast_launch.clone() else {
        let words = format!("Fast launch of the image {} is not enabled", image.id);
        return Err(ApiError::new("InvalidRequest", words));
    };
    let until = fast.until.filter(|_| !fast.on);
    let until = until.unwrap_or(call.now().after(call.world.rules.delays.fast_launch));
    let since = call.now();
    keep(call, &image, FastLaunch { on: false, until: Some(until), since, ..fast })
}

fn keep(call: &mut Call<'_>, image: &Image, fast: FastLaunch) -> Answer {
    let mut image = image.clone();
    image.fast_launch = Some(fast);
    let fields = shown(call, &image);
    call.region_mut().images.insert(image.id.clone(), Arc::new(image));
    Ok(fields)
}

const FAST_FILTERS: &[Of<Image>] = &[
    ("resource-type", |_, _| vec!["snapshot".to_string()]),
    ("owner-id", |_, i| vec![i.owner.clone()]),
    ("state", |_, i| i.fast_launch.iter().map(|fast| fast.state().to_string()).collect()),
];

fn describe_fast_launch_images(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, FAST_FILTERS, false)?;
    let ids = call.params.list("ImageId");
    let view = call.view();
    let found = view.region.images.values().filter(|i| {
        let sees = |fast: &FastLaunch| !fast.on || view.world.sees(Some(fast.since));
        i.owner == ACCOUNT
            && i.fast_launch.as_ref().is_some_and(sees)
            && (ids.is_empty() || ids.contains(&i.id.as_str()))
    });
    let found = found.filter(|i| filters.pass(&view, FAST_FILTERS, "", i.as_ref())).collect();
    let (items, next) = page(call.params, found, 1, 200)?;
    let items: Vec<Fields> = items.into_iter().map(|i| shown(call, i)).collect();
    Ok(Fields::new().set("fastLaunchImageSet", items).opt("nextToken", next))
}

fn shown(call: &Call<'_>, image: &Image) -> Fields {
    let fields = Fields::new().put("imageId", &image.id).put("resourceType", "snapshot").put("ownerId", &image.owner);
    let Some(fast) = &image.fast_launch else { return fields };
    let template = Fields::new()
        .opt("launchTemplateId", fast.template_id.as_ref())
        .opt("launchTemplateName", fast.template_name.as_ref())
        .opt("version", fast.template_version.as_ref());
    fields
        .node("snapshotConfiguration", Fields::new().put("targetResourceCount", fast.count))
        .node("launchTemplate", template)
        .put("maxParallelLaunches", fast.parallel)
        .put("state", fast.state())
        .put("stateTransitionReason", "Client.UserInitiated")
        .put("stateTransitionTime", call.iso(fast.since))
}
