//! Lines in Packer's manner, for where there is no terminal or where lines are wanted.
//!
//! It knows colours and times, not what is said. Neighbours: `told` has the words, `problem` draws errors.

use std::collections::HashMap;

use jiff::Timestamp;

use super::paint::{self, painted};
use super::problem::rendered;
use super::tally::Tally;
use super::told::{Told, Voice, told};
use super::words::between;
use super::{Look, Out, Read, Reporter, write};
use crate::run::event::{Event, What};

/// That a step still waits is said as often as this, in seconds, where it has nothing else to say.
const PATIENCE: u64 = 30;

/// Writes lines.
pub struct Lines {
    out: Out,
    voice: Speaker,
    tally: Tally,
    /// By build, what was last said of its waiting.
    waits: HashMap<String, Timestamp>,
}

impl Lines {
    /// Lines that look so, with sources from `read`.
    pub fn new(out: Out, look: Look, read: Read) -> Self {
        Lines { out, voice: Speaker { look, read }, tally: Tally::default(), waits: HashMap::new() }
    }

    /// Takes an event into account without a word.
    pub fn count(&mut self, event: &Event) {
        self.tally.take(event);
    }

    /// Whether a wait is not worth a line yet.
    fn is_patient(&mut self, event: &Event) -> bool {
        let build = event.build.as_deref().unwrap_or_default();
        if !matches!(event.what, What::Waiting { .. }) {
            self.waits.remove(build);
            return false;
        }
        match self.waits.get(build) {
            Some(last) if between(*last, event.at).as_secs() < PATIENCE => true,
            _ => {
                self.waits.insert(build.to_owned(), event.at);
                false
            }
        }
    }
}

impl Reporter for Lines {
    fn take(&mut self, event: &Event) {
        self.tally.take(event);
        // A call is nothing that a wait would be interrupted by, and refusals are told beside, as the compiler tells its own.
        if matches!(event.what, What::Call { .. } | What::Refused { .. }) || self.is_patient(event) {
            return;
        }
        let text = self.voice.spoken(event, &self.tally);
        write(&mut self.out, &text);
    }
}

/// Says what is told as text with colours and times.
pub(super) struct Speaker {
    pub(super) look: Look,
    pub(super) read: Read,
}

impl Speaker {
    /// All that is said of an event that is counted already.
    pub(super) fn spoken(&self, event: &Event, tally: &Tally) -> String {
        let mut text: String = told(event, tally).iter().map(|one| self.one(one, event.at, tally)).collect();
        if self.look.style.colour
            && let What::RunStarted { builds, .. } = &event.what
        {
            for (position, name) in builds.iter().enumerate() {
                text.push_str(&painted(
                    true,
                    true,
                    paint::of(position),
                    &format!("{name}: output will be in this color.\n"),
                ));
            }
            text.push('\n');
        }
        text
    }

    fn one(&self, told: &Told, at: Timestamp, tally: &Tally) -> String {
        let on = self.look.style.colour;
        match told {
            Told::Words { voice, build, text } => {
                let own = build.as_ref().map(|b| paint::of(tally.position(b)));
                let text = match (voice, own) {
                    (Voice::Error, _) if text.contains(": warning: ") => painted(on, true, paint::YELLOW, text),
                    (Voice::Error, _) => painted(on, true, paint::RED, text),
                    (voice, Some(own)) => painted(on, *voice == Voice::Say, own, text),
                    (_, None) => text.clone(),
                };
                self.timed(&text, at) + "\n"
            }
            Told::Problem(problem) => rendered(problem, self.look.style, &*self.read),
            Told::Record { .. } => String::new(),
        }
    }

    /// Each line that is not empty behind the time.
    fn timed(&self, text: &str, at: Timestamp) -> String {
        if !self.look.timestamps {
            return text.to_owned();
        }
        let at = at.strftime("%Y-%m-%dT%H:%M:%SZ");
        let lines = text.split('\n').map(|l| if l.is_empty() { String::new() } else { format!("{at}: {l}") });
        lines.collect::<Vec<_>>().join("\n")
    }
}
