//! What the command line takes, and its help. It knows no command's work.

use clap::builder::NonEmptyStringValueParser as Named;
use clap::{Args as Group, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use super::complete;

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
        bakec init                     write a first main.bake\n  \
        bakec check                    find mistakes in main.bake\n  \
        bakec list                     see which builds the matrix holds\n  \
        bakec compile -o plan.json     write the plan, then: packer build plan.json\n  \
        bakec doc amazon-ebs           read about a kind and its options\n  \
        bakec explain type::mismatch   read about a mistake\n\n\
        Exit codes: 0 done, 1 `diff` or `fmt --check` found differences, 2 mistakes in the file or the arguments.",
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

impl When {
    /// The word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            When::Auto => "auto",
            When::Always => "always",
            When::Never => "never",
        }
    }
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Write a first program to start from.
    Init(Init),
    /// Make a program of a template of Packer's.
    #[command(long_about = "Make a program of a template of Packer's, in legacy JSON or HCL2.\n\n\
            Builders that resemble each other become one image with a matrix, `only` and `except` become conditions, old names \
            are mended as `packer fix` does, and comments are kept. The program is compiled before it is written: its plan \
            means what the template means. What cannot be said stays as a comment that begins with `import:`, and is told. A value \
            that nobody has filled in becomes a variable without a default.\n\n\
            Exit codes: 0 done, 2 the template cannot be read, or it has mistakes that the program has too. Such a program is \
            written nevertheless.")]
    Import(Import),
    /// Write the plan as Packer JSON, as HCL, or through a template of your own.
    Compile(Compile),
    /// Build the images on EC2, or rehearse it.
    #[cfg(feature = "run")]
    #[command(
        long_about = "Build the images of a program or plan on EC2; with `--rehearse` on an EC2 that is played, to see a whole run."
    )]
    Run(Box<super::args_run::Run>),
    /// Tell what a run would do, without doing it.
    #[cfg(feature = "run")]
    #[command(
        long_about = "Tell what a run of a program or plan would do, without doing it; with `--live`, what AWS says to it.",
        after_help = super::args_plan::HELP
    )]
    Plan(Box<super::args_plan::Plan>),
    /// Go on with a run that was interrupted.
    #[cfg(feature = "run")]
    #[command(long_about = "Go on with a run where a crash, a kill or a lost network left it.")]
    Resume(super::args_run::Resume),
    /// Undo what runs have left behind.
    #[cfg(feature = "run")]
    Clean(super::args_run::Clean),
    /// List the runs that there were.
    #[cfg(feature = "run")]
    Runs(super::args_run::Runs),
    /// Show a run: its builds, steps, resources and log files.
    #[cfg(feature = "run")]
    Show(super::args_run::Show),
    /// Find mistakes, write nothing.
    Check(Check),
    /// Show the builds with their axes.
    List(List),
    /// Show what is different between two plans, programs or versions.
    #[command(long_about = "Show what is different between two plans.\n\n\
            A side is a .bake file, which is compiled with what `--set` and `--params` give it; a plan in JSON, bakec's own or any \
            template in Packer's JSON; `-` for standard input; or REV:FILE, a file of a git revision, read there with all that it \
            imports. A revision alone means the same file in it; two revisions, main.bake or \
            the only .bake file of the folder in both.\n\n\
            Builds are matched by name, steps by kind, label and what they have in common. Exit codes: 0 equal, 1 different, 2 \
            mistakes.")]
    Diff(Diff),
    /// Rewrite files in the one canonical style.
    Fmt(Fmt),
    /// Read about kinds and their options.
    Doc(Doc),
    /// Read about a mistake by its code.
    Explain(Explain),
    /// Write a var-file to fill in, for `packer build -var-file`.
    Vars(Vars),
    /// Write the JSON Schema of plans.
    Schema(Schema),
    /// Answer an editor: diagnostics as one types, hover, completion, rename and more.
    #[command(
        after_help = "An editor starts it and speaks the Language Server Protocol with it over standard input and output. \
        The book's chapter on editors says how each is set up; the extension and the files for editors lie in `grammar/`.\n\n\
        Exit codes: 0 the editor said goodbye, 1 it went without a word."
    )]
    Lsp(Lsp),
    /// Write a completion script for a shell.
    #[command(after_help = "For example, in ~/.bashrc or ~/.zshrc:\n  \
        source <(bakec completions bash)\n  \
        source <(bakec completions zsh)\n\n\
        The script asks bakec itself, so it knows programs, kinds, options and codes.")]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write manual pages.
    Man(Man),
    /// Print the help of a command.
    #[command(hide = true)]
    Help {
        /// The command.
        command: Option<String>,
    },
    /// Serve a rehearsed EC2 on this machine, for tests and to see a build without an account.
    #[cfg(feature = "rehearse")]
    #[command(long_about = "Serve a rehearsed EC2 on this machine.\n\n\
            It answers the calls of a build as EC2 does, with its states, delays, names and errors, on the loopback address only; \
            instances answer SSH, take uploads, and run nothing. One line of JSON says where: endpoint, ssh and bastion. It ends with \
            Ctrl-C or SIGTERM, and everything in it with it.")]
    RehearseServer(super::args_rehearse::RehearseServer),
}

/// What a program is given.
#[derive(Group, Debug)]
pub(super) struct Given {
    /// Give a param its value; may be repeated, the last one wins.
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Params")]
    pub(super) set: Vec<String>,
    /// Read values of params from a JSON file; may be repeated, `--set` wins.
    #[arg(long, value_name = "FILE", help_heading = "Params", add = complete::json_files())]
    pub(super) params: Vec<String>,
    /// Refuse matrices of more cells.
    #[arg(long, value_name = "COUNT", default_value_t = 100_000, help_heading = "Limits")]
    pub(super) max_builds: usize,
    /// Do not compare builds with what EC2 offers.
    #[arg(long, conflicts_with = "facts", help_heading = "Limits")]
    pub(super) no_facts: bool,
    /// Read what EC2 offers from a file instead of the built-in data.
    #[arg(long, value_name = "FILE", help_heading = "Limits", value_hint = ValueHint::FilePath)]
    pub(super) facts: Option<String>,
}

#[derive(Group, Debug)]
pub(super) struct Lsp {
    #[command(flatten)]
    pub(super) given: Given,
    /// Speak over standard input and output: what it does anyway. Some editors say so.
    #[arg(long)]
    pub(super) stdio: bool,
    /// The editor's process; nothing follows from it. Some editors say so.
    #[arg(long = "clientProcessId", value_name = "PID", hide = true)]
    pub(super) client: Option<u32>,
}

/// Which builds.
#[derive(Group, Debug, Clone)]
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
    bakec compile layers.bake --stage all -o plans/     one template for each layer\n  \
    bakec compile --template github-matrix.yml.j2 -o .github/workflows/images.yml\n\n\
    Errors and warnings go to standard error. Without FILE: main.bake, or the only .bake file of the folder.")]
pub(super) struct Compile {
    /// The file to compile; `-` reads standard input.
    #[arg(value_parser = Named::new(), add = complete::programs())]
    pub(super) file: Option<String>,
    /// Write the plan to a file, whole or not at all, instead of standard output.
    #[arg(short, long, value_name = "FILE", value_parser = Named::new(), value_hint = ValueHint::FilePath)]
    pub(super) output: Option<String>,
    /// What to write; with `--template` a template is meant.
    #[arg(long, value_name = "FORM")]
    pub(super) target: Option<Target>,
    /// The Jinja template that the plan is rendered through.
    ///
    /// It sees `builds`, `images`, `variables`, `params`, `provisioners`, `post_processors`, `outputs` and the whole `plan` as
    /// Packer reads it; the book tells each field. Undefined names are mistakes. It may include files beside it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) template: Option<String>,
    /// Write the builds of one stage, or every stage to a file of its own.
    ///
    /// A build whose source is the AMI of another one is in a later stage than that; `bakec list` shows the stages. Under
    /// `all`, `--output plan.json` gives `plan.1.json`, `plan.2.json` and so on. `--output plans`, a name without an
    /// ending, is a folder, made where there is none; its files are named as FILE.
    #[arg(long, value_name = "N|all")]
    pub(super) stage: Option<Stage>,
    /// Leave out the `_bakec` comment, which holds what Packer need not know; of HCL, the first line.
    #[arg(long)]
    pub(super) bare: bool,
    /// Leave `required_plugins` out of the HCL, for a Packer that brings its plugins, as those before 1.7 do.
    ///
    /// What Packer 1.7 was the first to know stays, and demands that version: a `cleanup`, and a secret whose default is
    /// made from others.
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

/// The forms that a plan is written in.
#[derive(ValueEnum, Clone, Copy, PartialEq, Debug)]
pub(super) enum Target {
    /// Packer's JSON, which every version of Packer reads.
    PackerJson,
    /// HCL2, for today's Packer.
    PackerHcl,
    /// What `--template` makes of it.
    Template,
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
    #[arg(value_parser = Named::new(), add = complete::programs())]
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
    #[arg(value_parser = Named::new(), add = complete::programs())]
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
        bakec diff                                 the last commit and the files as they are\n  \
        bakec diff main                            the same for another revision\n  \
        bakec diff HEAD~1 HEAD                     two revisions\n  \
        bakec diff HEAD~1:official.bake official.bake\n  \
        bakec diff plan.json official.bake --set version=2.6.4\n  \
        bakec compile official.bake | bakec diff plan.json - --json\n\n\
        Without FILE: main.bake, or the only .bake file of the folder.")]
pub(super) struct Diff {
    /// What was: a file, a git revision, or REV:FILE; the last commit where it is left out.
    #[arg(value_name = "BEFORE", value_hint = ValueHint::AnyPath)]
    pub(super) before: Option<String>,
    /// What is: a file, a git revision, or REV:FILE; where it is left out, the file of the other side as it is now.
    #[arg(value_name = "AFTER", value_hint = ValueHint::AnyPath)]
    pub(super) after: Option<String>,
    /// Write JSON: all differences with their values.
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
    #[arg(value_parser = Named::new(), add = complete::programs())]
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
    bakec explain type::mismatch\n  \
    bakec explain type                   the codes that begin so")]
pub(super) struct Explain {
    /// The code, as the diagnostic shows it, or what several begin with.
    #[arg(add = complete::codes())]
    pub(super) code: Option<String>,
    /// Write the page as Markdown, which it is too where standard output is no terminal.
    #[arg(long)]
    pub(super) markdown: bool,
}

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec vars official.bake > local.json\n  \
    packer build -var-file local.json plan.json\n  \
    bakec vars --target packer-hcl > local.pkrvars.hcl")]
pub(super) struct Vars {
    /// The file; `-` reads standard input.
    #[arg(value_parser = Named::new(), add = complete::programs())]
    pub(super) file: Option<String>,
    /// For which template the values are.
    #[arg(long, value_name = "FORM", default_value = "packer-json")]
    pub(super) target: VarFile,
    #[command(flatten)]
    pub(super) given: Given,
}

/// The forms of a var-file.
#[derive(ValueEnum, Clone, Copy, PartialEq, Debug)]
pub(super) enum VarFile {
    /// For JSON templates: texts, lists joined by commas.
    PackerJson,
    /// For HCL templates: numbers, bools and lists as such; the file is to end in `.pkrvars.hcl`.
    PackerHcl,
}

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec doc                              every kind with its summary\n  \
    bakec doc amazon-ebs                   a kind with its options\n  \
    bakec doc amazon-ebs.tags              an option: type, default, rules, an example\n  \
    bakec doc post shell-local             where a name stands for two kinds\n  \
    bakec doc --file platforms.bake docker a kind that a program declares itself")]
pub(super) struct Doc {
    /// A kind, `KIND.OPTION`, `KIND.OPTION.MEMBER`, or a named type.
    #[arg(value_name = "TOPIC", add = complete::doc_topics())]
    pub(super) topic: Vec<String>,
    /// Read about the kinds too that a file declares with `extern`; `-` reads standard input.
    #[arg(long, value_name = "FILE", value_parser = Named::new(), add = complete::programs())]
    pub(super) file: Option<String>,
    /// Write Markdown.
    #[arg(long, conflicts_with = "json")]
    pub(super) markdown: bool,
    /// Write JSON: an array with all that there is to know of each topic.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec schema > plan.schema.json\n  \
    bakec schema --file platforms.bake     with the kinds that a program declares itself")]
pub(super) struct Schema {
    /// What is described.
    #[arg(default_value = "plan", hide_default_value = true)]
    pub(super) what: Written,
    /// Describe the kinds too that a file declares with `extern`; `-` reads standard input.
    #[arg(long, value_name = "FILE", value_parser = Named::new(), add = complete::programs())]
    pub(super) file: Option<String>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Debug)]
pub(super) enum Written {
    /// What `bakec compile` writes.
    Plan,
    /// The lines of `bakec run --events json`.
    #[cfg(feature = "run")]
    Events,
    /// The lines of `journal.jsonl` in the folder of a run.
    #[cfg(feature = "run")]
    Journal,
}

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec init                          main.bake and a script, here\n  \
    bakec init images --template ebs    the smallest one, in a new folder\n\n\
    Nothing that exists is written over.")]
pub(super) struct Init {
    /// The folder to write to; made where it does not exist. Without it, the current one.
    #[arg(value_parser = Named::new(), value_hint = ValueHint::DirPath)]
    pub(super) folder: Option<String>,
    /// What to start from.
    #[arg(long, value_name = "TEMPLATE", default_value = "matrix")]
    pub(super) template: Template,
    /// A template of Packer's to make the program of.
    #[arg(long, value_name = "FILE", conflicts_with = "template", value_parser = Named::new(), value_hint = ValueHint::FilePath)]
    pub(super) from: Option<String>,
}

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec import packer.json                  show the program\n  \
    bakec import packer.json -o web.bake      write it\n  \
    bakec import images                       a folder of *.pkr.hcl, or one such file\n  \
    bakec init --from packer.json images      begin a folder with it")]
pub(super) struct Import {
    /// The template, in JSON or HCL2, or a folder of `*.pkr.hcl`; `-` reads standard input.
    #[arg(value_parser = Named::new(), value_hint = ValueHint::FilePath)]
    pub(super) template: String,
    /// Where the program goes; without it, or as `-`, to standard output.
    #[arg(short, long, value_name = "FILE", value_parser = Named::new(), value_hint = ValueHint::FilePath)]
    pub(super) output: Option<String>,
    /// Write over a file that exists.
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Debug)]
pub(super) enum Template {
    /// AMIs for two regions and two releases.
    Matrix,
    /// One AMI.
    Ebs,
    /// Builds without a cloud, to try the language.
    Local,
}

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec man | man -l -                       the page of bakec\n  \
    bakec man --output ~/.local/share/man/man1 one page a command, for `man bakec-compile`")]
pub(super) struct Man {
    /// Write the pages of all commands to a folder.
    #[arg(short, long, value_name = "FOLDER", value_parser = Named::new(), value_hint = ValueHint::DirPath)]
    pub(super) output: Option<String>,
}
