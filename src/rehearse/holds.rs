//! Calls that are held: the test that kills a client at call n needs the server to stand still there.
//!
//! A hold is armed, then a call runs into it and is `held`; then it is `released`, or its client goes away and it has `left`.
//! A call that is held before its effect and whose client leaves never has the effect.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Where a call is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// Nothing has happened yet.
    Before,
    /// All has happened but the answer.
    After,
}

/// What is to be held.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldAt {
    /// Before or after the effect.
    pub when: When,
    /// The n-th call from now on.
    pub at: u64,
    /// Only calls of this action are counted.
    #[serde(default)]
    pub action: Option<String>,
}

/// How far a hold is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldState {
    /// The call has not come yet.
    Armed,
    /// The call stands still.
    Held,
    /// The call was let go.
    Released,
    /// The client went away meanwhile.
    Left,
}

/// A hold as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct Hold {
    /// Its number.
    pub hold: usize,
    /// What is held, and where.
    #[serde(flatten)]
    pub what: HoldAt,
    /// How far it is.
    pub state: HoldState,
    /// The number of the call, once it is there.
    pub call: Option<u64>,
    /// The action of the call.
    pub held_action: Option<String>,
    #[serde(skip)]
    counted: u64,
}

/// All holds of a server.
#[derive(Clone, Debug)]
pub(crate) struct Holds(Arc<(Mutex<Vec<Hold>>, watch::Sender<()>)>);

impl Default for Holds {
    fn default() -> Self {
        Holds(Arc::new((Mutex::default(), watch::Sender::new(()))))
    }
}

impl Holds {
    fn list(&self) -> MutexGuard<'_, Vec<Hold>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.0.1.send_replace(());
    }

    /// Arms a hold; its number.
    pub(crate) fn arm(&self, what: HoldAt) -> usize {
        let mut list = self.list();
        let hold = list.len() + 1;
        list.push(Hold { hold, what, state: HoldState::Armed, call: None, held_action: None, counted: 0 });
        hold
    }

    pub(crate) fn all(&self) -> Vec<Hold> {
        self.list().clone()
    }

    pub(crate) fn get(&self, number: usize) -> Option<Hold> {
        self.list().get(number.checked_sub(1)?).cloned()
    }

    /// Lets a call go, or disarms a hold that none has met; whether there is such a hold.
    pub(crate) fn release(&self, number: usize) -> bool {
        let known = self.list().iter_mut().find(|hold| hold.hold == number).map(release).is_some();
        self.changed();
        known
    }

    /// Waits until a hold is no longer in that state.
    pub(crate) async fn leaves(&self, number: usize, state: HoldState) -> Option<Hold> {
        let mut changes = self.0.1.subscribe();
        loop {
            let hold = self.get(number)?;
            if hold.state != state || changes.changed().await.is_err() {
                return Some(hold);
            }
        }
    }

    /// Counts a call; the hold that it runs into.
    pub(crate) fn meet(&self, call: u64, action: &str) -> Option<(usize, When)> {
        let mut met = None;
        for hold in self.list().iter_mut().filter(|hold| hold.state == HoldState::Armed) {
            if hold.what.action.as_deref().is_some_and(|only| only != action) {
                continue;
            }
            hold.counted += 1;
            if hold.counted == hold.what.at && met.is_none() {
                hold.call = Some(call);
                hold.held_action = Some(action.to_string());
                met = Some((hold.hold, hold.what.when));
            }
        }
        met
    }

    /// Forgets all; calls that stand still are not let go.
    pub(crate) fn clear(&self) {
        self.list().clear();
        self.changed();
    }

    /// Stands still until the hold is released; false where it was forgotten. Dropped meanwhile, it says that the client has left.
    pub(crate) async fn stand(&self, number: usize) -> bool {
        struct Standing<'h>(&'h Holds, usize);
        impl Drop for Standing<'_> {
            fn drop(&mut self) {
                self.0.turn(self.1, HoldState::Held, HoldState::Left);
            }
        }
        self.turn(number, HoldState::Armed, HoldState::Held);
        let _standing = Standing(self, number);
        self.leaves(number, HoldState::Held).await.is_some()
    }

    fn turn(&self, number: usize, from: HoldState, to: HoldState) {
        if let Some(hold) = self.list().iter_mut().find(|hold| hold.hold == number && hold.state == from) {
            hold.state = to;
        }
        self.changed();
    }
}

fn release(hold: &mut Hold) {
    if matches!(hold.state, HoldState::Armed | HoldState::Held) {
        hold.state = HoldState::Released;
    }
}
