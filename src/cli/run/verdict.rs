//! How a run ended, for people and as the exit code.

use crate::report::words::command;
use crate::run::event::{Events, What};
use crate::run::journal::line::End;
use crate::run::problem::Problem;
use crate::run::settings::{Outcome as Ended, is_cancelled};

use super::super::terminal::Terminal;
use super::super::{Outcome, Stop};
use super::watch::{Watch, recall};

/// Nothing is begun.
pub(super) async fn refused(problems: Vec<Problem>, events: Events, mut watch: Watch, terminal: &Terminal) -> Outcome {
    tell(&problems, events, &mut watch, terminal).await;
    Err(Stop::Refused)
}

async fn tell(problems: &[Problem], events: Events, watch: &mut Watch, terminal: &Terminal) {
    for problem in problems {
        events.tell(What::Refused { problem: problem.clone() });
    }
    drop(events);
    watch.end().await;
    watch.show(problems, terminal);
}

/// What the end of a run means.
pub(super) async fn of(ended: &Ended, events: Events, watch: &mut Watch, terminal: &Terminal) -> Outcome {
    if !ended.refused.is_empty() {
        tell(&ended.refused, events, watch, terminal).await;
        return Err(Stop::Refused);
    }
    drop(events);
    watch.end().await;
    let (told, folder) = {
        let memory = recall(&watch.memory);
        (memory.done, memory.folder.display().to_string())
    };
    if !ended.unwritten.is_empty() {
        watch.show(&ended.unwritten, terminal);
    }
    if !ended.left.is_empty() {
        let run = ended.run.as_deref().unwrap_or("last");
        if !told {
            watch.show(&ended.left, terminal);
            terminal.note(&format!("undo it: {}", command("clean", run, &folder)));
        }
        return Err(Stop::Left);
    }
    let failed = |end: &End| matches!(end, End::Failed { .. } | End::Unprocessed { .. });
    if ended.cancelled && (ended.ends.is_empty() || ended.ends.iter().any(|(_, end)| is_cancelled(end))) {
        if ended.run.is_none() {
            terminal.note("cancelled before anything was begun");
        }
        return Err(Stop::Cancelled);
    }
    if !ended.unwritten.is_empty() || ended.ends.iter().any(|(_, end)| failed(end)) {
        Err(Stop::Failed)
    } else {
        Ok(())
    }
}

/// What the end of a cleaning means: how the builds once ended does not matter.
pub(super) async fn of_clean(ended: &Ended, events: Events, watch: &mut Watch, terminal: &Terminal) -> Outcome {
    let ended = Ended { ends: Vec::new(), ..ended.clone() };
    let outcome = of(&ended, events, watch, terminal).await;
    if outcome.is_ok() {
        let run = ended.run.as_deref().unwrap_or_default();
        terminal.note(&format!("nothing is left of the run `{run}` but finished images"));
    }
    outcome
}
