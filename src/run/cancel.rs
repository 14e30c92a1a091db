//! The wish that a run ends, as all its parts see it. It must not know signals. Neighbours: everyone in `run` who waits.

use tokio::sync::watch;

/// The wish of somebody that a run ends: 0 go on, 1 stop after what is in flight, 2 stop waiting.
#[derive(Clone, Debug)]
pub struct Cancel(watch::Receiver<u8>);

impl Cancel {
    /// The wish, and the end that raises it.
    pub fn new() -> (watch::Sender<u8>, Cancel) {
        let (sender, receiver) = watch::channel(0);
        (sender, Cancel(receiver))
    }

    /// A wish that nobody can have.
    pub fn never() -> Cancel {
        Cancel::new().1
    }

    /// How much it is wished.
    pub fn level(&self) -> u8 {
        *self.0.borrow()
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
        self.reached(1).await;
    }

    /// Comes when nothing shall be waited for any more.
    pub async fn forced(&self) {
        self.reached(2).await;
    }

    async fn reached(&self, level: u8) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|now| *now >= level).await.is_err() {
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
}
