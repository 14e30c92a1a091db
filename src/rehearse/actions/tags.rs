//! Tags of anything.

use super::launch_templates::no_template;
use super::network::{no_subnet, no_vpc};
use super::{
    Action, Answer, Call, ec2, no_group, no_image, no_instance, no_snapshot, no_such, no_volume, too_many_tags,
};
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::{DRY_RUN, FILTERS, Filters, Of, PAGES, page};
use crate::rehearse::world::tags::MOST;
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[
    ec2("CreateTags", &[DRY_RUN, &["ResourceId.N", "Tag.N.Key", "Tag.N.Value"]], create_tags),
    ec2("DeleteTags", &[DRY_RUN, &["ResourceId.N", "Tag.N.Key", "Tag.N.Value"]], delete_tags),
    ec2("DescribeTags", &[DRY_RUN, FILTERS, PAGES], describe_tags),
];

/// `image` of `ami-…`.
fn kind(id: &str) -> &'static str {
    match id.split_once('-').map_or("", |(prefix, _)| prefix) {
        "i" => "instance",
        "ami" => "image",
        "snap" => "snapshot",
        "vol" => "volume",
        "sg" => "security-group",
        "sgr" => "security-group-rule",
        "key" => "key-pair",
        "lt" => "launch-template",
        "fleet" => "fleet",
        "sir" => "spot-instances-request",
        "vpc" => "vpc",
        "subnet" => "subnet",
        _ => "unknown",
    }
}

/// The resources that a call names; all of them have to be visible.
fn named(call: &Call<'_>) -> Result<Vec<String>, ApiError> {
    let ids = call.params.list("ResourceId");
    if ids.is_empty() {
        return Err(ApiError::missing("resourceIdSet"));
    }
    for id in &ids {
        let (region, world) = (call.region(), &call.world);
        let (there, missing): (bool, fn(&str) -> ApiError) = match kind(id) {
            "instance" => (region.instances.get(id).is_some_and(|i| world.sees(Some(i.born))), no_instance),
            "image" => (region.images.get(id).is_some_and(|i| world.sees(i.born)), no_image),
            "snapshot" => (region.snapshots.get(id).is_some_and(|s| world.sees(s.born)), no_snapshot),
            "volume" => (region.volumes.get(id).is_some_and(|v| world.sees(Some(v.born))), no_volume),
            "security-group" => (region.groups.get(id).is_some_and(|g| world.sees(g.born)), no_group),
            "key-pair" => (region.keys.values().any(|k| k.id == *id && world.sees(Some(k.born))), no_pair),
            "security-group-rule" => {
                (region.groups.values().any(|g| g.ingress.iter().any(|rule| rule.id == *id)), unknown)
            }
            "launch-template" => (region.templates.get(id).is_some_and(|t| world.sees(Some(t.born))), no_template),
            "fleet" => (region.fleets.contains_key(id), unknown),
            "spot-instances-request" => (region.instances.values().any(|i| i.spot.as_deref() == Some(*id)), unknown),
            "vpc" => (region.vpcs.iter().any(|v| v.id == *id), no_vpc),
            "subnet" => (region.subnets.iter().any(|s| s.id == *id), no_subnet),
            _ => (false, unknown),
        };
        if !there {
            // An id that is none is not a matter of its kind.
            return Err(match missing(id) {
                error if error.code.ends_with(".Malformed") => unknown(id),
                error => error,
            });
        }
    }
    Ok(ids.into_iter().map(str::to_string).collect())
}

fn unknown(id: &str) -> ApiError {
    ApiError::new("InvalidID", format!("The ID '{id}' is not valid"))
}

fn no_pair(id: &str) -> ApiError {
    no_such("key pair", "key-", "InvalidKeyPair.NotFound", "InvalidKeyPair.Malformed", id)
}

fn create_tags(call: &mut Call<'_>) -> Answer {
    let new = call.tag_list("Tag")?;
    if new.is_empty() {
        return Err(ApiError::missing("Tag"));
    }
    let ids = named(call)?;
    let now = call.now();
    for id in ids {
        let sees = call.region().tags.get(&id).is_none_or(|tags| call.world.sees(Some(tags.changed())));
        let tags = call.region_mut().tags.or_default(&id);
        tags.change(now, sees, |tags| tags.extend(new.clone()));
        if tags.now.len() > MOST {
            return Err(too_many_tags());
        }
    }
    Ok(Fields::done())
}

/// Without tags all go; a tag with a value goes only where it has that value.
fn delete_tags(call: &mut Call<'_>) -> Answer {
    let ids = named(call)?;
    let mut old = Vec::new();
    for group in call.params.groups("Tag") {
        let key = call.params.required(&format!("{group}.Key"))?.to_string();
        old.push((key, call.params.owned(&format!("{group}.Value"))));
    }
    let now = call.now();
    for id in ids {
        let sees = call.region().tags.get(&id).is_none_or(|tags| call.world.sees(Some(tags.changed())));
        let tags = call.region_mut().tags.or_default(&id);
        tags.change(now, sees, |tags| {
            tags.retain(|key, value| {
                let goes = |(k, v): &(String, Option<String>)| k == key && v.as_ref().is_none_or(|v| v == value);
                !(old.is_empty() || old.iter().any(goes))
            });
        });
    }
    Ok(Fields::done())
}

/// Resource, key and value.
type Tag = (String, String, String);

const TAG_FILTERS: &[Of<Tag>] = &[
    ("resource-id", |_, t| vec![t.0.clone()]),
    ("resource-type", |_, t| vec![kind(&t.0).to_string()]),
    ("key", |_, t| vec![t.1.clone()]),
    ("value", |_, t| vec![t.2.clone()]),
];

fn describe_tags(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, TAG_FILTERS, true)?;
    let view = call.view();
    let mut ids: Vec<&String> = view.region.tags.keys().collect();
    ids.sort();
    let all = ids.into_iter().flat_map(|id| {
        let tags = view.world.tags(view.region, id);
        tags.iter().map(move |(key, value)| (id.clone(), key.clone(), value.clone()))
    });
    let found = all.filter(|tag| filters.pass(&view, TAG_FILTERS, &tag.0, tag)).collect();
    let (items, next) = page(call.params, found, 5, 1000)?;
    let items = items.into_iter().map(|(id, key, value)| {
        Fields::new().put("resourceId", &id).put("resourceType", kind(&id)).put("key", key).put("value", value)
    });
    Ok(Fields::new().set("tagSet", items).opt("nextToken", next))
}
