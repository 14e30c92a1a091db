//! The machine: launched by a token, waited for, stopped, terminated.

use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::HttpTokensState;
use aws_sdk_ec2::types::{
    BlockDeviceMapping, CreditSpecificationRequest, EbsBlockDevice, IamInstanceProfileSpecification, Instance as Found,
    InstanceMetadataEndpointState, InstanceMetadataOptionsRequest, InstanceMetadataTagsState,
    InstanceNetworkInterfaceSpecification, InstanceType, Placement, ResourceType, ShutdownBehavior, TagSpecification,
    VolumeType,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Cx, Failure, Look, Step};
use crate::facts::Facts;
use crate::run::aws::fault::{CallError, Fault};
use crate::run::aws::gather::together;
use crate::run::aws::wait::{self, Instance, filter};
use crate::run::aws::{Region, Repeat};
use crate::run::build::{Device, Launch, Network, digest};
use crate::run::event::What;
use crate::run::problem::Problem;

/// How long an instance may take to run, to stop or to end, in AWS's time.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// How often an instance is asked for whose key pair or group cannot be seen, with two seconds between.
const TRIES: u32 = 30;

/// How long an instance that was told to end is not to be seen until it counts as ended, in AWS's time.
const FORGOTTEN: Duration = Duration::from_secs(120);

/// Launches an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaunchInstance {
    /// The source image.
    pub image: String,
    /// What kind of machine.
    pub launch: Launch,
    /// Where in the network.
    pub network: Network,
    /// Its security groups.
    pub groups: Vec<String>,
    /// Its key pair.
    pub key: Option<String>,
    /// By which the same call has no second effect.
    pub token: String,
    /// The lease at first.
    pub lease: String,
    /// Whether a volume outlives it.
    #[serde(default)]
    pub outlived: bool,
}

impl Step for LaunchInstance {
    const NAME: &'static str = "launch";
    /// Its id.
    type Out = String;

    fn about(&self) -> String {
        format!("launching a {} from {}", self.launch.instance_type, self.image)
    }

    fn told(out: &String) -> String {
        out.clone()
    }

    async fn act(&self, cx: &Cx) -> Result<String, Failure> {
        for tries in (0..TRIES).rev() {
            // The token makes the second call harmless.
            let tags = |resource, own: &[_]| cx.tagged_until(resource, Self::NAME, own, &self.lease);
            let ask = || self.request(&cx.region, tags).send();
            match cx.region.call("RunInstances", Repeat::Always, ask).await {
                Ok(answer) => {
                    return Ok(answer.instances().first().and_then(|i| i.instance_id()).unwrap_or_default().to_owned());
                }
                // What was just made may not be visible yet.
                Err(error)
                    if tries > 0
                        && matches!(error.code.as_str(), "InvalidGroup.NotFound" | "InvalidKeyPair.NotFound") =>
                {
                    cx.region.sleep(Duration::from_secs(2)).await;
                }
                Err(error) => return Err(error.failure("run::launch")),
            }
        }
        Err(Problem::failed("run::launch", "the key pair or the security group cannot be seen").into())
    }

    fn restored(mut self, given: &Self) -> Result<Self, Problem> {
        if self.launch.user_data != given.launch.user_data.as_deref().map(digest) {
            return Err(Problem::failed("run::launch", "`user_data` is not what it was when the launch was begun")
                .help("undo the run by `bakec clean`, and run anew"));
        }
        self.launch.user_data.clone_from(&given.launch.user_data);
        Ok(self)
    }

    async fn find(&self, cx: &Cx) -> Result<Look<String>, Problem> {
        let ask = || cx.region.ec2.describe_instances().set_filters(Some(cx.made_by(Self::NAME))).send();
        let answer =
            cx.region.call("DescribeInstances", Repeat::Always, ask).await.map_err(|e| e.problem("run::launch"))?;
        let found: Vec<_> = answer.reservations().iter().flat_map(|r| r.instances()).collect();
        let alive = |i: &&&Found| i.state().and_then(|s| s.name()).is_none_or(|n| n.as_str() != "terminated");
        let found = found.iter().find(alive).or(found.first()).and_then(|i| i.instance_id());
        Ok(found.map_or(Look::Nothing, |id| Look::There(id.to_owned())))
    }

    async fn undo(&self, cx: &Cx, id: &String) -> Result<String, Problem> {
        loop {
            let end = |region: Arc<Region>, ids: Vec<String>| async move {
                let ask = || region.ec2.terminate_instances().set_instance_ids(Some(ids.clone())).send();
                region.call("TerminateInstances", Repeat::Always, ask).await.map(drop)
            };
            match together(&cx.region, |r| &r.ends, vec![id.clone()], end).await {
                Ok(()) => break,
                Err(error) if error.fault == Fault::NotFound && !cx.is_young() => {
                    return Ok(format!("instance {id} is gone"));
                }
                Err(error) if error.fault == Fault::NotFound && cx.cancel.is_forced() => {
                    return Err(cx.unconfirmed(&format!("instance {id}")));
                }
                Err(error) if error.fault == Fault::NotFound => cx.age().await,
                Err(error) => return Err(error.problem("run::launch")),
            }
        }
        tokio::select! {
            outcome = terminated(&cx.region, id) => outcome?,
            // It goes by itself; what it used is asked for all the same.
            () = cx.cancel.forced() => return Err(cx.unconfirmed(&format!("instance {id}"))),
        }
        self.volumes(cx).await?;
        Ok(format!("instance {id} terminated"))
    }
}

/// Waits until an instance is gone: what it used can go only then.
///
/// # Errors
/// Where it does not end.
pub async fn terminated(region: &Arc<Region>, id: &str) -> Result<(), Problem> {
    let unseen: Mutex<Option<Instant>> = Mutex::default();
    let unseen_since = || *unseen.lock().unwrap_or_else(PoisonError::into_inner);
    let gone = wait::until(region, id, |seen: Option<&Instance>| {
        let mut since = unseen.lock().unwrap_or_else(PoisonError::into_inner);
        *since = if seen.is_none() { since.or_else(|| Some(Instant::now())) } else { None };
        (seen?.state == "terminated").then_some(())
    });
    let end = Instant::now() + region.local(PATIENCE);
    tokio::pin!(gone);
    loop {
        match tokio::time::timeout(region.local(FORGOTTEN) / 8, &mut gone).await {
            Ok(outcome) => return outcome.map_err(|error| error.problem("run::launch")),
            // EC2 forgets what has ended; it took the call to end it, so it knew of it.
            Err(_) if unseen_since().is_some_and(|since| since.elapsed() >= region.local(FORGOTTEN)) => return Ok(()),
            Err(_) if Instant::now() >= end => {
                return Err(Problem::left("run::launch", format!("the instance {id} does not end")));
            }
            Err(_) => {}
        }
    }
}

impl LaunchInstance {
    /// Deletes volumes that outlive the instance. Packer deletes those of the source image, and leaves those that the plan names.
    async fn volumes(&self, cx: &Cx) -> Result<(), Problem> {
        let packers = cx.run.packer_defaults && !self.launch.devices.is_empty();
        if packers || !self.outlived {
            return Ok(());
        }
        let problem = |error: CallError| error.problem("run::launch");
        let ask = || {
            let mut filters = cx.made_by(Self::NAME);
            filters.push(filter("status", ["available"]));
            cx.region.ec2.describe_volumes().set_filters(Some(filters)).send()
        };
        let answer = cx.region.call("DescribeVolumes", Repeat::Always, ask).await.map_err(problem)?;
        for id in answer.volumes().iter().filter_map(|v| v.volume_id()) {
            delete_volume(&cx.region, id).await.map_err(problem)?;
        }
        Ok(())
    }

    /// The call, with the tags that things get; without a token it is no more than a question.
    pub fn request(
        &self,
        region: &Region,
        tags: impl Fn(ResourceType, &[(String, String)]) -> TagSpecification,
    ) -> RunInstancesFluentBuilder {
        let launch = &self.launch;
        let mut volume_tags = launch.tags.clone();
        volume_tags.retain(|(name, _)| !launch.volume_tags.iter().any(|(n, _)| n == name));
        volume_tags.extend(launch.volume_tags.iter().cloned());
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
            .tag_specifications(tags(ResourceType::Volume, &volume_tags))
            .tag_specifications(tags(ResourceType::NetworkInterface, &launch.tags));
        if launch.ebs_optimized {
            call = call.ebs_optimized(true);
        }
        if let Some(zone) = &launch.availability_zone {
            call = call.placement(Placement::builder().availability_zone(zone).build());
        }
        if let Some(data) = &launch.user_data {
            call = call.user_data(data);
        }
        if let Some(profile) = &launch.iam_instance_profile {
            call = call.iam_instance_profile(IamInstanceProfileSpecification::builder().name(profile).build());
        }
        if let Some(behaviour) = &launch.shutdown_behavior {
            call = call.instance_initiated_shutdown_behavior(ShutdownBehavior::from(behaviour.as_str()));
        }
        if launch.enable_t2_unlimited {
            call = call.credit_specification(CreditSpecificationRequest::builder().cpu_credits("unlimited").build());
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
        for device in &launch.devices {
            call = call.block_device_mappings(mapping(device));
        }
        match self.network.public_address {
            // Only an interface of its own says whether it has a public address.
            Some(public) => {
                let interface = InstanceNetworkInterfaceSpecification::builder()
                    .device_index(0)
                    .associate_public_ip_address(public)
                    .set_subnet_id(self.network.subnet.clone())
                    .set_groups(Some(self.groups.clone()))
                    .delete_on_termination(true);
                call.network_interfaces(interface.build())
            }
            None => call
                .set_subnet_id(self.network.subnet.clone())
                .set_security_group_ids((!self.groups.is_empty()).then(|| self.groups.clone())),
        }
    }
}

/// Deletes a volume that nothing uses.
///
/// # Errors
/// What EC2 says.
pub async fn delete_volume(region: &Region, id: &str) -> Result<(), CallError> {
    let ask = || region.ec2.delete_volume().volume_id(id).send();
    match region.call("DeleteVolume", Repeat::Always, ask).await {
        Err(error) if error.fault != Fault::NotFound => Err(error),
        _ => Ok(()),
    }
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

/// Waits until an instance runs.
///
/// # Errors
/// Where it ends instead, with the reason that EC2 gives.
pub async fn running(cx: &Cx, id: &str) -> Result<Instance, Problem> {
    let events = cx.events.clone();
    let wait = wait::until(&cx.region, id, move |seen: Option<&Instance>| {
        let instance = seen?;
        match instance.state.as_str() {
            "running" => Some(Ok(instance.clone())),
            "pending" => {
                events.tell(What::Waiting { text: "the instance is pending".to_owned() });
                None
            }
            state => {
                let why = instance.reason.clone().unwrap_or_else(|| "EC2 gives no reason".to_owned());
                Some(Err(Problem::failed(
                    "run::launch",
                    format!("the instance {} instead of running: {why}", ended(state)),
                )))
            }
        }
    });
    waited(cx, "the instance does not run", wait).await?
}

fn ended(state: &str) -> &'static str {
    match state {
        "stopping" | "stopped" => "stopped",
        _ => "ended",
    }
}

/// Waits for something with patience, and not when the build is to end.
///
/// # Errors
/// Where it takes too long, or the build is cancelled.
pub async fn waited<O>(
    cx: &Cx,
    words: &str,
    wait: impl Future<Output = Result<O, crate::run::aws::fault::CallError>>,
) -> Result<O, Problem> {
    tokio::select! {
        outcome = tokio::time::timeout(cx.region.local(PATIENCE), wait) => match outcome {
            Ok(outcome) => outcome.map_err(|error| error.problem("run::wait")),
            Err(_) => Err(Problem::failed("run::wait", format!("{words} after {} minutes", PATIENCE.as_secs() / 60))),
        },
        () = cx.cancel.cancelled() => Err(Problem::cancelled()),
    }
}

/// Stops the instance, and waits until it has stopped.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StopInstance {
    /// The instance.
    pub id: String,
    /// Whether it stops by what is done on it, and is only waited for.
    #[serde(default)]
    pub by_itself: bool,
}

impl Step for StopInstance {
    const NAME: &'static str = "stop";
    const AGAIN: bool = true;
    type Out = ();

    fn about(&self) -> String {
        if self.by_itself { format!("waiting until {} has stopped", self.id) } else { format!("stopping {}", self.id) }
    }

    fn told((): &()) -> String {
        "stopped".to_owned()
    }

    async fn act(&self, cx: &Cx) -> Result<(), Failure> {
        let stop = |region: Arc<Region>, ids: Vec<String>| async move {
            let ask = || region.ec2.stop_instances().set_instance_ids(Some(ids.clone())).send();
            region.call("StopInstances", Repeat::Always, ask).await.map(drop)
        };
        if !self.by_itself {
            let asked = together(&cx.region, |r| &r.stops, vec![self.id.clone()], stop).await;
            asked.map_err(|e| e.failure("run::stop"))?;
        }
        let stopped = wait::until(&cx.region, &self.id, |seen: Option<&Instance>| match seen?.state.as_str() {
            "stopped" => Some(Ok(())),
            "terminated" | "shutting-down" => {
                Some(Err(Problem::failed("run::stop", "the instance ended instead of stopping")))
            }
            _ => None,
        });
        let help = "it is to stop itself, for the plan says `disable_stop_instance`: end its last provisioner by `shutdown -h`";
        let outcome = waited(cx, "the instance does not stop", stopped).await;
        Ok(outcome.map_err(|problem| if self.by_itself { problem.help(help) } else { problem })??)
    }
}

/// What an instance has written on its console. One of the Nitro system tells it at once, others minutes after their start.
pub async fn console(cx: &Cx, id: &str) -> Option<String> {
    let launch = cx.known(LaunchInstance::NAME, "")?;
    let kind = launch.data["launch"]["instance_type"].as_str().unwrap_or_default();
    let latest = Facts::builtin().instance_type(kind).is_some_and(|t| t.hypervisor == "nitro").then_some(true);
    let ask = || cx.region.ec2.get_console_output().instance_id(id).set_latest(latest).send();
    let answer = cx.region.call("GetConsoleOutput", Repeat::Always, ask).await.ok()?;
    let bytes = STANDARD.decode(answer.output()?.trim()).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
