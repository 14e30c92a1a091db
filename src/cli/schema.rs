//! `bakec schema`: the JSON Schema of what bakec writes.

use crate::compile::{Schema, schema};
use crate::emit::plan_schema;
use crate::load::Disk;

use super::args::{Schema as Args, Written};
use super::terminal::Terminal;
use super::{Outcome, Stop, input};

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let root = args.file.as_deref().map(|file| input::root(Some(file), terminal)).transpose()?;
    let Schema { sources, diagnostics, kinds } = schema(&Disk, root.as_deref());
    if input::has_errors(&diagnostics) {
        terminal.diagnostics(&diagnostics, &sources);
        return Err(Stop::Mistakes);
    }
    let text = match args.what {
        Written::Plan => plan_schema(&kinds),
        #[cfg(feature = "run")]
        Written::Events => crate::report::json::schema(),
        #[cfg(feature = "run")]
        Written::Journal => crate::report::json::journal_schema(),
    };
    terminal.result(|out| out.write_all(text.as_bytes()))
}
