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

/// What was asked of EC2 by an action: the value of a parameter, call by call.
fn asked(house: &House, action: &str, parameter: &str) -> Vec<Option<String>> {
    let calls = house.server.calls().into_iter().filter(|call| call.action == action);
    calls.filter(|c| !c.parameters.contains_key("DryRun")).map(|c| c.parameters.get(parameter).cloned()).collect()
}

const BASTION: &str =
    "ssh_bastion_host = \"guard@jump.example.com, inner.example.com\"\n ssh_bastion_username = \"me\"\n
    ssh_bastion_password = \"word\"\n temporary_security_group_source_cidrs = [\"10.0.0.0/8\"]";

#[tokio::test(flavor = "multi_thread")]
async fn bastions_are_rehearsed_and_their_keys_are_in_the_journal() {
    let mut house = House::new().await;
    house.settings.bastion_at = Some(house.server.bastion);
    let options = format!("ami_name = \"web\"\n {BASTION}");
    let (outcome, events) = told(&house, &image("web", &options, SHELL), |_| false).await;
    assert!(is_done(&outcome), "{outcome:?}");
    let (ssh, bastion) = (house.server.ssh, house.server.bastion);
    let way = format!("connecting to {ssh} as ubuntu through {bastion}, {bastion}");
    assert!(format!("{events:?}").contains(&way), "{events:?}");
    let run = outcome.run.expect("a run");
    let journal = std::fs::read_to_string(house.settings.runs.join(&run).join("journal.jsonl")).expect("a journal");
    let kept = journal.lines().find(|line| line.contains("\"bastions\"")).expect("the keys of the way");
    assert_eq!(kept.matches("ssh-ed25519 ").count(), 3, "{kept}");
    // A connection that is cut in the middle is made again on the same way.
    house.fault("ssh-reset@2");
    let outcome = house.bake(&image("other", &options.replace("\"web\"", "\"other\""), SHELL)).await;
    assert!(house.all("instances").is_empty() && house.all("key_pairs").is_empty(), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_temporary_key_is_taken_away_where_that_is_wanted() {
    let house = House::new().await;
    for (name, option, wanted) in [("one", "ssh_clear_authorized_keys = true", true), ("two", "", false)] {
        let text = image(name, &format!("ami_name = \"{name}\"\n {option}"), SHELL);
        let (outcome, events) = told(&house, &text, |_| false).await;
        assert!(is_done(&outcome), "{outcome:?}");
        assert_eq!(format!("{events:?}").contains("forget_key"), wanted, "{events:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn temporary_key_pairs_are_as_they_are_wished() {
    use base64::Engine;

    let house = House::new().await;
    let of = |name: &str, options: &str| image(name, &format!("ami_name = \"{name}\"\n {options}"), SHELL);
    for (name, options) in [
        ("one", ""),
        (
            "two",
            "temporary_key_pair_name = \"mine\"\n temporary_key_pair_type = \"rsa\"\n temporary_key_pair_bits = 2048",
        ),
        ("three", "temporary_key_pair_type = \"rsa\"\n temporary_key_pair_bits = 4096"),
    ] {
        let outcome = house.bake(&of(name, options)).await;
        assert!(is_done(&outcome), "{outcome:?}");
    }
    let names: Vec<String> = asked(&house, "ImportKeyPair", "KeyName").into_iter().flatten().collect();
    assert!(names[0].starts_with("bakec_") && names[1] == "mine" && names[2].starts_with("bakec_"), "{names:?}");
    let keys: Vec<(String, usize)> = asked(&house, "ImportKeyPair", "PublicKeyMaterial")
        .into_iter()
        .flatten()
        .map(|text| {
            let line = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
            let line = String::from_utf8(line).expect("a line");
            let (kind, rest) = line.split_once(' ').expect("a key");
            (kind.to_owned(), rest.split(' ').next().map_or(0, str::len))
        })
        .collect();
    let kinds: Vec<&str> = keys.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["ssh-ed25519", "ssh-rsa", "ssh-rsa"]);
    assert!(keys[1].1 < 400 && keys[2].1 > 700, "{keys:?}");
}
