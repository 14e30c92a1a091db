//! What a call is refused with: EC2's code, its HTTP status and its words.
//!
//! It knows no XML and no connection; `xml` writes it, `server` sends it.

use std::fmt::Display;

/// A refusal, as EC2 words it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl ApiError {
    /// A mistake of the client's.
    pub(crate) fn new(code: &'static str, message: impl Display) -> Self {
        ApiError { status: 400, code, message: message.to_string() }
    }

    /// Another status than 400.
    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn invalid_value(name: &str, value: impl Display, why: impl Display) -> Self {
        ApiError::new("InvalidParameterValue", format!("Value ({value}) for parameter {name} is invalid. {why}"))
    }

    pub(crate) fn missing(name: &str) -> Self {
        ApiError::new("MissingParameter", format!("The request must contain the parameter {name}"))
    }

    pub(crate) fn combination(why: impl Display) -> Self {
        ApiError::new("InvalidParameterCombination", why)
    }

    pub(crate) fn dry_run() -> Self {
        ApiError::new("DryRunOperation", "Request would have succeeded, but DryRun flag is set.").status(412)
    }

    pub(crate) fn throttled() -> Self {
        ApiError::new("RequestLimitExceeded", "Request limit exceeded.").status(503)
    }
}
