//! Where the machine stands in the network: looked up once, so that a resumed build stays there.
//!
//! What is named goes before what is searched for, as in Packer; what neither says is inferred. It only looks. Neighbours: `group` makes
//! a security group in the VPC that was found, `launch` takes subnet and groups.

use aws_sdk_ec2::types::{Filter, Subnet};
use serde::{Deserialize, Serialize};

use super::{Cx, Failure, Step};
use crate::diagnostic::code;
use crate::run::aws::fault::{CallError, Fault};
use crate::run::aws::wait::filter;
use crate::run::aws::{Region, Repeat};
use crate::run::build::launch::Filters;
use crate::run::build::{Launch, Network, Pick};
use crate::run::problem::{Origin, Problem};

/// Finds the network.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FindNetwork {
    /// What is looked for.
    pub wanted: Wanted,
    /// What a look before the build has found.
    pub found: Option<Place>,
}

/// What a network is looked for by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    /// The options.
    pub network: Network,
    /// The zone, where one is named.
    pub zone: Option<String>,
    /// The types of machine that a zone is to have, one of them.
    pub types: Vec<String>,
    /// Whether the machine is reached by IPv6.
    pub ipv6: bool,
}

impl Wanted {
    /// What a build looks for.
    pub fn of(network: &Network, launch: &Launch) -> Wanted {
        // From where it is reached is no matter of where it stands.
        let network = Network { cidrs: Vec::new(), ..network.clone() };
        let types = launch.types().map(str::to_owned).collect();
        Wanted { network, zone: launch.availability_zone.clone(), types, ipv6: launch.ipv6 }
    }

    /// Whether EC2 is to choose all of it, so that there is nothing to ask.
    pub fn is_open(&self) -> bool {
        let Network { vpc, subnet, public_address, search, .. } = &self.network;
        let named = vpc.is_some() || subnet.is_some() || search.vpc.is_some() || search.subnet.is_some();
        !named && search.groups.is_none() && public_address.is_none() && !self.ipv6
    }
}

/// A place in the network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// The VPC, where it is known.
    pub vpc: Option<String>,
    /// The subnet; EC2 chooses where none is named.
    pub subnet: Option<String>,
    /// The zone of the subnet, or the one that is named.
    pub zone: Option<String>,
    /// Subnets that would do as well, each in its zone.
    pub further: Vec<(String, Option<String>)>,
    /// Security groups that are there.
    pub groups: Vec<String>,
    /// Whether the subnet gives its machines public addresses; not known where EC2 chooses it.
    pub gives_public: Option<bool>,
    /// Whether an IPv6 address is to be asked for, since the subnet gives none by itself.
    pub new_ipv6: bool,
}

impl Step for FindNetwork {
    const NAME: &'static str = "network";
    const AGAIN: bool = true;
    type Out = Place;

    fn about(&self) -> String {
        "finding the network".to_owned()
    }

    fn told(out: &Place) -> String {
        let Place { vpc, subnet, zone, groups, .. } = out;
        let all: Vec<&str> = [vpc, subnet, zone].into_iter().flatten().chain(groups).map(String::as_str).collect();
        if all.is_empty() { "EC2 chooses".to_owned() } else { all.join(", ") }
    }

    async fn act(&self, cx: &Cx) -> Result<Place, Failure> {
        match &self.found {
            Some(found) => Ok(found.clone()),
            None => Ok(find(&self.wanted, &cx.region, &|option| cx.origin(option)).await?),
        }
    }
}

/// Looks for the network.
///
/// # Errors
/// Where a part of it is not there, or is several.
pub async fn find(wanted: &Wanted, region: &Region, place: &Origins<'_>) -> Result<Place, Problem> {
    let Network { vpc, subnet, public_address, groups, search, .. } = &wanted.network;
    let mut found = Place { vpc: vpc.clone(), zone: wanted.zone.clone(), groups: groups.clone(), ..Place::default() };
    if let Some(filters) = &search.vpc {
        found.vpc = Some(one_vpc(filters, region, place).await?);
    }
    let chosen = match (subnet, &search.subnet) {
        (Some(id), _) => {
            let known = describe(region, vec![filter("subnet-id", [id.as_str()])]).await;
            let known = known.map_err(|error| error.problem(code::RUN_NETWORK).at(place("subnet_id")))?;
            if known.is_empty() {
                let message = format!("there is no subnet `{id}` in {}", region.name);
                return Err(wrong(
                    message,
                    "a subnet belongs to one region; `subnet_filter` finds it by its tags",
                    place("subnet_id"),
                ));
            }
            known
        }
        (None, Some((filters, pick))) => several(wanted, &found, filters, *pick, region, place).await?,
        // EC2 chooses subnets of the default VPC only, and for an interface of one's own none at all.
        (None, None) if found.vpc.is_some() || public_address.is_some() || wanted.ipv6 => {
            let option = if vpc.is_some() { "vpc_id" } else { "vpc_filter" };
            if found.vpc.is_none() {
                found.vpc = default_vpc(region).await?;
            }
            let Some(vpc) = found.vpc.clone() else {
                let message = format!("{} has no default VPC", region.name);
                return Err(wrong(message, "name the network: `subnet_id` or `subnet_filter`", place(option)));
            };
            let mut all = in_zones(wanted, offering(wanted, region, subnets_of(&vpc, wanted, region).await?).await);
            all.retain(|s| !wanted.ipv6 || has_ipv6(s));
            all.sort_by_key(|s| std::cmp::Reverse(s.available_ip_address_count()));
            if all.is_empty() {
                let zone = wanted.zone.as_ref().map_or_else(String::new, |zone| format!(" in {zone}"));
                let what = if wanted.ipv6 { "no subnet with IPv6 addresses" } else { "no subnet" };
                let message = format!("the VPC `{vpc}` has {what}{zone} for a machine of this type");
                return Err(wrong(message, "name another network: `subnet_id` or `subnet_filter`", place(option)));
            }
            all
        }
        (None, None) => Vec::new(),
    };
    if let Some(first) = chosen.first() {
        let own = first.vpc_id().map(str::to_owned);
        if let (Some(vpc), Some(own)) = (&found.vpc, &own)
            && vpc != own
        {
            let message =
                format!("the subnet `{}` is in the VPC `{own}`, not in `{vpc}`", first.subnet_id().unwrap_or_default());
            let option = if subnet.is_some() { "subnet_id" } else { "subnet_filter" };
            return Err(wrong(message, "leave the VPC out: the subnet says it", place(option)));
        }
        found.vpc = own.or(found.vpc);
        let zone = first.availability_zone().map(str::to_owned);
        if let (Some(named), Some(own)) = (&wanted.zone, &zone)
            && named != own
        {
            let id = first.subnet_id().unwrap_or_default();
            let message = format!("the subnet `{id}` is in the zone {own}, not in `{named}`");
            return Err(wrong(message, "leave the zone out: the subnet says it", place("availability_zone")));
        }
        found.zone = zone;
        found.subnet = first.subnet_id().map(str::to_owned);
        found.gives_public = Some(first.map_public_ip_on_launch().unwrap_or_default());
        if wanted.ipv6 {
            if !has_ipv6(first) {
                let id = first.subnet_id().unwrap_or_default();
                let message = format!("the subnet `{id}` has no IPv6 addresses, and `ssh_interface` asks for one");
                return Err(wrong(message, "take another subnet, or another `ssh_interface`", place("ssh_interface")));
            }
            found.new_ipv6 = !first.assign_ipv6_address_on_creation().unwrap_or_default();
        }
        // As good as the first, where that is full; of each other zone the best.
        let mut zones: Vec<&str> = found.zone.iter().map(String::as_str).collect();
        for other in &chosen[1..] {
            let zone = other.availability_zone().unwrap_or_default();
            let alike = other.map_public_ip_on_launch() == first.map_public_ip_on_launch()
                && other.assign_ipv6_address_on_creation() == first.assign_ipv6_address_on_creation()
                && other.vpc_id() == first.vpc_id();
            if alike && !zones.contains(&zone) {
                zones.push(zone);
                found.further.extend(other.subnet_id().map(|id| (id.to_owned(), Some(zone.to_owned()))));
            }
        }
    }
    if let Some(filters) = &search.groups {
        found.groups = groups_of(filters, found.vpc.as_deref(), region, place).await?;
    }
    Ok(found)
}

/// Where an option stands.
pub type Origins<'a> = dyn Fn(&str) -> Option<Origin> + Send + Sync + 'a;

fn wrong(message: String, help: &str, at: Option<Origin>) -> Problem {
    Problem::failed(code::RUN_NETWORK, message).help(help).at(at)
}

fn asked(filters: &Filters) -> Vec<Filter> {
    filters.iter().map(|(name, values)| filter(name, values)).collect()
}

async fn one_vpc(filters: &Filters, region: &Region, place: &Origins<'_>) -> Result<String, Problem> {
    let mut all = asked(filters);
    all.push(filter("state", ["available"]));
    let ask = || region.ec2.describe_vpcs().set_filters(Some(all.clone())).send();
    let answer = region.call("DescribeVpcs", Repeat::Always, ask).await;
    let answer = answer.map_err(|error| error.problem(code::RUN_NETWORK).at(place("vpc_filter")))?;
    let ids: Vec<&str> = answer.vpcs().iter().filter_map(|v| v.vpc_id()).collect();
    match ids[..] {
        [id] => Ok(id.to_owned()),
        [] => {
            let message = format!("no VPC in {} matches `vpc_filter`", region.name);
            Err(wrong(message, "see the names and values of its filters", place("vpc_filter")))
        }
        _ => {
            let message = format!("{} VPCs in {} match `vpc_filter`: {}", ids.len(), region.name, ids.join(", "));
            Err(wrong(message, "narrow the filter: one must match", place("vpc_filter")))
        }
    }
}

async fn default_vpc(region: &Region) -> Result<Option<String>, Problem> {
    let ask = || region.ec2.describe_vpcs().filters(filter("is-default", ["true"])).send();
    let answer =
        region.call("DescribeVpcs", Repeat::Always, ask).await.map_err(|error| error.problem(code::RUN_NETWORK))?;
    Ok(answer.vpcs().first().and_then(|v| v.vpc_id()).map(str::to_owned))
}

async fn describe(region: &Region, filters: Vec<Filter>) -> Result<Vec<Subnet>, CallError> {
    let (mut all, mut next) = (Vec::new(), None::<String>);
    loop {
        let ask =
            || region.ec2.describe_subnets().set_filters(Some(filters.clone())).set_next_token(next.clone()).send();
        let answer = region.call("DescribeSubnets", Repeat::Always, ask).await?;
        all.extend_from_slice(answer.subnets());
        next = answer.next_token().filter(|t| !t.is_empty()).map(str::to_owned);
        if next.is_none() {
            return Ok(all);
        }
    }
}

async fn subnets_of(vpc: &str, wanted: &Wanted, region: &Region) -> Result<Vec<Subnet>, Problem> {
    let mut filters = vec![filter("vpc-id", [vpc]), filter("state", ["available"])];
    filters.extend(wanted.zone.as_ref().map(|zone| filter("availability-zone", [zone.as_str()])));
    describe(region, filters).await.map_err(|error| error.problem(code::RUN_NETWORK))
}

/// The subnets that a filter finds, the one that is taken first of all.
async fn several(
    wanted: &Wanted,
    found: &Place,
    filters: &Filters,
    pick: Pick,
    region: &Region,
    place: &Origins<'_>,
) -> Result<Vec<Subnet>, Problem> {
    let mut all = asked(filters);
    all.push(filter("state", ["available"]));
    all.extend(found.vpc.as_ref().map(|vpc| filter("vpc-id", [vpc.as_str()])));
    all.extend(wanted.zone.as_ref().map(|zone| filter("availability-zone", [zone.as_str()])));
    let matches = describe(region, all).await;
    let matches = matches.map_err(|error| error.problem(code::RUN_NETWORK).at(place("subnet_filter")))?;
    let ids: Vec<&str> = matches.iter().filter_map(|s| s.subnet_id()).collect();
    match (ids.len(), pick) {
        (0, _) => {
            let message = format!("no subnet in {} matches `subnet_filter`", region.name);
            return Err(wrong(
                message,
                "see the names and values of its filters, and the zone",
                place("subnet_filter"),
            ));
        }
        (2.., Pick::Only) => {
            let message = format!("{} subnets in {} match `subnet_filter`: {}", ids.len(), region.name, ids.join(", "));
            let help = "narrow the filter, or write `most_free = true` or `random = true`";
            return Err(wrong(message, help, place("subnet_filter")));
        }
        _ => {}
    }
    let mut matches = offering(wanted, region, matches).await;
    // Of several, those that can be reached as is wanted; where none can, that is told of the one that is taken.
    if wanted.ipv6 && matches.iter().any(has_ipv6) {
        matches.retain(has_ipv6);
    }
    match pick {
        Pick::MostFree => matches.sort_by_key(|s| std::cmp::Reverse(s.available_ip_address_count())),
        Pick::Random => {
            let first = rand::random_range(0..matches.len());
            matches.rotate_left(first);
        }
        Pick::Only => {}
    }
    Ok(matches)
}

/// Those in zones that have one of the types; all where that is not known, or where none is.
async fn offering(wanted: &Wanted, region: &Region, subnets: Vec<Subnet>) -> Vec<Subnet> {
    if subnets.len() < 2 {
        return subnets;
    }
    let ask = || {
        let kinds = filter("instance-type", &wanted.types);
        let call = region.ec2.describe_instance_type_offerings().filters(kinds);
        call.location_type(aws_sdk_ec2::types::LocationType::AvailabilityZone).send()
    };
    let Ok(answer) = region.call("DescribeInstanceTypeOfferings", Repeat::Always, ask).await else { return subnets };
    let zones: Vec<&str> = answer.instance_type_offerings().iter().filter_map(|o| o.location()).collect();
    let fits = |s: &Subnet| s.availability_zone().is_some_and(|zone| zones.contains(&zone));
    if !subnets.iter().any(fits) {
        return subnets;
    }
    subnets.into_iter().filter(fits).collect()
}

fn in_zones(wanted: &Wanted, mut subnets: Vec<Subnet>) -> Vec<Subnet> {
    subnets.retain(|s| wanted.zone.is_none() || s.availability_zone() == wanted.zone.as_deref());
    subnets
}

fn has_ipv6(subnet: &Subnet) -> bool {
    subnet.ipv6_cidr_block_association_set().iter().any(|a| a.ipv6_cidr_block().is_some())
}

async fn groups_of(
    filters: &Filters,
    vpc: Option<&str>,
    region: &Region,
    place: &Origins<'_>,
) -> Result<Vec<String>, Problem> {
    let mut all = asked(filters);
    all.extend(vpc.map(|vpc| filter("vpc-id", [vpc])));
    let ask = || region.ec2.describe_security_groups().set_filters(Some(all.clone())).send();
    let answer = match region.call("DescribeSecurityGroups", Repeat::Always, ask).await {
        Err(error) if error.fault == Fault::NotFound => None,
        answer => Some(answer.map_err(|error| error.problem(code::RUN_NETWORK).at(place("security_group_filter")))?),
    };
    let ids: Vec<String> =
        answer.iter().flat_map(|a| a.security_groups()).filter_map(|g| g.group_id().map(str::to_owned)).collect();
    if ids.is_empty() {
        let message = format!("no security group in {} matches `security_group_filter`", region.name);
        return Err(wrong(
            message,
            "see the names and values of its filters, and the VPC",
            place("security_group_filter"),
        ));
    }
    Ok(ids)
}
