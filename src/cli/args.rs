//! What the command line takes, and its help. It knows no command's work.

use clap::{Args as Group, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Compiles `.bake` files, which say what machine images exist, into Packer plans.
#[derive(Parser, Debug)]
#[command(
    name = "bakec",
    version,
    about = "Compiles .bake files, which say what machine images exist, into Packer plans",
    long_about = "Compiles .bake files into Packer plans.\n\n\
        A .bake file says what images exist: a matrix of regions, releases and the like, and how each cell is built. bakec \
        expands it into one build per image, checks every option before anything runs, and writes JSON that `packer build` \
        takes as it is.",
    after_help = "Start with:\n  \
        bakec check                    find mistakes in main.bake\n  \
        bakec list                     see which builds the matrix holds\n  \
        bakec compile -o plan.json     write the plan, then: packer build plan.json\n  \
        bakec explain type::mismatch   read about a mistake\n\n\
        Exit codes: 0 done, 1 `fmt --check` found differences, 2 mistakes in the file or the arguments.",
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) shared: Shared,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes.
#[derive(Group, Debug)]
pub(super) struct Shared {
    /// Paint the output: only on a terminal, always, or never; NO_COLOR and CLICOLOR_FORCE are respected.
    #[arg(
        long,
        visible_alias = "colour",
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        help_heading = "Output"
    )]
    pub(super) color: When,
    /// Say only what is wrong: no warnings, no counts.
    #[arg(short, long, global = true, help_heading = "Output")]
    pub(super) quiet: bool,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Debug)]
pub(super) enum When {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Write the plan as Packer JSON, or as HCL.
    Compile(Compile),
    /// Find mistakes, write nothing.
    Check(Check),
    /// Show the builds with their axes.
    List(List),
    /// Rewrite files in the one canonical style.
    Fmt(Fmt),
    /// Read about a mistake by its code.
    Explain(Explain),
    /// Write a var-file to fill in, for `packer build -var-file`.
    Vars(Vars),
    /// Write a completion script for a shell.
    #[command(after_help = "For example:\n  bakec completions bash > ~/.local/share/bash-completion/completions/bakec")]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// What a program is given.
#[derive(Group, Debug)]
pub(super) struct Given {
    /// Give a param its value; may be repeated, the last one wins.
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Params")]
    pub(super) set: Vec<String>,
    /// Read values of params from a JSON file; may be repeated, `--set` wins.
    #[arg(long, value_name = "FILE", help_heading = "Params")]
    pub(super) params: Vec<String>,
    /// Refuse matrices of more cells.
    #[arg(long, value_name = "COUNT", default_value_t = 100_000, help_heading = "Limits")]
    pub(super) max_builds: usize,
    /// Do not compare builds with what EC2 offers.
    #[arg(long, conflicts_with = "facts", help_heading = "Limits")]
    pub(super) no_facts: bool,
    /// Read what EC2 offers from a file instead of the built-in data.
    #[arg(long, value_name = "FILE", help_heading = "Limits")]
    pub(super) facts: Option<String>,
}

/// Which builds.
#[derive(Group, Debug)]
pub(super) struct Selection {
    /// Take only the builds that match; may be repeated.
    ///
    /// A pattern is a name or glob (`us-east-1-*`), the value of an axis (`region=us-*`), or several of them joined by `+`
    /// that must all hold. Patterns with commas between them are alternatives.
    #[arg(long, value_name = "PATTERN", help_heading = "Selection")]
    pub(super) only: Vec<String>,
    /// Leave out the builds that match; the same patterns.
    #[arg(long, value_name = "PATTERN", help_heading = "Selection")]
    pub(super) except: Vec<String>,
}

impl Selection {
    /// Whether not all builds are wanted.
    pub(super) fn is_some(&self) -> bool {
        !self.only.is_empty() || !self.except.is_empty()
    }
}

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec compile official.bake | packer build -\n  \
    bakec compile official.bake -o plan.json --set version=2.6.4\n  \
    bakec compile --only region=us-east-1+virt=hvm -o one.json\n  \
    bakec compile --target packer-hcl -o official.pkr.hcl\n  \
    bakec compile layers.bake --stage all -o plans/     one template for each layer\n\n\
    Errors and warnings go to standard error. Without FILE: main.bake, or the only .bake file of the folder.")]
pub(super) struct Compile {
    /// The file to compile; `-` reads standard input.
    pub(super) file: Option<String>,
    /// Write the plan to a file, whole or not at all, instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<String>,
    /// What to write.
    #[arg(long, value_name = "TARGET", default_value = "packer-json")]
    pub(super) target: Target,
    /// Write the builds of one stage, or every stage to a file of its own.
    ///
    /// A build whose source is the AMI of another one is in a later stage than that; `bakec list` shows the stages. Under
    /// `all`, `--output plan.json` gives `plan.1.json`, `plan.2.json` and so on, and a folder gets the like by the name of
    /// FILE.
    #[arg(long, value_name = "N|all")]
    pub(super) stage: Option<Stage>,
    /// Leave out the `_bakec` comment, which holds what Packer need not know; of HCL, the first line.
    #[arg(long)]
    pub(super) bare: bool,
    /// Leave `required_plugins` out of the HCL, for a Packer that brings its plugins, as those before 1.7 do.
    #[arg(long)]
    pub(super) no_required_plugins: bool,
    /// What paths in the plan are relative to.
    #[arg(long, value_name = "WHAT", default_value = "cwd")]
    pub(super) paths: PathsFrom,
    /// List the files and environment variables that the plan depends on, and write no plan.
    #[arg(long, conflicts_with_all = ["output", "bare", "paths", "target", "stage", "no_required_plugins"])]
    pub(super) deps: bool,
    #[command(flatten)]
    pub(super) selection: Selection,
    #[command(flatten)]
    pub(super) given: Given,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Debug)]
pub(super) enum Target {
    /// Packer's JSON, which every version of Packer reads.
    PackerJson,
    /// HCL2, for today's Packer.
    PackerHcl,
}

/// Which stages.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Stage {
    All,
    One(u32),
}

impl std::str::FromStr for Stage {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            _ if text == "all" => Ok(Stage::All),
            Ok(0) | Err(_) => Err("a stage is a number from 1 upwards, or `all`"),
            Ok(number) => Ok(Stage::One(number)),
        }
    }
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Debug)]
pub(super) enum PathsFrom {
    /// The current folder: run Packer where bakec runs.
    Cwd,
    /// The plan's folder, by `{{template_dir}}`: run Packer anywhere.
    TemplateDir,
}

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec check\n  \
    bakec check images/*.bake\n  \
    bakec check --format github        annotations for GitHub Actions\n  \
    bakec check --format sarif > bake.sarif")]
pub(super) struct Check {
    /// The files, each as a program of its own; `-` reads standard input.
    pub(super) files: Vec<String>,
    /// The form of the diagnostics; all but `human` go to standard output.
    #[arg(long, value_name = "FORM", default_value = "human")]
    pub(super) format: Form,
    #[command(flatten)]
    pub(super) given: Given,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Debug)]
pub(super) enum Form {
    Human,
    Json,
    Github,
    Sarif,
}

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec list official.bake\n  \
    bakec list --only virt=hvm\n  \
    bakec list --json | jq -r '.[].name'")]
pub(super) struct List {
    /// The file; `-` reads standard input.
    pub(super) file: Option<String>,
    /// Write JSON: name, image, kind, axes and origin of each build.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) selection: Selection,
    #[command(flatten)]
    pub(super) given: Given,
}

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec fmt                    every .bake file below this folder\n  \
    bakec fmt --check --diff     for CI: shows what would change and exits with 1\n  \
    bakec fmt - < a.bake         standard input to standard output")]
pub(super) struct Fmt {
    /// Files and folders; `-` formats standard input. Without any, the current folder.
    pub(super) files: Vec<String>,
    /// Write nothing; name the files that would change, and exit with 1 if there are any.
    #[arg(long)]
    pub(super) check: bool,
    /// Write nothing; show what would change.
    #[arg(long)]
    pub(super) diff: bool,
}

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec explain                        every code with its summary\n  \
    bakec explain bake::type::mismatch\n  \
    bakec explain type::mismatch")]
pub(super) struct Explain {
    /// The code, as the diagnostic shows it.
    pub(super) code: Option<String>,
}

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec vars official.bake > local.json\n  \
    packer build -var-file local.json plan.json")]
pub(super) struct Vars {
    /// The file; `-` reads standard input.
    pub(super) file: Option<String>,
    #[command(flatten)]
    pub(super) given: Given,
}
