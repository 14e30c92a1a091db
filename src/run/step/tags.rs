//! The tags by which everything that a run makes is known: which run, build and step, and whether it is finished.
//!
//! Neighbours: every step that makes something.

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

use super::Cx;
use crate::run::aws::wait::filter;

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

/// A tag.
pub fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

impl Cx {
    /// The tags of what a step makes, before those that the user wants.
    pub fn tags(&self, step: &str, own: &[(String, String)], lease: &str) -> Vec<Tag> {
        let step = format!("{step}:{}", self.attempt);
        let ours =
            [(RUN, self.run.name.as_str()), (BUILD, &self.build), (STEP, &step), (STATE, BUILDING), (LEASE, lease)];
        let ours = ours.into_iter().map(|(k, v)| tag(k, v));
        ours.chain(own.iter().map(|(k, v)| tag(k, v))).collect()
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
        vec![
            filter(&format!("tag:{RUN}"), [self.run.name.as_str()]),
            filter(&format!("tag:{BUILD}"), [&*self.build]),
            filter(&format!("tag:{STEP}"), [format!("{step}:{}", self.attempt)]),
        ]
    }

    /// Whether tags say that this build of this run made it.
    pub fn is_ours(&self, tags: &[Tag]) -> bool {
        let has = |key: &str, value: &str| tags.iter().any(|t| t.key() == Some(key) && t.value() == Some(value));
        has(RUN, &self.run.name) && has(BUILD, &self.build)
    }
}
