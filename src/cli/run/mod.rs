//! The commands of the executor: `run` here, and what `run`, `resume` and `clean` share.
//!
//! In reading order: `plan` is what is to be built, `inputs` what it is given and what of that is kept with the run, `rehearsal` the
//! EC2 that is played, `watch` who sees what happens, `signals` how it is ended; `verdict` says how it ended. `records` finds former
//! runs for `resume`, `clean`, `runs` and `show`, whose page `html` gathers. `outlook` tells what a run would do, for `plan`, and `since`
//! what has changed. Nothing here knows how an image is made.

mod clean;
mod html;
mod inputs;
mod keyboard;
mod outlook;
mod places;
mod plan;
mod records;
mod rehearsal;
mod resume;
mod runs;
mod show;
mod signals;
mod since;
mod supposed;
mod sweep;
mod timeline;
mod verdict;
mod watch;

pub(super) use clean::clean;
pub(super) use outlook::plan_run;
pub(super) use records::names;
pub(super) use resume::resume;
pub(super) use runs::runs;
pub(super) use show::show;

use std::path::PathBuf;

use crate::run::input::{Inputs, Moment, builds, outputs};
use crate::run::journal::line::Head;
use crate::run::preflight::Depth;
use crate::run::settings::{OnError, Settings};
use crate::run::{aws, bake};

use super::args_run::{self as args, Endpoint, Manner, Run};
use super::terminal::Terminal;
use super::{Outcome, Stop, file};
use inputs::Kept;
use plan::Planned;
use rehearsal::Rehearsal;
use watch::Watch;

/// `bakec run`
pub(super) fn run(args: &Run, terminal: &Terminal) -> Outcome {
    sensible(args, terminal)?;
    let plan = plan::of(args, terminal)?;
    runtime(terminal)?.block_on(make(args, plan, terminal))
}

/// The way of a run. Read this first.
async fn make(args: &Run, mut plan: Planned, terminal: &Terminal) -> Outcome {
    let mut inputs = inputs::of_run(args, &plan, terminal)?;
    if args.reach.rehearse {
        rehearsal::fill_in(&plan.document, &mut inputs, terminal);
    }
    let rehearsal = match args.reach.rehearse {
        true => Some(Rehearsal::start(&args.reach, terminal).await?),
        false => None,
    };
    let steady = args.manner.debug || keyboard::is_asked(&plan.document, args.manner.on_error.into());
    let (events, mut watch) = Watch::begin(&args.show, std::mem::take(&mut plan.texts), steady, terminal)?;
    let (builds, warnings) = match builds(&plan.document, &inputs, events.gate()) {
        Ok(ready) => ready,
        Err(problems) => return verdict::refused(problems, events, watch, terminal).await,
    };
    for warning in warnings {
        watch.warn(&warning.message, warning.help.as_deref(), terminal);
    }
    let outputs = match outputs(&plan.document, &inputs, events.gate()) {
        Ok(outputs) => outputs,
        Err(problems) => return verdict::refused(problems, events, watch, terminal).await,
    };
    if let Some(rehearsal) = &rehearsal {
        rehearsal.suppose(&builds, terminal);
    }
    spare_git(&args.runs.runs, terminal);
    let mut settings = Settings { outputs, ..settings(args, inputs, &plan) };
    settings.parallel = places::at_once(settings.parallel, builds.len(), rehearsal.is_some(), terminal);
    if let Some(rehearsal) = &rehearsal {
        rehearsal.reached(&mut settings);
    }
    settings.keyboard = keyboard::keyboard(&events);
    // Somebody who pipes an answer in for each pause is as good as one at the keyboard.
    settings.pause = args.manner.debug.then(|| settings.keyboard.clone().unwrap_or_else(|| keyboard::pauses(&events)));
    let cancel = watch.heed_signals(&events, terminal)?;
    let mut outcome = bake(builds, settings, events.clone(), cancel).await;
    if rehearsal.is_some() {
        outcome.refused.iter_mut().for_each(Rehearsal::explain);
    }
    let stop = verdict::of(&outcome, events, &mut watch, terminal).await;
    if let (Some(rehearsal), Some(_)) = (&rehearsal, &outcome.run) {
        rehearsal.tell(&outcome, &watch, terminal)?;
    }
    stop
}

/// What does not go together, or is known and not done.
fn sensible(args: &Run, terminal: &Terminal) -> Outcome {
    let fail = |message: &str, help: &str| Err(terminal.fail(message, Some(help)));
    if args.manner.on_error == args::OnError::Ask && !keyboard::is_there() {
        let help = "`abort` leaves all as it is, so that you can look at it, and `cleanup` undoes it";
        return fail("`--on-error ask` asks at a terminal, and standard input is none", help);
    }
    if args.manner.debug && args.file.as_deref() == Some("-") {
        return fail(
            "`--debug` reads the keyboard, and `-` reads the plan from there too",
            "write the plan to a file first",
        );
    }
    Ok(())
}

/// What the executor is told.
fn settings(args: &Run, inputs: Inputs, plan: &Planned) -> Settings {
    let Manner { on_error, force, timeout, packer_defaults, .. } = args.manner;
    let kept = Kept::of(args, &inputs, plan);
    Settings {
        runs: PathBuf::from(&args.runs.runs),
        parallel: args.manner.at_once(),
        on_error: on_error.into(),
        force,
        reach: args.reach.endpoint.reach(),
        timeout,
        packer_defaults,
        plan: plan.text.clone(),
        kept: kept.text(),
        moment: inputs.moment,
        depth: if args.manner.no_permission_check { Depth::Nothing } else { Depth::Run },
        ..Settings::default()
    }
}

impl Endpoint {
    /// How EC2 is reached, as far as it is said here.
    fn reach(&self) -> aws::Reach {
        let (endpoint, scale) = (self.endpoint_url.clone(), self.endpoint_scale);
        aws::Reach { endpoint, scale, ask: Some(keyboard::asks()), ..aws::Reach::default() }
    }

    /// The same, and else as a run was made.
    fn reach_of(&self, head: &Head) -> aws::Reach {
        let reach = self.reach();
        let endpoint = reach.endpoint.or_else(|| head.endpoint.clone());
        aws::Reach { endpoint, scale: reach.scale.or(head.scale), ..reach }
    }
}

impl Manner {
    /// How many builds are made at once; all where it is 0.
    fn at_once(&self) -> usize {
        if self.debug || !self.parallel { 1 } else { self.parallel_builds }
    }
}

impl From<args::OnError> for OnError {
    fn from(wanted: args::OnError) -> Self {
        match wanted {
            args::OnError::Abort => OnError::Abort,
            args::OnError::RunCleanupProvisioner => OnError::RunCleanupProvisioner,
            args::OnError::Cleanup => OnError::Cleanup,
            args::OnError::Ask => OnError::Ask,
        }
    }
}

/// A new `.bakec` folder is nothing for git: keys lie in it while a run goes on.
fn spare_git(runs: &str, terminal: &Terminal) {
    let Some(folder) = std::path::Path::new(runs).parent().filter(|f| f.ends_with(".bakec")) else { return };
    if folder.exists() || std::fs::create_dir_all(folder).is_err() {
        return;
    }
    if let Err(error) = file::write(&folder.join(".gitignore"), |out| out.write_all(b"*\n")) {
        terminal.warn(&format!("`{}` cannot be written: {error}", folder.join(".gitignore").display()), None);
    }
}

fn runtime(terminal: &Terminal) -> Result<tokio::runtime::Runtime, Stop> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| terminal.fail(&format!("threads cannot be started: {error}"), None))
}

/// The moment of a run that begins now.
fn now() -> Moment {
    Moment::now()
}
