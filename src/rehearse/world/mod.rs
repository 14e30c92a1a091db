//! The state: what exists in every region, and how it changes by time alone.
//!
//! One file a kind of resource. It knows neither parameters nor XML; `actions` read and change it. A call changes a copy that
//! replaces the state only when the call succeeds, so regions are shared until something changes them.

pub(crate) mod files;
pub(crate) mod iam;
pub(crate) mod image;
pub(crate) mod instance;
pub(crate) mod inventory;
pub(crate) mod network;
pub(crate) mod session;
pub(crate) mod spot;
pub(crate) mod storage;
pub(crate) mod table;
pub(crate) mod tags;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rpds::HashTrieSetSync;

use super::catalogue;
use super::clock::{Clock, Time};
use super::settings::{Delays, Quotas, Settings};
use iam::Iam;
use image::Image;
use instance::Instance;
use network::{Group, KeyPair, Subnet, VPC_CIDR, Vpc};
use session::Sessions;
use spot::{Fleet, Template};
use storage::{Snapshot, Volume};
use table::Table;
use tags::Tags;

/// The account that owns everything made here.
pub(crate) const ACCOUNT: &str = "123456789012";

/// What every call of a server sees.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) rules: Arc<Rules>,
    regions: BTreeMap<&'static str, Arc<Region>>,
    pub(crate) sessions: Sessions,
    /// Roles and profiles, which no region has for itself.
    pub(crate) iam: Iam,
    ids: Ids,
}

/// What does not change while the server runs.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) delays: Delays,
    pub(crate) quotas: Quotas,
    /// How long look-ups do not see what is new.
    pub(crate) visible_after: Duration,
    /// How long look-ups still see images that are gone.
    pub(crate) gone_after: Duration,
    pub(crate) amis: Vec<super::settings::Ami>,
    /// The public half of the key that the SSH listener shows, and its fingerprint.
    pub(crate) host_key: HostKey,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct HostKey {
    pub(crate) public: String,
    pub(crate) fingerprint: String,
    pub(crate) algorithm: String,
}

/// Ids in a sequence that the seed decides.
#[derive(Clone, Debug)]
struct Ids {
    seed: u64,
    count: u64,
}

/// One region.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    pub(crate) name: &'static str,
    pub(crate) partition: &'static str,
    pub(crate) vpc: String,
    pub(crate) vpcs: Vec<Vpc>,
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) templates: Table<Template>,
    pub(crate) fleets: Table<Fleet>,
    pub(crate) instances: Table<Instance>,
    pub(crate) images: Table<Arc<Image>>,
    /// Ids of images that were there.
    pub(crate) deregistered: HashTrieSetSync<String>,
    /// Those of them that look-ups still see, and until when.
    pub(crate) shadows: Vec<(Arc<Image>, Time)>,
    pub(crate) snapshots: Table<Snapshot>,
    pub(crate) volumes: Table<Volume>,
    /// By name.
    pub(crate) keys: Table<KeyPair>,
    pub(crate) groups: Table<Group>,
    pub(crate) tags: Table<Tags>,
    /// Client tokens by action and token, with a blank between, with the digest of the call and what it made.
    pub(crate) tokens: Table<(String, String)>,
}

impl World {
    pub(crate) fn new(settings: &Settings, seed: u64, host_key: HostKey) -> Self {
        let rules = Rules {
            delays: settings.delays.clone(),
            quotas: settings.quotas.clone(),
            visible_after: settings.visible_after,
            gone_after: settings.gone_after,
            amis: settings.amis.clone(),
            host_key,
        };
        World {
            clock: Clock::new(settings.scale, settings.ahead),
            rules: Arc::new(rules),
            regions: BTreeMap::new(),
            sessions: Sessions::default(),
            iam: Iam::default(),
            ids: Ids { seed, count: 0 },
        }
    }

    /// Forgets everything that was made; the clock goes on.
    pub(crate) fn reset(&mut self) {
        self.regions.clear();
        self.sessions = Sessions::default();
        self.iam = Iam::default();
    }

    pub(crate) fn now(&self) -> Time {
        self.clock.now()
    }

    /// A new id such as `i-0c1d…`.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{}", &self.digits()[..16])
    }

    /// 32 hexadecimal digits, others each time.
    pub(crate) fn digits(&mut self) -> String {
        self.ids.count += 1;
        digits(&format!("{}/{}", self.ids.seed, self.ids.count))
    }

    /// A new request id.
    pub(crate) fn uuid(&mut self) -> String {
        let d = self.digits();
        format!("{}-{}-4{}-8{}-{}", &d[..8], &d[8..12], &d[13..16], &d[17..20], &d[20..32])
    }

    /// Regions in which anything was looked at or made.
    pub(crate) fn regions(&self) -> impl Iterator<Item = &Region> {
        self.regions.values().map(|region| &**region)
    }

    /// Makes the region on first sight.
    pub(crate) fn enter(&mut self, region: crate::facts::regions::Region) {
        let rules = &self.rules;
        self.regions.entry(region.name).or_insert_with(|| Arc::new(Region::new(region, &rules.amis)));
    }

    pub(crate) fn region(&self, name: &str) -> Option<&Region> {
        self.regions.get(name).map(|region| &**region)
    }

    pub(crate) fn region_mut(&mut self, name: &str) -> Option<&mut Region> {
        self.regions.get_mut(name).map(Arc::make_mut)
    }

    /// Does what time has brought about meanwhile.
    pub(crate) fn advance(&mut self) {
        let now = self.now();
        let delays = &self.rules.delays;
        for region in self.regions.values_mut() {
            if region.due() <= now {
                Arc::make_mut(region).advance(now, delays);
            }
        }
    }

    /// Whether look-ups see what was made at that time.
    pub(crate) fn sees(&self, born: Option<Time>) -> bool {
        born.is_none_or(|born| born.after(self.rules.visible_after) <= self.now())
    }
}

/// 32 hexadecimal digits that a text decides.
pub(crate) fn digits(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().as_str()[..32].to_string()
}

impl Region {
    fn new(region: crate::facts::regions::Region, amis: &[super::settings::Ami]) -> Self {
        let own = |prefix: &str, what: &str| format!("{prefix}-0{}", &digits(&format!("{}/{what}", region.name))[..16]);
        let vpc = own("vpc", "default");
        let zones = ["a", "b", "c"].into_iter().enumerate();
        let subnets =
            zones.map(|(number, letter)| Subnet::default_of(&vpc, region.name, number, letter, own)).collect();
        let group = Group::default_of(&vpc, own("sg", "default"));
        let own = Vpc { id: vpc.clone(), cidr: VPC_CIDR.to_string(), ipv6: None, is_default: true, born: None };
        let (images, snapshots) = catalogue::of(region, amis);
        Region {
            name: region.name,
            partition: region.partition,
            vpcs: vec![own],
            subnets,
            templates: Table::default(),
            fleets: Table::default(),
            instances: Table::default(),
            images,
            deregistered: HashTrieSetSync::new_sync(),
            shadows: Vec::new(),
            snapshots,
            volumes: Table::default(),
            keys: Table::default(),
            groups: Table::from_iter([(group.id.clone(), group)]),
            tags: Table::default(),
            tokens: Table::default(),
            vpc,
        }
    }

    fn due(&self) -> Time {
        let instances = self.instances.values().map(Instance::due);
        let images = self.images.values().map(|image| image.due());
        let snapshots = self.snapshots.values().map(Snapshot::due);
        let shadows = self.shadows.iter().map(|(_, until)| *until);
        instances.chain(images).chain(snapshots).chain(shadows).min().unwrap_or(Time::NEVER)
    }

    fn advance(&mut self, now: Time, delays: &Delays) {
        instance::advance(self, now, delays);
        storage::advance(self, now);
        image::advance(self, now);
    }

    /// `us-east-1a`, `us-east-1b`, `us-east-1c`.
    pub(crate) fn zones(&self) -> Vec<String> {
        self.default_subnets().map(|subnet| subnet.zone.clone()).collect()
    }

    /// Those of the default VPC, one a zone.
    pub(crate) fn default_subnets(&self) -> impl Iterator<Item = &Subnet> {
        self.subnets.iter().filter(|subnet| subnet.is_default)
    }
}
