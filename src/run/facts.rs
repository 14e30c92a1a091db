//! What run-time templates know of a build's machine, by Packer's names: one list for each builder, and the values.
//!
//! A plan is read by the same lists by which builds are walked, so that no name fails only on the machine. Neighbours: `input` asks
//! which names there are, `line` sets the values.

use std::collections::BTreeMap;

use super::build::{Build, Builder, Ssh};
use super::render::Given;
use super::secret::Gate;
use super::ssh::Target;
use super::step::source::SourceImage;

/// What every builder gives.
const CONNECTION: [&str; 9] = [
    "Host",
    "Port",
    "User",
    "Password",
    "ConnType",
    "PackerRunUUID",
    // There is no server of files.
    "PackerHTTPIP",
    "PackerHTTPPort",
    "PackerHTTPAddr",
];

/// What builders on EC2 give beside.
const EC2: [&str; 9] = [
    "ID",
    "BuildRegion",
    "SourceAMI",
    "SourceAMIName",
    "SourceAMICreationDate",
    "SourceAMIOwner",
    "SourceAMIOwnerName",
    "SourceAMITags",
    // Of a connection that is not made by it.
    "WinRMPassword",
];

/// What no journal has.
const SECRET: [&str; 3] = ["Password", "SSHPrivateKey", "WinRMPassword"];

/// What Packer gives, and bakec does not yet.
pub const UNEXECUTED: [&str; 2] = ["SSHPublicKey", "SSHPrivateKey"];

/// The names that a builder gives; none where it is not known here.
pub fn of(builder: &str) -> Option<Vec<&'static str>> {
    match builder {
        "amazon-ebs" => Some(CONNECTION.into_iter().chain(EC2).collect()),
        "null" => Some(CONNECTION.into_iter().chain(["ID"]).collect()),
        _ => None,
    }
}

/// The values with those of the connection; before there is one its place is empty.
pub fn connected(base: &Given, ssh: Option<&Ssh>, at: Option<&Target>) -> Given {
    let mut values = base.clone();
    let run = base.named.get("uuid").map_or("", String::as_str);
    let port = at.map_or_else(String::new, |t| t.port.to_string());
    let password = ssh.and_then(|s| s.password.as_ref()).map_or("", |p| p.reveal());
    for (name, value) in [
        ("Host", at.map_or("", |t| &t.host)),
        ("Port", &port),
        ("User", ssh.map_or("", |s| &s.username)),
        ("Password", password),
        ("ConnType", if ssh.is_some() { "ssh" } else { "none" }),
        ("PackerRunUUID", run),
        ("PackerHTTPIP", ""),
        ("PackerHTTPPort", ""),
        ("PackerHTTPAddr", ""),
    ] {
        know(&mut values.build, name, value);
    }
    values
}

/// The values with those of a machine that nobody makes.
pub fn of_nothing(mut values: Given) -> Given {
    know(&mut values.build, "ID", "Null");
    values
}

/// The values with those of a machine on EC2, whose id is empty before there is one.
pub fn launched(mut values: Given, source: &SourceImage, region: &str, instance: &str) -> Given {
    let tags: Vec<String> = source.tags.iter().map(|(k, v)| format!("{k}:{v}")).collect();
    let tags = format!("map[{}]", tags.join(" "));
    for (name, value) in [
        ("ID", instance),
        ("BuildRegion", region),
        ("SourceAMI", &source.id),
        ("SourceAMIName", &source.name),
        ("SourceAMICreationDate", &source.created),
        ("SourceAMIOwner", &source.owner),
        ("SourceAMIOwnerName", &source.owner_name),
        ("SourceAMITags", &tags),
        ("WinRMPassword", ""),
    ] {
        know(&mut values.build, name, value);
    }
    values
}

/// What a journal keeps of a machine's facts: none that is secret.
pub fn kept(mut facts: BTreeMap<String, String>, gate: &Gate) -> BTreeMap<String, String> {
    SECRET.iter().for_each(|name| drop(facts.remove(*name)));
    facts.retain(|_, value| gate.pass(value) == *value);
    facts
}

/// The values of a build whose machine is gone, with the facts that were kept of it.
pub fn gone(build: &Build, kept: BTreeMap<String, String>) -> Given {
    let ssh = match &build.builder {
        Builder::Ebs(ebs) => ebs.ssh.as_ref(),
        Builder::Null(null) => null.ssh.as_ref(),
    };
    let values = connected(&build.values, ssh, None);
    let mut values = match &build.builder {
        Builder::Ebs(ebs) => launched(values, &SourceImage::default(), &ebs.access.region, ""),
        Builder::Null(_) => of_nothing(values),
    };
    values.build.extend(kept);
    values
}

fn know(facts: &mut BTreeMap<String, String>, name: &str, value: &str) {
    facts.insert(name.to_owned(), value.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_know_every_fact_that_a_builder_gives() {
        let known = |name: &&str| crate::template::BUILD_NAMES.contains(name);
        let given = CONNECTION.iter().chain(&EC2).chain(&UNEXECUTED).chain(&SECRET);
        assert_eq!(given.filter(|name| !known(name)).collect::<Vec<_>>(), [&""; 0]);
    }

    #[test]
    fn a_journal_keeps_no_secret_fact() {
        let gate = Gate::default();
        gate.hide(&crate::run::secret::Secret::new("hunter22"));
        let facts = [("ID", "i-1"), ("Password", "x"), ("User", "hunter22")];
        let kept = kept(facts.map(|(k, v)| (k.to_owned(), v.to_owned())).into(), &gate);
        assert_eq!(kept.into_iter().collect::<Vec<_>>(), [("ID".to_owned(), "i-1".to_owned())]);
    }

    #[test]
    fn a_builder_gives_all_that_its_list_promises_and_no_more() {
        let connected = connected(&Given::default(), None, None);
        let launched = launched(connected.clone(), &SourceImage::default(), "us-east-1", "i-1");
        for (builder, given) in [("null", of_nothing(connected)), ("amazon-ebs", launched)] {
            let mut names = of(builder).expect("it is known");
            names.sort_unstable();
            assert_eq!(given.build.keys().collect::<Vec<_>>(), names, "{builder}");
        }
        assert_eq!(of("docker"), None);
    }
}
