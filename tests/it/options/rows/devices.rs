//! Block devices of the image and of the machine.

use serde_json::{Value, json};

use super::super::Row;
use super::super::Seen::{At, Differs, Launch, LaunchDiffers};
use super::super::access;
use super::super::observed::merged;
use super::{on_both_markets, row, without_image};

/// Block devices of the image and of the machine.
pub(super) fn devices() -> Vec<Row> {
    macro_rules! of {
        ($option:literal, $at:expr, $differs:expr) => {{
            let with = |more: Value| {
                let device = json!({ "device_name": "/dev/sdf", "volume_size": 500, "volume_type": "gp3" });
                json!({ $option: [merged(device, more)] })
            };
            let at = |name, more: Value, a: Value, b: Value, end| row(name, with(more), a, b, $at(end));
            let bare = json!({ "volume_size": null, "volume_type": null });
            vec![
                at(
                    concat!($option, ".device_name"),
                    json!({}),
                    json!("/dev/sdf"),
                    json!("/dev/sdg"),
                    "BlockDeviceMapping.N.DeviceName",
                ),
                at(
                    concat!($option, ".delete_on_termination"),
                    json!({}),
                    json!(false),
                    json!(true),
                    "BlockDeviceMapping.N.Ebs.DeleteOnTermination",
                ),
                at(
                    concat!($option, ".encrypted"),
                    json!({}),
                    json!(null),
                    json!(true),
                    "BlockDeviceMapping.N.Ebs.Encrypted",
                ),
                at(concat!($option, ".iops"), json!({}), json!(3000), json!(4000), "BlockDeviceMapping.N.Ebs.Iops"),
                at(
                    concat!($option, ".throughput"),
                    json!({}),
                    json!(125),
                    json!(250),
                    "BlockDeviceMapping.N.Ebs.Throughput",
                ),
                at(
                    concat!($option, ".kms_key_id"),
                    json!({ "encrypted": true }),
                    json!("alias/one"),
                    json!("alias/two"),
                    "BlockDeviceMapping.N.Ebs.KmsKeyId",
                ),
                row(
                    concat!($option, ".no_device"),
                    with(json!({ "device_name": "/dev/sdb" })),
                    json!(false),
                    json!(true),
                    $differs("BlockDeviceMapping.N.NoDevice"),
                ),
                row(
                    concat!($option, ".snapshot_id"),
                    with(json!({})),
                    json!(null),
                    json!(access::snapshot()),
                    $at("BlockDeviceMapping.N.Ebs.SnapshotId"),
                ),
                row(
                    concat!($option, ".virtual_name"),
                    with(bare.clone()),
                    json!("ephemeral0"),
                    json!("ephemeral1"),
                    $at("BlockDeviceMapping.N.VirtualName"),
                ),
                at(concat!($option, ".volume_type"), json!({}), json!("gp3"), json!("gp2"), "BlockDeviceMapping.N.Ebs.VolumeType"),
                at(concat!($option, ".volume_size"), json!({}), json!(500), json!(600), "BlockDeviceMapping.N.Ebs.VolumeSize"),
            ]
        }};
    }
    let image = |parameter| At("CreateImage", parameter);
    let image_differs = |parameter| Differs("CreateImage", parameter);
    let image = of!("ami_block_device_mappings", image, image_differs);
    [image, on_both_markets(without_image(of!("launch_block_device_mappings", Launch, LaunchDiffers)))].concat()
}
