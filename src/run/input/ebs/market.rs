//! Which machines will do, where they are bought, and on which hardware they run: Packer's rules, and those of EC2 that need no network.

use super::super::Warning;
use super::super::block;
use super::super::options::Take;
use crate::run::build::{Market, Placement, Reservation, Spot};

/// A word of several.
pub(super) fn one_of(take: &mut Take<'_>, option: &str, words: &[&str]) -> Option<String> {
    let word = take.text(option)?;
    if words.contains(&word.as_str()) {
        return Some(word);
    }
    let all: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
    let help = format!("it is {}", crate::text::words::list(&all, "or"));
    take.wrong(option, format!("`{option}` is not `{word}`"), Some(&help));
    None
}

/// The type of the machine, and those that will do as well.
pub(super) fn types(take: &mut Take<'_>) -> (String, Vec<String>) {
    let one = take.text("instance_type");
    let mut several = take.list("spot_instance_types");
    match one {
        Some(_) if !several.is_empty() => {
            let message = "`instance_type` and `spot_instance_types` exclude each other";
            take.wrong("spot_instance_types", message, Some("put all types into `spot_instance_types`"));
            (one.unwrap_or_default(), Vec::new())
        }
        Some(one) => (one, several),
        None if several.is_empty() => {
            take.wrong(
                "instance_type",
                "a build needs an `instance_type`",
                Some("or `spot_instance_types`, several of them"),
            );
            (String::new(), several)
        }
        None => (several.remove(0), several),
    }
}

/// Ways in which EC2 picks a pool.
const STRATEGIES: [&str; 5] =
    ["lowest-price", "diversified", "capacity-optimized", "capacity-optimized-prioritized", "price-capacity-optimized"];

/// Where the machine is bought.
pub(super) fn market(take: &mut Take<'_>) -> Market {
    let price = take.text("spot_price").filter(|price| price != "0");
    let strategy = one_of(take, "spot_allocation_strategy", &STRATEGIES);
    let tags = block::all_tags(take, "spot_tags", "spot_tag");
    let fleet_tags = block::all_tags(take, "fleet_tags", "fleet_tag");
    let minutes: u32 = take.number("block_duration_minutes").unwrap_or_default();
    if !minutes.is_multiple_of(60) {
        take.wrong("block_duration_minutes", "`block_duration_minutes` is a multiple of 60", None);
    }
    let product = take.text("spot_price_auto_product");
    for (option, why) in [
        ("block_duration_minutes", "EC2 has no spot blocks any more"),
        ("spot_price_auto_product", "EC2 finds the price by itself"),
    ] {
        if (option == "block_duration_minutes" && minutes != 0)
            || (option != "block_duration_minutes" && product.is_some())
        {
            let message = format!("`{option}` has no effect: {why}");
            take.warnings.push(Warning { message, help: Some("leave it out".to_owned()) });
        }
    }
    let Some(price) = price else {
        for (option, given) in [
            ("spot_tags", !tags.is_empty()),
            ("fleet_tags", !fleet_tags.is_empty()),
            ("spot_allocation_strategy", strategy.is_some()),
        ] {
            if given {
                let message = format!("`{option}` needs a `spot_price`, without it no spot instance is requested");
                take.wrong(option, message, Some("`spot_price = \"auto\"` pays up to the price on demand"));
            }
        }
        return Market::OnDemand;
    };
    let is_price = |text: &str| text.parse::<f64>().is_ok_and(|n| n.is_finite() && n > 0.0);
    if price != "auto" && !is_price(&price) {
        let message = format!("`{price}` is no price");
        take.wrong("spot_price", message, Some("write dollars an hour, such as `0.12`, or `auto`"));
    }
    Market::Spot(Spot { price: Some(price).filter(|price| price != "auto"), strategy, tags, fleet_tags })
}

/// Whether a burstable machine bursts without limit.
pub(super) fn burst(take: &mut Take<'_>, one: &str, further: &[String], is_spot: bool) -> bool {
    let (newer, older) = (take.flag("enable_unlimited_credits"), take.flag("enable_t2_unlimited"));
    let option = if newer { "enable_unlimited_credits" } else { "enable_t2_unlimited" };
    if !newer && !older {
        return false;
    }
    let family = |kind: &str| kind.split('.').next().unwrap_or_default().to_owned();
    for kind in std::iter::once(one).chain(further.iter().map(String::as_str)) {
        if !matches!(family(kind).as_str(), "t2" | "t3" | "t3a" | "t4g") {
            let message = format!("a `{kind}` has no credits: the families t2, t3, t3a and t4g have");
            take.wrong(option, message, Some("leave it out, or take another type"));
        } else if is_spot && family(kind) == "t2" {
            let message = "a t2 spot instance has no unlimited credits";
            take.wrong(option, message, Some("take a t3, or leave it out"));
        }
    }
    true
}

/// Whether the machine has Nitro Enclaves.
pub(super) fn enclave(take: &mut Take<'_>, kind: &str, is_spot: bool) -> bool {
    let wanted = take.flag("enable_nitro_enclave");
    if wanted && is_spot {
        take.wrong("enable_nitro_enclave", "a spot instance has no Nitro Enclaves", Some("leave `spot_price` out"));
    } else if wanted && kind.starts_with('t') {
        let message = format!("a `{kind}` has no Nitro Enclaves");
        take.wrong("enable_nitro_enclave", message, Some("take a type such as `m5.xlarge`"));
    }
    wanted
}

const TENANCIES: [&str; 3] = ["default", "dedicated", "host"];

/// The host of the machine.
pub(super) fn placement(take: &mut Take<'_>, is_spot: bool) -> Placement {
    let older = one_of(take, "tenancy", &TENANCIES);
    let blocks = take.blocks("placement");
    let mut placement = match blocks.first() {
        None => Placement::default(),
        Some(members) => {
            take.within("placement", members, &["host_id", "host_resource_group_arn", "tenancy"], |take| {
                let (host, host_group) = (take.text("host_id"), take.text("host_resource_group_arn"));
                let tenancy = one_of(take, "tenancy", &TENANCIES);
                if host.is_some() && host_group.is_some() {
                    let message = "`host_id` and `host_resource_group_arn` exclude each other";
                    take.wrong("host_id", message, Some("keep the one that the machine is to run on"));
                }
                let chosen = host.is_some() || host_group.is_some();
                if chosen && tenancy.as_deref().is_some_and(|t| t != "host") {
                    take.wrong("tenancy", "a chosen host needs the tenancy `host`", Some("leave `tenancy` out"));
                }
                Placement { host, host_group, tenancy }
            })
        }
    };
    if older.is_some() && placement.tenancy.is_some() {
        let message = "`tenancy` stands in `placement` or beside it, not in both";
        take.wrong("tenancy", message, Some("keep the one in `placement`"));
    }
    if older.as_deref().is_some_and(|t| t != "host") && (placement.host.is_some() || placement.host_group.is_some()) {
        take.wrong("tenancy", "a chosen host needs the tenancy `host`", Some("leave `tenancy` out"));
    }
    placement.tenancy = placement.tenancy.or(older);
    let on_host =
        placement.tenancy.as_deref() == Some("host") || placement.host.is_some() || placement.host_group.is_some();
    if on_host && is_spot {
        let option = if take.place("placement").is_some() { "placement" } else { "tenancy" };
        take.wrong(option, "a spot instance has no host of its own", Some("leave `spot_price` or the host out"));
    }
    placement
}

/// Licence configurations.
pub(super) fn licenses(take: &mut Take<'_>) -> Vec<String> {
    let blocks = take.blocks("license_specifications");
    let mut arns = Vec::new();
    for members in &blocks {
        arns.extend(take.within("license_specifications", members, &["license_configuration_request"], |take| {
            let inner = take.blocks("license_configuration_request");
            let arn = inner.first().and_then(|members| {
                take.within("license_configuration_request", members, &["license_configuration_arn"], |take| {
                    take.text("license_configuration_arn")
                })
            });
            if arn.is_none() {
                take.wrong("license_configuration_request", "a licence needs its `license_configuration_arn`", None);
            }
            arn
        }));
    }
    arns
}

/// Which capacity reservation the machine may use: none of those that others have made, where nothing is said.
pub(super) fn reservation(take: &mut Take<'_>, is_spot: bool) -> Reservation {
    let preference = one_of(take, "capacity_reservation_preference", &["none", "open"]);
    let (id, group) = (take.text("capacity_reservation_id"), take.text("capacity_reservation_group_arn"));
    let option = if id.is_some() { "capacity_reservation_id" } else { "capacity_reservation_group_arn" };
    let chosen = id.is_some() || group.is_some();
    if id.is_some() && group.is_some() {
        let message = "`capacity_reservation_id` and `capacity_reservation_group_arn` exclude each other";
        take.wrong(option, message, None);
    }
    if chosen && preference.is_some() {
        let message = "a chosen capacity reservation leaves no room for `capacity_reservation_preference`";
        take.wrong("capacity_reservation_preference", message, Some("leave it out"));
    }
    if is_spot && (chosen || preference.as_deref() == Some("open")) {
        let option = if chosen { option } else { "capacity_reservation_preference" };
        take.wrong(option, "a spot instance uses no capacity reservation", Some("leave it out"));
    }
    let preference = preference.or_else(|| (!chosen && !is_spot).then(|| "none".to_owned()));
    Reservation { preference, id, group }
}
