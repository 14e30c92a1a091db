//! What a machine is given at its launch: data, tags, drives that it is not to have.

use serde_json::{Value, json};

use super::super::Seen::{LaunchDiffers, Tags};
use super::super::keys::keys;
use super::super::{Row, Seen};
use super::{alone, on_both_markets, on_spot, row};

pub(super) fn launch() -> Vec<Row> {
    let keys = keys();
    let both = vec![
        alone("user_data", json!("the first"), json!("the second"), LaunchDiffers("UserData")),
        alone("user_data_file", json!(keys.first_text), json!(keys.second_text), LaunchDiffers("UserData")),
        alone("no_ephemeral", json!(false), json!(true), LaunchDiffers("BlockDeviceMapping.N.DeviceName")),
    ];
    let run = |action| tags(["run_tags", "run_tag.key", "run_tag.value"], "run_tag", Tags(action, "instance"));
    let volume = |action| {
        let options = ["run_volume_tags", "run_volume_tag.name", "run_volume_tag.value"];
        tags(options, "run_volume_tag", Tags(action, "volume"))
    };
    let (call, template) = ("RunInstances", "CreateLaunchTemplate");
    [on_both_markets(both), run(call), volume(call), on_spot(run(template)), on_spot(volume(template))].concat()
}

/// Tags by name, and one by one.
pub(super) fn tags(options: [&'static str; 3], list: &str, seen: Seen) -> Vec<Row> {
    let [map, key, value] = options;
    // Tags of volumes have a `name`, all others a `key`.
    let name = key.rsplit('.').next().unwrap_or_default();
    let of = |tag: Value| json!({ list: [tag] });
    vec![
        alone(map, json!({ "who": "one" }), json!({ "who": "two" }), seen),
        row(key, of(json!({ "value": "x" })), json!("one"), json!("two"), seen),
        row(value, of(json!({ name: "who" })), json!("one"), json!("two"), seen),
    ]
}
