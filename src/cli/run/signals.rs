//! How a run is ended: by Ctrl-C or SIGTERM, in three steps.

use std::io;
use std::path::Path;

use tokio::sync::watch::Sender;
use tokio::task::JoinHandle;

use crate::report::words::command;
use crate::run::cancel::Cancel;
use crate::run::event::Events;
use crate::run::journal::peek;
use crate::run::process::end_all;

use super::super::terminal::say;
use super::timeline::remains;
use super::watch::{Shared, recall};

/// Waits for signals from now on.
pub(super) fn heed(events: Events, memory: Shared) -> io::Result<(Cancel, JoinHandle<()>)> {
    let (wish, cancel) = Cancel::new();
    let signals = Signals::new()?;
    Ok((cancel, tokio::spawn(obey(signals, wish, events, memory))))
}

async fn obey(mut signals: Signals, wish: Sender<u8>, events: Events, memory: Shared) {
    signals.next().await;
    wish.send_replace(1);
    events.say("ending: the call in flight is waited for, and everything is undone; Ctrl-C again waits for nothing");
    signals.next().await;
    wish.send_replace(2);
    events.say("nothing is waited for any more, and every deletion is still asked for; Ctrl-C again ends at once");
    signals.next().await;
    at_once(&memory);
}

/// Ends the process, and says what remains.
fn at_once(memory: &Shared) -> ! {
    let (run, folder) = {
        let memory = recall(memory);
        (memory.run.clone(), memory.folder.clone())
    };
    let left = peek(&folder).map(|record| remains(&record)).unwrap_or_default();
    let (text, code) = last_words(run.as_deref(), &left, &folder);
    say(&text);
    end_all();
    std::process::exit(code)
}

/// What is said at the end, and the exit code.
fn last_words(run: Option<&str>, left: &[String], folder: &Path) -> (String, i32) {
    match run {
        None => ("\n\nended at once; nothing was begun\n".to_owned(), 130),
        // Images that are finished stay.
        Some(_) if left.is_empty() => {
            ("\n\nended at once; nothing is left that would have to be undone\n".to_owned(), 130)
        }
        Some(run) => {
            let list: String = left.iter().map(|what| format!("  {what}\n")).collect();
            let undo = command("clean", run, &shown(folder));
            (format!("\n\nended at once; something may be left behind:\n{list}  undo it: {undo}\n"), 4)
        }
    }
}

fn shown(folder: &Path) -> String {
    folder.display().to_string()
}

/// Ctrl-C and SIGTERM.
#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Signals)
    }

    async fn next(&mut self) {
        // Where it cannot be waited for, the process is ended by other means.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_say_what_is_left() {
        let of = |run, left: &[&str]| {
            let left: Vec<String> = left.iter().map(|&l| l.to_owned()).collect();
            last_words(run, &left, Path::new(".bakec/runs/r"))
        };
        assert!(matches!(of(None, &[]), (text, 130) if text.contains("nothing was begun")));
        // There may be finished images.
        assert!(
            matches!(of(Some("r"), &[]), (text, 130) if text.contains("nothing is left that would have to be undone"))
        );
        let (text, code) = of(Some("r"), &["instance i-1 of `web`"]);
        assert!(code == 4 && text.contains("instance i-1") && text.contains("bakec clean r"), "{text}");
    }
}
