//! RunInstances.

use super::block_devices::{self, DEVICES};
use super::describe_instances::reservations;
use super::network::no_subnet;
use super::{Action, Answer, Call, ec2, keys, no_group, types};
use crate::facts::InstanceType;
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::DRY_RUN;
use crate::rehearse::world::files::Files;
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
    "PrivateIpAddress",
    "NetworkInterface.N.DeviceIndex",
    "NetworkInterface.N.SubnetId",
    "NetworkInterface.N.AssociatePublicIpAddress",
    "NetworkInterface.N.DeleteOnTermination",
    "NetworkInterface.N.SecurityGroupId.N",
    "MetadataOptions.HttpEndpoint",
    "MetadataOptions.HttpTokens",
    "MetadataOptions.HttpPutResponseHopLimit",
    "MetadataOptions.InstanceMetadataTags",
    "CreditSpecification.CpuCredits",
    "EnclaveOptions.Enabled",
    "CapacityReservationSpecification.CapacityReservationPreference",
    "TagSpecification.N.ResourceType",
    "TagSpecification.N.Tag.N.Key",
    "TagSpecification.N.Tag.N.Value",
];

const TAGGED: &[&str] = &["instance", "volume", "network-interface"];

fn run_instances(call: &mut Call<'_>) -> Answer {
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
    let room = room(call, kind.vcpus, least)?;
    let reservation = call.world.id("r");
    for index in 0..most.min(room) {
        let id = call.world.id("i");
        let digits = call.world.digits();
        let octet = |at: usize| u32::from_str_radix(&digits[at..at + 2], 16).unwrap_or(9);
        let private_ip = match p.owned("PrivateIpAddress") {
            Some(ip) => ip,
            None => format!("172.31.{}.{}", place.subnet.net as u32 + octet(0) % 16, 4 + octet(2) % 250),
        };
        let mut instance = Instance {
            id: id.clone(),
            reservation: reservation.clone(),
            index,
            interface: call.world.id("eni"),
            private_ip,
            devices: volumes(call, &id, &mappings, &place.subnet.zone, &volume_tags),
            files: root_files(call, &image, &mappings),
            ..template.clone()
        };
        instance.start(call.now(), call.world.rules.delays.start);
        if call.strikes.launch_fails {
            let at = call.now().after(call.world.rules.delays.start);
            instance.next = Some((at, State::Terminated));
            instance.reason = Some(Reason {
                code: "Server.InternalError".to_string(),
                message: "Server.InternalError: Internal error on launch".to_string(),
            });
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
}

/// Subnet, groups and address, of the instance itself or of its interface.
fn place(call: &Call<'_>) -> Result<Place, ApiError> {
    let (p, region) = (call.params, call.region());
    let interfaces = p.groups("NetworkInterface");
    let (mut subnet, mut groups) = (p.owned("SubnetId"), list(call, "SecurityGroupId"));
    let names = list(call, "SecurityGroup");
    let mut public_ip = true;
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
        public_ip = p.flag(&name("AssociatePublicIpAddress"))?.unwrap_or(true);
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
        None => region.subnets.iter().find(in_zone),
    };
    let subnet = found.ok_or_else(|| ApiError::new("MissingInput", "No subnets found for the default VPC"))?.clone();
    for name in names {
        let group = region.groups.values().find(|g| g.name == name && call.world.sees(g.born));
        let missing = || ApiError::new("InvalidGroup.NotFound", format!("The security group '{name}' does not exist"));
        groups.push(group.ok_or_else(missing)?.id.clone());
    }
    if let Some(id) = groups.iter().find(|id| !region.groups.get(*id).is_some_and(|g| call.world.sees(g.born))) {
        return Err(no_group(id));
    }
    if groups.is_empty() {
        groups.extend(region.groups.values().find(|g| g.name == "default").map(|g| g.id.clone()));
    }
    Ok(Place { subnet, groups, public_ip })
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
    let profile = match (p.text("IamInstanceProfile.Name"), p.text("IamInstanceProfile.Arn")) {
        (Some(_), Some(_)) => return Err(ApiError::combination("An instance profile has a name or an ARN, not both")),
        (Some(name), None) => {
            let partition = call.scope.region.partition;
            Some(format!("arn:{partition}:iam::{}:instance-profile/{name}", crate::rehearse::world::ACCOUNT))
        }
        (None, arn) => arn.map(str::to_string),
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
    let preference = p.word("CapacityReservationSpecification.CapacityReservationPreference", &["open", "none"])?;
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

/// How many instances fit; an error where these are less than the least.
fn room(call: &Call<'_>, vcpus: u32, least: usize) -> Result<usize, ApiError> {
    if call.strikes.capacity {
        let words = "We currently do not have sufficient capacity in the Availability Zone you requested.";
        return Err(ApiError::new("InsufficientInstanceCapacity", words).status(500));
    }
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
