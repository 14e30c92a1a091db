//! Questions of a run to whoever sits at the keyboard: a pause after a step, a halt at a breakpoint, and what to do after a failure.
//!
//! It must not know keyboards. Neighbours: `step` pauses after what it has done, `provision` halts, `line` and `work` ask after a
//! failure.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::cancel::Cancel;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A step of that name has been done.
    Done(String),
    /// The build has come to a halt that was asked for: its words.
    Halt(String),
    /// Something has failed: what shall become of it.
    Failed(String),
}

/// What may be answered after a failure; to everything else any answer goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It goes on; after a failure that is to undo what was made.
    GoOn,
    /// Everything is left as it is.
    Abort,
    /// What has failed is tried again.
    Again,
}

/// A question, with its build waiting.
pub struct Waiting {
    /// The build.
    pub build: Arc<str>,
    /// What it asks.
    pub question: Question,
    /// Where it is answered; dropping it goes on.
    pub answer: oneshot::Sender<Answer>,
}

/// Where questions are asked.
#[derive(Clone, Debug)]
pub struct Pause(mpsc::UnboundedSender<Waiting>);

impl Pause {
    /// Where they are asked, and the end at which they are answered.
    pub fn new() -> (Pause, mpsc::UnboundedReceiver<Waiting>) {
        let (asks, answers) = mpsc::unbounded_channel();
        (Pause(asks), answers)
    }

    /// Waits after a step until somebody lets it go on, or wants it to end.
    pub async fn after(&self, build: &Arc<str>, step: &str, cancel: &Cancel) {
        self.ask(build.clone(), Question::Done(step.to_owned()), cancel).await;
    }

    /// Waits at a halt until somebody lets it go on, or wants it to end.
    pub async fn at(&self, build: &str, halt: &str, cancel: &Cancel) {
        self.ask(build.into(), Question::Halt(halt.to_owned()), cancel).await;
    }

    /// Asks what becomes of a failure.
    pub async fn failed(&self, build: &Arc<str>, problem: &str, cancel: &Cancel) -> Answer {
        self.ask(build.clone(), Question::Failed(problem.to_owned()), cancel).await
    }

    async fn ask(&self, build: Arc<str>, question: Question, cancel: &Cancel) -> Answer {
        let (answer, answered) = oneshot::channel();
        if self.0.send(Waiting { build, question, answer }).is_err() {
            return Answer::GoOn;
        }
        tokio::select! {
            answer = answered => answer.unwrap_or(Answer::GoOn),
            () = cancel.cancelled() => Answer::GoOn,
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
        assert_eq!(
            (&*asked.build, asked.question, waiting.is_finished()),
            ("a", Question::Done("launch".into()), false)
        );
        assert!(asked.answer.send(Answer::GoOn).is_ok() && waiting.await.is_ok());
        let failed = {
            let (pause, build) = (pause.clone(), build.clone());
            tokio::spawn(async move { pause.failed(&build, "no", &Cancel::never()).await })
        };
        let asked = answers.recv().await.expect("it asks");
        assert!(asked.answer.send(Answer::Again).is_ok());
        assert_eq!(failed.await.ok(), Some(Answer::Again));
        let (wish, cancel) = Cancel::new();
        wish.send_replace(1);
        pause.after(&build, "stop", &cancel).await;
        drop(answers);
        pause.after(&build, "stop", &Cancel::never()).await;
        assert_eq!(pause.failed(&build, "no", &Cancel::never()).await, Answer::GoOn);
    }
}
