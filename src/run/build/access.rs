//! How the account of a build is reached.
//!
//! A journal keeps it without what is secret. Neighbour: `aws` opens accounts by it.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::run::secret::Secret;

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
