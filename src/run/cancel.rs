//! The wish that a run ends, as all its parts see it. It must not know signals. Neighbours: everyone in `run` who waits.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::problem::Problem;
use crate::diagnostic::code;

/// The wish of somebody that a run ends: 0 go on, 1 stop after what is in flight, 2 stop waiting.
#[derive(Clone, Debug)]
pub struct Cancel {
    wish: watch::Receiver<u8>,
    /// By how much more it must be wished than for others.
    deaf: u8,
    /// When it is wished by the time.
    until: Option<Instant>,
}

impl Cancel {
    /// The wish, and the end that raises it.
    pub fn new() -> (watch::Sender<u8>, Cancel) {
        let (sender, receiver) = watch::channel(0);
        (sender, Cancel { wish: receiver, deaf: 0, until: None })
    }

    /// A wish that nobody can have.
    pub fn never() -> Cancel {
        Cancel::new().1
    }

    /// For what cleans up after the first wish, or when the time is up: it ends when nothing shall be waited for any more.
    pub fn of_last_things(&self) -> Cancel {
        Cancel { deaf: self.deaf.saturating_add(1), until: None, ..self.clone() }
    }

    /// The same, and wished by itself when the time is up.
    pub fn within(&self, time: Option<Duration>) -> Cancel {
        Cancel { until: time.and_then(|time| Instant::now().checked_add(time)), ..self.clone() }
    }

    /// How much it is wished.
    pub fn level(&self) -> u8 {
        let late = self.until.is_some_and(|until| until <= Instant::now());
        self.wish.borrow().saturating_sub(self.deaf).max(u8::from(late))
    }

    /// Whether no new work shall begin.
    pub fn is_cancelled(&self) -> bool {
        self.level() > 0
    }

    /// Whether nothing shall be waited for any more.
    pub fn is_forced(&self) -> bool {
        self.level() > 1
    }

    /// Comes when no new work shall begin, and never where nobody wishes it.
    pub async fn cancelled(&self) {
        match self.until {
            None => self.reached(1).await,
            Some(until) => tokio::select! {
                () = self.reached(1) => {}
                () = sleep_until(until) => {}
            },
        }
    }

    /// Comes with an error when no new work shall begin, or when a step's own time is up.
    pub fn or_late(&self, deadline: Option<Instant>) -> impl Future<Output = Problem> + Send + 'static {
        let cancel = self.clone();
        async move {
            let late = async {
                match deadline {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = cancel.cancelled() => Problem::cancelled(),
                () = late => Problem::failed(code::RUN_TIMEOUT, "the time for this step is up"),
            }
        }
    }

    /// Comes when nothing shall be waited for any more.
    pub async fn forced(&self) {
        self.reached(2).await;
    }

    async fn reached(&self, level: u8) {
        let mut receiver = self.wish.clone();
        if receiver.wait_for(|now| now.saturating_sub(self.deaf) >= level).await.is_err() {
            // Whoever could have wished is gone.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn it_comes_at_its_level_and_never_by_itself() {
        let (wish, cancel) = Cancel::new();
        let soon = Duration::from_millis(20);
        assert!(!cancel.is_cancelled());
        assert!(timeout(soon, cancel.cancelled()).await.is_err());
        wish.send_replace(1);
        assert!(cancel.is_cancelled());
        cancel.cancelled().await;
        assert!(timeout(soon, cancel.forced()).await.is_err());
        wish.send_replace(2);
        cancel.forced().await;
        assert!(timeout(soon, Cancel::never().cancelled()).await.is_err());
    }

    #[tokio::test]
    async fn the_time_wishes_it_too_and_last_things_are_deaf_to_the_first_wish() {
        let (wish, cancel) = Cancel::new();
        let soon = Duration::from_millis(20);
        let late = cancel.within(Some(soon));
        assert!(!late.is_cancelled());
        late.cancelled().await;
        assert!(late.is_cancelled() && !cancel.is_cancelled());
        assert!(timeout(soon, late.forced()).await.is_err());
        let last = late.of_last_things();
        for level in [0, 1] {
            wish.send_replace(level);
            assert!(!last.is_cancelled());
            assert!(timeout(soon, last.cancelled()).await.is_err());
        }
        wish.send_replace(2);
        last.cancelled().await;
        assert!(last.is_cancelled());
    }
}
