//! The states of a machine: running, stopped, ended, and what it writes on its console.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::LaunchInstance;
use crate::diagnostic::code;
use crate::facts::Facts;
use crate::run::aws::gather::together;
use crate::run::aws::wait::{self, Instance, Sign};
use crate::run::aws::{Region, Repeat};
use crate::run::event::What;
use crate::run::problem::Problem;
use crate::run::step::{Cx, Failure, Step};

/// How long an instance may take to run, to stop or to end, in AWS's time.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// How long an instance that was told to end is not to be seen until it counts as ended, in AWS's time.
const FORGOTTEN: Duration = Duration::from_secs(120);

/// Waits until an instance runs.
///
/// # Errors
/// Where it ends instead, with the reason that EC2 gives.
pub async fn running(cx: &Cx, id: &str) -> Result<Instance, Problem> {
    waited(cx, id, "the instance does not run", |instance| match instance.state.as_str() {
        "running" => Sign::Done(Ok(instance.clone())),
        "pending" => {
            cx.events.tell(What::Waiting { text: "the instance is pending".to_owned() });
            Sign::Still
        }
        state => {
            let why = instance.reason.as_deref().map_or("EC2 gives no reason", |why| why.trim_end_matches('.'));
            let code = if instance.is_lacking() { code::RUN_CAPACITY } else { code::RUN_LAUNCH };
            Sign::Done(Err(Problem::failed(code, format!("the instance {} instead of running: {why}", ended(state)))))
        }
    })
    .await?
}

fn ended(state: &str) -> &'static str {
    match state {
        "stopping" | "stopped" => "stopped",
        _ => "ended",
    }
}

/// Waits for an instance with patience, and not when the build is to end.
async fn waited<O>(cx: &Cx, id: &str, words: &str, mut done: impl FnMut(&Instance) -> Sign<O>) -> Result<O, Problem> {
    let patience = cx.region.patience(PATIENCE);
    tokio::select! {
        outcome = wait::until(&cx.region, id, patience, |seen: Option<&Instance>| seen.map_or(Sign::Still, &mut done)) => {
            outcome.map_err(|error| error.problem(code::RUN_WAIT))?.ok_or_else(|| {
                Problem::failed(code::RUN_WAIT, format!("{words} after {} minutes", patience.as_secs() / 60))
            })
        }
        () = cx.cancel.cancelled() => Err(Problem::cancelled()),
    }
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
        let help = "it is to stop itself, for the plan says `disable_stop_instance`: end its last provisioner by `shutdown -h`";
        let outcome = waited(cx, &self.id, "the instance does not stop", |seen| match seen.state.as_str() {
            "stopped" => Sign::Done(Ok(())),
            "terminated" | "shutting-down" => {
                Sign::Done(Err(Problem::failed(code::RUN_STOP, "the instance ended instead of stopping")))
            }
            _ => Sign::Still,
        })
        .await;
        Ok(outcome.map_err(|problem| if self.by_itself { problem.help(help) } else { problem })??)
    }
}

/// Waits until an instance is gone: what it used can go only then.
///
/// # Errors
/// Where it does not end.
pub async fn terminated(region: &Arc<Region>, id: &str) -> Result<(), Problem> {
    let mut is_seen = true;
    let gone = wait::until(region, id, region.patience(PATIENCE), |seen: Option<&Instance>| {
        let was_seen = std::mem::replace(&mut is_seen, seen.is_some());
        match seen {
            Some(instance) if instance.state == "terminated" => Sign::Done(()),
            Some(_) if !was_seen => Sign::Moved(region.patience(PATIENCE)),
            None if was_seen => Sign::Moved(FORGOTTEN),
            _ => Sign::Still,
        }
    });
    match gone.await.map_err(|error| error.problem(code::RUN_LAUNCH))? {
        Some(()) => Ok(()),
        // EC2 forgets what has ended; it took the call to end it, so it knew of it.
        None if !is_seen => Ok(()),
        None => Err(Problem::left(code::RUN_LAUNCH, format!("the instance {id} does not end"))),
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
