//! STS: who one is, and why something was refused.

use super::{Action, Answer, Call};
use crate::rehearse::auth::Service;
use crate::rehearse::error::ApiError;
use crate::rehearse::policy::decoded;
use crate::rehearse::world::ACCOUNT;
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[
    Action { name: "GetCallerIdentity", service: Service::Sts, takes: &[], run: get_caller_identity },
    Action {
        name: "DecodeAuthorizationMessage",
        service: Service::Sts,
        takes: &[&["EncodedMessage"]],
        run: decode_authorization_message,
    },
];

fn get_caller_identity(call: &mut Call<'_>) -> Answer {
    let partition = call.scope.region.partition;
    Ok(Fields::new()
        .put("Arn", format!("arn:{partition}:iam::{ACCOUNT}:user/rehearsal"))
        .put("UserId", &call.scope.access_key)
        .put("Account", ACCOUNT))
}

fn decode_authorization_message(call: &mut Call<'_>) -> Answer {
    let message = decoded(call.params.required("EncodedMessage")?);
    let invalid = || ApiError::new("InvalidAuthorizationMessageException", "Message is not valid.");
    Ok(Fields::new().put("DecodedMessage", message.ok_or_else(invalid)?))
}
