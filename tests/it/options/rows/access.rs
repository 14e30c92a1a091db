//! How the account is reached, and how patiently.

use serde_json::{Value, json};

use super::super::Row;
use super::super::Seen::{AccessKey, At, By, Calls, Outcome, Region, Token};
use super::super::access;
use super::super::observed::merged;
use super::{alone, row};

/// How the account is reached.
pub(super) fn session() -> Vec<Row> {
    let files = access::files();
    let of = |profile: &str, more: Value| {
        let keys = json!({ "access_key": null, "secret_key": null, "shared_credentials_file": files.first });
        let profile = if profile.is_empty() { json!({}) } else { json!({ "profile": profile }) };
        merged(merged(keys, profile), more)
    };
    let everywhere = json!({ "source_ami": null, "source_ami_filter": { "filters": { "name": "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240501" }, "owners": ["amazon"] } });
    vec![
        alone("access_key", json!("AKIDONE"), json!("AKIDTWO"), AccessKey),
        alone("secret_key", json!("one"), json!("two"), By(access::secret)),
        alone("token", json!("first"), json!("second"), Token),
        row("profile", of("", json!({})), json!("one"), json!("two"), AccessKey),
        row("shared_credentials_file", of("one", json!({})), json!(files.first), json!(files.second), AccessKey),
        row("mfa_code", of("guarded", json!({})), json!("123456"), json!("654321"), By(access::device)),
        row("region", everywhere, json!("us-east-1"), json!("eu-west-1"), Region("RunInstances")),
        alone("custom_endpoint_ec2", json!("first"), json!("second"), By(access::endpoint)),
        alone("insecure_skip_tls_verify", json!(false), json!(true), By(access::certificate)),
        alone("skip_credential_validation", json!(false), json!(true), Calls("GetCallerIdentity")),
        alone("skip_region_validation", json!(false), json!(true), Calls("DescribeRegions")),
        alone("skip_metadata_api_check", json!(false), json!(true), By(access::metadata)),
        Row {
            faults: &["denied@CreateImage:1"],
            ..alone("decode_authorization_messages", json!(false), json!(true), Calls("DecodeAuthorizationMessage"))
        },
        Row {
            faults: &["throttle@DescribeRegions:1", "throttle@DescribeRegions:2"],
            ..alone("max_retries", json!(1), json!(5), Outcome)
        },
    ]
}

/// The role that is taken on.
pub(super) fn role() -> Vec<Row> {
    let with = |more: Value| json!({ "assume_role": merged(json!({ "role_arn": "arn:aws:iam::123456789012:role/builder" }), more) });
    let of = |option, more: Value, a, b, parameter| row(option, with(more), a, b, At("AssumeRole", parameter));
    let tags = json!({ "tags": { "team": "images", "stage": "test" } });
    vec![
        of(
            "assume_role.role_arn",
            json!({}),
            json!("arn:aws:iam::123456789012:role/one"),
            json!("arn:aws:iam::123456789012:role/two"),
            "RoleArn",
        ),
        of("assume_role.duration_seconds", json!({}), json!(900), json!(43200), "DurationSeconds"),
        of("assume_role.external_id", json!({}), json!("one"), json!("two"), "ExternalId"),
        of("assume_role.policy", json!({}), json!(null), json!("{\"Version\":\"2012-10-17\"}"), "Policy"),
        of(
            "assume_role.policy_arns",
            json!({}),
            json!(["arn:aws:iam::aws:policy/One"]),
            json!(["arn:aws:iam::aws:policy/Two"]),
            "PolicyArns.member.N.arn",
        ),
        of("assume_role.session_name", json!({}), json!("one"), json!("two"), "RoleSessionName"),
        of("assume_role.tags", json!({}), json!({ "team": "one" }), json!({ "team": "two" }), "Tags.member.N.Value"),
        of("assume_role.transitive_tag_keys", tags, json!(["team"]), json!(["stage"]), "TransitiveTagKeys.member.N"),
    ]
}

/// How patiently AWS is waited for.
pub(super) fn waiting() -> Vec<Row> {
    let delayed = json!({ "aws_polling": { "delay_seconds": 5 } });
    vec![
        row("aws_polling.delay_seconds", json!({}), json!(2), json!(60), Calls("DescribeImages")),
        row("aws_polling.max_attempts", delayed, json!(200), json!(2), Outcome),
    ]
}
