//! Events as JSON Lines, for programs, and their schema. The first line is the run's, with the version of the format.

use super::{Out, Reporter, write};
use crate::run::event::Event;

/// The JSON Schema of each line.
pub const SCHEMA: &str = include_str!("events.schema.json");

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
