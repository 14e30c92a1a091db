//! What the console of a machine is good for.

use std::time::Duration;

use bakec::rehearse::{Delays, Settings as Rehearsal};

use crate::baked::{House, is_done};
use crate::ended::{problem, told};
use crate::image::{SHELL, image};

fn plain() -> String {
    image("web", "ami_name = \"web\"", SHELL)
}

/// Machines whose consoles are there at once.
async fn talking(boot: Duration) -> House {
    let delays = Delays { console: Duration::ZERO, boot, ..Delays::default() };
    House::of(Rehearsal { throttle: false, delays, ..Rehearsal::default() }).await
}

fn consoles(house: &House) -> usize {
    house.server.calls().iter().filter(|call| call.action == "GetConsoleOutput").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_key_is_looked_for_on_the_console() {
    let house = talking(Duration::from_secs(15)).await;
    let (outcome, events) = told(&house, &plain(), |_| false).await;
    assert!(is_done(&outcome), "{outcome:?}");
    assert_eq!(consoles(&house), 1);
    assert!(format!("{events:?}").contains("shows the same host key"), "{events:?}");
    house.fault("other-host@GetConsoleOutput:1");
    let outcome = house.bake(&plain().replace("\"web\"", "\"other\"")).await;
    let problem = problem(&outcome);
    assert!(
        problem.code.as_str() == "bake::run::ssh_host_key" && problem.message.contains("is none of those"),
        "{problem:?}"
    );
    assert_eq!((outcome.left.len(), house.all("instances").len(), house.all("images").len()), (0, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn packer_asks_for_no_console() {
    let mut house = talking(Duration::from_secs(15)).await;
    house.settings.packer_defaults = true;
    assert!(is_done(&house.bake(&plain()).await));
    assert_eq!(consoles(&house), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_never_answers_is_shown_by_its_console() {
    let house = talking(Duration::from_secs(24 * 3600)).await;
    let outcome = house.bake(&image("web", "ami_name = \"web\"\n ssh_timeout = 1s", SHELL)).await;
    let problem = problem(&outcome);
    let help = problem.help.as_deref().unwrap_or_default();
    assert!(
        problem.code.as_str() == "bake::run::ssh_connect" && help.contains("the last lines of the console of i-"),
        "{problem:?}"
    );
    assert!(help.contains("a rehearsed instance") && help.contains(" login:"), "{help}");
    assert!(!help.contains('\r') && outcome.left.is_empty(), "{help:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_may_restart_before_it_is_connected_to_again() {
    let house = House::new().await;
    let paused = image("web", "ami_name = \"web\"\n pause_before_connecting = 1s", SHELL);
    let start = std::time::Instant::now();
    let (outcome, events) = told(&house, &paused, |_| false).await;
    assert!(is_done(&outcome), "{outcome:?}");
    assert!(format!("{events:?}").contains("connecting again in 1 s"), "{events:?}");
    assert!(start.elapsed() >= Duration::from_secs(1));
}
