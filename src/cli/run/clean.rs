//! `bakec clean`: undoes what runs have left behind, by their journals. Neighbour: `sweep` does it by tags.

use std::path::PathBuf;

use crate::run::journal::fold::Record;
use crate::run::reached::needs_plan;
use crate::run::settings::Settings;
use crate::run::settle;

use super::super::args_run::Clean;
use super::super::terminal::Terminal;
use super::super::{Outcome, Stop};
use super::resume::Former;
use super::timeline::{Standing, remains};
use super::watch::Watch;
use super::{records, runtime, sweep, verdict};

/// `bakec clean`
pub(in crate::cli) fn clean(args: &Clean, terminal: &Terminal) -> Outcome {
    if !args.region.is_empty() {
        return runtime(terminal)?.block_on(sweep::sweep(args, terminal));
    }
    let mut found = Vec::new();
    let mut worst = Ok(());
    match &args.run {
        Some(run) => {
            let folder = records::find(&args.folder.runs, run, terminal)?;
            let record = records::record(&folder, terminal)?;
            found.push((folder, record));
        }
        None => {
            for name in records::names(args.folder.runs.as_ref()) {
                let folder = PathBuf::from(&args.folder.runs).join(name);
                let record = match records::record(&folder, terminal) {
                    Ok(record) => record,
                    // It is told, and keeps nobody from the others.
                    Err(stop) => {
                        worst = worse(worst, Err(stop));
                        continue;
                    }
                };
                // One that is over has left nothing, and one that runs is none of ours.
                if !record.closed && Standing::of(&record, &folder) != Standing::Running {
                    found.push((folder, record));
                }
            }
        }
    }
    // What a rehearsal made is gone with its EC2.
    found.retain(|(_, record)| args.run.is_some() || !record.head.rehearsed);
    if args.dry_run {
        return worse(worst, listed(&found, terminal));
    }
    if found.is_empty() {
        if worst.is_ok() {
            terminal.note("no run has left anything");
        }
        return worst;
    }
    let start = std::env::current_dir();
    for (folder, record) in found {
        let ended = one(args, folder, record, terminal);
        if let Ok(start) = &start {
            // The next one may have begun elsewhere.
            let _ = std::env::set_current_dir(start);
        }
        worst = worse(worst, ended.outcome);
        if ended.cancelled {
            break;
        }
    }
    worst
}

/// How the undoing of a run came to its end.
struct Ended {
    outcome: Outcome,
    /// Whether somebody wanted it to: then of all of them.
    cancelled: bool,
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Self {
        Ended { outcome, cancelled: false }
    }
}

/// Which of two ends counts: what may be left above all, and the first of two that are as bad.
fn worse(one: Outcome, other: Outcome) -> Outcome {
    let weight = |outcome: &Outcome| match outcome {
        Ok(()) => 0,
        Err(Stop::Left) => 3,
        Err(Stop::Cancelled) => 2,
        Err(_) => 1,
    };
    if weight(&other) > weight(&one) { other } else { one }
}

/// Shows what may be left.
fn listed(found: &[(PathBuf, Record)], terminal: &Terminal) -> Outcome {
    let mut text = String::new();
    for (_, record) in found {
        let left = match record.head.rehearsed {
            true => Vec::new(),
            false => remains(record),
        };
        let what = if left.is_empty() { "nothing is left" } else { "may have left" };
        text.push_str(&format!("{}: {what}\n", record.head.run));
        text.extend(left.iter().map(|line| format!("  {line}\n")));
    }
    if found.is_empty() {
        text.push_str("no run has left anything\n");
    }
    terminal.result(|out| out.write_all(text.as_bytes()))
}

fn one(args: &Clean, folder: PathBuf, record: Record, terminal: &Terminal) -> Ended {
    let name = &record.head.run;
    if record.head.rehearsed {
        terminal.note(&format!("the run `{name}` was a rehearsal: what it made is gone with its EC2"));
        return Ok(()).into();
    }
    if record.closed || (remains(&record).is_empty() && record.standing().is_empty()) {
        terminal.note(&format!("the run `{name}` has left nothing"));
        return Ok(()).into();
    }
    let known = match needs_plan(&record) {
        true => Former::of(folder, record, &args.variables, terminal).map(|former| Known::Plan(Box::new(former))),
        false => Ok(Known::Journal(folder, Box::new(record))),
    };
    let ended = known.and_then(|known| runtime(terminal)?.block_on(undo(args, known, terminal)));
    ended.unwrap_or_else(|stop| Err(stop).into())
}

/// What is known of a run that is undone.
enum Known {
    /// Its plan with all that was given to it.
    Plan(Box<Former>),
    /// Its folder, and what its journal says.
    Journal(PathBuf, Box<Record>),
}

async fn undo(args: &Clean, known: Known, terminal: &Terminal) -> Result<Ended, Stop> {
    let (events, mut watch) = Watch::begin(&args.show, Default::default(), true, terminal)?;
    let (folder, builds, settings) = match known {
        Known::Plan(former) => match former.builds(&events) {
            Ok(builds) => (former.folder.clone(), builds, former.settings(&args.endpoint)),
            Err(problems) => return Ok(verdict::refused(problems, events, watch, terminal).await.into()),
        },
        Known::Journal(folder, record) => {
            let reach = args.endpoint.reach_of(&record.head);
            let packer_defaults = record.head.packer_defaults;
            (folder, Vec::new(), Settings { reach, packer_defaults, ..Settings::default() })
        }
    };
    let cancel = watch.heed_signals(&events, terminal)?;
    let ended = settle::clean(&folder, builds, settings, events.clone(), cancel).await;
    let outcome = verdict::of_clean(&ended, events, &mut watch, terminal).await;
    Ok(Ended { outcome, cancelled: ended.cancelled })
}
