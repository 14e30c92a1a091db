//! A pause after each step, for those who look for a fault: the run asks, and whoever watches lets it go on.
//!
//! It must not know keyboards. Neighbours: `step` asks after what it has done.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::cancel::Cancel;

/// A step has been done, and its build waits.
pub struct Waiting {
    /// The build.
    pub build: Arc<str>,
    /// The step.
    pub step: String,
    /// Lets it go on; so does dropping it.
    pub go_on: oneshot::Sender<()>,
}

/// Where it is asked whether to go on.
#[derive(Clone, Debug)]
pub struct Pause(mpsc::UnboundedSender<Waiting>);

impl Pause {
    /// The pause, and the end at which it is answered.
    pub fn new() -> (Pause, mpsc::UnboundedReceiver<Waiting>) {
        let (asks, answers) = mpsc::unbounded_channel();
        (Pause(asks), answers)
    }

    /// Waits until somebody lets it go on, or wants it to end.
    pub async fn after(&self, build: &Arc<str>, step: &str, cancel: &Cancel) {
        let (go_on, answer) = oneshot::channel();
        if self.0.send(Waiting { build: build.clone(), step: step.to_owned(), go_on }).is_ok() {
            tokio::select! {
                _ = answer => {}
                () = cancel.cancelled() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_lasts_until_it_is_answered_or_nobody_can() {
        let (pause, mut answers) = Pause::new();
        let build: Arc<str> = "a".into();
        let waiting = {
            let (pause, build) = (pause.clone(), build.clone());
            tokio::spawn(async move { pause.after(&build, "launch", &Cancel::never()).await })
        };
        let asked = answers.recv().await.expect("it asks");
        assert_eq!((&*asked.build, asked.step.as_str(), waiting.is_finished()), ("a", "launch", false));
        assert!(asked.go_on.send(()).is_ok() && waiting.await.is_ok());
        let (wish, cancel) = Cancel::new();
        wish.send_replace(1);
        pause.after(&build, "stop", &cancel).await;
        drop(answers);
        pause.after(&build, "stop", &Cancel::never()).await;
    }
}
