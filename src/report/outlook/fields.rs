//! What is told of a build, by name, in the order of its weight: columns at the end go first where there is no room.

use crate::run::outlook::Row;
use crate::run::preview::{Preview, Seen};

/// Something that is told of builds.
pub(super) struct Field {
    pub(super) name: &'static str,
    /// Whether builds that differ in it are told apart where there are many.
    pub(super) groups: bool,
    pub(super) value: fn(&Row, Option<&Preview>) -> String,
}

/// All that is told, but tags and steps.
#[rustfmt::skip]
pub(super) const FIELDS: &[Field] = &[
    field("kind", true, |row, _| row.kind.to_owned()),
    field("region", true, |row, _| row.region.clone().unwrap_or_default()),
    field("copies", true, |row, _| row.copies.join(", ")),
    field("type", true, |row, _| row.instance_type.clone().unwrap_or_default()),
    field("market", true, |row, _| row.market.clone().unwrap_or_default()),
    field("profile", true, |row, _| row.profile.clone().unwrap_or_default()),
    field("image", false, |row, _| row.image.clone().unwrap_or_else(|| "none".to_owned())),
    field("source", false, |row, live| of(live, row, found).unwrap_or_else(|| row.source.clone().unwrap_or_default())),
    field("encrypted", true, |row, _| row.encrypted.clone().unwrap_or_default()),
    field("replaces", true, |row, _| if row.replaces { "a former image".to_owned() } else { String::new() }),
    field("account", true, |row, live| of(live, row, account).or_else(|| row.access.clone()).unwrap_or_default()),
    field("key", true, |row, _| row.key.clone().unwrap_or_default()),
    field("group", true, |row, live| match of(live, row, |seen| seen.admitted.clone()) {
        Some(admitted) => format!("temporary, for {admitted}"),
        None => row.groups.clone().unwrap_or_default(),
    }),
    field("network", true, |row, _| row.network.clone().unwrap_or_default()),
    field("login", true, |row, _| row.connection.clone()),
    field("provisioners", true, |row, _| row.provisioners.join(", ")),
    field("cleanup", false, |row, _| row.cleanups.join(", ")),
    field("shared with", false, |row, _| row.shared.join(", ")),
];

const fn field(name: &'static str, groups: bool, value: fn(&Row, Option<&Preview>) -> String) -> Field {
    Field { name, groups, value }
}

/// What AWS says of a build.
fn of(live: Option<&Preview>, row: &Row, part: impl Fn(&Seen) -> Option<String>) -> Option<String> {
    part(live?.builds.get(&row.name)?)
}

fn found(seen: &Seen) -> Option<String> {
    let id = seen.source.as_ref()?;
    Some(match seen.source_name.as_deref().filter(|name| !name.is_empty() && name != id) {
        Some(name) => format!("{id} ({name})"),
        None => id.clone(),
    })
}

fn account(seen: &Seen) -> Option<String> {
    let account = seen.account.as_ref()?;
    Some(match seen.caller.as_ref().and_then(|arn| arn.rsplit(':').next()) {
        Some(who) => format!("{account}, as {who}"),
        None => account.clone(),
    })
}

/// Tags that all builds have alike.
pub(super) fn shared_tags(rows: &[&Row]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let alike = first.tags.iter().filter(|(key, value)| rows.iter().all(|row| row.tags.get(*key) == Some(*value)));
    alike.map(|(key, value)| tag(key, value)).collect::<Vec<_>>().join(", ")
}

/// Tags that not all builds have alike.
pub(super) fn own_tags(row: &Row, rows: &[&Row]) -> String {
    let own = row.tags.iter().filter(|(key, value)| rows.iter().any(|other| other.tags.get(*key) != Some(*value)));
    own.map(|(key, value)| tag(key, value)).collect::<Vec<_>>().join(", ")
}

fn tag(key: &str, value: &str) -> String {
    if value.is_empty() { key.to_owned() } else { format!("{key}={value}") }
}
