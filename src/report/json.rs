//! Events as JSON Lines, for programs, and their schema. The first line is the run's, with the version of the format.

use super::{Out, Reporter, write};
use schemars::{JsonSchema, schema_for};

use crate::run::event::Event;
use crate::run::journal::line::Sum;

/// The JSON Schema of each line.
pub fn schema() -> String {
    let about = "A line of `bakec run --events json`. What is asked beforehand is told first; then come `run_started`, the builds, and \
                 `run_done` as the last line; or `refused`, where nothing is begun.";
    written::<Event>(about)
}

/// The JSON Schema of each line of a journal.
pub fn journal_schema() -> String {
    let about = "A line of `journal.jsonl` in the folder of a run. The first is `run`; the number of a line is the count of those before it.";
    written::<Sum>(about)
}

fn written<T: JsonSchema>(about: &str) -> String {
    let mut schema = schema_for!(T);
    schema.insert("description".to_owned(), about.into());
    format!("{:#}\n", schema.to_value())
}

/// Writes a line an event.
pub struct Json(Out);

impl Json {
    /// Lines to `out`.
    pub fn new(out: Out) -> Self {
        Json(out)
    }
}

impl Reporter for Json {
    fn take(&mut self, event: &Event) {
        let Ok(mut line) = serde_json::to_string(event) else { return };
        line.push('\n');
        write(&mut self.0, &line);
    }
}
