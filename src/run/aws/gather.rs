//! Calls that take many ids: what builds ask for while one is under way goes together in the next one.
//!
//! A build alone waits for nobody; of fifty whose machines are done at once, the first goes alone and the others together. It knows how
//! ids are gathered, not what is done to them. Neighbours: `step` asks, `wait` looks for many at once.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::Region;
use super::fault::CallError;
use crate::run::event::BUILD;

/// As many ids as one call takes.
const AT_ONCE: usize = 200;

/// What waits for its turn in a call.
#[derive(Debug, Default)]
pub struct Gather {
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Waiting>,
    /// Whether a task is making calls.
    busy: bool,
}

#[derive(Debug)]
struct Waiting {
    ids: Vec<String>,
    /// Who asks.
    build: Option<Arc<str>>,
    told: oneshot::Sender<Result<(), CallError>>,
}

impl Gather {
    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next call's share of those that wait; where nobody does, nobody is served from then on.
    fn next(&self) -> Vec<Waiting> {
        let mut queue = self.queue();
        let mut ids = 0;
        let fits = queue.waiting.iter().take_while(|w| {
            ids += w.ids.len();
            ids <= AT_ONCE
        });
        let count = fits.count().max(1).min(queue.waiting.len());
        queue.busy = count > 0;
        queue.waiting.drain(..count).collect()
    }
}

/// Has `send` make the call for these ids and for those of all others that ask `gather` meanwhile. It goes on where its caller does not
/// wait for the outcome. All that ask the same `gather` must give the same `send`, and it must do no harm when it is made again: where
/// a call for many fails, each of them is asked for alone, so that one wrong id spoils nothing for the others.
///
/// # Errors
/// What AWS said of these ids.
pub async fn together<F>(
    region: &Arc<Region>,
    gather: fn(&Region) -> &Gather,
    ids: Vec<String>,
    send: impl Fn(Arc<Region>, Vec<String>) -> F + Send + Sync + 'static,
) -> Result<(), CallError>
where
    F: Future<Output = Result<(), CallError>> + Send,
{
    let (told, outcome) = oneshot::channel();
    let idle = {
        let mut queue = gather(region).queue();
        let build = BUILD.try_with(Clone::clone).ok();
        queue.waiting.push(Waiting { ids: ids.clone(), build, told });
        !std::mem::replace(&mut queue.busy, true)
    };
    let send = Arc::new(send);
    if idle {
        let (region, send) = (region.clone(), send.clone());
        tokio::spawn(async move {
            let _end = Guard(gather(&region));
            loop {
                let some = gather(&region).next();
                if some.is_empty() {
                    return;
                }
                serve(&region, some, &*send).await;
            }
        });
    }
    match outcome.await {
        Ok(outcome) => outcome,
        // The task has gone with its runtime or by a bug: the call is made all the same.
        Err(_) => send(region.clone(), ids).await,
    }
}

/// Where a task ends before its time, those that wait for it make their calls themselves.
struct Guard<'a>(&'a Gather);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            *self.0.queue() = Queue::default();
        }
    }
}

async fn serve<F>(region: &Arc<Region>, some: Vec<Waiting>, send: &impl Fn(Arc<Region>, Vec<String>) -> F)
where
    F: Future<Output = Result<(), CallError>> + Send,
{
    let all: Vec<String> = some.iter().flat_map(|w| w.ids.iter().cloned()).collect();
    let alone = some.len() == 1;
    let call = send(region.clone(), all);
    let outcome = match some.first().and_then(|w| w.build.clone()).filter(|_| alone) {
        Some(build) => BUILD.scope(build, call).await,
        None => call.await,
    };
    for Waiting { ids, told, .. } in some {
        let own = match &outcome {
            Err(_) if !alone => send(region.clone(), ids).await,
            outcome => outcome.clone(),
        };
        // Who does not wait any more needs no answer.
        let _ = told.send(own);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::future::join_all;

    use super::*;
    use crate::run::aws::Cloud;
    use crate::run::aws::fault::Fault;
    use crate::run::event::Events;
    use crate::run::secret::Gate;

    fn unknown() -> CallError {
        let (code, message) = ("InvalidInstanceID.NotFound".to_owned(), "no such instance".to_owned());
        CallError {
            fault: Fault::NotFound,
            action: "StopInstances",
            region: "us-east-1".to_owned(),
            code,
            message,
            reason: None,
            tried: false,
        }
    }

    /// The ids of each call that is made when these are asked for at once, and what each was told.
    async fn asked(ids: &[&str]) -> (Vec<Vec<String>>, Vec<Result<(), CallError>>) {
        let (events, _heard) = Events::new(Gate::default());
        let region = Cloud::of_nobody(&events).region("us-east-1");
        let calls: Arc<Mutex<Vec<Vec<String>>>> = Arc::default();
        let outcomes = join_all(ids.iter().map(|id| {
            let calls = calls.clone();
            let stop = move |_, ids: Vec<String>| {
                let wrong = ids.iter().any(|id| id == "wrong");
                calls.lock().expect("no call has failed").push(ids);
                async move {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    if wrong { Err(unknown()) } else { Ok(()) }
                }
            };
            together(&region, |r| &r.stops, vec![(*id).to_owned()], stop)
        }))
        .await;
        let calls = calls.lock().expect("no call has failed").clone();
        (calls, outcomes)
    }

    #[tokio::test]
    async fn what_is_asked_for_at_once_goes_together() {
        let (calls, outcomes) = asked(&["i-1", "i-2", "i-3", "i-4"]).await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(calls.concat(), ["i-1", "i-2", "i-3", "i-4"]);
        assert!(calls.len() <= 2, "{calls:?}");
    }

    #[tokio::test]
    async fn a_wrong_id_spoils_nothing_for_the_others() {
        let (_, outcomes) = asked(&["i-1", "i-2", "wrong", "i-4"]).await;
        assert_eq!(outcomes, [Ok(()), Ok(()), Err(unknown()), Ok(())]);
    }

    #[tokio::test]
    async fn more_than_a_call_takes_are_several_calls() {
        let ids: Vec<String> = (0..450).map(|n| format!("i-{n}")).collect();
        let (calls, outcomes) = asked(&ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
        assert!(outcomes.iter().all(Result::is_ok));
        assert_eq!(calls.concat(), ids);
        assert!(
            calls.iter().all(|c| c.len() <= AT_ONCE) && calls.len() <= 4,
            "{:?}",
            calls.iter().map(Vec::len).collect::<Vec<_>>()
        );
    }
}
