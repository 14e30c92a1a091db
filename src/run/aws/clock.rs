//! AWS's time, as its answers tell it: leases and ages are reckoned in it, for clocks of machines are wrong.
//!
//! Between two answers it goes on as fast as AWS's clock does, which is faster than the local one in a rehearsal. It knows no call.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_ec2::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

/// From so much on AWS takes no call that is signed by the local clock: five minutes, and what an answer may be late.
const SLACK: SignedDuration = SignedDuration::from_mins(4);

/// AWS's clock.
#[derive(Debug)]
pub struct Clock {
    scale: f64,
    last: Mutex<Option<(Timestamp, Instant)>>,
}

impl Clock {
    /// A clock of which nothing is known yet; `scale` is how much faster than the local one it goes.
    pub fn new(scale: f64) -> Clock {
        Clock { scale, last: Mutex::default() }
    }

    /// The time at AWS; the local one as long as no answer has told it.
    pub fn now(&self) -> Timestamp {
        match *self.last.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((then, at)) => later(then, at.elapsed().mul_f64(self.scale)),
            None => Timestamp::now(),
        }
    }

    /// How far the local clock is ahead; nothing where AWS's is not known or goes at another pace.
    pub fn skew(&self) -> Option<SignedDuration> {
        let known = self.last.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        (known && self.scale == 1.0).then(|| Timestamp::now().duration_since(self.now()))
    }

    /// Whether the local clock is so wrong that AWS takes no call that is signed by it.
    pub fn is_far_off(&self) -> bool {
        self.skew().is_some_and(|ahead| ahead.abs() > SLACK)
    }

    /// Takes the `Date` of an answer.
    fn told(&self, date: &str) {
        if let Ok(then) = DateTimeParser::new().parse_timestamp(date) {
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((then, Instant::now()));
        }
    }
}

/// A moment, so much later.
pub fn later(then: Timestamp, span: Duration) -> Timestamp {
    SignedDuration::try_from(span).ok().and_then(|span| then.checked_add(span).ok()).unwrap_or(Timestamp::MAX)
}

/// Listens to the answers of a client.
#[derive(Debug)]
pub struct Listener(pub Arc<Clock>);

impl Intercept for Listener {
    fn name(&self) -> &'static str {
        "AWS's time"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        if let Some(date) = context.response().headers().get("date") {
            self.0.told(date);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_from_the_last_answer() {
        let clock = Clock::new(1000.0);
        assert!(clock.now().duration_since(Timestamp::now()).abs() < SignedDuration::from_secs(5));
        clock.told("Sat, 21 Nov 2026 11:50:00 GMT");
        let then: Timestamp = "2026-11-21T11:50:00Z".parse().unwrap();
        std::thread::sleep(Duration::from_millis(20));
        let passed = clock.now().duration_since(then);
        assert!(passed >= SignedDuration::from_secs(20) && passed < SignedDuration::from_secs(20_000), "{passed:?}");
        clock.told("soon");
        assert!(clock.now() > then);
        assert_eq!(clock.skew(), None);
    }

    #[test]
    fn a_wrong_local_clock_is_seen() {
        let clock = Clock::new(1.0);
        assert_eq!(clock.skew(), None);
        clock.told("Thu, 01 Jan 1970 00:00:10 GMT");
        assert!(clock.skew().unwrap() > SignedDuration::from_hours(24) && clock.is_far_off());
    }
}
