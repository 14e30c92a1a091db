//! Tunnels: ports here that lead to the machine's side, ports of the machine that lead here, and a port here that is the machine's own.
//!
//! Those here stay open while a connection is lost and made again; those of the machine are asked for at each one. Neighbours:
//! `connect` opens them, `client` is told when somebody comes by one of the machine; `shell` opens a door for other clients.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::client::{ChannelOpenHandle, Handle, Msg};
use russh::{Channel, ChannelOpenFailure};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::client::Client;
use super::connect::{Hop, Way, plain};
use super::fault::Fault;
use crate::diagnostic::code;
use crate::run::build::Tunnel;
use crate::run::event::Events;
use crate::run::problem::Problem;

/// A server that has lost a connection holds its ports for a while yet.
const HELD: Duration = Duration::from_secs(20);
const AGAIN: Duration = Duration::from_millis(500);

type Line = Arc<Handle<Client>>;

/// The machine's ports that lead here.
#[derive(Clone, Default)]
pub(super) struct Remote(Arc<Mutex<BTreeMap<u32, Tunnel>>>);

impl Remote {
    pub(super) fn at(&self, port: u32) -> Option<Tunnel> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&port).cloned()
    }

    /// Asks the machine to listen.
    pub(super) async fn open(&self, line: &Line, wanted: &[Tunnel], events: &Events) -> Result<(), Problem> {
        let start = Instant::now();
        for tunnel in wanted {
            let given = loop {
                // Known before anyone comes by it; the number of a port that the server chooses comes after.
                self.know(tunnel.port.into(), tunnel);
                match line.tcpip_forward("localhost", tunnel.port.into()).await {
                    Ok(given) => break given,
                    Err(_) if start.elapsed() < HELD && !line.is_closed() => sleep(AGAIN).await,
                    Err(_) => return Err(refused(tunnel)),
                }
            };
            if tunnel.port == 0 {
                self.know(given, tunnel);
                events.say(format!("port {given} of the machine leads to {}:{} here", tunnel.host, tunnel.to));
            }
        }
        Ok(())
    }

    fn know(&self, port: u32, tunnel: &Tunnel) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(port, tunnel.clone());
    }
}

fn refused(tunnel: &Tunnel) -> Problem {
    let message = format!("the machine does not listen on its port {} for `ssh_remote_tunnels`", tunnel.port);
    Problem::failed(code::RUN_SSH_CONNECT, message)
        .help("another program holds the port there, or the server allows no forwarding (`AllowTcpForwarding`)")
}

/// Somebody has come by a port of the machine.
pub(super) async fn arrive(tunnel: Tunnel, channel: Channel<Msg>, reply: ChannelOpenHandle) {
    match TcpStream::connect((tunnel.host.as_str(), tunnel.to)).await {
        Ok(stream) => {
            reply.accept().await;
            join(stream, channel.into_stream()).await;
        }
        Err(_) => reply.reject(ChannelOpenFailure::ConnectFailed).await,
    }
}

/// The ports here that lead to the machine's side, over whatever connection there is.
pub(super) struct Local {
    line: watch::Sender<Option<Line>>,
    tasks: JoinSet<()>,
}

impl Local {
    pub(super) async fn open(wanted: &[Tunnel], events: &Events) -> Result<Local, Problem> {
        let mut local = Local { line: watch::Sender::new(None), tasks: JoinSet::new() };
        for tunnel in wanted {
            let listener = listen(tunnel).await.map_err(|error| held(tunnel, &error))?;
            if let (0, Ok(at)) = (tunnel.port, listener.local_addr()) {
                events.say(format!("port {} here leads to {}:{} there", at.port(), tunnel.host, tunnel.to));
            }
            local.tasks.spawn(serve(listener, tunnel.clone(), local.line.subscribe(), events.clone()));
        }
        Ok(local)
    }

    /// The connection that they lead over from now on.
    pub(super) fn lead(&self, line: &Line) {
        self.line.send_replace(Some(line.clone()));
    }

    /// Closes them; who opens the same ports afterwards finds them free.
    pub(super) async fn close(mut self) {
        self.tasks.shutdown().await;
    }
}

async fn listen(tunnel: &Tunnel) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, tunnel.port)).await
}

fn held(tunnel: &Tunnel, error: &io::Error) -> Problem {
    let message = format!("port {} here cannot be listened on for `ssh_local_tunnels`: {}", tunnel.port, plain(error));
    Problem::failed(code::RUN_SSH_CONNECT, message)
        .help("another program holds it, or another build of this run: give each build a port of its own, or `--parallel=false`")
}

async fn serve(listener: TcpListener, tunnel: Tunnel, line: watch::Receiver<Option<Line>>, events: Events) {
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = open.join_next() => continue,
        };
        let Ok((stream, from)) = accepted else {
            sleep(AGAIN).await;
            continue;
        };
        let (tunnel, line, events) = (tunnel.clone(), line.borrow().clone(), events.clone());
        open.spawn(async move {
            let Some(line) = line else { return };
            let (host, port) = (tunnel.host.clone(), u32::from(tunnel.to));
            match line.channel_open_direct_tcpip(host, port, from.ip().to_string(), from.port().into()).await {
                Ok(channel) => join(stream, channel.into_stream()).await,
                Err(error) => events.warn(format!(
                    "the tunnel from port {} here does not reach {}:{}: {error}",
                    tunnel.port, tunnel.host, tunnel.to
                )),
            }
        });
    }
}

/// A port here behind which the machine's own SSH server answers: whoever comes by goes the way that the connection went, through its
/// last bastion or through the proxy. It is closed with its value.
pub struct Door {
    port: u16,
    _tasks: JoinSet<()>,
}

impl Door {
    /// Opens it; `before` is the connection to the last bastion, where there is one.
    pub(super) async fn open(way: &Way, before: Option<&Hop>) -> Result<Door, Problem> {
        let cannot = |error: io::Error| {
            let message = format!("no port can be opened here that leads to the machine: {}", plain(&error));
            Problem::failed(code::RUN_SSH_CONNECT, message)
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(cannot)?;
        let port = listener.local_addr().map_err(cannot)?.port();
        let mut tasks = JoinSet::new();
        tasks.spawn(admit(listener, way.clone(), before.cloned()));
        Ok(Door { port, _tasks: tasks })
    }

    /// The port, on the loopback.
    pub fn port(&self) -> u16 {
        self.port
    }
}

async fn admit(listener: TcpListener, way: Way, before: Option<Hop>) {
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = open.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else {
            sleep(AGAIN).await;
            continue;
        };
        let (way, before) = (way.clone(), before.clone());
        open.spawn(async move {
            let mut fault = Fault::Silent;
            match way.last_stretch(before.as_ref(), &mut fault).await {
                Ok(there) => join(stream, there).await,
                Err(fault) => way.events.warn(format!("another client does not get to {}: {fault}", way.target)),
            }
        });
    }
}

/// Carries bytes between both until both have ended.
async fn join(mut here: TcpStream, mut there: impl AsyncRead + AsyncWrite + Unpin) {
    // Whichever side ends first, nothing is owed to the other.
    let _ = copy_bidirectional(&mut here, &mut there).await;
    let _ = there.shutdown().await;
}
