//! The command line: one file a command, and what they share.
//!
//! Floor 7. `args` holds all that `clap` reads; `terminal` is how results and diagnostics leave the program; `input` finds the
//! root file and runs the compiler; `file` writes files; `page` shows a page of the book; `git` reads former versions;
//! `complete` answers shells. Commands decide nothing about images.

mod args;
mod check;
mod compile;
mod complete;
mod diff;
mod doc;
mod explain;
mod file;
mod fmt;
mod git;
mod init;
mod input;
mod list;
mod man;
mod page;
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
    /// Nobody reads the output any more.
    Closed,
}

type Outcome = Result<(), Stop>;

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    complete::answer();
    std::panic::set_hook(Box::new(|info| terminal::say_bug(&info.to_string())));
    let work = std::thread::Builder::new().stack_size(STACK).spawn(run);
    match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        // The hook has told about it.
        Ok(Err(_)) => ExitCode::from(101),
        // A machine that grants no such stack may do with its own.
        Err(_) => run(),
    }
}

fn run() -> ExitCode {
    let Args { shared, command } = match parsed(std::env::args_os().collect()) {
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
        Command::Schema(args) => schema::run(&args, &terminal),
        Command::Completions { shell } => complete::script(shell, &terminal),
        Command::Man(args) => man::run(&args, &terminal),
        Command::Help { command } => {
            let words = ["bakec".to_owned()].into_iter().chain(command).chain(["--help".to_owned()]);
            let colour = format!("--color={}", shared.color.word());
            return parsed(words.chain([colour]).map(Into::into).collect())
                .map_or_else(|answer| answered(&answer), |_| ExitCode::SUCCESS);
        }
    };
    ended(outcome)
}

fn ended(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) | Err(Stop::Closed) => ExitCode::SUCCESS,
        Err(Stop::Differences) => ExitCode::from(1),
        Err(Stop::Mistakes) => ExitCode::from(2),
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
