//! Former images of the same name, volumes that outlive their machine, and builds side by side: what is there afterwards.

use std::time::Duration;

use bakec::diagnostic::code;
use bakec::rehearse::{Delays, Settings as Rehearsal};
use bakec::run::event::What;
use serde_json::Value;

use crate::baked::{House, failure, is_done};
use crate::image::{COPIES, REGIONS, SHELL, image};

/// A build whose image always has the same name.
fn named(options: &str) -> String {
    of("web", options)
}

fn of(name: &str, options: &str) -> String {
    let usual = format!("ami_name = \"{name}\"\n tags = {{ Name = \"{name}\" }}\n{COPIES}");
    image(name, &format!("{usual}\n{options}"), SHELL)
}

const FORCE: &str = "force_deregister = true\n force_delete_snapshot = true";

fn ids(things: &[Value]) -> Vec<&str> {
    things.iter().filter_map(|t| t["id"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_former_image_makes_room_at_last() {
    let house = House::new().await;
    assert!(is_done(&house.bake(&named("")).await));
    let (images, snapshots) = (house.all("images"), house.all("snapshots"));
    // Without force it is refused before anything begins.
    let refused = house.bake(&named("")).await;
    assert!(refused.run.is_none() && refused.refused.iter().all(|p| p.code == code::RUN_NAME), "{refused:?}");
    assert!(is_done(&house.bake(&named(FORCE)).await));
    house.holds(&REGIONS);
    let now = (house.all("images"), house.all("snapshots"));
    for (old, new) in [(&images, &now.0), (&snapshots, &now.1)] {
        assert!(ids(old).iter().all(|id| !ids(new).contains(id)), "{old:?} {new:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_former_image_comes_back_where_the_new_one_fails() {
    let house = House::new().await;
    assert!(is_done(&house.bake(&named("")).await));
    let snapshots = house.all("snapshots");
    for fault in ["ssh-exit=7@4", "image-fails@CreateImage:1", "image-fails@CopyImage:2", "lost@DeregisterImage:2"] {
        house.fault(fault);
        let outcome = house.bake(&named(FORCE)).await;
        if fault.starts_with("lost") {
            assert!(is_done(&outcome), "{outcome:?}");
            continue;
        }
        assert!(!failure(&outcome).is_empty() && outcome.left.is_empty(), "{fault}: {outcome:?}");
        assert_eq!(ids(&house.all("snapshots")), ids(&snapshots), "{fault}");
        let images = house.all("images");
        let mut regions: Vec<_> = images.iter().filter_map(|i| i["region"].as_str()).collect();
        regions.sort_unstable();
        assert_eq!(regions, REGIONS, "{fault}");
        for image in &images {
            assert_eq!((&image["name"], &image["tags"]["Name"]), (&"web".into(), &"web".into()), "{fault}: {image:#}");
            assert_eq!(image["tags"]["bakec:state"], "final", "{fault}: {image:#}");
        }
        assert!(house.all("instances").is_empty() && house.all("key_pairs").is_empty());
    }
    house.holds(&REGIONS);
}

#[tokio::test(flavor = "multi_thread")]
async fn volumes_that_outlive_their_machine_go_too() {
    let house = House::new().await;
    let devices =
        "launch_block_device_mappings = [{ device_name = \"/dev/sdf\", volume_size = 5, volume_type = \"gp2\" }]";
    assert!(is_done(&house.bake(&named(devices)).await));
    assert_eq!(house.all("volumes"), Vec::<Value>::new());
    assert_eq!(house.all("snapshots").len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_image_nothing_stays() {
    let house = House::new().await;
    let outcome = house.bake(&named("skip_create_ami = true")).await;
    assert!(is_done(&outcome), "{outcome:?}");
    house.holds(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_build_fails_and_the_others_do_not() {
    let house = House::new().await;
    house.fault("image-fails@CreateImage:2");
    let text = ["one", "two", "three"].map(|name| of(name, ""));
    let outcome = house.bake(&text.concat()).await;
    let done =
        outcome.ends.iter().filter(|(_, end)| matches!(end, bakec::run::journal::line::End::Done { .. })).count();
    assert_eq!((outcome.ends.len(), done, outcome.left.len()), (3, 2, 0), "{outcome:?}");
    assert_eq!((house.all("images").len(), house.all("instances").len(), house.all("key_pairs").len()), (6, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_nothing_still_asks_for_every_deletion() {
    // The machine goes long after nobody waits any more, and its group can go only then.
    let delays = Delays { terminate: Duration::from_secs(36_000), ..Delays::default() };
    let house = House::of(Rehearsal { throttle: false, delays, ..Rehearsal::default() }).await;
    let outcome =
        house.bake_forced(&named(""), |what| matches!(what, What::StepDone { step, .. } if step == "provision")).await;
    assert!(outcome.cancelled, "{outcome:?}");
    let calls = house.server.calls();
    for action in ["TerminateInstances", "DeleteSecurityGroup", "DeleteKeyPair"] {
        assert!(calls.iter().any(|c| c.action == action), "{action}");
    }
    assert!(house.all("key_pairs").is_empty());
    assert_eq!((house.all("instances").len(), house.all("security_groups").len()), (1, 1));
    // What could not go at once is told.
    let told = |what: &str| outcome.left.iter().any(|p| p.code == code::RUN_UNCONFIRMED && p.message.contains(what));
    assert!(outcome.left.len() == 2 && told("instance i-") && told("security group sg-"), "{outcome:?}");
}
