//! A shell on the machine: commands with their output line by line, and an exit that is never assumed.
//!
//! Neighbours: `connect` makes it and connects it again; `carry` brings files over it.

use std::sync::Arc;
use std::time::Duration;

use russh::client::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Disconnect, Pty, Sig};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Target;
use super::client::{Client, Known};
use super::connect::{Hop, Way};
use super::lines::Lines;
use super::pin::HostKeyPin;
use super::tunnel::{Door, Local, Remote};
use crate::diagnostic::code;
use crate::run::build::Ssh;
use crate::run::cancel::Cancel;
use crate::run::event::Events;
use crate::run::problem::Problem;

/// A line that is not ended is shown after such a silence: it may be a question that nobody will answer.
const HALF_LINE: Duration = Duration::from_secs(3);
/// What holds a command's output open after its end is left behind after such a silence.
const LEFT_BEHIND: Duration = Duration::from_secs(30);
/// How often a session that ended before it began is begun again.
const AGAIN: usize = 2;
/// How often it is looked whether a connection still is.
const LOOK: Duration = Duration::from_millis(250);
/// So long a command may take to end after it was asked to.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With a status.
    Status(u32),
    /// By a signal: `KILL`.
    Signal(String),
    /// Nobody knows: the connection, or the command's part of it, ended without a word. The text says why.
    Lost(String),
}

/// Where a command wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pipe {
    /// Standard output.
    Out,
    /// Standard error.
    Error,
}

/// A connection that holds.
pub(super) struct Link {
    pub(super) handle: Arc<Handle<Client>>,
    /// The connections that carry it, the nearest first.
    pub(super) hops: Vec<Hop>,
    pub(super) known: Known,
    pub(super) remote: Remote,
    /// How the server names itself.
    pub(super) server: String,
}

/// A shell on the machine.
pub struct Shell {
    way: Way,
    link: Link,
    local: Local,
    deadline: Option<Instant>,
    pub(super) carrier: super::carry::Carrier,
}

/// What a command is given to read.
pub type Input<'a> = &'a mut (dyn AsyncRead + Unpin + Send);

impl Shell {
    pub(super) fn new(way: Way, link: Link, local: Local) -> Self {
        let carrier = super::carry::Carrier::new(way.ssh.scp);
        Shell { way, link, local, deadline: None, carrier }
    }

    /// Where it is.
    pub fn target(&self) -> &Target {
        &self.way.target
    }

    /// The host key that it trusts.
    pub fn pin(&self) -> &HostKeyPin {
        &self.way.pin
    }

    /// How the server names itself: `SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13`.
    pub fn server(&self) -> &str {
        &self.link.server
    }

    pub(super) fn events(&self) -> &Events {
        &self.way.events
    }

    /// Until when all that follows must be done; what is not is ended with an error of the code `bake::run::timeout`.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// Whose wish ends what follows.
    pub fn set_cancel(&mut self, cancel: Cancel) {
        self.way.cancel = cancel;
    }

    /// Whether the connection is gone.
    pub fn is_lost(&self) -> bool {
        self.link.handle.is_closed()
    }

    /// Connects again, to a machine that may be restarting, for so long at most. It must show the same host key.
    pub async fn reconnect(&mut self, within: Duration) -> Result<(), Problem> {
        let stop = self.stop();
        let link = Box::pin(self.way.link(within));
        self.link = tokio::select! {
            link = link => link?,
            problem = stop => return Err(problem),
        };
        self.local.lead(&self.link.handle);
        Ok(())
    }

    /// Opens a port here by which another client gets to the machine on the way that this connection took; none where nothing stands
    /// between.
    pub async fn door(&mut self) -> Result<Option<Door>, Problem> {
        if self.way.is_straight() {
            return Ok(None);
        }
        if self.is_lost() {
            self.reconnect(self.way.ssh.timeout).await?;
        }
        Door::open(&self.way, self.link.hops.last()).await.map(Some)
    }

    /// Ends the connection in good order, and those that carry it.
    pub async fn close(self) {
        self.local.close().await;
        let Link { handle, hops, .. } = self.link;
        for handle in std::iter::once(handle).chain(hops.into_iter().rev()) {
            // What does not answer any more need not be told.
            let _ = timeout(LAST_WORDS, async {
                let _ = handle.disconnect(Disconnect::ByApplication, "", "en").await;
                if let Ok(handle) = Arc::try_unwrap(handle).map_err(drop) {
                    let _ = handle.await;
                }
            })
            .await;
        }
    }

    /// Comes with an error when nothing more shall be done.
    pub(crate) fn stop(&self) -> impl Future<Output = Problem> + Send + 'static {
        self.way.cancel.or_late(self.deadline)
    }

    /// The same, or an error as soon as the connection is gone: those who carry files may wait for answers that never come.
    pub(super) fn stop_or_end(&self, what: String) -> impl Future<Output = Problem> + Send + 'static {
        let (stop, handle, known) = (self.stop(), self.link.handle.clone(), self.link.known.clone());
        async move {
            let gone = async {
                while !handle.is_closed() {
                    sleep(LOOK).await;
                }
                // What has come before the end may still tell more.
                sleep(LOOK).await;
            };
            tokio::select! {
                problem = stop => problem,
                () = gone => lost(&known, &what),
            }
        }
    }

    /// A fresh channel; a connection that was dropped since is made anew.
    pub(super) async fn channel(&mut self) -> Result<Channel<Msg>, Problem> {
        for again in [true, false] {
            if self.is_lost() {
                self.way.events.say(format!("the SSH connection to {} is gone; connecting again", self.way.target));
                self.reconnect(self.way.ssh.timeout).await?;
            }
            let opened = tokio::select! {
                opened = self.link.handle.channel_open_session() => opened,
                problem = self.stop() => return Err(problem),
            };
            match opened {
                Ok(channel) => return Ok(channel),
                Err(_) if again && self.is_lost() => {}
                Err(e) => {
                    let why = self.link.known.end().unwrap_or_else(|| e.to_string());
                    return Err(Problem::failed(code::RUN_SSH_LOST, format!("the SSH server opens no session: {why}"))
                        .help("the server may allow few sessions (`MaxSessions`), or be about to stop"));
                }
            }
        }
        Err(self.lost("no session could be opened"))
    }

    /// The error of a connection that ended.
    pub(super) fn lost(&self, what: &str) -> Problem {
        lost(&self.link.known, what)
    }

    /// Runs a command and gives each line that it writes. What it ends with is told, never assumed.
    pub async fn run(
        &mut self,
        command: &str,
        stdin: Option<Input<'_>>,
        on_line: &mut (dyn FnMut(Pipe, &str) + Send),
    ) -> Result<Exit, Problem> {
        let stop = self.stop();
        tokio::pin!(stop);
        let mut again = AGAIN;
        let (mut read, write) = loop {
            let (mut read, write) = self.channel().await?.split();
            let started = async { start(&self.way.ssh, &mut read, &write, command).await };
            let started = tokio::select! {
                started = started => started,
                problem = &mut stop => return Err(problem),
            };
            let (what, answer) = match started {
                Ok(()) => break (read, write),
                Err(refused) => refused,
            };
            if self.is_lost() {
                return Err(self.lost(&format!("before the server granted {what}")));
            }
            // What was never granted was never begun: some end a session that follows closely on another.
            if answer == Granted::Ended && again > 0 {
                again -= 1;
                continue;
            }
            return Err(Problem::failed(code::RUN_SSH_LOST, format!("the SSH server grants no session {what}"))
                .help("the user's account or the server's settings do not allow it"));
        };

        let pump = async {
            // A command that does not read all that it is given is no error.
            if let Some(stdin) = stdin {
                let mut buffer = vec![0; 32 * 1024];
                while let Ok(count @ 1..) = stdin.read(&mut buffer).await {
                    if write.data_bytes(buffer[..count].to_vec()).await.is_err() {
                        break;
                    }
                }
            }
            let _ = write.eof().await;
        };
        tokio::pin!(pump);
        let mut pumped = false;
        let mut exit = None;
        let mut written = Written { out: Lines::default(), error: Lines::default(), on_line };
        let mut ending: Option<(Problem, Instant)> = None;
        loop {
            let last_words = ending.as_ref().map(|(_, until)| *until);
            tokio::select! {
                message = read.wait() => match message {
                    Some(ChannelMsg::ExitStatus { exit_status }) => exit = Some(Exit::Status(exit_status)),
                    Some(ChannelMsg::ExitSignal { signal_name, .. }) => exit = Some(Exit::Signal(name(&signal_name))),
                    Some(ChannelMsg::Close) | None => break,
                    Some(message) => written.take(&message),
                },
                () = &mut pump, if !pumped => pumped = true,
                () = sleep(HALF_LINE), if written.waits() => written.flush(),
                () = sleep(LEFT_BEHIND), if exit.is_some() => {
                    self.way.events.warn("the command has ended, but something that it started keeps its output open; going on");
                    break;
                }
                problem = &mut stop, if ending.is_none() => {
                    let _ = write.signal(Sig::TERM).await;
                    ending = Some((problem, Instant::now() + LAST_WORDS));
                }
                () = until(last_words), if last_words.is_some() => break,
            }
        }
        written.flush();
        // A connection that is gone needs no farewell.
        let _ = write.close().await;
        if let Some((problem, _)) = ending {
            return Err(problem);
        }
        Ok(exit.unwrap_or_else(|| {
            Exit::Lost(self.link.known.end().unwrap_or_else(|| "the session ended without an exit status".to_owned()))
        }))
    }

    /// Runs a command of our own and takes what it writes; nothing where it does not end well.
    pub async fn ask(&mut self, command: &str) -> Result<Option<String>, Problem> {
        let mut said = String::new();
        let exit = self
            .run(command, None, &mut |pipe, line| {
                if pipe == Pipe::Out && said.len() < super::LONGEST {
                    said.push_str(line);
                    said.push('\n');
                }
            })
            .await?;
        Ok((exit == Exit::Status(0)).then_some(said))
    }
}

fn lost(known: &Known, what: &str) -> Problem {
    let why = known.end().map(|why| format!(": {why}")).unwrap_or_default();
    Problem::failed(code::RUN_SSH_LOST, format!("the SSH connection was lost, {what}{why}"))
}

/// What a command writes, on its way to lines.
struct Written<'a> {
    out: Lines,
    error: Lines,
    on_line: &'a mut (dyn FnMut(Pipe, &str) + Send),
}

impl Written<'_> {
    fn take(&mut self, message: &ChannelMsg) {
        match message {
            ChannelMsg::Data { data } => self.out.add(data, &mut |line| (self.on_line)(Pipe::Out, line)),
            ChannelMsg::ExtendedData { data, .. } => {
                self.error.add(data, &mut |line| (self.on_line)(Pipe::Error, line));
            }
            _ => {}
        }
    }

    fn waits(&self) -> bool {
        self.out.waits() || self.error.waits()
    }

    fn flush(&mut self) {
        self.out.flush(&mut |line| (self.on_line)(Pipe::Out, line));
        self.error.flush(&mut |line| (self.on_line)(Pipe::Error, line));
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// What a server says to what it was asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Granted {
    Yes,
    No,
    /// Nothing: it ended the session.
    Ended,
}

async fn granted(read: &mut ChannelReadHalf) -> Granted {
    loop {
        match read.wait().await {
            Some(ChannelMsg::Success) => return Granted::Yes,
            Some(ChannelMsg::WindowAdjusted { .. } | ChannelMsg::Eof) => {}
            Some(ChannelMsg::Close) | None => return Granted::Ended,
            Some(_) => return Granted::No,
        }
    }
}

/// Begins a command, with what it wants beside; else what was not granted.
async fn start(
    ssh: &Ssh,
    read: &mut ChannelReadHalf,
    write: &ChannelWriteHalf<Msg>,
    command: &str,
) -> Result<(), (&'static str, Granted)> {
    if ssh.forward_agent && ssh.agent.is_some() {
        // Whoever does not take the agent goes without it, as with every client.
        let asked = write.agent_forward(true).await;
        if asked.is_err() || granted(read).await == Granted::Ended {
            return Err(("an agent", Granted::Ended));
        }
    }
    if ssh.pty {
        let modes = [(Pty::ECHO, 0), (Pty::TTY_OP_ISPEED, 14400), (Pty::TTY_OP_OSPEED, 14400)];
        let asked = write.request_pty(true, "xterm", 80, 40, 0, 0, &modes).await;
        let answer = if asked.is_err() { Granted::Ended } else { granted(read).await };
        if answer != Granted::Yes {
            return Err(("a terminal", answer));
        }
    }
    let asked = write.exec(true, command).await;
    let answer = if asked.is_err() { Granted::Ended } else { granted(read).await };
    if answer == Granted::Yes { Ok(()) } else { Err(("a command", answer)) }
}

fn name(signal: &Sig) -> String {
    match signal {
        Sig::Custom(name) => name.clone(),
        known => format!("{known:?}"),
    }
}
