//! What becomes of a failure, where somebody at the keyboard is to say it.
//!
//! Neighbours: `line` asks after a provisioner, `work` after all else; `pause` carries the question.

use std::sync::{Arc, Mutex, PoisonError};

use super::Cx;
use crate::run::pause::{Answer, Pause};
use crate::run::problem::{Kind, Problem};

/// Who is asked, and what was answered last: the same failure is not asked about twice.
#[derive(Clone)]
pub struct Asks {
    keyboard: Pause,
    answered: Arc<Mutex<Option<Answer>>>,
}

impl Asks {
    /// Somebody at the keyboard.
    pub fn of(keyboard: Pause) -> Asks {
        Asks { keyboard, answered: Arc::default() }
    }
}

impl Cx {
    /// What becomes of a failure, where that is asked; nobody is asked about his own wish.
    pub async fn asked(&self, problem: &Problem) -> Option<Answer> {
        let asks = self.asks.as_ref().filter(|_| problem.kind != Kind::Cancelled && !self.cancel.is_cancelled())?;
        if let Some(answer) = self.answered() {
            return Some(answer);
        }
        let answer = asks.keyboard.failed(&self.build, &problem.message, &self.cancel).await;
        // What is tried again may fail anew.
        if answer != Answer::Again {
            *asks.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        }
        Some(answer)
    }

    /// What was answered.
    pub fn answered(&self) -> Option<Answer> {
        *self.asks.as_ref()?.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
