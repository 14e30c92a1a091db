//! What policies allow, by cases.

use super::evaluate::{Verdict, verdict};
use super::touched::{Context, Wish};
use super::{Allowed, Policies, Policy};

fn policy(statements: &str) -> Policy {
    format!(r#"{{ "Version": "2012-10-17", "Statement": {statements} }}"#).parse().expect("a policy")
}

fn wish(action: &str, resource: &str, context: &[(&str, &[&str])]) -> Wish {
    let values = |values: &[&str]| values.iter().map(|v| (*v).to_string()).collect::<Vec<_>>();
    let context: Context = context.iter().map(|(key, v)| ((*key).to_string(), values(v))).collect();
    Wish { action: action.to_string(), resource: resource.to_string(), context }
}

const INSTANCE: &str = "arn:aws:ec2:us-east-1:123456789012:instance/i-1";

#[test]
fn a_deny_counts_before_an_allow_and_silence_allows_nothing() {
    let of = |statements: &str, action: &str| verdict(&[&policy(statements)], &wish(action, INSTANCE, &[]));
    let all = r#"{ "Effect": "Allow", "Action": "*", "Resource": "*" }"#;
    assert_eq!(of(all, "ec2:StopInstances"), Verdict::Allowed);
    let deny = r#"{ "Effect": "Deny", "Action": ["ec2:stop*"], "Resource": "arn:aws:ec2:*:*:instance/*" }"#;
    assert_eq!(of(&format!("[{all}, {deny}]"), "ec2:StopInstances"), Verdict::Denied);
    assert_eq!(of(&format!("[{all}, {deny}]"), "ec2:StartInstances"), Verdict::Allowed);
    assert_eq!(of("[]", "ec2:StopInstances"), Verdict::Silent);
    let not = r#"{ "Effect": "Allow", "NotAction": "ec2:S*", "NotResource": "arn:aws:ec2:*:*:volume/*" }"#;
    assert_eq!(of(not, "ec2:StopInstances"), Verdict::Silent);
    assert_eq!(of(not, "ec2:TerminateInstances"), Verdict::Allowed);
    let other = r#"{ "Effect": "Allow", "Action": "ec2:?topInstances", "Resource": "arn:aws:ec2:*:*:volume/*" }"#;
    assert_eq!(of(other, "ec2:StopInstances"), Verdict::Silent);
}

#[test]
fn conditions_ask_for_what_is_known_of_a_call() {
    let holds = |condition: &str, context: &[(&str, &[&str])]| {
        let statement =
            format!(r#"{{ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {{ {condition} }} }}"#);
        verdict(&[&policy(&statement)], &wish("ec2:X", "*", context)) == Verdict::Allowed
    };
    let run: (&str, &[&str]) = ("aws:requesttag/bakec:run", &["r-1"]);
    let like = r#""StringLike": { "aws:RequestTag/bakec:run": "*" }"#;
    assert!(holds(like, &[run]) && !holds(like, &[]));
    let equals = r#""StringEquals": { "ec2:Region": ["eu-west-1", "us-east-1"] }"#;
    assert!(holds(equals, &[("ec2:region", &["us-east-1"])]) && !holds(equals, &[("ec2:region", &["us-east-2"])]));
    // All of several conditions, any of several values.
    let both = format!(r#"{equals}, "StringNotEquals": {{ "aws:RequestTag/bakec:run": "r-2" }}"#);
    assert!(holds(&both, &[("ec2:region", &["us-east-1"]), run]) && !holds(&both, &[run]));
    assert!(
        holds(r#""StringNotLike": { "a": "x*" }"#, &[])
            && !holds(r#""StringNotLike": { "a": "x*" }"#, &[("a", &["xy"])])
    );
    assert!(
        holds(r#""StringLikeIfExists": { "a": "x" }"#, &[])
            && !holds(r#""StringLikeIfExists": { "a": "x" }"#, &[("a", &["y"])])
    );
    assert!(holds(r#""Null": { "a": "true" }"#, &[]) && !holds(r#""Null": { "a": "false" }"#, &[]));
    assert!(holds(r#""Bool": { "a": true }"#, &[("a", &["True"])]));
    let keys: (&str, &[&str]) = ("aws:tagkeys", &["bakec:run", "Name"]);
    let all = r#""ForAllValues:StringLike": { "aws:TagKeys": ["bakec:*"] }"#;
    assert!(!holds(all, &[keys]) && holds(all, &[]));
    let some = r#""ForAnyValue:StringEquals": { "aws:TagKeys": "Name" }"#;
    assert!(holds(some, &[keys]) && !holds(some, &[]));
}

#[test]
fn what_is_not_understood_is_refused() {
    let of = |statement: &str| {
        let text = format!(r#"{{ "Version": "2012-10-17", "Statement": [{statement}] }}"#);
        text.parse::<Policy>().expect_err("it is refused")
    };
    for (statement, words) in [
        (r#"{ "Effect": "Allow", "Action": "*" }"#, "either `Resource` or `NotResource`"),
        (r#"{ "Effect": "Maybe", "Action": "*", "Resource": "*" }"#, "no policy"),
        (r#"{ "Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*" }"#, "no policy"),
        (r#"{ "Effect": "Allow", "Action": "*", "Resource": "${aws:username}" }"#, "variables"),
        (
            r#"{ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { "IpAddress": { "a": "b" } } }"#,
            "`IpAddress` is not known here",
        ),
    ] {
        assert!(of(statement).contains(words), "{}", of(statement));
    }
}

#[test]
fn a_key_has_its_own_policy_or_that_of_all_others() {
    let allow = |key: Option<&str>| Allowed { key: key.map(str::to_string), policy: policy("[]") };
    let policies = Policies::new(vec![allow(None), allow(Some("AKID")), allow(Some("AKID"))]);
    assert_eq!((policies.of("AKID").len(), policies.of("OTHER").len()), (2, 1));
    assert!(Policies::default().of("AKID").is_empty());
}
