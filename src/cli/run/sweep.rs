//! `bakec clean --region`: undoes what runs have left behind, by its tags: for when their records are gone.

use std::sync::Arc;

use crate::run::aws::Cloud;
use crate::run::build::Access;
use crate::run::cancel::Cancel;
use crate::run::problem::Problem;
use crate::run::sweep::{Kept, Leftover, Wanted, list, undo};
use crate::text::words::{count, list as listed};

use super::super::args_run::Clean;
use super::super::terminal::Terminal;
use super::super::{Outcome, Stop};
use super::verdict;
use super::watch::Watch;

/// What runs have left in some regions: listed, and undone.
pub(super) async fn sweep(args: &Clean, terminal: &Terminal) -> Outcome {
    let (events, mut watch) = Watch::begin(&args.show, Default::default(), true, terminal)?;
    let run = match args.run.as_deref() {
        Some("last") => {
            let help = "`last` is the newest of the records, which are not looked at with `--region`";
            return Err(terminal.fail("the run is to be named whole", Some(help)));
        }
        run => run.map(str::to_owned),
    };
    let wanted = Wanted { regions: args.region.clone(), older_than: args.older_than, run };
    let access = Access { region: args.region[0].clone(), ..Access::default() };
    let opened = Cloud::open(&access, &args.endpoint.reach(), &events, &Cancel::never(), Arc::default()).await;
    let cloud = match opened {
        Ok(cloud) => cloud,
        Err(problem) => return verdict::refused(vec![problem], events, watch, terminal).await,
    };
    let found = match list(&cloud, &wanted).await {
        Ok(found) => found,
        Err(problem) => return verdict::refused(vec![problem], events, watch, terminal).await,
    };
    let text = shown(&found, &args.region);
    terminal.result(|out| out.write_all(text.as_bytes()))?;
    if args.dry_run || found.iter().all(|left| left.kept.is_some()) {
        return Ok(());
    }
    let left: Vec<Problem> = undo(&cloud, &wanted, &found, &events).await;
    drop((cloud, events));
    watch.end().await;
    if left.is_empty() {
        let gone = found.iter().filter(|left| left.kept.is_none()).count();
        terminal.note(&format!("{} undone", count(gone, "thing")));
        return Ok(());
    }
    watch.show(&left, terminal);
    Err(Stop::Left)
}

/// What was found, by run.
fn shown(found: &[Leftover], regions: &[String]) -> String {
    if found.is_empty() {
        let regions: Vec<String> = regions.iter().map(|r| format!("`{r}`")).collect();
        return format!("no run has left anything in {}\n", listed(&regions, "or"));
    }
    let (mut text, mut run) = (String::new(), None);
    for left in found {
        if run != Some(&left.run) {
            text.push_str(&format!("{}\n", left.run));
            run = Some(&left.run);
        }
        let name = left.name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
        let age = left.age.map(|age| format!(", {} old", rough(age.as_secs()))).unwrap_or_default();
        let kept = match left.kept {
            None => String::new(),
            Some(Kept::Lease(until)) => {
                format!(": stays, its run lives until {} at least", until.strftime("%H:%M:%SZ"))
            }
            Some(Kept::Young(_)) => ": stays, its run has made something lately; see `--older-than`".to_owned(),
        };
        text.push_str(&format!(
            "  {} {}{name} in {} of `{}`{age}{kept}\n",
            left.kind, left.id, left.region, left.build
        ));
    }
    text
}

/// An age in its largest unit.
fn rough(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
