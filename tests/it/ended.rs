//! What is cleaned up whoever ends a build, and images that vanish.

use std::time::Duration;

use bakec::rehearse::{Delays, Settings as Rehearsal};
use bakec::run::event::{Event, What};
use bakec::run::journal::line::End;
use bakec::run::problem::Problem;
use bakec::run::settings::Outcome;
use serde_json::json;

use crate::baked::{House, cloud};
use crate::executor::Server;
use crate::image::{SHELL, image};
use crate::run::folder;

#[track_caller]
pub(crate) fn problem(outcome: &Outcome) -> &Problem {
    match outcome.ends.first() {
        Some((_, End::Failed { problem })) => problem,
        other => panic!("{other:?} of {outcome:?}"),
    }
}

/// Makes the build: how it ended, and what was told.
pub(crate) async fn told(house: &House, text: &str, ends: impl Fn(&What) -> bool) -> (Outcome, Vec<What>) {
    let (baking, wish, mut reader) = house.begin(text);
    let mut all = Vec::new();
    while let Some(Event { what, .. }) = reader.recv().await {
        if ends(&what) {
            wish.send_replace(1);
        }
        all.push(what);
    }
    (baking.await.expect("it does not panic"), all)
}

const CLEANING: &str = "cleanup shell { inline = [\"echo bye\"] }";

/// Whether the build has cleaned up, and nothing went wrong with it.
#[track_caller]
fn cleaned(events: &[What]) {
    let text = format!("{events:?}");
    assert!(text.contains("cleaning up by `shell`") && !text.contains("cleaning up failed"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_ends_a_build_wants_it_cleaned_up() {
    let house = House::new().await;
    let text = image("web", "ami_name = \"web\"", &format!("{SHELL}\n{CLEANING}"));
    let begun = |what: &What| matches!(what, What::StepStarted { step, .. } if step == "provision");
    let text = text.replace("echo hello\"]", "echo hello\"]\n pause_before = 1h");
    let (outcome, events) = told(&house, &text, begun).await;
    assert!(outcome.cancelled && outcome.left.is_empty(), "{outcome:?}");
    cleaned(&events);
    house.holds(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_whose_time_is_up_is_cleaned_up() {
    let mut house = House::new().await;
    house.settings.timeout = Some(Duration::from_secs(6));
    let text = image("web", "ami_name = \"web\"", &format!("{SHELL}\n{CLEANING}"));
    let text = text.replace("echo hello\"]", "echo hello\"]\n pause_before = 1h");
    let (outcome, events) = told(&house, &text, |_| false).await;
    assert_eq!((problem(&outcome).code.as_str(), outcome.cancelled), ("bake::run::timeout", false), "{outcome:?}");
    cleaned(&events);
    house.holds(&[]);
}

#[test]
fn a_run_that_aborts_cleans_nothing_up_when_it_goes_on() {
    let folder = folder(&[]);
    let server = Server::start("200");
    let program = server.program().replacen("\n}\n", &format!("\n    {SHELL}\n    {CLEANING}\n}}\n"), 1);
    std::fs::write(folder.path().join("web.bake"), program).expect("it can be written");
    server.killed(folder.path(), "RunInstances", 2, &["-on-error=abort"]);
    server.0.ask("POST", "faults", &json!("ssh-exit=7@4"));
    let ran = server.settle(folder.path(), &["resume", "last"]);
    assert_eq!(ran.code, 4, "{}", ran.said());
    assert!(ran.out.contains("errored") && !ran.said().contains("cleaning up by"), "{}", ran.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_vanishes_is_not_waited_for() {
    let delays = Delays { image: Duration::from_secs(24 * 3600), ..Delays::default() };
    let house = House::of(Rehearsal { throttle: false, delays, ..Rehearsal::default() }).await;
    let (cloud, _events) = cloud(&house).await;
    let ec2 = cloud.region("us-east-1").ec2.clone();
    let (baking, _wish, mut reader) = house.begin(&image("web", "ami_name = \"web\"", SHELL));
    let mut seen = 0;
    while let Some(Event { what, .. }) = reader.recv().await {
        // Once it has been looked at.
        let looks = matches!(&what, What::Call { action, .. } if action == "DescribeImages");
        let image = house.all("images").first().and_then(|i| i["id"].as_str().map(str::to_owned));
        let Some(id) = image.filter(|_| looks) else { continue };
        seen += 1;
        if seen == 2 {
            ec2.deregister_image().image_id(id).send().await.expect("it goes");
        }
    }
    let outcome = baking.await.expect("it does not panic");
    assert!(problem(&outcome).message.contains("was there and has gone"), "{outcome:?}");
    assert_eq!((outcome.left.len(), house.all("snapshots").len()), (0, 0), "{outcome:?}");
}
