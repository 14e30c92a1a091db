//! IAM: which calls the policies of the caller allow. Without a policy every call is allowed, as that of an account's root is.
//!
//! `document` reads policies, `evaluate` decides about one action on one resource, `touched` knows which actions on which resources
//! a call of EC2's is, `identity` those of IAM's. Neighbours: `shared` asks before a call is run; `world` knows tags.

mod document;
mod evaluate;
mod identity;
#[cfg(test)]
mod tests;
mod touched;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::actions::Action;
use super::auth::{Scope, Service};
use super::error::ApiError;
use super::world::{ACCOUNT, World};

pub use document::Policy;

use evaluate::{Verdict, verdict};
use touched::Wish;

/// Whose calls a policy is about: those by one access key, or all that no other policy is about.
#[derive(Clone, Debug)]
pub struct Allowed {
    /// The access key; none for all others.
    pub key: Option<String>,
    /// What it allows.
    pub policy: Policy,
}

/// Who may do what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policies(Vec<Allowed>);

impl Policies {
    pub(crate) fn new(all: Vec<Allowed>) -> Self {
        Policies(all)
    }

    /// The policies of an access key: those that name it, or else those that name none.
    fn of(&self, key: &str) -> Vec<&Policy> {
        let named = |wanted: Option<&str>| {
            self.0.iter().filter(|a| a.key.as_deref() == wanted).map(|a| &a.policy).collect::<Vec<_>>()
        };
        let own = named(Some(key));
        if own.is_empty() { named(None) } else { own }
    }

    /// Refuses a call that its caller may not make.
    pub(crate) fn check(
        &self,
        action: &Action,
        values: &BTreeMap<String, String>,
        scope: &Scope,
        world: &World,
    ) -> Result<(), ApiError> {
        let policies = self.of(&scope.access_key);
        // Who one is may be asked by anyone, whatever policies say.
        if policies.is_empty() || action.service == Service::Sts && action.name == "GetCallerIdentity" {
            return Ok(());
        }
        let wishes = touched::wishes(action, values, scope, world);
        match wishes.iter().find_map(|wish| refusal(&policies, wish, action, scope)) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Whether the caller may use a key of KMS for what EC2 does in his name; EC2 finds it out when it does it.
    pub(crate) fn may_use_keys(
        &self,
        action: &str,
        values: &BTreeMap<String, String>,
        scope: &Scope,
        world: &World,
    ) -> bool {
        let policies = self.of(&scope.access_key);
        policies.is_empty()
            || touched::keys(action, values, scope, world)
                .iter()
                .all(|wish| verdict(&policies, wish) == Verdict::Allowed)
    }
}

/// Why a wish is not granted, as the service words it.
fn refusal(policies: &[&Policy], wish: &Wish, action: &Action, scope: &Scope) -> Option<ApiError> {
    let verdict = verdict(policies, wish);
    let why = match verdict {
        Verdict::Allowed => return None,
        Verdict::Denied => "with an explicit deny in an identity-based policy".to_string(),
        Verdict::Silent => format!("because no identity-based policy allows the {} action", wish.action),
    };
    let user = format!("arn:{}:iam::{ACCOUNT}:user/rehearsal", scope.region.partition);
    let words =
        format!("User: {user} is not authorized to perform: {} on resource: {} {why}", wish.action, wish.resource);
    Some(match action.service {
        Service::Ec2 => {
            let encoded = encoded(wish, &verdict, &user);
            let words = format!(
                "You are not authorized to perform this operation. {words}. Encoded authorization failure message: {encoded}"
            );
            ApiError::new("UnauthorizedOperation", words).status(403)
        }
        _ => ApiError::new("AccessDenied", words).status(403),
    })
}

/// What `sts:DecodeAuthorizationMessage` makes words of. AWS's own encoding is not known; nobody reads it but its maker.
fn encoded(wish: &Wish, verdict: &Verdict, user: &str) -> String {
    let conditions: Vec<_> = wish.context.iter().map(|(key, values)| json!({ "key": key, "values": values })).collect();
    let message = json!({
        "allowed": false,
        "explicitDeny": *verdict == Verdict::Denied,
        "context": {
            "principal": { "arn": user },
            "action": wish.action,
            "resource": wish.resource,
            "conditions": conditions,
        },
    });
    URL_SAFE_NO_PAD.encode(message.to_string())
}
