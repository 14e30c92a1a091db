//! STS: who one is, roles that are taken on for a while, and what a refusal meant.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Action, Answer, Call};
use crate::rehearse::auth::Service;
use crate::rehearse::error::ApiError;
use crate::rehearse::world::ACCOUNT;
use crate::rehearse::world::session::Session;
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[
    Action { name: "GetCallerIdentity", service: Service::Sts, takes: &[], run: get_caller_identity },
    Action { name: "AssumeRole", service: Service::Sts, takes: &[ASSUMES], run: assume_role },
    Action {
        name: "DecodeAuthorizationMessage",
        service: Service::Sts,
        takes: &[&["EncodedMessage"]],
        run: decode_authorization_message,
    },
];

const ASSUMES: &[&str] = &[
    "RoleArn",
    "RoleSessionName",
    "DurationSeconds",
    "ExternalId",
    "Policy",
    "PolicyArns.member.N.arn",
    "Tags.member.N.Key",
    "Tags.member.N.Value",
    "TransitiveTagKeys.member.N",
    "SerialNumber",
    "TokenCode",
    "SourceIdentity",
];

fn get_caller_identity(call: &mut Call<'_>) -> Answer {
    let partition = call.scope.region.partition;
    let (arn, id) = match call.world.sessions.of(&call.scope.access_key) {
        Some(session) => (session.arn.clone(), session.id.clone()),
        None => (format!("arn:{partition}:iam::{ACCOUNT}:user/rehearsal"), call.scope.access_key.clone()),
    };
    Ok(Fields::new().put("Arn", arn).put("UserId", id).put("Account", ACCOUNT))
}

fn wrong(message: impl std::fmt::Display) -> ApiError {
    ApiError::new("ValidationError", message)
}

fn assume_role(call: &mut Call<'_>) -> Answer {
    let p = call.params;
    let role = p.required("RoleArn")?.to_string();
    let name = p.required("RoleSessionName")?.to_string();
    let fine = |c: char| c.is_ascii_alphanumeric() || "_=,.@-".contains(c);
    if !(2..=64).contains(&name.len()) || !name.chars().all(fine) {
        return Err(wrong(format!("Value '{name}' at 'roleSessionName' failed to satisfy constraint")));
    }
    let seconds: u32 = p.number("DurationSeconds")?.unwrap_or(3600);
    if !(900..=43_200).contains(&seconds) {
        return Err(wrong(format!("Value '{seconds}' at 'durationSeconds' has to be between 900 and 43200")));
    }
    let (account, path) = match role.split(':').collect::<Vec<_>>()[..] {
        ["arn", _, "iam", "", account, path] if path.starts_with("role/") && account.len() == 12 => (account, path),
        _ => return Err(wrong(format!("{role} is invalid"))),
    };
    if let Some(policy) = p.text("Policy")
        && serde_json::from_str::<serde_json::Value>(policy).is_err()
    {
        return Err(ApiError::new("MalformedPolicyDocument", "The policy is not in the valid JSON format."));
    }
    for group in p.groups("PolicyArns.member") {
        let arn = p.required(&format!("{group}.arn"))?;
        if !arn.starts_with("arn:") {
            return Err(wrong(format!("ARN {arn} is not valid.")));
        }
    }
    let tags = call.tag_list("Tags.member")?;
    if let Some(key) = p.list("TransitiveTagKeys.member").into_iter().find(|key| !tags.contains_key(*key)) {
        return Err(wrong(format!("The transitive tag key {key} must be included in the requested tags.")));
    }
    let code = p.text("TokenCode");
    let mfa = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
    match (p.text("SerialNumber"), code) {
        (Some(_), Some(code)) if code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()) => {}
        (None, None) => {}
        _ => return Err(ApiError::new("AccessDenied", mfa).status(403)),
    }
    // Anybody may take on any role here; what the role's owner demands is not known.
    for name in ["ExternalId", "SourceIdentity"] {
        p.text(name);
    }
    let digits = call.world.digits().to_uppercase();
    let (access_key, secret) = (format!("ASIA{}", &digits[..16]), call.world.digits());
    let token = format!("{}{}", call.world.digits(), call.world.digits());
    let last = path.rsplit('/').next().unwrap_or_default();
    let partition = call.scope.region.partition;
    let id = format!("AROA{}:{name}", &digits[16..32]);
    let expires = call.now().after(Duration::from_secs(u64::from(seconds)));
    let arn = format!("arn:{partition}:sts::{account}:assumed-role/{last}/{name}");
    let user = Fields::new().put("AssumedRoleId", &id).put("Arn", &arn);
    let credentials = Fields::new()
        .put("AccessKeyId", &access_key)
        .put("SecretAccessKey", secret)
        .put("SessionToken", &token)
        .put("Expiration", call.iso(expires));
    call.world.sessions.begin(access_key, Session { token, expires, arn, id });
    Ok(Fields::new().node("Credentials", credentials).node("AssumedRoleUser", user).put("PackedPolicySize", 0))
}

fn decode_authorization_message(call: &mut Call<'_>) -> Answer {
    let encoded = call.params.required("EncodedMessage")?;
    let text = URL_SAFE_NO_PAD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let invalid = || ApiError::new("InvalidAuthorizationMessageException", "Message is not valid");
    Ok(Fields::new().put("DecodedMessage", text.ok_or_else(invalid)?))
}
