//! Limits of EBS volumes by type.
//!
//! Sizes are those of AWS's page on EBS volume types. Provisioned IOPS and throughput are what Packer's amazon builders accept,
//! where AWS has raised its own limits since: a plan beyond them would not start.

use std::ops::RangeInclusive;

use crate::text::suggest;

/// What a type of volume allows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VolumeType {
    /// `gp3`
    pub name: &'static str,
    /// Size in GiB.
    pub size_gib: RangeInclusive<u32>,
    /// Provisioned I/O operations a second; nothing where they cannot be chosen.
    pub iops: Option<RangeInclusive<u32>>,
    /// How many of them a GiB gives right to; nothing where the size does not matter.
    pub iops_per_gib: Option<u32>,
    /// Provisioned throughput in MiB a second; nothing where it cannot be chosen.
    pub throughput: Option<RangeInclusive<u32>>,
    /// Whether an instance can start from it.
    pub bootable: bool,
}

impl VolumeType {
    /// The most operations that a volume of this size can have; nothing where they cannot be chosen.
    pub fn most_iops(&self, size_gib: u32) -> Option<u32> {
        let most = *self.iops.as_ref()?.end();
        Some(self.iops_per_gib.map_or(most, |ratio| most.min(size_gib.saturating_mul(ratio))))
    }
}

const TYPES: &[VolumeType] = &[
    volume("gp2", 1..=16_384, None, None, None, true),
    // Every gp3 volume has the least value whatever its size, so its ratio is no limit to check here.
    volume("gp3", 1..=65_536, Some(3_000..=16_000), None, Some(125..=1_000), true),
    volume("io1", 4..=16_384, Some(100..=64_000), Some(50), None, true),
    volume("io2", 4..=65_536, Some(100..=64_000), Some(500), None, true),
    volume("st1", 125..=16_384, None, None, None, false),
    volume("sc1", 125..=16_384, None, None, None, false),
    volume("standard", 1..=1_024, None, None, None, true),
];

const fn volume(
    name: &'static str,
    size_gib: RangeInclusive<u32>,
    iops: Option<RangeInclusive<u32>>,
    iops_per_gib: Option<u32>,
    throughput: Option<RangeInclusive<u32>>,
    bootable: bool,
) -> VolumeType {
    VolumeType { name, size_gib, iops, iops_per_gib, throughput, bootable }
}

/// All types of volumes.
pub fn all() -> &'static [VolumeType] {
    TYPES
}

/// The type of a name.
pub fn find(name: &str) -> Option<&'static VolumeType> {
    TYPES.iter().find(|volume| volume.name == name)
}

/// The type that was probably meant.
pub fn nearest(name: &str) -> Option<&'static VolumeType> {
    suggest::nearest(name, TYPES.iter().map(|volume| volume.name)).and_then(find)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_by_type() {
        let io1 = find("io1").expect("io1");
        assert_eq!((io1.most_iops(10), io1.most_iops(u32::MAX)), (Some(500), Some(64_000)));
        assert_eq!(find("io2").and_then(|v| v.most_iops(10)), Some(5_000));
        assert_eq!(find("gp3").and_then(|v| v.most_iops(1)), Some(16_000));
        assert_eq!(find("gp2").and_then(|v| v.most_iops(100)), None);
        assert!(all().iter().all(|v| !v.size_gib.is_empty() && (v.throughput.is_some() == (v.name == "gp3"))));
        assert_eq!(nearest("gp-3").map(|v| v.name), Some("gp3"));
        assert_eq!(find("gp4"), None);
    }
}
