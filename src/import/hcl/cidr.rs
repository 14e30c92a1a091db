//! Networks: `cidrsubnet` and its like.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// The network of a prefix, its host bits taken away.
fn network(prefix: &str) -> Option<IpNet> {
    prefix.parse::<IpNet>().ok().map(|net| net.trunc())
}

fn bits(net: &IpNet) -> u32 {
    u32::from(net.max_prefix_len())
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The address of a number in the family of a network.
fn address(net: &IpNet, number: u128) -> Option<IpAddr> {
    Some(match net {
        IpNet::V4(_) => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(number).ok()?)),
        IpNet::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(number)),
    })
}

/// `cidrnetmask`, which there is for IPv4 alone.
pub(super) fn netmask(prefix: &str) -> Option<String> {
    match network(prefix)? {
        IpNet::V4(net) => Some(net.netmask().to_string()),
        IpNet::V6(_) => None,
    }
}

/// `cidrhost`: a negative number counts from the end.
pub(super) fn host(prefix: &str, host: i64) -> Option<String> {
    let net = network(prefix)?;
    let first = number(net.network());
    let last = number(net.broadcast());
    let size = u128::from(host.unsigned_abs());
    let found = if host < 0 { last.checked_sub(size.checked_sub(1)?)? } else { first.checked_add(size)? };
    (first..=last).contains(&found).then_some(())?;
    address(&net, found).map(|address| address.to_string())
}

/// `cidrsubnet`
pub(super) fn subnet(prefix: &str, more: i64, which: i64) -> Option<String> {
    let net = network(prefix)?;
    let length = longer(&net, more)?;
    let which = u128::try_from(which).ok()?;
    let free = u32::try_from(more).ok()?;
    if free < u128::BITS && which >> free != 0 {
        return None;
    }
    let start = number(net.network()) | which.checked_shl(bits(&net) - u32::from(length)).unwrap_or(0);
    Some(format!("{}/{length}", address(&net, start)?))
}

fn longer(net: &IpNet, more: i64) -> Option<u8> {
    let length = i64::from(net.prefix_len()).checked_add(more)?;
    u8::try_from(length).ok().filter(|length| more >= 0 && *length <= net.max_prefix_len())
}

/// `cidrsubnets`: one behind the other.
pub(super) fn subnets(prefix: &str, more: &[i64]) -> Option<Vec<String>> {
    let net = network(prefix)?;
    let last = number(net.broadcast());
    let mut next = number(net.network());
    let mut found = Vec::with_capacity(more.len());
    for more in more {
        let length = longer(&net, *more)?;
        // A network begins where its length lets it.
        let host = bits(&net) - u32::from(length);
        let mask = 1_u128.checked_shl(host).map_or(u128::MAX, |size| size - 1);
        let start = next.checked_add(mask)? & !mask;
        if start > last {
            return None;
        }
        found.push(format!("{}/{length}", address(&net, start)?));
        next = start.checked_add(mask)?.checked_add(1)?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_parted() {
        assert_eq!(subnet("10.0.0.0/16", 8, 2).as_deref(), Some("10.0.2.0/24"));
        assert_eq!(subnet("10.0.5.1/16", 8, 256), None);
        assert_eq!(subnet("10.0.0.0/8", 40, 1), None);
        assert_eq!(subnet("2001:db8::/32", 32, 1).as_deref(), Some("2001:db8:0:1::/64"));
        assert_eq!(subnet("0.0.0.0/0", 0, 0).as_deref(), Some("0.0.0.0/0"));
        assert_eq!(host("10.0.0.0/24", 5).as_deref(), Some("10.0.0.5"));
        assert_eq!(host("10.0.0.0/24", -1).as_deref(), Some("10.0.0.255"));
        assert_eq!(host("10.0.0.0/24", 256), None);
        assert_eq!(host("2001:db8::/64", 5).as_deref(), Some("2001:db8::5"));
        assert_eq!(netmask("10.0.0.0/20").as_deref(), Some("255.255.240.0"));
        let parts = subnets("10.1.0.0/16", &[4, 4, 8, 4]).expect("they fit");
        assert_eq!(parts, ["10.1.0.0/20", "10.1.16.0/20", "10.1.32.0/24", "10.1.48.0/20"]);
        assert_eq!(subnets("10.1.0.0/16", &[1, 1, 1]), None);
    }
}
