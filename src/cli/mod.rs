//! The command line: one file a command, and what they share.
//!
//! Floor 7. `args` holds all that `clap` reads; `terminal` is how results and diagnostics leave the program; `input` finds the
//! root file and runs the compiler; `file` writes files; `git` reads former versions;
//! `complete` answers shells. Commands decide nothing about images.

mod args;
#[cfg(feature = "rehearse")]
mod args_rehearse;
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
#[cfg(feature = "rehearse")]
mod rehearse_server;
mod schema;
mod stages;
mod terminal;
mod vars;

use std::process::ExitCode;

use clap::Parser;

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
    let Args { shared, command } = Args::parse();
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
        #[cfg(feature = "rehearse")]
        Command::RehearseServer(args) => rehearse_server::run(args, &terminal),
    };
    match outcome {
        Ok(()) | Err(Stop::Closed) => ExitCode::SUCCESS,
        Err(Stop::Differences) => ExitCode::from(1),
        Err(Stop::Mistakes) => ExitCode::from(2),
    }
}
