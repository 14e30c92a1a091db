//! What a plan takes to be in the account, for a rehearsal that has none: images, networks, keys and profiles that it names.
//!
//! It knows builds, and what the embedded EC2 can have. Neighbour: `rehearsal` says what was supposed.

use crate::facts::Facts;
use crate::rehearse::{Supposed, SupposedKind as Kind};
use crate::run::build::{Build, Builder, Ebs, Key};
use crate::run::key;

/// All that builds take to be there, in their order.
pub(super) fn of(builds: &[Build]) -> Vec<Supposed> {
    let mut all: Vec<Supposed> = Vec::new();
    for build in builds {
        let Builder::Ebs(ebs) = &build.builder else { continue };
        all.extend(of_one(ebs).into_iter().filter(|one| !all.contains(one)).collect::<Vec<_>>());
    }
    all
}

fn of_one(ebs: &Ebs) -> Vec<Supposed> {
    let named = |kind: Kind, id: &str| Supposed {
        region: ebs.access.region.clone(),
        kind,
        id: Some(id.to_owned()),
        filters: Vec::new(),
    };
    let found = |kind: Kind, filters: &[(String, Vec<String>)]| Supposed {
        region: ebs.access.region.clone(),
        kind,
        id: None,
        filters: filters.to_vec(),
    };
    let (network, search, launch) = (&ebs.network, &ebs.network.search, &ebs.launch);
    let image = Kind::Image { owners: ebs.source.owners.clone(), architecture: architecture(&launch.instance_type) };
    let mut all = vec![match &ebs.source.id {
        Some(id) => named(image, id),
        None => found(image, &ebs.source.filters),
    }];
    all.extend(network.vpc.iter().map(|id| named(Kind::Vpc, id)));
    all.extend(search.vpc.iter().map(|filters| found(Kind::Vpc, filters)));
    let subnet = || Kind::Subnet { vpc: network.vpc.clone(), zone: launch.availability_zone.clone() };
    all.extend(network.subnet.iter().map(|id| named(subnet(), id)));
    all.extend(search.subnet.iter().map(|(filters, _)| found(subnet(), filters)));
    let group = || Kind::Group { vpc: network.vpc.clone() };
    all.extend(network.groups.iter().map(|id| named(group(), id)));
    all.extend(search.groups.iter().map(|filters| found(group(), filters)));
    all.extend(launch.iam_instance_profile.iter().map(|name| named(Kind::Profile, name)));
    let devices = launch.devices.iter().chain(&ebs.image.devices);
    all.extend(devices.filter_map(|device| device.snapshot_id.as_deref()).map(|id| named(Kind::Snapshot, id)));
    if let Key::Own { name: Some(name), file } = &ebs.key
        && let Ok(public) = key::read(file, None).and_then(|key| key::public_line(&key, ""))
    {
        all.push(named(Kind::KeyPair { public }, name));
    }
    all
}

/// That of a type of machine.
fn architecture(instance_type: &str) -> String {
    let known = Facts::builtin().instance_type(instance_type);
    let words: Vec<&str> = known.iter().flat_map(|kind| kind.architectures.iter()).collect();
    // Old types have both; what is built today is of 64 bits.
    let best = words.iter().find(|word| **word == "x86_64").or(words.first());
    best.map_or_else(|| "x86_64".to_owned(), |word| (*word).to_owned())
}
