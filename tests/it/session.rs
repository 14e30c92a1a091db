//! Credentials that end while a build is under way, and refusals that are explained.

use bakec::rehearse::{Delays, Settings as Rehearsal};
use bakec::run::cancel::Cancel;
use bakec::run::event::Events;
use bakec::run::journal::line::End;
use bakec::run::secret::Gate;
use bakec::run::settle::clean;
use std::collections::BTreeSet;
use std::time::Duration;

use crate::baked::{House, failure, is_done, program};
use crate::image::image;

fn build(options: &str) -> String {
    image("web", &format!("communicator = \"none\"\nami_name = \"web\"\n{options}"), "")
        .replace("ssh_username  = \"ubuntu\"\n", "")
}

const ROLE: &str = r#"assume_role = { role_arn = "arn:aws:iam::123456789012:role/builder", duration_seconds = 900 }"#;

fn count(house: &House, action: &str) -> usize {
    house.server.calls().iter().filter(|call| call.action == action).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_in_the_middle_is_followed_by_another() {
    // Nobody knew that it would.
    for action in ["StopInstances", "CreateImage", "DescribeImages"] {
        let house = House::new().await;
        house.fault(&format!("expired@{action}:1"));
        // Long enough to end by the fault alone, on a slow machine too.
        let outcome = house.bake(&build(&ROLE.replace("900", "43200"))).await;
        assert!(is_done(&outcome), "{action}: {outcome:?}");
        house.holds(&["us-east-1"]);
        assert_eq!(count(&house, "AssumeRole"), 2, "{action}");
        let calls = house.server.calls();
        let keys: BTreeSet<_> =
            calls.iter().filter(|c| c.action != "AssumeRole").map(|call| &call.access_key).collect();
        assert_eq!(keys.len(), 2, "{action}: {keys:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_end_is_known_is_followed_in_time() {
    let delays = Delays { image: Duration::from_secs(3000), ..Delays::default() };
    let house = House::of(Rehearsal { throttle: false, delays, ..Rehearsal::default() }).await;
    let outcome = house.bake(&build(ROLE)).await;
    assert!(is_done(&outcome), "{outcome:?}");
    assert!(count(&house, "AssumeRole") >= 3, "{}", count(&house, "AssumeRole"));
    let expired = house.server.calls().iter().filter(|call| call.outcome == "RequestExpired").count();
    assert!(expired <= 2, "{expired} calls were made by credentials that had ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_end_for_good_are_told_and_cleaning_goes_on_with_others() {
    let mut house = House::new().await;
    house.settings.reach.any_credentials = false;
    let keyed = |key: &str| build(&format!("access_key = \"{key}\"\nsecret_key = \"secret\""));
    house.fault("expired@CreateImage:1");
    let outcome = house.bake(&keyed("AKIDOLD")).await;
    let (_, End::Failed { problem }) = &outcome.ends[0] else { panic!("{outcome:?}") };
    assert!(failure(&outcome).contains("RequestExpired"), "{outcome:?}");
    let help = problem.help.as_deref().unwrap_or_default();
    assert!(help.contains("have expired") && help.contains("get new ones"), "{help}");
    assert!(!outcome.left.is_empty(), "its machine is left: {outcome:?}");
    assert!(outcome.left.iter().all(|left| left.message.contains("RequestExpired")), "{outcome:?}");
    assert_eq!(house.all("instances").len(), 1);
    // With other keys the rest is undone.
    let (events, _reader) = Events::new(Gate::default());
    let (builds, plan) = program(&keyed("AKIDNEW"), &Gate::default());
    let settings = bakec::run::settings::Settings { plan, ..house.settings.clone() };
    let outcome = clean(&house.run(&outcome), builds, settings, events, Cancel::never()).await;
    assert!(outcome.refused.is_empty() && outcome.left.is_empty(), "{outcome:?}");
    house.holds(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_explained_where_that_is_wanted() {
    for (decode, words) in [
        ("false", "the credentials need the permission `ec2:CreateImage`"),
        (
            "true",
            "may not `ec2:CreateImage` on arn:aws:ec2:us-east-1:123456789012:*: no statement allows it; the credentials",
        ),
    ] {
        let house = House::new().await;
        house.fault("denied@CreateImage:1");
        let outcome = house.bake(&build(&format!("decode_authorization_messages = {decode}"))).await;
        let (_, End::Failed { problem }) = &outcome.ends[0] else { panic!("{outcome:?}") };
        let help = problem.help.as_deref().unwrap_or_default();
        assert!(help.contains(words), "{help}");
        assert!(!problem.message.contains("Encoded authorization failure message"), "{problem:?}");
    }
}
