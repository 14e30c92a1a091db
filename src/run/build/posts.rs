//! What is done once an image is made.
//!
//! Neighbours: `post` does it.

use super::steps::Local;
use crate::run::problem::Origin;

/// A step on what was made.
#[derive(Clone, Debug)]
pub struct Post {
    /// The kind: `manifest`.
    pub kind: String,
    /// Its name, where it has one of its own.
    pub name: Option<String>,
    /// Its block.
    pub origin: Option<Origin>,
    /// What it does.
    pub work: PostWork,
}

/// What a post-processor does.
#[derive(Clone, Debug)]
pub enum PostWork {
    /// Adds what was made to a list.
    Manifest(Manifest),
    /// Writes checksums of files.
    Checksum(Checksum),
    /// Goes on with the files of these patterns.
    Artifice(Vec<String>),
    /// Runs commands here.
    Local(Box<Local>),
}

/// `manifest`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Manifest {
    pub output: String,
    pub strip_path: bool,
    pub strip_time: bool,
    /// Further entries; values are run-time templates.
    pub custom_data: Vec<(String, String)>,
    /// Whether a new run begins the list anew.
    pub force: bool,
}

/// `checksum`
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Checksum {
    pub types: Vec<Algorithm>,
    /// A run-time template with `{{.BuildName}}`, `{{.BuilderType}}`, `{{.ChecksumType}}`.
    pub output: String,
}

/// How a checksum is reckoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}
