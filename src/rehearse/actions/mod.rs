//! What the server can do: one table of actions, one file a family.
//!
//! An action says which parameters it takes; anything else is refused before it runs. It changes a copy of the world, so that a
//! refusal has no effect.

mod attributes;
mod block_devices;
mod copies;
mod describe_images;
mod describe_instances;
mod fast_launch;
mod fleets;
mod groups;
mod iam;
mod image_attributes;
mod images;
mod instances;
mod keys;
mod launch;
mod launch_templates;
mod network;
mod places;
mod snapshots;
mod sts;
mod tags;
mod types;
mod volumes;

use super::auth::{Scope, Service};
use super::clock::Time;
use super::error::ApiError;
use super::filter::View;
use super::query::Params;
use super::world::tags::{MOST, TagMap, Tags};
use super::world::{Region, World};
use super::xml::Fields;

pub(crate) type Answer = Result<Fields, ApiError>;

pub(crate) struct Action {
    pub(crate) name: &'static str,
    pub(crate) service: Service,
    /// The names of its parameters, with `N` for numbers.
    pub(crate) takes: &'static [&'static [&'static str]],
    run: fn(&mut Call<'_>) -> Answer,
}

impl Action {
    /// Whether it can change anything.
    pub(crate) fn changes(&self) -> bool {
        !["Describe", "Get", "List", "Decode"].iter().any(|look| self.name.starts_with(look))
    }
}

/// An action of EC2's.
const fn ec2(
    name: &'static str,
    takes: &'static [&'static [&'static str]],
    run: fn(&mut Call<'_>) -> Answer,
) -> Action {
    Action { name, service: Service::Ec2, takes, run }
}

const ALL: &[&[Action]] = &[
    attributes::ACTIONS,
    copies::ACTIONS,
    describe_images::ACTIONS,
    describe_instances::ACTIONS,
    fast_launch::ACTIONS,
    fleets::ACTIONS,
    groups::ACTIONS,
    iam::ACTIONS,
    image_attributes::ACTIONS,
    images::ACTIONS,
    instances::ACTIONS,
    keys::ACTIONS,
    launch::ACTIONS,
    launch_templates::ACTIONS,
    network::ACTIONS,
    places::ACTIONS,
    snapshots::ACTIONS,
    sts::ACTIONS,
    tags::ACTIONS,
    types::ACTIONS,
    volumes::ACTIONS,
];

/// All actions.
pub(crate) fn all() -> impl Iterator<Item = &'static Action> {
    ALL.iter().flat_map(|family| family.iter())
}

/// The action of a name.
pub(crate) fn find(name: &str) -> Option<&'static Action> {
    all().find(|action| action.name == name)
}

/// What strikes what an action makes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strikes {
    /// Types, zones or `type/zone` that are not to be had; all of them where it is not said.
    pub(crate) lacking: Vec<Option<String>>,
    /// Why an instance ends at once: a code, a colon and words.
    pub(crate) launch_fails: Option<&'static str>,
    pub(crate) image_fails: bool,
    /// The console shows another machine's key.
    pub(crate) other_host: bool,
    /// Another image is said to have the name.
    pub(crate) name_taken: bool,
}

/// One call, as its action sees it.
pub(crate) struct Call<'c> {
    pub(crate) params: &'c Params,
    pub(crate) scope: &'c Scope,
    pub(crate) world: World,
    pub(crate) strikes: Strikes,
}

/// Runs an action; the world changes only where it succeeds.
pub(crate) fn run(action: &Action, params: &Params, scope: &Scope, world: &mut World, strikes: Strikes) -> Answer {
    params.check(action.takes)?;
    let mut call = Call { params, scope, world: world.clone(), strikes };
    let dry = action.service == Service::Ec2 && params.flag("DryRun")? == Some(true);
    let fields = (action.run)(&mut call)?;
    if dry {
        return Err(ApiError::dry_run());
    }
    *world = call.world;
    Ok(fields)
}

impl Strikes {
    /// Whether a type is not to be had in a zone.
    pub(crate) fn lacks(&self, kind: &str, zone: &str) -> bool {
        let pair = format!("{kind}/{zone}");
        self.lacking.iter().any(|what| what.as_deref().is_none_or(|what| [kind, zone, &pair].contains(&what)))
    }
}

impl Call<'_> {
    pub(crate) fn now(&self) -> Time {
        self.world.now()
    }

    pub(crate) fn iso(&self, time: Time) -> String {
        self.world.clock.iso(time)
    }

    pub(crate) fn region(&self) -> &Region {
        self.world.region(self.scope.region.name).expect("invariant: a call enters its region first")
    }

    pub(crate) fn region_mut(&mut self) -> &mut Region {
        self.world.region_mut(self.scope.region.name).expect("invariant: a call enters its region first")
    }

    pub(crate) fn view(&self) -> View<'_> {
        View { world: &self.world, region: self.region(), now: self.now() }
    }

    /// Refuses an image that is not there: it never was, or it was deregistered.
    pub(crate) fn no_longer(&self, id: &str) -> ApiError {
        if self.region().deregistered.contains(id) {
            return ApiError::new("InvalidAMIID.Unavailable", format!("The AMI ID '{id}' is no longer available"));
        }
        no_image(id)
    }

    /// The tags of new resources of a kind, out of `TagSpecification`; `kinds` are all that the action can make.
    pub(crate) fn new_tags(&self, kind: &str, kinds: &[&str]) -> Result<TagMap, ApiError> {
        let mut tags = TagMap::new();
        for group in self.params.groups("TagSpecification") {
            let of = self.params.required(&format!("{group}.ResourceType"))?;
            if !kinds.contains(&of) {
                return Err(ApiError::new(
                    "InvalidParameterValue",
                    format!("'{of}' is not a valid taggable resource type for this operation."),
                ));
            }
            let list = self.tag_list(&format!("{group}.Tag"))?;
            if of == kind {
                tags.extend(list);
            }
        }
        if tags.len() > MOST {
            return Err(too_many_tags());
        }
        Ok(tags)
    }

    /// `prefix.N.Key` and `prefix.N.Value`.
    pub(crate) fn tag_list(&self, prefix: &str) -> Result<TagMap, ApiError> {
        let mut tags = TagMap::new();
        for group in self.params.groups(prefix) {
            let key = self.params.required(&format!("{group}.Key"))?;
            let value = self.params.text(&format!("{group}.Value")).unwrap_or_default();
            if key.starts_with("aws:") || key.chars().count() > 128 || value.chars().count() > 256 {
                return Err(ApiError::new(
                    "InvalidParameterValue",
                    format!(
                        "Tag '{key}' is invalid: keys have up to 128 characters and do not begin with aws:, values up to 256"
                    ),
                ));
            }
            if tags.insert(key.to_string(), value.to_string()).is_some() {
                return Err(ApiError::new("InvalidParameterValue", format!("Duplicate tag key '{key}' specified.")));
            }
        }
        Ok(tags)
    }

    /// Tags something that was just made.
    pub(crate) fn tag(&mut self, id: &str, tags: TagMap) {
        let now = self.now();
        if !tags.is_empty() {
            self.region_mut().tags.insert(id.to_string(), Tags::new(tags, now));
        }
    }

    /// What a former call with the same client token made. A token with other parameters is refused.
    pub(crate) fn replayed(&self, action: &str) -> Result<Option<String>, ApiError> {
        let Some(token) = self.params.text("ClientToken").filter(|token| !token.is_empty()) else { return Ok(None) };
        if token.len() > 64 || !token.is_ascii() {
            return Err(ApiError::invalid_value("ClientToken", token, "A token has at most 64 ASCII characters."));
        }
        match self.region().tokens.get(&format!("{action} {token}")) {
            None => Ok(None),
            Some((digest, made)) if *digest == self.params.digest() => {
                self.params.replays();
                Ok(Some(made.clone()))
            }
            Some(_) => Err(ApiError::new(
                "IdempotentParameterMismatch",
                "The same client token was used for an earlier request with other parameters.",
            )),
        }
    }

    /// Remembers what the call's client token stands for.
    pub(crate) fn remember(&mut self, action: &str, made: &str) {
        if let Some(token) = self.params.owned("ClientToken").filter(|token| !token.is_empty()) {
            let entry = (self.params.digest(), made.to_string());
            self.region_mut().tokens.insert(format!("{action} {token}"), entry);
        }
    }
}

fn too_many_tags() -> ApiError {
    ApiError::new("TagLimitExceeded", format!("A resource has at most {MOST} tags."))
}

/// `<tagSet>`.
fn tag_set(fields: Fields, tags: &TagMap) -> Fields {
    fields.set("tagSet", tags.iter().map(|(key, value)| Fields::new().put("key", key).put("value", value)))
}

/// Refuses an id that is unknown, or of another form.
fn no_such(what: &str, prefix: &str, code: &'static str, malformed: &'static str, id: &str) -> ApiError {
    let form = id
        .strip_prefix(prefix)
        .is_some_and(|rest| matches!(rest.len(), 8 | 17) && rest.bytes().all(|b| b.is_ascii_hexdigit()));
    if form {
        ApiError::new(code, format!("The {what} ID '{id}' does not exist"))
    } else {
        ApiError::new(malformed, format!("Invalid id: \"{id}\" (expecting \"{prefix}...\")"))
    }
}

/// Refuses an owner that is no account, and none of the words for one.
fn owners(owners: &[&str], words: &[&str]) -> Result<(), ApiError> {
    let account = |id: &str| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit());
    match owners.iter().find(|owner| !account(owner) && !words.contains(owner)) {
        Some(owner) => Err(ApiError::new("InvalidUserID.Malformed", format!("Invalid user id: \"{owner}\""))),
        None => Ok(()),
    }
}

fn no_instance(id: &str) -> ApiError {
    no_such("instance", "i-", "InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed", id)
}

fn no_image(id: &str) -> ApiError {
    match no_such("image", "ami-", "InvalidAMIID.NotFound", "InvalidAMIID.Malformed", id) {
        error if error.code == "InvalidAMIID.NotFound" => {
            ApiError::new(error.code, format!("The image id '[{id}]' does not exist"))
        }
        error => error,
    }
}

fn no_snapshot(id: &str) -> ApiError {
    no_such("snapshot", "snap-", "InvalidSnapshot.NotFound", "InvalidSnapshotID.Malformed", id)
}

fn no_volume(id: &str) -> ApiError {
    no_such("volume", "vol-", "InvalidVolume.NotFound", "InvalidVolumeID.Malformed", id)
}

fn no_group(id: &str) -> ApiError {
    no_such("security group", "sg-", "InvalidGroup.NotFound", "InvalidGroupId.Malformed", id)
}
