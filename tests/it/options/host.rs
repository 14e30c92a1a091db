//! An SSH server that notes what it is shown and asked for: a machine, or a bastion before it.
//!
//! It must not know how bakec works, and runs nothing. Everybody is let in, but who says `wrong`. Neighbours: `site` puts it where a
//! build finds it, `tap` listens to what is not encrypted yet.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use russh::keys::{Algorithm, Certificate, PrivateKey};
use russh::server::{
    Auth, ChannelOpenHandle, Config, Handle, Handler, Msg, Response, Session, VerifiedPublicKey, run_stream,
};
use russh::{Channel, ChannelId, MethodKind, MethodSet, Pty};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use super::keys::named;
use super::tap::tapped;

/// What all servers have seen, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(super) fn see(&self, who: &str, what: impl AsRef<str>) {
        self.0.lock().expect("what was seen").push(format!("{who}: {}", what.as_ref()));
    }

    pub(super) fn all(&self) -> Vec<String> {
        self.0.lock().expect("what was seen").clone()
    }
}

/// What becomes of a script: it begins with `run`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    /// It says nothing for so long.
    pub(super) silence: Duration,
    /// It knocks at a port of whoever has come.
    pub(super) knocks: Option<u16>,
}

/// How long something may take that comes at once.
const SOON: Duration = Duration::from_secs(10);

/// A server: its name, what it sees, and what it does.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) name: &'static str,
    pub(super) log: Log,
    pub(super) manner: Manner,
    /// Whether it leads on to others.
    pub(super) leads: bool,
}

impl Host {
    /// Starts it: its port.
    pub(super) async fn open(self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let methods = [MethodKind::PublicKey, MethodKind::Password, MethodKind::KeyboardInteractive];
        let config = Arc::new(Config {
            methods: MethodSet::from(if self.leads { &methods[..] } else { &methods[..2] }),
            auth_rejection_time: Duration::ZERO,
            auth_rejection_time_initial: Some(Duration::ZERO),
            keys: vec![PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).expect("a key")],
            nodelay: true,
            ..Config::default()
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let heard = Arc::new(AtomicUsize::new(0));
                let stream = tapped(stream, self.name, self.log.clone(), heard.clone());
                let (config, host) = (config.clone(), self.clone());
                let guest = Guest { host, heard, uploads: BTreeMap::new(), forwards: Vec::new() };
                tokio::spawn(async move {
                    if let Ok(running) = run_stream(config, stream, guest).await {
                        // However it ends, it has ended.
                        let _ = running.await;
                    }
                });
            }
        });
        port
    }
}

/// Who has come.
struct Guest {
    host: Host,
    /// How often something was heard of him.
    heard: Arc<AtomicUsize>,
    /// What comes by SCP: as much as is to come of a file yet, or the head of the next one.
    uploads: BTreeMap<ChannelId, Result<usize, Vec<u8>>>,
    /// Ports that he wants to be listened on.
    forwards: Vec<u32>,
}

impl Guest {
    fn see(&self, what: impl AsRef<str>) {
        self.host.log.see(self.host.name, what);
    }

    fn lets_in(&self, word: &str) -> Auth {
        if word == "wrong" { Auth::reject() } else { Auth::Accept }
    }
}

impl Handler for Guest {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        self.see(format!("password of {user}: {password}"));
        Ok(self.lets_in(password))
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        self.see(format!("{} of {user}", named(key.public_key)));
        Ok(Auth::Accept)
    }

    async fn auth_openssh_certificate(&mut self, user: &str, shown: &Certificate) -> Result<Auth, Self::Error> {
        self.see(format!("certificate {} of {user}", shown.key_id()));
        Ok(Auth::Accept)
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _: &str,
        answers: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        let Some(mut answers) = answers else {
            let prompts = Cow::Owned(vec![(Cow::Borrowed("the word: "), false)]);
            return Ok(Auth::Partial { name: "".into(), instructions: "".into(), prompts });
        };
        let answer = answers.next().map(|word| String::from_utf8_lossy(&word).into_owned()).unwrap_or_default();
        self.see(format!("answer of {user}: {answer}"));
        Ok(self.lets_in(&answer))
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.see(format!("on to {host}:{port}"));
        if self.host.leads {
            let at = (host.to_owned(), u16::try_from(port).expect("a port"));
            tokio::spawn(async move {
                let Ok(mut there) = TcpStream::connect(at).await else { return };
                reply.accept().await;
                let mut here = channel.into_stream();
                // Whichever side ends first, nothing is owed to the other.
                let _ = copy_bidirectional(&mut here, &mut there).await;
                let _ = here.shutdown().await;
            });
        }
        Ok(())
    }

    async fn tcpip_forward(&mut self, _: &str, port: &mut u32, _: &mut Session) -> Result<bool, Self::Error> {
        self.see(format!("a port to listen on: {port}"));
        self.forwards.push(*port);
        Ok(true)
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        kind: &str,
        columns: u32,
        rows: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.see(format!("a terminal: {kind} {columns}x{rows}"));
        session.channel_success(id)
    }

    async fn agent_request(&mut self, _: ChannelId, _: &mut Session) -> Result<bool, Self::Error> {
        self.see("an agent");
        Ok(true)
    }

    async fn subsystem_request(&mut self, id: ChannelId, name: &str, session: &mut Session) -> Result<(), Self::Error> {
        self.see(format!("a subsystem: {name}"));
        session.channel_failure(id)
    }

    async fn exec_request(&mut self, id: ChannelId, command: &[u8], session: &mut Session) -> Result<(), Self::Error> {
        session.channel_success(id)?;
        let command = String::from_utf8_lossy(command).into_owned();
        if command.starts_with("scp -t") {
            self.see("a file by SCP");
            self.uploads.insert(id, Err(Vec::new()));
            return session.data(id, vec![0]);
        }
        if command.contains("authorized_keys") {
            self.see(format!("a key to forget{}", if command.contains("/root/") { " of root's" } else { "" }));
        }
        let (host, heard, forwards) = (self.host.clone(), self.heard.clone(), self.forwards.clone());
        let handle = session.handle();
        tokio::spawn(async move {
            if command.starts_with("run ") {
                script(&host, &heard, &forwards, &handle).await;
            }
            // Who has gone meanwhile need not be told.
            let _ = handle.exit_status_request(id, 0).await;
            let _ = handle.eof(id).await;
            let _ = handle.close(id).await;
        });
        Ok(())
    }

    async fn data(&mut self, id: ChannelId, data: &[u8], session: &mut Session) -> Result<(), Self::Error> {
        let Some(upload) = self.uploads.get_mut(&id) else { return Ok(()) };
        for byte in data {
            match upload {
                Ok(1) => *upload = Err(Vec::new()),
                Ok(left) => *left -= 1,
                Err(head) if *byte == b'\n' => {
                    let length = String::from_utf8_lossy(head).split(' ').nth(1).and_then(|text| text.parse().ok());
                    let length: usize = length.expect("the head of a file");
                    // A zero stands behind it.
                    *upload = Ok(length + 1);
                    session.data(id, vec![0])?;
                    continue;
                }
                Err(head) => head.push(*byte),
            }
            if matches!(upload, Err(head) if head.is_empty()) {
                session.data(id, vec![0])?;
            }
        }
        Ok(())
    }

    async fn channel_eof(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        if self.uploads.remove(&id).is_some() {
            session.exit_status_request(id, 0)?;
            session.eof(id)?;
            session.close(id)?;
        }
        Ok(())
    }
}

/// All that happens while a script runs.
async fn script(host: &Host, heard: &AtomicUsize, forwards: &[u32], handle: &Handle) {
    let see = |what: String| host.log.see(host.name, what);
    if !host.manner.silence.is_zero() {
        let before = heard.load(Ordering::Relaxed);
        sleep(host.manner.silence).await;
        // One may be an echo of what came before.
        see(format!("signs of life: {}", heard.load(Ordering::Relaxed) > before + 1));
    }
    if let Some(port) = host.manner.knocks {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("somebody listens");
        // It ends when it is known that it leads nowhere.
        let _ = timeout(SOON, stream.read_to_end(&mut Vec::new())).await;
    }
    for port in forwards {
        let opened = handle.channel_open_forwarded_tcpip("localhost", *port, "127.0.0.1", 1).await;
        let mut greeting = String::new();
        if let Ok(channel) = opened {
            let _ = timeout(SOON, channel.into_stream().read_to_string(&mut greeting)).await;
        }
        see(format!("port {port} leads to {greeting:?}"));
    }
}
