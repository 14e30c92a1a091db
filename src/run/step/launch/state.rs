//! The states of a machine: running, stopped, ended, and what it writes on its console.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::LaunchInstance;
use crate::diagnostic::code;
use crate::facts::Facts;
use crate::run::aws::gather::together;
use crate::run::aws::wait::{self, Instance};
use crate::run::aws::{Region, Repeat};
use crate::run::event::What;
use crate::run::problem::Problem;
use crate::run::step::{Cx, Failure, Step};

/// So many looks at least are made while one is patient.
const FEWEST: u64 = 8;

/// How long an instance may take to run, to stop or to end, in AWS's time.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// How long an instance that was told to end is not to be seen until it counts as ended, in AWS's time.
const FORGOTTEN: Duration = Duration::from_secs(120);

/// Waits until an instance runs.
///
/// # Errors
/// Where it ends instead, with the reason that EC2 gives.
pub async fn running(cx: &Cx, id: &str) -> Result<Instance, Problem> {
    let events = cx.events.clone();
    let wait = wait::until(&cx.region, id, move |seen: Option<&Instance>| {
        let instance = seen?;
        match instance.state.as_str() {
            "running" => Some(Ok(instance.clone())),
            "pending" => {
                events.tell(What::Waiting { text: "the instance is pending".to_owned() });
                None
            }
            state => {
                let why = instance.reason.as_deref().map_or("EC2 gives no reason", |why| why.trim_end_matches('.'));
                let code = if instance.is_lacking() { code::RUN_CAPACITY } else { code::RUN_LAUNCH };
                Some(Err(Problem::failed(code, format!("the instance {} instead of running: {why}", ended(state)))))
            }
        }
    });
    waited(cx, "the instance does not run", wait).await?
}

fn ended(state: &str) -> &'static str {
    match state {
        "stopping" | "stopped" => "stopped",
        _ => "ended",
    }
}

/// Waits for something with patience, and not when the build is to end.
///
/// # Errors
/// Where it takes too long, or the build is cancelled.
pub async fn waited<O>(
    cx: &Cx,
    words: &str,
    wait: impl Future<Output = Result<O, crate::run::aws::fault::CallError>>,
) -> Result<O, Problem> {
    tokio::pin!(wait);
    let patience = cx.region.patience(PATIENCE);
    loop {
        let looks = looks(&cx.region);
        tokio::select! {
            outcome = tokio::time::timeout(cx.region.local(patience), &mut wait) => match outcome {
                Ok(outcome) => return outcome.map_err(|error| error.problem(code::RUN_WAIT)),
                Err(_) if has_looked_little(&cx.region, looks) => {}
                Err(_) => {
                    let message = format!("{words} after {} minutes", patience.as_secs() / 60);
                    return Err(Problem::failed(code::RUN_WAIT, message));
                }
            },
            () = cx.cancel.cancelled() => return Err(Problem::cancelled()),
        }
    }
}

/// How many looks at a region's things have been answered.
fn looks(region: &Region) -> u64 {
    region.instances.looks() + region.images.looks()
}

/// Whether too few looks have been answered since there were so many: a machine that was busy or asleep, or a lost network, says nothing
/// of what is waited for.
fn has_looked_little(region: &Region, since: u64) -> bool {
    // Who says how far apart they are says how many there are.
    let fewest = if region.polling.pause.is_some() { 1 } else { FEWEST };
    looks(region).saturating_sub(since) < fewest
}

/// Stops the instance, and waits until it has stopped.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StopInstance {
    /// The instance.
    pub id: String,
    /// Whether it stops by what is done on it, and is only waited for.
    #[serde(default)]
    pub by_itself: bool,
}

impl Step for StopInstance {
    const NAME: &'static str = "stop";
    const AGAIN: bool = true;
    type Out = ();

    fn about(&self) -> String {
        if self.by_itself { format!("waiting until {} has stopped", self.id) } else { format!("stopping {}", self.id) }
    }

    fn told((): &()) -> String {
        "stopped".to_owned()
    }

    async fn act(&self, cx: &Cx) -> Result<(), Failure> {
        let stop = |region: Arc<Region>, ids: Vec<String>| async move {
            let ask = || region.ec2.stop_instances().set_instance_ids(Some(ids.clone())).send();
            region.call("StopInstances", Repeat::Always, ask).await.map(drop)
        };
        if !self.by_itself {
            let asked = together(&cx.region, |r| &r.stops, vec![self.id.clone()], stop).await;
            asked.map_err(|e| e.failure(code::RUN_STOP))?;
        }
        let stopped = wait::until(&cx.region, &self.id, |seen: Option<&Instance>| match seen?.state.as_str() {
            "stopped" => Some(Ok(())),
            "terminated" | "shutting-down" => {
                Some(Err(Problem::failed(code::RUN_STOP, "the instance ended instead of stopping")))
            }
            _ => None,
        });
        let help = "it is to stop itself, for the plan says `disable_stop_instance`: end its last provisioner by `shutdown -h`";
        let outcome = waited(cx, "the instance does not stop", stopped).await;
        Ok(outcome.map_err(|problem| if self.by_itself { problem.help(help) } else { problem })??)
    }
}

/// Waits until an instance is gone: what it used can go only then.
///
/// # Errors
/// Where it does not end.
pub async fn terminated(region: &Arc<Region>, id: &str) -> Result<(), Problem> {
    let unseen: Mutex<Option<Instant>> = Mutex::default();
    let unseen_since = || *unseen.lock().unwrap_or_else(PoisonError::into_inner);
    let gone = wait::until(region, id, |seen: Option<&Instance>| {
        let mut since = unseen.lock().unwrap_or_else(PoisonError::into_inner);
        *since = if seen.is_none() { since.or_else(|| Some(Instant::now())) } else { None };
        (seen?.state == "terminated").then_some(())
    });
    let patience = region.local(region.patience(PATIENCE));
    let (mut end, mut looked) = (Instant::now() + patience, looks(region));
    tokio::pin!(gone);
    loop {
        match tokio::time::timeout(region.local(FORGOTTEN) / 8, &mut gone).await {
            Ok(outcome) => return outcome.map_err(|error| error.problem(code::RUN_LAUNCH)),
            // EC2 forgets what has ended; it took the call to end it, so it knew of it.
            Err(_) if unseen_since().is_some_and(|since| since.elapsed() >= region.local(FORGOTTEN)) => return Ok(()),
            Err(_) if Instant::now() >= end && has_looked_little(region, looked) => {
                (end, looked) = (Instant::now() + patience, looks(region));
            }
            Err(_) if Instant::now() >= end => {
                return Err(Problem::left(code::RUN_LAUNCH, format!("the instance {id} does not end")));
            }
            Err(_) => {}
        }
    }
}

/// What an instance has written on its console. One of the Nitro system tells it at once, others minutes after their start.
pub async fn console(cx: &Cx, id: &str) -> Option<String> {
    let kind = kind(cx)?;
    let latest = Facts::builtin().instance_type(&kind).is_some_and(|t| t.hypervisor == "nitro").then_some(true);
    let ask = || cx.region.ec2.get_console_output().instance_id(id).set_latest(latest).send();
    let answer = cx.region.call("GetConsoleOutput", Repeat::Always, ask).await.ok()?;
    let bytes = STANDARD.decode(answer.output()?.trim()).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The type of the attempt's machine.
fn kind(cx: &Cx) -> Option<String> {
    cx.run.journal.look(|record| {
        let own = record.builds.get(&*cx.build)?.steps.iter().rev();
        let launch =
            own.filter(|s| s.attempt == cx.attempt && s.step == LaunchInstance::NAME).find(|s| s.state.stands())?;
        Some(launch.data["launch"]["instance_type"].as_str()?.to_owned())
    })
}
