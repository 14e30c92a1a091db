//! Who sees what happens in a run: the board or lines on standard output, log files, and a memory for what is said at the end.
//!
//! Neighbours: `report` has the readers; this chooses among them and opens what they write to.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::report::board::Board;
use crate::report::file::{Debug, Files};
use crate::report::json::Json;
use crate::report::lines::Lines;
use crate::report::machine::Machine;
use crate::report::problem::diagnostic;
use crate::report::{Look, Out, Read, Reporter, follow};
use crate::run::cancel::Cancel;
use crate::run::event::{Event, Events, What};
use crate::run::problem::Problem;
use crate::run::secret::Gate;
use crate::text::Sources;

use super::super::Stop;
use super::super::args_run::{self as args, Shown};
use super::super::terminal::{Terminal, say};
use super::signals;

/// The log of what concerns no build, in the folder of a run.
pub(super) const LOG: &str = "run.log";
/// The folder of the builds' logs in that of a run.
pub(super) const LOGS: &str = "logs";
/// How long the readers may take for what they have not read yet.
const LAST: Duration = Duration::from_secs(2);

/// What is known of the run while it goes on.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Its name.
    pub(super) run: Option<String>,
    /// Its folder.
    pub(super) folder: PathBuf,
    /// Whether its end has been told.
    pub(super) done: bool,
}

pub(super) type Shared = Arc<Mutex<Memory>>;

/// Looks into the memory.
pub(super) fn recall(memory: &Shared) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The readers of a run's events.
pub(super) struct Watch {
    readers: Option<oneshot::Receiver<()>>,
    signals: Option<JoinHandle<()>>,
    pub(super) memory: Shared,
    texts: Arc<HashMap<String, String>>,
    gate: Gate,
    people: bool,
}

impl Watch {
    /// Sets the readers up. `texts` are sources that are no files, or have been read already.
    pub(super) fn begin(
        show: &Shown,
        texts: HashMap<String, String>,
        steady: bool,
        terminal: &Terminal,
    ) -> Result<(Events, Watch), Stop> {
        let gate = Gate::default();
        let (events, reader) = Events::new(gate.clone());
        let (memory, texts) = (Shared::default(), Arc::new(texts));
        let log = log(terminal)?;
        let on_error = log.as_ref().is_some_and(|log| log.on_error);
        let people = !show.machine_readable && show.events != Some(args::Events::Json);
        let mut readers: Vec<Box<dyn Reporter>> = vec![Box::new(Memo(memory.clone()))];
        readers.push(Box::new(Files::new(logs(memory.clone()))));
        readers.extend(log.map(|log| Box::new(Debug::new(log.out)) as Box<dyn Reporter>));
        let look = Look { style: terminal.style_out(), timestamps: show.timestamp_ui };
        let read = reads(texts.clone(), gate.clone());
        let main: Box<dyn Reporter> = if show.machine_readable {
            Box::new(Machine::new(stdout()))
        } else if !people {
            Box::new(Json::new(stdout()))
        } else if terminal.is_quiet() {
            Box::new(Quiet(Lines::new(stdout(), look, read)))
        } else if show.events.is_none() && terminal.draws_out() && !steady && !on_error && !show.timestamp_ui {
            Box::new(Board::new(stdout(), look, read, size, Timestamp::now))
        } else {
            Box::new(Lines::new(stdout(), look, read))
        };
        readers.push(main);
        let readers = Some(apart(follow(reader, readers), terminal)?);
        Ok((events, Watch { readers, signals: None, memory, texts, gate, people }))
    }

    /// The readers where standard output is for something else: warnings go to standard error.
    pub(super) fn aside(texts: HashMap<String, String>, terminal: &Terminal) -> Result<(Events, Watch), Stop> {
        let gate = Gate::default();
        let (events, reader) = Events::new(gate.clone());
        let mut readers: Vec<Box<dyn Reporter>> = Vec::new();
        readers.extend(log(terminal)?.map(|log| Box::new(Debug::new(log.out)) as Box<dyn Reporter>));
        if !terminal.is_quiet() {
            readers.push(Box::new(Warnings));
        }
        let readers = Some(apart(follow(reader, readers), terminal)?);
        let (memory, texts) = (Shared::default(), Arc::new(texts));
        Ok((events, Watch { readers, signals: None, memory, texts, gate, people: true }))
    }

    /// Whether standard output is read by people.
    pub(super) fn is_for_people(&self) -> bool {
        self.people
    }

    /// The text without secrets.
    pub(super) fn pass(&self, text: &str) -> String {
        self.gate.pass(text)
    }

    /// Warns before anything is drawn.
    pub(super) fn warn(&self, message: &str, help: Option<&str>, terminal: &Terminal) {
        terminal.warn(&self.gate.pass(message), help.map(|help| self.gate.pass(help)).as_deref());
    }

    /// From now on Ctrl-C and SIGTERM end the run in three steps.
    pub(super) fn heed_signals(&mut self, events: &Events, terminal: &Terminal) -> Result<Cancel, Stop> {
        let heeded = signals::heed(events.clone(), self.memory.clone());
        let (cancel, task) =
            heeded.map_err(|error| terminal.fail(&format!("signals cannot be waited for: {error}"), None))?;
        self.signals = Some(task);
        Ok(cancel)
    }

    /// Waits until everything has been read. Nothing is told behind it.
    pub(super) async fn end(&mut self) {
        if let Some(signals) = self.signals.take() {
            signals.abort();
        }
        if let Some(readers) = self.readers.take() {
            // Where somebody still holds the stream, what was told before the end has been read.
            let _ = tokio::time::timeout(LAST, readers).await;
        }
    }

    /// Shows problems as the compiler shows its own.
    pub(super) fn show(&self, problems: &[Problem], terminal: &Terminal) {
        let read = reads(self.texts.clone(), self.gate.clone());
        let mut sources = Sources::new();
        let pass = |problem: &Problem| self.gate.pass_problem(problem.clone());
        let told: Vec<_> = problems.iter().map(|p| diagnostic(&pass(p), &mut sources, &*read)).collect();
        terminal.diagnostics(&told, &sources);
    }
}

/// Follows on a thread of its own: what the run's threads are busy with does not hold up what is shown.
fn apart(
    follow: impl Future<Output = ()> + Send + 'static,
    terminal: &Terminal,
) -> Result<oneshot::Receiver<()>, Stop> {
    let fail = |error: io::Error| terminal.fail(&format!("threads cannot be started: {error}"), None);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(fail)?;
    let (done, ended) = oneshot::channel();
    let work = move || {
        runtime.block_on(follow);
        // Who does not wait any more has waited long enough.
        let _ = done.send(());
    };
    std::thread::Builder::new().name("reports".to_owned()).spawn(work).map(|_| ended).map_err(fail)
}

/// Gives the text of a source, without secrets.
fn reads(texts: Arc<HashMap<String, String>>, gate: Gate) -> Read {
    Box::new(move |path| {
        let text = texts.get(path).cloned().or_else(|| std::fs::read_to_string(path).ok())?;
        Some(gate.pass(&text))
    })
}

fn stdout() -> Out {
    Box::new(io::stdout())
}

/// The terminal as it is now: columns and rows.
fn size() -> (usize, usize) {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map_or((80, 24), |(width, height)| (usize::from(width.0), usize::from(height.0)))
}

/// Opens the logs of builds, once the run has its folder.
fn logs(memory: Shared) -> crate::report::file::Open {
    Box::new(move |name| {
        let run = recall(&memory).folder.clone();
        let path = match name {
            Some(name) => run.join(LOGS).join(name),
            None => run.join(LOG),
        };
        std::fs::create_dir_all(path.parent().unwrap_or(&run))?;
        let file = File::options().create(true).append(true).open(path)?;
        Ok(Box::new(file) as Out)
    })
}

/// Everything that happens, for those who look for a fault.
struct Log {
    out: Out,
    /// Whether it goes to standard error.
    on_error: bool,
}

/// The log that the environment asks for.
fn log(terminal: &Terminal) -> Result<Option<Log>, Stop> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty() && value != "0");
    let packer = set("PACKER_LOG");
    // Packer wants both, and so a forgotten path does nothing.
    let path = set("BAKEC_LOG_PATH").or_else(|| packer.as_ref().and_then(|_| set("PACKER_LOG_PATH")));
    if let Some(path) = path {
        let file = File::options().create(true).append(true).open(Path::new(&path)).map_err(|error| {
            let path = Path::new(&path).display();
            terminal
                .fail(&format!("the log `{path}` cannot be written: {error}"), Some("BAKEC_LOG_PATH names the file"))
        })?;
        return Ok(Some(Log { out: Box::new(file), on_error: false }));
    }
    let wanted = set("BAKEC_LOG").or(packer);
    Ok(wanted.map(|_| Log { out: Box::new(io::stderr()), on_error: true }))
}

/// Remembers what is asked for at the end.
struct Memo(Shared);

impl Reporter for Memo {
    fn take(&mut self, event: &Event) {
        let mut memory = recall(&self.0);
        match &event.what {
            What::RunStarted { run, folder, .. } => {
                memory.run = Some(run.clone());
                memory.folder = PathBuf::from(folder);
            }
            What::RunDone { .. } => memory.done = true,
            _ => {}
        }
    }
}

/// Tells warnings alone.
struct Warnings;

impl Reporter for Warnings {
    fn take(&mut self, event: &Event) {
        if let What::Warn { text } = &event.what {
            say(&format!("warning: {text}\n"));
        }
    }
}

/// Lets through what is wrong, and the end.
struct Quiet(Lines);

impl Reporter for Quiet {
    fn take(&mut self, event: &Event) {
        match event.what {
            What::RunStarted { .. } | What::BuildStarted { .. } => self.0.count(event),
            What::BuildFailed { .. } | What::RunDone { .. } => self.0.take(event),
            What::BuildDone { .. } | What::Call { .. } => self.0.count(event),
            _ => {}
        }
    }
}
