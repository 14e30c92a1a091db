//! How calls to AWS went: how many of each action, how many failed or were slowed down, and how long they took.
//!
//! It knows no client and no reader. Neighbours: `event` counts what it tells; the run's end and `show` tell it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aws::fault::Fault;

/// How the calls of one action went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Action {
    /// The action: `RunInstances`.
    pub action: String,
    /// How many calls there were.
    pub count: u64,
    /// How many failed, without those that were slowed down.
    pub errors: u64,
    /// How many AWS refused for coming too fast.
    pub throttles: u64,
    /// Half of them took no longer, in milliseconds.
    pub p50: u64,
    /// Of twenty, nineteen took no longer.
    pub p95: u64,
    /// None took longer.
    pub max: u64,
}

#[derive(Default)]
struct Counted {
    errors: u64,
    throttles: u64,
    /// Milliseconds.
    times: Vec<u32>,
}

/// Counts calls; clones count together.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Mutex<BTreeMap<String, Counted>>>);

impl Metrics {
    /// Counts a call that has ended, with the code of its error where it failed.
    pub fn count(&self, action: &str, ms: u64, error: Option<&str>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains_key(action) {
            all.insert(action.to_owned(), Counted::default());
        }
        let Some(counted) = all.get_mut(action) else { return };
        counted.times.push(u32::try_from(ms).unwrap_or(u32::MAX));
        match error.map(|code| Fault::of_code(code, None)) {
            // A dry run that would have been allowed is no error.
            None | Some(Fault::WouldSucceed) => {}
            Some(Fault::Throttled) => counted.throttles += 1,
            Some(_) => counted.errors += 1,
        }
    }

    /// All actions, by name.
    pub fn actions(&self) -> Vec<Action> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = |(action, counted): (&String, &mut Counted)| {
            counted.times.sort_unstable();
            let times = &counted.times;
            // The smallest that is no less than so many of a hundred.
            let nth = |percent: usize| {
                let rank = (times.len() * percent).div_ceil(100).max(1);
                times.get(rank - 1).map_or(0, |ms| u64::from(*ms))
            };
            Action {
                action: action.clone(),
                count: times.len() as u64,
                errors: counted.errors,
                throttles: counted.throttles,
                p50: nth(50),
                p95: nth(95),
                max: nth(100),
            }
        };
        all.iter_mut().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_action() {
        let metrics = Metrics::default();
        for ms in 1..=100 {
            metrics.count("DescribeImages", 101 - ms, None);
        }
        for error in ["RequestLimitExceeded", "InvalidAMIID.NotFound", "DryRunOperation"] {
            metrics.clone().count("RunInstances", 7, Some(error));
        }
        let [images, run] = &metrics.actions()[..] else { panic!("two actions") };
        assert_eq!((images.count, images.errors, images.throttles), (100, 0, 0));
        assert_eq!((images.p50, images.p95, images.max), (50, 95, 100));
        assert_eq!((run.count, run.errors, run.throttles, run.p50, run.max), (3, 1, 1, 7, 7));
        assert!(Metrics::default().actions().is_empty());
    }
}
