//! How a run is ended: by Ctrl-C or SIGTERM, in three steps.

use std::io;
use std::path::Path;

use tokio::sync::watch::Sender;
use tokio::task::JoinHandle;

use crate::report::words::command;
use crate::run::cancel::Cancel;
use crate::run::event::Events;
use crate::run::journal::peek;

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
    match run {
        Some(run) if !left.is_empty() => {
            let list: String = left.iter().map(|what| format!("  {what}\n")).collect();
            let undo = command("clean", &run, &shown(&folder));
            say(&format!("\n\nended at once; something may be left behind:\n{list}  undo it: {undo}\n"));
            std::process::exit(4)
        }
        _ => {
            say("\n\nended at once; nothing was made\n");
            std::process::exit(130)
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
