//! The table and the policy, by builds.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::policy::{Policy, policy};
use super::table::TABLE;
use super::{On, Row, calls, needed};
use crate::run::build::{Access, Build, Builder, Ebs, Image, Key, Network, Source, Ssh};

fn build(name: &str, ebs: Ebs) -> Build {
    Build {
        name: Arc::from(name),
        origin: None,
        builder: Builder::Ebs(Box::new(ebs)),
        provisioners: Vec::new(),
        cleanups: Vec::new(),
        posts: Vec::new(),
        values: Default::default(),
    }
}

fn plain(region: &str) -> Ebs {
    Ebs {
        access: Access { region: region.to_owned(), ..Access::default() },
        source: Source { id: Some("ami-1".to_owned()), ..Source::default() },
        key: Key::Temporary { name: String::new(), kind: None, bits: None },
        ssh: Some(Ssh::default()),
        ..Ebs::default()
    }
}

fn of(builds: &[Build]) -> Policy {
    policy(&builds.iter().collect::<Vec<_>>())
}

#[test]
fn no_line_stands_twice() {
    let same = |a: &Row, b: &Row| (a.step, a.action, a.on, a.place) == (b.step, b.action, b.on, b.place);
    for (n, row) in TABLE.iter().enumerate() {
        assert!(!TABLE[..n].iter().any(|other| same(other, row)), "{row:?}");
        assert!(row.action.split_once(':').is_some_and(|(service, _)| ["ec2", "iam", "kms", "sts"].contains(&service)));
        let calls = (row.calls)(&plain("us-east-1"));
        assert!(calls == 0 || row.on != On::Anything, "looks are shared: {row:?}");
    }
}

#[test]
fn a_policy_has_what_the_options_ask_for_and_no_more() {
    let actions = |ebs: Ebs| of(&[build("a", ebs)]).actions();
    let all = actions(plain("us-east-1"));
    for action in ["ec2:ImportKeyPair", "ec2:CreateSecurityGroup", "ec2:CreateImage", "ec2:TerminateInstances"] {
        assert!(all.contains(action), "{action}");
    }
    for action in ["ec2:CopyImage", "ec2:RegisterImage", "ec2:ModifyImageAttribute", "iam:PassRole", "kms:CreateGrant"]
    {
        assert!(!all.contains(action), "{action}");
    }
    let own = Ebs {
        key: Key::Own { name: Some("mine".to_owned()), file: "key.pem".into() },
        network: Network { groups: vec!["sg-1".to_owned()], ..Network::default() },
        ..plain("us-east-1")
    };
    let gone: BTreeSet<_> = all.difference(&actions(own)).copied().collect();
    let wanted = [
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:CreateSecurityGroup",
        "ec2:DeleteKeyPair",
        "ec2:DeleteSecurityGroup",
        "ec2:DescribeKeyPairs",
        "ec2:DescribeSecurityGroups",
        "ec2:ImportKeyPair",
    ];
    assert_eq!(gone, BTreeSet::from(wanted));
    let none = Ebs { image: Image { skip_create: true, ..Image::default() }, ..plain("us-east-1") };
    assert!(!actions(none).contains("ec2:CreateImage"));
}

#[test]
fn statements_are_about_regions_and_names_of_the_plan() {
    let copied =
        Ebs { image: Image { regions: vec!["eu-west-1".to_owned()], ..Image::default() }, ..plain("us-east-1") };
    let policy = of(&[build("a", copied)]);
    let about = |action: &str, resource: &str| {
        // A statement about what is made asks for tags that what is there never gets.
        let all = policy.statement.iter().filter(|s| !s.sid.starts_with("Make") || action == "ec2:CopyImage");
        let mut found = all.filter(|s| s.action.contains(&action) && s.resource.iter().any(|r| r == resource));
        found.next().map(|s| s.condition["StringEquals"]["ec2:Region"].clone())
    };
    assert_eq!(about("ec2:RunInstances", "arn:aws:ec2:*::image/ami-1"), Some(serde_json::json!(["us-east-1"])));
    assert_eq!(about("ec2:RunInstances", "arn:aws:ec2:*::image/*"), None);
    assert_eq!(about("ec2:CopyImage", "arn:aws:ec2:*::image/*"), Some(serde_json::json!(["eu-west-1"])));
    assert_eq!(about("ec2:DescribeImages", "*"), Some(serde_json::json!(["eu-west-1", "us-east-1"])));
    let sids: BTreeSet<&str> = policy.statement.iter().map(|s| s.sid.as_str()).collect();
    assert_eq!(sids.len(), policy.statement.len(), "{sids:?}");
    // Another partition has ARNs of its own.
    let china = of(&[build("a", plain("cn-north-1")), build("b", plain("us-east-1"))]);
    assert!(
        china.text().contains("arn:aws-cn:ec2:*:*:instance/*") && china.text().contains("arn:aws:ec2:*:*:instance/*")
    );
}

#[test]
fn calls_are_those_of_a_build_that_goes_well() {
    let copied =
        Ebs { image: Image { regions: vec!["eu-west-1".to_owned()], ..Image::default() }, ..plain("us-east-1") };
    let builds = [build("a", plain("us-east-1")), build("b", copied)];
    let calls = calls(&builds.iter().collect::<Vec<_>>());
    assert_eq!((calls["ec2:RunInstances"], calls["ec2:CopyImage"], calls["ec2:CreateTags"]), (2, 1, 3));
    assert!(needed(&[]).is_empty() && !calls.contains_key("ec2:ModifyImageAttribute"));
}
