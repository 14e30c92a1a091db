//! A build as the executor works on it: every option that it honours, with its type, ready to use.
//!
//! `input` makes these from a plan and refuses by name what has no place here. It must not know AWS's client nor JSON's looseness.
//! Neighbours: `line` walks a build, `step` takes parts of it.

mod ssh;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use super::problem::Origin;
use super::render::Given;
use super::secret::Secret;
pub use ssh::{Bastion, Proxy, Ssh, Tunnel};

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

/// How the account is reached.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Access {
    /// The region in which the machine runs.
    pub region: String,
    /// The endpoint of EC2's API, where it is not AWS's own.
    pub endpoint: Option<String>,
    /// Keys that the plan holds.
    pub keys: Option<Keys>,
    /// The profile of the shared configuration.
    pub profile: Option<String>,
    /// How often a call that failed for a passing reason is made, at most.
    pub max_retries: Option<u32>,
    /// Whether AWS is not asked beforehand whose credentials they are.
    pub skip_credential_validation: bool,
    /// Whether regions are not looked at before they are used.
    pub skip_region_validation: bool,
}

/// Keys of an account.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Keys {
    pub access_key: Secret,
    pub secret_key: Secret,
    pub token: Option<Secret>,
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

/// The machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Launch {
    pub instance_type: String,
    pub availability_zone: Option<String>,
    pub ebs_optimized: bool,
    pub ena_support: Option<bool>,
    pub sriov_support: bool,
    pub enable_t2_unlimited: bool,
    pub iam_instance_profile: Option<String>,
    pub shutdown_behavior: Option<String>,
    /// In base64. It may hold secrets: a journal has its digest.
    #[serde(serialize_with = "as_digest")]
    pub user_data: Option<String>,
    pub devices: Vec<Device>,
    /// Tags of the instance, its volumes and its network interface.
    pub tags: Vec<(String, String)>,
    /// Tags of the volumes alone.
    pub volume_tags: Vec<(String, String)>,
    /// Metadata options: endpoint, tokens, hop limit, tags.
    pub metadata: Option<Metadata>,
    pub disable_stop_instance: bool,
}

/// What stands in a journal for a text that must not.
pub fn digest(text: &str) -> String {
    format!("blake3:{}", blake3::hash(text.as_bytes()).to_hex())
}

fn as_digest<S: Serializer>(text: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    text.as_deref().map(digest).serialize(to)
}

/// How the machine may be asked about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Metadata {
    pub http_endpoint: Option<String>,
    pub http_tokens: Option<String>,
    pub http_put_response_hop_limit: Option<i32>,
    pub instance_metadata_tags: Option<String>,
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

/// Where the machine stands in the network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// The VPC; the region's own where none is named.
    pub vpc: Option<String>,
    /// The subnet; EC2 chooses where none is named.
    pub subnet: Option<String>,
    /// Whether it gets a public address.
    pub public_address: Option<bool>,
    /// Security groups that are there; one is made where none is named.
    pub groups: Vec<String>,
    /// From where the temporary group admits the connection; the caller's own address where none is named.
    pub cidrs: Vec<String>,
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

/// The image that is made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Image {
    pub name: String,
    pub description: String,
    pub devices: Vec<Device>,
    pub tags: Vec<(String, String)>,
    pub snapshot_tags: Vec<(String, String)>,
    pub users: Vec<String>,
    pub groups: Vec<String>,
    pub org_arns: Vec<String>,
    pub ou_arns: Vec<String>,
    pub product_codes: Vec<String>,
    pub snapshot_users: Vec<String>,
    pub snapshot_groups: Vec<String>,
    pub imds_support: Option<String>,
    /// Other regions that get a copy.
    pub regions: Vec<String>,
    /// Whether a former image of the name makes room.
    pub force_deregister: bool,
    /// Whether its snapshots go as well.
    pub force_delete_snapshot: bool,
    /// Whether no image is made.
    pub skip_create: bool,
}

/// A step on the machine, or here while the machine is there.
#[derive(Clone, Debug)]
pub struct Provisioner {
    /// The kind: `shell`.
    pub kind: String,
    /// Its label.
    pub label: Option<String>,
    /// Its block.
    pub origin: Option<Origin>,
    /// How long it waits before it begins.
    pub pause_before: Duration,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// How often it is tried again.
    pub max_retries: u32,
    /// What it does.
    pub work: Work,
}

/// What a provisioner does.
#[derive(Clone, Debug)]
pub enum Work {
    /// Runs scripts on the machine.
    Shell(Box<Shell>),
    /// Carries files there or back.
    File(Carry),
}

/// `shell`
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Shell {
    /// The scripts: files, or one made of the lines.
    pub scripts: Vec<Script>,
    /// Variables, in order; values may hold run-time templates.
    pub environment: Vec<(String, String)>,
    /// `%s='%s' `, or for a file of variables `export %s='%s'\n`.
    pub env_var_format: String,
    pub use_env_var_file: bool,
    /// A run-time template with `{{.Path}}`, `{{.Vars}}`, `{{.EnvVarFile}}`.
    pub execute_command: String,
    pub binary: bool,
    pub remote_folder: String,
    pub remote_file: Option<String>,
    pub remote_path: Option<String>,
    pub skip_clean: bool,
    pub expect_disconnect: bool,
    pub valid_exit_codes: Vec<u32>,
    pub start_retry_timeout: Duration,
    pub pause_after: Duration,
}

/// A script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// A file here.
    File(PathBuf),
    /// The text, its first line that of the interpreter. It may hold run-time templates.
    Inline(String),
}

/// `file`
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Carry {
    /// Paths here for an upload, there for a download.
    pub sources: Vec<String>,
    /// What is uploaded instead of a file.
    pub content: Option<String>,
    pub destination: String,
    pub download: bool,
    /// Whether the sources may appear only while the run goes on.
    pub generated: bool,
}
