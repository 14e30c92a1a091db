//! Selections of a small matrix.

use super::*;
use crate::plan::{Build, Chain, Image, Origin, Retain, Scalar};
use crate::text::FileId;

const AT: Origin = Origin { file: 0, line: 1, column: 1 };

/// Six builds of `official` (three regions, two virtualizations) and one of `app`.
fn plan() -> Plan {
    let mut builds = Vec::new();
    for region in ["us-east-1", "us-west-2", "eu-west-1"] {
        for virt in ["pv", "hvm"] {
            builds.push(build(&format!("{region}-{virt}"), 0, &[region, virt]));
        }
    }
    builds.push(build("app", 1, &[]));
    let step = |kind: &str, builds| Step { kind: kind.into(), label: None, builds, options: vec![], origin: AT };
    Plan {
        images: vec![
            Image { name: "official".into(), axes: vec!["region".into(), "virt".into()] },
            Image { name: "app".into(), axes: vec![] },
        ],
        builds,
        provisioners: vec![
            step("all", Builds::All),
            step("hvm", Builds::Only(vec![1, 3, 5])),
            step("app", Builds::Only(vec![6])),
        ],
        posts: vec![Chain { links: vec![step("a", Builds::Only(vec![6])), step("b", Builds::Only(vec![6]))] }],
        retain: vec![Retain { image: 0, options: vec![] }, Retain { image: 1, options: vec![] }],
        ..Plan::default()
    }
}

fn build(name: &str, image: u32, axes: &[&str]) -> Build {
    let axes = axes.iter().map(|a| Scalar::Text((*a).into())).collect();
    Build { name: name.into(), image, kind: "amazon-ebs".into(), axes, options: vec![], origin: AT }
}

fn selected(only: &[&str], except: &[&str]) -> Result<Plan, Box<SelectProblem>> {
    let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    select(plan(), &own(only), &own(except))
}

#[track_caller]
fn names(only: &[&str], except: &[&str]) -> String {
    let plan = selected(only, except).expect("the selection matches");
    plan.builds.iter().map(|b| b.name.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn commas_and_repeats_are_or_and_plus_is_and() {
    assert_eq!(names(&["region=us-east-1+virt=hvm"], &[]), "us-east-1-hvm");
    assert_eq!(names(&["us-east-1-pv , app"], &[]), "us-east-1-pv app");
    assert_eq!(names(&["app", "*-west-*+virt=pv"], &[]), "us-west-2-pv eu-west-1-pv app");
    assert_eq!(names(&["region={us-east-1,us-west-2}+*-pv"], &[]), "us-east-1-pv us-west-2-pv");
    assert_eq!(names(&["image=app,"], &[]), "app");
    assert_eq!(names(&["kind=amazon-*"], &["virt=*"]), "app");
    assert_eq!(names(&[], &["region=us-*", "app"]), "eu-west-1-pv eu-west-1-hvm");
}

#[test]
fn the_rest_of_the_plan_follows() {
    let plan = selected(&["us-west-2-*"], &[]).expect("the selection matches");
    let steps: Vec<_> = plan.provisioners.iter().map(|s| (s.kind.as_str(), s.builds.clone())).collect();
    assert_eq!(steps, [("all", Builds::All), ("hvm", Builds::Only(vec![1]))]);
    assert_eq!((plan.posts.len(), plan.retain.len(), plan.images.len()), (0, 1, 2));
    let plan = selected(&["app"], &[]).expect("the selection matches");
    assert_eq!(plan.provisioners.last().map(|s| s.builds.clone()), Some(Builds::Only(vec![0])));
    assert_eq!(plan.posts[0].links.len(), 2);
}

#[test]
fn nothing_asked_nothing_changed() {
    assert_eq!(selected(&[], &[]), Ok(plan()));
}

#[track_caller]
fn refused(only: &[&str], except: &[&str], place: &str, message: &str, help: &str) {
    let problem = selected(only, except).expect_err("the selection is refused");
    assert_eq!(&problem.text[problem.range.clone()], place);
    let diagnostic = problem.diagnostic(FileId(0));
    assert_eq!((diagnostic.message.as_str(), diagnostic.help.as_deref()), (message, Some(help)));
}

#[test]
fn what_matches_nothing_is_named() {
    refused(
        &["app,us-esat-1-pv"],
        &[],
        "us-esat-1-pv",
        "no build has the name `us-esat-1-pv`",
        "did you mean `us-east-1-pv`?",
    );
    refused(
        &["us-east-1"],
        &[],
        "us-east-1",
        "no build has the name `us-east-1`",
        "`us-east-1` is a value of an axis: write `--only region=us-east-1`",
    );
    refused(&["regoin=us-east-1"], &[], "regoin", "no image has an axis `regoin`", "did you mean `region`?");
    refused(&["z=us-east-1"], &[], "z", "no image has an axis `z`", "the axes are `region`, `virt`, `image`, `kind`");
    refused(&[], &["virt=hmv"], "virt=hmv", "no build has `hmv` on the axis `virt`", "did you mean `hvm`?");
    refused(
        &["app+virt=pv"],
        &[],
        "app+virt=pv",
        "no build has all of this at once",
        "terms joined by `+` must hold for the same build; a comma between patterns takes what either matches",
    );
    refused(&["app"], &["*"], "*", "no build is left", "`--except` takes away all that was selected");
    refused(
        &["a["],
        &[],
        "a[",
        "not a pattern: unclosed character class; missing ']'",
        "`*` is any text, `?` a character, `[ab]` one of them, `{a,b}` one of the texts",
    );
    refused(
        &[" , "],
        &[],
        " , ",
        "`--only` names nothing here",
        "write a name, a glob or an axis: `--only 'us-east-1-*,region=eu-west-1+virt=hvm'`",
    );
}

#[test]
fn second_arguments_are_told_by_number() {
    let problem = selected(&["app", "x-y-z-q"], &[]).expect_err("the selection is refused");
    assert_eq!((problem.option, problem.argument), ("--only", 1));
}

#[test]
fn long_lists_of_names_are_quick() {
    let builds: Vec<Build> = (0..20_000).map(|i| build(&format!("b-{i}"), 1, &[])).collect();
    let all = builds.iter().map(|b| b.name.as_str()).collect::<Vec<_>>().join(",");
    let plan = Plan { builds, ..plan() };
    assert_eq!(select(plan, &[all], &[]).map(|p| p.builds.len()), Ok(20_000));
}
