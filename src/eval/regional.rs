//! AMIs are regional: an image's index means the AMI in the region of the build that uses it, which may be a copy.
//!
//! A value does not know who uses it, and builds share values. So the regions are filled in at the end, in the plan: only where
//! they differ from that of the build which makes the AMI. A step that is for builds of several regions becomes several.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::Evaluator;
use super::builds::BuildTable;
use crate::plan::{Ami, Builds, Chain, Part, Plan, Setting, Text, Value};
use crate::resolve::fact::FactName;

/// The regions of all builds, where they are known now.
struct Regions {
    /// In the order of builds.
    of: Vec<Option<SmolStr>>,
    by_name: FxHashMap<SmolStr, u32>,
}

impl Evaluator<'_> {
    /// Says of every AMI in the plan in which region it is used, where it is made in another one. `edges` says whether builders
    /// use any.
    pub(super) fn settle_regions(&self, table: &BuildTable, edges: bool, plan: &mut Plan) {
        if !edges && !plan.steps().any(|s| names_ami(&s.options)) {
            return;
        }
        let region = |cell| self.role(cell, FactName::Placed).and_then(|v| v.as_text().cloned());
        let regions = Regions {
            of: table.builds.iter().map(|b| region(b.cell)).collect(),
            by_name: table.builds.iter().enumerate().map(|(i, b)| (b.name.clone(), i as u32)).collect(),
        };
        for build in &mut plan.builds {
            let Some(user) = regions.by_name.get(&build.name) else { continue };
            settle(&mut build.options, &regions, *user);
        }
        let all = table.builds.len() as u32;
        for steps in [&mut plan.provisioners, &mut plan.cleanups, &mut plan.tests] {
            let before = std::mem::take(steps);
            for step in before {
                steps.extend(split(Chain { links: vec![step] }, &regions, all).into_iter().flat_map(|c| c.links));
            }
        }
        let before = std::mem::take(&mut plan.posts);
        plan.posts = before.into_iter().flat_map(|chain| split(chain, &regions, all)).collect();
    }
}

impl Regions {
    /// The region in which a build uses an AMI, where another build makes it elsewhere.
    fn used(&self, ami: &Ami, user: u32) -> Option<&SmolStr> {
        let here = self.of.get(user as usize)?.as_ref()?;
        let made = self.of.get(*self.by_name.get(&ami.build)? as usize)?.as_ref()?;
        (ami.region.is_none() && here != made).then_some(here)
    }
}

/// The chain for all builds that use its AMIs in the same regions, one after the other. All links are for the same builds.
fn split(chain: Chain, regions: &Regions, all: u32) -> Vec<Chain> {
    if !chain.links.iter().any(|link| names_ami(&link.options)) {
        return vec![chain];
    }
    let builds: Vec<u32> = match chain.links.first().map(|l| &l.builds) {
        Some(Builds::Only(builds)) => builds.clone(),
        _ => (0..all).collect(),
    };
    let mut groups: indexmap::IndexMap<Vec<Option<&SmolStr>>, Vec<u32>> = indexmap::IndexMap::new();
    for build in builds {
        let mut used = Vec::new();
        chain.links.iter().for_each(|l| each_ami(&l.options, &mut |ami| used.push(regions.used(ami, build))));
        groups.entry(used).or_default().push(build);
    }
    let whole = groups.len() == 1;
    let part = |builds: Vec<u32>| {
        let user = builds.first().copied().unwrap_or(0);
        let mut chain = chain.clone();
        for link in &mut chain.links {
            settle(&mut link.options, regions, user);
            if !whole {
                link.builds = Builds::Only(builds.clone());
            }
        }
        chain
    };
    groups.into_values().map(part).collect()
}

fn settle(options: &mut [(SmolStr, Arc<Setting>)], regions: &Regions, user: u32) {
    for (_, setting) in options {
        let mut elsewhere = false;
        setting.value.each_ami(&mut |ami| elsewhere |= regions.used(ami, user).is_some());
        if elsewhere {
            let value = settled(&setting.value, regions, user);
            *setting = Arc::new(Setting { value, origin: setting.origin });
        }
    }
}

fn settled(value: &Value, regions: &Regions, user: u32) -> Value {
    let text = |text: &Text| match text {
        Text::Parts(parts) => Text::Parts(
            parts
                .iter()
                .map(|part| match part {
                    Part::Ami(ami) => {
                        let region = regions.used(ami, user).cloned().or_else(|| ami.region.clone());
                        Part::Ami(Ami { build: ami.build.clone(), region })
                    }
                    other => other.clone(),
                })
                .collect(),
        ),
        plain => plain.clone(),
    };
    match value {
        Value::Text(t) => Value::Text(text(t)),
        Value::Path(t) => Value::Path(text(t)),
        Value::List(values) => Value::List(values.iter().map(|v| settled(v, regions, user)).collect()),
        Value::Record(entries) => {
            Value::Record(entries.iter().map(|(k, v)| (k.clone(), settled(v, regions, user))).collect())
        }
        other => other.clone(),
    }
}

fn names_ami(options: &[(SmolStr, Arc<Setting>)]) -> bool {
    let mut found = false;
    each_ami(options, &mut |_| found = true);
    found
}

fn each_ami(options: &[(SmolStr, Arc<Setting>)], see: &mut dyn FnMut(&Ami)) {
    options.iter().for_each(|(_, setting)| setting.value.each_ami(see));
}
