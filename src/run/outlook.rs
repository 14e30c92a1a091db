//! What a run would do, as far as its plan says it: no network, no write.
//!
//! It knows builds as the executor takes them. Neighbours: `permission` counts calls; `preview` asks AWS; `report::outlook` shows it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::build::{Build, Builder, Ebs, Key, Source};
use super::line::{CONNECT, FORGET_KEY};
use super::permission::{self, Place, places};
use super::problem::Origin;
use super::step::Step;
use super::step::copy::CopyImage;
use super::step::enhance::Enhance;
use super::step::fast_launch::Quicken;
use super::step::fleet::{MakeTemplate, RequestFleet};
use super::step::former::{Deregister, Forget};
use super::step::group::{MakeGroup, OpenGroup};
use super::step::image::CreateImage;
use super::step::intermediary::Intermediary;
use super::step::key::ImportKey;
use super::step::launch::{LaunchInstance, StopInstance};
use super::step::network::{FindNetwork, Wanted};
use super::step::protect::Protect;
use super::step::publish::{Finish, Share};
use super::step::role::{AttachRole, MakeProfile, MakeRole, PutPolicy};
use super::step::source::FindSource;

/// Version of the data that `bakec plan --json` writes.
pub const FORMAT: u32 = 1;

/// What a run would do.
#[derive(Clone, Debug, Serialize)]
pub struct Outlook {
    /// Version of this data.
    pub format: u32,
    /// The builds, in the plan's order.
    pub builds: Vec<Row>,
    /// What is made and goes again, by kind.
    pub passing: BTreeMap<&'static str, usize>,
    /// What stays, by kind; of each image there is a snapshot at least.
    pub staying: BTreeMap<&'static str, usize>,
    /// Calls that change something, by action, where all goes well.
    pub calls: BTreeMap<&'static str, u32>,
}

/// A build.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// `amazon-ebs`
    pub kind: &'static str,
    /// The image's name; none where none is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Where the machine runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Other regions that get a copy.
    pub copies: Vec<String>,
    /// The type of the machine, or those that will do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// How it is bought, where that is not on demand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market: Option<String>,
    /// Its instance profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// By which keys images are encrypted, where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<String>,
    /// What it starts from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The key pair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The security groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<String>,
    /// Where in the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// How it is connected to.
    pub connection: String,
    /// The account, as far as the plan names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<String>,
    /// What is done on the machine.
    pub provisioners: Vec<String>,
    /// The same after a failure.
    pub cleanups: Vec<String>,
    /// The image's tags.
    pub tags: BTreeMap<String, String>,
    /// Who else may use the image.
    pub shared: Vec<String>,
    /// Whether a former image of the name makes room.
    pub replaces: bool,
    /// Its steps, in their order.
    pub steps: Vec<String>,
    /// Its block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// What the builds of a run would do.
pub fn outlook(builds: &[Build]) -> Outlook {
    let (mut passing, mut staying): (BTreeMap<&'static str, usize>, BTreeMap<&'static str, usize>) = Default::default();
    for ebs in builds.iter().filter_map(permission::ebs) {
        *passing.entry("instance").or_default() += 1;
        let (spot, role) = (ebs.launch.spot().is_some(), ebs.launch.temporary_policy.is_some());
        let made = [
            ("key pair", matches!(ebs.key, Key::Temporary { .. })),
            ("security group", has_own_group(ebs)),
            ("role", role),
            ("instance profile", role),
            ("launch template", spot),
            ("fleet", spot),
            ("intermediary image", ebs.image.is_by_copy() && !ebs.image.skip_create),
        ];
        for (kind, _) in made.iter().filter(|(_, made)| *made) {
            *passing.entry(kind).or_default() += 1;
        }
        let images = places(Place::Images, ebs).len();
        if images > 0 {
            *staying.entry("image").or_default() += images;
            *staying.entry("snapshot").or_default() += images;
        }
    }
    let all: Vec<&Build> = builds.iter().collect();
    Outlook {
        format: FORMAT,
        builds: builds.iter().map(row).collect(),
        passing,
        staying,
        calls: permission::calls(&all),
    }
}

fn row(build: &Build) -> Row {
    let named = |all: &[super::build::Provisioner]| {
        all.iter().map(|p| p.label.as_ref().map_or_else(|| p.kind.clone(), |l| format!("{} {l}", p.kind))).collect()
    };
    let common = Row {
        name: build.name.to_string(),
        provisioners: named(&build.provisioners),
        cleanups: named(&build.cleanups),
        origin: build.origin.clone(),
        ..Row::default()
    };
    let ebs = match &build.builder {
        Builder::Ebs(ebs) => ebs,
        Builder::Null(null) => {
            let connection = null.ssh.as_ref().map_or_else(
                || "none".to_owned(),
                |ssh| format!("{}@{}:{}", ssh.username, ssh.host.as_deref().unwrap_or_default(), ssh.port),
            );
            let steps = null.ssh.is_some().then(|| "connect".to_owned()).into_iter();
            let steps = steps.chain(common.provisioners.iter().cloned()).collect();
            return Row { kind: "null", connection, steps, ..common };
        }
    };
    let image = &ebs.image;
    let shared =
        [&image.users, &image.groups, &image.org_arns, &image.ou_arns].into_iter().flatten().cloned().collect();
    Row {
        kind: "amazon-ebs",
        image: (!image.skip_create).then(|| image.name.clone()),
        region: Some(ebs.access.region.clone()),
        copies: if image.skip_create { Vec::new() } else { image.regions.clone() },
        instance_type: Some(ebs.launch.types().collect::<Vec<_>>().join(" or ")),
        market: ebs.launch.spot().map(|spot| match &spot.price {
            Some(price) => format!("spot, for up to {price} an hour"),
            None => "spot".to_owned(),
        }),
        profile: match ebs.launch.temporary_policy {
            Some(_) => Some("temporary".to_owned()),
            None => ebs.launch.iam_instance_profile.clone(),
        },
        encrypted: encrypted(ebs),
        source: Some(source(&ebs.source)),
        key: Some(key(&ebs.key)),
        groups: Some(groups(ebs)),
        network: network(ebs),
        connection: ebs.ssh.as_ref().map_or_else(|| "none".to_owned(), |ssh| format!("{}:{}", ssh.username, ssh.port)),
        access: ebs.access.profile.as_ref().map(|profile| format!("profile {profile}")),
        tags: image.tags.iter().cloned().collect(),
        shared,
        replaces: image.force_deregister && !image.skip_create,
        steps: steps(ebs, &common.provisioners),
        ..common
    }
}

/// Whether a security group is made for the build.
fn has_own_group(ebs: &Ebs) -> bool {
    ebs.ssh.is_some() && !ebs.network.has_groups()
}

/// The steps of a build, in the order of `line::ebs`, `line::machine` and `line::images`; a test compares it with that of runs.
fn steps(ebs: &Ebs, provisioners: &[String]) -> Vec<String> {
    let (image, launch) = (&ebs.image, &ebs.launch);
    let mut all: Vec<String> = vec![FindSource::NAME.to_owned()];
    let mut add = |wanted: bool, steps: &[&str]| all.extend(steps.iter().filter(|_| wanted).map(|s| (*s).to_owned()));
    let (spot, temporary) = (launch.spot().is_some(), matches!(ebs.key, Key::Temporary { .. }));
    add(!Wanted::of(&ebs.network, launch).is_open(), &[FindNetwork::NAME]);
    add(temporary, &[ImportKey::NAME]);
    add(has_own_group(ebs), &[MakeGroup::NAME, OpenGroup::NAME]);
    let role = [MakeRole::NAME, PutPolicy::NAME, MakeProfile::NAME, AttachRole::NAME];
    add(launch.temporary_policy.is_some(), &role);
    add(spot, &[MakeTemplate::NAME, RequestFleet::NAME]);
    add(true, &[LaunchInstance::NAME]);
    add(ebs.ssh.is_some(), &[CONNECT]);
    provisioners.iter().for_each(|provisioner| add(true, &[provisioner]));
    add(temporary && ebs.ssh.as_ref().is_some_and(|ssh| ssh.clear_keys), &[FORGET_KEY]);
    add(!spot, &[StopInstance::NAME]);
    if image.skip_create {
        return all;
    }
    add(Enhance::of("", launch).is_some(), &[Enhance::NAME]);
    add(image.is_by_copy(), &[Intermediary::NAME]);
    let at = |step: &str, wanted: bool, place: Place| {
        let regions = if wanted { places(place, ebs) } else { Vec::new() };
        regions.into_iter().map(|region| format!("{step} {region}")).collect::<Vec<_>>()
    };
    // Only where there is one is it let go.
    all.extend(at(Deregister::NAME, image.force_deregister, Place::Images));
    all.extend((!image.is_by_copy()).then(|| CreateImage::NAME.to_owned()));
    all.extend(at(CopyImage::NAME, true, Place::Copies));
    all.extend(at(Quicken::NAME, true, Place::Quick));
    all.extend(at(Share::NAME, true, Place::Images));
    all.extend(at(Protect::NAME, image.protection.is_some(), Place::Images));
    all.push(Finish::NAME.to_owned());
    all.extend(at(Forget::NAME, image.force_deregister && image.force_delete_snapshot, Place::Images));
    all
}

/// The keys by which images are encrypted, where they are.
fn encrypted(ebs: &Ebs) -> Option<String> {
    let (image, own) = (&ebs.image, ebs.access.region.as_str());
    if image.encrypt != Some(true) || image.skip_create {
        return None;
    }
    let mut keys: Vec<&str> = Vec::new();
    for region in image.places(own) {
        let key = image.key_in(region, own).unwrap_or("the default key");
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Some(format!("by {}", keys.join(", ")))
}

fn source(source: &Source) -> String {
    if let Some(id) = &source.id {
        return id.clone();
    }
    let name = source.filters.iter().find(|(name, _)| name == "name").map(|(_, values)| values.join(" or "));
    let newest = if source.most_recent { "newest " } else { "" };
    let what = name.unwrap_or_else(|| "image by filter".to_owned());
    format!("{newest}{what} of {}", source.owners.join(", "))
}

fn key(key: &Key) -> String {
    match key {
        Key::Temporary { kind, .. } => {
            kind.as_ref().map_or_else(|| "temporary".to_owned(), |k| format!("temporary {k}"))
        }
        Key::Own { name: Some(name), .. } | Key::Known { name } => name.clone(),
        Key::Own { name: None, file } => file.display().to_string(),
        Key::None => "none".to_owned(),
    }
}

fn groups(ebs: &Ebs) -> String {
    match (&ebs.network.groups[..], &ebs.ssh) {
        ([], _) if ebs.network.search.groups.is_some() => "by filter".to_owned(),
        ([], Some(_)) if ebs.network.cidrs.is_empty() => "temporary, for the caller".to_owned(),
        ([], Some(_)) => format!("temporary, for {}", ebs.network.cidrs.join(", ")),
        ([], None) => "the VPC's own".to_owned(),
        (named, _) => named.join(", "),
    }
}

fn network(ebs: &Ebs) -> Option<String> {
    let network = &ebs.network;
    let subnet = || network.search.subnet.as_ref().map(|_| "a subnet by filter".to_owned());
    let vpc = || network.search.vpc.as_ref().map(|_| "a VPC by filter".to_owned());
    let named = network.subnet.clone().or_else(subnet).or_else(|| network.vpc.clone()).or_else(vpc);
    named.or_else(|| ebs.launch.availability_zone.clone())
}
