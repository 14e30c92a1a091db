//! Where the machine of an EBS build stands in the network.

use super::super::Inputs;
use super::super::options::Take;
use super::source::filter;
use crate::run::build::launch::Filters;
use crate::run::build::{Network, Pick, Search};

/// All networks, from which Packer lets machines be reached where nothing is said.
const EVERYWHERE: &str = "0.0.0.0/0";
/// The same of the newer kind.
const EVERYWHERE_V6: &str = "::/0";

/// `ipv6`: whether the machine is reached by such an address.
pub(super) fn network(take: &mut Take<'_>, inputs: &Inputs, ipv6: bool) -> Network {
    let mut groups = take.list("security_group_ids");
    if let Some(one) = take.text("security_group_id") {
        if !groups.is_empty() {
            let message = "`security_group_id` and `security_group_ids` exclude each other";
            take.wrong("security_group_id", message, Some("put all groups into `security_group_ids`"));
        }
        groups.push(one);
    }
    let own = take.flag("temporary_security_group_source_public_ip");
    let mut cidrs = take.list("temporary_security_group_source_cidrs");
    for cidr in &cidrs {
        if cidr.parse::<ipnet::IpNet>().is_err() {
            let message = format!("`{cidr}` is no network");
            let help = "write it as an address and the length of its prefix, such as `10.0.0.0/8`";
            take.wrong("temporary_security_group_source_cidrs", message, Some(help));
        }
    }
    if own {
        cidrs.clear();
    } else if cidrs.is_empty() && inputs.packer_defaults {
        cidrs.push(if ipv6 { EVERYWHERE_V6 } else { EVERYWHERE }.to_owned());
    }
    let (vpc, subnet) = (take.text("vpc_id"), take.text("subnet_id"));
    // What is named goes before what is searched for, as in Packer.
    let search = Search {
        vpc: search(take, "vpc_filter").map(|(filters, _)| filters).filter(|_| vpc.is_none()),
        subnet: search(take, "subnet_filter").filter(|_| subnet.is_none()),
        groups: search(take, "security_group_filter").map(|(filters, _)| filters).filter(|_| groups.is_empty()),
    };
    Network { vpc, subnet, public_address: take.choice("associate_public_ip_address"), groups, cidrs, search }
}

/// The filters of an option, and which of several matches is taken.
fn search(take: &mut Take<'_>, option: &str) -> Option<(Filters, Pick)> {
    let blocks = take.blocks(option);
    let members = blocks.first()?;
    let known: &[&str] =
        if option == "subnet_filter" { &["filter", "filters", "most_free", "random"] } else { &["filter", "filters"] };
    let (filters, pick) = take.within(option, members, known, |take| {
        let mut filters = filter(take);
        for pair in take.blocks("filter") {
            filters.push(take.within("filter", &pair, &["name", "key", "value"], |take| {
                let (name, key) = (take.text("name"), take.text("key"));
                (name.or(key).unwrap_or_default(), take.list("value"))
            }));
        }
        let (most_free, random) = (take.flag("most_free"), take.flag("random"));
        let pick = match (most_free, random) {
            (true, _) => Pick::MostFree,
            (false, true) => Pick::Random,
            (false, false) => Pick::Only,
        };
        (filters, pick)
    });
    if filters.iter().any(|(name, values)| name.is_empty() || values.is_empty()) {
        take.wrong(option, format!("a filter of `{option}` has a name and a value"), None);
        return None;
    }
    if filters.is_empty() {
        // A subnet may be picked from all of the VPC's.
        if pick != Pick::Only {
            return Some((filters, pick));
        }
        take.wrong(
            option,
            format!("`{option}` has no filters"),
            Some("such as `filters = { \"tag:Name\" = \"build\" }`"),
        );
        return None;
    }
    Some((filters, pick))
}
