//! A machine of the spot market: a launch template, a fleet of one that launches it, and the instance, which `launch` holds from then on.
//!
//! A fleet may choose among types; a place that has none of them to give is followed by the next. In reading order: `template` says what
//! the machine is, this asks for it.

mod template;

use aws_sdk_ec2::types::{
    DefaultTargetCapacityType, FleetLaunchTemplateConfigRequest, FleetLaunchTemplateOverridesRequest,
    FleetLaunchTemplateSpecificationRequest, FleetType, InstanceType, ResourceType, SpotAllocationStrategy,
    SpotOptionsRequest, TargetCapacitySpecificationRequest,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub use self::template::MakeTemplate;
use super::launch::{LaunchInstance, find_instance, is_lack, is_profile, is_unseen, lacking, nth};
use super::{Cx, Failure, Look, Step};
use crate::diagnostic::code;
use crate::run::aws::fault::{CallError, Fault};
use crate::run::aws::{Region, Repeat};
use crate::run::build::launch::Spot;
use crate::run::journal::fold::State;
use crate::run::problem::Problem;

/// How often a fleet is asked for whose template, key pair or group cannot be seen, with two seconds between.
const TRIES: u32 = 30;

/// Asks for a fleet of one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestFleet {
    /// The launch template.
    pub template: String,
    /// The types that will do.
    pub types: Vec<String>,
    /// The subnet, and the zone where none is named.
    pub place: (Option<String>, Option<String>),
    /// What is bid.
    pub spot: Spot,
    /// By which the same call has no second effect.
    pub token: String,
    /// The lease at first.
    pub lease: String,
    /// How many were asked for before it, and had nothing to give.
    pub nth: usize,
    /// Whether a volume outlives the machine.
    pub outlived: bool,
    /// Whether the plan names devices.
    pub own_devices: bool,
}

/// What a fleet has launched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Launched {
    /// The fleet; not known where its answer was lost and EC2 does not say it.
    pub fleet: Option<String>,
    /// The instance.
    pub id: String,
}

impl Step for RequestFleet {
    const NAME: &'static str = "fleet";
    type Out = Launched;

    fn of(&self) -> String {
        nth(self.nth)
    }

    fn about(&self) -> String {
        let place = match &self.place {
            (Some(subnet), _) if self.nth > 0 => format!(" in {subnet}"),
            _ => String::new(),
        };
        format!("asking for a spot instance, a {}{place}", self.types.join(" or "))
    }

    fn told(out: &Launched) -> String {
        match &out.fleet {
            Some(fleet) => format!("{fleet} with {}", out.id),
            None => out.id.clone(),
        }
    }

    async fn act(&self, cx: &Cx) -> Result<Launched, Failure> {
        let mut tried = false;
        for tries in (0..TRIES).rev() {
            // A fleet that launched nothing is its token's for good: the next has another.
            let token = format!("{}-{tries}", &self.token[..self.token.len().min(60)]);
            let ask = || self.request(cx, &token).send();
            let answer = match cx.region.call("CreateFleet", Repeat::Always, ask).await {
                Ok(answer) => answer,
                // What was just made may not be visible yet.
                Err(error) if (error.fault == Fault::NotFound || is_profile(&error)) && tries > 0 => {
                    tried |= error.tried;
                    cx.region.sleep(Duration::from_secs(2)).await;
                    continue;
                }
                Err(error) => return Err(lacking(CallError { tried: tried || error.tried, ..error })),
            };
            let fleet = answer.fleet_id().map(str::to_owned);
            if let Some(id) = answer.instances().iter().flat_map(|i| i.instance_ids()).next() {
                return Ok(Launched { fleet, id: id.clone() });
            }
            // It holds nothing, and goes at once.
            if let Some(fleet) = &fleet {
                delete_fleet(&cx.region, fleet).await.map_err(|e| e.failure(code::RUN_LAUNCH))?;
            }
            let errors = answer.errors().iter().map(|e| {
                let (code, message) = (e.error_code().unwrap_or_default(), e.error_message().unwrap_or_default());
                let fault = Fault::of_code(code, None);
                let message = message.trim_end_matches('.').to_owned();
                CallError {
                    fault,
                    action: "CreateFleet",
                    region: cx.region.name.clone(),
                    code: code.to_owned(),
                    message,
                    reason: None,
                    tried,
                }
            });
            let mut errors: Vec<CallError> = errors.collect();
            if tries > 0 && errors.iter().any(|e| is_unseen(&e.code) || is_profile(e)) {
                cx.region.sleep(Duration::from_secs(2)).await;
                continue;
            }
            // What is no matter of capacity would not be better elsewhere.
            errors.sort_by_key(is_lack);
            let failed = errors.into_iter().next().map(lacking);
            return Err(failed.unwrap_or_else(|| {
                Problem::failed(code::RUN_CAPACITY, "the fleet has launched no instance, and says not why").into()
            }));
        }
        Err(Problem::failed(code::RUN_LAUNCH, "the launch template, the key pair or the security group cannot be seen")
            .into())
    }

    async fn find(&self, cx: &Cx) -> Result<Look<Launched>, Problem> {
        // Those of the fleets before it have the same tags.
        let others = cx.run.journal.look(|record| {
            let steps = record.builds.get(&*cx.build).map_or(&[][..], |build| &build.steps);
            let done = steps.iter().filter_map(|s| match (s.step.as_str(), &s.state) {
                (Self::NAME, State::Done(result)) => result["id"].as_str(),
                // They are known whatever has become of them.
                (LaunchInstance::NAME, _) => s.data["of_fleet"].as_str(),
                _ => None,
            });
            done.map(str::to_owned).collect::<Vec<_>>()
        });
        let found = find_instance(cx, LaunchInstance::NAME, &others).await?;
        Ok(found.map_or(Look::Nothing, |(id, fleet)| Look::There(Launched { fleet, id })))
    }

    async fn undo(&self, cx: &Cx, out: &Launched) -> Result<String, Problem> {
        // Its instance goes with it, where nobody has ended it before.
        let held = LaunchInstance {
            image: String::new(),
            launch: Default::default(),
            network: Default::default(),
            groups: Vec::new(),
            key: None,
            token: String::new(),
            lease: String::new(),
            outlived: self.outlived && !(cx.run.packer_defaults && self.own_devices),
            new_ipv6: false,
            nth: 0,
            of_fleet: None,
        };
        match &out.fleet {
            Some(fleet) => {
                while !delete_fleet(&cx.region, fleet).await.map_err(|e| e.problem(code::RUN_LAUNCH))? && cx.is_young()
                {
                    if cx.cancel.is_forced() {
                        return Err(cx.unconfirmed(&format!("fleet {fleet}")));
                    }
                    cx.age().await;
                }
                // A fleet that EC2 does not know ends no machine.
                held.undo(cx, &out.id).await?;
                Ok(format!("fleet {fleet} deleted"))
            }
            None => held.undo(cx, &out.id).await,
        }
    }
}

impl RequestFleet {
    fn request(
        &self,
        cx: &Cx,
        token: &str,
    ) -> aws_sdk_ec2::operation::create_fleet::builders::CreateFleetFluentBuilder {
        let (subnet, zone) = &self.place;
        let in_order = self.spot.strategy.as_deref() == Some("capacity-optimized-prioritized");
        let overrides = self.types.iter().enumerate().map(|(index, kind)| {
            FleetLaunchTemplateOverridesRequest::builder()
                .instance_type(InstanceType::from(kind.as_str()))
                .set_subnet_id(subnet.clone())
                .set_availability_zone(zone.clone().filter(|_| subnet.is_none()))
                .set_priority(in_order.then_some(index as f64))
                .build()
        });
        let template = FleetLaunchTemplateSpecificationRequest::builder();
        let template = template.launch_template_id(&self.template).version("1").build();
        let config = FleetLaunchTemplateConfigRequest::builder().launch_template_specification(template);
        let target = TargetCapacitySpecificationRequest::builder().total_target_capacity(1);
        let strategy = self.spot.strategy.as_deref().map(SpotAllocationStrategy::from);
        let options = strategy.map(|s| SpotOptionsRequest::builder().allocation_strategy(s).build());
        let tags = cx.tagged_until(ResourceType::Fleet, Self::NAME, &self.spot.fleet_tags, &self.lease);
        cx.region
            .ec2
            .create_fleet()
            .client_token(token)
            .r#type(FleetType::Instant)
            .launch_template_configs(config.set_overrides(Some(overrides.collect())).build())
            .target_capacity_specification(target.default_target_capacity_type(DefaultTargetCapacityType::Spot).build())
            .set_spot_options(options)
            .tag_specifications(tags)
    }
}

/// Deletes a fleet with all that it has launched: whether EC2 knows it.
///
/// # Errors
/// What EC2 says.
pub async fn delete_fleet(region: &Region, id: &str) -> Result<bool, CallError> {
    let ask = || region.ec2.delete_fleets().fleet_ids(id).terminate_instances(true).send();
    let answer = match region.call("DeleteFleets", Repeat::Always, ask).await {
        // What is no AWS may stumble over a fleet whose instances have ended already.
        Err(error) if region.foreign && error.code == "InvalidParameterCombination" => return Ok(true),
        answer => answer?,
    };
    let Some(error) = answer.unsuccessful_fleet_deletions().iter().find_map(|d| d.error()) else { return Ok(true) };
    match error.code().map_or("", |c| c.as_str()) {
        "fleetIdDoesNotExist" => Ok(false),
        // It is being deleted, or was.
        "fleetNotInDeletableState" => Ok(true),
        code => {
            let message = error.message().unwrap_or_default().trim_end_matches('.').to_owned();
            Err(CallError {
                fault: Fault::Other,
                action: "DeleteFleets",
                region: region.name.clone(),
                code: code.to_owned(),
                message,
                reason: None,
                tried: false,
            })
        }
    }
}
