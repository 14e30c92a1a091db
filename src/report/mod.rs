//! What a person and a program see of a run: readers of its events.
//!
//! Floor 7. One event stream, several folds: `lines` for logs, `board` for terminals, `machine` for scripts that read Packer's
//! format, `json` for other programs, `file` for a log a build and for debugging. `tally` is what they count, `told` the
//! words that they share, `problem` how errors look. They write to what they are given and open nothing themselves; secrets are
//! hidden before an event gets here. They must not know how a run is done.

pub mod board;
pub mod file;
pub mod json;
pub mod lines;
pub mod machine;
pub mod outlook;
pub mod page;
mod paint;
pub mod past;
pub mod problem;
mod rows;
#[cfg(test)]
pub(crate) mod samples;
mod tally;
#[cfg(test)]
mod tests;
mod told;
pub mod words;

use std::io::{self, Write};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{MissedTickBehavior, interval};

use crate::diagnostic::render::Style;
use crate::run::event::Event;

/// How often a reporter may draw.
const FRAME: Duration = Duration::from_millis(100);

/// A reader of a run's events.
pub trait Reporter: Send {
    /// Something happened.
    fn take(&mut self, event: &Event);
    /// A moment has passed, in which something may have happened or not.
    fn tick(&mut self) {}
    /// Nothing will happen any more.
    fn end(&mut self) {}
}

/// Where a reporter writes to. That nobody reads it does not stop a run.
pub type Out = Box<dyn Write + Send>;

/// Gives the text of a source file, where it can be read.
pub type Read = Box<dyn Fn(&str) -> Option<String> + Send>;

/// How text for people looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// What the terminal can show.
    pub style: Style,
    /// Whether each line begins with the time.
    pub timestamps: bool,
}

/// Reads the events until there are no more, for all reporters.
pub async fn follow(mut events: UnboundedReceiver<Event>, mut reporters: Vec<Box<dyn Reporter>>) {
    let mut frames = interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            event = events.recv() => match event {
                Some(event) => reporters.iter_mut().for_each(|r| r.take(&event)),
                None => break,
            },
            _ = frames.tick() => reporters.iter_mut().for_each(|r| r.tick()),
        }
    }
    reporters.iter_mut().for_each(|r| r.end());
}

/// Writes, and lets it be known at once. Where nobody reads any more there is nobody to tell.
fn write(out: &mut (impl Write + ?Sized), text: &str) {
    let written: io::Result<()> = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    drop(written);
}
