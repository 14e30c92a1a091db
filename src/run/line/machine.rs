//! The machine of a build, from its network to the moment it runs: on demand or of the spot market, of one type or place after another
//! where EC2 lacks it.
//!
//! Neighbours: `ebs` asks for it, `step::launch` and `step::fleet` get it.

use serde_json::Value as Json;

use crate::diagnostic::code;
use crate::run::aws::Repeat;
use crate::run::aws::wait::{Instance, filter};
use crate::run::build::{Build, Builder, Ebs, Launch, Network};
use crate::run::journal::fold::State;
use crate::run::pause::Answer;
use crate::run::problem::{Kind, Problem};
use crate::run::step::fleet::{MakeTemplate, RequestFleet};
use crate::run::step::launch::{LaunchInstance, nth, running};
use crate::run::step::network::{FindNetwork, Place, Wanted};
use crate::run::step::role::{AttachRole, MakeProfile, MakeRole, PREFIX, PutPolicy, known};
use crate::run::step::undo;
use crate::run::step::{Cx, Step};

/// How many machines of the spot market a build gets before it gives up.
const INTERRUPTIONS: u32 = 5;

/// Where the machine is to stand. What EC2 chooses is not asked for.
pub(super) async fn network(cx: &Cx, ebs: &Ebs, found: Option<&Place>) -> Result<Place, Problem> {
    let wanted = Wanted::of(&ebs.network, &ebs.launch);
    if wanted.is_open() {
        let (zone, groups) = (ebs.launch.availability_zone.clone(), ebs.network.groups.clone());
        return Ok(Place { zone, groups, ..Place::default() });
    }
    cx.step(FindNetwork { wanted, found: found.cloned() }).await
}

/// The instance profile of the machine: the one that is named, or one that is made for the build.
pub(super) async fn profile(cx: &Cx, launch: &Launch) -> Result<Option<String>, Problem> {
    let Some(document) = &launch.temporary_policy else { return Ok(launch.iam_instance_profile.clone()) };
    let name = format!("{PREFIX}{}", &cx.token(MakeRole::NAME, "")[..20]);
    let role = cx.step(MakeRole { name: name.clone() }).await?;
    cx.step(PutPolicy { role: role.clone(), document: document.clone() }).await?;
    let profile = cx.step(MakeProfile { name }).await?;
    cx.step(AttachRole { profile: profile.clone(), role }).await?;
    Ok(Some(profile))
}

/// What is needed for a machine beside what the build says.
pub(super) struct Needs<'a> {
    pub(super) image: &'a str,
    pub(super) launch: Launch,
    pub(super) place: &'a Place,
    pub(super) groups: Vec<String>,
    pub(super) key: Option<String>,
    pub(super) outlived: bool,
}

impl Needs<'_> {
    /// A launch of one type at one place.
    fn of(&self, cx: &Cx, ebs: &Ebs, kind: &str, (subnet, zone): &At, index: usize) -> LaunchInstance {
        let network = Network {
            subnet: subnet.clone(),
            vpc: self.place.vpc.clone(),
            groups: self.groups.clone(),
            public_address: ebs.network.public_address,
            ..Network::default()
        };
        // The subnet says its zone by itself.
        let availability_zone = self.launch.availability_zone.clone().and(zone.clone());
        LaunchInstance {
            image: self.image.to_owned(),
            launch: Launch { instance_type: kind.to_owned(), availability_zone, ..self.launch.clone() },
            network,
            groups: self.groups.clone(),
            key: self.key.clone(),
            token: cx.token(LaunchInstance::NAME, &nth(index)),
            lease: cx.lease(),
            outlived: self.outlived,
            new_ipv6: self.place.new_ipv6,
            nth: index,
            of_fleet: None,
        }
    }

    /// The places that will do, the best first.
    fn places(&self) -> Vec<At> {
        let first = (self.place.subnet.clone(), self.place.zone.clone());
        let further = self.place.further.iter().map(|(subnet, zone)| (Some(subnet.clone()), zone.clone()));
        std::iter::once(first).chain(further).collect()
    }
}

/// A subnet and a zone.
type At = (Option<String>, Option<String>);

/// Gets the machine: its id. It runs, where `is_awaited`.
pub(super) async fn machine(
    cx: &Cx,
    ebs: &Ebs,
    needs: &Needs<'_>,
    is_awaited: bool,
) -> Result<(String, Option<Instance>), Problem> {
    let places = needs.places();
    let Some(first) = places.first() else { return Err(Problem::failed(code::RUN_LAUNCH, "there is no place")) };
    if needs.launch.temporary_policy.is_some() && !is_begun(cx) {
        known(cx, &needs.of(cx, ebs, &needs.launch.instance_type, first, 0)).await?;
    }
    if needs.launch.spot().is_some() {
        return spot(cx, ebs, needs, &places, is_awaited).await;
    }
    // Another type is nearer to what is wanted than another place: the plan names it.
    let all: Vec<(&str, &At)> = places.iter().flat_map(|at| needs.launch.types().map(move |kind| (kind, at))).collect();
    let mut index = resumed(cx, LaunchInstance::NAME, all.len());
    loop {
        let (kind, at) = all[index];
        let got = async {
            let id = cx.step(needs.of(cx, ebs, kind, at, index)).await?;
            let seen = if is_awaited { Some(running(cx, &id).await?) } else { None };
            Ok::<_, Problem>((id, seen))
        };
        match got.await {
            Err(problem) if problem.code == code::RUN_CAPACITY && index + 1 < all.len() => {
                index += 1;
                let (kind, (subnet, _)) = all[index];
                let place = subnet.as_ref().map_or_else(String::new, |subnet| format!(" in {subnet}"));
                cx.events.warn(format!("EC2 has no such machine to give; trying a {kind}{place}: {problem}"));
            }
            outcome => return outcome,
        }
    }
}

/// Whether a machine was asked for before: then what it needs is known to EC2.
fn is_begun(cx: &Cx) -> bool {
    [LaunchInstance::NAME, MakeTemplate::NAME].iter().any(|name| resumed_at(cx, name, usize::MAX).is_some())
}

/// A machine of the spot market: EC2 chooses among the types, one place after another.
async fn spot(
    cx: &Cx,
    ebs: &Ebs,
    needs: &Needs<'_>,
    places: &[At],
    is_awaited: bool,
) -> Result<(String, Option<Instance>), Problem> {
    let mut machine = needs.of(cx, ebs, &needs.launch.instance_type, &places[0], 0);
    machine.token = cx.token(MakeTemplate::NAME, "");
    let name = format!("bakec-{}", &machine.token[..20]);
    let template = cx.step(MakeTemplate { name, machine: machine.clone() }).await?;
    let mut index = resumed(cx, RequestFleet::NAME, places.len());
    loop {
        let fleet = RequestFleet {
            template: template.clone(),
            types: needs.launch.types().map(str::to_owned).collect(),
            place: places[index].clone(),
            spot: needs.launch.spot().cloned().unwrap_or_default(),
            token: cx.token(RequestFleet::NAME, &nth(index)),
            lease: cx.lease(),
            nth: index,
            outlived: needs.outlived,
            own_devices: !needs.launch.devices.is_empty(),
        };
        let got = async {
            let launched = cx.step(fleet).await?;
            let (subnet, zone) = &places[index];
            let network = Network { subnet: subnet.clone(), ..machine.network.clone() };
            let launch = Launch { availability_zone: zone.clone(), ..machine.launch.clone() };
            let token = cx.token(LaunchInstance::NAME, &nth(index));
            let of_fleet = Some(launched.id);
            let id =
                cx.step(LaunchInstance { launch, network, token, nth: index, of_fleet, ..machine.clone() }).await?;
            let seen = if is_awaited { Some(running(cx, &id).await?) } else { None };
            Ok::<_, Problem>((id, seen))
        };
        match got.await {
            Err(problem) if problem.code == code::RUN_CAPACITY && index + 1 < places.len() => {
                index += 1;
                let place = places[index].0.as_deref().unwrap_or_default();
                cx.events.warn(format!("EC2 has no such spot instance to give; trying {place}: {problem}"));
            }
            outcome => return outcome,
        }
    }
}

/// The last of several tries that has left something, from which a run goes on; the first where none has.
fn resumed(cx: &Cx, name: &str, most: usize) -> usize {
    resumed_at(cx, name, most).unwrap_or_default()
}

fn resumed_at(cx: &Cx, name: &str, most: usize) -> Option<usize> {
    cx.run.journal.look(|record| {
        let own = record.builds.get(&*cx.build)?.steps.iter();
        let own = own.filter(|s| s.attempt == cx.attempt && s.step == name && s.state.stands());
        own.map(|s| s.of.parse::<usize>().map_or(0, |n| n - 1)).filter(|n| *n < most).max()
    })
}

/// After a failure: whether EC2 has taken the machine back to the spot market, so that a new attempt is begun, of which this is the
/// context; what the former made is undone.
pub(super) async fn again(cx: &Cx, ebs: &Ebs, problem: &Problem) -> Option<Result<Cx, Problem>> {
    // Who wants all left as it is wants no new one.
    if cx.answered() == Some(Answer::Abort) || !is_lost(cx, ebs, problem).await {
        return None;
    }
    let why = "EC2 has taken the spot instance back";
    if cx.attempt >= INTERRUPTIONS {
        let message = format!("{why}, and {INTERRUPTIONS} attempts have come to that");
        let help = "bid more, name further `spot_instance_types`, or build on demand";
        return Some(Err(Problem::failed(code::RUN_CAPACITY, message).help(help)));
    }
    cx.events.warn(format!("{why}: the build begins again"));
    let mut next = cx.clone();
    // What else is left of it is told when the build ends.
    let begun =
        undo::again(&mut next, why).await.map_err(|left| left.into_iter().next().unwrap_or_else(Problem::cancelled));
    Some(begun.map(|()| next))
}

/// Whether a build has failed because EC2 has taken its machine back.
pub(super) async fn is_taken_back(cx: &Cx, build: &Build, problem: &Problem) -> bool {
    match &build.builder {
        Builder::Ebs(ebs) => is_lost(cx, ebs, problem).await,
        Builder::Null(_) => false,
    }
}

async fn is_lost(cx: &Cx, ebs: &Ebs, problem: &Problem) -> bool {
    let own = ebs.launch.spot().is_some() && problem.kind == Kind::Failed && !cx.cancel.is_cancelled();
    own && is_interrupted(cx).await
}

/// Whether the attempt's machine was taken back.
async fn is_interrupted(cx: &Cx) -> bool {
    let last = resumed_at(cx, LaunchInstance::NAME, usize::MAX).and_then(|n| cx.known(LaunchInstance::NAME, &nth(n)));
    let Some(State::Done(Json::String(id))) = last.map(|step| step.state) else { return false };
    let ask = || cx.region.ec2.describe_instances().filters(filter("instance-id", [id.as_str()])).send();
    let Ok(answer) = cx.region.call("DescribeInstances", Repeat::Always, ask).await else { return false };
    let mut found = answer.reservations().iter().flat_map(|r| r.instances()).map(Instance::from);
    found.any(|i| i.is_interrupted())
}
