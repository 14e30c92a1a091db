//! Throttling: a token bucket for each action of a region, as large and as fast as EC2 documents them.

use std::collections::HashMap;

use super::clock::Time;

/// The most tokens of a bucket, and how many come back a second.
fn size(action: &str, filtered: bool) -> (f64, f64) {
    match action {
        "RunInstances" | "StartInstances" => (5.0, 2.0),
        "CopyImage" => (100.0, 1.0),
        "CreateTags" | "DeleteTags" => (100.0, 10.0),
        "CreateSnapshot" | "DeleteSnapshot" | "ModifySnapshotAttribute" | "DeleteVolume" => (100.0, 5.0),
        "GetConsoleOutput" => (100.0, 20.0),
        _ if action.starts_with("Describe") && filtered => (100.0, 20.0),
        _ if action.starts_with("Describe") => (50.0, 10.0),
        "GetCallerIdentity" => (1000.0, 100.0),
        _ => (50.0, 5.0),
    }
}

#[derive(Debug, Default)]
pub(crate) struct Buckets(HashMap<(&'static str, String), (f64, Time)>);

impl Buckets {
    /// Takes a token; false where there is none. `filtered` is a call that asks for part of all only.
    pub(crate) fn take(&mut self, region: &'static str, action: &str, filtered: bool, now: Time) -> bool {
        let (most, refill) = size(action, filtered);
        let (tokens, since) = self.0.entry((region, action.to_string())).or_insert((most, now));
        *tokens = (*tokens + since.until(now).as_secs_f64() * refill).min(most);
        *since = now;
        let there = *tokens >= 1.0;
        if there {
            *tokens -= 1.0;
        }
        there
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn buckets_empty_and_fill_again() {
        let mut buckets = Buckets::default();
        let mut take = |region, now| buckets.take(region, "RunInstances", false, now);
        let start = Time::default();
        assert!((0..5).all(|_| take("us-east-1", start)));
        assert!(!take("us-east-1", start) && take("eu-west-1", start));
        let later = start.after(Duration::from_secs(1));
        assert!(take("us-east-1", later) && take("us-east-1", later) && !take("us-east-1", later));
    }
}
