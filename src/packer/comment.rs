//! What the comment of a plan holds: all that the program says and Packer need not know.
//!
//! It knows the plan's data. Everything that Packer reads too stands outside the comment and is not repeated: builds and
//! steps are told by their position in `builders`, `provisioners` and `post-processors`.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use smol_str::SmolStr;

use crate::plan::{Ami, Image, Origin, Output, Retain, Scalar, Variable};

/// A place: file, line, column.
pub type Place = (u32, u32, u32);

/// An origin as the comment writes it.
pub fn place(origin: Origin) -> Place {
    (origin.file, origin.line, origin.column)
}

/// The comment of a plan.
#[derive(Debug, Serialize, Deserialize)]
pub struct Comment<'a> {
    /// The version of bakec that wrote the plan.
    pub bakec: Cow<'a, str>,
    /// The version of the plan's data format.
    pub format: u32,
    /// The [`digest`](super::digest()) of what follows the comment.
    pub digest: String,
    /// Files that places point into.
    pub files: Cow<'a, [Arc<str>]>,
    /// Images with their axes.
    pub images: Cow<'a, [Image]>,
    /// Names of the policies that the builds were held to.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub policies: Cow<'a, [SmolStr]>,
    /// Variables as they are declared.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub variables: Cow<'a, [Variable]>,
    /// Variables that stand for AMIs of builds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<Edge>,
    /// Where builders were written: the block, then each option. Builds of one block share an entry.
    pub blocks: Vec<Vec<Place>>,
    /// One entry a builder, in their order.
    #[serde(borrow)]
    pub builds: Vec<BuildNote<'a>>,
    /// One entry a provisioner, in their order; one that stands here whole has others in its place there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provisioners: Vec<StepNote>,
    /// One entry a post-processor, chains taken apart, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub posts: Vec<StepNote>,
    /// All cleanups; Packer knows one at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cleanups: Vec<StepNote>,
    /// Tests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<StepNote>,
    /// Files to be written after the run.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub outputs: Cow<'a, [Output]>,
    /// What to keep of former images.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub retain: Cow<'a, [Retain]>,
}

/// A build: index of its image, index of its block, values of its axes.
#[derive(Debug, Serialize, Deserialize)]
pub struct BuildNote<'a>(pub u32, pub u32, pub Cow<'a, [Scalar]>);

/// A variable that stands for an AMI.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// The variable.
    pub variable: SmolStr,
    /// The AMI.
    pub ami: Ami,
}

/// What Packer does not know of a step.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct StepNote {
    /// Its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<SmolStr>,
    /// Where it was written: the block, then each option.
    pub places: Vec<Place>,
    /// The whole step in the shape of a provisioner, where Packer has no place for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Box<RawValue>>,
    /// How many provisioners Packer gets instead of it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub instead: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}
