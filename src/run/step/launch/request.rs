//! RunInstances: what is asked of EC2 for a machine.
//!
//! The same machine on the spot market is described in a launch template, by `fleet`; both have all options.

use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{
    BlockDeviceMapping, CapacityReservationPreference, CapacityReservationSpecification, CapacityReservationTarget,
    CreditSpecificationRequest, EbsBlockDevice, EnclaveOptionsRequest, HttpTokensState,
    IamInstanceProfileSpecification, InstanceMarketOptionsRequest, InstanceMetadataEndpointState,
    InstanceMetadataOptionsRequest, InstanceMetadataTagsState, InstanceNetworkInterfaceSpecification, InstanceType,
    LicenseConfigurationRequest, MarketType, Placement, ResourceType, ShutdownBehavior, SpotInstanceType,
    SpotMarketOptions, TagSpecification, Tenancy, VolumeType,
};

use super::LaunchInstance;
use crate::run::aws::Region;
use crate::run::build::{Device, Launch};

/// The last letters of the drives that Windows gets of its host.
const EPHEMERAL: std::ops::RangeInclusive<char> = 'a'..='z';

impl LaunchInstance {
    /// The call, with the tags that things get; without a token it is no more than a question.
    pub fn request(
        &self,
        region: &Region,
        tags: impl Fn(ResourceType, &[(String, String)]) -> TagSpecification,
    ) -> RunInstancesFluentBuilder {
        let launch = &self.launch;
        let is_asked = self.token.is_empty();
        let mut call = region
            .ec2
            .run_instances()
            .min_count(1)
            .max_count(1)
            .image_id(&self.image)
            .instance_type(InstanceType::from(launch.instance_type.as_str()))
            .set_dry_run(is_asked.then_some(true))
            .set_client_token((!is_asked).then(|| self.token.clone()))
            .set_key_name(self.key.clone())
            .tag_specifications(tags(ResourceType::Instance, &launch.tags))
            .tag_specifications(tags(ResourceType::Volume, &volume_tags(launch)))
            .tag_specifications(tags(ResourceType::NetworkInterface, &launch.tags))
            .set_placement(placement(launch))
            .set_user_data(launch.user_data.clone())
            .set_capacity_reservation_specification(reservation(launch));
        if launch.ebs_optimized {
            call = call.ebs_optimized(true);
        }
        if let Some(profile) = &launch.iam_instance_profile {
            call = call.iam_instance_profile(IamInstanceProfileSpecification::builder().name(profile).build());
        }
        // A machine of the spot market that stops itself is gone all the same: there it is not said.
        let stops = |b: &&String| launch.spot().is_none() || *b == "terminate";
        if let Some(behaviour) = launch.shutdown_behavior.as_ref().filter(stops) {
            call = call.instance_initiated_shutdown_behavior(ShutdownBehavior::from(behaviour.as_str()));
        }
        if launch.enable_t2_unlimited {
            call = call.credit_specification(CreditSpecificationRequest::builder().cpu_credits("unlimited").build());
        }
        if launch.enclave {
            call = call.enclave_options(EnclaveOptionsRequest::builder().enabled(true).build());
        }
        for arn in &launch.licenses {
            let licence = LicenseConfigurationRequest::builder().license_configuration_arn(arn);
            call = call.license_specifications(licence.build());
        }
        if let Some(spot) = launch.spot() {
            let options = SpotMarketOptions::builder().spot_instance_type(SpotInstanceType::OneTime);
            let options = options.set_max_price(spot.price.clone()).build();
            let market = InstanceMarketOptionsRequest::builder().market_type(MarketType::Spot).spot_options(options);
            call = call.instance_market_options(market.build());
            call = call.tag_specifications(tags(ResourceType::SpotInstancesRequest, &spot.tags));
        }
        if let Some(metadata) = &launch.metadata {
            let options = InstanceMetadataOptionsRequest::builder()
                .set_http_endpoint(metadata.http_endpoint.as_deref().map(InstanceMetadataEndpointState::from))
                .set_http_tokens(metadata.http_tokens.as_deref().map(HttpTokensState::from))
                .set_http_put_response_hop_limit(metadata.http_put_response_hop_limit)
                .set_instance_metadata_tags(
                    metadata.instance_metadata_tags.as_deref().map(InstanceMetadataTagsState::from),
                );
            call = call.metadata_options(options.build());
        }
        for device in devices(launch) {
            call = call.block_device_mappings(mapping(&device));
        }
        match self.network.public_address {
            // Only an interface of its own says whether it has a public address.
            Some(public) => {
                let interface = InstanceNetworkInterfaceSpecification::builder()
                    .device_index(0)
                    .associate_public_ip_address(public)
                    .set_subnet_id(self.network.subnet.clone())
                    .set_groups(Some(self.groups.clone()))
                    .set_ipv6_address_count(self.new_ipv6.then_some(1))
                    .delete_on_termination(true);
                call.network_interfaces(interface.build())
            }
            None => call
                .set_subnet_id(self.network.subnet.clone())
                .set_ipv6_address_count(self.new_ipv6.then_some(1))
                .set_security_group_ids((!self.groups.is_empty()).then(|| self.groups.clone())),
        }
    }
}

/// The tags of a machine's volumes: its own, and theirs, which go before.
pub fn volume_tags(launch: &Launch) -> Vec<(String, String)> {
    let mut tags = launch.tags.clone();
    tags.retain(|(name, _)| !launch.volume_tags.iter().any(|(n, _)| n == name));
    tags.extend(launch.volume_tags.iter().cloned());
    tags
}

/// The devices of a machine, with those that it is not to have.
pub fn devices(launch: &Launch) -> Vec<Device> {
    let mut all = launch.devices.clone();
    if launch.no_ephemeral {
        let names = EPHEMERAL.map(|letter| format!("xvdc{letter}"));
        all.extend(names.map(|name| Device { name, no_device: true, ..Device::default() }));
    }
    all
}

fn placement(launch: &Launch) -> Option<Placement> {
    let wanted = &launch.placement;
    let chosen = wanted.host.is_some() || wanted.host_group.is_some();
    let tenancy = wanted.tenancy.as_deref().or(wanted.host.is_some().then_some("host"));
    if launch.availability_zone.is_none() && tenancy.is_none() && !chosen {
        return None;
    }
    let placement = Placement::builder()
        .set_availability_zone(launch.availability_zone.clone())
        .set_tenancy(tenancy.map(Tenancy::from))
        .set_host_id(wanted.host.clone())
        .set_host_resource_group_arn(wanted.host_group.clone());
    Some(placement.build())
}

fn reservation(launch: &Launch) -> Option<CapacityReservationSpecification> {
    let wanted = &launch.reservation;
    let target = (wanted.id.is_some() || wanted.group.is_some()).then(|| {
        let target = CapacityReservationTarget::builder().set_capacity_reservation_id(wanted.id.clone());
        target.set_capacity_reservation_resource_group_arn(wanted.group.clone()).build()
    });
    let preference = wanted.preference.as_deref().map(CapacityReservationPreference::from);
    (target.is_some() || preference.is_some()).then(|| {
        CapacityReservationSpecification::builder()
            .set_capacity_reservation_preference(preference)
            .set_capacity_reservation_target(target)
            .build()
    })
}

/// A block device as EC2 wants it told.
pub fn mapping(device: &Device) -> BlockDeviceMapping {
    let named = BlockDeviceMapping::builder().device_name(&device.name);
    if device.no_device {
        return named.no_device("").build();
    }
    if let Some(name) = device.virtual_name.as_ref().filter(|n| n.starts_with("ephemeral")) {
        return named.virtual_name(name).build();
    }
    let ebs = EbsBlockDevice::builder()
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
