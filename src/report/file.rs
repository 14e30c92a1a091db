//! Everything that happened, in lines with times: a file a build, one for what concerns no build, and one for debugging.
//!
//! It opens nothing: where a file lies and how it is opened comes in as a function. Calls to AWS are told here and nowhere else.
//! Neighbour: `past` reads it again.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use super::words::{clean, placed};
use super::{Out, Reporter, write};
use crate::run::event::{Event, What};
use crate::text::file_name;

/// Opens a file of the run's folder to append to it: that of a build, or the run's own where none is named.
pub type Open = Box<dyn FnMut(Option<&str>) -> io::Result<Out> + Send>;

/// So many files are open at most: there may be thousands of builds, and a process has few descriptors.
const OPEN: usize = 64;

/// Writes a file for each build, opened when there is something to write.
pub struct Files {
    open: Open,
    /// Those that are open, the one that was written last at the end.
    files: VecDeque<(Arc<str>, Out)>,
    /// The run's own, once the run has a folder; until then what is to be written into it.
    run: Run,
}

enum Run {
    Early(String),
    Open(Option<Out>),
}

impl Files {
    /// Files that `open` opens.
    pub fn new(open: Open) -> Self {
        Files { open, files: VecDeque::new(), run: Run::Early(String::new()) }
    }
}

impl Reporter for Files {
    fn take(&mut self, event: &Event) {
        let text = lines(event, false);
        let Some(build) = &event.build else { return self.of_run(event, &text) };
        if text.is_empty() {
            return;
        }
        let known = self.files.iter().position(|(name, _)| name == build).and_then(|at| self.files.remove(at));
        let Some((build, mut file)) = known.or_else(|| Some((build.clone(), (self.open)(Some(&name(build))).ok()?)))
        else {
            return;
        };
        write(&mut file, &text);
        if matches!(event.what, What::BuildDone { .. } | What::BuildFailed { .. }) {
            return;
        }
        if self.files.len() >= OPEN {
            self.files.pop_front();
        }
        self.files.push_back((build, file));
    }
}

impl Files {
    /// What concerns no build. What comes before the run has its folder waits for it.
    fn of_run(&mut self, event: &Event, text: &str) {
        if let (Run::Early(early), What::RunStarted { .. }) = (&mut self.run, &event.what) {
            let early = std::mem::take(early);
            let mut out = (self.open)(None).ok();
            if let Some(out) = &mut out {
                write(out, &early);
            }
            self.run = Run::Open(out);
        }
        match &mut self.run {
            Run::Early(early) => early.push_str(text),
            Run::Open(Some(out)) => write(out, text),
            Run::Open(None) => {}
        }
    }
}

/// Writes all that happens, for those who look for a fault.
pub struct Debug(Out);

impl Debug {
    /// Lines to `out`.
    pub fn new(out: Out) -> Self {
        Debug(out)
    }
}

impl Reporter for Debug {
    fn take(&mut self, event: &Event) {
        write(&mut self.0, &lines(event, true));
    }
}

/// The name of a build's file.
pub fn name(build: &str) -> String {
    format!("{}.log", file_name(build))
}

/// The lines of an event, each with the time, and where it is asked for with the build.
fn lines(event: &Event, named: bool) -> String {
    let text = match &event.what {
        What::RunStarted { run, builds, folder, resumed, .. } => {
            let verb = if *resumed { "goes on" } else { "begins" };
            format!("run {run} {verb} in {folder}: {}", builds.join(", "))
        }
        What::Refused { problem } => {
            let help = problem.help.as_ref().map(|h| format!("\nhelp: {h}")).unwrap_or_default();
            format!("refused [{}]: {}{help}", problem.code, placed(problem))
        }
        What::BuildStarted { kind } => format!("build begins: {kind}"),
        What::StepStarted { step, about } => format!("step {step}: {about}"),
        What::StepDone { step, result, ms } => format!("done {step}: {result} ({ms} ms)"),
        What::StepUndone { step, result } => format!("undone {step}: {result}"),
        What::Say { text } => text.clone(),
        What::Warn { text } => format!("warning: {text}"),
        // What a line has written over itself goes first, or the word before it would go too.
        What::Output { error: false, line } => format!("out: {}", clean(line)),
        What::Output { error: true, line } => format!("err: {}", clean(line)),
        What::Waiting { text } => format!("waiting: {text}"),
        What::Call { action, region, ms, error } => {
            let error = error.as_ref().map(|e| format!(": {e}")).unwrap_or_default();
            format!("call {action} {region} ({ms} ms){error}")
        }
        What::BuildDone { artifact } => format!("build done: {}", artifact.id),
        What::BuildFailed { problem, made } => {
            let made = made.as_ref().map(|made| format!("\nbuild made: {}", made.id)).unwrap_or_default();
            let help = problem.help.as_ref().map(|h| format!("\nhelp: {h}")).unwrap_or_default();
            format!("build failed [{}]: {}{help}{made}", problem.code, placed(problem))
        }
        What::RunDone { done, failed, left, calls, .. } => {
            let left: String = left.iter().map(|l| format!("\nleft: {l}")).collect();
            format!("run done: {done} done, {failed} failed, {calls} calls{left}")
        }
    };
    let at = event.at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
    let build = event.build.as_deref().filter(|_| named).map(|b| format!(" [{b}]")).unwrap_or_default();
    text.lines().map(|line| format!("{at}{build} {}\n", clean(line))).collect()
}
