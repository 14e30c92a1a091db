//! A command on this machine: its lines as they come, its end as it was, and nothing left of it where nobody wants it any more.
//!
//! It must not know what the command is for, nor templates. Each command leads a process group of its own, so that what it has
//! started ends with it. Neighbours: `provision` and post-processors say what is run; `ssh` is the same for a machine elsewhere.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Child;
use tokio::time::{Instant, sleep, sleep_until};

use super::event::{Events, What};
use super::problem::Problem;
use super::ssh::{Lines, Pipe};
use crate::diagnostic::code;

/// A line that is not ended is shown after such a silence: it may be a question that nobody will answer.
const HALF_LINE: Duration = Duration::from_secs(3);
/// What holds a command's output open after its end is left behind after such a silence.
const LEFT_BEHIND: Duration = Duration::from_secs(30);
/// So long a command may take to end after it was asked to.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A command. It gets bakec's own environment, nothing to read, and no terminal of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// The program: a name or a path.
    pub program: String,
    /// Its arguments, each as it is: no shell reads them.
    pub arguments: Vec<String>,
    /// Variables beside those of bakec's own environment.
    pub environment: Vec<(String, String)>,
    /// Where it runs; where bakec was started if it is not said.
    pub folder: Option<PathBuf>,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With a status.
    Status(u32),
    /// By a signal's number.
    Signal(i32),
}

impl Command {
    /// A program with its arguments.
    pub fn of(program: impl Into<String>, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Command { program: program.into(), arguments, ..Command::default() }
    }

    /// Runs it and tells each line that it writes, without secrets.
    ///
    /// # Errors
    /// Where it cannot be started, and what `stop` comes with.
    pub async fn told(&self, events: &Events, stop: impl Future<Output = Problem> + Send) -> Result<Ended, Problem> {
        self.run(stop, &mut |pipe, line| {
            events.tell(What::Output { error: pipe == Pipe::Error, line: line.to_owned() });
        })
        .await
    }

    /// Runs it and gives each line that it writes. When `stop` comes, it is asked to end with all that it has started, then made to.
    ///
    /// # Errors
    /// Where it cannot be started, and what `stop` comes with.
    pub async fn run(
        &self,
        stop: impl Future<Output = Problem> + Send,
        on_line: &mut (dyn FnMut(Pipe, &str) + Send),
    ) -> Result<Ended, Problem> {
        let mut child = self.start()?;
        let group = Group::of(&child);
        let (mut out, mut error) = (Stream::of(child.stdout.take()), Stream::of(child.stderr.take()));
        let mut ended: Option<ExitStatus> = None;
        let mut ending: Option<(Problem, Instant)> = None;
        tokio::pin!(stop);
        loop {
            if ended.is_some() && !out.is_open() && !error.is_open() {
                break;
            }
            let last_words = ending.as_ref().map(|(_, until)| *until);
            tokio::select! {
                () = out.next(), if out.is_open() => out.give(Pipe::Out, on_line),
                () = error.next(), if error.is_open() => error.give(Pipe::Error, on_line),
                status = child.wait(), if ended.is_none() => ended = Some(status.map_err(|e| self.lost(&e))?),
                () = sleep(HALF_LINE), if out.lines.waits() || error.lines.waits() => {
                    out.flush(Pipe::Out, on_line);
                    error.flush(Pipe::Error, on_line);
                }
                // It may have left something behind on purpose that keeps its output.
                () = sleep(LEFT_BEHIND), if ended.is_some() && ending.is_none() => break,
                problem = &mut stop, if ending.is_none() => {
                    group.ask();
                    ending = Some((problem, Instant::now() + LAST_WORDS));
                }
                () = until(last_words), if last_words.is_some() => break,
            }
        }
        out.flush(Pipe::Out, on_line);
        error.flush(Pipe::Error, on_line);
        if let Some((problem, _)) = ending {
            return Err(problem);
        }
        group.release();
        ended.map(Ended::from).ok_or_else(|| self.lost(&"nobody knows why"))
    }

    /// Runs it and takes what it writes to its standard output; nothing where it does not end well.
    ///
    /// # Errors
    /// Where it cannot be started, and what `stop` comes with.
    pub async fn ask(&self, stop: impl Future<Output = Problem> + Send) -> Result<Option<String>, Problem> {
        let mut said = String::new();
        let ended = self
            .run(stop, &mut |pipe, line| {
                if pipe == Pipe::Out && said.len() < super::ssh::LONGEST {
                    said.push_str(line);
                    said.push('\n');
                }
            })
            .await?;
        Ok((ended == Ended::Status(0)).then_some(said))
    }

    fn start(&self) -> Result<Child, Problem> {
        let mut command = tokio::process::Command::new(&self.program);
        command.args(&self.arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        #[cfg(unix)]
        command.process_group(0);
        command.spawn().map_err(|e| {
            let program = &self.program;
            if e.kind() == std::io::ErrorKind::NotFound {
                return Problem::failed(code::RUN_SCRIPT, format!("there is no program `{program}` on this machine"))
                    .help("install it, or name it by its path");
            }
            Problem::failed(code::RUN_SCRIPT, format!("`{program}` cannot be started on this machine: {e}"))
        })
    }

    fn lost(&self, why: &dyn std::fmt::Display) -> Problem {
        Problem::failed(code::RUN_SCRIPT, format!("nobody knows how `{}` ended: {why}", self.program))
    }
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Ended::Signal(signal);
        }
        Ended::Status(status.code().and_then(|code| u32::try_from(code).ok()).unwrap_or(u32::MAX))
    }
}

/// What a command writes to one of its ends, on its way to lines.
struct Stream<R> {
    from: Option<R>,
    buffer: Vec<u8>,
    read: usize,
    lines: Lines,
}

impl<R: AsyncRead + Unpin> Stream<R> {
    fn of(from: Option<R>) -> Self {
        Stream { from, buffer: vec![0; 16 * 1024], read: 0, lines: Lines::default() }
    }

    fn is_open(&self) -> bool {
        self.from.is_some()
    }

    async fn next(&mut self) {
        let Some(from) = &mut self.from else { return std::future::pending().await };
        match from.read(&mut self.buffer).await {
            Ok(count @ 1..) => self.read = count,
            Ok(0) | Err(_) => self.from = None,
        }
    }

    fn give(&mut self, pipe: Pipe, on_line: &mut (dyn FnMut(Pipe, &str) + Send)) {
        let read = std::mem::take(&mut self.read);
        self.lines.add(&self.buffer[..read], &mut |line| on_line(pipe, line));
    }

    fn flush(&mut self, pipe: Pipe, on_line: &mut (dyn FnMut(Pipe, &str) + Send)) {
        self.lines.flush(&mut |line| on_line(pipe, line));
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// The process groups that run now: whoever ends bakec at once ends them too.
static LIVE: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Ends all commands that run now, without a word.
pub fn end_all() {
    for group in LIVE.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        signal(*group, true);
    }
}

/// The process group of a command. What is left of it is ended when this goes, unless it was released.
struct Group(Option<u32>);

impl Group {
    fn of(child: &Child) -> Group {
        if let Some(id) = child.id() {
            LIVE.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        }
        Group(child.id())
    }

    /// Asks all in it to end.
    fn ask(&self) {
        if let Some(id) = self.0 {
            signal(id, false);
        }
    }

    /// Lets all that is left in it be: the command has ended well, and left it behind on purpose.
    fn release(mut self) {
        if let Some(id) = self.0.take() {
            LIVE.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            signal(id, true);
            LIVE.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        }
    }
}

/// Sends a whole process group the signal to end; one that stands still, since it wanted the terminal, goes on to see it.
#[cfg(unix)]
fn signal(group: u32, at_once: bool) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw) else { return };
    let signals: &[Signal] = if at_once { &[Signal::KILL] } else { &[Signal::TERM, Signal::CONT] };
    for signal in signals {
        // It may be gone by itself.
        let _ = kill_process_group(group, *signal);
    }
}

/// There are no process groups: the command itself ends with its handle.
#[cfg(not(unix))]
fn signal(_: u32, _: bool) {}

#[cfg(all(test, unix))]
mod tests {
    use std::future::pending;

    use super::*;

    fn sh(script: &str) -> Command {
        Command::of("/bin/sh", ["-c", script])
    }

    async fn ran(command: &Command) -> (Result<Ended, Problem>, Vec<(Pipe, String)>) {
        let mut lines = Vec::new();
        let ended = command.run(pending(), &mut |pipe, line| lines.push((pipe, line.to_owned()))).await;
        (ended, lines)
    }

    #[tokio::test]
    async fn lines_and_the_end_are_told() {
        let mut command = sh("echo one; echo two >&2; printf \"$X in $PWD\"; exit 7");
        command.environment = vec![("X".to_owned(), "its value".to_owned())];
        command.folder = Some("/".into());
        let (ended, mut lines) = ran(&command).await;
        assert_eq!(ended, Ok(Ended::Status(7)));
        lines.sort_by_key(|(pipe, _)| *pipe == Pipe::Error);
        let wanted = [(Pipe::Out, "one"), (Pipe::Out, "its value in /"), (Pipe::Error, "two")];
        assert_eq!(lines, wanted.map(|(pipe, line)| (pipe, line.to_owned())));
        assert_eq!(ran(&sh("kill -9 $$")).await.0, Ok(Ended::Signal(9)));
        assert_eq!(ran(&sh("cat")).await.0, Ok(Ended::Status(0)), "there is nothing to read");
        assert_eq!(sh("echo said").ask(pending()).await, Ok(Some("said\n".to_owned())));
        assert_eq!(sh("echo said; exit 1").ask(pending()).await, Ok(None));
        let (ended, _) = ran(&Command::of("no-such-program", [""; 0])).await;
        assert!(ended.is_err_and(|p| p.message.contains("`no-such-program`") && p.code == code::RUN_SCRIPT));
    }

    #[tokio::test]
    async fn what_a_stopped_command_has_started_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let mark = |name: &str| folder.path().join(name);
        // The inner one hears nothing of a friendly signal; the outer one says a last word.
        let script = format!(
            "trap 'echo asked > {0}; exit' TERM; sh -c 'trap \"\" TERM; echo $$ > {1}; while :; do sleep 0.05; done' & wait",
            mark("asked").display(),
            mark("inner").display(),
        );
        let stop = async {
            while std::fs::read_to_string(mark("inner")).unwrap_or_default().is_empty() {
                sleep(Duration::from_millis(10)).await;
            }
            Problem::cancelled()
        };
        let start = Instant::now();
        let ended = sh(&script).run(stop, &mut |_, _| ()).await;
        assert_eq!(ended, Err(Problem::cancelled()));
        assert!(mark("asked").exists() && start.elapsed() < LAST_WORDS * 3);
        gone(&mark("inner")).await;
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_ends() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("inner");
        let command = sh(&format!("sh -c 'echo $$ > {}; sleep 100' & wait", mark.display()));
        let task = tokio::spawn(async move { command.run(pending(), &mut |_, _| ()).await });
        while std::fs::read_to_string(&mark).unwrap_or_default().is_empty() {
            sleep(Duration::from_millis(10)).await;
        }
        task.abort();
        assert!(task.await.is_err());
        gone(&mark).await;
    }

    /// Waits until the process of that number is gone.
    async fn gone(mark: &std::path::Path) {
        let id = std::fs::read_to_string(mark).expect("it was written");
        let end = Instant::now() + Duration::from_secs(10);
        // A process that nobody has buried yet is dead too.
        let lives =
            || std::fs::read_to_string(format!("/proc/{}/stat", id.trim())).is_ok_and(|stat| !stat.contains(") Z "));
        while lives() {
            assert!(Instant::now() < end, "{} is still there", id.trim());
            sleep(Duration::from_millis(20)).await;
        }
    }
}
