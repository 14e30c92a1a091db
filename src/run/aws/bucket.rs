//! Token buckets in the shape of EC2's own: how many calls of a kind a region takes at once, and how fast it takes more.
//!
//! All builds of a run share them. A throttling answer slows the bucket, not only the call that got it; many within a second are one
//! sign, for they answer what was sent before anyone could know. It knows no client.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Kinds of calls that EC2 counts apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// Describe… with ids or filters.
    Looking,
    /// Most of what changes something.
    Changing,
    /// RunInstances.
    Running,
    /// Consoles, tags, and what else is slow.
    Slow,
}

impl Shelf {
    /// Which bucket an action takes from.
    pub fn of(action: &str) -> Shelf {
        match action {
            "RunInstances" | "StartInstances" | "StopInstances" | "TerminateInstances" => Shelf::Running,
            "GetConsoleOutput" | "CreateTags" | "DeleteTags" => Shelf::Slow,
            _ if action.starts_with("Describe") || action.starts_with("Get") => Shelf::Looking,
            _ => Shelf::Changing,
        }
    }

    /// How many at once, and how many a second after that: EC2's documented limits are about twice as high, other programs of
    /// the account shall have their share.
    fn shape(self) -> (f64, f64) {
        match self {
            Shelf::Looking => (50.0, 10.0),
            Shelf::Changing => (50.0, 5.0),
            Shelf::Running => (25.0, 2.0),
            Shelf::Slow => (50.0, 5.0),
        }
    }
}

/// The buckets of a region.
#[derive(Debug)]
pub struct Buckets {
    shelves: [Mutex<Bucket>; 4],
    scale: f64,
}

#[derive(Debug)]
struct Bucket {
    most: f64,
    /// Tokens a second, as fast as it may ever be.
    full_rate: f64,
    rate: f64,
    /// May be negative: those who wait have taken theirs.
    tokens: f64,
    at: Instant,
    /// When it was slowed down last.
    slowed: Option<Instant>,
}

/// What is left of the rate after a sign of throttling, and the part of the full rate that always is.
const SLOWER: f64 = 0.7;
const SLOWEST: f64 = 0.25;

impl Buckets {
    /// Full buckets; `scale` is how much faster than AWS's the server's clock goes.
    pub fn new(scale: f64) -> Buckets {
        let at = Instant::now();
        let bucket = |shelf: Shelf| {
            let (most, rate) = shelf.shape();
            let rate = rate * scale;
            Mutex::new(Bucket { most, full_rate: rate, rate, tokens: most, at, slowed: None })
        };
        Buckets { shelves: [Shelf::Looking, Shelf::Changing, Shelf::Running, Shelf::Slow].map(bucket), scale }
    }

    fn bucket(&self, shelf: Shelf) -> std::sync::MutexGuard<'_, Bucket> {
        self.shelves[shelf as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a token, and waits until it is there.
    pub async fn take(&self, shelf: Shelf) {
        let ready = self.bucket(shelf).take(Instant::now());
        sleep_until(ready).await;
    }

    /// A call was throttled: fewer from now on, and none at once.
    pub fn slow_down(&self, shelf: Shelf) {
        let mut bucket = self.bucket(shelf);
        let now = Instant::now();
        bucket.refill(now);
        bucket.tokens = bucket.tokens.min(0.0);
        let second = Duration::from_secs(1).div_f64(self.scale);
        if bucket.slowed.is_none_or(|before| now.saturating_duration_since(before) >= second) {
            bucket.slowed = Some(now);
            bucket.rate = (bucket.rate * SLOWER).max(bucket.full_rate * SLOWEST);
        }
    }

    /// A call went well: a little more from now on.
    pub fn speed_up(&self, shelf: Shelf) {
        let mut bucket = self.bucket(shelf);
        bucket.rate = (bucket.rate + bucket.full_rate / 50.0).min(bucket.full_rate);
    }
}

impl Bucket {
    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.rate).min(self.most);
        self.at = now;
    }

    /// Takes a token; when it is there.
    fn take(&mut self, now: Instant) -> Instant {
        self.refill(now);
        self.tokens -= 1.0;
        let lacking = (-self.tokens).max(0.0);
        now + Duration::from_secs_f64(lacking / self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_bucket_empties_and_fills_again() {
        let buckets = Buckets::new(1.0);
        let start = Instant::now();
        for _ in 0..50 {
            buckets.take(Shelf::Changing).await;
        }
        assert!(start.elapsed() < Duration::from_millis(150), "{:?}", start.elapsed());
        buckets.take(Shelf::Changing).await;
        assert!(start.elapsed() >= Duration::from_millis(190), "{:?}", start.elapsed());
    }

    #[tokio::test]
    async fn throttling_slows_all() {
        let buckets = Buckets::new(10.0);
        buckets.slow_down(Shelf::Running);
        let start = Instant::now();
        buckets.take(Shelf::Running).await;
        assert!(start.elapsed() >= Duration::from_millis(65), "{:?}", start.elapsed());
        buckets.take(Shelf::Looking).await;
    }

    #[test]
    fn many_signs_at_once_are_one_and_it_never_stands_still() {
        let buckets = Buckets::new(1.0);
        let rate = || buckets.bucket(Shelf::Running).rate;
        let full = rate();
        for _ in 0..100 {
            buckets.slow_down(Shelf::Running);
        }
        assert!((rate() - full * SLOWER).abs() < 0.001, "{}", rate());
        for _ in 0..100 {
            buckets.bucket(Shelf::Running).slowed = None;
            buckets.slow_down(Shelf::Running);
        }
        assert!((rate() - full * SLOWEST).abs() < 0.001, "{}", rate());
        for _ in 0..100 {
            buckets.speed_up(Shelf::Running);
        }
        assert!((rate() - full).abs() < 0.001, "{}", rate());
    }
}
