//! The command line: one file a command, and what they share.
//!
//! Floor 7. `args` holds all that `clap` reads; `terminal` is how results and diagnostics leave the program; `input` finds the
//! root file and runs the compiler; `file` writes files; `page` shows a page of the book; `git` reads former versions;
//! `complete` answers shells. Commands decide nothing about images.

mod args;
#[cfg(feature = "run")]
mod args_plan;
#[cfg(feature = "rehearse")]
mod args_rehearse;
#[cfg(feature = "run")]
mod args_run;
mod check;
mod compile;
mod complete;
#[cfg(feature = "run")]
mod dashes;
#[cfg(feature = "rehearse")]
mod descriptors;
mod diff;
mod doc;
mod explain;
mod file;
mod fmt;
mod git;
mod import;
mod init;
mod input;
mod list;
mod lsp;
mod man;
mod page;
#[cfg(feature = "rehearse")]
mod rehearse_server;
#[cfg(feature = "run")]
mod run;
mod schema;
mod stages;
mod terminal;
mod vars;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{ColorChoice, CommandFactory, FromArgMatches, ValueEnum};

use args::{Args, Command};
use terminal::Terminal;

/// The stack that the work runs on: files may nest deeply, and what walks them recurses.
const STACK: usize = 256 << 20;

/// Why a command ends without doing all its work. What is to be said has been said.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Stop {
    /// Mistakes in the program or in the arguments.
    Mistakes,
    /// `diff` found differences, or `fmt --check` files to be formatted.
    Differences,
    /// A build failed.
    #[cfg(feature = "run")]
    Failed,
    /// Nothing was begun: the plan, a file or the account does not allow it.
    #[cfg(feature = "run")]
    Refused,
    /// Something may be left behind.
    #[cfg(feature = "run")]
    Left,
    /// Somebody wanted it to end, and nothing is left behind.
    #[cfg(feature = "run")]
    Cancelled,
    /// The editor went without a word.
    Sudden,
    /// Nobody reads the output any more.
    Closed,
}

type Outcome = Result<(), Stop>;

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    complete::answer();
    std::panic::set_hook(Box::new(|info| terminal::say_bug(&info.to_string())));
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work);
    match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        // The hook has told about it.
        Ok(Err(_)) => ExitCode::from(101),
        // A machine that grants no such stack may do with its own.
        Err(_) => work(),
    }
}

fn work() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    #[cfg(feature = "run")]
    let words = dashes::rewritten(words);
    let Args { shared, command } = match parsed(words) {
        Ok(args) => args,
        Err(answer) => return answered(&answer),
    };
    let terminal = Terminal::new(shared.color, shared.quiet);
    let outcome = match command {
        Command::Compile(args) => compile::run(&args, &terminal),
        Command::Check(args) => check::run(&args, &terminal),
        Command::List(args) => list::run(&args, &terminal),
        Command::Diff(args) => diff::run(&args, &terminal),
        Command::Fmt(args) => fmt::run(&args, &terminal),
        Command::Doc(args) => doc::run(&args, &terminal),
        Command::Explain(args) => explain::run(&args, &terminal),
        Command::Vars(args) => vars::run(&args, &terminal),
        Command::Init(args) => init::run(&args, &terminal),
        Command::Import(args) => import::run(&args, &terminal),
        Command::Schema(args) => schema::run(&args, &terminal),
        Command::Lsp(args) => lsp::run(&args, &terminal),
        Command::Completions { shell } => complete::script(shell, &terminal),
        Command::Man(args) => man::run(&args, &terminal),
        Command::Help { command } => {
            let words = ["bakec".to_owned()].into_iter().chain(command).chain(["--help".to_owned()]);
            let colour = format!("--color={}", shared.color.word());
            return parsed(words.chain([colour]).map(Into::into).collect())
                .map_or_else(|answer| answered(&answer), |_| ExitCode::SUCCESS);
        }
        #[cfg(feature = "rehearse")]
        Command::RehearseServer(args) => rehearse_server::run(args, &terminal),
        #[cfg(feature = "run")]
        Command::Run(args) => run::run(&args, &terminal),
        #[cfg(feature = "run")]
        Command::Plan(args) => run::plan_run(&args, &terminal),
        #[cfg(feature = "run")]
        Command::Resume(args) => run::resume(&args, &terminal),
        #[cfg(feature = "run")]
        Command::Clean(args) => run::clean(&args, &terminal),
        #[cfg(feature = "run")]
        Command::Runs(args) => run::runs(&args, &terminal),
        #[cfg(feature = "run")]
        Command::Show(args) => run::show(&args, &terminal),
    };
    ended(outcome)
}

fn ended(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) | Err(Stop::Closed) => ExitCode::SUCCESS,
        Err(Stop::Differences | Stop::Sudden) => ExitCode::from(1),
        Err(Stop::Mistakes) => ExitCode::from(2),
        #[cfg(feature = "run")]
        Err(Stop::Failed) => ExitCode::from(1),
        #[cfg(feature = "run")]
        Err(Stop::Refused) => ExitCode::from(3),
        #[cfg(feature = "run")]
        Err(Stop::Left) => ExitCode::from(4),
        #[cfg(feature = "run")]
        Err(Stop::Cancelled) => ExitCode::from(130),
    }
}

/// Reads arguments. Help is painted as `--color` has it, wherever that stands.
fn parsed(words: Vec<OsString>) -> Result<Args, clap::Error> {
    let colour = words.iter().enumerate().rev().find_map(|(at, word)| {
        let word = word.to_str()?;
        let value = ["--color", "--colour"].iter().find_map(|name| word.strip_prefix(name))?;
        let value = if value.is_empty() { words.get(at + 1)?.to_str()? } else { value.strip_prefix('=')? };
        ColorChoice::from_str(value, false).ok()
    });
    let matches = Args::command().color(colour.unwrap_or_default()).try_get_matches_from(words)?;
    Args::from_arg_matches(&matches)
}

/// Prints what the reading of the arguments came to: help and version to standard output, mistakes to standard error.
fn answered(answer: &clap::Error) -> ExitCode {
    let printed = answer.print().and_then(|()| io::stdout().flush());
    if answer.use_stderr() {
        return ExitCode::from(2);
    }
    ended(Terminal::new(args::When::Auto, false).written(printed))
}
