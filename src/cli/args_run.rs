//! What the commands of the executor take: `run`, `resume`, `clean`, `runs`, `show`.

use std::time::Duration;

use clap::builder::NonEmptyStringValueParser as Named;
use clap::{Args as Group, ValueEnum, ValueHint};

use crate::facts::regions;
use crate::rehearse::{Ami, Fault};
use crate::text::duration;

use super::args::{Given, Selection};
use super::complete;

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec run --rehearse                            the whole run, without an account: see what would happen\n  \
    bakec run official.bake --only region=us-east-1+virt=hvm\n  \
    bakec run plan.json --var-file local.json       a plan, or a template that was written for Packer\n  \
    bakec run --parallel-builds 4 --timeout 1h\n  \
    bakec run --only test-1404-ebs --debug          stop after each step, and look\n  \
    bakec compile official.bake | bakec run -\n\n\
    Without FILE: main.bake, or the only .bake file of the folder. Everything is asked and checked before the first machine is \
    started. Each call is recorded before it is made, in a folder below `.bakec/runs`: after a crash `bakec resume` goes on, and \
    `bakec clean` takes back what is left.\n\n\
    Ctrl-C once ends the call in flight, and undoes what was made; twice waits for nothing any more, and still asks for every \
    deletion; three times ends at once, and says what remains.\n\n\
    Credentials are found as AWS's own tools find them: AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and so on. \
    Options of `packer build` are understood with one dash too. BAKEC_LOG=1 writes every call to standard error, BAKEC_LOG_PATH to \
    a file; PACKER_LOG and PACKER_LOG_PATH do the same.\n\n\
    Exit codes: 0 all built, 1 a build failed, 2 mistakes in the file or the arguments, 3 refused before anything began, 4 something \
    may be left behind, 130 cancelled and clean.")]
pub(super) struct Run {
    /// A program, a plan, or a template in Packer's JSON; `-` reads standard input.
    #[arg(value_parser = Named::new(), add = complete::plans())]
    pub(super) file: Option<String>,
    #[command(flatten)]
    pub(super) selection: Selection,
    #[command(flatten)]
    pub(super) variables: Variables,
    #[command(flatten)]
    pub(super) manner: Manner,
    #[command(flatten)]
    pub(super) reach: Reach,
    #[command(flatten)]
    pub(super) show: Shown,
    #[command(flatten)]
    pub(super) runs: Folder,
    #[command(flatten)]
    pub(super) given: Given,
}

/// Values of variables.
#[derive(Group, Debug, Clone, Default)]
pub(super) struct Variables {
    /// Give a variable its value; may be repeated, the last one wins.
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Variables")]
    pub(super) var: Vec<String>,
    /// Read values of variables from a JSON file; may be repeated, `--var` wins.
    #[arg(long, value_name = "FILE", help_heading = "Variables", add = complete::json_files())]
    pub(super) var_file: Vec<String>,
}

/// How builds are made.
#[derive(Group, Debug)]
pub(super) struct Manner {
    /// Make so many builds at once; 0 makes all of them at once.
    #[arg(long, value_name = "COUNT", default_value_t = 0, hide_default_value = true, help_heading = "Builds")]
    pub(super) parallel_builds: usize,
    /// Make one build after the other: `--parallel=false`.
    #[arg(
        long,
        value_name = "BOOL",
        default_value_t = true,
        hide_default_value = true,
        action = clap::ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        help_heading = "Builds"
    )]
    pub(super) parallel: bool,
    /// What becomes of what a failed build has made.
    #[arg(long, value_name = "WHAT", default_value = "cleanup", help_heading = "Builds")]
    pub(super) on_error: OnError,
    /// Let a former image of the same name make room for the new one.
    #[arg(long, help_heading = "Builds")]
    pub(super) force: bool,
    /// End a build that takes longer, such as `90m`; what it made is undone.
    #[arg(long, value_name = "SPAN", value_parser = span, help_heading = "Builds")]
    pub(super) timeout: Option<Duration>,
    /// One build at a time, with a pause after each step.
    #[arg(long, help_heading = "Builds")]
    pub(super) debug: bool,
    /// Do not ask beforehand what the credentials may do after the launch.
    #[arg(long, help_heading = "Builds")]
    pub(super) no_permission_check: bool,
    /// Do as Packer does also where bakec has a safer way.
    #[arg(long, help_heading = "Builds")]
    pub(super) packer_defaults: bool,
}

/// What becomes of what a failed build has made.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OnError {
    /// Everything is undone.
    #[default]
    Cleanup,
    /// Nothing is undone, so that you can look at it; `bakec clean` does it later.
    Abort,
    /// The same, but the `cleanup` steps of the program are run on the machine.
    RunCleanupProvisioner,
    /// You are asked: undo everything, leave it, or try again what has failed.
    Ask,
}

/// Where EC2 is.
#[derive(Group, Debug)]
pub(super) struct Reach {
    /// Rehearse: EC2 is played in this program, no account is needed, and no image is built.
    #[arg(long, conflicts_with = "endpoint_url", help_heading = "EC2")]
    pub(super) rehearse: bool,
    /// Add a public AMI to those that the rehearsal knows; may be repeated.
    #[arg(long, value_name = "REGION/ID[,KEY=VALUE…]", requires = "rehearse", help_heading = "EC2")]
    pub(super) ami: Vec<Ami>,
    /// Let something go wrong in the rehearsal, as `throttle@RunInstances:1`; `bakec rehearse-server --help` tells all of them.
    #[arg(long, value_name = "FAULT", requires = "rehearse", help_heading = "EC2")]
    pub(super) fault: Vec<Fault>,
    /// Let the rehearsal allow only what this policy of IAM's allows, as `bakec plan --iam` writes one; may be repeated.
    #[arg(long, value_name = "[KEY=]FILE", requires = "rehearse", value_hint = ValueHint::FilePath, help_heading = "EC2")]
    pub(super) policy: Vec<String>,
    #[command(flatten)]
    pub(super) endpoint: Endpoint,
}

/// An EC2 of one's own.
#[derive(Group, Debug)]
pub(super) struct Endpoint {
    /// Call EC2 there, whatever the plan, the records of the run or AWS's configuration say.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, help_heading = "EC2")]
    pub(super) endpoint_url: Option<String>,
    /// The clock of the endpoint runs so many times as fast as AWS's: that of `bakec rehearse-server --scale`.
    #[arg(long, value_name = "FACTOR", requires = "endpoint_url", value_parser = super::args_rehearse::scale, help_heading = "EC2")]
    pub(super) endpoint_scale: Option<f64>,
}

/// How a run is shown.
#[derive(Group, Debug)]
pub(super) struct Shown {
    /// Write events in this form; without it, a board on a terminal and lines elsewhere.
    #[arg(long, value_name = "FORM", help_heading = "Output")]
    pub(super) events: Option<Events>,
    /// Write Packer's machine-readable lines: time, target, type, data.
    #[arg(long, conflicts_with = "events", help_heading = "Output")]
    pub(super) machine_readable: bool,
    /// Begin each line with the time.
    #[arg(long, help_heading = "Output")]
    pub(super) timestamp_ui: bool,
}

/// The form of events.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Events {
    /// Lines for people, `==> build: words`, on a terminal too.
    Lines,
    /// A line of JSON an event; `bakec schema events` writes the schema.
    Json,
}

/// Where records of runs lie.
#[derive(Group, Debug)]
pub(super) struct Folder {
    /// The folder that holds the records of all runs.
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = ".bakec/runs",
        value_parser = Named::new(),
        value_hint = ValueHint::DirPath,
        help_heading = "Records"
    )]
    pub(super) runs: String,
}

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec resume last\n  \
    bakec resume 20261121-1205                any beginning that only one run has\n  \
    bakec resume last --var password=…        secrets are not kept, and given again\n\n\
    Steps that are done are not done again; of one that was begun AWS is asked what came of it. A machine on which a provisioner \
    was interrupted is not trusted, and its build begins again; what was interrupted on this machine needs your word. Builds that have failed stay failed. Scripts and files must be \
    what they were. The exit codes are those of `bakec run`.")]
pub(super) struct Resume {
    /// The run: its name or the beginning of it; `last` is the newest.
    #[arg(value_parser = Named::new(), add = complete::runs())]
    pub(super) run: String,
    /// Run again what was interrupted in the middle, because you know that it can be run twice: provisioners on the same machine,
    /// commands on this one.
    #[arg(long, alias = "rerun-provisioner")]
    pub(super) again: bool,
    #[command(flatten)]
    pub(super) variables: Variables,
    #[command(flatten)]
    pub(super) endpoint: Endpoint,
    #[command(flatten)]
    pub(super) show: Shown,
    #[command(flatten)]
    pub(super) folder: Folder,
}

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec clean last --dry-run     list what the run may have left\n  \
    bakec clean last               undo it\n  \
    bakec clean                    the same for every run that is not closed\n  \
    bakec clean --region us-east-1,eu-west-1 --dry-run      by tags: also what runs elsewhere have left\n  \
    bakec clean --region us-east-1 --older-than 2d\n\n\
    What is undone is read from the records of the run, or from the tags of what is there. Images that were finished stay, and so \
    does what belongs to a run that still lives. It ends with 4 where something may still be there: run it again later.")]
pub(super) struct Clean {
    /// The run: its name or the beginning of it, or `last`; without one, every run that may have left something.
    #[arg(value_parser = Named::new(), add = complete::runs())]
    pub(super) run: Option<String>,
    /// List what would be undone, and undo nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Look in these regions for what runs have tagged, without their records; may be repeated, or hold commas.
    #[arg(long, value_name = "REGION", value_delimiter = ',', value_parser = region, help_heading = "By tags")]
    pub(super) region: Vec<String>,
    /// Leave alone what belongs to a run that has made something since.
    #[arg(long, value_name = "SPAN", default_value = "6h", value_parser = duration::parse, help_heading = "By tags")]
    pub(super) older_than: Duration,
    #[command(flatten)]
    pub(super) variables: Variables,
    #[command(flatten)]
    pub(super) endpoint: Endpoint,
    #[command(flatten)]
    pub(super) show: Shown,
    #[command(flatten)]
    pub(super) folder: Folder,
}

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec runs\n  \
    bakec runs --json | jq -r '.[] | select(.state == \"interrupted\") | .run'")]
pub(super) struct Runs {
    /// Write JSON: an array, the newest run first.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) folder: Folder,
}

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec show last\n  \
    bakec show last --json | jq '.builds[].artifact'
  \
    bakec show last --html -o run.html             one page for a browser, complete in itself")]
pub(super) struct Show {
    /// The run: its name or the beginning of it; `last` is the newest.
    #[arg(default_value = "last", hide_default_value = true, value_parser = Named::new(), add = complete::runs())]
    pub(super) run: String,
    /// Write JSON.
    #[arg(long, conflicts_with = "html")]
    pub(super) json: bool,
    /// Write a page for a browser: the timeline of builds and steps, calls and waits, what was made, errors.
    #[arg(long)]
    pub(super) html: bool,
    /// Write it to a file, whole or not at all, instead of standard output.
    #[arg(short, long, value_name = "FILE", value_parser = Named::new(), value_hint = ValueHint::FilePath)]
    pub(super) output: Option<String>,
    #[command(flatten)]
    pub(super) folder: Folder,
}

/// A region that there is.
fn region(name: &str) -> Result<String, String> {
    regions::known(name).map(|region| region.name.to_owned())
}

/// A span of time that is not empty.
fn span(text: &str) -> Result<Duration, String> {
    match duration::parse(text)? {
        Duration::ZERO => Err("no build is made in no time".to_owned()),
        span => Ok(span),
    }
}
