//! `bakec lsp`: the language server on standard input and output.

use std::io::{BufReader, IsTerminal, stdin, stdout};

use crate::compile::FactsChoice;
use crate::lsp::{End, connect, serve};

use super::args::Lsp;
use super::terminal::Terminal;
use super::{Outcome, Stop, input};

pub(super) fn run(args: &Lsp, terminal: &Terminal) -> Outcome {
    let Lsp { given, stdio: _, client: _ } = args;
    if stdin().is_terminal() {
        terminal.note("bakec lsp waits for an editor, which speaks the Language Server Protocol; Ctrl-D ends it");
    }
    let mut options = input::options(given);
    // Editors name files from the root on.
    options.params.iter_mut().for_each(absolute);
    if let FactsChoice::File(path) = &mut options.facts {
        absolute(path);
    }
    let (connection, writer) =
        connect(BufReader::new(stdin()), stdout()).map_err(|error| terminal.fail(&error.to_string(), None))?;
    let end = serve(&connection, options);
    // The thread ends when nobody can send any more.
    drop(connection);
    writer.finish();
    match end {
        End::Proper => Ok(()),
        End::Sudden => Err(Stop::Sudden),
    }
}

fn absolute(path: &mut String) {
    if path != "-"
        && let Ok(whole) = std::path::absolute(&*path)
    {
        *path = crate::load::world::normalise(&whole.to_string_lossy());
    }
}
