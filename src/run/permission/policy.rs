//! IAM's policy of a plan: as little as it needs, in statements by what the actions are on.
//!
//! What a run makes must have the run's tag, and only what has it may be changed or deleted, until it is finished. Beside that stand
//! ids that nobody has: on them `preflight` asks by dry runs, since a condition on tags is never true of what is not there.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::when::{arns, devices, image_keys};
use super::{Asking, Needed, On, ebs, needed};
use crate::facts::regions;
use crate::run::build::{Build, Ebs, Key};
use crate::run::step::role;
use crate::run::step::tags::{BUILDING, RUN, STATE};

/// What IAM takes of a managed policy at most, blanks not counted.
pub const MOST: usize = 6144;

/// A policy as IAM reads it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    /// That of the language of policies.
    pub version: &'static str,
    /// The statements.
    pub statement: Vec<Statement>,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    /// Its name.
    pub sid: String,
    /// `Allow`
    pub effect: &'static str,
    /// The actions, in alphabetical order.
    pub action: Vec<&'static str>,
    /// What they are on.
    pub resource: Vec<String>,
    /// When; always where it is empty.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub condition: BTreeMap<&'static str, BTreeMap<String, Json>>,
}

impl Policy {
    /// The policy as JSON, with a line's end.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// How long IAM says that it is.
    pub fn size(&self) -> usize {
        self.text().chars().filter(|c| !c.is_whitespace()).count()
    }

    /// All actions, each once.
    pub fn actions(&self) -> BTreeSet<&'static str> {
        self.statement.iter().flat_map(|s| s.action.iter().copied()).collect()
    }
}

/// The name of what nobody has.
pub const NOBODY: &str = "bakec-asks";

/// The id of a kind's thing that nobody has, on which permissions are asked for.
pub fn nobodys(kind: &str) -> String {
    let prefix = match kind {
        "fleet" => return "fleet-00000000-0000-0000-0000-000000000000".to_owned(),
        "image" => "ami",
        "instance" => "i",
        "key-pair" => return NOBODY.to_owned(),
        "launch-template" => "lt",
        "security-group" => "sg",
        "snapshot" => "snap",
        "volume" => "vol",
        other => other,
    };
    format!("{prefix}-00000000000000000")
}

/// What rows of one statement have in common. What they are on is told apart only where one row's things are no business of another's.
type Group<'b> = (Kind, Vec<String>, Vec<&'b str>);

/// What a statement says.
#[derive(Default)]
struct Said {
    actions: BTreeSet<&'static str>,
    resources: BTreeSet<String>,
    /// What makes what is tagged.
    creates: BTreeSet<&'static str>,
}

/// Kinds of statements, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Look,
    Make,
    Use,
    Tag,
    Change,
    Mark,
    Ask,
    PassRole,
    UseKeys,
    Profile,
    MakeRole,
    ChangeRole,
    Decode,
}

impl Kind {
    /// Whether it is about a service that is one for all regions.
    fn is_global(self) -> bool {
        matches!(self, Kind::PassRole | Kind::Profile | Kind::MakeRole | Kind::ChangeRole | Kind::Decode)
    }
}

/// The policy of builds. It is one also where they are of several accounts.
pub fn policy(builds: &[&Build]) -> Policy {
    let mut groups: BTreeMap<Group<'_>, Said> = BTreeMap::new();
    let all = needed(builds);
    for need in &all {
        for (partition, regions) in partitions(&need.regions) {
            let (kind, resources) = statement_of(need, partition);
            // Different partitions have different names for all they are on.
            let apart = if kind == Kind::Use { resources.clone() } else { vec![partition.to_owned()] };
            let at = if kind.is_global() { Vec::new() } else { regions.clone() };
            let said = groups.entry((kind, apart, at)).or_default();
            if kind == Kind::Tag {
                let makes = all.iter().filter(|n| n.row.step == need.row.step && is_made(n.row.on, n.row.action));
                said.creates.extend(makes.map(|n| bare(n.row.action)));
            }
            said.actions.insert(need.row.action);
            said.resources.extend(resources);
            if let (On::Building(kinds) | On::Ours(kinds), Asking::Run | Asking::Live) = (need.row.on, need.row.asked) {
                let said = groups.entry((Kind::Ask, vec![partition.to_owned()], regions)).or_default();
                said.actions.insert(need.row.action);
                said.resources.extend(kinds.iter().map(|kind| arn(partition, kind, &nobodys(kind))));
            }
        }
    }
    let mut statements: Vec<Statement> = Vec::new();
    for ((kind, _, regions), said) in groups {
        let resource: Vec<String> = said.resources.into_iter().collect();
        statements.push(Statement {
            sid: sid(kind, &statements),
            effect: "Allow",
            action: said.actions.into_iter().collect(),
            condition: condition(kind, &regions, &resource, &said.creates),
            resource,
        });
    }
    Policy { version: "2012-10-17", statement: statements }
}

/// Whether an action is one that makes something that is tagged.
fn is_made(on: On, action: &str) -> bool {
    matches!(on, On::Made(_)) || action == "ec2:RegisterImage"
}

/// An action without its service.
fn bare(action: &'static str) -> &'static str {
    action.split_once(':').map_or(action, |(_, name)| name)
}

/// A name that no statement has yet.
fn sid(kind: Kind, statements: &[Statement]) -> String {
    let name = format!("{kind:?}");
    let same = statements.iter().filter(|s| s.sid.trim_end_matches(|c: char| c.is_ascii_digit()) == name).count();
    if same == 0 { name } else { format!("{name}{}", same + 1) }
}

/// Regions by the partition that ARNs in them name.
fn partitions<'b>(all: &[&'b str]) -> BTreeMap<&'static str, Vec<&'b str>> {
    let mut by: BTreeMap<&'static str, Vec<&'b str>> = BTreeMap::new();
    for region in all {
        by.entry(regions::find(region).map_or("aws", |r| r.partition)).or_default().push(region);
    }
    by.values_mut().for_each(|regions| regions.sort_unstable());
    by
}

/// What kind of statement a need belongs to, and what it is on.
fn statement_of(need: &Needed<'_>, partition: &str) -> (Kind, Vec<String>) {
    let any = |kinds: &[&str]| kinds.iter().map(|kind| arn(partition, kind, "*")).collect::<Vec<_>>();
    match need.row.on {
        On::Anything => (Kind::Look, vec!["*".to_owned()]),
        On::Made(kinds) => (Kind::Make, any(kinds)),
        On::Building(kinds) => (Kind::Change, any(kinds)),
        On::Ours(kinds) => (Kind::Mark, any(kinds)),
        On::There(kinds) => {
            let named = kinds.iter().flat_map(|kind| match named(need, kind) {
                Some(ids) => ids.iter().map(|id| arn(partition, kind, id)).collect(),
                None => vec![arn(partition, kind, "*")],
            });
            (Kind::Use, named.collect())
        }
        On::Tags => (Kind::Tag, vec![format!("arn:{partition}:ec2:*:*:*/*")]),
        On::Profile => (Kind::Profile, iam(partition, "instance-profile", &profiles(need))),
        On::Role => (Kind::PassRole, iam(partition, "role", &profiles(need))),
        On::OwnRole => (Kind::PassRole, iam(partition, "role", &[&own_path()])),
        On::NewIam(kinds) => {
            (Kind::MakeRole, kinds.iter().flat_map(|kind| iam(partition, kind, &[&own_path()])).collect())
        }
        On::OwnIam(kinds) => {
            // What is not there has no path.
            let all = [own_path(), format!("{}*", role::PREFIX)];
            (Kind::ChangeRole, kinds.iter().flat_map(|kind| iam(partition, kind, &all)).collect())
        }
        On::Arns => (Kind::Use, of_all(need, |ebs| arns(ebs).cloned().collect())),
        On::Key => {
            let keys = of_all(need, |ebs| devices(ebs).filter_map(|d| d.kms_key_id.clone()).collect());
            (Kind::UseKeys, keys.iter().map(|key| key_arn(partition, key)).collect())
        }
        On::ImageKey => {
            let keys = of_all(need, |ebs| image_keys(ebs).map(str::to_owned).collect());
            (Kind::UseKeys, keys.iter().map(|key| key_arn(partition, key)).collect())
        }
        On::Refusal => (Kind::Decode, vec!["*".to_owned()]),
    }
}

/// The names of the profiles that builds name.
fn profiles(need: &Needed<'_>) -> Vec<String> {
    of_all(need, |ebs| ebs.launch.iam_instance_profile.iter().cloned().collect())
}

/// Something of all builds that need it.
fn of_all(need: &Needed<'_>, part: impl Fn(&Ebs) -> Vec<String>) -> Vec<String> {
    let all: BTreeSet<String> = need.builds.iter().filter_map(|build| ebs(build)).flat_map(part).collect();
    all.into_iter().collect()
}

/// All that runs make in IAM, below the path that is theirs.
fn own_path() -> String {
    format!("{}*", role::PATH.trim_start_matches('/'))
}

/// ARNs in IAM, which belongs to no region.
fn iam(partition: &str, kind: &str, names: &[impl AsRef<str>]) -> Vec<String> {
    names.iter().map(|name| format!("arn:{partition}:iam::*:{kind}/{}", name.as_ref())).collect()
}

/// A key of KMS: its ARN, or that of its id. What an alias stands for is not known here.
fn key_arn(partition: &str, key: &str) -> String {
    match key {
        arn if arn.starts_with("arn:") && arn.contains(":key/") => arn.to_owned(),
        alias if alias.contains("alias/") => format!("arn:{partition}:kms:*:*:key/*"),
        id => format!("arn:{partition}:kms:*:*:key/{id}"),
    }
}

const LAUNCH: &str = "ec2:RunInstances";
const FLEET: &str = "ec2:CreateFleet";

/// The ids of things of a kind that a call uses, where all builds name them.
fn named(need: &Needed<'_>, kind: &str) -> Option<BTreeSet<String>> {
    let own = |build: &Build| -> Option<Vec<String>> {
        let ebs = ebs(build)?;
        let ids = match (need.row.action, kind) {
            (LAUNCH | FLEET, "image") => vec![ebs.source.id.clone()?],
            (LAUNCH | FLEET, "subnet") => vec![ebs.network.subnet.clone()?],
            (LAUNCH | FLEET, "security-group") => ebs.network.groups.clone(),
            (LAUNCH, "snapshot") => ebs.launch.devices.iter().filter_map(|d| d.snapshot_id.clone()).collect(),
            (LAUNCH, "capacity-reservation") => ebs.launch.reservation.id.iter().cloned().collect(),
            (LAUNCH, "dedicated-host") => ebs.launch.placement.host.iter().cloned().collect(),
            (LAUNCH, "key-pair") => match &ebs.key {
                Key::Known { name } | Key::Own { name: Some(name), .. } => vec![name.clone()],
                _ => Vec::new(),
            },
            ("ec2:CreateSecurityGroup", "vpc") => vec![ebs.network.vpc.clone()?],
            ("ec2:EnableFastLaunch", "launch-template") => {
                let templates = &ebs.image.fast_launch.as_ref()?.templates;
                templates.iter().map(|(_, template)| template.id.clone()).collect::<Option<_>>()?
            }
            _ => return None,
        };
        (!ids.is_empty()).then_some(ids)
    };
    let mut all = BTreeSet::new();
    for build in &need.builds {
        all.extend(own(build)?);
    }
    Some(all)
}

fn arn(partition: &str, kind: &str, id: &str) -> String {
    // Images and snapshots belong to no account, as their names have it.
    let account = if matches!(kind, "image" | "snapshot") { "" } else { "*" };
    format!("arn:{partition}:ec2:*:{account}:{kind}/{id}")
}

/// When a statement holds.
fn condition(
    kind: Kind,
    regions: &[&str],
    resources: &[String],
    creates: &BTreeSet<&'static str>,
) -> BTreeMap<&'static str, BTreeMap<String, Json>> {
    let mut equals: BTreeMap<String, Json> = BTreeMap::new();
    let mut like: BTreeMap<String, Json> = BTreeMap::new();
    if !kind.is_global() && kind != Kind::UseKeys {
        equals.insert("ec2:Region".to_owned(), json!(regions));
    }
    match kind {
        Kind::PassRole => {
            let china = resources.iter().all(|arn| arn.starts_with("arn:aws-cn:"));
            let service = if china { "ec2.amazonaws.com.cn" } else { "ec2.amazonaws.com" };
            equals.insert("iam:PassedToService".to_owned(), json!(service));
        }
        Kind::UseKeys => {
            let by: Vec<String> = regions.iter().map(|region| format!("ec2.{region}.amazonaws.com")).collect();
            equals.insert("kms:ViaService".to_owned(), json!(by));
        }
        Kind::Make | Kind::MakeRole => {
            like.insert(format!("aws:RequestTag/{RUN}"), json!("*"));
        }
        Kind::Tag => {
            equals.insert("ec2:CreateAction".to_owned(), json!(creates));
        }
        Kind::Change => {
            equals.insert(format!("aws:ResourceTag/{STATE}"), json!(BUILDING));
        }
        Kind::Mark => {
            like.insert(format!("aws:ResourceTag/{RUN}"), json!("*"));
        }
        Kind::Look | Kind::Use | Kind::Ask | Kind::Profile | Kind::ChangeRole | Kind::Decode => {}
    }
    [("StringEquals", equals), ("StringLike", like)].into_iter().filter(|(_, keys)| !keys.is_empty()).collect()
}
