//! What people see of a plan.

use std::collections::BTreeMap;

use super::{How, Since, text};
use crate::diagnostic::render::Style;
use crate::run::outlook::{FORMAT, Outlook, Row};
use crate::run::preview::{Preview, Seen};

fn row(name: &str, region: &str) -> Row {
    Row {
        name: name.to_owned(),
        kind: "amazon-ebs",
        image: Some(format!("image of {name}")),
        region: Some(region.to_owned()),
        instance_type: Some("m3.medium".to_owned()),
        source: Some("ami-1".to_owned()),
        key: Some("temporary".to_owned()),
        groups: Some("temporary, for the caller".to_owned()),
        connection: "ubuntu:22".to_owned(),
        provisioners: vec!["shell setup".to_owned()],
        tags: BTreeMap::from([("team".to_owned(), "web".to_owned()), ("Name".to_owned(), name.to_owned())]),
        steps: ["source", "launch", &format!("share {region}")].map(str::to_owned).to_vec(),
        ..Row::default()
    }
}

fn outlook(builds: Vec<Row>) -> Outlook {
    let count = builds.len();
    Outlook {
        format: FORMAT,
        passing: BTreeMap::from([("instance", count)]),
        staying: BTreeMap::from([("image", count)]),
        calls: BTreeMap::from([("ec2:RunInstances", count as u32)]),
        builds,
    }
}

fn shown(outlook: &Outlook, width: usize, all: bool) -> String {
    let style = Style { colour: false, unicode: true, links: false, width };
    text(outlook, None, None, How { file: "web.bake", all, style })
}

#[test]
fn what_is_common_is_told_once_and_what_differs_in_a_table() {
    let text = shown(&outlook(vec![row("a", "us-east-1"), row("b", "eu-west-1")]), 100, false);
    let wanted = "\
web.bake: 2 builds of amazon-ebs in 2 regions

  every build
  kind          amazon-ebs
  type          m3.medium
  source        ami-1
  key           temporary
  group         temporary, for the caller
  login         ubuntu:22
  provisioners  shell setup
  tags          team=web
  steps         source → launch → share

  build  region     image       tags
  a      us-east-1  image of a  Name=a
  b      eu-west-1  image of b  Name=b

  to stay       2 images
  for a while   2 instances
  calls         about 2 that change something
                2 RunInstances
";
    assert_eq!(text, wanted);
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let long = |n: usize| {
        let mut row = row(&format!("a-build-with-a-long-name-{n}"), "us-east-1");
        row.copies = vec!["eu-west-1".to_owned(); n % 7];
        row.key = Some(format!("a key that differs, of number {n}"));
        row
    };
    let many = outlook((0..32).map(long).collect());
    for width in [80, 120] {
        let text = shown(&many, width, false);
        assert!(text.contains("a-build-with-a-long-name-31  "), "names are whole: {text}");
        assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
        assert_eq!(text.lines().filter(|l| l.starts_with("  a-build-")).count(), 32, "{text}");
    }
}

#[test]
fn many_builds_are_told_by_their_kinds() {
    let many = outlook((0..500).map(|n| row(&format!("b{n}"), ["us-east-1", "eu-west-1"][n % 2])).collect());
    let text = shown(&many, 100, false);
    assert!(text.lines().count() < 30 && text.contains("  250     us-east-1  b0 … b498\n"), "{text}");
    assert!(text.contains("each of them: --each"), "{text}");
    assert!(shown(&many, 100, true).lines().count() > 500);
}

#[test]
fn what_aws_says_stands_in_the_place_of_what_the_plan_says() {
    let seen = Seen {
        account: Some("123456789012".to_owned()),
        caller: Some("arn:aws:iam::123456789012:user/me".to_owned()),
        source: Some("ami-9".to_owned()),
        source_name: Some("ubuntu".to_owned()),
        admitted: Some("203.0.113.7/32".to_owned()),
    };
    let unasked = BTreeMap::from([("kms:Decrypt", "nobody looks")]);
    let live = Preview { builds: BTreeMap::from([("a".to_owned(), seen)]), unasked, calls: 9, ..Preview::default() };
    let since = Since {
        run: "20261121-120000-abcdef".to_owned(),
        when: "2 h ago, built".to_owned(),
        changes: vec!["1 build added: `a`".to_owned()],
        command: "bakec diff x y".to_owned(),
    };
    let style = Style { colour: false, unicode: true, links: false, width: 100 };
    let how = How { file: "web.bake", all: false, style };
    let text = text(&outlook(vec![row("a", "us-east-1")]), Some(&live), Some(&since), how);
    for words in [
        "source        ami-9 (ubuntu)\n",
        "account       123456789012, as user/me\n",
        "group         temporary, for 203.0.113.7/32\n",
        "asked         AWS, by 9 calls; nothing was begun\n",
        "not asked     kms:Decrypt: nobody looks\n",
        "since         20261121-120000-abcdef, 2 h ago, built\n                1 build added: `a`\n",
    ] {
        assert!(text.contains(words), "no {words:?} in\n{text}");
    }
}
