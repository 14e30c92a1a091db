//! A former image, registered again from its snapshots: with a new id, and else as it was as far as EC2's API allows.
//!
//! It knows nothing of what came in its place. Neighbour: `former` describes it before it lets it go.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_ec2::primitives::{DateTime, DateTimeFormat};
use aws_sdk_ec2::types::{
    ArchitectureValues, BlockDeviceMapping, BootModeValues, EbsBlockDevice, Image as Found, ImdsSupportValues,
    ResourceType, TagSpecification, TpmSupportValues, VolumeType,
};

use super::Cx;
use super::former::Former;
use super::publish::permit;
use super::tags::tag;
use crate::diagnostic::code;
use crate::run::aws::fault::{CallError, Fault};
use crate::run::aws::wait::filter;
use crate::run::aws::{Region, Repeat};
use crate::run::build::{Device, Image};
use crate::run::problem::Problem;

/// How long an image of snapshots that are there may take until it can be shared, in AWS's time.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Between two questions, in AWS's time.
const PAUSE: Duration = Duration::from_secs(5);

/// What bears the name now.
enum Bears {
    /// The former image itself, or the shadow of it.
    Itself,
    /// The former image, registered again.
    Again(String),
    /// Somebody else's.
    Other(String),
    /// Nothing.
    Nothing,
}

/// Registers a former image again, where it is not there. `gone` says that EC2 has confirmed its deregistration: what is still seen
/// of it then is not believed.
///
/// # Errors
/// What AWS does not do.
pub async fn revive(cx: &Cx, region: &Arc<Region>, former: &Former, gone: bool) -> Result<String, Problem> {
    let name = &former.name;
    let start = Instant::now();
    let id = loop {
        let recent = start.elapsed() < region.local(cx.run.absence);
        match bears(cx, region, former).await? {
            Bears::Itself if (gone && recent) || cx.is_young() => {
                wait(cx, region, former).await?;
                continue;
            }
            Bears::Itself => return Ok(format!("the former image `{name}` is there: {}", former.id)),
            Bears::Other(id) => return Ok(format!("an image `{name}` is there: {id}")),
            Bears::Again(id) => break id,
            Bears::Nothing => {}
        }
        match register(region, former).await {
            Ok(id) => break id,
            // It was registered by a call whose answer was lost, or the name of the new image is not free yet.
            Err(error) if error.fault == Fault::Duplicate && recent => wait(cx, region, former).await?,
            Err(error) => return Err(failed(error, former)),
        }
    };
    let mut lost = former.lost.clone();
    if let Err(error) = restore(cx, region, former, &id, &mut lost).await? {
        let problem = error.problem(code::RUN_FORMER);
        return Err(problem.help(format!("`{name}` is registered again, as {id}; share it by hand as it was")));
    }
    if former.disabled
        && let Err(error) = disable(cx, region, former, &id).await?
    {
        lost.push(format!("its being disabled ({error})"));
    }
    let lost = match lost.as_slice() {
        [] => String::new(),
        lost => format!(", without {}", lost.join(", ")),
    };
    if !lost.is_empty() {
        cx.events.warn(format!("the former image `{name}` is registered again{lost}"));
    }
    Ok(format!("the former image `{name}` is registered again, as {id}{lost}"))
}

/// Disables an image, once it can be used: before that EC2 does not take it.
async fn disable(cx: &Cx, region: &Region, former: &Former, id: &str) -> Result<Result<(), CallError>, Problem> {
    let start = Instant::now();
    loop {
        let ask = || region.ec2.disable_image().image_id(id).send();
        match region.call("DisableImage", Repeat::Always, ask).await {
            Err(error) if error.fault == Fault::WrongState && start.elapsed() < region.local(PATIENCE) => {
                wait(cx, region, former).await?;
            }
            outcome => return Ok(outcome.map(drop)),
        }
    }
}

fn failed(error: CallError, former: &Former) -> Problem {
    let help = format!("register `{}` again by hand from its snapshots, which are all there", former.name);
    error.problem(code::RUN_FORMER).help(help)
}

/// Waits a little, where nobody has said that nothing is waited for.
async fn wait(cx: &Cx, region: &Region, former: &Former) -> Result<(), Problem> {
    tokio::select! {
        () = region.sleep(PAUSE) => Ok(()),
        () = cx.cancel.forced() => {
            let message = format!("the former image `{}` in {} is not registered again yet", former.name, region.name);
            Err(Problem::left(code::RUN_FORMER, message).help(format!("ask again by `bakec clean {}`", cx.run.name)))
        }
    }
}

async fn bears(cx: &Cx, region: &Region, former: &Former) -> Result<Bears, Problem> {
    let ask = || {
        let call = region.ec2.describe_images().owners("self").filters(filter("name", [former.name.as_str()]));
        call.include_disabled(true).send()
    };
    let answer = region.call("DescribeImages", Repeat::Always, ask).await.map_err(|e| e.problem(code::RUN_FORMER))?;
    let id = |image: &Found| image.image_id().unwrap_or_default().to_owned();
    // The former image may bear tags of an earlier run, but none of this build.
    let (shadows, others): (Vec<&Found>, Vec<&Found>) =
        answer.images().iter().filter(|i| !cx.is_ours(i.tags())).partition(|i| id(i) == former.id);
    let kept = snapshots(former);
    let again = others.iter().find(|i| !kept.is_empty() && snapshots(&Former::from(**i)) == kept);
    Ok(match (again, others.first()) {
        (Some(image), _) => Bears::Again(id(image)),
        (None, Some(image)) => Bears::Other(id(image)),
        (None, None) if shadows.is_empty() => Bears::Nothing,
        (None, None) => Bears::Itself,
    })
}

fn snapshots(former: &Former) -> BTreeSet<String> {
    former.devices.iter().filter_map(|d| d.snapshot_id.clone()).collect()
}

/// Its name makes the second call harmless.
async fn register(region: &Region, former: &Former) -> Result<String, CallError> {
    let tags = TagSpecification::builder().resource_type(ResourceType::Image);
    let tags = tags.set_tags(Some(former.tags.iter().map(|(k, v)| tag(k, v)).collect())).build();
    let ask = || {
        let call = region
            .ec2
            .register_image()
            .name(&former.name)
            .set_description(former.description.clone())
            .set_architecture(former.architecture.as_deref().map(ArchitectureValues::from))
            .set_virtualization_type(former.virtualization.clone())
            .set_root_device_name(former.root_device.clone())
            .set_image_location(former.manifest.clone())
            .set_kernel_id(former.kernel.clone())
            .set_ramdisk_id(former.ramdisk.clone())
            .set_boot_mode(former.boot_mode.as_deref().map(BootModeValues::from))
            .set_imds_support(former.imds.as_deref().map(ImdsSupportValues::from))
            .set_tpm_support(former.tpm.as_deref().map(TpmSupportValues::from))
            .set_uefi_data(former.uefi_data.clone())
            .set_sriov_net_support(former.sriov.clone())
            .set_ena_support(former.ena)
            .set_block_device_mappings(Some(former.devices.iter().map(registered).collect()));
        if former.tags.is_empty() { call.send() } else { call.tag_specifications(tags.clone()).send() }
    };
    let answer = region.call("RegisterImage", Repeat::Always, ask).await?;
    Ok(answer.image_id().unwrap_or_default().to_owned())
}

/// A device of an image that is there: made of its snapshot alone.
fn registered(device: &Device) -> BlockDeviceMapping {
    let named = BlockDeviceMapping::builder().device_name(&device.name);
    match (&device.virtual_name, &device.snapshot_id) {
        (Some(name), _) => named.virtual_name(name).build(),
        (None, snapshot) => {
            let ebs = EbsBlockDevice::builder()
                .delete_on_termination(device.delete_on_termination)
                .set_snapshot_id(snapshot.clone())
                .set_volume_size(device.size)
                .set_iops(device.iops)
                .set_throughput(device.throughput)
                .set_volume_type(device.volume_type.as_deref().map(VolumeType::from));
            named.ebs(ebs.build()).build()
        }
    }
}

/// Shares the image as the former was, and lets it be deprecated when the former would have been. The inner error is AWS's last word.
async fn restore(
    cx: &Cx,
    region: &Region,
    former: &Former,
    id: &str,
    lost: &mut Vec<String>,
) -> Result<Result<(), CallError>, Problem> {
    let shared = Image {
        users: former.users.clone(),
        groups: former.groups.clone(),
        org_arns: former.organizations.clone(),
        ou_arns: former.units.clone(),
        product_codes: former.product_codes.clone(),
        ..Image::default()
    };
    let start = Instant::now();
    loop {
        // It is shared only when it can be used.
        match permit(region, id, &shared).await {
            Err(error)
                if matches!(error.fault, Fault::NotFound | Fault::WrongState)
                    && start.elapsed() < region.local(PATIENCE) =>
            {
                wait(cx, region, former).await?
            }
            Err(error) => return Ok(Err(error)),
            Ok(()) => break,
        }
    }
    let Some(text) = &former.deprecation else { return Ok(Ok(())) };
    // A time that has passed is not taken.
    let outcome = match DateTime::from_str(text, DateTimeFormat::DateTime) {
        Ok(at) => {
            let ask = || region.ec2.enable_image_deprecation().image_id(id).deprecate_at(at).send();
            region.call("EnableImageDeprecation", Repeat::Always, ask).await.map(drop).map_err(|e| e.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    if let Err(why) = outcome {
        lost.push(format!("its deprecation at {text} ({why})"));
    }
    Ok(Ok(()))
}
