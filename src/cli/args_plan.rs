//! What `plan` takes: all that `run` takes, and how it is told.

use clap::Args as Group;

use super::args_run::Run;

/// What the help of `plan` ends with.
pub(super) const HELP: &str = "For example:\n  \
    bakec plan official.bake --only region=us-east-1\n  \
    bakec plan plan.json --var-file local.json --json | jq -r '.builds[].image'\n  \
    bakec plan --live                               ask AWS, by calls that look and by dry runs\n  \
    bakec plan --live --rehearse                    ask an EC2 that is played\n  \
    bakec plan --iam > policy.json                  what the credentials must be allowed\n\n\
    It takes the arguments of `bakec run`, and tells what a run with them would do: put `plan` in the place of `run`. Without `--live` \
    nothing is asked, and nothing is written in any case.\n\n\
    Exit codes: 0 told, 2 mistakes in the file or the arguments, 3 a run would be refused.";

#[derive(Group, Debug)]
pub(super) struct Plan {
    /// Ask AWS what can be known beforehand, by calls that look and by dry runs: images, types, names, permissions.
    #[arg(long, help_heading = "Plan")]
    pub(super) live: bool,
    /// Write the least policy of IAM's with which a run can be made.
    #[arg(long, conflicts_with_all = ["live", "json", "each"], help_heading = "Plan")]
    pub(super) iam: bool,
    /// Write JSON.
    #[arg(long, help_heading = "Plan")]
    pub(super) json: bool,
    /// Give each build a row, however many there are.
    #[arg(long, conflicts_with = "json", help_heading = "Plan")]
    pub(super) each: bool,
    #[command(flatten)]
    pub(super) run: Run,
}
