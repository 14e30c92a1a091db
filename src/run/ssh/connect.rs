//! The way to a shell: attempts, each phase with its own patience, until one holds or the time is up.
//!
//! Neighbours: `client` says what is offered, `auth` proves the user, `fault` names what went wrong, `shell` is what comes of it.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{Handle, connect_stream};
use russh::keys::PrivateKey;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::client::{Client, Known, config};
use super::fault::Fault;
use super::pin::HostKeyPin;
use super::shell::{Link, Shell};
use super::watched::{Heard, Watched};
use super::{Target, auth};
use crate::run::build::Ssh;
use crate::run::cancel::Cancel;
use crate::run::event::{Events, What};
use crate::run::problem::Problem;

/// How long a port may take to answer, a server to name itself, and the rest of a handshake to come to its end.
const ANSWER: Duration = Duration::from_secs(15);
const BANNER: Duration = Duration::from_secs(30);
const HANDSHAKE: Duration = Duration::from_secs(60);
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
    pub(super) keys: Vec<Arc<PrivateKey>>,
    pub(super) pin: HostKeyPin,
    pub(super) events: Events,
    pub(super) cancel: Cancel,
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
    let way = Way {
        target: target.clone(),
        ssh: ssh.clone(),
        keys: keys.to_vec(),
        pin: pin.clone(),
        events: events.clone(),
        cancel: cancel.clone(),
    };
    let link = way.link(ssh.timeout).await?;
    Ok(Shell::new(way, link))
}

impl Way {
    /// Tries until it holds, for so long; without end where that is zero.
    pub(super) async fn link(&self, time: Duration) -> Result<Link, Problem> {
        let start = Instant::now();
        let deadline = (!time.is_zero()).then(|| start + time);
        let mut pause = FIRST_PAUSE;
        let mut refused = 0;
        let mut told = None;
        loop {
            let mut meanwhile = Fault::Silent;
            let attempt = async {
                match deadline {
                    Some(end) => timeout_at(end, self.attempt(&mut meanwhile)).await.ok(),
                    None => Some(self.attempt(&mut meanwhile).await),
                }
            };
            let result = tokio::select! {
                result = attempt => result,
                () = self.cancel.cancelled() => return Err(Problem::cancelled()),
            };
            let fault = match result {
                Some(Ok(link)) => {
                    self.warn_of_old(&link);
                    return Ok(link);
                }
                Some(Err(fault)) => fault,
                // The time was up within an attempt: what went wrong before says more.
                None => told.take().unwrap_or(meanwhile),
            };
            if fault.counts() {
                refused += 1;
                pause = pause.max(REFUSED_PAUSE);
            }
            if !fault.passes() {
                return Err(fault.problem(&self.target, ""));
            }
            if self.ssh.handshake_attempts > 0 && refused >= self.ssh.handshake_attempts {
                let times = if refused == 1 { "once" } else { "times" };
                let tried = if refused == 1 { format!("tried {times}") } else { format!("tried {refused} {times}") };
                return Err(fault.problem(&self.target, &tried));
            }
            if deadline.is_some_and(|end| Instant::now() + pause >= end) {
                return Err(fault.problem(&self.target, &format!("tried for {}", seconds(start.elapsed()))));
            }
            if told.as_ref() != Some(&fault) {
                self.events.tell(What::Waiting { text: format!("SSH at {}: {fault}", self.target) });
            }
            told = Some(fault);
            tokio::select! {
                () = sleep(pause) => {}
                () = self.cancel.cancelled() => return Err(Problem::cancelled()),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One attempt; `meanwhile` is what went wrong where the time ends within it.
    async fn attempt(&self, meanwhile: &mut Fault) -> Result<Link, Fault> {
        let stream = self.dial(meanwhile).await?;
        let heard = Heard::default();
        let known = Known::default();
        let mut handle = self.shake(stream, &heard, &known, meanwhile).await?;
        *meanwhile = Fault::Lost("the server did not say whether it lets us in".to_owned());
        let proof = auth::authenticate(&mut handle, &known, &self.ssh, &self.keys);
        let sha1 = timeout(HANDSHAKE, proof).await.unwrap_or_else(|_| Err(meanwhile.clone()))?;
        self.pin.prove();
        Ok(Link { handle, known, server: heard.line().unwrap_or_default(), sha1 })
    }

    async fn dial(&self, meanwhile: &mut Fault) -> Result<TcpStream, Fault> {
        let Target { host, port } = &self.target;
        *meanwhile = Fault::Name("the look-up takes too long".to_owned());
        let found = timeout(ANSWER, lookup_host((host.as_str(), *port))).await;
        let addresses = match found {
            Ok(Ok(found)) => found.collect::<Vec<_>>(),
            Ok(Err(e)) => return Err(Fault::Name(plain(&e))),
            Err(_) => return Err(meanwhile.clone()),
        };
        *meanwhile = Fault::Silent;
        let mut fault = Fault::Name("the look-up found nothing".to_owned());
        for address in addresses {
            fault = match timeout(ANSWER, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Small packets go at once; where that cannot be, they still go.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(_) => Fault::Silent,
                Ok(Err(e)) => match e.kind() {
                    ErrorKind::ConnectionRefused => Fault::Closed,
                    ErrorKind::TimedOut => Fault::Silent,
                    _ => Fault::Unreachable(plain(&e)),
                },
            };
        }
        Err(fault)
    }

    async fn shake(
        &self,
        stream: TcpStream,
        heard: &Heard,
        known: &Known,
        meanwhile: &mut Fault,
    ) -> Result<Handle<Client>, Fault> {
        *meanwhile = Fault::NoBanner;
        let config = Arc::new(config(&self.ssh, &self.pin));
        let client = Client { pin: self.pin.clone(), known: known.clone() };
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
                if let (Some(before), Some(now)) = (known.replaced(), self.pin.fingerprint()) {
                    let text = format!("the host key of {} was `{before}`, and is `{now}` now", self.target);
                    self.events.warn(format!("{text}: nobody had been let in yet, and the new one is trusted"));
                }
                Ok(handle)
            }
            _ if line.is_none() => Err(Fault::NoBanner),
            _ if !spoke => Err(Fault::Stranger(line.unwrap_or_default())),
            Err(_) => Err(Fault::Lost("the key exchange takes too long".to_owned())),
            Ok(Err(e)) => Err(match known.changed() {
                Some(shown) => Fault::HostKey { pinned: self.pin.fingerprint().unwrap_or_default(), shown },
                None => exchange(&e),
            }),
        }
    }

    fn warn_of_old(&self, link: &Link) {
        let mut old = link.known.old();
        if link.sha1 {
            old.push("signatures by SHA-1 (`ssh-rsa`)".to_owned());
        }
        if !old.is_empty() {
            let old = old.join(", ");
            self.events
                .warn(format!("the SSH server of {} knows nothing newer than {old}, which is not safe", self.target));
        }
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
