//! What kind of failure an answer of AWS is: the one place that knows AWS's error codes.
//!
//! It knows neither clients nor steps. Neighbour: the door, `aws`, asks it after every call.

use std::fmt;

use crate::diagnostic::Code;
use crate::run::problem::Problem;

/// What a failure means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Too many calls: it had no effect, and the same call may be made later.
    Throttled,
    /// AWS had a passing trouble, or the answer was lost: it may have had its effect.
    Unclear,
    /// The call did not reach AWS at all.
    Unreached,
    /// What it is about is not there, or not visible yet.
    NotFound,
    /// There is such a thing already.
    Duplicate,
    /// A token was used before, for something else.
    TokenReused,
    /// It is still used by something else.
    InUse,
    /// It is not in a state for this.
    WrongState,
    /// The credentials may not do it.
    Denied,
    /// The credentials are not valid, or not any more.
    Credentials,
    /// There is no machine of the kind to be had just now.
    Capacity,
    /// The account may not have more of it.
    Quota,
    /// A dry run: the call would have succeeded.
    WouldSucceed,
    /// Anything else; trying again does not help.
    Other,
}

impl Fault {
    /// The kind of a failure with this code.
    pub fn of_code(code: &str, status: Option<u16>) -> Fault {
        match code {
            "RequestLimitExceeded"
            | "Throttling"
            | "ThrottlingException"
            | "RequestThrottled"
            | "Client.RequestLimitExceeded"
            | "SlowDown"
            | "TooManyRequestsException"
            | "ResourceCountExceededThrottle" => Fault::Throttled,
            "InternalError" | "InternalFailure" | "ServiceUnavailable" | "Unavailable" | "RequestTimeout" => {
                Fault::Unclear
            }
            "DryRunOperation" => Fault::WouldSucceed,
            "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" | "OperationNotPermitted" => {
                Fault::Denied
            }
            "AuthFailure"
            | "InvalidClientTokenId"
            | "SignatureDoesNotMatch"
            | "ExpiredToken"
            | "RequestExpired"
            | "UnrecognizedClientException"
            | "MissingAuthenticationToken"
            | "OptInRequired"
            | "Blocked" => Fault::Credentials,
            "IdempotentParameterMismatch" | "InvalidClientToken" => Fault::TokenReused,
            "InsufficientInstanceCapacity"
            | "InsufficientHostCapacity"
            | "InsufficientReservedInstanceCapacity"
            | "InsufficientCapacityOnHost"
            | "InsufficientFreeAddressesInSubnet"
            | "UnfulfillableCapacity"
            | "SpotMaxPriceTooLow"
            | "InsufficientCapacity" => Fault::Capacity,
            "DependencyViolation"
            | "InvalidSnapshot.InUse"
            | "VolumeInUse"
            | "InvalidGroup.InUse"
            | "InvalidKeyPair.InUse" => Fault::InUse,
            "IncorrectState" | "IncorrectInstanceState" | "InvalidInstanceState" | "InvalidAMIID.Unavailable" => {
                Fault::WrongState
            }
            "NoSuchEntity" => Fault::NotFound,
            "EntityAlreadyExists" => Fault::Duplicate,
            "DeleteConflict" => Fault::InUse,
            "ServiceFailure" => Fault::Unclear,
            "ConcurrentModification" | "EntityTemporarilyUnmodifiable" => Fault::WrongState,
            "LimitExceeded" => Fault::Quota,
            code if code.ends_with(".NotFound")
                || code.ends_with("NotFoundException")
                || code.ends_with(".Unavailable") =>
            {
                Fault::NotFound
            }
            code if code.ends_with(".Duplicate")
                || code == "InvalidPermission.Duplicate"
                || code.ends_with("AlreadyExists") =>
            {
                Fault::Duplicate
            }
            code if code.ends_with("LimitExceeded") || code.ends_with("QuotaExceeded") => Fault::Quota,
            _ => match status {
                Some(500 | 502 | 503 | 504) => Fault::Unclear,
                Some(429) => Fault::Throttled,
                _ => Fault::Other,
            },
        }
    }
}

/// A call that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct CallError {
    /// What it means.
    pub fault: Fault,
    /// The action: `RunInstances`.
    pub action: &'static str,
    /// The region.
    pub region: String,
    /// AWS's code, `HTTP 500` where an answer has none; empty where there was no answer.
    pub code: String,
    /// AWS's words, or those of the connection.
    pub message: String,
    /// What more is known of why.
    pub reason: Option<String>,
    /// Whether an earlier try may have had its effect: its answer was lost.
    pub tried: bool,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CallError { action, region, code, .. } = self;
        // What only AWS can read helps nobody here.
        let message =
            self.message.split_once(ENCODED).map_or(&*self.message, |(words, _)| words).trim_end_matches([' ', '.']);
        match code.as_str() {
            "" => write!(f, "{action} in {region}: {message}"),
            _ => write!(f, "{action} in {region}: {message} ({code})"),
        }
    }
}

/// What comes before the reasons of a refusal, which AWS tells in code.
const ENCODED: &str = "Encoded authorization failure message:";

impl CallError {
    /// The action that the credentials may not do: a call may need more than its own.
    pub fn denied_action(&self) -> String {
        let named = || self.message.split_once(" not authorized to perform: ")?.1.split_whitespace().next();
        named().map_or_else(|| format!("{}:{}", service(self.action), self.action), str::to_owned)
    }

    /// Whether the endpoint broke down over the call: it answered, but not as EC2 answers.
    pub fn is_breakdown(&self) -> bool {
        self.fault == Fault::Unclear && self.code.starts_with("HTTP ")
    }

    /// Whether the credentials were good, and are not any more.
    pub fn is_expired(&self) -> bool {
        matches!(self.code.as_str(), "ExpiredToken" | "ExpiredTokenException" | "RequestExpired")
    }

    /// What a person can do about it, where there is something.
    pub fn help(&self) -> Option<String> {
        let help = self.usual_help();
        match (&self.reason, help) {
            (Some(reason), Some(help)) => Some(format!("{reason}; {help}")),
            (reason, help) => reason.clone().or(help),
        }
    }

    fn usual_help(&self) -> Option<String> {
        Some(match self.fault {
            Fault::Credentials if self.is_expired() => {
                "get new ones, by `aws sso login` or from whoever gave them".to_owned()
            }
            Fault::Denied => format!(
                "the credentials need the permission `{}`; `bakec plan --iam` prints all that the plan needs",
                self.denied_action()
            ),
            Fault::Credentials => "see whether the credentials are those of the account, and not expired".to_owned(),
            Fault::Quota => "ask AWS for a higher quota, or clean up what is not needed any more".to_owned(),
            Fault::Capacity => "try another instance type, another availability zone, or later".to_owned(),
            Fault::Unreached => "see whether the network and the endpoint are there".to_owned(),
            Fault::Throttled => {
                "other programs of the account call EC2 as well; build fewer images at once by `--parallel-builds`"
                    .to_owned()
            }
            Fault::Unclear => "it may be a passing trouble of AWS or of the network: try it again later".to_owned(),
            _ => return None,
        })
    }

    /// The failure of a build.
    pub fn problem(self, code: Code) -> Problem {
        let problem = Problem::failed(code, self.to_string());
        match self.help() {
            Some(help) => problem.help(help),
            None => problem,
        }
    }
}

/// The service of an action, as policies name it.
pub fn service(action: &str) -> &'static str {
    let iam = ["Role", "InstanceProfile", "RolePolicies", "Roles", "InstanceProfiles"];
    match action {
        "GetCallerIdentity" | "AssumeRole" | "DecodeAuthorizationMessage" => "sts",
        _ if iam.iter().any(|end| action.ends_with(end)) || action.ends_with("RolePolicy") => "iam",
        _ => "ec2",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_kind() {
        for (code, fault) in [
            ("RequestLimitExceeded", Fault::Throttled),
            ("InternalError", Fault::Unclear),
            ("InvalidInstanceID.NotFound", Fault::NotFound),
            ("InvalidAMIName.Duplicate", Fault::Duplicate),
            ("InvalidKeyPair.Duplicate", Fault::Duplicate),
            ("DryRunOperation", Fault::WouldSucceed),
            ("VcpuLimitExceeded", Fault::Quota),
            ("InvalidParameterValue", Fault::Other),
            ("DependencyViolation", Fault::InUse),
        ] {
            assert_eq!(Fault::of_code(code, Some(400)), fault, "{code}");
        }
        assert_eq!(Fault::of_code("", Some(503)), Fault::Unclear);
    }

    #[test]
    fn a_refusal_says_which_permission_is_missing() {
        let error = |message: &str| CallError {
            fault: Fault::Denied,
            action: "RunInstances",
            region: "us-east-1".to_owned(),
            code: "UnauthorizedOperation".to_owned(),
            message: message.to_owned(),
            reason: None,
            tried: false,
        };
        let words = "You are not authorized to perform this operation. ";
        let told = error(&format!(
            "{words}User: arn:aws:iam::1:user/a is not authorized to perform: ec2:CreateTags on resource: x because no \
             identity-based policy allows the ec2:CreateTags action. Encoded authorization failure message: eyJ"
        ));
        assert_eq!(told.denied_action(), "ec2:CreateTags");
        assert!(told.to_string().ends_with("allows the ec2:CreateTags action (UnauthorizedOperation)"), "{told}");
        assert!(told.help().is_some_and(|help| help.contains("`ec2:CreateTags`; `bakec plan --iam`")));
        assert_eq!(error(words).denied_action(), "ec2:RunInstances");
    }
}
