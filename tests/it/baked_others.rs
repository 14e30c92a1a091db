//! Builds and what is not theirs: nothing of others goes with them, and nothing of their own stays because it looks like others'.

use bakec::rehearse::{Fault, FaultKind, Settings as Rehearsal};
use bakec::run::event::What;
use serde_json::Value;
use std::time::Duration;

use crate::baked::{House, cloud, failure, is_done};
use crate::image::{SHELL, image};

fn web(options: &str) -> String {
    named("web", options)
}

fn named(name: &str, options: &str) -> String {
    image(name, &format!("ami_name = \"{name}\"\n{options}"), SHELL)
}

fn ids(things: &[Value]) -> Vec<String> {
    things.iter().filter_map(|t| t["id"].as_str()).map(str::to_owned).collect()
}

/// Options of an image that has a snapshot of somebody else's among its devices.
fn with_device(snapshot: &str) -> String {
    format!("ami_block_device_mappings = [{{ device_name = \"/dev/sdg\", snapshot_id = \"{snapshot}\" }}]")
}

fn step_done(name: &'static str) -> impl Fn(&What) -> bool {
    move |what| matches!(what, What::StepDone { step, .. } if step == name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_in_the_mappings_stays_when_the_image_goes() {
    let house = House::new().await;
    assert!(is_done(&house.bake(&web("")).await));
    let snapshots = ids(&house.all("snapshots"));
    // Nothing uses it any more: only the way back could keep it.
    let (cloud, _) = cloud(&house).await;
    let old = ids(&house.all("images"));
    cloud.region("us-east-1").ec2.deregister_image().image_id(&old[0]).send().await.expect("it goes");
    let outcome = house.bake_until(&named("other", &with_device(&snapshots[0])), step_done("image")).await;
    assert!(outcome.cancelled && outcome.left.is_empty(), "{outcome:?}");
    assert_eq!((ids(&house.all("images")), ids(&house.all("snapshots"))), (Vec::new(), snapshots));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_snapshot_that_is_still_used_fails_no_image() {
    let house = House::new().await;
    assert!(is_done(&house.bake(&web("")).await));
    let old = ids(&house.all("snapshots"));
    assert!(is_done(&house.bake(&named("other", &with_device(&old[0]))).await));
    let outcome = house.bake(&web("force_deregister = true\n force_delete_snapshot = true")).await;
    assert!(
        outcome.ends.iter().all(|(_, end)| matches!(end, bakec::run::journal::line::End::Done { .. })),
        "{outcome:?}"
    );
    let told = outcome.left.iter().map(|p| format!("{} {}", p.message, p.help.clone().unwrap_or_default()));
    assert!(told.collect::<String>().contains(&old[0]), "{:?}", outcome.left);
    assert!(ids(&house.all("snapshots")).contains(&old[0]));
    for kind in ["instances", "security_groups", "key_pairs", "volumes"] {
        assert_eq!(house.all(kind), Vec::<Value>::new(), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn volumes_that_the_source_image_keeps_go_with_the_machine() {
    let house = House::new().await;
    assert!(is_done(&house.bake(&web("")).await));
    let (cloud, _) = cloud(&house).await;
    let ec2 = &cloud.region("us-east-1").ec2;
    let volume = aws_sdk_ec2::types::EbsBlockDevice::builder()
        .snapshot_id(&ids(&house.all("snapshots"))[0])
        .delete_on_termination(false)
        .build();
    let device = aws_sdk_ec2::types::BlockDeviceMapping::builder().device_name("/dev/sda1").ebs(volume).build();
    let base = ec2
        .register_image()
        .name("base")
        .architecture(aws_sdk_ec2::types::ArchitectureValues::X8664)
        .virtualization_type("paravirtual")
        .root_device_name("/dev/sda1")
        .block_device_mappings(device)
        .send()
        .await
        .expect("an image");
    let source = base.image_id().expect("its id");
    let text = named("other", "").replace("ami-d05e75b8", source);
    let outcome = house.bake(&text).await;
    assert!(is_done(&outcome), "{outcome:?}");
    assert_eq!(house.all("volumes"), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_stops_by_itself_is_waited_for() {
    let house = House::new().await;
    let (cloud, _) = cloud(&house).await;
    let (baking, _wish, mut told) = house.begin(&web("disable_stop_instance = true"));
    while let Some(event) = told.recv().await {
        if matches!(&event.what, What::StepStarted { step, .. } if step == "stop") {
            assert!(house.all("images").is_empty());
            // As the last words of its provisioner would have it.
            let id = &ids(&house.all("instances"))[0];
            cloud.region("us-east-1").ec2.stop_instances().instance_ids(id).send().await.expect("it stops");
        }
    }
    let outcome = baking.await.expect("it does not panic");
    assert!(is_done(&outcome), "{outcome:?}");
    let stops = house.server.calls().into_iter().filter(|c| c.action == "StopInstances").count();
    assert_eq!(stops, 1, "only the test's own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_sent_late_is_looked_for_long_enough() {
    let late = Rehearsal { throttle: false, visible_after: Duration::from_secs(60), ..Rehearsal::default() };
    let house = House::of(late).await;
    // Its pauses are longer than an empty look is disbelieved; only the last call has its effect, and no one hears of it.
    house.server.fault(Fault { times: Some(9), ..Fault::at(FaultKind::Throttle, Some("RunInstances"), 2) });
    house.server.fault(Fault { times: Some(100), ..Fault::at(FaultKind::Lost, Some("RunInstances"), 11) });
    let outcome = house.bake(&web("max_retries = 9")).await;
    assert!(is_done(&outcome), "{}: {outcome:?}", failure(&outcome));
    house.holds(&["us-east-1"]);
}
