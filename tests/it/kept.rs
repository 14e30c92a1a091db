//! Images that are encrypted, protected, kept ready or disabled: what is left of them, and what a failure leaves.

use std::time::Duration;

use bakec::rehearse::Settings as Rehearsal;
use bakec::run::event::What;
use bakec::run::settings::{OnError, Settings};
use bakec::run::sweep;
use serde_json::{Value, json};

use crate::baked::{House, cloud, failure, is_done};
use crate::image::image;

const COPY: &str = r#"ami_regions = ["eu-west-1"]"#;

fn build(options: &str) -> String {
    image("web", &format!("communicator = \"none\"\nami_name = \"web\"\n{options}"), "")
        .replace("ssh_username  = \"ubuntu\"\n", "")
}

fn tagged(thing: &Value) -> &Value {
    &thing["tags"]["who"]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_image_is_a_copy_and_nothing_else_is_left() {
    let house = House::new().await;
    let keys = r#"encrypt_boot = true
        kms_key_id = "alias/own"
        region_kms_key_ids = { "eu-west-1" = "alias/there" }
        tags = { who = "image" }
        snapshot_tags = { who = "snapshot" }"#;
    let outcome = house.bake(&build(&format!("{COPY}\n{keys}"))).await;
    assert!(is_done(&outcome), "{outcome:?}");
    house.holds(&["eu-west-1", "us-east-1"]);
    let keys: Vec<Value> = house.all("snapshots").iter().map(|s| s["kms_key"].clone()).collect();
    assert_eq!(keys, [json!("alias/there"), json!("alias/own")]);
    assert!(house.all("images").iter().all(|i| i["name"] == "web" && tagged(i) == "image"));
    assert!(house.all("snapshots").iter().all(|s| s["encrypted"] == true && tagged(s) == "snapshot"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_region_of_the_build_may_keep_no_image() {
    let house = House::new().await;
    let text = build(&format!("{COPY}\nskip_save_build_region = true"));
    assert!(is_done(&house.bake(&text).await));
    house.holds(&["eu-west-1"]);
    // An image of the name in the build's own region stands in nobody's way.
    let house = House::new().await;
    assert!(is_done(&house.bake(&build("")).await));
    assert!(is_done(&house.bake(&text).await));
    assert_eq!(house.all("images").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_fails_takes_the_intermediary_image_with_it() {
    for fault in ["image-fails@CopyImage:2", "lost@CreateImage:1", "lost@CopyImage:1", "cut@CopyImage:1"] {
        let house = House::new().await;
        house.fault(fault);
        let outcome = house.bake(&build(&format!("{COPY}\nencrypt_boot = true"))).await;
        assert!(outcome.left.is_empty() && outcome.refused.is_empty(), "{fault}: {outcome:?}");
        let regions: &[&str] = if is_done(&outcome) { &["eu-west-1", "us-east-1"] } else { &[] };
        assert_eq!(regions.is_empty(), fault.starts_with("image-fails"), "{fault}: {outcome:?}");
        house.holds(regions);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_machines_tags_are_those_of_its_own_image_unless_that_is_not_wanted() {
    for (skip, found) in [("", json!("machine")), ("skip_ami_run_tags = true", Value::Null)] {
        let house = House::new().await;
        assert!(is_done(&house.bake(&build(&format!("{COPY}\nrun_tags = {{ who = \"machine\" }}\n{skip}"))).await));
        let images = house.all("images");
        assert_eq!((tagged(&images[1]), tagged(&images[0])), (&found, &Value::Null), "{images:#?}");
        assert_eq!(tagged(&house.all("snapshots")[1]), &found);
    }
}

const PROTECTED: &str = "deregistration_protection = { enabled = true }";

#[tokio::test(flavor = "multi_thread")]
async fn protection_is_turned_off_where_the_build_fails() {
    let house = House::new().await;
    assert!(is_done(&house.bake(&build(&format!("{COPY}\n{PROTECTED}"))).await));
    assert!(house.all("images").iter().all(|image| image["protection"] == "enabled"), "{:#?}", house.all("images"));
    // The second image cannot be protected: the first goes all the same.
    let house = House::new().await;
    house.fault("denied@EnableImageDeregistrationProtection:2");
    let outcome = house.bake(&build(&format!("{COPY}\n{PROTECTED}"))).await;
    assert!(failure(&outcome).contains("EnableImageDeregistrationProtection"), "{outcome:?}");
    assert!(outcome.left.is_empty(), "{outcome:?}");
    house.holds(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cooldown_begins_only_when_nothing_can_fail_any_more() {
    let cooled = format!("{COPY}\nderegistration_protection = {{ with_cooldown = true }}");
    let house = House::new().await;
    assert!(is_done(&house.bake(&build(&cooled)).await));
    let all = house.all("images");
    assert!(all.iter().all(|image| image["protection"] == "enabled-with-cooldown"), "{all:#?}");
    // Who may not is told while all of it can be undone.
    let house = House::new().await;
    house.fault("denied@EnableImageDeregistrationProtection:2");
    let outcome = house.bake(&build(&cooled)).await;
    assert!(!failure(&outcome).is_empty() && outcome.left.is_empty(), "{outcome:?}");
    house.holds(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn cleaning_by_tags_turns_protection_off_first() {
    let mut house = House::new().await;
    let lease = Some(std::time::Duration::from_secs(1200));
    house.settings = Settings { on_error: OnError::Abort, lease, ..house.settings };
    house.fault("denied@EnableImageDeregistrationProtection:2");
    let outcome = house.bake(&build(&format!("{COPY}\n{PROTECTED}"))).await;
    assert!(
        !outcome.left.is_empty() && house.all("images").iter().any(|i| i["protection"] == "enabled"),
        "{outcome:?}"
    );
    let (cloud, events) = cloud(&house).await;
    let regions = ["us-east-1", "eu-west-1"].map(str::to_owned).to_vec();
    let wanted = sweep::Wanted { regions, ..sweep::Wanted::default() };
    let mut listed = sweep::list(&cloud, &wanted).await.expect("a list");
    for _ in 0..200 {
        if listed.iter().all(|left| left.kept.is_none()) {
            break;
        }
        // Until the lease is over.
        tokio::time::sleep(Duration::from_millis(500)).await;
        listed = sweep::list(&cloud, &wanted).await.expect("a list");
    }
    let left = sweep::undo(&cloud, &wanted, &listed, &events).await;
    assert!(left.is_empty(), "{left:?}");
    house.holds(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn fast_launch_is_waited_for_and_turned_off_where_the_build_fails() {
    let ami = || "us-east-1/ami-0000000a,name=windows,platform=windows".parse().expect("an image");
    let rehearsal = || Rehearsal { throttle: false, amis: vec![ami()], ..Rehearsal::default() };
    let text = build("fast_launch = { enable_fast_launch = true }\nami_users = [\"210987654321\"]");
    let text = text.replace("ami-d05e75b8", "ami-0000000a");
    for fault in [None, Some("lost@EnableFastLaunch:1")] {
        let house = House::of(rehearsal()).await;
        fault.into_iter().for_each(|fault| house.fault(fault));
        let outcome = house.bake(&text).await;
        assert!(is_done(&outcome), "{outcome:?}");
        assert_eq!(house.all("images")[0]["fast_launch"], "enabled");
    }
    let house = House::of(rehearsal()).await;
    house.fault("denied@ModifyImageAttribute:1");
    let outcome = house.bake(&text).await;
    assert!(!failure(&outcome).is_empty() && outcome.left.is_empty(), "{outcome:?}");
    house.holds(&[]);
    assert!(house.server.calls().iter().any(|call| call.action == "DisableFastLaunch"));
    // What was just turned on is not shown yet.
    let house = House::of(Rehearsal { visible_after: Duration::from_secs(30), ..rehearsal() }).await;
    let turned_on = |what: &What| matches!(what, What::Call { action, .. } if action == "EnableFastLaunch");
    let outcome = house.bake_until(&text, turned_on).await;
    assert!(outcome.cancelled && outcome.left.is_empty(), "{outcome:?}");
    house.holds(&[]);
    assert!(house.server.calls().iter().any(|call| call.action == "DisableFastLaunch"));
    // An image of another system has none.
    let house = House::new().await;
    let outcome = house.bake(&build("fast_launch = { enable_fast_launch = true }")).await;
    assert!(outcome.refused[0].message.starts_with("`fast_launch` is for Windows images"), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_former_image_that_is_disabled_is_seen_and_one_that_is_protected_stays() {
    let house = House::new().await;
    assert!(is_done(&house.bake(&build("")).await));
    let former = house.all("images")[0]["id"].as_str().expect("an id").to_owned();
    let (cloud, _events) = cloud(&house).await;
    let ec2 = cloud.region("us-east-1").ec2.clone();
    ec2.disable_image().image_id(&former).send().await.expect("it is disabled");
    let outcome = house.bake(&build("")).await;
    assert!(outcome.refused[0].message.contains("there is an image `web`"), "{outcome:?}");
    // It comes back disabled.
    house.fault("image-fails@CreateImage:1");
    let outcome = house.bake(&build("force_deregister = true")).await;
    assert!(!failure(&outcome).is_empty() && outcome.left.is_empty(), "{outcome:?}");
    let calls: Vec<_> = house.server.calls().into_iter().map(|c| (c.action, c.outcome)).collect();
    assert_eq!(house.all("images")[0]["state"], "disabled", "{calls:?} {:#}", house.server.inventory());
    assert!(is_done(&house.bake(&build("force_deregister = true")).await));
    let now = house.all("images");
    assert_eq!((now.len(), &now[0]["state"]), (1, &json!("available")), "{now:#?}");
    let id = now[0]["id"].as_str().expect("an id");
    ec2.enable_image_deregistration_protection().image_id(id).send().await.expect("it is protected");
    let outcome = house.bake(&build("force_deregister = true")).await;
    assert!(outcome.refused[0].message.contains("is protected against deregistration"), "{outcome:?}");
}
