//! `amazon-ebs`, from nothing to an image. The order of the steps is Packer's, except that a former image goes last.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::diagnostic::code;
use crate::run::aws::wait::Instance;
use crate::run::build::{Build, Device, Ebs, Key, Ssh};
use crate::run::caller;
use crate::run::event::Artifact;
use crate::run::facts;
use crate::run::journal::fold::State;
use crate::run::problem::{Kind, Problem};
use crate::run::render::{Given as Values, rendered};
use crate::run::ssh::Target;
use crate::run::step::copy::{CopyImage, place};
use crate::run::step::enhance::Enhance;
use crate::run::step::former::{Deregister, Forget, Former, former};
use crate::run::step::group::{MakeGroup, OpenGroup};
use crate::run::step::image::{CreateImage, available, merged};
use crate::run::step::key::{self, ImportKey};
use crate::run::step::launch::{LaunchInstance, StopInstance, running};
use crate::run::step::publish::{Finish, Made, Share};
use crate::run::step::source::{FindSource, SourceImage};
use crate::run::step::tags::{OWN, OWNED, last_wins};
use crate::run::step::{Cx, Step};

use super::{Baked, FORGET_KEY, connect, forget_key, provision_all};

/// What a run knows beside the build.
pub struct Given<'a> {
    /// The source image, where preflight has found it.
    pub source: Option<SourceImage>,
    /// The caller's address, where it was asked for.
    pub address: Option<String>,
    /// Where SSH is reached instead of at the machine's own address: a rehearsal's server.
    pub ssh_at: Option<SocketAddr>,
    /// Where every bastion is reached then.
    pub bastion_at: Option<SocketAddr>,
    /// What run-time templates know beside the machine.
    pub values: &'a Values,
}

/// Bakes the image. Read this first.
///
/// # Errors
/// What went wrong first; what was done until then is in the journal.
pub async fn bake(cx: &Cx, build: &Build, ebs: &Ebs, given: &Given<'_>) -> Result<Baked, Problem> {
    let found = former_source(cx).or_else(|| given.source.clone());
    let source = cx.step(FindSource { source: ebs.source.clone(), found }).await?;
    let ebs = &worded(ebs, given.values, &source)?;
    let (key, key_file) = key(cx, ebs, &source).await?;
    let groups = groups(cx, ebs, given).await?;
    let instance = cx
        .step(LaunchInstance {
            image: source.id.clone(),
            launch: ebs.launch.clone(),
            network: ebs.network.clone(),
            groups,
            key,
            token: cx.token(LaunchInstance::NAME, ""),
            lease: cx.lease(),
            outlived: outlived(ebs, &source),
        })
        .await?;
    if !is_left(cx) {
        let machine = running(cx, &instance).await?;
        on_machine(cx, build, ebs, given, &source, (&instance, &machine), key_file.as_ref()).await?;
    }
    // Who does not want it stopped stops it from within: an image of a running machine is none.
    cx.step(StopInstance { id: instance.clone(), by_itself: ebs.launch.disable_stop_instance }).await?;
    if ebs.image.skip_create {
        return Ok(artifact(&[]).into());
    }
    if let Some(step) = Enhance::of(&instance, &ebs.launch) {
        cx.step(step).await?;
    }
    let gone = let_former_go(cx, ebs).await?;
    let images = images(cx, ebs, &instance).await?;
    publish(cx, ebs, images, &gone).await
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
    [FORGET_KEY, StopInstance::NAME, CreateImage::NAME].iter().any(|step| cx.known(step, "").is_some())
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
async fn groups(cx: &Cx, ebs: &Ebs, given: &Given<'_>) -> Result<Vec<String>, Problem> {
    let (true, Some(ssh)) = (ebs.network.groups.is_empty(), &ebs.ssh) else { return Ok(ebs.network.groups.clone()) };
    let token = cx.token(MakeGroup::NAME, "");
    let name = format!("bakec_{}", &token[..20]);
    let id = cx.step(MakeGroup { name, vpc: ebs.network.vpc.clone() }).await?;
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
    provision_all(cx, build, &mut shell, &values).await?;
    if let Some(mut shell) = shell {
        // One's own key, or none, is not ours to take away.
        if let (Some(true), Key::Temporary { .. }, Some(file)) =
            (ebs.ssh.as_ref().map(|ssh| ssh.clear_keys), &ebs.key, key_file)
        {
            forget_key(cx, &mut shell, file).await?;
        }
        shell.close().await;
    }
    Ok(())
}

/// What templates know of the machine.
fn values(base: &Values, source: &SourceImage, at: Option<&Target>, ebs: &Ebs, instance: &str) -> Values {
    facts::launched(facts::connected(base, ebs.ssh.as_ref(), at), source, &ebs.access.region, instance)
}

/// The build with its tags and its description rendered: they may speak of the source image.
///
/// # Errors
/// Where one cannot be rendered, or a tag's key becomes one of bakec's own.
pub fn worded(ebs: &Ebs, base: &Values, source: &SourceImage) -> Result<Ebs, Problem> {
    let values = values(base, source, None, ebs, "");
    let mut ebs = ebs.clone();
    let Ebs { launch, image, .. } = &mut ebs;
    for tags in [&mut launch.tags, &mut launch.volume_tags, &mut image.tags, &mut image.snapshot_tags] {
        for (name, value) in tags.iter_mut() {
            (*name, *value) = (rendered(name, &values)?, rendered(value, &values)?);
            if name.starts_with(OWN) {
                let message = format!("the tag `{name}` is one of bakec's own");
                return Err(Problem::failed(code::RUN_OPTION, message).help(OWNED));
            }
        }
        *tags = last_wins(std::mem::take(tags));
    }
    image.description = rendered(&image.description, &values)?;
    Ok(ebs)
}

/// Where the machine is reached.
fn target(ssh: &Ssh, machine: &Instance, ssh_at: Option<SocketAddr>) -> Result<Target, Problem> {
    if let Some(at) = ssh_at {
        return Ok(Target { host: at.ip().to_string(), port: at.port() });
    }
    let first = |all: [&Option<String>; 5]| all.into_iter().find_map(Clone::clone);
    let Instance { public_address, private_address, public_name, private_name, address_v6, .. } = machine;
    let host = match (&ssh.host, ssh.interface.as_deref()) {
        (Some(host), _) => Some(host.clone()),
        (None, Some("public_ip")) => public_address.clone(),
        (None, Some("private_ip")) => private_address.clone(),
        (None, Some("public_dns")) => public_name.clone(),
        (None, Some("private_dns")) => private_name.clone(),
        (None, Some("ipv6")) => address_v6.clone(),
        (None, _) => first([public_name, public_address, private_address, private_name, address_v6]),
    };
    match host {
        Some(host) => Ok(Target { host, port: ssh.port }),
        None => Err(Problem::failed(code::RUN_CONNECT, "the machine has no address that `ssh_interface` asks for")
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

/// Former images of the name, described and deregistered where that is wanted.
async fn let_former_go(cx: &Cx, ebs: &Ebs) -> Result<Vec<(String, Former)>, Problem> {
    let mut gone = Vec::new();
    if !ebs.image.force_deregister {
        return Ok(gone);
    }
    for region in std::iter::once(&ebs.access.region).chain(&ebs.image.regions) {
        let known = cx.known(Deregister::NAME, region);
        let found = match known.and_then(|step| serde_json::from_value::<Deregister>(step.data).ok()) {
            Some(step) => Some(step.former),
            None => former(cx, region, &ebs.image.name).await?,
        };
        if let Some(former) = found {
            cx.step(Deregister { region: region.clone(), former: former.clone() }).await?;
            gone.push((region.clone(), former));
        }
    }
    Ok(gone)
}

/// The image and its copies, all of which can be used.
async fn images(cx: &Cx, ebs: &Ebs, instance: &str) -> Result<Vec<Made>, Problem> {
    let image = &ebs.image;
    let id = cx
        .step(CreateImage {
            instance: instance.to_owned(),
            name: image.name.clone(),
            description: image.description.clone(),
            devices: image.devices.clone(),
            tags: image.tags.clone(),
            snapshot_tags: image.snapshot_tags.clone(),
        })
        .await?;
    let seen = available(cx, &cx.region, &id).await?;
    let copies = image.regions.iter().map(|region| async {
        let there = cx.cloud.region(region);
        let _place = place(cx, &there, seen.snapshots.len()).await?;
        let copy = CopyImage {
            image: id.clone(),
            from: ebs.access.region.clone(),
            to: region.clone(),
            name: image.name.clone(),
            description: image.description.clone(),
            tags: merged(&image.tags, &[]),
            token: cx.token(CopyImage::NAME, region),
            lease: cx.lease(),
        };
        let copy = cx.step(copy).await?;
        let seen = available(cx, &there, &copy).await?;
        Ok(Made { region: region.clone(), image: copy, snapshots: seen.snapshots })
    });
    // All are waited for, also when one fails: what was begun has its end.
    let copies: Vec<Result<_, Problem>> = futures_util::future::join_all(copies).await;
    let mut all = vec![Made { region: ebs.access.region.clone(), image: id, snapshots: seen.snapshots }];
    for copy in copies {
        all.push(copy?);
    }
    Ok(all)
}

/// Tags, permissions, the end of former snapshots, and the word that all of it is final.
async fn publish(cx: &Cx, ebs: &Ebs, images: Vec<Made>, gone: &[(String, Former)]) -> Result<Baked, Problem> {
    for Made { region, image, snapshots } in images.clone() {
        cx.step(Share { region, image, snapshots, wanted: ebs.image.clone() }).await?;
    }
    let artifact = artifact(&images);
    cx.step(Finish { images: images.clone() }).await?;
    let mut left = Vec::new();
    if ebs.image.force_delete_snapshot {
        // The image is made: nothing that comes now can fail it, nor does anyone end it half-way.
        let cx = &Cx { cancel: cx.cancel.of_last_things(), ..cx.clone() };
        for (region, former) in gone {
            let used = |id: &String| images.iter().any(|made| made.snapshots.contains(id));
            let old = former.devices.iter().filter_map(|d| d.snapshot_id.clone());
            let snapshots: Vec<String> = old.filter(|id| !used(id)).collect();
            if !snapshots.is_empty()
                && let Err(problem) = cx.step(Forget { region: region.clone(), snapshots: snapshots.clone() }).await
            {
                let help = format!("delete what nothing uses of {} by hand", snapshots.join(", "));
                left.push(Problem { kind: Kind::Left, ..problem }.help(help));
            }
        }
    }
    Ok(Baked { artifact, left })
}

/// What a build has made that is marked as final.
pub fn finished(cx: &Cx) -> Option<Artifact> {
    let step = cx.known(Finish::NAME, "").filter(|step| step.state.stands())?;
    let finish: Finish = serde_json::from_value(step.data).ok()?;
    Some(artifact(&finish.images))
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
            address_v6: some("2001:db8::1"),
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
