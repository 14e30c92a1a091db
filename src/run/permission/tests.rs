//! The table and the policy, by builds and by the code of the steps.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::policy::{Policy, policy};
use super::table::{LEASE, PREFLIGHT, TABLE};
use super::{On, Place, Row, calls, needed, places};
use crate::run::aws::fault::service;
use crate::run::build::{
    Access, Build, Builder, Ebs, FastLaunch, Image, Key, Launch, Market, Network, Protection, Source,
};
use crate::run::build::{Search, Spot, Ssh};

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

/// The code below a folder, by file.
fn code(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, all: &mut Vec<(String, String)>) {
        let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        for path in entries {
            if path.is_dir() {
                walk(&path, all);
            } else if path.extension().is_some_and(|end| end == "rs") {
                all.push((path.display().to_string(), std::fs::read_to_string(&path).expect("a file")));
            }
        }
    }
    let mut all = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut all);
    all
}

/// What stands in the code between two texts.
fn between<'c>(code: &'c str, start: &str, end: &str) -> Vec<&'c str> {
    code.split(start).skip(1).filter_map(|rest| rest.split_once(end)).map(|(inner, _)| inner).collect()
}

/// Steps of the journal that call nothing of AWS's: they are done on the machine, or here.
const SILENT: [&str; 4] = ["CONNECT", "FORGET_KEY", "PROVISION", "POST"];

#[test]
fn every_step_has_a_line_or_calls_nothing() {
    let code = code("src/run");
    let names = code.iter().flat_map(|(_, text)| between(text, "const NAME: &'static str = \"", "\";"));
    let names: BTreeSet<&str> = names.collect();
    let known: BTreeSet<&str> = TABLE.iter().map(|row| row.step).filter(|s| ![PREFLIGHT, LEASE].contains(s)).collect();
    assert_eq!(names, known, "each step has its lines in the table, and each line is that of a step");
    let undone = code.iter().find(|(file, _)| file.ends_with("undo.rs")).map(|(_, text)| text.as_str());
    assert_eq!(between(undone.expect("a file"), "::NAME => undo::<", ">").len(), names.len(), "each can be undone");
    for (file, text) in code.iter().filter(|(file, _)| !file.ends_with("tests.rs")) {
        for step in between(text, "step: ", ".to_owned()")
            .into_iter()
            .filter(|s| s.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
        {
            assert!(SILENT.contains(&step), "{file}: what does the step `{step}` call?");
        }
    }
}

/// What AWS answers to everyone, or to other credentials than those of the run.
const FREE: [&str; 2] = ["GetCallerIdentity", "AssumeRole"];

#[test]
fn every_call_of_the_code_has_a_line() {
    // What is looked for without a journal is no business of a plan.
    let of_plans =
        code("src/run").into_iter().filter(|(file, _)| !file.contains("sweep") && !file.ends_with("tests.rs"));
    let mut seen = 0;
    for (file, text) in of_plans {
        for action in between(&text, ".call(\"", "\"") {
            let named = format!("{}:{action}", service(action));
            let is_known = FREE.contains(&action) || TABLE.iter().any(|row| row.action == named);
            assert!(is_known, "{file} calls {named}, which is not in the table");
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen}");
}

#[test]
fn things_are_where_the_executor_makes_them() {
    let of = |image: Image| {
        let regions = vec!["eu-west-1".to_owned()];
        Ebs { image: Image { regions, ..image }, ..plain("us-east-1") }
    };
    let all = |ebs: &Ebs, place: Place| places(place, ebs).join(" ");
    let copied = of(Image::default());
    assert_eq!(
        (all(&copied, Place::Copies), all(&copied, Place::Images)),
        ("eu-west-1".into(), "us-east-1 eu-west-1".into())
    );
    let encrypted = of(Image { encrypt: Some(true), ..Image::default() });
    assert_eq!(all(&encrypted, Place::Copies), "us-east-1 eu-west-1");
    let away = of(Image { skip_build_region: true, ..Image::default() });
    assert_eq!((all(&away, Place::Copies), all(&away, Place::Images)), ("eu-west-1".into(), "eu-west-1".into()));
    assert_eq!(all(&away, Place::All), "us-east-1 eu-west-1");
    let off = vec!["us-east-1".to_owned()];
    let quick = of(Image { fast_launch: Some(FastLaunch { off, ..FastLaunch::default() }), ..Image::default() });
    assert_eq!((all(&quick, Place::Quick), all(&copied, Place::Quick)), ("eu-west-1".into(), String::new()));
    let none = of(Image { skip_create: true, encrypt: Some(true), ..Image::default() });
    assert_eq!((all(&none, Place::All), all(&none, Place::Copies)), ("us-east-1".into(), String::new()));
}

#[test]
fn a_group_that_is_searched_for_is_none_that_is_made() {
    let search =
        Search { groups: Some(vec![("group-name".to_owned(), vec!["build".to_owned()])]), ..Search::default() };
    let found = Ebs { network: Network { search, ..Network::default() }, ..plain("us-east-1") };
    let actions = |ebs: Ebs| of(&[build("a", ebs)]).actions();
    assert!(!actions(found).contains("ec2:CreateSecurityGroup"));
    let spot = Launch { market: Market::Spot(Spot::default()), ..Launch::default() };
    let spot = actions(Ebs { launch: spot, ..plain("us-east-1") });
    assert!(spot.contains("ec2:CreateFleet") && !spot.contains("ec2:StopInstances"), "{spot:?}");
    let cooled = Image { protection: Some(Protection { cooldown: true }), ..Image::default() };
    let cooled = actions(Ebs { image: cooled, ..plain("us-east-1") });
    assert!(cooled.contains("ec2:EnableImageDeregistrationProtection"));
    assert!(!cooled.contains("ec2:DisableImageDeregistrationProtection"), "it is never protected before it is final");
}

#[test]
fn what_is_made_in_iam_lies_below_the_path_of_runs() {
    let launch = Launch { temporary_policy: Some("{}".to_owned()), ..Launch::default() };
    let policy = of(&[build("a", Ebs { launch, ..plain("us-east-1") })]);
    let of_sid = |sid: &str| policy.statement.iter().find(|s| s.sid == sid).expect("a statement");
    let made = of_sid("MakeRole");
    let wanted = ["arn:aws:iam::*:instance-profile/bakec/*", "arn:aws:iam::*:role/bakec/*"];
    assert_eq!(made.resource, wanted);
    assert!(made.condition["StringLike"].contains_key("aws:RequestTag/bakec:run"), "{made:?}");
    assert!(!made.condition.contains_key("StringEquals"), "IAM knows no regions: {made:?}");
    let passed = of_sid("PassRole");
    assert_eq!(passed.resource, ["arn:aws:iam::*:role/bakec/*"]);
    assert_eq!(passed.condition["StringEquals"]["iam:PassedToService"], "ec2.amazonaws.com");
}
