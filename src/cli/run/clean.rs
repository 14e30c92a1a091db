//! `bakec clean`: undoes what runs have left behind, by their journals. Neighbour: `sweep` does it by tags.

use std::path::PathBuf;

use crate::run::journal::fold::Record;
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
    match &args.run {
        Some(run) => {
            let folder = records::find(&args.folder.runs, run, terminal)?;
            let record = records::record(&folder, terminal)?;
            found.push((folder, record));
        }
        None => {
            for name in records::names(args.folder.runs.as_ref()) {
                let folder = PathBuf::from(&args.folder.runs).join(name);
                let record = records::record(&folder, terminal)?;
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
        return listed(&found, terminal);
    }
    if found.is_empty() {
        terminal.note("no run has left anything");
        return Ok(());
    }
    let start = std::env::current_dir();
    let mut worst = Ok(());
    for (folder, record) in found {
        let outcome = one(args, folder, record, terminal);
        if let Ok(start) = &start {
            // The next one may have begun elsewhere.
            let _ = std::env::set_current_dir(start);
        }
        if worst != Err(Stop::Left) {
            worst = outcome.and(worst);
        }
    }
    worst
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

fn one(args: &Clean, folder: PathBuf, record: Record, terminal: &Terminal) -> Outcome {
    let name = record.head.run.clone();
    if record.head.rehearsed {
        terminal.note(&format!("the run `{name}` was a rehearsal: what it made is gone with its EC2"));
        return Ok(());
    }
    if record.closed || (remains(&record).is_empty() && record.standing().is_empty()) {
        terminal.note(&format!("the run `{name}` has left nothing"));
        return Ok(());
    }
    let former = Former::of(folder, record, &args.variables, terminal)?;
    runtime(terminal)?.block_on(undo(args, former, terminal))
}

async fn undo(args: &Clean, former: Former, terminal: &Terminal) -> Outcome {
    let (events, mut watch) = Watch::begin(&args.show, Default::default(), true, terminal)?;
    let builds = match former.builds(&events) {
        Ok(builds) => builds,
        Err(problems) => return verdict::refused(problems, events, watch, terminal).await,
    };
    let cancel = watch.heed_signals(&events, terminal)?;
    let settings = former.settings(&args.endpoint);
    let ended = settle::clean(&former.folder, builds, settings, events.clone(), cancel).await;
    verdict::of_clean(&ended, events, &mut watch, terminal).await
}
