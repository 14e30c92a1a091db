//! `bakec resume`: goes on with a run; and what it shares with `clean`: the plan and inputs that were kept.

use std::path::{Path, PathBuf};

use crate::inspect::select::documents::restrict;
use crate::packer::document::Document;
use crate::packer::read_placed;
use crate::run::begin::{KEPT, PLAN};
use crate::run::build::Build;
use crate::run::event::Events;
use crate::run::input::{Inputs, Moment, builds, outputs};
use crate::run::journal::fold::Record;
use crate::run::problem::Problem;
use crate::run::settings::Settings;
use crate::run::{aws, settle};
use crate::text::FileId;
use crate::text::words::list;

use super::super::args_run::{Endpoint, Resume, Variables};
use super::super::terminal::Terminal;
use super::super::{Outcome, Stop};
use super::inputs::Kept;
use super::watch::Watch;
use super::{keyboard, places, records, runtime, verdict};

/// `bakec resume`
pub(in crate::cli) fn resume(args: &Resume, terminal: &Terminal) -> Outcome {
    let folder = records::find(&args.folder.runs, &args.run, terminal)?;
    let record = records::record(&folder, terminal)?;
    let name = &record.head.run;
    if record.closed {
        let help = "`bakec show` tells how it went, `bakec run` begins another one";
        return Err(terminal.fail(&format!("the run `{name}` is over"), Some(help)));
    }
    if record.head.rehearsed {
        let help = "its EC2 ended with it, and so did all that was made; begin again by `bakec run --rehearse`";
        return Err(terminal.fail(&format!("the run `{name}` was a rehearsal"), Some(help)));
    }
    let former = Former::of(folder, record, &args.variables, terminal)?;
    runtime(terminal)?.block_on(go_on(args, former, terminal))
}

async fn go_on(args: &Resume, former: Former, terminal: &Terminal) -> Outcome {
    let document = former.document();
    let steady = keyboard::is_asked(&document, former.kept.on_error.into());
    let (events, mut watch) = Watch::begin(&args.show, Default::default(), steady, terminal)?;
    let builds = match former.builds(&events) {
        Ok(builds) => builds,
        Err(problems) => return verdict::refused(problems, events, watch, terminal).await,
    };
    let cancel = watch.heed_signals(&events, terminal)?;
    let outputs = match outputs(&document, &former.inputs, events.gate()) {
        Ok(outputs) => outputs,
        Err(problems) => return verdict::refused(problems, events, watch, terminal).await,
    };
    let mut settings = Settings {
        outputs,
        again: args.again,
        keyboard: keyboard::keyboard(&events),
        ..former.settings(&args.endpoint)
    };
    settings.parallel = places::at_once(settings.parallel, builds.len(), false, terminal);
    let ended = settle::resume(&former.folder, builds, settings, events.clone(), cancel).await;
    verdict::of(&ended, events, &mut watch, terminal).await
}

/// A former run with all that was kept of it.
pub(super) struct Former {
    pub(super) folder: PathBuf,
    record: Record,
    kept: Kept,
    inputs: Inputs,
    plan: String,
}

impl Former {
    /// Reads what was kept. From now on the process stands in the folder in which the run was begun.
    pub(super) fn of(folder: PathBuf, record: Record, given: &Variables, terminal: &Terminal) -> Result<Former, Stop> {
        let read = |name: &str| {
            std::fs::read_to_string(folder.join(name)).map_err(|error| {
                let path = folder.join(name);
                terminal.fail(
                    &format!("`{}` cannot be read: {error}", path.display()),
                    Some("without it the run is not known"),
                )
            })
        };
        let (plan, kept) = (read(PLAN)?, read(KEPT)?);
        if blake3::hash(plan.as_bytes()).to_hex().as_str() != record.head.plan {
            let help = "undo the run by its tags, or put the plan back";
            return Err(terminal
                .fail(&format!("the plan `{}` is not that of the run", folder.join(PLAN).display()), Some(help)));
        }
        let Some(kept) = Kept::read(&kept) else {
            let help = "a newer bakec wrote it, or it was changed by hand";
            return Err(terminal.fail(&format!("`{}` cannot be understood", folder.join(KEPT).display()), Some(help)));
        };
        let moment = Moment { at: record.head.moment, uuid: record.head.uuid.clone() };
        let inputs = kept.inputs(given, moment, terminal)?;
        let missing: Vec<String> = kept.missing(&inputs).into_iter().map(|name| format!("`{name}`")).collect();
        if !missing.is_empty() {
            let message = format!("secrets are not kept with a run: {} must be given again", list(&missing, "and"));
            terminal.fail(&message, Some("write `--var NAME=VALUE`, or name the file by `--var-file`"));
            return Err(Stop::Refused);
        }
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        stand_in(&kept.current, terminal)?;
        // Paths are shown as short as where the run was begun.
        let folder = folder.strip_prefix(&kept.current).map(Path::to_owned).unwrap_or(folder);
        Ok(Former { folder, record, kept, inputs, plan })
    }

    /// The plan.
    fn document(&self) -> Document {
        read_placed(FileId(0), &self.kept.file, &self.plan).0.unwrap_or_default()
    }

    /// The builds of the plan that belong to the run.
    pub(super) fn builds(&self, events: &Events) -> Result<Vec<Build>, Vec<Problem>> {
        let mut document = self.document();
        restrict(&mut document, &self.kept.builds.iter().map(String::as_str).collect());
        builds(&document, &self.inputs, events.gate()).map(|(builds, _)| builds)
    }

    /// The settings of then, where nothing else is said now.
    pub(super) fn settings(&self, now: &Endpoint) -> Settings {
        let reach = now.reach_of(&self.record.head);
        let scale = reach.scale.or(self.kept.scale);
        Settings {
            runs: self.folder.parent().map(Path::to_owned).unwrap_or_default(),
            parallel: self.kept.parallel,
            on_error: self.kept.on_error.into(),
            force: self.kept.force,
            reach: aws::Reach { scale, ..reach },
            timeout: self.kept.timeout(),
            packer_defaults: self.kept.packer_defaults,
            plan: self.plan.clone(),
            moment: self.inputs.moment.clone(),
            ..Settings::default()
        }
    }
}

/// Paths of a plan begin in the folder in which its run was begun.
fn stand_in(folder: &Path, terminal: &Terminal) -> Outcome {
    std::env::set_current_dir(folder).map_err(|error| {
        let message = format!("the run was begun in `{}`, which cannot be entered: {error}", folder.display());
        terminal.fail(&message, Some("paths of its plan begin there"))
    })
}
