//! Who calls and where: the credential scope of a SigV4 signature.
//!
//! Any signature is accepted: there are no secrets to check it against. A call without one is refused, as AWS does.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::civil;
use jiff::tz::TimeZone;
use serde_json::json;

use super::clock::Clock;
use super::error::ApiError;
use super::world::ACCOUNT;
use crate::facts::regions::{self, Region};

/// The services that answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Service {
    Ec2,
    Sts,
    Iam,
}

#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) service: Service,
    pub(crate) region: Region,
    pub(crate) access_key: String,
    /// That of temporary credentials.
    pub(crate) token: Option<String>,
}

/// Reads `Authorization: AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`, or the same of a presigned query.
pub(crate) fn scope(header: Option<&str>, presigned: Option<&str>) -> Result<Scope, ApiError> {
    let in_header = header.and_then(|text| {
        let text = text.strip_prefix("AWS4-HMAC-SHA256")?;
        text.split(',').find_map(|part| part.trim().strip_prefix("Credential="))
    });
    let Some(credential) = in_header.or(presigned) else {
        let words = "The request must contain valid authentication.";
        return Err(ApiError::new("MissingAuthenticationToken", words).status(403));
    };
    let parts: Vec<&str> = credential.split('/').collect();
    let [access_key, _, region, service, "aws4_request"] = parts[..] else {
        return Err(denied("Credential must be KEY/DATE/REGION/SERVICE/aws4_request"));
    };
    let service = match service {
        "ec2" => Service::Ec2,
        "sts" => Service::Sts,
        "iam" => Service::Iam,
        _ => {
            return Err(denied(&format!(
                "Credential should be scoped to correct service: 'ec2', 'sts' or 'iam', not '{service}'"
            )));
        }
    };
    let Some(region) = regions::find(region) else {
        return Err(denied(&format!("Credential should be scoped to a valid region, not '{region}'")));
    };
    Ok(Scope { service, region, access_key: access_key.to_string(), token: None })
}

/// Refuses a call that was signed at another time than now: `date` is that of its signature, `20261121T115000Z`.
pub(crate) fn in_time(service: Service, date: Option<&str>, clock: &Clock) -> Result<(), ApiError> {
    let signed = date.and_then(|date| civil::DateTime::strptime("%Y%m%dT%H%M%SZ", date).ok());
    let Some(signed) = signed.and_then(|at| at.to_zoned(TimeZone::UTC).ok()) else { return Ok(()) };
    if clock.agrees(signed.timestamp()) {
        return Ok(());
    }
    Err(match service {
        Service::Ec2 => denied("AWS was not able to validate the provided access credentials"),
        Service::Sts | Service::Iam => {
            let words = "Signature expired or not yet current: the time of the request is too far from AWS's";
            ApiError::new("SignatureDoesNotMatch", words).status(403)
        }
    })
}

fn denied(message: &str) -> ApiError {
    ApiError::new("AuthFailure", message).status(401)
}

/// The refusal of an action that the credentials may not do; EC2 says the reasons in code, which only STS can read.
pub(crate) fn unauthorized(scope: &Scope, action: &str) -> ApiError {
    let Scope { service, region, access_key, .. } = scope;
    if *service != Service::Ec2 {
        return ApiError::new("AccessDenied", format!("User {access_key} is not authorized to perform: {action}"))
            .status(403);
    }
    let (partition, region) = (region.partition, region.name);
    let why = json!({
        "allowed": false, "explicitDeny": false, "matchedStatements": { "items": [] }, "failures": { "items": [] },
        "context": {
            "principal": { "id": access_key, "arn": format!("arn:{partition}:iam::{ACCOUNT}:user/rehearsal") },
            "action": format!("ec2:{action}"), "resource": format!("arn:{partition}:ec2:{region}:{ACCOUNT}:*"),
            "conditions": { "items": [] },
        },
    });
    let encoded = URL_SAFE_NO_PAD.encode(why.to_string());
    let words =
        format!("You are not authorized to perform this operation. Encoded authorization failure message: {encoded}");
    ApiError::new("UnauthorizedOperation", words).status(403)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_stands_in_the_credential() {
        let header =
            "AWS4-HMAC-SHA256 Credential=AKID/20261121/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=0";
        let found = scope(Some(header), None).unwrap();
        assert_eq!((found.region.name, found.service, found.access_key.as_str()), ("eu-west-1", Service::Ec2, "AKID"));
        assert!(scope(None, Some("AKID/20261121/us-east-1/sts/aws4_request")).is_ok());
        for wrong in [None, Some("Basic x")] {
            assert_eq!(scope(wrong, None).unwrap_err().code, "MissingAuthenticationToken");
        }
        let short = Some("AWS4-HMAC-SHA256 Credential=a/b");
        assert_eq!(scope(short, None).unwrap_err().code, "AuthFailure");
        for wrong in ["A/d/us-esat-1/ec2/aws4_request", "A/d/us-east-1/s3/aws4_request"] {
            assert_eq!(scope(None, Some(wrong)).unwrap_err().code, "AuthFailure");
        }
    }
}
