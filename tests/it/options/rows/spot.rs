//! The spot market: what is bid, of which kinds of machine, and what the request is called.

use serde_json::json;

use super::super::Row;
use super::super::Seen::{At, By, Tags};
use super::super::machine::warning;
use super::launch::tags;
use super::{alone, on_spot, row};

pub(super) fn spot() -> Vec<Row> {
    const KINDS: &str = "LaunchTemplateConfigs.N.Overrides.N.InstanceType";
    let (one, two) = (json!(["m3.medium"]), json!(["m3.large"]));
    let kinds = |seen| row("spot_instance_types", json!({ "instance_type": null }), one.clone(), two.clone(), seen);
    let price = At("CreateLaunchTemplate", "LaunchTemplateData.InstanceMarketOptions.SpotOptions.MaxPrice");
    let request = ["spot_tags", "spot_tag.key", "spot_tag.value"];
    let fleet = ["fleet_tags", "fleet_tag.key", "fleet_tag.value"];
    let all = vec![
        alone("instance_type", json!("m3.medium"), json!("m3.large"), At("CreateFleet", KINDS)),
        kinds(At("CreateFleet", KINDS)),
        alone(
            "spot_allocation_strategy",
            json!("lowest-price"),
            json!("capacity-optimized"),
            At("CreateFleet", "SpotOptions.AllocationStrategy"),
        ),
        // What EC2 has no more is told, and asks for nothing.
        alone("block_duration_minutes", json!(0), json!(60), By(warning)),
        alone("spot_price_auto_product", json!(null), json!("Linux/UNIX"), By(warning)),
    ];
    let of = |kind| tags(request, "spot_tag", Tags("CreateLaunchTemplate", kind));
    [
        on_spot([all, of("spot-instances-request"), of("launch-template")].concat()),
        on_spot(tags(fleet, "fleet_tag", Tags("CreateFleet", "fleet"))),
        vec![alone("spot_price", json!("0.10"), json!("0.12"), price), kinds(At("RunInstances", "InstanceType"))],
    ]
    .concat()
}
