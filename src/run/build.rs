//! A build as the executor works on it: every option that it honours, with its type, ready to use.
//!
//! `input` makes these from a plan and refuses by name what has no place here. It must not know AWS's client nor JSON's looseness.
//! Neighbours: `line` walks a build, `step` takes parts of it.

pub mod access;
pub mod image;
pub mod launch;
mod posts;
mod ssh;
mod steps;

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::access::{Access, Keys, Polling, Role};
pub use self::image::{FastLaunch, Image, LaunchTemplate, Protection};
pub use self::launch::{Launch, Market, Metadata, Network, Pick, Placement, Reservation, Search, Spot, digest};

pub use posts::{Algorithm, Checksum, Manifest, Post, PostWork};

use super::problem::Origin;
use super::render::Given;
pub use ssh::{Bastion, Proxy, Ssh, Tunnel};
pub use steps::{
    Ansible, AnsibleLocal, Breakpoint, Carry, Galaxy, Local, PowerShell, Provisioner, Reboot, Restart, Script, Shell,
    Work,
};

/// A build of a plan.
#[derive(Clone, Debug)]
pub struct Build {
    /// The name, unique in the plan.
    pub name: Arc<str>,
    /// The builder block.
    pub origin: Option<Origin>,
    /// What makes the machine.
    pub builder: Builder,
    /// What is done on the machine, in order.
    pub provisioners: Vec<Provisioner>,
    /// What is done on the machine after a failure, in order.
    pub cleanups: Vec<Provisioner>,
    /// What is done once the image is made: chains, each link of which works on what the one before hands on.
    pub posts: Vec<Vec<Post>>,
    /// What run-time templates know beside the machine: the run's moment and `uuid`, the build's name, the variables.
    pub values: Given,
}

/// What makes the machine.
#[derive(Clone, Debug)]
pub enum Builder {
    /// An image of a machine that EC2 runs on a volume.
    Ebs(Box<Ebs>),
    /// A machine that is there already, or none.
    Null(Box<Null>),
}

/// `amazon-ebs`
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Ebs {
    pub access: Access,
    pub source: Source,
    pub launch: Launch,
    pub network: Network,
    pub key: Key,
    pub ssh: Option<Ssh>,
    pub image: Image,
    /// Places of options by name, for errors that AWS gives.
    pub origins: Vec<(String, Origin)>,
}

/// `null`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Null {
    pub ssh: Option<Ssh>,
    pub key_file: Option<PathBuf>,
}

/// The image that the machine starts from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Its id, where it is named.
    pub id: Option<String>,
    /// What it must match, where it is searched for: a name, and values of which one must match.
    pub filters: Vec<(String, Vec<String>)>,
    /// Whose it may be.
    pub owners: Vec<String>,
    /// Whether the newest of several is taken.
    pub most_recent: bool,
    /// Whether deprecated ones are searched too.
    pub include_deprecated: bool,
}

/// A block device mapping.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Device {
    pub name: String,
    pub virtual_name: Option<String>,
    pub no_device: bool,
    pub delete_on_termination: bool,
    pub encrypted: Option<bool>,
    pub iops: Option<i32>,
    pub kms_key_id: Option<String>,
    pub snapshot_id: Option<String>,
    pub throughput: Option<i32>,
    /// GiB; none where it is that of the snapshot.
    pub size: Option<i32>,
    pub volume_type: Option<String>,
}

/// The key pair.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Key {
    /// One that is made for the build.
    Temporary {
        /// Its name.
        name: String,
        /// `ed25519`, `rsa` or another; unset: what suits the image.
        kind: Option<String>,
        /// Of an RSA key.
        bits: Option<u32>,
    },
    /// The user's own: a file, and the name of the key pair where EC2 knows it.
    Own {
        /// The name of the key pair.
        name: Option<String>,
        /// The private key.
        file: PathBuf,
    },
    /// One that EC2 knows, and by which nobody connects from here: there is a password, or no connection.
    Known {
        /// The name of the key pair.
        name: String,
    },
    /// None: nobody connects, or by a password.
    #[default]
    None,
}
