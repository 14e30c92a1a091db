//! A role, taken on for a while at STS, with all that its session may have.
//!
//! Neighbour: `source` says by whose credentials.

use aws_config::SdkConfig;
use aws_sdk_ec2::config::Credentials;
use aws_sdk_sts::config::SharedCredentialsProvider;
use aws_sdk_sts::error::DisplayErrorContext;
use aws_sdk_sts::types::{PolicyDescriptorType, Tag};

use crate::run::build::Role;

/// What a session is called where nobody names it.
const NAME: &str = "bakec";

/// A multi-factor device, and the code that it shows.
pub(super) struct Factor {
    pub(super) serial: String,
    pub(super) code: String,
}

/// Takes a role on.
///
/// # Errors
/// Why STS does not give it.
pub(super) async fn take_on(
    role: &Role,
    base: Credentials,
    config: &SdkConfig,
    factor: Option<Factor>,
) -> Result<Credentials, String> {
    let config = aws_sdk_sts::config::Builder::from(config)
        .credentials_provider(SharedCredentialsProvider::new(base))
        .retry_config(aws_sdk_sts::config::retry::RetryConfig::standard())
        .build();
    let tags = role.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    let tags: Vec<Tag> = tags.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    let policies = role.policy_arns.iter().map(|arn| PolicyDescriptorType::builder().arn(arn).build());
    let policies: Vec<_> = policies.collect();
    let (serial, code) = factor.map(|factor| (factor.serial, factor.code)).unzip();
    let call = aws_sdk_sts::Client::from_conf(config)
        .assume_role()
        .role_arn(&role.arn)
        .role_session_name(role.session_name.as_deref().unwrap_or(NAME))
        .set_duration_seconds(role.seconds)
        .set_external_id(role.external_id.clone())
        .set_policy(role.policy.clone())
        .set_policy_arns((!policies.is_empty()).then_some(policies))
        .set_tags((!tags.is_empty()).then_some(tags))
        .set_transitive_tag_keys((!role.transitive_keys.is_empty()).then(|| role.transitive_keys.clone()))
        .set_serial_number(serial)
        .set_token_code(code);
    let answer = call.send().await.map_err(|error| {
        let why = DisplayErrorContext(&error).to_string();
        let service = error.as_service_error().map(|e| e.meta().clone());
        let told =
            service.and_then(|meta| Some(format!("{} ({})", meta.message()?.trim_end_matches('.'), meta.code()?)));
        format!("the role `{}` is not to be had: {}", role.arn, told.unwrap_or(why))
    })?;
    let given = answer.credentials().ok_or_else(|| format!("STS gives no credentials for `{}`", role.arn))?;
    let expires = (*given.expiration()).try_into().ok();
    let token = Some(given.session_token().to_owned());
    Ok(Credentials::new(given.access_key_id(), given.secret_access_key(), token, expires, "role"))
}
