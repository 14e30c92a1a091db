//! What comes back of a former image where the new one fails, and what is believed of it meanwhile.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types::{
    ArchitectureValues, BlockDeviceMapping, BootModeValues, EbsBlockDevice, Image, ImageAttributeName,
    ImdsSupportValues, LaunchPermission, LaunchPermissionModifications, PermissionGroup, TpmSupportValues, VolumeType,
};
use bakec::rehearse::Settings as Rehearsal;
use bakec::run::event::What;
use serde_json::Value;

use crate::baked::{House, cloud, failure, is_done};
use crate::image::image;

/// A build whose image always has the same name, and takes the place of the one before.
fn forced() -> String {
    image("web", "ami_name = \"web\"\n tags = { Name = \"web\" }\n force_deregister = true", "")
}

async fn house(rehearsal: Rehearsal) -> House {
    House::of(Rehearsal { throttle: false, ..rehearsal }).await
}

/// The only image, whose snapshots must be there.
#[track_caller]
fn only(house: &House) -> Value {
    let images = house.all("images");
    assert_eq!((images.len(), house.all("snapshots").len()), (1, 1), "{images:#?}");
    images[0].clone()
}

/// Waits until the only image can be used.
async fn settled(house: &House) {
    for _ in 0..200 {
        if only(house)["state"] == "available" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:#}", only(house));
}

/// Whether the former image has just been let go.
fn is_gone(what: &What) -> bool {
    matches!(what, What::StepDone { step, .. } if step == "former")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_seen_of_a_former_image_is_not_believed() {
    let house = house(Rehearsal { gone_after: Duration::from_secs(40), ..Rehearsal::default() }).await;
    assert!(is_done(&house.bake(&forced()).await));
    let former = only(&house);
    let outcome = house.bake_until(&forced(), is_gone).await;
    assert!(outcome.cancelled && outcome.left.is_empty(), "{outcome:?}");
    let now = only(&house);
    assert!(now["name"] == "web" && now["id"] != former["id"], "{now:#}");
    // Nor does it stand in the way of a new image, even where the answer of its making is lost.
    house.fault("lost@CreateImage:1");
    assert!(is_done(&house.bake(&forced()).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deregistration_without_an_answer_may_have_happened() {
    for kind in ["lost", "cut"] {
        let house = house(Rehearsal { gone_after: Duration::from_secs(40), ..Rehearsal::default() }).await;
        assert!(is_done(&house.bake(&forced()).await));
        let former = only(&house);
        house.fault(&format!("{kind}@DeregisterImage:1"));
        let text = forced().replace("force_deregister", "max_retries = 0\n force_deregister");
        let outcome = house.bake(&text).await;
        assert!(!failure(&outcome).is_empty() && outcome.left.is_empty(), "{kind}: {outcome:?}");
        let now = only(&house);
        assert_eq!(now["id"] == former["id"], kind == "cut", "{kind}: {now:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_free_yet_is_waited_for() {
    let house = house(Rehearsal::default()).await;
    assert!(is_done(&house.bake(&forced()).await));
    house.fault("name-taken@RegisterImage:1");
    house.fault("image-fails@CreateImage:1");
    let outcome = house.bake(&forced()).await;
    assert!(!failure(&outcome).is_empty() && outcome.left.is_empty(), "{outcome:?}");
    assert_eq!(only(&house)["name"], "web");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_former_image_comes_back_as_it_was() {
    let house = house(Rehearsal::default()).await;
    assert!(is_done(&house.bake(&forced()).await));
    let (cloud, _events) = cloud(&house).await;
    let ec2 = cloud.region("us-east-1").ec2.clone();
    let snapshot = only(&house)["snapshots"][0].as_str().expect("a snapshot").to_owned();
    let old = only(&house)["id"].as_str().expect("an id").to_owned();
    let device = || {
        let ebs = EbsBlockDevice::builder().snapshot_id(&snapshot).volume_type(VolumeType::Gp2).build();
        BlockDeviceMapping::builder().device_name("/dev/sda1").ebs(ebs).build()
    };
    let registers = || ec2.register_image().name("web").root_device_name("/dev/sda1").block_device_mappings(device());
    let paravirtual = || registers().virtualization_type("paravirtual").kernel_id("aki-919dcaf8").ramdisk_id("ari-1");
    let uefi = || {
        let new = registers().virtualization_type("hvm").architecture(ArchitectureValues::X8664).ena_support(true);
        let new = new.sriov_net_support("simple").boot_mode(BootModeValues::Uefi).uefi_data("QU1aTlVFRkk=");
        new.tpm_support(TpmSupportValues::V20).imds_support(ImdsSupportValues::V20)
    };
    let mut old = old;
    for (what, new) in [("paravirtual", paravirtual()), ("uefi", uefi())] {
        ec2.deregister_image().image_id(&old).send().await.expect("it goes");
        let id = new.description(what).send().await.expect("an image").image_id.expect("an id");
        settled(&house).await;
        old = {
            let share = |add: LaunchPermission| {
                let add = LaunchPermissionModifications::builder().add(add).build();
                ec2.modify_image_attribute().image_id(&id).launch_permission(add).send()
            };
            let unit = "arn:aws:organizations::123456789012:ou/o-1/ou-1";
            share(LaunchPermission::builder().user_id("210987654321").build()).await.expect("it is shared");
            share(LaunchPermission::builder().group(PermissionGroup::All).build()).await.expect("it is shared");
            share(LaunchPermission::builder().organizational_unit_arn(unit).build()).await.expect("it is shared");
            let late = DateTime::from_secs(4_000_000_000);
            let late = ec2.enable_image_deprecation().image_id(&id).deprecate_at(late).send().await;
            assert!(late.is_err(), "ten years at most");
            let soon = DateTime::from_secs(jiff::Timestamp::now().as_second() + 300 * 24 * 3600);
            ec2.enable_image_deprecation()
                .image_id(&id)
                .deprecate_at(soon)
                .send()
                .await
                .expect("it is deprecated then");
            let before = seen(&ec2, &id).await;
            let outcome = house.bake_until(&forced(), is_gone).await;
            assert!(outcome.cancelled && outcome.left.is_empty(), "{what}: {outcome:?}");
            let again = only(&house)["id"].as_str().expect("an id").to_owned();
            assert_ne!(again, id);
            settled(&house).await;
            assert_eq!(seen(&ec2, &again).await, before, "{what}");
            again
        };
    }
}

/// All that EC2 tells of an image, but its id and its times.
async fn seen(ec2: &Client, id: &str) -> String {
    let all = ec2.describe_images().image_ids(id).send().await.expect("an answer");
    let image = all.images().first().expect("an image").clone();
    let image = Image::builder()
        .set_kernel_id(image.kernel_id)
        .set_ramdisk_id(image.ramdisk_id)
        .set_sriov_net_support(image.sriov_net_support)
        .set_imds_support(image.imds_support)
        .set_tpm_support(image.tpm_support)
        .set_boot_mode(image.boot_mode)
        .set_ena_support(image.ena_support)
        .set_architecture(image.architecture)
        .set_virtualization_type(image.virtualization_type)
        .set_description(image.description)
        .set_deprecation_time(image.deprecation_time)
        .set_public(image.public)
        .set_block_device_mappings(image.block_device_mappings)
        .build();
    let of = |name: ImageAttributeName| ec2.describe_image_attribute().image_id(id).attribute(name).send();
    let shared = of(ImageAttributeName::LaunchPermission).await.expect("an answer");
    let data = of(ImageAttributeName::UefiData).await.expect("an answer");
    format!("{image:#?}\n{:#?}\n{:?}", shared.launch_permissions(), data.uefi_data())
}
