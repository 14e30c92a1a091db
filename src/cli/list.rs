//! `bakec list`: the builds with their axes.

use crate::inspect::layers::Layers;
use crate::inspect::list;

use super::args::List;
use super::terminal::Terminal;
use super::{Outcome, input};

pub(super) fn run(args: &List, terminal: &Terminal) -> Outcome {
    let root = input::root(args.file.as_deref(), terminal)?;
    let mut compiled = input::compiled(&root, &args.given);
    let layers = compiled.plan.as_ref().map(Layers::of).unwrap_or_default();
    let plan = input::plan(&mut compiled, Some(&args.selection), terminal)?;
    terminal.diagnostics(&compiled.diagnostics, &compiled.sources);
    let text = if args.json { list::json(&plan, &layers) } else { list::table(&plan, &layers) };
    terminal.result(|out| out.write_all(text.as_bytes()))
}
