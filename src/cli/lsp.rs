//! `bakec lsp`: the language server on standard input and output.

use std::io::IsTerminal;

use lsp_server::Connection;

use crate::lsp::{End, serve};

use super::args::Lsp;
use super::terminal::Terminal;
use super::{Outcome, Stop, input};

pub(super) fn run(args: &Lsp, terminal: &Terminal) -> Outcome {
    let Lsp { given, stdio: _, client: _ } = args;
    if std::io::stdin().is_terminal() {
        terminal.note("bakec lsp waits for an editor, which speaks the Language Server Protocol; Ctrl-D ends it");
    }
    let (connection, threads) = Connection::stdio();
    let end = serve(&connection, input::options(given));
    // The threads end when nobody can send any more.
    drop(connection);
    // That the client has closed its side says no more than that it went.
    let _ = threads.join();
    match end {
        End::Proper => Ok(()),
        End::Sudden => Err(Stop::Sudden),
    }
}
