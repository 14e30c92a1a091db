//! A former image of the same name, which `force_deregister` lets go: described first, deregistered just before the new one is
//! made, and registered again from its snapshots where the new one fails. Its snapshots go only when the new image can be used.

use aws_sdk_ec2::types::{
    ArchitectureValues, BlockDeviceMapping, BootModeValues, EbsBlockDevice, Image as Found, ResourceType,
    TagSpecification, VolumeType,
};
use serde::{Deserialize, Serialize};

use super::image::{GONE, delete_snapshot};
use super::tags::tag;
use super::{Cx, Failure, Step};
use crate::diagnostic::code;
use crate::run::aws::Repeat;
use crate::run::aws::fault::Fault;
use crate::run::aws::wait::filter;
use crate::run::build::Device;
use crate::run::problem::Problem;

/// Lets a former image go.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deregister {
    /// The region.
    pub region: String,
    /// The image.
    pub former: Former,
}

/// An image, so described that it can be registered again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Former {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub architecture: Option<String>,
    pub virtualization: Option<String>,
    pub root_device: Option<String>,
    pub boot_mode: Option<String>,
    pub ena: Option<bool>,
    pub devices: Vec<Device>,
    pub tags: Vec<(String, String)>,
}

impl From<&Found> for Former {
    fn from(image: &Found) -> Self {
        let devices = image.block_device_mappings().iter().map(|m| {
            let ebs = m.ebs();
            Device {
                name: m.device_name().unwrap_or_default().to_owned(),
                virtual_name: m.virtual_name().map(str::to_owned),
                no_device: m.no_device().is_some(),
                delete_on_termination: ebs.and_then(|e| e.delete_on_termination()).unwrap_or_default(),
                iops: ebs.and_then(|e| e.iops()),
                snapshot_id: ebs.and_then(|e| e.snapshot_id()).map(str::to_owned),
                throughput: ebs.and_then(|e| e.throughput()),
                size: ebs.and_then(|e| e.volume_size()),
                volume_type: ebs.and_then(|e| e.volume_type()).map(|t| t.as_str().to_owned()),
                ..Device::default()
            }
        });
        let own = image.tags().iter().filter_map(|t| Some((t.key()?.to_owned(), t.value()?.to_owned())));
        Former {
            id: image.image_id().unwrap_or_default().to_owned(),
            name: image.name().unwrap_or_default().to_owned(),
            description: image.description().map(str::to_owned),
            architecture: image.architecture().map(|a| a.as_str().to_owned()),
            virtualization: image.virtualization_type().map(|v| v.as_str().to_owned()),
            root_device: image.root_device_name().map(str::to_owned),
            boot_mode: image.boot_mode().map(|b| b.as_str().to_owned()),
            ena: image.ena_support(),
            devices: devices.collect(),
            tags: own.collect(),
        }
    }
}

/// The image of a name in a region, where there is one.
///
/// # Errors
/// Where EC2 does not tell.
pub async fn former(cx: &Cx, region: &str, name: &str) -> Result<Option<Former>, Problem> {
    let region = cx.cloud.region(region);
    let ask = || region.ec2.describe_images().owners("self").filters(filter("name", [name])).send();
    let answer = region.call("DescribeImages", Repeat::Always, ask).await.map_err(|e| e.problem(code::RUN_FORMER))?;
    Ok(answer.images().iter().find(|i| !cx.is_ours(i.tags())).map(Former::from))
}

impl Step for Deregister {
    const NAME: &'static str = "former";
    const AGAIN: bool = true;
    type Out = ();

    fn of(&self) -> String {
        self.region.clone()
    }

    fn about(&self) -> String {
        format!("deregistering the former `{}`, {} in {}", self.former.name, self.former.id, self.region)
    }

    fn told((): &()) -> String {
        "deregistered; its snapshots stay until the new image can be used".to_owned()
    }

    async fn act(&self, cx: &Cx) -> Result<(), Failure> {
        let region = cx.cloud.region(&self.region);
        let ask = || region.ec2.deregister_image().image_id(&self.former.id).send();
        match region.call("DeregisterImage", Repeat::Always, ask).await {
            Err(error) if error.fault != Fault::NotFound && error.code != GONE => Err(error.failure(code::RUN_FORMER)),
            _ => Ok(()),
        }
    }

    /// Registers it again; its id is a new one.
    async fn undo(&self, cx: &Cx, (): &()) -> Result<String, Problem> {
        let region = cx.cloud.region(&self.region);
        let problem = |e: crate::run::aws::fault::CallError| e.problem(code::RUN_FORMER);
        let former = &self.former;
        let ask = || region.ec2.describe_images().owners("self").filters(filter("name", [former.name.as_str()])).send();
        let answer = region.call("DescribeImages", Repeat::Always, ask).await.map_err(problem)?;
        if let Some(there) = answer.images().iter().find(|i| !cx.is_ours(i.tags())) {
            return Ok(format!(
                "the former image `{}` is there: {}",
                former.name,
                there.image_id().unwrap_or_default()
            ));
        }
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
                .set_boot_mode(former.boot_mode.as_deref().map(BootModeValues::from))
                .set_ena_support(former.ena)
                .set_block_device_mappings(Some(former.devices.iter().map(registered).collect()));
            if former.tags.is_empty() { call.send() } else { call.tag_specifications(tags.clone()).send() }
        };
        match region.call("RegisterImage", Repeat::Never, ask).await {
            Ok(answer) => {
                let id = answer.image_id().unwrap_or_default();
                Ok(format!("the former image `{}` is registered again, as {id}", former.name))
            }
            Err(error) => Err(problem(error)
                .help(format!("register `{}` again by hand from its snapshots, which are all there", former.name))),
        }
    }
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

/// Deletes the snapshots of a former image, now that there is a new one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Forget {
    /// The region.
    pub region: String,
    /// The former image's snapshots.
    pub snapshots: Vec<String>,
}

impl Step for Forget {
    const NAME: &'static str = "forget";
    const AGAIN: bool = true;
    type Out = ();

    fn of(&self) -> String {
        self.region.clone()
    }

    fn about(&self) -> String {
        format!("deleting {} of the former image in {}", self.snapshots.join(", "), self.region)
    }

    fn told((): &()) -> String {
        "deleted".to_owned()
    }

    async fn act(&self, cx: &Cx) -> Result<(), Failure> {
        let region = cx.cloud.region(&self.region);
        for snapshot in &self.snapshots {
            delete_snapshot(&region, snapshot).await?;
        }
        Ok(())
    }
}
