//! How the account of an EBS build is reached.

use std::time::Duration;

use super::super::options::Take;
use crate::run::build::{Access, Keys, Polling, Role};
use crate::run::secret::{Gate, Secret};

/// Between two looks, where only their number is said: what AWS's own waiters take.
const USUAL_DELAY: u64 = 15;

/// How the account is reached.
pub(super) fn access(take: &mut Take<'_>, gate: &Gate) -> Access {
    let region = take
        .text("region")
        .or_else(|| take.environment("AWS_REGION"))
        .or_else(|| take.environment("AWS_DEFAULT_REGION"));
    if region.is_none() {
        take.wrong("region", "no region is named", Some("write `region = \"us-east-1\"`, or set `AWS_REGION`"));
    }
    let keys = keys(take, gate);
    let insecure = take.flag("insecure_skip_tls_verify");
    if insecure {
        let help = "who stands between can read and change every call; leave `insecure_skip_tls_verify` out where the endpoint is AWS";
        take.warn("the certificate of the API's endpoint is not checked", Some(help));
    }
    Access {
        region: region.unwrap_or_default(),
        endpoint: take.text("custom_endpoint_ec2"),
        keys,
        profile: take.text("profile"),
        max_retries: take.number("max_retries"),
        skip_credential_validation: take.flag("skip_credential_validation"),
        skip_region_validation: take.flag("skip_region_validation"),
        credentials_file: take.text("shared_credentials_file").map(Into::into),
        role: role(take),
        mfa_code: mfa_code(take),
        skip_metadata: take.flag("skip_metadata_api_check"),
        insecure,
        decode: take.flag("decode_authorization_messages"),
        polling: polling(take),
    }
}

/// Keys that the plan holds.
fn keys(take: &mut Take<'_>, gate: &Gate) -> Option<Keys> {
    let (access_key, secret_key, token) = (take.text("access_key"), take.secret("secret_key"), take.secret("token"));
    match (access_key, secret_key) {
        (Some(access_key), Some(secret_key)) => {
            gate.hide(&secret_key);
            Some(Keys { access_key: Secret::new(access_key), secret_key, token })
        }
        (None, None) => {
            if token.is_some() {
                let help = "write the keys that it came with, or leave it out";
                take.wrong("token", "`token` belongs to an `access_key` and a `secret_key`", Some(help));
            }
            None
        }
        _ => {
            take.wrong("access_key", "`access_key` and `secret_key` go together", None);
            None
        }
    }
}

/// The code of a multi-factor device: six digits.
fn mfa_code(take: &mut Take<'_>) -> Option<Secret> {
    let code = take.secret("mfa_code")?;
    if code.reveal().len() != 6 || !code.reveal().bytes().all(|b| b.is_ascii_digit()) {
        take.wrong("mfa_code", "the code of a multi-factor device has six digits", None);
    }
    Some(code)
}

const ROLE: &str = "assume_role";

const OF_ROLE: [&str; 8] = [
    "duration_seconds",
    "external_id",
    "policy",
    "policy_arns",
    "role_arn",
    "session_name",
    "tags",
    "transitive_tag_keys",
];

/// The role that is taken on.
fn role(take: &mut Take<'_>) -> Option<Role> {
    let blocks = take.blocks(ROLE);
    let members = blocks.first()?;
    let role = take.within(ROLE, members, &OF_ROLE, |take| {
        let role = Role {
            arn: take.text("role_arn").unwrap_or_default(),
            seconds: take.number("duration_seconds").filter(|seconds| *seconds != 0),
            external_id: take.text("external_id"),
            policy: take.text("policy"),
            policy_arns: take.list("policy_arns"),
            session_name: take.text("session_name"),
            tags: take.pairs_early("tags"),
            transitive_keys: take.list("transitive_tag_keys"),
        };
        sensible(take, &role);
        role
    });
    // One with nothing in it is none, as Packer has it.
    (role != Role::default()).then_some(role)
}

/// What STS would refuse.
fn sensible(take: &mut Take<'_>, role: &Role) {
    if role.arn.is_empty() && *role != Role::default() {
        let help = "such as `arn:aws:iam::123456789012:role/builder`";
        take.wrong("role_arn", "`assume_role` names no `role_arn`", Some(help));
    } else if !role.arn.is_empty() && (!role.arn.starts_with("arn:") || !role.arn.contains(":role/")) {
        let help = "write it as `arn:aws:iam::123456789012:role/builder`";
        take.wrong("role_arn", format!("`{}` is no role's ARN", role.arn), Some(help));
    }
    if role.seconds.is_some_and(|seconds| !(900..=43_200).contains(&seconds)) {
        take.wrong("duration_seconds", "a role's session lasts 900 to 43200 seconds", None);
    }
    let fine = |c: char| c.is_ascii_alphanumeric() || "_=,.@-".contains(c);
    if let Some(name) = role.session_name.as_ref().filter(|n| !(2..=64).contains(&n.len()) || !n.chars().all(fine)) {
        let help = "2 to 64 letters, digits and `_ = , . @ -`";
        take.wrong("session_name", format!("no session can be called `{name}`"), Some(help));
    }
    if role.policy.as_ref().is_some_and(|policy| serde_json::from_str::<serde_json::Value>(policy).is_err()) {
        take.wrong("policy", "`policy` is no JSON", None);
    }
    if let Some(key) = role.transitive_keys.iter().find(|key| !role.tags.iter().any(|(known, _)| known == *key)) {
        let message = format!("`transitive_tag_keys` names `{key}`, which `tags` lacks");
        take.wrong("transitive_tag_keys", message, None);
    }
}

/// How patiently AWS is waited for: so many looks, so far apart.
fn polling(take: &mut Take<'_>) -> Polling {
    let blocks = take.blocks("aws_polling");
    let (mut delay, mut attempts): (Option<u64>, Option<u64>) = (None, None);
    if let Some(members) = blocks.first() {
        (delay, attempts) = take.within("aws_polling", members, &["delay_seconds", "max_attempts"], |take| {
            (take.number("delay_seconds"), take.number("max_attempts"))
        });
    }
    let some = |number: Option<u64>| number.filter(|number| *number > 0);
    let of_environment = |take: &Take<'_>, name: &str| some(take.environment(name).and_then(|text| text.parse().ok()));
    let delay = some(delay).or_else(|| of_environment(take, "AWS_POLL_DELAY_SECONDS"));
    let attempts = some(attempts).or_else(|| of_environment(take, "AWS_MAX_ATTEMPTS"));
    let patience = attempts.map(|attempts| attempts.saturating_mul(delay.unwrap_or(USUAL_DELAY)));
    let patience = patience.or_else(|| of_environment(take, "AWS_TIMEOUT_SECONDS"));
    // A year is without end, and no sum of it overflows.
    let span = |seconds: u64| Duration::from_secs(seconds.min(31_536_000));
    Polling { pause: delay.map(span), patience: patience.map(span) }
}
