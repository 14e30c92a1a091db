//! The network that every region begins with, security groups, and key pairs.

use std::collections::BTreeSet;

use super::{ACCOUNT, Region};
use crate::rehearse::clock::Time;

/// A subnet of the default VPC, one a zone.
#[derive(Clone, Debug)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) vpc: String,
    pub(crate) zone: String,
    pub(crate) zone_id: String,
    pub(crate) cidr: String,
    /// The third number of its addresses.
    pub(crate) net: usize,
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
            net: number * 16,
        }
    }

    /// How many addresses are left.
    pub(crate) fn free(&self, region: &Region) -> usize {
        // A /20 without the five addresses that AWS keeps.
        let used = region.instances.values().filter(|i| i.subnet == self.id && i.alive()).count();
        4091_usize.saturating_sub(used)
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
    pub(super) fn default_of(vpc: &str, id: String) -> Self {
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
