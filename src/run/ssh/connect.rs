//! The way to a shell: attempts, each phase with its own patience, until one holds or the time is up.
//!
//! Neighbours: `client` says what is offered, `auth` proves the user, `fault` names what went wrong, `shell` is what comes of it.

use std::sync::Arc;
use std::time::Duration;

use russh::ChannelOpenFailure;
use russh::client::{Handle, connect_stream};
use russh::keys::PrivateKey;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use super::client::{Client, Known};
use super::fault::Fault;
use super::line::Line;
use super::login::Login;
use super::offer::config;
use super::pin::HostKeyPin;
use super::road::{ANSWER, Stream, dial};
use super::shell::{Link, Shell};
use super::tunnel::{Local, Remote};
use super::watched::{Heard, Watched};
use super::{Target, auth};
use crate::run::build::Ssh;
use crate::run::cancel::Cancel;
use crate::run::event::{Events, What};
use crate::run::problem::Problem;

/// How long a server may take to name itself, and the rest of a handshake to come to its end.
const BANNER: Duration = Duration::from_secs(30);
const HANDSHAKE: Duration = Duration::from_secs(60);
/// The same where somebody has to answer questions.
const ASKED: Duration = Duration::from_secs(5 * 60);
/// So many servers are shaken hands with at once: it costs memory and, with thousands of builds, more time than servers give.
static HANDSHAKES: Semaphore = Semaphore::const_new(64);
/// Between attempts: the first pause, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// After a refusal servers want to be left alone for a while.
const REFUSED_PAUSE: Duration = Duration::from_secs(2);

/// All that is needed to connect, and to connect again.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) target: Target,
    pub(super) ssh: Ssh,
    /// The servers on the way, the machine last.
    stops: Vec<Stop>,
    pub(super) pin: HostKeyPin,
    pub(super) events: Events,
    pub(super) cancel: Cancel,
}

/// A server on the way.
#[derive(Clone)]
struct Stop {
    target: Target,
    login: Login,
    pin: HostKeyPin,
    /// Whether it only stands before the machine.
    bastion: bool,
}

/// A connection to a server on the way, which carries the next one.
pub(super) type Hop = Arc<Handle<Client>>;

/// What went wrong, and at which stop.
#[derive(Clone, PartialEq, Eq)]
struct Missed {
    fault: Fault,
    stop: usize,
}

/// Connects to a machine that may still be starting, for as long as `ssh.timeout` says.
pub async fn connect(
    target: &Target,
    ssh: &Ssh,
    keys: &[Arc<PrivateKey>],
    pin: &HostKeyPin,
    events: &Events,
    cancel: &Cancel,
) -> Result<Shell, Problem> {
    let mut stops = Vec::new();
    for (index, bastion) in ssh.bastions.iter().enumerate() {
        let target = Target { host: bastion.host.clone(), port: bastion.port };
        stops.push(Stop { target, login: Login::bastion(ssh, bastion)?, pin: pin.before(index), bastion: true });
    }
    stops.push(Stop { target: target.clone(), login: Login::machine(ssh, keys)?, pin: pin.clone(), bastion: false });
    let way = Way {
        target: target.clone(),
        ssh: ssh.clone(),
        stops,
        pin: pin.clone(),
        events: events.clone(),
        cancel: cancel.clone(),
    };
    let local = Local::open(&ssh.local_tunnels, events).await?;
    // Large, and within many others.
    let link = Box::pin(way.link(ssh.timeout)).await?;
    local.lead(&link.handle);
    Ok(Shell::new(way, link, local))
}

impl Way {
    /// Tries until it holds, for so long; without end where that is zero.
    pub(super) async fn link(&self, time: Duration) -> Result<Link, Problem> {
        let start = Instant::now();
        let deadline = (!time.is_zero()).then(|| start + time);
        let mut pause = FIRST_PAUSE;
        let mut refused = 0;
        let mut told = None;
        let mut hops = Vec::new();
        let line = Line::default();
        loop {
            let mut meanwhile = Missed { fault: Fault::Silent, stop: 0 };
            let late = async {
                match deadline {
                    Some(end) => line.sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            let result = tokio::select! {
                result = self.attempt(&mut hops, &line, &mut meanwhile) => Some(result),
                () = late => None,
                () = self.cancel.cancelled() => return Err(Problem::cancelled()),
            };
            let missed = match result {
                Some(Ok(link)) => {
                    let opened = link.remote.open(&link.handle, &self.ssh.remote_tunnels, &self.events);
                    tokio::select! {
                        opened = opened => opened?,
                        () = self.cancel.cancelled() => return Err(Problem::cancelled()),
                    }
                    return Ok(link);
                }
                Some(Err(fault)) => Missed { fault, stop: meanwhile.stop },
                // The time was up within an attempt: what went wrong before says more.
                None => told.take().unwrap_or(meanwhile),
            };
            let (fault, Stop { target, bastion, .. }) = (&missed.fault, &self.stops[missed.stop]);
            if fault.counts() {
                refused += 1;
                pause = pause.max(REFUSED_PAUSE);
            }
            if !fault.passes() {
                return Err(fault.problem(target, *bastion, ""));
            }
            if self.ssh.handshake_attempts > 0 && refused >= self.ssh.handshake_attempts {
                let times = if refused == 1 { "once" } else { "times" };
                let tried = if refused == 1 { format!("tried {times}") } else { format!("tried {refused} {times}") };
                return Err(fault.problem(target, *bastion, &tried));
            }
            if deadline.is_some_and(|end| Instant::now() + pause >= end + line.stood()) {
                return Err(fault.problem(target, *bastion, &format!("tried for {}", seconds(start.elapsed()))));
            }
            if told.as_ref() != Some(&missed) {
                let what = if *bastion { "the bastion " } else { "" };
                self.events.tell(What::Waiting { text: format!("SSH at {what}{target}: {fault}") });
            }
            told = Some(missed);
            tokio::select! {
                () = sleep(pause) => {}
                () = self.cancel.cancelled() => return Err(Problem::cancelled()),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One attempt, which begins behind the servers on the way that are connected still; `meanwhile` is what went wrong where the
    /// time ends within it.
    async fn attempt(&self, hops: &mut Vec<Hop>, line: &Line, meanwhile: &mut Missed) -> Result<Link, Fault> {
        let whole = hops.iter().take_while(|hop| !hop.is_closed()).count();
        hops.truncate(whole);
        loop {
            meanwhile.stop = hops.len();
            let stop = &self.stops[hops.len()];
            let stream = self.stretch(hops.len(), hops.last(), &mut meanwhile.fault).await?;
            let (heard, known, remote) = (Heard::default(), Known::default(), Remote::default());
            let turn = line.turn(&HANDSHAKES).await;
            let mut handle = self.shake(stop, stream, (&heard, &known, &remote), &mut meanwhile.fault).await?;
            drop(turn);
            let unsaid = Fault::Lost("the server did not say whether it lets us in".to_owned());
            meanwhile.fault = unsaid.clone();
            let proof = auth::authenticate(&mut handle, &known, &stop.login);
            // Whoever is asked takes the time that it takes.
            let patience = if stop.login.ask { ASKED } else { HANDSHAKE };
            let sha1 = timeout(patience, proof).await.unwrap_or(Err(unsaid))?;
            stop.pin.prove();
            self.warn_of_old(stop, &known, sha1);
            let handle = Arc::new(handle);
            if stop.bastion {
                hops.push(handle);
                continue;
            }
            let server = heard.line().unwrap_or_default();
            return Ok(Link { handle, hops: std::mem::take(hops), known, remote, server });
        }
    }

    /// A stream to a stop: straight or by the proxy to the first one, through the one before it to each other.
    async fn stretch(&self, to: usize, before: Option<&Hop>, meanwhile: &mut Fault) -> Result<Box<dyn Stream>, Fault> {
        let stop = &self.stops[to];
        match before {
            None => dial(&stop.target, self.ssh.proxy.as_ref(), meanwhile).await,
            Some(hop) => through(hop, &self.stops[to - 1].target, &stop.target, meanwhile).await,
        }
    }

    /// A fresh stream to the machine, through the connection to the last bastion where there is one.
    pub(super) async fn last_stretch(
        &self,
        before: Option<&Hop>,
        meanwhile: &mut Fault,
    ) -> Result<Box<dyn Stream>, Fault> {
        self.stretch(self.stops.len() - 1, before, meanwhile).await
    }

    /// Whether nothing stands between here and the machine.
    pub(super) fn is_straight(&self) -> bool {
        self.stops.len() == 1 && self.ssh.proxy.is_none()
    }

    async fn shake(
        &self,
        stop: &Stop,
        stream: Box<dyn Stream>,
        (heard, known, remote): (&Heard, &Known, &Remote),
        meanwhile: &mut Fault,
    ) -> Result<Handle<Client>, Fault> {
        *meanwhile = Fault::NoBanner;
        let config = Arc::new(config(&self.ssh, &stop.pin, !stop.bastion));
        let agent = self.ssh.agent.clone().filter(|_| self.ssh.forward_agent && !stop.bastion);
        let client = Client { pin: stop.pin.clone(), known: known.clone(), remote: remote.clone(), agent };
        let shaking = connect_stream(config, Watched::new(stream, heard.clone()), client);
        tokio::pin!(shaking);
        let mut result = timeout(BANNER, &mut shaking).await;
        if result.is_err() && heard.line().is_some() {
            *meanwhile = Fault::Lost("the key exchange takes too long".to_owned());
            result = timeout(HANDSHAKE.saturating_sub(BANNER), &mut shaking).await;
        }
        let line = heard.line();
        let spoke = line.as_ref().is_some_and(|l| l.starts_with("SSH-"));
        match result {
            Ok(Ok(handle)) => {
                if let (Some(before), Some(now)) = (known.replaced(), stop.pin.fingerprint()) {
                    let text = format!("the host key of {} was `{before}`, and is `{now}` now", stop.target);
                    self.events.warn(format!("{text}: nobody had been let in yet, and the new one is trusted"));
                }
                Ok(handle)
            }
            _ if line.is_none() => Err(Fault::NoBanner),
            _ if !spoke => Err(Fault::Stranger(line.unwrap_or_default())),
            Err(_) => Err(Fault::Lost("the key exchange takes too long".to_owned())),
            Ok(Err(e)) => Err(match known.changed() {
                Some(shown) => Fault::HostKey { pinned: stop.pin.fingerprint().unwrap_or_default(), shown },
                None => exchange(&e),
            }),
        }
    }

    fn warn_of_old(&self, stop: &Stop, known: &Known, sha1: bool) {
        let mut old = known.old();
        if sha1 {
            old.push("signatures by SHA-1 (`ssh-rsa`)".to_owned());
        }
        if !old.is_empty() {
            let old = old.join(", ");
            self.events
                .warn(format!("the SSH server of {} knows nothing newer than {old}, which is not safe", stop.target));
        }
    }
}

/// A stream to a server through the one before it.
async fn through(hop: &Hop, from: &Target, to: &Target, meanwhile: &mut Fault) -> Result<Box<dyn Stream>, Fault> {
    *meanwhile = Fault::NoWay { from: from.clone() };
    let opened = hop.channel_open_direct_tcpip(to.host.clone(), to.port.into(), "127.0.0.1", 0);
    match timeout(ANSWER * 2, opened).await {
        Ok(Ok(channel)) => Ok(Box::new(channel.into_stream())),
        Ok(Err(russh::Error::ChannelOpenFailure(ChannelOpenFailure::AdministrativelyProhibited))) => {
            Err(Fault::Forbidden { from: from.clone() })
        }
        Ok(Err(_)) | Err(_) => Err(meanwhile.clone()),
    }
}

/// What a failed key exchange means.
fn exchange(error: &russh::Error) -> Fault {
    use russh::Error;
    match error {
        Error::NoCommonAlgo { kind, theirs, .. } => {
            let kind = format!("{kind:?}").to_lowercase();
            Fault::Exchange(format!("no {kind} algorithm in common; the server offers {}", theirs.join(", ")))
        }
        Error::Disconnect | Error::HUP => Fault::Lost("the server closed it".to_owned()),
        Error::IO(e) => Fault::Lost(plain(e)),
        Error::Version => Fault::Exchange("the server's version line cannot be read".to_owned()),
        other => Fault::Exchange(other.to_string()),
    }
}

/// An error of the system without its number.
pub(super) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.trim_start_matches("failed to lookup address information: ").chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// A time for people.
fn seconds(time: Duration) -> String {
    match (time + Duration::from_millis(500)).as_secs() {
        s if s < 120 => format!("{s} s"),
        s => format!("{} min", s / 60),
    }
}
