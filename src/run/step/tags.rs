//! The tags by which everything that a run makes is known: which run, build and step, and whether it is finished.
//!
//! Neighbours: every step that makes something.

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use indexmap::IndexMap;

use super::Cx;
use crate::run::aws::wait::filter;

/// What the keys of all of these begin with; users' tags do not.
pub const OWN: &str = "bakec:";
/// Why not.
pub const OWNED: &str = "by tags that begin with `bakec:` a run finds what it has made; choose another key";
/// Which run made it.
pub const RUN: &str = "bakec:run";
/// Which build of it.
pub const BUILD: &str = "bakec:build";
/// Which step.
pub const STEP: &str = "bakec:step";
/// Until when the run that made it is known to live, in AWS's time.
pub const LEASE: &str = "bakec:lease";
/// `building` until its build is done, then `final`.
pub const STATE: &str = "bakec:state";
/// What a run makes, while it is at it.
pub const BUILDING: &str = "building";
/// What is to stay.
pub const FINAL: &str = "final";

/// Tags with each key once, as EC2 wants them: the last value counts, as it does for Packer, at the place of the first.
pub fn last_wins(tags: Vec<(String, String)>) -> Vec<(String, String)> {
    tags.into_iter().collect::<IndexMap<_, _>>().into_iter().collect()
}

/// Why EC2 takes no such tag.
pub fn unfit(key: &str, value: &str) -> Option<String> {
    let (keys, values) = (key.chars().count(), value.chars().count());
    if key.is_empty() {
        return Some("a tag has a key".to_owned());
    }
    if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
        return Some(format!("tags that begin with `aws:` belong to AWS: `{key}`"));
    }
    if keys > 128 {
        return Some(format!("the key of a tag has at most 128 characters, and `{key}` has {keys}"));
    }
    (values > 256).then(|| format!("the value of a tag has at most 256 characters, and that of `{key}` has {values}"))
}

/// All tags of something that a run makes: bakec's own, and those that the user wants.
fn all(run: &str, build: &str, step: &str, own: &[(String, String)], lease: &str) -> Vec<Tag> {
    let ours = [(RUN, run), (BUILD, build), (STEP, step), (STATE, BUILDING), (LEASE, lease)];
    ours.into_iter().chain(own.iter().map(|(k, v)| (k.as_str(), v.as_str()))).map(|(k, v)| tag(k, v)).collect()
}

/// The tags of something that is only asked about: those that it would have, by their keys.
pub fn asked(resource: ResourceType, build: &str, own: &[(String, String)]) -> TagSpecification {
    let tags = all("preflight", build, "preflight", own, "preflight");
    TagSpecification::builder().resource_type(resource).set_tags(Some(tags)).build()
}

/// A filter on a tag of exactly this value: what EC2 takes for a pattern is escaped.
pub fn with_tag(key: &str, value: &str) -> Filter {
    let mut exactly = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '*' | '?' | '\\') {
            exactly.push('\\');
        }
        exactly.push(c);
    }
    filter(&format!("tag:{key}"), [exactly])
}

/// A tag.
pub fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

impl Cx {
    /// The tags of what a step makes, before those that the user wants.
    pub fn tags(&self, step: &str, own: &[(String, String)], lease: &str) -> Vec<Tag> {
        all(&self.run.name, &self.build, &format!("{step}:{}", self.attempt), own, lease)
    }

    /// The same as a specification at creation.
    pub fn tagged(&self, resource: ResourceType, step: &str, own: &[(String, String)]) -> TagSpecification {
        self.tagged_until(resource, step, own, &self.lease())
    }

    /// The same with a lease of the caller's: a call by a token must be the same when it is made again.
    pub fn tagged_until(
        &self,
        resource: ResourceType,
        step: &str,
        own: &[(String, String)],
        lease: &str,
    ) -> TagSpecification {
        TagSpecification::builder().resource_type(resource).set_tags(Some(self.tags(step, own, lease))).build()
    }

    /// Filters that find what a step of this attempt made.
    pub fn made_by(&self, step: &str) -> Vec<Filter> {
        let step = format!("{step}:{}", self.attempt);
        vec![with_tag(RUN, &self.run.name), with_tag(BUILD, &self.build), with_tag(STEP, &step)]
    }

    /// Whether tags say that this build of this run made it.
    pub fn is_ours(&self, tags: &[Tag]) -> bool {
        has(tags, RUN, &self.run.name) && has(tags, BUILD, &self.build)
    }

    /// Whether tags say that the step of this attempt made it. What an earlier one made may still be seen when it is gone.
    pub fn is_of(&self, step: &str, tags: &[Tag]) -> bool {
        self.is_ours(tags) && has(tags, STEP, &format!("{step}:{}", self.attempt))
    }
}

fn has(tags: &[Tag], key: &str, value: &str) -> bool {
    tags.iter().any(|t| t.key() == Some(key) && t.value() == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_last_value() {
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        let tags = vec![pair("a", "1"), pair("b", "2"), pair("a", "3")];
        assert_eq!(last_wins(tags), [pair("a", "3"), pair("b", "2")]);
    }

    #[test]
    fn values_are_no_patterns() {
        assert_eq!(with_tag(BUILD, r"web*?\").values(), [r"web\*\?\\"]);
        assert_eq!(with_tag(BUILD, "web").values(), ["web"]);
    }
}
