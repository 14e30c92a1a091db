//! What an account is supposed to have because a plan names it: a rehearsal has no account to look at.
//!
//! Each is looked for as a caller would, and made only where it is not found. It goes round calls: nothing of it is recorded, counted or
//! struck by faults. Neighbours: `catalogue` is what is always there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;

use super::actions::{self, Strikes};
use super::auth::{Scope, Service};
use super::catalogue;
use super::clock::Time;
use super::keys;
use super::query::Params;
use super::settings::Ami;
use super::shared::Shared;
use super::world::iam::{Profile, Role};
use super::world::network::{Group, KeyPair, Rule, Source, Subnet, Vpc};
use super::world::storage::Snapshot;
use super::world::tags::{TagMap, Tags};
use super::world::{ACCOUNT, Region, World, digits};
use super::xml;
use crate::facts::regions;

/// What something is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Kind {
    /// An image that machines start from, of these owners; any where none is named.
    Image {
        /// Accounts, `self` or an alias.
        #[serde(default)]
        owners: Vec<String>,
        /// `x86_64`, where no filter says another.
        #[serde(default = "usual")]
        architecture: String,
    },
    /// A VPC.
    Vpc,
    /// A subnet, in this VPC and zone where they are named.
    Subnet {
        /// `vpc-…`
        vpc: Option<String>,
        /// `us-east-1a`
        zone: Option<String>,
    },
    /// A security group that lets everyone in, in this VPC where it is named.
    Group {
        /// `vpc-…`
        vpc: Option<String>,
    },
    /// A snapshot.
    Snapshot,
    /// A key pair, with its public half as OpenSSH writes it.
    KeyPair {
        /// `ssh-ed25519 AAAA…`
        public: String,
    },
    /// An instance profile with a role in it.
    Profile,
}

/// Something that a plan takes to be there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Supposed {
    /// Where.
    pub region: String,
    /// What.
    #[serde(flatten)]
    pub kind: Kind,
    /// Its id, or its name where it is known by that; none where filters say which it is.
    #[serde(default)]
    pub id: Option<String>,
    /// The filters that are to find it: a name, and values of which one must match.
    #[serde(default)]
    pub filters: Vec<(String, Vec<String>)>,
}

fn usual() -> String {
    "x86_64".to_owned()
}

impl Kind {
    /// The action that finds it, the parameter with its id, and what ids begin with.
    fn look(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Kind::Image { .. } => ("DescribeImages", "ImageId.1", "ami"),
            Kind::Vpc => ("DescribeVpcs", "VpcId.1", "vpc"),
            Kind::Subnet { .. } => ("DescribeSubnets", "SubnetId.1", "subnet"),
            Kind::Group { .. } => ("DescribeSecurityGroups", "GroupId.1", "sg"),
            Kind::Snapshot => ("DescribeSnapshots", "SnapshotId.1", "snap"),
            Kind::KeyPair { .. } => ("DescribeKeyPairs", "KeyName.1", "key"),
            Kind::Profile => ("GetInstanceProfile", "InstanceProfileName", "AIPA"),
        }
    }
}

impl Shared {
    /// Makes what is not there: what it is called.
    pub(crate) fn suppose(&self, what: &Supposed) -> Option<String> {
        let region = regions::find(&what.region)?;
        let mut state = self.state();
        let world = &mut state.world;
        world.enter(region);
        if is_there(world, region, what) {
            return None;
        }
        let id = what.id.clone().unwrap_or_else(|| {
            let text = format!("{}/{:?}/{:?}", what.region, what.kind, what.filters);
            format!("{}-0{}", what.kind.look().2, &digits(&text)[..16])
        });
        put(world, region, what, &id)?;
        let label = match (&what.id, what.filters.iter().find(|(name, _)| name == "name" || name == "tag:Name")) {
            (Some(id), _) => id.clone(),
            (None, Some((_, values))) => format!("{id} (`{}`)", values.join("` or `")),
            (None, None) => id.clone(),
        };
        Some(label)
    }
}

/// Whether a caller would find it.
fn is_there(world: &mut World, region: regions::Region, what: &Supposed) -> bool {
    let (name, by_id, _) = what.kind.look();
    let mut values = BTreeMap::new();
    values.extend(what.id.as_ref().map(|id| (by_id.to_owned(), id.clone())));
    for (n, (filter, wanted)) in what.filters.iter().enumerate() {
        values.insert(format!("Filter.{}.Name", n + 1), filter.clone());
        for (m, value) in wanted.iter().enumerate() {
            values.insert(format!("Filter.{}.Value.{}", n + 1, m + 1), value.clone());
        }
    }
    if let Kind::Image { owners, .. } = &what.kind {
        values.extend(owners.iter().enumerate().map(|(n, owner)| (format!("Owner.{}", n + 1), owner.clone())));
    }
    let Some(action) = actions::find(name) else { return false };
    let scope = Scope { service: action.service, region, access_key: ACCOUNT.to_owned(), token: None };
    let answer = actions::run(action, &Params::new(values), &scope, world, Strikes::default());
    answer.is_ok_and(|fields| match action.service {
        Service::Ec2 => xml::answer(Service::Ec2, name, "", fields).contains("<item>"),
        Service::Sts | Service::Iam => true,
    })
}

/// Owners whom AWS gives a name.
const ALIASES: [&str; 3] = ["amazon", "aws-marketplace", "microsoft"];

/// A value that a pattern takes.
fn plain(pattern: &str) -> String {
    pattern.chars().filter(|c| *c != '*').map(|c| if c == '?' { '0' } else { c }).collect()
}

fn put(world: &mut World, place: regions::Region, what: &Supposed, id: &str) -> Option<()> {
    let value = |filter: &str| -> Option<String> {
        let (_, values) = what.filters.iter().find(|(name, _)| name == filter)?;
        values.first().map(|pattern| plain(pattern))
    };
    if what.kind == Kind::Profile {
        let role = Role {
            name: id.to_owned(),
            path: "/".to_owned(),
            born: Time::default(),
            trust: String::new(),
            description: None,
            policies: Default::default(),
            tags: TagMap::new(),
        };
        let held = Some((id.to_owned(), Time::default()));
        let profile = Profile {
            name: id.to_owned(),
            path: "/".to_owned(),
            born: Time::default(),
            role: held,
            tags: TagMap::new(),
        };
        world.iam.roles.insert(id.to_owned(), role);
        world.iam.profiles.insert(id.to_owned(), profile);
        return Some(());
    }
    let region = world.region_mut(place.name)?;
    let tags: TagMap = what
        .filters
        .iter()
        .filter_map(|(name, values)| Some((name.strip_prefix("tag:")?.to_owned(), plain(values.first()?))))
        .collect();
    if !tags.is_empty() {
        region.tags.insert(id.to_owned(), Tags::new(tags, Time::default()));
    }
    match &what.kind {
        Kind::Image { owners, architecture } => {
            let of = |owner: &String| {
                if owner.bytes().all(|b| b.is_ascii_digit()) { owner.clone() } else { ACCOUNT.to_owned() }
            };
            let owner = value("owner-id").or_else(|| owners.first().map(of)).unwrap_or_else(|| ACCOUNT.to_owned());
            let ami = Ami {
                name: value("name").filter(|name| name.len() > 2).unwrap_or_else(|| format!("supposed {id}")),
                architecture: value("architecture").unwrap_or_else(|| architecture.clone()),
                virtualization: value("virtualization-type").unwrap_or_else(|| "hvm".to_owned()),
                platform: value("platform").unwrap_or_else(|| "linux".to_owned()),
                owner,
                ..Ami::new(place.name, id)
            };
            let (mut image, snapshots) = catalogue::own(&ami);
            let alias = |owner: &String| ALIASES.into_iter().find(|alias| alias == owner);
            image.product_codes.extend(value("product-code"));
            image.description = value("description").or(image.description);
            image.owner_alias = value("owner-alias").iter().chain(owners).find_map(alias);
            region.snapshots.extend(snapshots);
            region.images.insert(id.to_owned(), Arc::new(image));
        }
        Kind::Vpc => vpc(region, id),
        Kind::Subnet { vpc: of, zone } => {
            let of = of.clone().or_else(|| value("vpc-id")).unwrap_or_else(|| newest(region));
            vpc(region, &of);
            let zones = region.zones();
            let zone = zone.clone().or_else(|| value("availability-zone")).filter(|zone| zones.contains(zone));
            let zone = zone.or_else(|| zones.first().cloned())?;
            let like = region.default_subnets().find(|subnet| subnet.zone == zone)?.clone();
            let cidr =
                value("cidr-block").filter(|cidr| cidr.contains('/')).unwrap_or_else(|| "10.0.0.0/20".to_owned());
            let subnet = Subnet { id: id.to_owned(), vpc: of, cidr, is_default: false, born: None, ..like };
            region.subnets.push(subnet);
        }
        Kind::Group { vpc: of } => {
            let of = of.clone().or_else(|| value("vpc-id")).unwrap_or_else(|| newest(region));
            vpc(region, &of);
            let open = Rule {
                protocol: "-1".to_owned(),
                from: None,
                to: None,
                source: Source::V4("0.0.0.0/0".to_owned()),
                description: None,
                id: id.replacen("sg-", "sgr-", 1),
            };
            let name = value("group-name").unwrap_or_else(|| id.to_owned());
            let group = Group {
                id: id.to_owned(),
                name,
                description: value("description").unwrap_or_default(),
                vpc: of,
                born: None,
                ingress: BTreeSet::from([open]),
            };
            region.groups.insert(id.to_owned(), group);
        }
        Kind::Snapshot => {
            let snapshot = Snapshot::of_old(id, ACCOUNT, 1, false);
            region.snapshots.insert(id.to_owned(), snapshot);
        }
        Kind::KeyPair { public } => {
            let (public, fingerprint, kind) = keys::read(public)?;
            let number = format!("key-0{}", &digits(id)[..16]);
            let pair = KeyPair { id: number, name: id.to_owned(), born: Time::default(), public, fingerprint, kind };
            region.keys.insert(id.to_owned(), pair);
        }
        Kind::Profile => {}
    }
    Some(())
}

/// The VPC in which something is that names none: the one that was supposed last, as the plan has found it by its filters.
fn newest(region: &Region) -> String {
    region.vpcs.last().map_or_else(|| region.vpc.clone(), |vpc| vpc.id.clone())
}

/// The VPC, which is made where it is not there, with the group that each has.
fn vpc(region: &mut Region, id: &str) {
    if region.vpcs.iter().any(|vpc| vpc.id == id) {
        return;
    }
    let vpc = Vpc { id: id.to_owned(), cidr: "10.0.0.0/16".to_owned(), ipv6: None, is_default: false, born: None };
    region.vpcs.push(vpc);
    let group = Group::default_of(id, format!("sg-0{}", &digits(&format!("{id}/default"))[..16]));
    region.groups.insert(group.id.clone(), group);
}
