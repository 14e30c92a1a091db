//! What a plan is given: variables, the environment, the moment; and what of that is kept, so that the run can be gone on with.
//!
//! Secrets are not kept: they are asked for again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::load::{Disk, World};
use crate::run::input::{Inputs, given};

use super::super::Stop;
use super::super::args_run::{OnError, Run, Variables};
use super::super::terminal::Terminal;
use super::plan::Planned;

/// Version of what is kept.
const FORMAT: u32 = 1;

/// How a run was asked for, as far as its plan does not say it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    format: u32,
    /// The file, as it was named.
    pub(super) file: String,
    /// The folder that holds it.
    pub(super) folder: PathBuf,
    /// The folder in which paths of the plan begin.
    pub(super) current: PathBuf,
    /// The builds that are wanted.
    pub(super) builds: Vec<String>,
    /// Values that were given to variables, without secrets.
    vars: BTreeMap<String, String>,
    /// Secret variables that were given a value.
    secrets: Vec<String>,
    except_posts: Vec<String>,
    pub(super) packer_defaults: bool,
    pub(super) force: bool,
    pub(super) on_error: OnError,
    pub(super) parallel: usize,
    /// In seconds.
    timeout: Option<u64>,
    /// How fast the endpoint's clock goes.
    pub(super) scale: Option<f64>,
}

/// What a run's plan is given.
pub(super) fn of_run(args: &Run, plan: &Planned, terminal: &Terminal) -> Result<Inputs, Stop> {
    let (vars, var_files) = variables(&args.variables, terminal)?;
    let current = std::env::current_dir()
        .map_err(|error| terminal.fail(&format!("the current folder cannot be told: {error}"), None))?;
    Ok(Inputs {
        vars,
        var_files,
        moment: super::now(),
        packer_defaults: args.manner.packer_defaults,
        force: args.manner.force,
        folder: plan.folder.clone(),
        current,
        environment: environment(),
        kinds: plan.kinds.clone(),
        except_posts: plan.except_posts.clone(),
    })
}

type Given = (Vec<(String, String)>, Vec<(String, String)>);

/// The variables and the texts of their files.
pub(super) fn variables(args: &Variables, terminal: &Terminal) -> Result<Given, Stop> {
    let one = |given: &String| match given.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err(terminal.fail(&format!("`--var {given}` has no value"), Some("write `--var NAME=VALUE`"))),
    };
    let vars = args.var.iter().map(one).collect::<Result<_, _>>()?;
    let file = |path: &String| {
        let text = Disk.read(path).map_err(|error| {
            terminal.fail(&format!("the file of variables `{path}` cannot be read: {}", error.words().0), None)
        })?;
        Ok((path.clone(), text))
    };
    let files = args.var_file.iter().map(file).collect::<Result<_, Stop>>()?;
    Ok((vars, files))
}

/// The variables of the environment that are text.
fn environment() -> BTreeMap<String, String> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}

impl Kept {
    /// What is kept of a run that begins.
    pub(super) fn of(args: &Run, inputs: &Inputs, plan: &Planned) -> Kept {
        let is_secret = |name: &str| plan.document.variables.iter().any(|v| v.name == name && v.secret);
        let (secrets, vars): (BTreeMap<_, _>, BTreeMap<_, _>) =
            given(inputs).into_iter().partition(|(name, _)| is_secret(name));
        Kept {
            format: FORMAT,
            file: plan.file.clone(),
            folder: inputs.folder.clone(),
            current: inputs.current.clone(),
            builds: plan.document.builds.iter().map(|b| b.name.clone()).collect(),
            vars,
            secrets: secrets.into_keys().collect(),
            except_posts: plan.except_posts.clone(),
            packer_defaults: args.manner.packer_defaults,
            force: args.manner.force,
            on_error: args.manner.on_error,
            parallel: args.manner.at_once(),
            timeout: args.manner.timeout.map(|t| t.as_secs()),
            scale: args.reach.endpoint.endpoint_scale,
        }
    }

    /// As it is kept.
    pub(super) fn text(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// What was kept with a run.
    pub(super) fn read(text: &str) -> Option<Kept> {
        serde_json::from_str(text).ok().filter(|kept: &Kept| kept.format <= FORMAT)
    }

    pub(super) fn timeout(&self) -> Option<Duration> {
        self.timeout.map(Duration::from_secs)
    }

    /// The inputs of a run that goes on: those of then, with what is given now.
    pub(super) fn inputs(
        &self,
        args: &Variables,
        moment: crate::run::input::Moment,
        terminal: &Terminal,
    ) -> Result<Inputs, Stop> {
        let (now, var_files) = variables(args, terminal)?;
        let vars = self.vars.clone().into_iter().chain(now).collect();
        Ok(Inputs {
            vars,
            var_files,
            moment,
            packer_defaults: self.packer_defaults,
            force: self.force,
            folder: self.folder.clone(),
            current: self.current.clone(),
            environment: environment(),
            kinds: std::sync::Arc::new(crate::compile::schema(&Disk, None).kinds),
            except_posts: self.except_posts.clone(),
        })
    }

    /// Secrets that were given then and are not given now.
    pub(super) fn missing(&self, inputs: &Inputs) -> Vec<&str> {
        let now = given(inputs);
        self.secrets.iter().map(String::as_str).filter(|name| !now.contains_key(*name)).collect()
    }
}
