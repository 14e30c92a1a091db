//! What a call of IAM's or STS's is: an action on a role or a profile, with the path that it has, or is to get.
//!
//! Who tags what he makes tags; who puts a role into a profile hands it to EC2. Neighbour: `touched` does the same for EC2.

use super::touched::{Context, Values, Wish};
use crate::rehearse::auth::Scope;
use crate::rehearse::world::World;
use crate::rehearse::world::iam::{Role, arn};
use crate::rehearse::world::tags::TagMap;

pub(super) fn wishes(service: &str, action: &str, values: &Values, scope: &Scope, world: &World) -> Vec<Wish> {
    let wish = |name: &str, resource: String, context: Context| Wish {
        action: format!("{service}:{name}"),
        resource,
        context,
    };
    let partition = scope.region.partition;
    let (profile, role) = (values.get("InstanceProfileName"), values.get("RoleName"));
    let (kind, path, name, own) = match (profile, role) {
        (Some(name), _) => {
            let found = world.iam.profiles.get(name);
            ("instance-profile", found.map(|p| p.path.as_str()), name, found.map(|p| &p.tags))
        }
        (None, Some(name)) => {
            let found = world.iam.roles.get(name);
            ("role", found.map(|r| r.path.as_str()), name, found.map(|r| &r.tags))
        }
        (None, None) => return vec![wish(action, "*".to_string(), Context::new())],
    };
    // What is not there has the path that the call gives it.
    let path = path.or(values.get("Path").map(String::as_str)).unwrap_or("/");
    let resource = arn(partition, kind, path, name);
    let asked = tags(values);
    let mut context = Context::new();
    for (key, value) in own.into_iter().flatten() {
        for service in ["aws", "iam"] {
            context.insert(format!("{service}:resourcetag/{}", key.to_lowercase()), vec![value.clone()]);
        }
    }
    for (key, value) in &asked {
        context.insert(format!("aws:requesttag/{}", key.to_lowercase()), vec![value.clone()]);
    }
    context.insert("aws:tagkeys".to_string(), asked.keys().cloned().collect());
    let mut all = vec![wish(action, resource.clone(), context.clone())];
    if let Some(made) = action.strip_prefix("Create").filter(|_| !asked.is_empty()) {
        all.push(wish(&format!("Tag{made}"), resource, context));
    }
    if let ("AddRoleToInstanceProfile", Some(role)) = (action, role) {
        all.push(passed(role, scope, world));
    }
    all
}

/// A role, handed to EC2.
pub(super) fn passed(role: &str, scope: &Scope, world: &World) -> Wish {
    let partition = scope.region.partition;
    let path = world.iam.roles.get(role).map_or("/", |role: &Role| role.path.as_str());
    let service = if partition == "aws-cn" { "ec2.amazonaws.com.cn" } else { "ec2.amazonaws.com" };
    let context = Context::from([("iam:passedtoservice".to_string(), vec![service.to_string()])]);
    Wish { action: "iam:PassRole".to_string(), resource: arn(partition, "role", path, role), context }
}

/// `Tags.member.N.Key` with `Tags.member.N.Value`.
fn tags(values: &Values) -> TagMap {
    let keys = values.iter().filter_map(|(name, key)| Some((name.strip_suffix(".Key")?, key)));
    let keys = keys.filter(|(group, _)| group.starts_with("Tags.member."));
    keys.map(|(group, key)| (key.clone(), values.get(&format!("{group}.Value")).cloned().unwrap_or_default())).collect()
}
