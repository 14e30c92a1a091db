//! Public images that are there from the beginning, in the style of those that plans begin with.
//!
//! Old ones by their ids, such as those of this repository's examples; current ones in every region, by names that name filters
//! find. It knows no call.

use std::sync::Arc;

use super::settings::Ami;
use super::world::digits;
use super::world::image::{Image, Mapping, MappingSource};
use super::world::storage::{Ebs, Snapshot};
use super::world::table::Table;
use crate::facts::regions::Region;

/// When all of it was made, where nothing else is said.
pub(crate) const CREATED: &str = "2024-05-01T00:00:00.000Z";

const CANONICAL: &str = "099720109477";
const AMAZON: &str = "137112412989";
const DEBIAN: &str = "136693071363";

/// Ubuntu's old images: region, release, and the ids of pv and hvm on instance store, and of hvm on EBS.
const OLD: &[(&str, &str, &str, &str, &str)] = &[
    ("ap-northeast-1", "precise-12.04", "ami-f0f82ff0", "ami-b8e334b8", ""),
    ("ap-northeast-1", "trusty-14.04", "ami-62b86462", "ami-eeb66aee", ""),
    ("ap-southeast-1", "precise-12.04", "ami-7091a822", "ami-c690a994", ""),
    ("ap-southeast-1", "trusty-14.04", "ami-a89ba0fa", "ami-9c99a2ce", ""),
    ("ap-southeast-2", "precise-12.04", "ami-110e772b", "ami-a3017899", ""),
    ("ap-southeast-2", "trusty-14.04", "ami-37057e0d", "ami-fb047fc1", ""),
    ("eu-west-1", "precise-12.04", "ami-7beb9d0c", "ami-73d6a004", ""),
    ("eu-west-1", "trusty-14.04", "ami-47e09d30", "ami-9bdda0ec", ""),
    ("sa-east-1", "precise-12.04", "ami-2bc24336", "ami-67c5447a", ""),
    ("sa-east-1", "trusty-14.04", "ami-c99414d4", "ami-e99717f4", ""),
    ("us-east-1", "precise-12.04", "ami-2aa0ba42", "ami-0aa8b262", "ami-34cc7a5c"),
    ("us-east-1", "trusty-14.04", "ami-c51df2ae", "ami-eb6b8480", "ami-d05e75b8"),
    ("us-west-1", "precise-12.04", "ami-7d997139", "ami-c99b738d", ""),
    ("us-west-1", "trusty-14.04", "ami-1559b251", "ami-6f5fb42b", ""),
    ("us-west-2", "precise-12.04", "ami-c36b57f3", "ami-5f615d6f", ""),
    ("us-west-2", "trusty-14.04", "ami-636a5353", "ami-916e57a1", ""),
    ("cn-north-1", "precise-12.04", "ami-32ef720b", "ami-14ef722d", ""),
    ("cn-north-1", "trusty-14.04", "ami-08930e31", "ami-7a930e43", "ami-0220b23b"),
    ("eu-central-1", "precise-12.04", "ami-78b38d65", "ami-5cb08e41", ""),
    ("eu-central-1", "trusty-14.04", "ami-a4e1d8b9", "ami-b6eed7ab", "ami-accff2b1"),
];

/// Current images of every region: owner, alias, name, architecture, root device, size, date.
type Current = (&'static str, Option<&'static str>, &'static str, &'static str, &'static str, u32, &'static str);

const CURRENT: &[Current] = &[
    (
        CANONICAL,
        Some("amazon"),
        "ubuntu/images/hvm-ssd/ubuntu-trusty-14.04-amd64-server-20190514",
        "x86_64",
        "/dev/sda1",
        8,
        "2019-05-14",
    ),
    (
        CANONICAL,
        Some("amazon"),
        "ubuntu/images/hvm-ssd/ubuntu-xenial-16.04-amd64-server-20210928",
        "x86_64",
        "/dev/sda1",
        8,
        "2021-09-28",
    ),
    (
        CANONICAL,
        Some("amazon"),
        "ubuntu/images/hvm-ssd/ubuntu-bionic-18.04-amd64-server-20230531",
        "x86_64",
        "/dev/sda1",
        8,
        "2023-05-31",
    ),
    (
        CANONICAL,
        Some("amazon"),
        "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-20240430",
        "x86_64",
        "/dev/sda1",
        8,
        "2024-04-30",
    ),
    (
        CANONICAL,
        Some("amazon"),
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240301",
        "x86_64",
        "/dev/sda1",
        8,
        "2024-03-01",
    ),
    (
        CANONICAL,
        Some("amazon"),
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240501",
        "x86_64",
        "/dev/sda1",
        8,
        "2024-05-01",
    ),
    (
        CANONICAL,
        Some("amazon"),
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-20240501",
        "arm64",
        "/dev/sda1",
        8,
        "2024-05-01",
    ),
    (
        CANONICAL,
        Some("amazon"),
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20240423",
        "x86_64",
        "/dev/sda1",
        8,
        "2024-04-23",
    ),
    (
        CANONICAL,
        Some("amazon"),
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20240523",
        "x86_64",
        "/dev/sda1",
        8,
        "2024-05-23",
    ),
    (
        CANONICAL,
        Some("amazon"),
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20240523",
        "arm64",
        "/dev/sda1",
        8,
        "2024-05-23",
    ),
    (AMAZON, Some("amazon"), "amzn2-ami-hvm-2.0.20240412.0-x86_64-gp2", "x86_64", "/dev/xvda", 8, "2024-04-12"),
    (AMAZON, Some("amazon"), "amzn2-ami-hvm-2.0.20240503.0-x86_64-gp2", "x86_64", "/dev/xvda", 8, "2024-05-03"),
    (AMAZON, Some("amazon"), "amzn2-ami-hvm-2.0.20240503.0-arm64-gp2", "arm64", "/dev/xvda", 8, "2024-05-03"),
    (AMAZON, Some("amazon"), "al2023-ami-2023.4.20240416.0-kernel-6.1-x86_64", "x86_64", "/dev/xvda", 8, "2024-04-16"),
    (AMAZON, Some("amazon"), "al2023-ami-2023.4.20240513.0-kernel-6.1-x86_64", "x86_64", "/dev/xvda", 8, "2024-05-13"),
    (AMAZON, Some("amazon"), "al2023-ami-2023.4.20240513.0-kernel-6.1-arm64", "arm64", "/dev/xvda", 8, "2024-05-13"),
    (DEBIAN, None, "debian-12-amd64-20240507-1740", "x86_64", "/dev/xvda", 8, "2024-05-07"),
    (DEBIAN, None, "debian-12-arm64-20240507-1740", "arm64", "/dev/xvda", 8, "2024-05-07"),
];

type Images = Table<Arc<Image>>;
type Snapshots = Table<Snapshot>;

/// The public images of a region, with the snapshots that they are made of.
pub(crate) fn of(region: Region, own: &[Ami]) -> (Images, Snapshots) {
    let (mut images, mut snapshots) = (Images::default(), Snapshots::default());
    let mut add = |image: Image, size: u32| {
        let image = with_root(image, size, &mut snapshots);
        images.insert(image.id.clone(), Arc::new(image));
    };
    for (_, release, pv, hvm, ebs) in OLD.iter().filter(|(place, ..)| *place == region.name) {
        let name = |kind: &str| format!("ubuntu/images/{kind}/ubuntu-{release}-amd64-server-20150325");
        let old = |id: &str, kind: &str| Image {
            created: "2015-03-25T00:00:00.000Z".to_string(),
            ena: false,
            owner_alias: Some("amazon"),
            ..image(id, &name(kind), CANONICAL)
        };
        let store = |image: Image, virtualization: &str| Image {
            virtualization: virtualization.to_string(),
            root_kind: "instance-store",
            location: format!("ubuntu-us-east-1/{}.manifest.xml", image.name),
            ..image
        };
        add(Image { kernel: Some("aki-919dcaf8".to_string()), ..store(old(pv, "instance-store"), "paravirtual") }, 0);
        add(store(old(hvm, "hvm-instance"), "hvm"), 0);
        if !ebs.is_empty() {
            add(old(ebs, "hvm-ssd"), 8);
        }
    }
    for (owner, alias, name, architecture, root, size, date) in CURRENT {
        let id = format!("ami-0{}", &digits(&format!("{}/{name}", region.name))[..16]);
        let image = Image {
            created: format!("{date}T00:00:00.000Z"),
            owner_alias: *alias,
            architecture: (*architecture).to_string(),
            root_device: (*root).to_string(),
            boot_mode: Some(if *architecture == "arm64" { "uefi" } else { "uefi-preferred" }.to_string()),
            imds: name.starts_with("al2023").then(|| "v2.0".to_string()),
            ..image(&id, name, owner)
        };
        add(image, *size);
    }
    for ami in own.iter().filter(|ami| ami.region == region.name) {
        let (image, of) = self::own(ami);
        images.insert(image.id.clone(), Arc::new(image));
        snapshots.extend(of);
    }
    (images, snapshots)
}

/// A public image of one's own choice.
pub(crate) fn own(ami: &Ami) -> (Image, Snapshots) {
    let store = ami.root_device == "instance-store";
    let image = Image {
        architecture: ami.architecture.clone(),
        virtualization: ami.virtualization.clone(),
        root_kind: if store { "instance-store" } else { "ebs" },
        ena: ami.virtualization == "hvm",
        platform: (ami.platform == "windows").then_some("windows"),
        ..image(&ami.id, &ami.name, &ami.owner)
    };
    let mut snapshots = Snapshots::default();
    (with_root(image, 8, &mut snapshots), snapshots)
}

/// A public image.
fn image(id: &str, name: &str, owner: &str) -> Image {
    Image {
        created: CREATED.to_string(),
        description: Some(format!("A rehearsed {name}")),
        root_device: "/dev/sda1".to_string(),
        ena: true,
        public: true,
        ..Image::new(id, name, owner)
    }
}

/// The image with its root device, and the snapshot of it.
fn with_root(mut image: Image, size: u32, snapshots: &mut Snapshots) -> Image {
    let ephemeral = |device: &str, number: u8| Mapping {
        device: device.to_string(),
        source: MappingSource::Virtual(format!("ephemeral{number}")),
    };
    if image.root_kind == "ebs" {
        let id = format!("snap-0{}", &digits(&format!("{}/root", image.id))[..16]);
        let kind = if image.name.contains("gp3") || image.name.starts_with("al2023") { "gp3" } else { "gp2" };
        let fast = |value: u32| (kind == "gp3").then_some(value);
        let ebs = Ebs {
            snapshot: Some(id.clone()),
            size,
            kind: kind.to_string(),
            iops: fast(3000),
            throughput: fast(125),
            delete: true,
            encrypted: false,
            kms_key: None,
        };
        image.mappings.push(Mapping { device: image.root_device.clone(), source: MappingSource::Ebs(ebs) });
        let snapshot = Snapshot::of_old(&id, &image.owner, size, true);
        snapshots.insert(id, snapshot);
    }
    if image.owner == CANONICAL {
        image.mappings.extend([ephemeral("/dev/sdb", 0), ephemeral("/dev/sdc", 1)]);
    }
    image
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::facts::regions;

    #[test]
    fn every_image_of_the_examples_is_there() {
        let all: BTreeSet<String> =
            regions::all().flat_map(|region| of(region, &[]).0.into_iter().map(|(id, _)| id)).collect();
        let id = regex::Regex::new(r"ami-[0-9a-f]{8}\b").unwrap();
        for program in [include_str!("../../examples/official.bake"), include_str!("../../examples/test-ebs.bake")] {
            let ids: Vec<&str> = id.find_iter(program).map(|m| m.as_str()).collect();
            assert!(ids.len() > 1);
            for id in ids {
                assert!(all.contains(id), "{id}");
            }
        }
    }

    #[test]
    fn own_images_stand_beside() {
        let ami: Ami = "eu-west-1/ami-12345678,name=mine,virtualization=paravirtual".parse().unwrap();
        let (images, snapshots) = of(regions::find("eu-west-1").unwrap(), &[ami]);
        let mine = images.get("ami-12345678").expect("it is there");
        assert_eq!((mine.name.as_str(), mine.virtualization.as_str(), mine.ena), ("mine", "paravirtual", false));
        assert!(mine.snapshots().all(|id| snapshots.contains_key(id)));
    }
}
