//! Standing in line for something that only so many may do at once, and the time that it takes, which is no time of the server's.
//!
//! It knows nothing of SSH. Neighbour: `connect`, whose handshakes are few at once.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep};

/// The shortest sleep: the end moves while one stands in line.
const SHORTEST: Duration = Duration::from_millis(50);

/// How long one has stood in line.
#[derive(Default)]
pub(super) struct Line(Mutex<Stood>);

#[derive(Clone, Copy, Default)]
struct Stood {
    before: Duration,
    /// Since when one stands in line now.
    since: Option<Instant>,
}

impl Line {
    /// How long one has stood in line in all, until now.
    pub(super) fn stood(&self) -> Duration {
        let Stood { before, since } = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        before + since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Waits for one's turn, which lasts as long as what is returned is held.
    pub(super) async fn turn<'s>(&self, places: &'s Semaphore) -> Option<SemaphorePermit<'s>> {
        self.set(Some(Instant::now()));
        let turn = places.acquire().await.ok();
        self.set(None);
        turn
    }

    /// Sleeps until a time, and as much longer as one has stood in line.
    pub(super) async fn sleep_until(&self, end: Instant) {
        loop {
            let left = (end + self.stood()).saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            sleep(left.max(SHORTEST)).await;
        }
    }

    fn set(&self, since: Option<Instant>) {
        let before = self.stood();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Stood { before, since };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A_WHILE: Duration = Duration::from_millis(120);

    #[tokio::test]
    async fn who_does_not_stand_in_line_sleeps_until_the_time() {
        let (line, places, start) = (Line::default(), Semaphore::new(1), Instant::now());
        drop(line.turn(&places).await);
        let stood = line.stood();
        line.sleep_until(start + A_WHILE).await;
        assert!(start.elapsed() >= A_WHILE);
        assert_eq!(line.stood(), stood, "nobody stands in line who has had his turn");
    }

    #[tokio::test]
    async fn the_time_in_line_is_added_to_the_end() {
        let (line, places, start) = (Line::default(), Semaphore::new(1), Instant::now());
        let other = places.acquire().await.expect("the line is open");
        let in_line = async {
            let turn = line.turn(&places).await;
            assert!(turn.is_some() && places.available_permits() == 0, "one has one's turn");
        };
        let away = async {
            sleep(A_WHILE).await;
            drop(other);
        };
        // The end is over long before one's turn comes, and the sleep is not.
        let ends = async {
            line.sleep_until(start + A_WHILE / 4).await;
            start.elapsed()
        };
        let ((), (), slept) = tokio::join!(in_line, away, ends);
        assert!(line.stood() >= A_WHILE / 2, "{:?}", line.stood());
        assert!(slept >= A_WHILE, "it slept {slept:?} with {:?} in line", line.stood());
    }

    #[tokio::test]
    async fn the_times_of_several_turns_are_one() {
        let (line, places) = (Line::default(), Semaphore::new(1));
        for times in 1..=2 {
            let other = places.acquire().await.expect("the line is open");
            let away = async {
                sleep(A_WHILE).await;
                drop(other);
            };
            tokio::join!(async { drop(line.turn(&places).await) }, away);
            assert!(line.stood() >= A_WHILE * times, "{:?} after {times}", line.stood());
        }
    }
}
