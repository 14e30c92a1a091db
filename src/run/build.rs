//! A build as the executor works on it: every option that it honours, with its type, ready to use.
//!
//! `input` makes these from a plan and refuses by name what has no place here. It must not know AWS's client nor JSON's looseness.
//! Neighbours: `line` walks a build, `step` takes parts of it.

pub mod launch;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::launch::{Launch, Market, Metadata, Network, Pick, Placement, Reservation, Search, Spot, digest};

use super::problem::Origin;
use super::render::Given;
use super::secret::Secret;

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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Access {
    /// The region in which the machine runs.
    pub region: String,
    /// The endpoint of EC2's API, where it is not AWS's own.
    pub endpoint: Option<String>,
    /// Keys that the plan holds.
    #[serde(skip)]
    pub keys: Option<Keys>,
    /// The profile of the shared configuration.
    pub profile: Option<String>,
    /// How often a call that failed for a passing reason is made, at most.
    pub max_retries: Option<u32>,
    /// Whether AWS is not asked beforehand whose credentials they are.
    pub skip_credential_validation: bool,
    /// Whether regions are not looked at before they are used.
    pub skip_region_validation: bool,
    /// A file of credentials beside the usual ones.
    pub credentials_file: Option<PathBuf>,
    /// The role that is taken on.
    pub role: Option<Role>,
    /// The code of a multi-factor device, for a profile that asks for one.
    #[serde(skip)]
    pub mfa_code: Option<Secret>,
    /// Whether the machine on which bakec runs is not asked for credentials.
    pub skip_metadata: bool,
    /// Whether certificates are not checked.
    pub insecure: bool,
    /// Whether AWS is asked what a refusal meant.
    pub decode: bool,
    /// How patiently AWS is waited for.
    pub polling: Polling,
}

/// A role, and the session that is wanted of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Role {
    pub arn: String,
    /// How long the session lasts, in seconds.
    pub seconds: Option<i32>,
    pub external_id: Option<String>,
    /// What narrows the session, as JSON.
    pub policy: Option<String>,
    pub policy_arns: Vec<String>,
    pub session_name: Option<String>,
    pub tags: Vec<(String, String)>,
    /// Keys of tags that pass on to further roles.
    pub transitive_keys: Vec<String>,
}

/// How patiently AWS is waited for, where the plan says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Polling {
    /// The pause between two looks.
    pub pause: Option<Duration>,
    /// How long a wait may last without progress.
    pub patience: Option<Duration>,
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

/// The connection to the machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ssh {
    /// The host; the machine's own address where none is named.
    pub host: Option<String>,
    /// The port.
    pub port: u16,
    /// The user.
    pub username: String,
    /// The password, where there is one.
    #[serde(skip)]
    pub password: Option<Secret>,
    /// The key's passphrase, where it has one.
    #[serde(skip)]
    pub passphrase: Option<Secret>,
    /// How long the machine may take to answer; without end where it is zero.
    pub timeout: Duration,
    /// How often a handshake may fail; without end where it is 0.
    pub handshake_attempts: u32,
    /// How long one command may take to say something; without end where it is zero.
    pub read_write_timeout: Duration,
    /// Between two signs of life.
    pub keep_alive: Duration,
    /// Whether commands get a terminal.
    pub pty: bool,
    /// `public_ip`, `private_ip`, `public_dns`, `private_dns`; unset: what there is.
    pub interface: Option<String>,
    /// How long to wait between the machine's first answer and the first provisioner.
    pub pause: Duration,
    /// Whether files go by SCP where there is SFTP too.
    pub scp: bool,
}

/// The image that is made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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
    /// `paravirtual` or `hvm`, where the source image has to be that.
    pub virtualization: Option<String>,
    /// Whether all of it is encrypted; unset: what the volumes are.
    pub encrypt: Option<bool>,
    /// By which key in the build's own region; the account's default one where none is named.
    pub key: Option<String>,
    /// By which key in other regions; an empty one is the region's default.
    pub region_keys: Vec<(String, String)>,
    /// Whether the build's own region keeps no image.
    pub skip_build_region: bool,
    /// How long a copy may take.
    pub copy_minutes: Option<i64>,
    /// From when on it counts as outdated, as RFC 3339 has it.
    pub deprecate_at: Option<String>,
    /// Whether it is protected against deregistration, and whether that lasts for a day after its end.
    pub protection: Option<Protection>,
    /// How snapshots of it are kept ready.
    pub fast_launch: Option<FastLaunch>,
    /// Whether the machine's tags are kept off it.
    pub skip_run_tags: bool,
}

impl Image {
    /// Whether the machine becomes an image of a passing name first, of which the images are copies: encryption comes by copying.
    pub fn is_by_copy(&self) -> bool {
        self.encrypt == Some(true) || self.skip_build_region
    }

    /// Where there are images at the end; `own` is the build's region.
    pub fn places<'a>(&'a self, own: &'a str) -> impl Iterator<Item = &'a str> {
        let own = (!self.skip_build_region).then_some(own);
        own.into_iter().chain(self.regions.iter().map(String::as_str))
    }

    /// The key of a region; none where the default one does it.
    pub fn key_in(&self, region: &str, own: &str) -> Option<&str> {
        let named = self.region_keys.iter().find(|(name, _)| name == region).map(|(_, key)| key.as_str());
        let key = named.or(self.key.as_deref().filter(|_| region == own));
        key.filter(|key| !key.is_empty() && self.encrypt == Some(true))
    }
}

/// Against deregistration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    /// Whether it lasts for a day after it is turned off.
    pub cooldown: bool,
}

/// Snapshots that EC2 keeps ready, for machines that start sooner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FastLaunch {
    /// By which launch template they are made, by region; by EC2's own where none is named.
    pub templates: Vec<(String, LaunchTemplate)>,
    /// Regions that have none.
    pub off: Vec<String>,
    /// How many machines make them at once.
    pub parallel: Option<i32>,
    /// How many are kept.
    pub count: Option<i32>,
}

/// A launch template: its id or its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTemplate {
    /// Its id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its version; the latest where none is named.
    pub version: Option<i32>,
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
