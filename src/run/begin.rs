//! The beginning of a run: its folder with the plan, and its journal.
//!
//! Neighbours: `journal` holds the record from then on; `settle` finds it again.

use std::path::Path;

use super::build::Build;
use super::journal::Journal;
use super::journal::line::{FORMAT, Head};
use super::problem::Problem;
use super::reached::Reached;
use super::settings::Settings;
use super::step::{Run, lease};
use super::{files, settle};
use crate::diagnostic::code;

/// The plan's file in the folder of a run.
pub const PLAN: &str = "plan.json";

/// The file that says how the run was asked for.
pub const KEPT: &str = "asked.json";

/// Makes the folder of a run with its plan and its journal.
///
/// # Errors
/// Where the folder cannot be written, or a file that the builds read cannot be read.
pub(super) fn begin(builds: &[Build], settings: &Settings) -> Result<Run, Problem> {
    let salt = format!("{:032x}", rand::random::<u128>());
    let moment = settings.moment.at;
    let name = format!("{}-{}", moment.strftime("%Y%m%d-%H%M%S"), &salt[..6]);
    let folder = settings.runs.join(&name);
    let io = |error: std::io::Error| {
        Problem::refused(code::RUN_FOLDER, format!("the folder `{}` cannot be written: {error}", folder.display()))
            .help("run it where you may write, or name another folder by `--runs`")
    };
    std::fs::create_dir_all(&settings.runs).and_then(|()| own_folder(&folder)).map_err(io)?;
    std::fs::write(folder.join(PLAN), &settings.plan).map_err(io)?;
    std::fs::write(folder.join(KEPT), &settings.kept).map_err(io)?;
    let head = Head {
        format: FORMAT,
        run: name.clone(),
        salt: salt.clone(),
        bakec: env!("CARGO_PKG_VERSION").to_owned(),
        moment,
        uuid: settings.moment.uuid.clone(),
        host: host(),
        pid: std::process::id(),
        plan: blake3::hash(settings.plan.as_bytes()).to_hex().to_string(),
        files: files::digests(builds).map_err(io)?,
        builds: builds.iter().map(|b| b.name.to_string()).collect(),
        endpoint: settings.reach.endpoint.clone(),
        rehearsed: settings.rehearsed,
        ways: builds.iter().map(|b| (b.name.to_string(), Reached::from(b).way())).collect(),
        scale: settings.reach.scale,
        packer_defaults: settings.packer_defaults,
    };
    let journal = Journal::create(&folder, head).map_err(|error| settle::unusable(&name, error))?;
    Ok(Run::new(journal, settings))
}

impl Run {
    /// The run of a journal.
    pub(super) fn new(journal: Journal, settings: &Settings) -> Run {
        let (name, salt) = journal.look(|r| (r.head.run.clone(), r.head.salt.clone()));
        let lease = settings.lease.unwrap_or_else(|| lease::span(settings.reach.scale.unwrap_or(1.0)));
        let Settings { absence, packer_defaults, .. } = *settings;
        Run { journal, name, salt, absence, lease, moved: None, packer_defaults }
    }
}

/// Makes a folder that only its owner may look into: keys lie in it for a while.
fn own_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The name of this machine.
pub fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}
