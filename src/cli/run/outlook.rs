//! `bakec plan`: what a run would do, without doing it.
//!
//! Neighbours: `plan` and `inputs` find what is to be built, as for a run; `report::outlook` shows it; `since` compares it with the
//! last run.

use serde_json::{Value as Json, json};

use crate::report::outlook::{How, text};
use crate::run::build::Build;
use crate::run::input::builds;
use crate::run::outlook::outlook;
use crate::run::permission::policy::{MOST, policy};
use crate::run::preview::{Preview, preview};

use super::super::args_plan::Plan;
use super::super::terminal::Terminal;
use super::super::{Outcome, Stop};
use super::plan::Planned;
use super::rehearsal::Rehearsal;
use super::watch::Watch;
use super::{inputs, plan, rehearsal, runtime, sensible, settings, since, verdict};

/// `bakec plan`
pub(in crate::cli) fn plan_run(args: &Plan, terminal: &Terminal) -> Outcome {
    sensible(&args.run, terminal)?;
    let planned = plan::of(&args.run, terminal)?;
    runtime(terminal)?.block_on(tell(args, planned, terminal))
}

async fn tell(args: &Plan, mut planned: Planned, terminal: &Terminal) -> Outcome {
    let mut inputs = inputs::of_run(&args.run, &planned, terminal)?;
    if args.run.reach.rehearse {
        rehearsal::fill_in(&planned.document, &mut inputs, terminal);
    }
    let (events, mut watch) = Watch::aside(std::mem::take(&mut planned.texts), terminal)?;
    let (builds, warnings) = match builds(&planned.document, &inputs, events.gate()) {
        Ok(ready) => ready,
        Err(problems) => return verdict::refused(problems, events, watch, terminal).await,
    };
    for warning in warnings {
        watch.warn(&warning.message, warning.help.as_deref(), terminal);
    }
    if args.iam {
        return iam(&builds, terminal);
    }
    let since = since::last_run(&args.run.runs.runs, &planned, &inputs);
    let live = match args.live {
        true => {
            let mut settings = settings(&args.run, inputs, &planned);
            let rehearsal = match args.run.reach.rehearse {
                true => Some(Rehearsal::start(&args.run.reach, terminal).await?),
                false => None,
            };
            if let Some(rehearsal) = &rehearsal {
                rehearsal.reached(&mut settings);
            }
            let cancel = watch.heed_signals(&events, terminal)?;
            let mut live = preview(&builds, settings, events.clone(), cancel).await;
            if rehearsal.is_some() {
                live.problems.iter_mut().for_each(Rehearsal::explain);
            }
            Some(live)
        }
        false => None,
    };
    drop(events);
    watch.end().await;
    if live.as_ref().is_some_and(|live| live.cancelled) {
        return Err(Stop::Cancelled);
    }
    let outlook = outlook(&builds);
    let text = match args.json {
        true => {
            let mut value = json!({ "file": planned.file });
            add(&mut value, json!(outlook));
            add(&mut value, json!({ "live": live, "since": since }));
            format!("{value:#}\n")
        }
        false => {
            let how = How { file: &planned.file, all: args.each, style: terminal.style_out() };
            text(&outlook, live.as_ref(), since.as_ref(), how)
        }
    };
    let text = watch.pass(&text);
    terminal.result(|out| out.write_all(text.as_bytes()))?;
    refused(live, &watch, terminal)
}

/// What would keep a run from beginning.
fn refused(live: Option<Preview>, watch: &Watch, terminal: &Terminal) -> Outcome {
    match live {
        Some(live) if !live.problems.is_empty() => {
            watch.show(&live.problems, terminal);
            Err(Stop::Refused)
        }
        _ => Ok(()),
    }
}

/// Adds the members of an object to another; those that hold nothing are left out.
fn add(value: &mut Json, more: Json) {
    if let (Some(value), Json::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more.into_iter().filter(|(_, member)| !member.is_null()));
    }
}

/// Writes the policy.
fn iam(builds: &[Build], terminal: &Terminal) -> Outcome {
    let builds: Vec<&Build> = builds.iter().collect();
    let policy = policy(&builds);
    if policy.statement.is_empty() {
        return Err(terminal.fail("no build of it calls AWS", Some("a policy is for builds of `amazon-ebs`")));
    }
    let text = policy.text();
    terminal.result(|out| out.write_all(text.as_bytes()))?;
    let size = policy.size();
    if size > MOST {
        let message = format!("the policy has {size} characters, and IAM takes {MOST} of a managed one");
        terminal.warn(&message, Some("take builds of fewer regions by `--only`, or attach it as several policies"));
    }
    Ok(())
}
