//! Networks: `cidrsubnet` and its like.

use ipnet::{IpAdd, IpNet};

/// The network of a prefix, its host bits taken away.
fn network(prefix: &str) -> Option<IpNet> {
    prefix.parse::<IpNet>().ok().map(|net| net.trunc())
}

/// How many bits of an address are left to a network's hosts.
fn free(net: &IpNet) -> u32 {
    u32::from(net.max_prefix_len() - net.prefix_len())
}

/// All addresses of so many bits but the first.
fn last(bits: u32) -> u128 {
    1_u128.checked_shl(bits).map_or(u128::MAX, |size| size - 1)
}

/// The address so far behind the first one of a network.
fn address(net: &IpNet, offset: u128) -> Option<String> {
    if offset > last(free(net)) {
        return None;
    }
    Some(match net {
        IpNet::V4(net) => net.network().saturating_add(u32::try_from(offset).ok()?).to_string(),
        IpNet::V6(net) => net.network().saturating_add(offset).to_string(),
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
    let size = u128::from(host.unsigned_abs());
    let offset = if host < 0 { last(free(&net)).checked_sub(size - 1)? } else { size };
    address(&net, offset)
}

/// The length of a network within another that is longer by so much.
fn longer(net: &IpNet, more: i64) -> Option<u8> {
    let length = i64::from(net.prefix_len()).checked_add(more)?;
    u8::try_from(length).ok().filter(|length| more >= 0 && *length <= net.max_prefix_len())
}

/// `cidrsubnet`
pub(super) fn subnet(prefix: &str, more: i64, which: i64) -> Option<String> {
    let net = network(prefix)?;
    let length = longer(&net, more)?;
    let which = u128::try_from(which).ok().filter(|which| *which <= last(u32::from(length - net.prefix_len())))?;
    let host = u32::from(net.max_prefix_len() - length);
    Some(format!("{}/{length}", address(&net, which.checked_shl(host).unwrap_or(0))?))
}

/// `cidrsubnets`: one behind the other.
pub(super) fn subnets(prefix: &str, more: &[i64]) -> Option<Vec<String>> {
    let net = network(prefix)?;
    let mut next = 0_u128;
    let mut found = Vec::with_capacity(more.len());
    for more in more {
        let length = longer(&net, *more)?;
        // A network begins where its length lets it.
        let mask = last(u32::from(net.max_prefix_len() - length));
        let start = next.checked_add(mask)? & !mask;
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
