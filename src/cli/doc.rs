//! `bakec doc`: what there is to know of kinds and options.

use crate::compile::{Schema, schema};
use crate::inspect::doc::terminal::{self, Look};
use crate::inspect::doc::{Found, find, json, markdown};
use crate::load::Disk;

use super::args::Doc;
use super::terminal::Terminal;
use super::{Outcome, Stop, input};

pub(super) fn run(args: &Doc, terminal: &Terminal) -> Outcome {
    let root = args.file.as_deref().map(|file| input::root(Some(file), terminal)).transpose()?;
    let Schema { sources, diagnostics, kinds } = schema(&Disk, root.as_deref());
    if input::has_errors(&diagnostics) {
        terminal.diagnostics(&diagnostics, &sources);
        return Err(Stop::Mistakes);
    }
    let found = find(&kinds, &args.topic).map_err(|none| terminal.fail(&none.message, Some(&none.help)))?;
    let look = Look { width: terminal.width_out(), colour: terminal.colour_out() };
    let hint = matches!(found, Found::List(_)) && !args.json && !args.markdown;
    let text = match found {
        found if args.json => json(&found.into_topics()),
        Found::List(kinds) if args.markdown => markdown::index(&kinds, &|_| None),
        Found::Topics(topics) if args.markdown => markdown::pages(&topics),
        Found::List(kinds) => terminal::index(&kinds, look),
        Found::Topics(topics) => terminal::pages(&topics, look),
    };
    terminal.result(|out| out.write_all(text.as_bytes()))?;
    if hint {
        terminal.note("\n`bakec doc KIND` shows a kind with its options, `bakec doc KIND.OPTION` an option");
    }
    Ok(())
}
