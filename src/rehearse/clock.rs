//! The server's own clock: it starts at the real time, or so far from it as is wanted, and runs `scale` times as fast.
//!
//! All states and their delays live on it, and so do the times in answers. It knows no resource.

use std::time::{Duration, Instant};

use jiff::fmt::strtime;
use jiff::{SignedDuration, Timestamp};

/// By how much AWS lets the time of a signature be wrong.
const SLACK: SignedDuration = SignedDuration::from_mins(5);

/// A moment, in milliseconds since the clock was started.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Time(u64);

impl Time {
    /// So far away that it never comes.
    pub(crate) const NEVER: Time = Time(u64::MAX);

    pub(crate) fn after(self, delay: Duration) -> Time {
        Time(self.0.saturating_add(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long ago it was; nothing for what is still to come.
    pub(crate) fn until(self, later: Time) -> Duration {
        Duration::from_millis(later.0.saturating_sub(self.0))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Clock {
    started: Instant,
    base: Timestamp,
    scale: f64,
}

impl Clock {
    pub(crate) fn new(scale: f64, ahead: SignedDuration) -> Self {
        let base = Timestamp::now().checked_add(ahead).unwrap_or(Timestamp::MAX);
        Clock { started: Instant::now(), base, scale: scale.clamp(1e-3, 1e9) }
    }

    /// Whether a moment that a caller takes for now is near enough. Nobody keeps up with a clock of another pace.
    pub(crate) fn agrees(&self, now: Timestamp) -> bool {
        self.scale != 1.0 || self.timestamp(self.now()).duration_since(now).abs() <= SLACK
    }

    pub(crate) fn scale(&self) -> f64 {
        self.scale
    }

    pub(crate) fn now(&self) -> Time {
        Time((self.started.elapsed().as_secs_f64() * self.scale * 1000.0) as u64)
    }

    /// How long a span of this clock lasts for everyone else.
    pub(crate) fn real(&self, span: Duration) -> Duration {
        Duration::try_from_secs_f64(span.as_secs_f64() / self.scale).unwrap_or(Duration::MAX)
    }

    /// `2026-11-21T11:50:00.000Z`, as EC2 writes times.
    pub(crate) fn iso(&self, time: Time) -> String {
        self.format("%Y-%m-%dT%H:%M:%S.000Z", time)
    }

    /// `Sat, 21 Nov 2026 11:50:00 GMT`, as HTTP writes them.
    pub(crate) fn http(&self, time: Time) -> String {
        self.format("%a, %d %b %Y %H:%M:%S GMT", time)
    }

    pub(crate) fn timestamp(&self, time: Time) -> Timestamp {
        let span = SignedDuration::from_millis(i64::try_from(time.0).unwrap_or(i64::MAX));
        self.base.checked_add(span).unwrap_or(Timestamp::MAX)
    }

    fn format(&self, form: &str, time: Time) -> String {
        strtime::format(form, self.timestamp(time)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_ec2_and_http_write_them() {
        let clock = Clock { started: Instant::now(), base: Timestamp::UNIX_EPOCH, scale: 1000.0 };
        let day = Time::default().after(Duration::from_secs(86_400));
        assert_eq!(clock.iso(day), "1970-01-02T00:00:00.000Z");
        assert_eq!(clock.http(day), "Fri, 02 Jan 1970 00:00:00 GMT");
        assert_eq!(clock.real(Duration::from_secs(20)), Duration::from_millis(20));
        assert!(clock.timestamp(Time::NEVER) > clock.timestamp(day));
    }
}
