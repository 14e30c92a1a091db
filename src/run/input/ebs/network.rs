//! Where the machine of an EBS build stands in the network.

use super::super::Inputs;
use super::super::options::Take;
use crate::run::build::Network;

/// All networks, from which Packer lets machines be reached where nothing is said.
const EVERYWHERE: &str = "0.0.0.0/0";

/// Where the machine stands in the network.
pub(super) fn network(take: &mut Take<'_>, inputs: &Inputs) -> Network {
    let mut groups = take.list("security_group_ids");
    groups.extend(take.text("security_group_id"));
    let own = take.flag("temporary_security_group_source_public_ip");
    let mut cidrs = take.list("temporary_security_group_source_cidrs");
    if own {
        cidrs.clear();
    } else if cidrs.is_empty() && inputs.packer_defaults {
        cidrs.push(EVERYWHERE.to_owned());
    }
    Network {
        vpc: take.text("vpc_id"),
        subnet: take.text("subnet_id"),
        public_address: take.choice("associate_public_ip_address"),
        groups,
        cidrs,
    }
}
