//! How a server is set up: what a caller, or the command line, may choose.

use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;

use super::faults::Fault;
use super::policy::Allowed;
use crate::facts::regions;

/// What a server may be told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The port of the API on the loopback address; 0 takes any free one.
    pub port: u16,
    /// The port of the SSH listener on the loopback address; 0 takes any free one.
    pub ssh_port: u16,
    /// The port of the bastion on the loopback address; 0 takes any free one.
    pub bastion_port: u16,
    /// How many times as fast as the real one the server's clock runs.
    pub scale: f64,
    /// How far the server's clock is ahead of the real one.
    pub ahead: SignedDuration,
    /// What ids and faults by rate are derived from; without one, the time.
    pub seed: Option<u64>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// How long look-ups do not see what is new, by the server's clock.
    pub visible_after: Duration,
    /// How long look-ups still see images that have been deregistered, by the server's clock.
    pub gone_after: Duration,
    /// AMIs beside those of the built-in catalogue.
    pub amis: Vec<Ami>,
    /// Whether calls are throttled as EC2 throttles them.
    pub throttle: bool,
    /// How long EC2's states last, by the server's clock.
    pub delays: Delays,
    /// How much of everything there may be in a region.
    pub quotas: Quotas,
    /// Whether commands that come by SSH are remembered, with the files that lie there then.
    pub record: bool,
    /// What callers may do; without any policy, all of it.
    pub policies: Vec<Allowed>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            port: 0,
            ssh_port: 0,
            bastion_port: 0,
            scale: 1.0,
            ahead: SignedDuration::ZERO,
            seed: None,
            faults: Vec::new(),
            visible_after: Duration::ZERO,
            gone_after: Duration::ZERO,
            amis: Vec::new(),
            throttle: true,
            delays: Delays::default(),
            quotas: Quotas::default(),
            record: false,
            policies: Vec::new(),
        }
    }
}

/// How long EC2's states last, by the server's clock.
#[derive(Clone, Debug)]
pub struct Delays {
    /// From `pending` to `running`.
    pub start: Duration,
    /// From `running` until SSH answers.
    pub boot: Duration,
    /// From `stopping` to `stopped`.
    pub stop: Duration,
    /// From `shutting-down` to `terminated`.
    pub terminate: Duration,
    /// How long terminated instances are still described.
    pub forget: Duration,
    /// From `pending` to `completed` of a snapshot.
    pub snapshot: Duration,
    /// From `enabling` to `enabled` of fast launch, and back.
    pub fast_launch: Duration,
    /// From `pending` to `available` of an image.
    pub image: Duration,
    /// The same for what is copied.
    pub copy: Duration,
    /// From the start until the console has output.
    pub console: Duration,
}

impl Default for Delays {
    fn default() -> Self {
        Delays {
            start: Duration::from_secs(20),
            boot: Duration::from_secs(15),
            stop: Duration::from_secs(25),
            terminate: Duration::from_secs(15),
            forget: Duration::from_secs(3600),
            snapshot: Duration::from_secs(80),
            fast_launch: Duration::from_secs(600),
            image: Duration::from_secs(90),
            copy: Duration::from_secs(120),
            console: Duration::from_secs(45),
        }
    }
}

/// How much of everything there may be in a region.
#[derive(Clone, Debug)]
pub struct Quotas {
    /// Virtual processors of running on-demand instances.
    pub vcpus: u32,
    /// Security groups.
    pub groups: usize,
    /// Key pairs.
    pub keys: usize,
    /// Own images.
    pub images: usize,
    /// Snapshot copies to the region at one time.
    pub copies: usize,
    /// Snapshots of one volume at one time.
    pub snapshots_per_volume: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Quotas { vcpus: 1152, groups: 2500, keys: 5000, images: 50_000, copies: 20, snapshots_per_volume: 5 }
    }
}

/// A public AMI of one's own choice.
///
/// Written `REGION/ID`, then what differs from an x86_64 hvm image on EBS: `us-east-1/ami-1,name=x,architecture=arm64,
/// virtualization=hvm,root-device=ebs,owner=123456789012`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ami {
    /// `us-east-1`
    pub region: String,
    /// `ami-…`
    pub id: String,
    /// What name filters find.
    pub name: String,
    /// `i386`, `x86_64`, `arm64`, `x86_64_mac`, `arm64_mac`
    pub architecture: String,
    /// `hvm` or `paravirtual`
    pub virtualization: String,
    /// `ebs` or `instance-store`
    pub root_device: String,
    /// The account that owns it.
    pub owner: String,
    /// `linux` or `windows`
    pub platform: String,
}

impl Ami {
    /// An x86_64 hvm image on EBS.
    pub fn new(region: &str, id: &str) -> Self {
        Ami {
            region: region.to_string(),
            id: id.to_string(),
            name: id.to_string(),
            architecture: "x86_64".to_string(),
            virtualization: "hvm".to_string(),
            root_device: "ebs".to_string(),
            owner: "099720109477".to_string(),
            platform: "linux".to_string(),
        }
    }
}

impl FromStr for Ami {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',');
        let place = parts.next().unwrap_or_default();
        let Some((region, id)) = place.split_once('/').filter(|(_, id)| id.starts_with("ami-")) else {
            return Err("an AMI begins with its region and id, such as `us-east-1/ami-0123456789abcdef0`".to_string());
        };
        let mut ami = Ami::new(regions::known(region)?.name, id);
        for part in parts {
            let Some((key, value)) = part.split_once('=') else {
                return Err(format!("`{part}` is not of the form key=value"));
            };
            let (field, words): (_, &[&str]) = match key {
                "name" => (&mut ami.name, &[]),
                "owner" => (&mut ami.owner, &[]),
                "architecture" => (&mut ami.architecture, &["i386", "x86_64", "arm64", "x86_64_mac", "arm64_mac"]),
                "virtualization" => (&mut ami.virtualization, &["hvm", "paravirtual"]),
                "root-device" => (&mut ami.root_device, &["ebs", "instance-store"]),
                "platform" => (&mut ami.platform, &["linux", "windows"]),
                _ => {
                    return Err(format!(
                        "an AMI has no `{key}`; it has name, architecture, virtualization, root-device, platform and owner"
                    ));
                }
            };
            if !words.is_empty() && !words.contains(&value) {
                return Err(format!("{key} is one of {}, not `{value}`", words.join(", ")));
            }
            *field = value.to_string();
        }
        Ok(ami)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ami_is_written_in_one_word() {
        let ami: Ami = "us-east-1/ami-1,name=a b,architecture=arm64".parse().unwrap();
        assert_eq!((ami.region.as_str(), ami.id.as_str(), ami.name.as_str()), ("us-east-1", "ami-1", "a b"));
        assert_eq!((ami.architecture.as_str(), ami.virtualization.as_str()), ("arm64", "hvm"));
        for wrong in
            ["ami-1", "us-esat-1/ami-1", "us-east-1/ami-1,x=y", "us-east-1/ami-1,architecture=z", "us-east-1/i-1"]
        {
            assert!(wrong.parse::<Ami>().is_err(), "{wrong}");
        }
    }
}
