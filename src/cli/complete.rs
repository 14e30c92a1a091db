//! What a shell may complete: programs, kinds with their options, codes.
//!
//! The scripts of `bakec completions` ask the program itself, by the variable [`VARIABLE`] of the environment.

use std::ffi::OsStr;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::env::Shells;
use clap_complete::{ArgValueCandidates, ArgValueCompleter, CompleteEnv, CompletionCandidate, PathCompleter, Shell};

use crate::compile::schema;
use crate::diagnostic::code::ALL;
use crate::inspect::doc::topics;
use crate::load::Disk;

use super::Outcome;
use super::args::Args;
use super::terminal::Terminal;

/// The variable by which a shell asks for completions.
const VARIABLE: &str = "BAKEC_COMPLETE";

/// Answers a shell that asks for completions, and ends; does nothing where none asks.
pub(super) fn answer() {
    CompleteEnv::with_factory(Args::command).var(VARIABLE).complete();
}

/// The script that a shell reads to know whom to ask.
pub(super) fn script(shell: Shell, terminal: &Terminal) -> Outcome {
    let shells = Shells::builtins();
    let Some(completer) = shells.completer(&shell.to_string()) else {
        return Err(terminal.fail(&format!("there are no completions for {shell}"), None));
    };
    terminal.result(|mut out| completer.write_registration(VARIABLE, "bakec", "bakec", "bakec", &mut out))
}

/// `.bake` files, folders on the way to them, and standard input.
pub(super) fn programs() -> ArgValueCompleter {
    ArgValueCompleter::new(PathCompleter::any().filter(|path| ends_with(path, "bake")).stdio())
}

/// Programs and plans, folders on the way to them, and standard input.
#[cfg(feature = "run")]
pub(super) fn plans() -> ArgValueCompleter {
    ArgValueCompleter::new(
        PathCompleter::any().filter(|path| ends_with(path, "bake") || ends_with(path, "json")).stdio(),
    )
}

/// Runs, the newest first.
#[cfg(feature = "run")]
pub(super) fn runs() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let names = super::run::names(Path::new(crate::report::words::RUNS));
        names.into_iter().map(CompletionCandidate::new).chain([CompletionCandidate::new("last")]).collect()
    })
}

/// `.json` files.
pub(super) fn json_files() -> ArgValueCompleter {
    ArgValueCompleter::new(PathCompleter::any().filter(|path| ends_with(path, "json")))
}

fn ends_with(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|e| e == ending)
}

/// Kinds, and once one of them is typed, its options.
pub(super) fn doc_topics() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let typed = current.to_string_lossy();
        let depth = typed.matches('.').count();
        topics(&schema(&Disk, None).kinds)
            .into_iter()
            .filter(|(topic, _)| topic.starts_with(&*typed) && topic.matches('.').count() == depth)
            .map(|(topic, words)| CompletionCandidate::new(topic).help(Some(words.into())))
            .collect()
    })
}

/// Codes of diagnostics, without what all of them begin with.
pub(super) fn codes() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        ALL.iter()
            .map(|(code, words)| {
                let short = code.as_str().trim_start_matches("bake::");
                CompletionCandidate::new(short).help(Some(words.trim().into()))
            })
            .collect()
    })
}
