//! The network that every region begins with, security groups, and key pairs.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use super::{ACCOUNT, Region};
use crate::rehearse::clock::Time;

/// A network of one's own.
#[derive(Clone, Debug)]
pub(crate) struct Vpc {
    pub(crate) id: String,
    pub(crate) cidr: String,
    pub(crate) ipv6: Option<String>,
    /// Whether the region began with it.
    pub(crate) is_default: bool,
    pub(crate) born: Option<Time>,
}

/// A subnet; the default VPC has one a zone.
#[derive(Clone, Debug)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) vpc: String,
    pub(crate) zone: String,
    pub(crate) zone_id: String,
    pub(crate) cidr: String,
    /// Whether the region began with it.
    pub(crate) is_default: bool,
    /// Whether its machines get a public address where nothing is said.
    pub(crate) public: bool,
    pub(crate) ipv6: Option<String>,
    /// Whether its machines get an IPv6 address where nothing is said.
    pub(crate) assigns_ipv6: bool,
    pub(crate) born: Option<Time>,
}

/// The addresses of the default VPC.
pub(crate) const VPC_CIDR: &str = "172.31.0.0/16";

impl Subnet {
    pub(super) fn default_of(
        vpc: &str,
        region: &str,
        number: usize,
        letter: &str,
        own: impl Fn(&str, &str) -> String,
    ) -> Self {
        let zone = format!("{region}{letter}");
        // `use1-az1` of `us-east-1a`.
        let short: String = match region.split('-').collect::<Vec<_>>()[..] {
            [place, ref words @ .., number] => {
                let words: String = words.iter().flat_map(|word| word.chars().next()).collect();
                format!("{place}{words}{number}")
            }
            _ => region.to_string(),
        };
        Subnet {
            id: own("subnet", letter),
            vpc: vpc.to_string(),
            zone,
            zone_id: format!("{short}-az{}", number + 1),
            cidr: format!("172.31.{}.0/20", number * 16),
            is_default: true,
            public: true,
            ipv6: None,
            assigns_ipv6: false,
            born: None,
        }
    }

    /// How many addresses are left.
    pub(crate) fn free(&self, region: &Region) -> usize {
        let used = region.instances.values().filter(|i| i.subnet == self.id && i.alive()).count();
        self.size().saturating_sub(used)
    }

    /// How many addresses it has, without the five that AWS keeps.
    fn size(&self) -> usize {
        let length = self.cidr.parse::<Ipv4Net>().map_or(20, |net| net.prefix_len());
        (1_usize << (32 - length)).saturating_sub(5)
    }

    /// An address of it, which the digits decide.
    pub(crate) fn address(&self, digits: &str) -> String {
        let base = self.cidr.parse::<Ipv4Net>().map_or(0, |net| u32::from(net.network()));
        let number = u64::from_str_radix(&digits[..12], 16).unwrap_or_default() as usize % self.size().max(1);
        Ipv4Addr::from(base + 4 + number as u32).to_string()
    }

    /// An IPv6 address of it.
    pub(crate) fn ipv6_address(&self, digits: &str) -> Option<String> {
        let base = u128::from(self.ipv6.as_ref()?.parse::<Ipv6Net>().ok()?.network());
        let number = u64::from_str_radix(&digits[..12], 16).unwrap_or_default();
        Some(Ipv6Addr::from(base + u128::from(number) + 4).to_string())
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) vpc: String,
    pub(crate) born: Option<Time>,
    pub(crate) ingress: BTreeSet<Rule>,
}

/// One rule that lets something in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Rule {
    pub(crate) protocol: String,
    pub(crate) from: Option<i32>,
    pub(crate) to: Option<i32>,
    pub(crate) source: Source,
    pub(crate) description: Option<String>,
    /// `sgr-…`
    pub(crate) id: String,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Source {
    V4(String),
    V6(String),
    Group(String),
}

impl Group {
    pub(crate) fn default_of(vpc: &str, id: String) -> Self {
        let rule = Rule {
            protocol: "-1".to_string(),
            from: None,
            to: None,
            source: Source::Group(id.clone()),
            description: None,
            id: id.replacen("sg-", "sgr-", 1),
        };
        Group {
            name: "default".to_string(),
            description: "default VPC security group".to_string(),
            vpc: vpc.to_string(),
            born: None,
            ingress: BTreeSet::from([rule]),
            id,
        }
    }

    /// The instance that keeps the group from being deleted.
    pub(crate) fn user<'r>(&self, region: &'r Region) -> Option<&'r str> {
        region.instances.values().find(|i| i.alive() && i.groups.contains(&self.id)).map(|i| i.id.as_str())
    }

    pub(crate) fn arn(&self, region: &Region) -> String {
        format!("arn:{}:ec2:{}:{ACCOUNT}:security-group/{}", region.partition, region.name, self.id)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct KeyPair {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) born: Time,
    /// `ssh-ed25519 AAAA…`, without a comment.
    pub(crate) public: String,
    pub(crate) fingerprint: String,
    /// `rsa` or `ed25519`.
    pub(crate) kind: &'static str,
}
