//! The live board: what runs, redrawn in place, below what is worth keeping.
//!
//! It knows the terminal's drawing, not what a row says. Neighbours: `rows` makes them, `lines` says what stays above.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

use super::lines::Speaker;
use super::rows::{Shown, rows};
use super::tally::Tally;
use super::{Look, Out, Read, Reporter, write};
use crate::run::event::{Event, What};

/// How often the terminal is written to, at most, in a second.
const RATE: u8 = 15;
/// Rows that stay free above the board.
const ABOVE: usize = 2;

/// The terminal as it is now: columns and rows.
pub type Size = fn() -> (usize, usize);

/// Draws the board.
pub struct Board {
    bar: ProgressBar,
    out: Out,
    voice: Speaker,
    tally: Tally,
    shown: Shown,
    size: Size,
    clock: fn() -> Timestamp,
}

impl Board {
    /// A board on standard output. What stays behind when it ends goes to `out`, which is the same terminal.
    pub fn new(out: Out, look: Look, read: Read, size: Size, clock: fn() -> Timestamp) -> Self {
        // All rows are one bar's message, so that one write draws them.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout_with_hz(RATE));
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        Board { bar, out, voice: Speaker { look, read }, tally: Tally::default(), shown: Shown::default(), size, clock }
    }
}

impl Reporter for Board {
    fn take(&mut self, event: &Event) {
        self.tally.take(event);
        match &event.what {
            What::RunDone { .. } => {
                self.bar.finish_and_clear();
                let text = self.voice.spoken(event, &self.tally);
                write(&mut self.out, text.strip_prefix('\n').unwrap_or(&text));
            }
            // What is wrong stays to be read, and what concerns no build has no row.
            What::BuildFailed { .. } | What::Warn { .. } => self.above(event),
            What::Say { .. } if event.build.is_none() => self.above(event),
            _ => {}
        }
    }

    fn tick(&mut self) {
        if self.tally.builds.is_empty() || self.bar.is_finished() {
            return;
        }
        let (width, height) = (self.size)();
        // The last column stays free: terminals differ in what they do behind it.
        let room = (width.saturating_sub(1), height.saturating_sub(ABOVE));
        let rows = rows(&self.tally, &mut self.shown, (self.clock)(), room, self.voice.look.style);
        self.bar.set_message(rows.join("\n"));
    }

    fn end(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Board {
    fn above(&self, event: &Event) {
        let text = self.voice.spoken(event, &self.tally);
        if self.bar.is_finished() {
            return;
        }
        self.bar.println(text.trim_end_matches('\n'));
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        if !self.bar.is_finished() {
            self.bar.finish_and_clear();
        }
    }
}
