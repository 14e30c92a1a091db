//! The machine of a build: what it is, what it may do, and where in the network it stands.
//!
//! Neighbours: `build` has the rest of a build; `step::launch` and `step::fleet` ask EC2 for it.

use serde::{Deserialize, Serialize, Serializer};

use super::Device;

/// The machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Launch {
    /// The type; where there are several to choose from, the one that is tried.
    pub instance_type: String,
    /// Types that will do as well.
    pub further_types: Vec<String>,
    pub availability_zone: Option<String>,
    pub ebs_optimized: bool,
    pub ena_support: Option<bool>,
    pub sriov_support: bool,
    pub enable_t2_unlimited: bool,
    pub iam_instance_profile: Option<String>,
    /// Whether nobody looks beforehand whether the profile is there.
    pub skip_profile_validation: bool,
    /// The policy of a role that is made for the build, as JSON.
    pub temporary_policy: Option<String>,
    pub shutdown_behavior: Option<String>,
    /// In base64. It may hold secrets: a journal has its digest.
    #[serde(serialize_with = "as_digest")]
    pub user_data: Option<String>,
    pub devices: Vec<Device>,
    /// Whether the drives that Windows would get of its host are taken away.
    pub no_ephemeral: bool,
    /// Tags of the instance, its volumes and its network interface.
    pub tags: Vec<(String, String)>,
    /// Tags of the volumes alone.
    pub volume_tags: Vec<(String, String)>,
    /// Metadata options: endpoint, tokens, hop limit, tags.
    pub metadata: Option<Metadata>,
    pub disable_stop_instance: bool,
    pub enclave: bool,
    pub placement: Placement,
    /// Licence configurations, by their ARNs.
    pub licenses: Vec<String>,
    pub reservation: Reservation,
    pub market: Market,
    /// Whether it is reached by an IPv6 address.
    pub ipv6: bool,
}

impl Launch {
    /// All types that will do, the one that is tried first of all.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.instance_type).chain(&self.further_types).map(String::as_str)
    }

    /// What it is on the spot market, where it is bought there.
    pub fn spot(&self) -> Option<&Spot> {
        match &self.market {
            Market::Spot(spot) => Some(spot),
            Market::OnDemand => None,
        }
    }
}

/// Where a machine is bought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Market {
    /// At its price.
    #[default]
    OnDemand,
    /// For what is bid.
    Spot(Spot),
}

/// A machine of the spot market.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    /// The highest price an hour; that on demand where none is named.
    pub price: Option<String>,
    /// How EC2 picks among the pools that fit.
    pub strategy: Option<String>,
    /// Tags of the request and of the launch template.
    pub tags: Vec<(String, String)>,
    /// Tags of the fleet.
    pub fleet_tags: Vec<(String, String)>,
}

/// The host of a machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Placement {
    pub host: Option<String>,
    pub host_group: Option<String>,
    pub tenancy: Option<String>,
}

/// Which capacity reservation a machine may use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Reservation {
    pub preference: Option<String>,
    pub id: Option<String>,
    pub group: Option<String>,
}

/// What stands in a journal for a text that must not.
pub fn digest(text: &str) -> String {
    format!("blake3:{}", blake3::hash(text.as_bytes()).to_hex())
}

fn as_digest<S: Serializer>(text: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    text.as_deref().map(digest).serialize(to)
}

/// How the machine may be asked about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Metadata {
    pub http_endpoint: Option<String>,
    pub http_tokens: Option<String>,
    pub http_put_response_hop_limit: Option<i32>,
    pub instance_metadata_tags: Option<String>,
}

/// Filters of EC2's API: a name, and values of which one must match.
pub type Filters = Vec<(String, Vec<String>)>;

/// Where the machine stands in the network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// The VPC; the region's own where none is named.
    pub vpc: Option<String>,
    /// The subnet; EC2 chooses where none is named.
    pub subnet: Option<String>,
    /// Whether it gets a public address.
    pub public_address: Option<bool>,
    /// Security groups that are there; one is made where none is named.
    pub groups: Vec<String>,
    /// From where the temporary group admits the connection; the caller's own address where none is named.
    pub cidrs: Vec<String>,
    /// What is searched for instead.
    pub search: Search,
}

impl Network {
    /// Whether security groups of the account are used, and none is made.
    pub fn has_groups(&self) -> bool {
        !self.groups.is_empty() || self.search.groups.is_some()
    }
}

/// Parts of the network that are found by filters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Search {
    pub vpc: Option<Filters>,
    pub subnet: Option<(Filters, Pick)>,
    pub groups: Option<Filters>,
}

/// Which of several subnets is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pick {
    /// There must be one only.
    #[default]
    Only,
    /// The one with the most addresses that are free.
    MostFree,
    /// Any.
    Random,
}
