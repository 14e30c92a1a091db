//! What a call is, as IAM sees it: actions on resources, each with what conditions may ask for.
//!
//! A call of EC2's is allowed when its action is on every resource that it uses or makes; when it tags what it makes, also
//! `CreateTags`; when it hands a profile to an instance, also `iam:PassRole`. What it uses is known by the ids among its parameters. A
//! fleet launches in the name of its caller: it is also all that its launches are.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::{self, passed};
use crate::facts::regions;
use crate::rehearse::actions::Action;
use crate::rehearse::auth::{Scope, Service};
use crate::rehearse::world::{ACCOUNT, World};

/// An action on a resource, and what is known of both, by keys in small letters.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) context: Context,
}

pub(super) type Context = BTreeMap<String, Vec<String>>;

/// Kinds of things by how their ids begin.
const PREFIXES: [(&str, &str); 14] = [
    ("ami-", "image"),
    ("cr-", "capacity-reservation"),
    ("eni-", "network-interface"),
    ("fleet-", "fleet"),
    ("h-", "dedicated-host"),
    ("i-", "instance"),
    ("key-", "key-pair"),
    ("lt-", "launch-template"),
    ("pg-", "placement-group"),
    ("sg-", "security-group"),
    ("snap-", "snapshot"),
    ("subnet-", "subnet"),
    ("vol-", "volume"),
    ("vpc-", "vpc"),
];

/// What calls make, also where they do not tag it.
const MAKES: [(&str, &[&str]); 11] = [
    ("CopyImage", &["image", "snapshot"]),
    ("CopySnapshot", &["snapshot"]),
    ("CreateFleet", &["fleet"]),
    ("CreateImage", &["image", "snapshot"]),
    ("CreateLaunchTemplate", &["launch-template"]),
    ("CreateSecurityGroup", &["security-group"]),
    ("CreateSnapshot", &["snapshot"]),
    ("CreateVolume", &["volume"]),
    ("ImportKeyPair", &["key-pair"]),
    ("RegisterImage", &["image"]),
    ("RunInstances", &["instance", "network-interface", "volume"]),
];

/// Actions of KMS's that EC2 takes in the name of a caller who names a key.
const KEYS: [&str; 6] = [
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
];

pub(super) type Values = BTreeMap<String, String>;

pub(super) fn wishes(action: &Action, values: &Values, scope: &Scope, world: &World) -> Vec<Wish> {
    match action.service {
        Service::Iam => identity::wishes("iam", action.name, values, scope, world),
        Service::Sts => identity::wishes("sts", action.name, values, scope, world),
        Service::Ec2 if !action.changes() && !action.name.starts_with("GetConsole") => {
            let named = format!("ec2:{}", action.name);
            vec![Wish { action: named, resource: "*".to_string(), context: general(scope) }]
        }
        Service::Ec2 => changes(action.name, values, scope, world),
    }
}

/// What a call of EC2's is that changes something.
fn changes(action: &str, values: &Values, scope: &Scope, world: &World) -> Vec<Wish> {
    let named = format!("ec2:{action}");
    // A template is only a word about launches that may come.
    let own: Values =
        values.iter().filter(|(name, _)| !name.starts_with(TEMPLATE)).map(|(n, v)| (n.clone(), v.clone())).collect();
    let see = See { values: &own, scope, world };
    let mut wishes: Vec<Wish> = Vec::new();
    for kind in see.made(action) {
        let tags = see.tags(kind);
        let mut context = general(scope);
        asked_tags(&mut context, &tags);
        if kind == "instance"
            && let Some(size) = own.get("InstanceType")
        {
            context.insert("ec2:instancetype".to_string(), vec![size.clone()]);
        }
        let resource = see.arn(kind, "*");
        if !tags.is_empty() {
            let mut context = context.clone();
            context.insert("ec2:createaction".to_string(), vec![action.to_string()]);
            let (action, resource) = ("ec2:CreateTags".to_string(), resource.clone());
            wishes.push(Wish { action, resource, context });
        }
        // The call itself is told of first.
        wishes.insert(0, Wish { action: named.clone(), resource, context });
    }
    let launches = if action == "CreateFleet" { launches(values, scope, world) } else { Vec::new() };
    let mut used = see.used(action);
    for launch in &launches {
        used.extend(See { values: launch, scope, world }.used("RunInstances"));
    }
    for (kind, id) in used {
        let mut context = general(scope);
        see.own_tags(&mut context, &kind, &id);
        if matches!(action, "CreateTags" | "DeleteTags") {
            asked_tags(&mut context, &see.tag_list("Tag"));
        }
        wishes.push(Wish { action: named.clone(), resource: see.arn(&kind, &id), context });
    }
    if action == "RunInstances" {
        wishes.extend(see.arns().map(|arn| Wish {
            action: named.clone(),
            resource: arn.clone(),
            context: general(scope),
        }));
    }
    wishes.extend(see.passed());
    wishes.extend(launches.iter().flat_map(|launch| changes("RunInstances", launch, scope, world)));
    if wishes.is_empty() {
        wishes.push(Wish { action: named, resource: "*".to_string(), context: general(scope) });
    }
    wishes
}

/// With what the parameters of a template begin.
const TEMPLATE: &str = "LaunchTemplateData.";

/// What a fleet launches: each template with what goes before it.
fn launches(values: &Values, scope: &Scope, world: &World) -> Vec<Values> {
    let Some(region) = world.region(scope.region.name) else { return Vec::new() };
    let mut all = Vec::new();
    let named = values.iter().filter_map(|(name, value)| {
        let config = name.strip_suffix(".LaunchTemplateSpecification.LaunchTemplateId")?;
        Some((config, region.templates.get(value)?))
    });
    for (config, template) in named {
        let mut groups: BTreeMap<&str, Values> = BTreeMap::new();
        let start = format!("{config}.Overrides.");
        for (name, value) in values {
            if let Some((group, option)) = name.strip_prefix(&start).and_then(|rest| rest.split_once('.')) {
                groups.entry(group).or_default().insert(option.to_string(), value.clone());
            }
        }
        if groups.is_empty() {
            groups.insert("", Values::new());
        }
        for over in groups.into_values() {
            let mut launch = template.data.clone();
            launch.extend(over);
            launch.insert("LaunchTemplate.LaunchTemplateId".to_string(), template.id.clone());
            all.push(launch);
        }
    }
    all
}

/// What is done with keys of KMS that a call names.
pub(super) fn keys(action: &str, values: &Values, scope: &Scope, world: &World) -> Vec<Wish> {
    let launches = if action == "CreateFleet" { launches(values, scope, world) } else { Vec::new() };
    let all = launches.iter().chain([values]).flatten();
    // A template is only a word about launches that may come.
    let all = all.filter(|(name, _)| name.ends_with("KmsKeyId") && !name.starts_with(TEMPLATE));
    let keys: BTreeSet<&String> = all.map(|(_, key)| key).collect();
    let region = scope.region;
    let of = |key: &str| match key {
        arn if arn.starts_with("arn:") => arn.to_string(),
        // The key that an alias stands for goes by its name.
        key => {
            let id = key.strip_prefix("alias/").unwrap_or(key);
            format!("arn:{}:kms:{}:{ACCOUNT}:key/{id}", region.partition, region.name)
        }
    };
    let wish = |action: &str, key: &str| {
        let mut context = general(scope);
        context.insert("kms:viaservice".to_string(), vec![format!("ec2.{}.amazonaws.com", region.name)]);
        context.insert("kms:grantisforawsresource".to_string(), vec!["true".to_string()]);
        Wish { action: action.to_string(), resource: of(key), context }
    };
    keys.iter().flat_map(|key| KEYS.iter().map(move |action| wish(action, key))).collect()
}

/// What every call has.
fn general(scope: &Scope) -> Context {
    let region = vec![scope.region.name.to_string()];
    let user = format!("arn:{}:iam::{ACCOUNT}:user/rehearsal", scope.region.partition);
    Context::from([
        ("aws:requestedregion".to_string(), region.clone()),
        ("ec2:region".to_string(), region),
        ("aws:principalaccount".to_string(), vec![ACCOUNT.to_string()]),
        ("aws:principalarn".to_string(), vec![user]),
    ])
}

fn asked_tags(context: &mut Context, tags: &[(String, String)]) {
    for (key, value) in tags {
        context.insert(format!("aws:requesttag/{}", key.to_lowercase()), vec![value.clone()]);
    }
    context.insert("aws:tagkeys".to_string(), tags.iter().map(|(key, _)| key.clone()).collect());
}

struct See<'w> {
    values: &'w Values,
    scope: &'w Scope,
    world: &'w World,
}

impl See<'_> {
    /// The kinds of things that a call makes: those that it always does, and those that it tags.
    fn made(&self, action: &str) -> Vec<&str> {
        let known = MAKES.iter().find(|(name, _)| *name == action);
        let mut kinds: Vec<&str> = known.map(|(_, kinds)| kinds.to_vec()).unwrap_or_default();
        for (name, kind) in self.values {
            if name.starts_with("TagSpecification.")
                && name.ends_with(".ResourceType")
                && !kinds.contains(&kind.as_str())
            {
                kinds.push(kind);
            }
        }
        let spot = self.values.get("InstanceMarketOptions.MarketType").is_some_and(|market| market == "spot");
        if spot && !kinds.contains(&"spot-instances-request") {
            kinds.push("spot-instances-request");
        }
        kinds
    }

    /// The tags that things of a kind are to get.
    fn tags(&self, kind: &str) -> Vec<(String, String)> {
        let of_kind = self.values.iter().filter(|(name, value)| {
            name.starts_with("TagSpecification.") && name.ends_with(".ResourceType") && *value == kind
        });
        let groups = of_kind.filter_map(|(name, _)| name.strip_suffix(".ResourceType"));
        groups.flat_map(|group| self.tag_list(&format!("{group}.Tag"))).collect()
    }

    /// `prefix.N.Key` with `prefix.N.Value`.
    fn tag_list(&self, prefix: &str) -> Vec<(String, String)> {
        let start = format!("{prefix}.");
        let keys = self.values.iter().filter(|(name, _)| name.starts_with(&start));
        let keys = keys.filter_map(|(name, key)| Some((name.strip_suffix(".Key")?, key)));
        keys.map(|(group, key)| (key.clone(), self.values.get(&format!("{group}.Value")).cloned().unwrap_or_default()))
            .collect()
    }

    /// What a call uses: things whose ids it names, and those that EC2 takes where it names none.
    fn used(&self, action: &str) -> Vec<(String, String)> {
        let mut used: BTreeSet<(String, String)> = BTreeSet::new();
        for (name, value) in self.values {
            let last = name.split('.').rfind(|part| !part.bytes().all(|b| b.is_ascii_digit())).unwrap_or_default();
            if last == "KeyName" && action != "ImportKeyPair" {
                used.insert(("key-pair".to_string(), value.clone()));
            }
            if (last == "Id" || last.ends_with("Id"))
                && last != "KmsKeyId"
                && let Some((_, kind)) = PREFIXES.iter().find(|(prefix, _)| value.starts_with(prefix))
            {
                used.insert(((*kind).to_string(), value.clone()));
            }
        }
        if let Some(name) = self.values.get("LaunchTemplate.LaunchTemplateName") {
            let region = self.world.region(self.scope.region.name);
            let found = region.and_then(|region| region.templates.values().find(|t| t.name == *name));
            used.insert(("launch-template".to_string(), found.map_or("*", |t| t.id.as_str()).to_string()));
        }
        let has = |used: &BTreeSet<(String, String)>, kind: &str| used.iter().any(|(k, _)| k == kind);
        if let Some(region) = self.world.region(self.scope.region.name) {
            let own = |kind: &str, id: &str| (kind.to_string(), id.to_string());
            if action == "RunInstances" {
                if !has(&used, "subnet") {
                    used.extend(region.subnets.first().map(|subnet| own("subnet", &subnet.id)));
                }
                if !has(&used, "security-group") {
                    used.extend(
                        region.groups.values().find(|g| g.name == "default").map(|g| own("security-group", &g.id)),
                    );
                }
            }
            if action == "CreateSecurityGroup" && !has(&used, "vpc") {
                used.insert(own("vpc", &region.vpc));
            }
        }
        used.into_iter().collect()
    }

    /// Tags that a thing has, wherever it is.
    fn own_tags(&self, context: &mut Context, kind: &str, id: &str) {
        let here = self.scope.region.name;
        let from = self.values.get("SourceRegion").and_then(|name| regions::find(name)).map_or(here, |r| r.name);
        for region in [here, from].into_iter().filter_map(|name| self.world.region(name)) {
            let id = match kind {
                "key-pair" => region.keys.get(id).map_or(id, |key| key.id.as_str()),
                _ => id,
            };
            for (key, value) in region.tags.get(id).iter().flat_map(|tags| &tags.now) {
                for service in ["aws", "ec2"] {
                    let key = format!("{service}:resourcetag/{}", key.to_lowercase());
                    context.insert(key, vec![value.clone()]);
                }
            }
        }
    }

    fn arn(&self, kind: &str, id: &str) -> String {
        let region = self.scope.region;
        // Images and snapshots belong to no account, as their names have it.
        let account = if matches!(kind, "image" | "snapshot") { "" } else { ACCOUNT };
        // Key pairs go by their names.
        let name = self.world.region(region.name).filter(|_| kind == "key-pair");
        let name = name.and_then(|region| region.keys.values().find(|key| key.id == id));
        let id = name.map_or(id, |key| key.name.as_str());
        format!("arn:{}:ec2:{}:{account}:{kind}/{id}", region.partition, region.name)
    }

    /// What a launch names by its ARN, but its profile.
    fn arns(&self) -> impl Iterator<Item = &String> {
        let named =
            self.values.iter().filter(|(name, _)| name.ends_with("Arn") && !name.starts_with("IamInstanceProfile"));
        named.map(|(_, arn)| arn)
    }

    /// The role that an instance gets: that of its profile, or of the profile's name where there is no such profile.
    fn passed(&self) -> Option<Wish> {
        let profile = |last: &str| {
            self.values.iter().find(|(name, _)| name.ends_with(&format!("IamInstanceProfile.{last}"))).map(|(_, v)| v)
        };
        let name = profile("Name").map(String::as_str);
        let name = name.or_else(|| profile("Arn")?.rsplit('/').next())?;
        let role = self.world.iam.profiles.get(name).and_then(|profile| profile.role.as_ref());
        Some(passed(role.map_or(name, |(role, _)| role), self.scope, self.world))
    }
}
