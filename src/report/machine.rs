//! Packer's machine-readable lines: `unix time,target,type,data…`, for scripts that read them already.
//!
//! It knows the escapes, not what is said. Neighbours: `told` has the words and records.

use jiff::Timestamp;

use super::tally::Tally;
use super::told::{Told, Voice, told};
use super::{Out, Reporter, write};
use crate::run::event::Event;

/// Writes machine-readable lines.
pub struct Machine {
    out: Out,
    tally: Tally,
}

impl Machine {
    /// Lines to `out`.
    pub fn new(out: Out) -> Self {
        Machine { out, tally: Tally::default() }
    }
}

impl Reporter for Machine {
    fn take(&mut self, event: &Event) {
        self.tally.take(event);
        let lines: String = told(event, &self.tally).iter().filter_map(|one| line(one, event.at)).collect();
        write(&mut self.out, &lines);
    }
}

fn line(told: &Told, at: Timestamp) -> Option<String> {
    let (target, kind, data) = match told {
        Told::Words { voice, text, .. } => {
            let voice = match voice {
                Voice::Say => "say",
                Voice::Message => "message",
                Voice::Error => "error",
            };
            ("", "ui", vec![voice, text])
        }
        Told::Record { build, kind, data } => (build.as_str(), *kind, data.iter().map(String::as_str).collect()),
        // Its message has been said.
        Told::Problem(_) => return None,
    };
    let data: String = data.iter().map(|part| format!(",{}", escaped(part))).collect();
    Some(format!("{},{},{kind}{data}\n", at.as_second(), escaped(target)))
}

/// A field without what ends it.
fn escaped(field: &str) -> String {
    field.replace(',', "%!(PACKER_COMMA)").replace('\r', "\\r").replace('\n', "\\n")
}
