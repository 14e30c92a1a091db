//! Instance types: looked up in the packed table by binary search, read when found.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use super::pack::{FactsProblem, pack};
use crate::text::suggest;

static BUILTIN: &str = include_str!("data/ec2.txt");

/// A table of instance types and of the regions that offer them.
#[derive(Debug)]
pub struct Facts {
    provenance: String,
    regions: Vec<String>,
    shapes: Vec<String>,
    offers: Vec<u64>,
    /// The sorted lines of the types.
    types: Cow<'static, str>,
}

/// Several words of one cell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Words<'f>(&'f str);

impl<'f> Words<'f> {
    /// Whether the word is one of them.
    pub fn has(self, word: &str) -> bool {
        self.iter().any(|w| w == word)
    }

    /// All of them, in the table's order.
    pub fn iter(self) -> impl Iterator<Item = &'f str> {
        self.0.split(',').filter(|word| *word != "-")
    }
}

impl fmt::Debug for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What EC2 says of an instance type.
#[derive(Clone, Copy, Debug)]
pub struct InstanceType<'f> {
    /// `m3.medium`
    pub name: &'f str,
    /// `i386`, `x86_64`, `arm64`, `x86_64_mac`, `arm64_mac`
    pub architectures: Words<'f>,
    /// `hvm`, `paravirtual`
    pub virtualization: Words<'f>,
    /// `ebs`, `instance-store`
    pub root_devices: Words<'f>,
    /// `legacy-bios`, `uefi`
    pub boot_modes: Words<'f>,
    /// `xen`, `nitro`, `metal`
    pub hypervisor: &'f str,
    /// `unsupported`, `supported`, `required`
    pub ena: &'f str,
    /// Whether AWS counts it to the current generation.
    pub current: bool,
    /// `unsupported`, `supported`, `default`
    pub ebs_optimized: &'f str,
    /// Whether it can run enclaves.
    pub nitro_enclaves: bool,
    /// `on-demand`, `spot`, `capacity-block`
    pub usage_classes: Words<'f>,
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Instance store in GB, all disks together; 0 without one.
    pub instance_store_gb: u32,
    offers: u64,
    regions: &'f [String],
}

impl<'f> InstanceType<'f> {
    /// Whether the region offers the type; nothing when the facts have no data on the region.
    pub fn offered_in(&self, region: &str) -> Option<bool> {
        self.regions.iter().position(|name| name == region).map(|bit| self.offers >> bit & 1 == 1)
    }

    /// The regions that offer it, in the table's order.
    pub fn regions(&self) -> impl Iterator<Item = &'f str> + use<'f> {
        let offers = self.offers;
        self.regions.iter().enumerate().filter(move |(bit, _)| offers >> bit & 1 == 1).map(|(_, name)| name.as_str())
    }

    /// `m3` of `m3.medium`.
    pub fn family(&self) -> &'f str {
        family(self.name)
    }
}

impl Facts {
    /// The facts that are built in.
    pub fn builtin() -> &'static Facts {
        static FACTS: OnceLock<Facts> = OnceLock::new();
        FACTS.get_or_init(|| {
            let (head, types) = split(BUILTIN).expect("invariant: the built-in facts are in the packed form");
            Facts::read(head, Cow::Borrowed(types))
        })
    }

    /// Facts from a table of one's own, with the columns of the built-in one.
    pub fn from_tsv(text: &str) -> Result<Facts, FactsProblem> {
        let packed = pack(text)?;
        let (head, types) = split(&packed).ok_or(FactsProblem::Empty)?;
        Ok(Facts::read(head, Cow::Owned(types.to_owned())))
    }

    fn read(head: &str, types: Cow<'static, str>) -> Facts {
        let mut facts =
            Facts { provenance: String::new(), regions: Vec::new(), shapes: Vec::new(), offers: Vec::new(), types };
        for line in head.lines() {
            match line.split_once(' ') {
                Some(("#", words)) => facts.provenance = words.to_owned(),
                Some(("regions", names)) => facts.regions = names.split(' ').map(str::to_owned).collect(),
                Some(("shape", words)) => facts.shapes.push(words.to_owned()),
                Some(("offer", bits)) => facts.offers.push(u64::from_str_radix(bits, 16).unwrap_or(0)),
                _ => {}
            }
        }
        facts
    }

    /// Where the facts come from, for messages: the table's first comment.
    pub fn provenance(&self) -> &str {
        &self.provenance
    }

    /// The regions that the facts have data on.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        self.regions.iter().map(String::as_str)
    }

    /// All types' names, sorted.
    pub fn type_names(&self) -> impl Iterator<Item = &str> {
        self.types.lines().map(name_of)
    }

    /// All types, sorted by name.
    pub fn types(&self) -> impl Iterator<Item = InstanceType<'_>> {
        self.types.lines().filter_map(|line| self.entry(line))
    }

    /// The type of a name.
    pub fn instance_type(&self, name: &str) -> Option<InstanceType<'_>> {
        let text: &str = &self.types;
        let (mut low, mut high) = (0, text.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let start = text.as_bytes()[low..middle].iter().rposition(|b| *b == b'\n').map_or(low, |i| low + i + 1);
            let end = text.as_bytes()[middle..].iter().position(|b| *b == b'\n').map_or(text.len(), |i| middle + i);
            let line = &text[start..end];
            match name_of(line).cmp(name) {
                std::cmp::Ordering::Equal => return self.entry(line),
                std::cmp::Ordering::Less => low = end + 1,
                std::cmp::Ordering::Greater => high = start,
            }
        }
        None
    }

    /// The name that was probably meant.
    pub fn nearest_type(&self, name: &str) -> Option<&str> {
        suggest::nearest(name, self.type_names())
    }

    /// The type to propose in place of `wanted`: one that is `good`, of the same family if possible, not smaller than the wanted
    /// one, then of the same series, of the current generation, and the smallest of these.
    pub fn closest(&self, wanted: &str, good: impl Fn(&InstanceType<'_>) -> bool) -> Option<InstanceType<'_>> {
        let known = self.instance_type(wanted);
        let (least_vcpus, least_memory) = known.map_or((0, 0), |t| (t.vcpus, t.memory_mib));
        self.types().filter(good).min_by_key(|t| {
            (
                t.family() != family(wanted),
                t.vcpus < least_vcpus || t.memory_mib < least_memory,
                series(t.name) != series(wanted),
                // An old type of the right size is nearer than a current one many times as large.
                t.vcpus > least_vcpus.saturating_mul(4).max(4),
                !t.current,
                t.vcpus,
                t.memory_mib,
                t.instance_store_gb,
                t.name,
            )
        })
    }

    fn entry<'f>(&'f self, line: &'f str) -> Option<InstanceType<'f>> {
        let mut words = line.split(' ');
        let name = words.next()?;
        let mut number = || words.next()?.parse::<u32>().ok();
        let shape = self.shapes.get(number()? as usize)?;
        let offers = *self.offers.get(number()? as usize)?;
        let (vcpus, memory_mib, instance_store_gb) = (number()?, number()?, number()?);
        let mut shape = shape.split(' ');
        let mut cell = || shape.next();
        Some(InstanceType {
            name,
            architectures: Words(cell()?),
            virtualization: Words(cell()?),
            root_devices: Words(cell()?),
            boot_modes: Words(cell()?),
            hypervisor: cell()?,
            ena: cell()?,
            current: cell()? == "yes",
            ebs_optimized: cell()?,
            nitro_enclaves: cell()? == "supported",
            usage_classes: Words(cell()?),
            vcpus,
            memory_mib,
            instance_store_gb,
            offers,
            regions: &self.regions,
        })
    }
}

/// The head of a packed table and the lines of its types.
fn split(packed: &str) -> Option<(&str, &str)> {
    packed.split_once("\ntypes\n")
}

fn name_of(line: &str) -> &str {
    line.split_once(' ').map_or(line, |(name, _)| name)
}

fn family(name: &str) -> &str {
    name.split_once('.').map_or(name, |(family, _)| family)
}

/// The letters before the generation: `m` of `m3.medium`.
fn series(name: &str) -> &str {
    name.split(|c: char| c.is_ascii_digit()).next().unwrap_or(name)
}

#[cfg(test)]
mod tests;
