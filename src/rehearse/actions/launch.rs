//! RunInstances.

use super::block_devices::{self, DEVICES};
use super::describe_instances::reservations;
use super::network::no_subnet;
use super::{Action, Answer, Call, ec2, keys, no_group, types};
use crate::facts::InstanceType;
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::DRY_RUN;
use crate::rehearse::query::Params;
use crate::rehearse::world::files::Files;
use crate::rehearse::world::iam::arn;
use crate::rehearse::world::image::{Image, ImageState, Mapping, MappingSource};
use crate::rehearse::world::instance::{Device, Instance, Metadata, Reason, State};
use crate::rehearse::world::network::Subnet;
use crate::rehearse::world::storage::{Attachment, Volume};

pub(super) const ACTIONS: &[Action] = &[ec2("RunInstances", &[DRY_RUN, TAKES, DEVICES], run_instances)];

const TAKES: &[&str] = &[
    "ImageId",
    "MinCount",
    "MaxCount",
    "InstanceType",
    "KeyName",
    "SecurityGroup.N",
    "SecurityGroupId.N",
    "SubnetId",
    "UserData",
    "ClientToken",
    "EbsOptimized",
    "Monitoring.Enabled",
    "DisableApiTermination",
    "DisableApiStop",
    "InstanceInitiatedShutdownBehavior",
    "IamInstanceProfile.Name",
    "IamInstanceProfile.Arn",
    "Placement.AvailabilityZone",
    "Placement.Tenancy",
    "Placement.HostId",
    "Placement.HostResourceGroupArn",
    "LicenseSpecification.N.LicenseConfigurationArn",
    "InstanceMarketOptions.MarketType",
    "InstanceMarketOptions.SpotOptions.MaxPrice",
    "InstanceMarketOptions.SpotOptions.SpotInstanceType",
    "Ipv6AddressCount",
    "PrivateIpAddress",
    "NetworkInterface.N.DeviceIndex",
    "NetworkInterface.N.SubnetId",
    "NetworkInterface.N.AssociatePublicIpAddress",
    "NetworkInterface.N.DeleteOnTermination",
    "NetworkInterface.N.SecurityGroupId.N",
    "NetworkInterface.N.Ipv6AddressCount",
    "MetadataOptions.HttpEndpoint",
    "MetadataOptions.HttpTokens",
    "MetadataOptions.HttpPutResponseHopLimit",
    "MetadataOptions.InstanceMetadataTags",
    "CreditSpecification.CpuCredits",
    "EnclaveOptions.Enabled",
    "CapacityReservationSpecification.CapacityReservationPreference",
    "CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId",
    "CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationResourceGroupArn",
    "TagSpecification.N.ResourceType",
    "TagSpecification.N.Tag.N.Key",
    "TagSpecification.N.Tag.N.Value",
];

const TAGGED: &[&str] = &["instance", "volume", "network-interface", "spot-instances-request"];

/// Refuses what no launch takes.
pub(super) fn check(params: &Params) -> Result<(), ApiError> {
    params.check(&[TAKES, DEVICES])
}

pub(super) fn run_instances(call: &mut Call<'_>) -> Answer {
    if let Some(reservation) = call.replayed("RunInstances")? {
        return Ok(answer(call, &reservation));
    }
    let p = call.params;
    let id = p.required("ImageId")?;
    let image = call.region().images.get(id).filter(|image| call.world.sees(image.born));
    let image = image.ok_or_else(|| call.no_longer(id))?.clone();
    if image.state != ImageState::Available {
        return Err(ApiError::new(
            "InvalidAMIID.Unavailable",
            format!("The image ID '{id}' is not available: it is {}", image.state()),
        ));
    }
    let kind = kind(call, &image)?;
    let counts = (number(call, "MinCount")?, number(call, "MaxCount")?);
    let (least, most) = counts;
    if least == 0 || most < least {
        return Err(ApiError::invalid_value("MinCount", least, "MinCount is at least 1 and at most MaxCount."));
    }
    let key = key(call)?;
    let place = place(call)?;
    let mappings = block_devices::over(call, &image.mappings, "gp2")?;
    let template = template(call, &image, &kind, key, &place)?;
    let (tags, volume_tags) = (call.new_tags("instance", TAGGED)?, call.new_tags("volume", TAGGED)?);
    // Interfaces are no resources here: their tags are checked only.
    call.new_tags("network-interface", TAGGED)?;
    let request_tags = call.new_tags("spot-instances-request", TAGGED)?;
    // A question is not answered by what is there just now.
    if p.flag("DryRun")? != Some(true) && call.strikes.lacks(kind.name, &place.subnet.zone) {
        let words = format!(
            "We currently do not have sufficient {} capacity in the Availability Zone you requested ({}).",
            kind.name, place.subnet.zone
        );
        return Err(ApiError::new("InsufficientInstanceCapacity", words).status(500));
    }
    let is_spot = spot(call)?;
    let room = room(call, kind.vcpus, least)?;
    let reservation = call.world.id("r");
    for index in 0..most.min(room) {
        let id = call.world.id("i");
        let digits = call.world.digits();
        let private_ip = match p.owned("PrivateIpAddress") {
            Some(ip) => ip,
            None => place.subnet.address(&digits),
        };
        let request = is_spot.then(|| format!("sir-{}", &digits[12..20]));
        if let Some(request) = &request {
            call.tag(request, request_tags.clone());
        }
        let mut instance = Instance {
            id: id.clone(),
            reservation: reservation.clone(),
            index,
            interface: call.world.id("eni"),
            private_ip,
            ipv6: if place.six { place.subnet.ipv6_address(&digits) } else { None },
            spot: request,
            devices: volumes(call, &id, &mappings, &place.subnet.zone, &volume_tags),
            files: root_files(call, &image, &mappings),
            ..template.clone()
        };
        instance.start(call.now(), call.world.rules.delays.start);
        if let Some(why) = call.strikes.launch_fails {
            let at = call.now().after(call.world.rules.delays.start);
            instance.next = Some((at, State::Terminated));
            let code = why.split(':').next().unwrap_or(why);
            instance.reason = Some(Reason { code: code.to_string(), message: why.to_string() });
        }
        call.region_mut().instances.insert(id.clone(), instance);
        call.tag(&id, tags.clone());
    }
    call.remember("RunInstances", &reservation);
    Ok(answer(call, &reservation))
}

/// The one reservation, as DescribeInstances shows it.
fn answer(call: &Call<'_>, reservation: &str) -> crate::rehearse::xml::Fields {
    let view = call.view();
    let of = view.region.instances.values().filter(|i| i.reservation == reservation).collect();
    // What a call has made it sees, however young it is.
    reservations(&view, of, true).into_iter().next().unwrap_or_default()
}

fn number(call: &Call<'_>, name: &str) -> Result<usize, ApiError> {
    call.params.number(name)?.ok_or_else(|| ApiError::missing(name))
}

/// The type, which has to be offered and to suit the image.
fn kind(call: &Call<'_>, image: &Image) -> Result<InstanceType<'static>, ApiError> {
    let name = call.params.text("InstanceType").unwrap_or("m1.small");
    let known = types::offered(call.scope.region.name).find(|t| t.name == name);
    let Some(kind) = known else {
        if crate::facts::Facts::builtin().instance_type(name).is_none() {
            return Err(ApiError::new("InvalidParameterValue", format!("Invalid value '{name}' for InstanceType.")));
        }
        let words =
            format!("The requested configuration is currently not supported: {name} is not offered in this region.");
        return Err(ApiError::new("Unsupported", words));
    };
    let unfit = |what: &str, of: &str, kinds: crate::facts::Words<'_>| {
        let words = format!(
            "The {what} '{of}' of the specified AMI is not supported by the instance type '{name}', which supports {}.",
            kinds.iter().collect::<Vec<_>>().join(", ")
        );
        Err(ApiError::new("InvalidParameterValue", words))
    };
    if !kind.architectures.has(&image.architecture) {
        return unfit("architecture", &image.architecture, kind.architectures);
    }
    if !kind.virtualization.has(&image.virtualization) {
        let words = format!(
            "Non-Windows and Windows instances with a virtualization type of '{}' are not supported for the instance type '{name}'.",
            image.virtualization
        );
        return Err(ApiError::new("InvalidParameterCombination", words));
    }
    if !kind.root_devices.has(image.root_kind) {
        return unfit("root device type", image.root_kind, kind.root_devices);
    }
    if kind.ena == "required" && !image.ena {
        let words = format!(
            "Enhanced networking with the Elastic Network Adapter (ENA) is required for the '{name}' instance type."
        );
        return Err(ApiError::combination(words));
    }
    Ok(kind)
}

fn key(call: &Call<'_>) -> Result<Option<String>, ApiError> {
    let Some(name) = call.params.text("KeyName").filter(|name| !name.is_empty()) else { return Ok(None) };
    match call.region().keys.get(name).filter(|k| call.world.sees(Some(k.born))) {
        Some(key) => Ok(Some(key.name.clone())),
        None => Err(keys::no_key(name)),
    }
}

/// Where an instance comes to lie.
struct Place {
    subnet: Subnet,
    groups: Vec<String>,
    public_ip: bool,
    /// Whether it gets an IPv6 address.
    six: bool,
}

/// Subnet, groups and address, of the instance itself or of its interface.
fn place(call: &Call<'_>) -> Result<Place, ApiError> {
    let (p, region) = (call.params, call.region());
    let interfaces = p.groups("NetworkInterface");
    let (mut subnet, mut groups) = (p.owned("SubnetId"), list(call, "SecurityGroupId"));
    let names = list(call, "SecurityGroup");
    let mut public_ip = None;
    let mut six: Option<u32> = p.number("Ipv6AddressCount")?;
    if let [first, ..] = &interfaces[..] {
        if interfaces.len() > 1 {
            return Err(ApiError::new("Unsupported", "A rehearsed instance has one network interface"));
        }
        if subnet.is_some() || !groups.is_empty() || !names.is_empty() {
            let words = "Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request";
            return Err(ApiError::combination(words));
        }
        let name = |end: &str| format!("{first}.{end}");
        if p.number::<u32>(&name("DeviceIndex"))? != Some(0) {
            return Err(ApiError::invalid_value(
                "deviceIndex",
                "",
                "The first network interface has the device index 0.",
            ));
        }
        if p.flag(&name("DeleteOnTermination"))? == Some(false) {
            return Err(ApiError::new("Unsupported", "A rehearsed network interface ends with its instance"));
        }
        subnet = p.owned(&name("SubnetId"));
        groups = list(call, &name("SecurityGroupId"));
        public_ip = p.flag(&name("AssociatePublicIpAddress"))?;
        six = p.number(&name("Ipv6AddressCount"))?.or(six);
    }
    let zone = p.text("Placement.AvailabilityZone").filter(|zone| !zone.is_empty());
    if let Some(zone) = zone.filter(|zone| !region.zones().iter().any(|z| z == zone)) {
        return Err(ApiError::new("InvalidParameterValue", format!("Invalid availability zone: [{zone}]")));
    }
    let in_zone = |s: &&Subnet| zone.is_none_or(|zone| s.zone == zone);
    let found = match subnet.filter(|id| !id.is_empty()) {
        Some(id) => {
            let subnet = region.subnets.iter().find(|s| s.id == id).ok_or_else(|| no_subnet(&id))?;
            if !in_zone(&subnet) {
                let words =
                    format!("The availability zone '{}' does not match the subnet '{id}'", zone.unwrap_or_default());
                return Err(ApiError::new("InvalidParameterValue", words));
            }
            Some(subnet)
        }
        None => region.default_subnets().find(in_zone),
    };
    let subnet = found.ok_or_else(|| ApiError::new("MissingInput", "No subnets found for the default VPC"))?.clone();
    for name in names {
        let group = region.groups.values().find(|g| g.vpc == region.vpc && g.name == name && call.world.sees(g.born));
        let missing = || ApiError::new("InvalidGroup.NotFound", format!("The security group '{name}' does not exist"));
        groups.push(group.ok_or_else(missing)?.id.clone());
    }
    if let Some(id) = groups.iter().find(|id| !region.groups.get(id).is_some_and(|g| call.world.sees(g.born))) {
        return Err(no_group(id));
    }
    if groups.is_empty() {
        let own = region.groups.values().find(|g| g.vpc == subnet.vpc && g.name == "default");
        groups.extend(own.map(|g| g.id.clone()));
    }
    if let Some(id) = groups.iter().find(|id| region.groups.get(id).is_some_and(|g| g.vpc != subnet.vpc)) {
        let words = format!("Security group {id} and subnet {} belong to different networks.", subnet.id);
        return Err(ApiError::new("InvalidParameter", words));
    }
    if six.is_some_and(|count| count > 0) && subnet.ipv6.is_none() {
        let words = format!("The subnet '{}' has no IPv6 CIDR block.", subnet.id);
        return Err(ApiError::new("InvalidParameterValue", words));
    }
    let six = six.map_or(subnet.assigns_ipv6, |count| count > 0);
    Ok(Place { public_ip: public_ip.unwrap_or(subnet.public), subnet, groups, six })
}

fn list(call: &Call<'_>, name: &str) -> Vec<String> {
    call.params.list(name).into_iter().map(str::to_string).collect()
}

/// All that the instances of the call have in common.
fn template(
    call: &Call<'_>,
    image: &Image,
    kind: &InstanceType<'_>,
    key: Option<String>,
    place: &Place,
) -> Result<Instance, ApiError> {
    let p = call.params;
    let on_off = ["enabled", "disabled"];
    let hops = p.number("MetadataOptions.HttpPutResponseHopLimit")?.unwrap_or(1);
    if !(1..=64).contains(&hops) {
        return Err(ApiError::invalid_value("HttpPutResponseHopLimit", hops, "Expecting a value between 1 and 64."));
    }
    let metadata = Metadata {
        endpoint: p.word("MetadataOptions.HttpEndpoint", &on_off)?.unwrap_or("enabled").to_string(),
        tokens: match p.word("MetadataOptions.HttpTokens", &["optional", "required"])? {
            Some(word) => word.to_string(),
            None if image.imds.as_deref() == Some("v2.0") => "required".to_string(),
            None => "optional".to_string(),
        },
        hops,
        tags: p.word("MetadataOptions.InstanceMetadataTags", &on_off)?.unwrap_or("disabled").to_string(),
    };
    // Packer sends an empty name where it wants none.
    let named = |parameter: &str| p.text(parameter).filter(|text| !text.is_empty());
    let profile = match (named("IamInstanceProfile.Name"), named("IamInstanceProfile.Arn")) {
        (Some(_), Some(_)) => return Err(ApiError::combination("An instance profile has a name or an ARN, not both")),
        (Some(name), None) => {
            let profile = call.world.usable_profile(name).ok_or_else(|| no_profile("name", name))?;
            Some(arn(call.scope.region.partition, "instance-profile", &profile.path, name))
        }
        (None, Some(arn)) => {
            let name = arn.rsplit('/').next().unwrap_or_default();
            call.world.usable_profile(name).ok_or_else(|| no_profile("arn", arn))?;
            Some(arn.to_string())
        }
        (None, None) => None,
    };
    let user_data = p.owned("UserData");
    if let Some(text) = &user_data {
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::STANDARD.decode(text);
        let bytes =
            bytes.map_err(|_| ApiError::new("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data."))?;
        if bytes.len() > 16_384 {
            return Err(ApiError::new("InvalidParameterValue", "User data is limited to 16384 bytes"));
        }
    }
    let ebs_optimized = p.flag("EbsOptimized")?.unwrap_or(false);
    if ebs_optimized && kind.ebs_optimized == "unsupported" {
        let words = format!("EBS-optimized instances are not supported for the instance type '{}'.", kind.name);
        return Err(ApiError::new("Unsupported", words));
    }
    let enclave = p.flag("EnclaveOptions.Enabled")?.unwrap_or(false);
    if enclave && !kind.nitro_enclaves {
        return Err(ApiError::combination(format!(
            "The instance type '{}' does not support Nitro Enclaves.",
            kind.name
        )));
    }
    let host = p.owned("Placement.HostId");
    let tenancy = p.word("Placement.Tenancy", &["default", "dedicated", "host"])?.unwrap_or("default").to_string();
    if host.is_some() && tenancy != "host" {
        return Err(ApiError::combination("A host id needs the tenancy 'host'"));
    }
    // Hosts, reservations, licences and groups of them are not rehearsed: whoever names one has it.
    let host_group = p.owned("Placement.HostResourceGroupArn");
    let licences = p.groups("LicenseSpecification");
    let licences = licences.iter().map(|group| p.required(&format!("{group}.LicenseConfigurationArn")));
    let licenses: Vec<String> = licences.map(|arn| arn.map(str::to_string)).collect::<Result<_, _>>()?;
    let reservation = "CapacityReservationSpecification";
    let preference = p.word(&format!("{reservation}.CapacityReservationPreference"), &["open", "none"])?;
    let target = format!("{reservation}.CapacityReservationTarget");
    let reserved = (
        p.owned(&format!("{target}.CapacityReservationId")),
        p.owned(&format!("{target}.CapacityReservationResourceGroupArn")),
    );
    if reserved.0.as_ref().is_some_and(|id| !id.starts_with("cr-")) || (reserved.0.is_some() && reserved.1.is_some()) {
        return Err(ApiError::new(
            "InvalidCapacityReservationId.Malformed",
            "A reservation has an id, or is of a group",
        ));
    }
    if preference.is_some() && (reserved.0.is_some() || reserved.1.is_some()) {
        return Err(ApiError::combination("A capacity reservation is preferred or chosen, not both"));
    }
    let credits = p.word("CreditSpecification.CpuCredits", &["standard", "unlimited"])?.map(str::to_string);
    if credits.is_some() && !kind.name.starts_with('t') {
        let words = format!("The instance type '{}' has no CPU credits.", kind.name);
        return Err(ApiError::new("InvalidParameterCombination", words));
    }
    let shutdown = p.word("InstanceInitiatedShutdownBehavior", &["stop", "terminate"])?.unwrap_or("stop").to_string();
    Ok(Instance {
        id: String::new(),
        reservation: String::new(),
        index: 0,
        born: call.now(),
        launched: call.now(),
        image: image.id.clone(),
        kind: kind.name.to_string(),
        architecture: image.architecture.clone(),
        virtualization: image.virtualization.clone(),
        root_device: image.root_device.clone(),
        root_kind: image.root_kind,
        key,
        groups: place.groups.clone(),
        vpc: place.subnet.vpc.clone(),
        subnet: place.subnet.id.clone(),
        zone: place.subnet.zone.clone(),
        interface: String::new(),
        private_ip: String::new(),
        wants_public_ip: place.public_ip,
        public_ip: None,
        state: State::Pending,
        next: None,
        reason: None,
        transition: String::new(),
        devices: Vec::new(),
        user_data,
        token: p.owned("ClientToken").unwrap_or_default(),
        shutdown,
        metadata,
        ebs_optimized,
        ena: image.ena,
        sriov: image.sriov,
        profile,
        tenancy,
        host,
        host_group,
        licenses,
        reserved,
        ipv6: None,
        spot: None,
        monitoring: p.flag("Monitoring.Enabled")?.unwrap_or(false),
        credits,
        enclave,
        reservation_preference: preference.unwrap_or("open").to_string(),
        protected: p.flag("DisableApiTermination")?.unwrap_or(false),
        stop_protected: p.flag("DisableApiStop")?.unwrap_or(false),
        source_dest_check: true,
        vcpus: kind.vcpus,
        up: None,
        cuts: 0,
        files: Files::default(),
    })
}

fn no_profile(what: &str, value: &str) -> ApiError {
    let words = format!(
        "Value ({value}) for parameter iamInstanceProfile.{what} is invalid. Invalid IAM Instance Profile {what}"
    );
    ApiError::new("InvalidParameterValue", words)
}

/// Whether it is of the spot market.
fn spot(call: &Call<'_>) -> Result<bool, ApiError> {
    let p = call.params;
    let is_spot = p.word("InstanceMarketOptions.MarketType", &["spot"])?.is_some();
    let price: Option<f64> = p.number("InstanceMarketOptions.SpotOptions.MaxPrice")?;
    if price.is_some_and(|price| price <= 0.0 || !price.is_finite()) {
        return Err(ApiError::invalid_value("price", price.unwrap_or_default(), "A price is above zero."));
    }
    let kind = p.word("InstanceMarketOptions.SpotOptions.SpotInstanceType", &["one-time", "persistent"])?;
    if kind == Some("persistent") {
        return Err(ApiError::new("Unsupported", "A rehearsed spot request is made for one time"));
    }
    Ok(is_spot)
}

/// How many instances fit; an error where these are less than the least.
fn room(call: &Call<'_>, vcpus: u32, least: usize) -> Result<usize, ApiError> {
    let quota = call.world.rules.quotas.vcpus;
    let used: u32 = call.region().instances.values().filter(|i| i.runs()).map(|i| i.vcpus).sum();
    let room = (quota.saturating_sub(used) / vcpus.max(1)) as usize;
    if room < least {
        let words = format!("You have requested more vCPU capacity than your current vCPU limit of {quota} allows.");
        return Err(ApiError::new("VcpuLimitExceeded", words));
    }
    Ok(room)
}

fn volumes(
    call: &mut Call<'_>,
    instance: &str,
    mappings: &[Mapping],
    zone: &str,
    tags: &crate::rehearse::world::tags::TagMap,
) -> Vec<Device> {
    let mut devices = Vec::new();
    for mapping in mappings {
        let MappingSource::Ebs(ebs) = &mapping.source else { continue };
        let id = call.world.id("vol");
        let since = call.now();
        let attached = Some(Attachment { instance: instance.to_string(), device: mapping.device.clone(), since });
        let volume = Volume { id: id.clone(), born: since, zone: zone.to_string(), ebs: ebs.clone(), attached };
        devices.push(Device { name: mapping.device.clone(), volume: id.clone(), delete: ebs.delete });
        call.region_mut().volumes.insert(id.clone(), volume);
        call.tag(&id, tags.clone());
    }
    devices
}

/// What the image's root snapshot holds.
fn root_files(call: &Call<'_>, image: &Image, mappings: &[Mapping]) -> Files {
    let root = mappings.iter().find(|m| m.device == image.root_device).map(|m| &m.source);
    let snapshot = match root {
        Some(MappingSource::Ebs(ebs)) => ebs.snapshot.as_ref().and_then(|id| call.region().snapshots.get(id)),
        _ => None,
    };
    snapshot.map(|snapshot| snapshot.files.copy()).unwrap_or_default()
}
