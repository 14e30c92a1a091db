//! How the account of an EBS build is reached.

use super::super::options::Take;
use crate::run::build::{Access, Keys};
use crate::run::secret::{Gate, Secret};

/// How the account is reached.
pub(super) fn access(take: &mut Take<'_>, gate: &Gate) -> Access {
    let region = take
        .text("region")
        .or_else(|| take.environment("AWS_REGION"))
        .or_else(|| take.environment("AWS_DEFAULT_REGION"));
    if region.is_none() {
        take.wrong("region", "no region is named", Some("write `region = \"us-east-1\"`, or set `AWS_REGION`"));
    }
    let (access_key, secret_key, token) = (take.text("access_key"), take.secret("secret_key"), take.secret("token"));
    let keys = match (access_key, secret_key) {
        (Some(access_key), Some(secret_key)) => Some(Keys { access_key: Secret::new(access_key), secret_key, token }),
        (None, None) => None,
        _ => {
            take.wrong("access_key", "`access_key` and `secret_key` go together", None);
            None
        }
    };
    if let Some(keys) = &keys {
        gate.hide(&keys.secret_key);
        // Who has keys asks no machine for them, and so does what this wants.
        take.flag("skip_metadata_api_check");
    }
    Access {
        region: region.unwrap_or_default(),
        endpoint: take.text("custom_endpoint_ec2"),
        keys,
        profile: take.text("profile"),
        max_retries: take.number("max_retries"),
        skip_credential_validation: take.flag("skip_credential_validation"),
        skip_region_validation: take.flag("skip_region_validation"),
    }
}
