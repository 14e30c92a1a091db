//! The launch template of a spot instance: all that a launch says, under a name that a fleet takes.

use aws_sdk_ec2::types::{
    CreditSpecificationRequest, LaunchTemplateBlockDeviceMappingRequest, LaunchTemplateEbsBlockDeviceRequest,
    LaunchTemplateHttpTokensState, LaunchTemplateIamInstanceProfileSpecificationRequest,
    LaunchTemplateInstanceMarketOptionsRequest, LaunchTemplateInstanceMetadataEndpointState,
    LaunchTemplateInstanceMetadataOptionsRequest, LaunchTemplateInstanceMetadataTagsState,
    LaunchTemplateInstanceNetworkInterfaceSpecificationRequest, LaunchTemplateLicenseConfigurationRequest,
    LaunchTemplatePlacementRequest, LaunchTemplateSpotMarketOptionsRequest, LaunchTemplateTagSpecificationRequest,
    MarketType, RequestLaunchTemplateData, ResourceType, ShutdownBehavior, SpotInstanceType, Tenancy, VolumeType,
};
use serde::{Deserialize, Serialize};

use crate::diagnostic::code;
use crate::run::aws::Repeat;
use crate::run::aws::fault::Fault;
use crate::run::aws::wait::filter;
use crate::run::build::Device;
use crate::run::problem::Problem;
use crate::run::step::launch::LaunchInstance;
use crate::run::step::launch::request::{devices, volume_tags};
use crate::run::step::{Cx, Failure, Look, Step};

/// Makes a launch template.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MakeTemplate {
    /// Its name.
    pub name: String,
    /// What it launches.
    pub machine: LaunchInstance,
}

impl Step for MakeTemplate {
    const NAME: &'static str = "template";
    /// Its id.
    type Out = String;

    fn about(&self) -> String {
        format!("making a temporary launch template, `{}`", self.name)
    }

    fn told(out: &String) -> String {
        out.clone()
    }

    async fn act(&self, cx: &Cx) -> Result<String, Failure> {
        let ask = || {
            let own = self.machine.launch.spot().map_or(&[][..], |spot| &spot.tags);
            let tags = cx.tagged_until(ResourceType::LaunchTemplate, Self::NAME, own, &self.machine.lease);
            let call = cx.region.ec2.create_launch_template().launch_template_name(&self.name);
            call.client_token(&self.machine.token).launch_template_data(self.data(cx)).tag_specifications(tags).send()
        };
        let answer = cx.region.call("CreateLaunchTemplate", Repeat::Always, ask).await;
        let answer = answer.map_err(|e| e.failure(code::RUN_LAUNCH))?;
        Ok(answer.launch_template().and_then(|t| t.launch_template_id()).unwrap_or_default().to_owned())
    }

    fn restored(mut self, given: &Self) -> Result<Self, Problem> {
        self.machine = self.machine.restored(&given.machine)?;
        Ok(self)
    }

    async fn find(&self, cx: &Cx) -> Result<Look<String>, Problem> {
        let named = || filter("launch-template-name", [self.name.as_str()]);
        let ask = || cx.region.ec2.describe_launch_templates().filters(named()).send();
        let answer = cx.region.call("DescribeLaunchTemplates", Repeat::Always, ask).await;
        let answer = answer.map_err(|e| e.problem(code::RUN_LAUNCH))?;
        let found = answer.launch_templates().iter().find(|t| cx.is_ours(t.tags()));
        Ok(found.and_then(|t| t.launch_template_id()).map_or(Look::Nothing, |id| Look::There(id.to_owned())))
    }

    async fn undo(&self, cx: &Cx, id: &String) -> Result<String, Problem> {
        loop {
            let ask = || cx.region.ec2.delete_launch_template().launch_template_id(id).send();
            match cx.region.call("DeleteLaunchTemplate", Repeat::Always, ask).await {
                Ok(_) => return Ok(format!("launch template {id} deleted")),
                Err(error) if error.fault == Fault::NotFound && !cx.is_young() => {
                    return Ok(format!("launch template {id} is gone"));
                }
                Err(error) if error.fault == Fault::NotFound && cx.cancel.is_forced() => {
                    return Err(cx.unconfirmed(&format!("launch template {id}")));
                }
                Err(error) if error.fault == Fault::NotFound => cx.age().await,
                Err(error) => return Err(error.problem(code::RUN_LAUNCH)),
            }
        }
    }
}

impl MakeTemplate {
    /// All that the launch says, but for type and place: the fleet says those.
    fn data(&self, cx: &Cx) -> RequestLaunchTemplateData {
        let LaunchInstance { image, launch, network, groups, key, lease, new_ipv6, .. } = &self.machine;
        let mark = self.machine.mark();
        let tagged = |resource: ResourceType, own: &[(String, String)]| {
            LaunchTemplateTagSpecificationRequest::builder()
                .resource_type(resource)
                .set_tags(Some(cx.tags(&mark, own, lease)))
                .build()
        };
        let spot = launch.spot().cloned().unwrap_or_default();
        let options = LaunchTemplateSpotMarketOptionsRequest::builder()
            .spot_instance_type(SpotInstanceType::OneTime)
            .set_max_price(spot.price)
            .build();
        let market =
            LaunchTemplateInstanceMarketOptionsRequest::builder().market_type(MarketType::Spot).spot_options(options);
        let mut data = RequestLaunchTemplateData::builder()
            .image_id(image)
            .set_key_name(key.clone())
            .set_user_data(launch.user_data.clone())
            .instance_market_options(market.build())
            .tag_specifications(tagged(ResourceType::Instance, &launch.tags))
            .tag_specifications(tagged(ResourceType::Volume, &volume_tags(launch)))
            .tag_specifications(tagged(ResourceType::NetworkInterface, &launch.tags))
            .tag_specifications(tagged(ResourceType::SpotInstancesRequest, &spot.tags));
        if launch.ebs_optimized {
            data = data.ebs_optimized(true);
        }
        if let Some(profile) = &launch.iam_instance_profile {
            let profile = LaunchTemplateIamInstanceProfileSpecificationRequest::builder().name(profile);
            data = data.iam_instance_profile(profile.build());
        }
        if launch.shutdown_behavior.as_deref() == Some("terminate") {
            data = data.instance_initiated_shutdown_behavior(ShutdownBehavior::Terminate);
        }
        if launch.enable_t2_unlimited {
            data = data.credit_specification(CreditSpecificationRequest::builder().cpu_credits("unlimited").build());
        }
        for arn in &launch.licenses {
            let licence = LaunchTemplateLicenseConfigurationRequest::builder().license_configuration_arn(arn);
            data = data.license_specifications(licence.build());
        }
        if let Some(tenancy) = &launch.placement.tenancy {
            data = data
                .placement(LaunchTemplatePlacementRequest::builder().tenancy(Tenancy::from(tenancy.as_str())).build());
        }
        if let Some(metadata) = &launch.metadata {
            let (endpoint, tokens) = (metadata.http_endpoint.as_deref(), metadata.http_tokens.as_deref());
            let tags = metadata.instance_metadata_tags.as_deref();
            let options = LaunchTemplateInstanceMetadataOptionsRequest::builder()
                .set_http_endpoint(endpoint.map(LaunchTemplateInstanceMetadataEndpointState::from))
                .set_http_tokens(tokens.map(LaunchTemplateHttpTokensState::from))
                .set_http_put_response_hop_limit(metadata.http_put_response_hop_limit)
                .set_instance_metadata_tags(tags.map(LaunchTemplateInstanceMetadataTagsState::from));
            data = data.metadata_options(options.build());
        }
        for device in devices(launch) {
            data = data.block_device_mappings(mapping(&device));
        }
        // A group that stands on the machine is of the default VPC; only an interface of its own goes with a subnet that the fleet names.
        if network.public_address.is_some() || *new_ipv6 || network.subnet.is_some() {
            let interface = LaunchTemplateInstanceNetworkInterfaceSpecificationRequest::builder()
                .device_index(0)
                .set_associate_public_ip_address(network.public_address)
                .set_groups(Some(groups.clone()))
                .set_ipv6_address_count(new_ipv6.then_some(1))
                .delete_on_termination(true);
            data.network_interfaces(interface.build()).build()
        } else {
            data.set_security_group_ids((!groups.is_empty()).then(|| groups.clone())).build()
        }
    }
}

fn mapping(device: &Device) -> LaunchTemplateBlockDeviceMappingRequest {
    let named = LaunchTemplateBlockDeviceMappingRequest::builder().device_name(&device.name);
    if device.no_device {
        return named.no_device("").build();
    }
    if let Some(name) = device.virtual_name.as_ref().filter(|n| n.starts_with("ephemeral")) {
        return named.virtual_name(name).build();
    }
    let ebs = LaunchTemplateEbsBlockDeviceRequest::builder()
        .delete_on_termination(device.delete_on_termination)
        .set_encrypted(device.encrypted)
        .set_iops(device.iops)
        .set_kms_key_id(device.kms_key_id.clone())
        .set_snapshot_id(device.snapshot_id.clone())
        .set_throughput(device.throughput)
        .set_volume_size(device.size)
        .set_volume_type(device.volume_type.as_deref().map(VolumeType::from));
    named.ebs(ebs.build()).build()
}
