//! AWS's regions and their partitions: a list of its own, because facts about instance types lag behind it.

use crate::text::suggest;

/// A region and the partition that its ARNs name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Region {
    /// `us-east-1`
    pub name: &'static str,
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'static str,
}

/// Partitions with their regions, each list in alphabetical order.
const PARTITIONS: &[(&str, &[&str])] = &[
    (
        "aws",
        &[
            "af-south-1",
            "ap-east-1",
            "ap-east-2",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-south-2",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-4",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "ca-central-1",
            "ca-west-1",
            "eu-central-1",
            "eu-central-2",
            "eu-north-1",
            "eu-south-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "il-central-1",
            "me-central-1",
            "me-south-1",
            "mx-central-1",
            "sa-east-1",
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
        ],
    ),
    ("aws-cn", &["cn-north-1", "cn-northwest-1"]),
    ("aws-us-gov", &["us-gov-east-1", "us-gov-west-1"]),
    ("aws-iso", &["us-iso-east-1", "us-iso-west-1"]),
    ("aws-iso-b", &["us-isob-east-1", "us-isob-west-1"]),
    ("aws-iso-e", &["eu-isoe-west-1"]),
    ("aws-iso-f", &["us-isof-east-1", "us-isof-south-1"]),
    ("aws-eusc", &["eusc-de-east-1"]),
];

/// All regions, by partition, the public one first.
pub fn all() -> impl Iterator<Item = Region> {
    PARTITIONS.iter().flat_map(|&(partition, names)| names.iter().map(move |&name| Region { name, partition }))
}

/// The region of a name.
pub fn find(name: &str) -> Option<Region> {
    all().find(|region| region.name == name)
}

/// The region that was probably meant.
pub fn nearest(name: &str) -> Option<Region> {
    suggest::nearest(name, all().map(|region| region.name)).and_then(find)
}

/// The region of a name that somebody typed; where there is none, what is said of it.
pub fn known(name: &str) -> Result<Region, String> {
    find(name).ok_or_else(|| {
        let hint = nearest(name).map(|region| format!(", did you mean `{}`?", region.name)).unwrap_or_default();
        format!("there is no region `{name}`{hint}")
    })
}

/// The region of an availability zone (`us-east-1a`), a local zone (`us-west-2-lax-1a`) or a wavelength zone
/// (`us-east-1-wl1-bos-wlz-1`); nothing when the text has no such form or its region is unknown.
pub fn of_zone(zone: &str) -> Option<Region> {
    all().find(|region| match zone.strip_prefix(region.name) {
        Some(rest) => is_zone_suffix(rest),
        None => false,
    })
}

fn is_zone_suffix(rest: &str) -> bool {
    let bytes = rest.as_bytes();
    match bytes {
        [letter] => letter.is_ascii_lowercase(),
        [b'-', place @ ..] => {
            let lower = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
            let ends = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
            place.len() >= 4
                && place[0].is_ascii_lowercase()
                && place.iter().all(lower)
                && place.last().is_some_and(ends)
                && place.contains(&b'-')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_partitions() {
        assert_eq!(find("us-east-1").map(|r| r.partition), Some("aws"));
        assert_eq!(find("cn-north-1").map(|r| r.partition), Some("aws-cn"));
        assert_eq!(find("us-gov-west-1").map(|r| r.partition), Some("aws-us-gov"));
        assert_eq!(find("us-esat-1"), None);
        assert_eq!(nearest("us-esat-1").map(|r| r.name), Some("us-east-1"));
        assert_eq!(known("eu-west-1").map(|r| r.name), Ok("eu-west-1"));
        let wrong = |name| known(name).unwrap_err();
        assert_eq!(wrong("us-esat-1"), "there is no region `us-esat-1`, did you mean `us-east-1`?");
        assert_eq!(wrong("nowhere"), "there is no region `nowhere`");
        let mut names: Vec<_> = all().map(|r| r.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn the_facts_know_no_region_that_the_list_lacks() {
        for region in super::super::Facts::builtin().regions() {
            assert!(find(region).is_some(), "{region}");
        }
    }

    #[test]
    fn zones_lie_in_regions() {
        let region = |zone| of_zone(zone).map(|r| r.name);
        assert_eq!(region("us-east-1a"), Some("us-east-1"));
        assert_eq!(region("us-gov-west-1b"), Some("us-gov-west-1"));
        assert_eq!(region("us-west-2-lax-1a"), Some("us-west-2"));
        assert_eq!(region("us-east-1-wl1-bos-wlz-1"), Some("us-east-1"));
        for wrong in
            ["us-east-1", "us-east-9a", "us-east-1A", "us-east-1-", "us-east-1aa", "", "us-east-1-lax", "us-east-12"]
        {
            assert_eq!(region(wrong), None, "{wrong}");
        }
    }
}
