//! What a run needs to be allowed: which actions of AWS's, on what, where; known from the plan alone.
//!
//! `table` is the one place that says what a step may call; `policy` writes IAM's policy from it; `preflight::question` asks AWS about
//! its rows. It knows builds, and makes no calls.

pub mod policy;
pub mod table;
#[cfg(test)]
mod tests;
mod when;

use std::collections::BTreeMap;

use super::build::{Build, Builder, Ebs};

/// A permission that a step needs.
#[derive(Debug)]
pub struct Row {
    /// The step, by its name in the journal; `preflight` before all of them.
    pub step: &'static str,
    /// `ec2:CreateImage`
    pub action: &'static str,
    /// Which builds need it.
    pub when: fn(&Ebs) -> bool,
    /// In which of their regions.
    pub place: Place,
    /// On what.
    pub on: On,
    /// How often a build that goes well makes the call, in each of the places; 0 where that is not so for every build: it looks, many
    /// share it, or something has to go wrong.
    pub calls: fn(&Ebs) -> u32,
    /// When AWS is asked beforehand whether it is allowed.
    pub asked: Asking,
}

/// In which regions something is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where the machine runs.
    Home,
    /// Where copies are made: also there, where the image comes by copying.
    Copies,
    /// Where images are to stay.
    Images,
    /// Where fast launch is turned on for them.
    Quick,
    /// Where anything is.
    All,
}

/// What an action is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// Nothing in particular: it looks.
    Anything,
    /// What it makes of these kinds, with the tags of the run.
    Made(&'static [&'static str]),
    /// What the run has made of these kinds, and has not finished.
    Building(&'static [&'static str]),
    /// What some run has made of these kinds.
    Ours(&'static [&'static str]),
    /// What is there of these kinds: what the plan names, or any.
    There(&'static [&'static str]),
    /// Tags of what is being made.
    Tags,
    /// The instance profile that the plan names.
    Profile,
    /// The role of the profile that the plan names.
    Role,
    /// What the plan names by its ARN for the launch.
    Arns,
    /// What it makes of these kinds in IAM, with the tags of the run.
    NewIam(&'static [&'static str]),
    /// What the run has made of these kinds in IAM.
    OwnIam(&'static [&'static str]),
    /// The role that the run has made, handed to EC2.
    OwnRole,
    /// The keys of KMS that the plan names for volumes.
    Key,
    /// The keys of KMS that the plan names for images.
    ImageKey,
    /// What EC2 says of a refusal.
    Refusal,
}

/// When AWS is asked whether something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// The preflight of `run` makes the call itself, or one that needs the same.
    Made,
    /// `run` asks it by a dry run: it comes late, when much time and money would be lost.
    Run,
    /// `plan --live` asks it by a dry run.
    Live,
    /// Nobody can be asked, for this reason.
    Never(&'static str),
}

/// A permission that builds need: what of the table applies, where, and for whom.
#[derive(Debug)]
pub struct Needed<'b> {
    /// The row.
    pub row: &'static Row,
    /// The builds.
    pub builds: Vec<&'b Build>,
    /// The regions, in the plan's order.
    pub regions: Vec<&'b str>,
}

/// A build's part that is made on EC2.
pub fn ebs(build: &Build) -> Option<&Ebs> {
    match &build.builder {
        Builder::Ebs(ebs) => Some(ebs),
        Builder::Null(_) => None,
    }
}

/// What builds need, in the table's order.
pub fn needed<'b>(builds: &[&'b Build]) -> Vec<Needed<'b>> {
    let mut all = Vec::new();
    for row in table::TABLE {
        let mut needed = Needed { row, builds: Vec::new(), regions: Vec::new() };
        for build in builds {
            let Some(ebs) = ebs(build).filter(|ebs| (row.when)(ebs)) else { continue };
            let regions = places(row.place, ebs);
            if regions.is_empty() {
                continue;
            }
            for region in regions {
                if !needed.regions.contains(&region) {
                    needed.regions.push(region);
                }
            }
            needed.builds.push(build);
        }
        if !needed.builds.is_empty() {
            all.push(needed);
        }
    }
    all
}

/// The regions of a build in which something is called.
pub fn places(place: Place, ebs: &Ebs) -> Vec<&str> {
    let (image, own) = (&ebs.image, ebs.access.region.as_str());
    if image.skip_create {
        return if matches!(place, Place::Home | Place::All) { vec![own] } else { Vec::new() };
    }
    match place {
        Place::Home => vec![own],
        Place::Copies if !image.is_by_copy() => image.regions.iter().map(String::as_str).collect(),
        Place::Copies | Place::Images => image.places(own).collect(),
        Place::Quick => match &image.fast_launch {
            Some(fast) => image.places(own).filter(|region| !fast.off.iter().any(|off| off == region)).collect(),
            None => Vec::new(),
        },
        Place::All => std::iter::once(own).chain(image.regions.iter().map(String::as_str)).collect(),
    }
}

/// How many calls the builds make if all goes well, by action: without those that look, which builds share.
pub fn calls(builds: &[&Build]) -> BTreeMap<&'static str, u32> {
    let mut all = BTreeMap::new();
    for row in table::TABLE {
        for ebs in builds.iter().filter_map(|build| ebs(build)).filter(|ebs| (row.when)(ebs)) {
            let times = u32::try_from(places(row.place, ebs).len()).unwrap_or(u32::MAX);
            *all.entry(row.action).or_default() += (row.calls)(ebs) * times;
        }
    }
    all.retain(|_, calls| *calls > 0);
    all
}
