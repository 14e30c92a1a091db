//! What a run would do, as far as its plan says it: no network, no write.
//!
//! It knows builds as the executor takes them. Neighbours: `permission` counts calls; `preview` asks AWS; `report::outlook` shows it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::build::{Build, Builder, Ebs, Key, Source};
use super::permission;
use super::problem::Origin;
use super::step::Step;
use super::step::copy::CopyImage;
use super::step::enhance::Enhance;
use super::step::former::{Deregister, Forget};
use super::step::group::{MakeGroup, OpenGroup};
use super::step::image::CreateImage;
use super::step::key::ImportKey;
use super::step::launch::{LaunchInstance, StopInstance};
use super::step::publish::{Finish, Share};
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
    /// The type of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
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
        let made = [
            ("key pair", matches!(ebs.key, Key::Temporary { .. })),
            ("security group", ebs.ssh.is_some() && ebs.network.groups.is_empty()),
        ];
        for (kind, _) in made.iter().filter(|(_, made)| *made) {
            *passing.entry(kind).or_default() += 1;
        }
        if !ebs.image.skip_create {
            *staying.entry("image").or_default() += 1 + ebs.image.regions.len();
            *staying.entry("snapshot").or_default() += 1 + ebs.image.regions.len();
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
        instance_type: Some(ebs.launch.instance_type.clone()),
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

/// The steps of a build, in the order of `line::ebs`.
fn steps(ebs: &Ebs, provisioners: &[String]) -> Vec<String> {
    let image = &ebs.image;
    let mut all: Vec<String> = vec![FindSource::NAME.to_owned()];
    let mut add = |step: &str, wanted: bool| all.extend(wanted.then(|| step.to_owned()));
    add(ImportKey::NAME, matches!(ebs.key, Key::Temporary { .. }));
    let group = ebs.ssh.is_some() && ebs.network.groups.is_empty();
    add(MakeGroup::NAME, group);
    add(OpenGroup::NAME, group);
    add(LaunchInstance::NAME, true);
    add("connect", ebs.ssh.is_some());
    provisioners.iter().for_each(|provisioner| add(provisioner, true));
    add(StopInstance::NAME, true);
    if image.skip_create {
        return all;
    }
    add(Enhance::NAME, Enhance::of("", &ebs.launch).is_some());
    let places: Vec<&String> = std::iter::once(&ebs.access.region).chain(&image.regions).collect();
    // Only where there is one is it let go.
    let replaced = |step: &str| places.iter().map(|region| format!("{step} {region}")).collect::<Vec<_>>();
    replaced(Deregister::NAME).iter().for_each(|step| add(step, image.force_deregister));
    add(CreateImage::NAME, true);
    image.regions.iter().for_each(|region| add(&format!("{} {region}", CopyImage::NAME), true));
    places.iter().for_each(|region| add(&format!("{} {region}", Share::NAME), true));
    add(Finish::NAME, true);
    let forgets = image.force_deregister && image.force_delete_snapshot;
    replaced(Forget::NAME).iter().for_each(|step| add(step, forgets));
    all
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
        ([], Some(_)) if ebs.network.cidrs.is_empty() => "temporary, for the caller".to_owned(),
        ([], Some(_)) => format!("temporary, for {}", ebs.network.cidrs.join(", ")),
        ([], None) => "the VPC's own".to_owned(),
        (named, _) => named.join(", "),
    }
}

fn network(ebs: &Ebs) -> Option<String> {
    let network = &ebs.network;
    network.subnet.clone().or_else(|| network.vpc.clone()).or_else(|| ebs.launch.availability_zone.clone())
}
