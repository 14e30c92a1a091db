//! Credentials that last only so long: those that STS gives, and keys that are said to have expired.
//!
//! It knows no call. Neighbour: `shared` asks it before it runs an action.

use std::collections::{BTreeMap, BTreeSet};

use crate::rehearse::auth::{Scope, Service};
use crate::rehearse::clock::Time;
use crate::rehearse::error::ApiError;

/// One session of a role.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) token: String,
    pub(crate) expires: Time,
    /// `arn:aws:sts::123456789012:assumed-role/builder/session`
    pub(crate) arn: String,
    /// `AROA…:session`
    pub(crate) id: String,
}

/// All sessions by their access keys, and the keys that have been ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sessions {
    all: BTreeMap<String, Session>,
    ended: BTreeSet<String>,
}

impl Sessions {
    pub(crate) fn begin(&mut self, access_key: String, session: Session) {
        self.all.insert(access_key, session);
    }

    pub(crate) fn of(&self, access_key: &str) -> Option<&Session> {
        self.all.get(access_key)
    }

    /// The credentials of an access key have expired.
    pub(crate) fn end(&mut self, access_key: &str) {
        self.ended.insert(access_key.to_string());
    }

    /// Refuses credentials that have expired, and a session without its token.
    pub(crate) fn check(&self, scope: &Scope, now: Time) -> Result<(), ApiError> {
        let session = self.all.get(&scope.access_key);
        if session.is_some_and(|s| s.expires <= now) || self.ended.contains(&scope.access_key) {
            return Err(match scope.service {
                Service::Ec2 => ApiError::new("RequestExpired", "Request has expired."),
                _ => {
                    let words = "The security token included in the request is expired";
                    ApiError::new("ExpiredToken", words).status(403)
                }
            });
        }
        if session.is_some_and(|s| scope.token.as_ref() != Some(&s.token)) {
            return Err(match scope.service {
                Service::Ec2 => {
                    let words = "AWS was not able to validate the provided access credentials";
                    ApiError::new("AuthFailure", words).status(401)
                }
                _ => {
                    let words = "The security token included in the request is invalid.";
                    ApiError::new("InvalidClientTokenId", words).status(403)
                }
            });
        }
        Ok(())
    }
}
