//! A plan as its file says it: what Packer reads, and from the comment what it need not know.
//!
//! bakec's own plans and templates that people wrote by hand become the same data. Values stay JSON: no option is known here.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::plan::{self, Scalar};

/// A plan as its file says it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// `min_packer_version`
    pub min_packer_version: Option<String>,
    /// Variables, without those that stand for AMIs of builds.
    pub variables: Vec<Variable>,
    /// Builders.
    pub builds: Vec<Build>,
    /// Provisioners, in order.
    pub provisioners: Vec<Step>,
    /// Steps after a failure.
    pub cleanups: Vec<Step>,
    /// Tests.
    pub tests: Vec<Step>,
    /// Chains of post-processors.
    pub posts: Vec<Vec<Step>>,
    /// Files to be written after the run, with what they hold, for people.
    pub outputs: Vec<(String, Json)>,
    /// The same for who writes them, AMIs as references.
    pub results: Vec<plan::Output>,
    /// What to keep of former images, by image.
    pub retain: Vec<(String, Json)>,
    /// The files that it was made of, the root first.
    pub files: Vec<Arc<str>>,
    /// Images with their axes.
    pub images: Vec<(String, Vec<String>)>,
    /// Variables that stand for AMIs: the variable, the build, the region.
    pub edges: Vec<(String, String, Option<String>)>,
    /// Whether what the comment says belongs to the rest.
    pub comment: CommentState,
}

/// Whether what a comment says belongs to the rest of its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommentState {
    /// There is none.
    #[default]
    Absent,
    /// It does.
    Valid,
    /// The file has been changed since, or a newer bakec wrote it; the comment is not used.
    Stale,
}

/// A variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// The name.
    pub name: String,
    /// The default, as Packer reads it; none where it must be set.
    pub default: Option<String>,
    /// Whether it must never be shown.
    pub secret: bool,
    /// The type, as the language writes it, where the comment has it.
    pub ty: Option<String>,
    /// Documentation, empty where there is none.
    pub doc: String,
}

/// A builder.
#[derive(Clone, Debug, PartialEq)]
pub struct Build {
    /// The name, unique in the plan.
    pub name: String,
    /// The kind.
    pub kind: String,
    /// The image that it belongs to.
    pub image: Option<String>,
    /// Values of the image's axes.
    pub axes: Vec<(String, Scalar)>,
    /// Options as Packer reads them.
    pub options: Vec<(String, Json)>,
    /// Where it was written.
    pub origin: Option<Place>,
    /// Where each option was written, in their order; empty where that is not known.
    pub places: Arc<[Place]>,
}

/// A place in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// A provisioner, a cleanup, a test or a link of a chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The kind.
    pub kind: String,
    /// Its label.
    pub label: Option<String>,
    /// For which builds, by name; all where none are named.
    pub builds: Option<Vec<String>>,
    /// Options as Packer reads them.
    pub options: Vec<(String, Json)>,
    /// Where it was written.
    pub origin: Option<Place>,
    /// Where each option was written, in their order; empty where that is not known.
    pub places: Arc<[Place]>,
}

impl Build {
    /// Where an option was written, or else the block.
    pub fn place(&self, option: &str) -> Option<&Place> {
        place(&self.options, &self.places, option).or(self.origin.as_ref())
    }
}

impl Step {
    /// Where an option was written, or else the block.
    pub fn place(&self, option: &str) -> Option<&Place> {
        place(&self.options, &self.places, option).or(self.origin.as_ref())
    }
}

fn place<'p>(options: &[(String, Json)], places: &'p [Place], option: &str) -> Option<&'p Place> {
    places.get(options.iter().position(|(name, _)| name == option)?)
}
