//! A former image of the same name, which `force_deregister` lets go: described first, deregistered just before the new one is
//! made, and registered again from its snapshots where the new one fails. Its snapshots go only when the new image can be used.

use aws_sdk_ec2::types::{DeviceType, Image as Found, ImageAttributeName, LaunchPermission, ProductCodeValues};
use serde::{Deserialize, Serialize};

use super::image::{GONE, delete_snapshot};
use super::revive::revive;
use super::{Cx, Failure, Step};
use crate::diagnostic::code;
use crate::run::aws::fault::Fault;
use crate::run::aws::wait::filter;
use crate::run::aws::{Region, Repeat};
use crate::run::build::Device;
use crate::run::journal::fold::State;
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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
    pub kernel: Option<String>,
    pub ramdisk: Option<String>,
    pub sriov: Option<String>,
    pub imds: Option<String>,
    pub tpm: Option<String>,
    pub uefi_data: Option<String>,
    /// Its manifest, where its root is an instance store.
    pub manifest: Option<String>,
    /// When it counts as deprecated.
    pub deprecation: Option<String>,
    /// Whether nobody may launch it any more.
    pub disabled: bool,
    /// Who may launch it: accounts, groups, organizations, and their units.
    pub users: Vec<String>,
    pub groups: Vec<String>,
    pub organizations: Vec<String>,
    pub units: Vec<String>,
    pub product_codes: Vec<String>,
    /// What it has and would not have again, in words.
    pub lost: Vec<String>,
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
        let all = image.tags().iter().filter_map(|t| Some((t.key()?.to_owned(), t.value()?.to_owned())));
        // AWS alone sets tags of its own.
        let (aws, own): (Vec<_>, Vec<_>) = all.partition(|(name, _)| name.starts_with("aws:"));
        let codes = image.product_codes().iter();
        // Those of the marketplace come with the snapshots.
        let codes = codes.filter(|c| c.product_code_type() == Some(&ProductCodeValues::Devpay));
        let mut lost: Vec<String> = aws.iter().map(|(name, _)| format!("the tag `{name}`")).collect();
        lost.extend(image.platform_details().filter(|p| *p != PLAIN).map(|p| format!("the billing as `{p}`")));
        let store = image.root_device_type() == Some(&DeviceType::InstanceStore);
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
            tags: own,
            kernel: image.kernel_id().map(str::to_owned),
            ramdisk: image.ramdisk_id().map(str::to_owned),
            sriov: image.sriov_net_support().map(str::to_owned),
            imds: image.imds_support().map(|v| v.as_str().to_owned()),
            tpm: image.tpm_support().map(|v| v.as_str().to_owned()),
            manifest: image.image_location().filter(|_| store).map(str::to_owned),
            deprecation: image.deprecation_time().map(str::to_owned),
            disabled: image.state().is_some_and(|state| state.as_str() == "disabled"),
            product_codes: codes.filter_map(|c| c.product_code_id()).map(str::to_owned).collect(),
            lost,
            ..Former::default()
        }
    }
}

/// The image of a name in a region, where there is one.
///
/// # Errors
/// Where EC2 does not tell.
pub async fn former(cx: &Cx, region: &str, name: &str) -> Result<Option<Former>, Problem> {
    let region = cx.cloud.region(region);
    let images = || region.ec2.describe_images().owners("self").include_disabled(true);
    let ask = || images().filters(filter("name", [name])).send();
    let answer = region.call("DescribeImages", Repeat::Always, ask).await.map_err(|e| e.problem(code::RUN_FORMER))?;
    let Some(mut found) = answer.images().iter().find(|i| !cx.is_ours(i.tags())).map(Former::from) else {
        return Ok(None);
    };
    found.complete(&region).await;
    Ok(Some(found))
}

/// What EC2 calls an image that nobody bills for.
const PLAIN: &str = "Linux/UNIX";

impl Former {
    /// Adds what only a question of its own tells. Where EC2 does not answer it, that is what would be lost.
    async fn complete(&mut self, region: &Region) {
        let uefi = self.boot_mode.as_ref().is_some_and(|mode| mode.starts_with("uefi"));
        let permission = (ImageAttributeName::LaunchPermission, "its launch permissions");
        let data = (ImageAttributeName::UefiData, "its UEFI data");
        for (attribute, what) in std::iter::once(permission).chain(uefi.then_some(data)) {
            let ask = || region.ec2.describe_image_attribute().image_id(&self.id).attribute(attribute.clone()).send();
            match region.call("DescribeImageAttribute", Repeat::Always, ask).await {
                Ok(answer) => {
                    let all = answer.launch_permissions();
                    let of = |part: fn(&LaunchPermission) -> Option<&str>| {
                        all.iter().filter_map(part).map(str::to_owned).collect::<Vec<_>>()
                    };
                    self.users.extend(of(|p| p.user_id()));
                    self.groups.extend(of(|p| p.group().map(|g| g.as_str())));
                    self.organizations.extend(of(|p| p.organization_arn()));
                    self.units.extend(of(|p| p.organizational_unit_arn()));
                    let data = answer.uefi_data().and_then(|d| d.value()).filter(|d| !d.is_empty());
                    self.uefi_data = self.uefi_data.take().or(data.map(str::to_owned));
                }
                Err(error) => self.lost.push(format!("{what} ({error})")),
            }
        }
    }
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
        revive(cx, &cx.cloud.region(&self.region), &self.former, self.is_done(cx)).await
    }
}

impl Deregister {
    /// Whether EC2 has confirmed it.
    fn is_done(&self, cx: &Cx) -> bool {
        cx.known(Self::NAME, &self.region).is_some_and(|step| matches!(step.state, State::Done(_)))
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
