//! IAM: roles with their policies, and instance profiles.

use indexmap::IndexMap;

use super::{Action, Answer, Call};
use crate::rehearse::auth::Service;
use crate::rehearse::error::ApiError;
use crate::rehearse::world::iam::{Profile, Role, arn, id};
use crate::rehearse::world::tags::TagMap;
use crate::rehearse::xml::Fields;

const fn iam(
    name: &'static str,
    takes: &'static [&'static [&'static str]],
    run: fn(&mut Call<'_>) -> Answer,
) -> Action {
    Action { name, service: Service::Iam, takes, run }
}

const TAGGED: &[&str] = &["Tags.member.N.Key", "Tags.member.N.Value"];
const LISTED: &[&str] = &["PathPrefix", "Marker", "MaxItems"];

pub(super) const ACTIONS: &[Action] = &[
    iam("CreateRole", &[TAGGED, &["RoleName", "Path", "AssumeRolePolicyDocument", "Description"]], create_role),
    iam("GetRole", &[&["RoleName"]], get_role),
    iam("ListRoles", &[LISTED], list_roles),
    iam("DeleteRole", &[&["RoleName"]], delete_role),
    iam("PutRolePolicy", &[&["RoleName", "PolicyName", "PolicyDocument"]], put_role_policy),
    iam("ListRolePolicies", &[&["RoleName", "Marker", "MaxItems"]], list_role_policies),
    iam("DeleteRolePolicy", &[&["RoleName", "PolicyName"]], delete_role_policy),
    iam("CreateInstanceProfile", &[TAGGED, &["InstanceProfileName", "Path"]], create_instance_profile),
    iam("GetInstanceProfile", &[&["InstanceProfileName"]], get_instance_profile),
    iam("ListInstanceProfiles", &[LISTED], list_instance_profiles),
    iam("DeleteInstanceProfile", &[&["InstanceProfileName"]], delete_instance_profile),
    iam("AddRoleToInstanceProfile", &[&["InstanceProfileName", "RoleName"]], add_role_to_instance_profile),
    iam("RemoveRoleFromInstanceProfile", &[&["InstanceProfileName", "RoleName"]], remove_role_from_instance_profile),
];

fn none(what: &str, name: &str) -> ApiError {
    ApiError::new("NoSuchEntity", format!("{what} {name} cannot be found.")).status(404)
}

fn exists(what: &str, name: &str) -> ApiError {
    ApiError::new("EntityAlreadyExists", format!("{what} with name {name} already exists.")).status(409)
}

fn conflict(why: &str) -> ApiError {
    ApiError::new("DeleteConflict", why).status(409)
}

/// A name that IAM takes.
fn name(call: &Call<'_>, parameter: &str, most: usize) -> Result<String, ApiError> {
    let name = call.params.required(parameter)?;
    let fine = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if name.len() > most || !name.chars().all(fine) {
        return Err(ApiError::new("ValidationError", format!("The specified value for {parameter} is invalid.")));
    }
    Ok(name.to_string())
}

fn path(call: &Call<'_>) -> Result<String, ApiError> {
    let path = call.params.text("Path").unwrap_or("/");
    if !path.starts_with('/') || !path.ends_with('/') || path.len() > 512 || !path.chars().all(|c| c.is_ascii_graphic())
    {
        return Err(ApiError::new("ValidationError", "The specified value for path is invalid."));
    }
    Ok(path.to_string())
}

fn tags(call: &Call<'_>) -> Result<TagMap, ApiError> {
    let mut tags = TagMap::new();
    for group in call.params.groups("Tags.member") {
        let key = call.params.required(&format!("{group}.Key"))?;
        tags.insert(key.to_string(), call.params.owned(&format!("{group}.Value")).unwrap_or_default());
    }
    Ok(tags)
}

/// A document has to be JSON with a statement.
fn document(call: &Call<'_>, parameter: &str) -> Result<String, ApiError> {
    let text = call.params.required(parameter)?;
    let json: Option<serde_json::Value> = serde_json::from_str(text).ok();
    match json.filter(|json| json["Statement"].as_array().is_some_and(|all| !all.is_empty())) {
        Some(_) => Ok(text.to_string()),
        None => Err(ApiError::new("MalformedPolicyDocument", "Syntax errors in policy.")),
    }
}

fn shown_tags(fields: Fields, tags: &TagMap) -> Fields {
    if tags.is_empty() {
        return fields;
    }
    fields.members("Tags", tags.iter().map(|(key, value)| Fields::new().put("Key", key).put("Value", value)))
}

/// `full` shows what lists leave out.
fn shown_role(call: &Call<'_>, role: &Role, full: bool) -> Fields {
    let encoded = form_urlencoded::byte_serialize(role.trust.as_bytes()).collect::<String>().replace('+', "%20");
    let fields = Fields::new()
        .put("Path", &role.path)
        .put("RoleName", &role.name)
        .put("RoleId", id("AROA", &role.name))
        .put("Arn", arn(call.scope.region.partition, "role", &role.path, &role.name))
        .put("CreateDate", call.iso(role.born))
        .put("AssumeRolePolicyDocument", encoded)
        .opt("Description", role.description.as_ref())
        .put("MaxSessionDuration", 3600);
    if full { shown_tags(fields, &role.tags) } else { fields }
}

fn shown_profile(call: &Call<'_>, profile: &Profile, full: bool) -> Fields {
    let role = profile.role.as_ref().filter(|(_, since)| call.world.sees(Some(*since)));
    let role = role.and_then(|(name, _)| call.world.iam.roles.get(name));
    let fields = Fields::new()
        .put("Path", &profile.path)
        .put("InstanceProfileName", &profile.name)
        .put("InstanceProfileId", id("AIPA", &profile.name))
        .put("Arn", arn(call.scope.region.partition, "instance-profile", &profile.path, &profile.name))
        .put("CreateDate", call.iso(profile.born))
        .members("Roles", role.map(|role| shown_role(call, role, false)));
    if full { shown_tags(fields, &profile.tags) } else { fields }
}

/// A role that changes see at once.
fn role<'c>(call: &'c mut Call<'_>, name: &str) -> Result<&'c mut Role, ApiError> {
    call.world.iam.roles.get_mut(name).ok_or_else(|| none("The role with name", name))
}

fn profile<'c>(call: &'c mut Call<'_>, name: &str) -> Result<&'c mut Profile, ApiError> {
    call.world.iam.profiles.get_mut(name).ok_or_else(|| none("Instance Profile", name))
}

fn create_role(call: &mut Call<'_>) -> Answer {
    let name = name(call, "RoleName", 64)?;
    let (path, trust, tags) = (path(call)?, document(call, "AssumeRolePolicyDocument")?, tags(call)?);
    if call.world.iam.roles.contains_key(&name) {
        return Err(exists("Role", &name));
    }
    let description = call.params.owned("Description");
    let role = Role { name, path, born: call.now(), trust, description, policies: IndexMap::new(), tags };
    call.world.iam.roles.insert(role.name.clone(), role.clone());
    Ok(Fields::new().node("Role", shown_role(call, &role, true)))
}

fn get_role(call: &mut Call<'_>) -> Answer {
    let name = call.params.required("RoleName")?;
    let seen = call.world.iam.roles.get(name).filter(|r| call.world.sees(Some(r.born)));
    let role = seen.ok_or_else(|| none("The role with name", name))?;
    Ok(Fields::new().node("Role", shown_role(call, role, true)))
}

/// The page of a list: all of it, for it is short.
fn listed(call: &Call<'_>) -> Result<String, ApiError> {
    call.params.number::<usize>("MaxItems")?;
    if call.params.text("Marker").is_some() {
        return Err(ApiError::new("ValidationError", "The marker is none of a former answer."));
    }
    Ok(call.params.owned("PathPrefix").unwrap_or_else(|| "/".to_string()))
}

fn list_roles(call: &mut Call<'_>) -> Answer {
    let prefix = listed(call)?;
    let seen = call.world.iam.roles.values().filter(|r| call.world.sees(Some(r.born)) && r.path.starts_with(&prefix));
    Ok(Fields::new().members("Roles", seen.map(|r| shown_role(call, r, false))).put("IsTruncated", false))
}

fn delete_role(call: &mut Call<'_>) -> Answer {
    let name = call.params.required("RoleName")?.to_string();
    if !role(call, &name)?.policies.is_empty() {
        return Err(conflict("Cannot delete entity, must delete policies first."));
    }
    if call.world.iam.profiles.values().any(|p| p.role.as_ref().is_some_and(|(role, _)| *role == name)) {
        return Err(conflict("Cannot delete entity, must remove roles from instance profile first."));
    }
    call.world.iam.roles.shift_remove(&name);
    Ok(Fields::new())
}

fn put_role_policy(call: &mut Call<'_>) -> Answer {
    let (name, policy) = (call.params.required("RoleName")?.to_string(), name(call, "PolicyName", 128)?);
    let document = document(call, "PolicyDocument")?;
    role(call, &name)?.policies.insert(policy, document);
    Ok(Fields::new())
}

fn list_role_policies(call: &mut Call<'_>) -> Answer {
    listed(call)?;
    let name = call.params.required("RoleName")?.to_string();
    let names: Vec<String> = role(call, &name)?.policies.keys().cloned().collect();
    Ok(Fields::new().member_words("PolicyNames", names).put("IsTruncated", false))
}

fn delete_role_policy(call: &mut Call<'_>) -> Answer {
    let (name, policy) =
        (call.params.required("RoleName")?.to_string(), call.params.required("PolicyName")?.to_string());
    match role(call, &name)?.policies.shift_remove(&policy) {
        Some(_) => Ok(Fields::new()),
        None => Err(none("The role policy with name", &policy)),
    }
}

fn create_instance_profile(call: &mut Call<'_>) -> Answer {
    let name = name(call, "InstanceProfileName", 128)?;
    let (path, tags) = (path(call)?, tags(call)?);
    if call.world.iam.profiles.contains_key(&name) {
        return Err(exists("Instance Profile", &name));
    }
    let profile = Profile { name, path, born: call.now(), role: None, tags };
    call.world.iam.profiles.insert(profile.name.clone(), profile.clone());
    Ok(Fields::new().node("InstanceProfile", shown_profile(call, &profile, true)))
}

fn get_instance_profile(call: &mut Call<'_>) -> Answer {
    let name = call.params.required("InstanceProfileName")?;
    let seen = call.world.iam.profiles.get(name).filter(|p| call.world.sees(Some(p.born)));
    let profile = seen.ok_or_else(|| none("Instance Profile", name))?;
    Ok(Fields::new().node("InstanceProfile", shown_profile(call, profile, true)))
}

fn list_instance_profiles(call: &mut Call<'_>) -> Answer {
    let prefix = listed(call)?;
    let all = call.world.iam.profiles.values();
    let seen = all.filter(|p| call.world.sees(Some(p.born)) && p.path.starts_with(&prefix));
    let shown = seen.map(|p| shown_profile(call, p, false));
    Ok(Fields::new().members("InstanceProfiles", shown).put("IsTruncated", false))
}

fn delete_instance_profile(call: &mut Call<'_>) -> Answer {
    let name = call.params.required("InstanceProfileName")?.to_string();
    if profile(call, &name)?.role.is_some() {
        return Err(conflict("Cannot delete entity, must remove roles from instance profile first."));
    }
    call.world.iam.profiles.shift_remove(&name);
    Ok(Fields::new())
}

fn add_role_to_instance_profile(call: &mut Call<'_>) -> Answer {
    let (name, of) =
        (call.params.required("InstanceProfileName")?.to_string(), call.params.required("RoleName")?.to_string());
    role(call, &of)?;
    let now = call.now();
    let profile = profile(call, &name)?;
    if profile.role.is_some() {
        let words = "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1";
        return Err(ApiError::new("LimitExceeded", words).status(409));
    }
    profile.role = Some((of, now));
    Ok(Fields::new())
}

fn remove_role_from_instance_profile(call: &mut Call<'_>) -> Answer {
    let (name, of) =
        (call.params.required("InstanceProfileName")?.to_string(), call.params.required("RoleName")?.to_string());
    let profile = profile(call, &name)?;
    if profile.role.as_ref().is_none_or(|(role, _)| *role != of) {
        return Err(none("The role in the instance profile", &of));
    }
    profile.role = None;
    Ok(Fields::new())
}
