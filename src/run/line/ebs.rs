//! `amazon-ebs`, from nothing to an image. The order of the steps is Packer's, except that a former image goes last.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::diagnostic::code;
use crate::run::aws::wait::Instance;
use crate::run::build::{Build, Builder, Device, Ebs, Key, Launch, Market, Ssh};
use crate::run::caller;
use crate::run::event::Artifact;
use crate::run::facts;
use crate::run::journal::fold::State;
use crate::run::problem::Problem;
use crate::run::render::{Given as Values, rendered};
use crate::run::ssh::Target;
use crate::run::step::enhance::Enhance;
use crate::run::step::group::{MakeGroup, OpenGroup};
use crate::run::step::image::CreateImage;
use crate::run::step::intermediary::Intermediary;
use crate::run::step::key::{self, ImportKey};
use crate::run::step::launch::{LaunchInstance, StopInstance};
use crate::run::step::network::Place;
use crate::run::step::publish::{Finish, Made};
use crate::run::step::source::{FindSource, SourceImage};
use crate::run::step::tags::{OWN, OWNED, last_wins, unfit};
use crate::run::step::{Cx, Step};

use super::images::{images, publish};
use super::machine::{Needs, again, machine, network, profile};
use super::{Baked, CONNECT, FORGET_KEY, Machine, connect, forget_key, is_final, provision_all};

/// What a run knows beside the build.
pub struct Given<'a> {
    /// The source image, where preflight has found it.
    pub source: Option<SourceImage>,
    /// Where the machine stands in the network, where preflight has found it.
    pub place: Option<Place>,
    /// The caller's address, where it was asked for.
    pub address: Option<String>,
    /// Where SSH is reached instead of at the machine's own address: a rehearsal's server.
    pub ssh_at: Option<SocketAddr>,
    /// Where every bastion is reached then.
    pub bastion_at: Option<SocketAddr>,
    /// What run-time templates know beside the machine.
    pub values: &'a Values,
}

/// Bakes the image; where EC2 takes the machine back to the spot market, on a new one.
///
/// # Errors
/// What went wrong first; what was done until then is in the journal.
pub async fn bake(cx: &Cx, build: &Build, ebs: &Ebs, given: &Given<'_>) -> Result<Baked, Problem> {
    let mut cx = cx.clone();
    loop {
        match attempt(&cx, build, ebs, given).await {
            Err(problem) if !is_final(&cx) => match again(&cx, ebs, &problem).await {
                Some(next) => cx = next?,
                None => return Err(problem),
            },
            outcome => return outcome,
        }
    }
}

/// The line of a build. Read this first.
async fn attempt(cx: &Cx, build: &Build, ebs: &Ebs, given: &Given<'_>) -> Result<Baked, Problem> {
    let found = former_source(cx).or_else(|| given.source.clone());
    let source = cx.step(FindSource { source: ebs.source.clone(), found }).await?;
    let ebs = &worded(ebs, given.values, &source)?;
    let place = network(cx, ebs, given.place.as_ref()).await?;
    let (key, key_file) = key(cx, ebs, &source).await?;
    let groups = groups(cx, ebs, &place, given).await?;
    let launch = Launch { iam_instance_profile: profile(cx, &ebs.launch).await?, ..ebs.launch.clone() };
    let outlived = outlived(ebs, &source);
    let needs = Needs { image: &source.id, launch, place: &place, groups, key, outlived };
    let (instance, running) = machine(cx, ebs, &needs, !is_left(cx)).await?;
    if let Some(machine) = running {
        on_machine(cx, build, ebs, given, &source, (&instance, &machine), key_file.as_ref()).await?;
    }
    // A machine of the spot market cannot be stopped: its image is made of it as it runs, by way of a reboot.
    if ebs.launch.spot().is_none() {
        // Who does not want it stopped stops it from within: an image of a running machine is none.
        cx.step(StopInstance { id: instance.clone(), by_itself: ebs.launch.disable_stop_instance }).await?;
    }
    let facts = seen(cx, ebs, given.values, &source, &instance);
    if ebs.image.skip_create {
        return Ok(Baked { artifact: artifact(&[]), facts, left: Vec::new() });
    }
    if let Some(step) = Enhance::of(&instance, &ebs.launch) {
        cx.step(step).await?;
    }
    let (images, gone) = images(cx, ebs, &instance).await?;
    let (artifact, left) = publish(cx, ebs, images, &gone).await?;
    Ok(Baked { artifact, facts, left })
}

/// What templates know of a machine that is left: where it was reached stands in the journal.
fn seen(cx: &Cx, ebs: &Ebs, given: &Values, source: &SourceImage, instance: &str) -> BTreeMap<String, String> {
    let at = cx.known(CONNECT, "").and_then(|step| {
        let port = step.data["port"].as_u64()?.try_into().ok()?;
        Some(Target { host: step.data["host"].as_str()?.to_owned(), port })
    });
    values(given, source, at.as_ref(), ebs, instance).build
}

/// Whether a volume of the machine outlives it: one that the plan or the source image does not delete with it.
fn outlived(ebs: &Ebs, source: &SourceImage) -> bool {
    let devices = &ebs.launch.devices;
    let own = |d: &Device| !d.delete_on_termination && !d.no_device && d.virtual_name.is_none();
    devices.iter().any(own) || source.lasting.iter().any(|name| devices.iter().all(|d| d.name != *name))
}

/// The source image of an earlier attempt: a build keeps to it.
fn former_source(cx: &Cx) -> Option<SourceImage> {
    cx.run.journal.look(|record| {
        let steps = &record.builds.get(&*cx.build)?.steps;
        let found = steps.iter().rev().filter(|s| s.step == FindSource::NAME).find_map(|s| match &s.state {
            State::Done(result) => Some(result.clone()),
            // Undone with all else of its attempt; nothing was made by it.
            _ => s.data.get("found").filter(|f| !f.is_null()).cloned(),
        })?;
        serde_json::from_value(found).ok()
    })
}

/// Whether all that was to be done on the machine is done: a run that goes on finds it stopped, or stopping.
fn is_left(cx: &Cx) -> bool {
    let left = [FORGET_KEY, StopInstance::NAME, CreateImage::NAME, Intermediary::NAME];
    left.iter().any(|step| cx.known(step, "").is_some())
}

/// Packer's name of the builder.
const BUILDER_ID: &str = "mitchellh.amazonebs";

/// The key pair's name at EC2, and the file of its private half.
async fn key(cx: &Cx, ebs: &Ebs, source: &SourceImage) -> Result<(Option<String>, Option<PathBuf>), Problem> {
    match &ebs.key {
        Key::None => Ok((None, None)),
        Key::Known { name } => Ok((Some(name.clone()), None)),
        Key::Own { name, file } => Ok((name.clone(), Some(file.clone()))),
        Key::Temporary { name, kind, bits } => {
            let file = key::file(cx);
            let token = cx.token(ImportKey::NAME, "");
            let name = if name.is_empty() { format!("{}{}", key::PREFIX, &token[..20]) } else { name.clone() };
            let kind = kind.clone().unwrap_or_else(|| kind_for(source).to_owned());
            let made = cx.step(ImportKey { name, kind, bits: *bits, file: file.clone() }).await?;
            Ok((Some(made.name), Some(file)))
        }
    }
}

/// Systems whose OpenSSH is older than 6.5, by the names of their images.
const OLD: [&str; 8] = ["precise", "12.04", "lucid", "squeeze", "wheezy", "centos-6", "centos 6", "rhel-6"];

/// Images of before this day have no newer OpenSSH than that.
const NEW: &str = "2014-04";

/// The type of a key that the image's server knows: one that is older than OpenSSH 6.5 knows no Ed25519, nor does Windows.
fn kind_for(source: &SourceImage) -> &'static str {
    let name = source.name.to_lowercase();
    let dated = !source.created.is_empty() && *source.created < *NEW;
    if source.windows || dated || OLD.iter().any(|old| name.contains(old)) { "rsa" } else { "ed25519" }
}

/// The machine's security groups: those named, or one that is made for the connection.
async fn groups(cx: &Cx, ebs: &Ebs, place: &Place, given: &Given<'_>) -> Result<Vec<String>, Problem> {
    let (true, Some(ssh)) = (place.groups.is_empty(), &ebs.ssh) else { return Ok(place.groups.clone()) };
    let token = cx.token(MakeGroup::NAME, "");
    let name = format!("bakec_{}", &token[..20]);
    let id = cx.step(MakeGroup { name, vpc: place.vpc.clone() }).await?;
    let wanted = match ebs.network.cidrs.is_empty() {
        true => given.address.iter().cloned().collect(),
        false => ebs.network.cidrs.clone(),
    };
    let opened = cx.known(OpenGroup::NAME, "").and_then(|step| serde_json::from_value::<OpenGroup>(step.data).ok());
    let cidrs = opened.map_or_else(|| wanted.clone(), |step| step.cidrs);
    if cidrs.is_empty() {
        let message = "it is not known from where the machine will be reached";
        return Err(Problem::failed(code::RUN_GROUP, message).help(caller::WRITE));
    }
    let open = OpenGroup { id: id.clone(), port: ssh.port, cidrs, further: false };
    cx.step(open.clone()).await?;
    // A run that goes on may do so from another place.
    let further: Vec<String> = wanted.into_iter().filter(|cidr| !open.cidrs.contains(cidr)).collect();
    if !further.is_empty() && !is_left(cx) {
        cx.step(OpenGroup { cidrs: further, further: true, ..open }).await?;
    }
    Ok(vec![id])
}

/// All that happens on the machine.
async fn on_machine(
    cx: &Cx,
    build: &Build,
    ebs: &Ebs,
    given: &Given<'_>,
    source: &SourceImage,
    (instance, machine): (&str, &Instance),
    key_file: Option<&PathBuf>,
) -> Result<(), Problem> {
    let mut shell = None;
    let mut at = None;
    if let Some(ssh) = &ebs.ssh
        && !(build.provisioners.is_empty() && given.ssh_at.is_some())
    {
        let target = target(ssh, machine, given.ssh_at)?;
        let ssh = rehearsed(ssh, given);
        shell = Some(connect(cx, &target, &ssh, key_file, Some(instance)).await?);
        at = Some(target);
    }
    let values = values(given.values, source, at.as_ref(), ebs, instance);
    let ssh = ebs.ssh.as_ref().map(|ssh| (ssh, key_file.map(PathBuf::as_path)));
    let mut machine = Machine { shell, ssh, values: &values };
    provision_all(cx, build, &mut machine).await?;
    // One's own key, or none, is not ours to take away.
    if let (Some(shell), Some(true), Key::Temporary { .. }, Some(file)) =
        (&mut machine.shell, ebs.ssh.as_ref().map(|ssh| ssh.clear_keys), &ebs.key, key_file)
    {
        forget_key(cx, shell, file).await?;
    }
    machine.close().await;
    Ok(())
}

/// What templates know of the machine.
fn values(base: &Values, source: &SourceImage, at: Option<&Target>, ebs: &Ebs, instance: &str) -> Values {
    facts::launched(facts::connected(base, ebs.ssh.as_ref(), at), source, &ebs.access.region, instance)
}

/// As many characters as EC2 takes for a description.
pub const DESCRIPTION: usize = 255;

/// The build with its tags and its description rendered: they may speak of the source image.
///
/// # Errors
/// Where one cannot be rendered, or a tag's key becomes one of bakec's own.
pub fn worded(ebs: &Ebs, base: &Values, source: &SourceImage) -> Result<Ebs, Problem> {
    let values = values(base, source, None, ebs, "");
    let mut ebs = ebs.clone();
    let Ebs { launch, image, .. } = &mut ebs;
    let mut all = vec![&mut launch.tags, &mut launch.volume_tags, &mut image.tags, &mut image.snapshot_tags];
    if let Market::Spot(spot) = &mut launch.market {
        all.extend([&mut spot.tags, &mut spot.fleet_tags]);
    }
    for tags in all {
        for (name, value) in tags.iter_mut() {
            (*name, *value) = (rendered(name, &values)?, rendered(value, &values)?);
            if name.starts_with(OWN) {
                let message = format!("the tag `{name}` is one of bakec's own");
                return Err(Problem::failed(code::RUN_OPTION, message).help(OWNED));
            }
            if let Some(why) = unfit(name, value) {
                return Err(Problem::failed(code::RUN_OPTION, why));
            }
        }
        *tags = last_wins(std::mem::take(tags));
    }
    image.description = rendered(&image.description, &values)?;
    if image.description.chars().count() > DESCRIPTION {
        let message = format!("the description of the image has more than {DESCRIPTION} characters");
        return Err(Problem::failed(code::RUN_OPTION, message));
    }
    Ok(ebs)
}

/// Where the machine is reached.
fn target(ssh: &Ssh, machine: &Instance, ssh_at: Option<SocketAddr>) -> Result<Target, Problem> {
    if let Some(at) = ssh_at {
        return Ok(Target { host: at.ip().to_string(), port: at.port() });
    }
    let first = |all: [&Option<String>; 5]| all.into_iter().find_map(Clone::clone);
    let Instance { public_address, private_address, public_name, private_name, ipv6_address, .. } = machine;
    let host = match (&ssh.host, ssh.interface.as_deref()) {
        (Some(host), _) => Some(host.clone()),
        (None, Some("public_ip")) => public_address.clone(),
        (None, Some("private_ip")) => private_address.clone(),
        (None, Some("public_dns")) => public_name.clone(),
        (None, Some("private_dns")) => private_name.clone(),
        (None, Some("ipv6")) => ipv6_address.clone(),
        (None, _) => first([public_name, public_address, private_address, private_name, ipv6_address]),
    };
    match host {
        Some(host) => Ok(Target { host, port: ssh.port }),
        None => Err(Problem::failed(code::RUN_NETWORK, "the machine has no address that `ssh_interface` asks for")
            .help("write `associate_public_ip_address = true`, or `ssh_interface = \"private_ip\"` inside the VPC")),
    }
}

/// The connection as a rehearsal makes it: its bastions stand for those of the plan, and no proxy is asked for this machine.
fn rehearsed(ssh: &Ssh, given: &Given<'_>) -> Ssh {
    let mut ssh = ssh.clone();
    if given.ssh_at.is_some() {
        ssh.proxy = None;
    }
    if let Some(at) = given.bastion_at {
        for bastion in &mut ssh.bastions {
            (bastion.host, bastion.port) = (at.ip().to_string(), at.port());
        }
    }
    ssh
}

/// What a build has made that is marked as final.
pub fn finished(cx: &Cx) -> Option<Artifact> {
    let step = cx.known(Finish::NAME, "").filter(|step| step.state.stands())?;
    let finish: Finish = serde_json::from_value(step.data).ok()?;
    Some(artifact(&finish.images))
}

/// What templates know of the machine of a build that is final, as its journal has it.
pub fn facts(cx: &Cx, build: &Build) -> BTreeMap<String, String> {
    let Builder::Ebs(ebs) = &build.builder else { return BTreeMap::new() };
    let machine = cx.run.journal.look(|record| {
        let steps = record.builds.get(&*cx.build)?.steps.iter();
        let mut machines = steps.filter(|s| s.attempt == cx.attempt && s.step == LaunchInstance::NAME);
        machines.rfind(|s| matches!(s.state, State::Done(_))).cloned()
    });
    let instance = match machine.map(|step| step.state) {
        Some(State::Done(result)) => result.as_str().unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    seen(cx, ebs, &build.values, &former_source(cx).unwrap_or_default(), &instance)
}

/// What is told of the images.
pub fn artifact(images: &[Made]) -> Artifact {
    let by_region: BTreeMap<_, _> = images.iter().map(|made| (made.region.clone(), made.image.clone())).collect();
    let id = by_region.iter().map(|(region, id)| format!("{region}:{id}")).collect::<Vec<_>>().join(",");
    Artifact { builder_id: BUILDER_ID.to_owned(), id, images: by_region.into_iter().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_servers_and_windows_get_keys_that_they_know() {
        let kind = |name: &str, created: &str, windows| {
            kind_for(&SourceImage { name: name.into(), created: created.into(), windows, ..SourceImage::default() })
        };
        assert_eq!(kind("ubuntu-precise-12.04-amd64-server-20170502", "2017-05-02T00:00:00.000Z", false), "rsa");
        assert_eq!(kind("x", "2013-01-01T00:00:00.000Z", false), "rsa");
        assert_eq!(kind("Windows_Server-2022", "2024-05-01T00:00:00.000Z", true), "rsa");
        assert_eq!(kind("ubuntu-trusty-14.04", "2015-03-25T00:00:00.000Z", false), "ed25519");
        assert_eq!(kind("", "", false), "ed25519");
    }

    #[test]
    fn a_machine_is_reached_at_the_address_that_is_wanted() {
        let some = |text: &str| Some(text.to_owned());
        let machine = Instance {
            public_address: some("203.0.113.1"),
            private_address: some("10.0.0.1"),
            public_name: some("public.example"),
            private_name: some("private.example"),
            ipv6_address: some("2001:db8::1"),
            ..Instance::default()
        };
        let at = |host: Option<&str>, interface: Option<&str>, machine: &Instance| {
            let ssh = Ssh {
                host: host.map(str::to_owned),
                interface: interface.map(str::to_owned),
                port: 22,
                ..Ssh::default()
            };
            target(&ssh, machine, None).map(|target| target.to_string()).map_err(|problem| problem.message)
        };
        for (interface, found) in [
            (None, "public.example:22"),
            (Some("public_ip"), "203.0.113.1:22"),
            (Some("private_ip"), "10.0.0.1:22"),
            (Some("public_dns"), "public.example:22"),
            (Some("private_dns"), "private.example:22"),
            (Some("ipv6"), "[2001:db8::1]:22"),
        ] {
            assert_eq!(at(None, interface, &machine).as_deref(), Ok(found), "{interface:?}");
            assert_eq!(at(Some("mine"), interface, &machine).as_deref(), Ok("mine:22"));
            let none = at(None, interface, &Instance::default()).expect_err("it has none");
            assert!(none.contains("no address that `ssh_interface` asks for"), "{none}");
        }
        let inside = Instance { public_name: None, public_address: None, ..machine };
        assert_eq!(at(None, None, &inside).as_deref(), Ok("10.0.0.1:22"));
    }
}
