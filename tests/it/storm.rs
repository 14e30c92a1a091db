//! What a machine, a disk, a clock and a network may do to a run, many builds at once: all succeed, or are undone and say so.
//!
//! `BAKEC_STORM=500` makes so many builds; a few are made by default.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bakec::rehearse::{Fault, FaultKind, Settings as Rehearsal};
use bakec::run::journal::line::End;
use serde_json::Value;

use crate::baked::{House, is_done};
use crate::ec2::Ec2;
use crate::image::{COPIES, SHELL, image};
use crate::run::{Ran, command, finish, folder};

/// Builds whose images have names of their own.
fn many(builds: usize) -> String {
    let one = |n| image(&format!("web{n}"), &format!("ami_name = \"web {n} {{{{uuid}}}}\""), SHELL);
    (0..builds).map(one).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_storm_all_builds_succeed_or_are_undone() {
    let builds = std::env::var("BAKEC_STORM").ok().and_then(|n| n.parse().ok()).unwrap_or(24);
    let quotas = bakec::rehearse::Quotas { vcpus: 1_000_000, ..Default::default() };
    let visible_after = Duration::from_secs(30);
    let house = House::of(Rehearsal {
        scale: 200.0,
        throttle: false,
        visible_after,
        quotas,
        seed: Some(7),
        ..Rehearsal::default()
    })
    .await;
    for fault in ["throttle@50%", "cut@2%", "lost@2%", "ssh-reset@2%", "unavailable@2%"] {
        house.fault(fault);
    }
    let outcome = house.bake(&many(builds)).await;
    assert_eq!((&outcome.refused[..], outcome.ends.len()), (&[][..], builds), "{outcome:?}");
    let done = |end: &End| matches!(end, End::Done { .. });
    let made = outcome.ends.iter().filter(|(_, end)| done(end)).count();
    println!("{builds} builds, {made} made, {} calls", outcome.calls);
    let built: BTreeSet<&str> =
        outcome.ends.iter().filter(|(_, end)| done(end)).map(|(name, _)| name.as_str()).collect();
    for problem in &outcome.left {
        let build = problem.message.split('`').nth(3).unwrap_or_default();
        println!("{}\n{}", problem.message, house.told_of(build));
    }
    assert!(outcome.left.is_empty(), "{}", house.server.inventory());
    for (kind, things) in house.server.inventory().as_object().expect("kinds") {
        let things = things.as_array().expect("a list");
        let stays = matches!(kind.as_str(), "images" | "snapshots");
        let of = |thing: &Value| thing["tags"]["bakec:build"].as_str().unwrap_or_default().to_owned();
        if let Some(thing) = things.iter().find(|thing| !built.contains(&*of(thing))) {
            let end = outcome.ends.iter().find(|(name, _)| *name == of(thing));
            panic!("{kind} of a build that has made none: {thing}\n{end:?}\n{}", house.told_of(&of(thing)));
        }
        assert_eq!(things.len(), if stays { made } else { 0 }, "{kind}");
        assert!(things.iter().all(|thing| thing["tags"]["bakec:state"] == "final"), "{kind}");
    }
    // A connection that breaks off fails its build; nothing else does.
    assert!(made * 2 > builds, "{:?}", outcome.ends);
}

/// The answer is lost that tells of what was made, and from then on the call is refused or AWS has no time for it.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_before_a_call_was_refused_is_undone() {
    let of = |options: &str| image("web", &format!("ami_name = \"web\"\n{options}"), SHELL);
    let (copied, spot) = (of(COPIES), of("spot_price = \"auto\""));
    // The first launch is a dry run.
    let calls = [
        (&copied, "ImportKeyPair", 1),
        (&copied, "CreateSecurityGroup", 1),
        (&copied, "RunInstances", 2),
        (&copied, "CreateImage", 1),
        (&copied, "CopyImage", 1),
        (&spot, "CreateLaunchTemplate", 1),
        (&spot, "CreateFleet", 1),
    ];
    for (program, action, nth) in calls {
        for refusal in [FaultKind::Throttle, FaultKind::Denied] {
            let house = House::of(Rehearsal {
                visible_after: Duration::from_secs(30),
                throttle: false,
                ..Rehearsal::default()
            })
            .await;
            house.fault(&format!("lost@{action}:{nth}"));
            house.server.fault(Fault { times: Some(1000), ..Fault::at(refusal, Some(action), nth + 1) });
            let outcome = house.bake(program).await;
            // What has been seen of it counts.
            if !is_done(&outcome) {
                assert!(outcome.left.is_empty() && outcome.refused.is_empty(), "{action}: {outcome:?}");
                house.holds(&[]);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_do_not_disturb_each_other() {
    let house = House::new().await;
    let program = many(3);
    let (one, other) = tokio::join!(house.bake(&program), house.bake(&program));
    for outcome in [&one, &other] {
        assert!(is_done(outcome), "{outcome:?}");
    }
    assert_ne!(one.run, other.run);
    house.holds(&["us-east-1"; 6]);
}

/// bakec on a rehearsed EC2, with credentials.
fn on(ec2: &Ec2, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = command(folder, &[arguments, &["--endpoint-url", &ec2.endpoint]].concat());
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test").env_remove("AWS_PROFILE");
    command
}

const FAST: &[&str] = &["run", "--events", "lines", "--endpoint-scale", "500"];

/// A run on a rehearsed EC2 in a process that may write files of so many bytes.
#[cfg(unix)]
fn with_room_for(bytes: usize, folder: &Path, ec2: &Ec2) -> Ran {
    let limited = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", bytes / 512);
    let whole = on(ec2, folder, FAST);
    let mut command = Command::new("sh");
    command.args(["-c", &limited]).arg(whole.get_program()).args(whole.get_args()).current_dir(folder);
    command.envs(whole.get_envs().filter_map(|(name, value)| Some((name, value?))));
    finish(&mut command, "")
}

#[cfg(unix)]
#[test]
fn a_full_disk_ends_a_run_and_leaves_nothing_unsaid() {
    let ec2 = Ec2::start(&["--scale", "500", "--no-throttle"]);
    let mut codes = BTreeMap::new();
    for bytes in [0, 1024, 2048, 3072, 4096, 6144, 8192, 10_240, 14_336, 65_536] {
        let at =
            format!("ami_name = \"web {{{{uuid}}}}\"\nssh_host = \"{}\"\nssh_port = {}", ec2.ssh.ip(), ec2.ssh.port());
        let folder = folder(&[("web.bake", &image("web", &at, SHELL))]);
        let ran = with_room_for(bytes, folder.path(), &ec2);
        let told = format!("{bytes} bytes, exit {}:\n{}", ran.code, ran.said());
        let count = |kind: &str| ec2.ask("GET", "inventory", &Value::Null)[kind].as_array().map_or(0, Vec::len);
        let scaffold = || ["instances", "key_pairs", "security_groups", "volumes"].map(count).iter().sum::<usize>();
        match ran.code {
            0 => assert_eq!((count("images"), scaffold()), (1, 0), "{told}"),
            1 | 3 => assert_eq!((count("images"), scaffold()), (0, 0), "{told}"),
            4 => {
                assert!(told.contains("bakec clean"), "{told}");
                let cleaned = finish(&mut on(&ec2, folder.path(), &["clean", "last"]), "");
                assert_eq!((cleaned.code, scaffold()), (0, 0), "{told}\n{}", cleaned.said());
            }
            code => panic!("exit {code}: {told}"),
        }
        codes.insert(bytes, ran.code);
        ec2.ask("POST", "reset", &Value::Null);
    }
    // There are disks on which nothing begins, some on which it ends half-way, and one on which all goes well.
    assert_eq!((codes[&0], codes[&65_536]), (3, 0), "{codes:?}");
    assert!(codes.values().any(|code| matches!(code, 1 | 4)), "{codes:?}");
}

#[test]
fn a_folder_that_cannot_be_written_begins_nothing() {
    let ec2 = Ec2::start(&["--scale", "500", "--no-throttle"]);
    let folder = folder(&[("web.bake", &image("web", "ami_name = \"web\"", SHELL)), ("file", "")]);
    let ran = finish(&mut on(&ec2, folder.path(), &[FAST, &["--runs", "file/runs"]].concat()), "");
    assert_eq!(ran.code, 3, "{}", ran.said());
    assert!(ran.errors.contains("bake::run::folder") && ran.errors.contains("--runs"), "{}", ran.errors);
    let all = ec2.ask("GET", "inventory", &Value::Null);
    assert!(all.as_object().expect("kinds").values().all(|list| list == &Value::Array(Vec::new())), "{all:#}");
}

#[test]
fn a_clock_that_is_wrong_by_a_day_is_put_right() {
    for ahead in ["26h", "-26h"] {
        let ec2 = Ec2::start(&["--clock-ahead", ahead]);
        let gone = image("web", "ami_name = \"web\"", SHELL).replace("ami-d05e75b8", "ami-0123456789abcdef0");
        let folder = folder(&[("web.bake", &gone)]);
        let ran = finish(&mut on(&ec2, folder.path(), &["run", "--events", "lines"]), "");
        // It comes as far as AWS's answers go: the image is looked for, and not found.
        assert_eq!(ran.code, 3, "{}", ran.said());
        let told = ran.said();
        let side = if ahead == "26h" { "26 hours behind AWS's" } else { "26 hours ahead of AWS's" };
        assert!(told.contains(side) || told.contains(&side.replace("26", "25")), "{told}");
        assert!(ran.errors.contains("there is no image `ami-0123456789abcdef0`"), "{told}");
        let calls = ec2.ask("GET", "calls", &Value::Null);
        let refused = calls.as_array().into_iter().flatten().filter(|call| call["outcome"] == "SignatureDoesNotMatch");
        assert_eq!(refused.count(), 1, "{calls:#}");
    }
}
