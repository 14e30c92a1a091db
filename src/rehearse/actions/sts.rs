//! STS: who one is.

use super::{Action, Answer, Call};
use crate::rehearse::auth::Service;
use crate::rehearse::world::ACCOUNT;
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] =
    &[Action { name: "GetCallerIdentity", service: Service::Sts, takes: &[], run: get_caller_identity }];

fn get_caller_identity(call: &mut Call<'_>) -> Answer {
    let partition = call.scope.region.partition;
    Ok(Fields::new()
        .put("Arn", format!("arn:{partition}:iam::{ACCOUNT}:user/rehearsal"))
        .put("UserId", &call.scope.access_key)
        .put("Account", ACCOUNT))
}
