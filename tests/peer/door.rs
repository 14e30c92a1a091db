//! A small SSH server of our own, for what OpenSSH asks the system about: passwords and questions. It remembers what it was shown.
//!
//! It must not know how bakec works, and runs nothing.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use russh::keys::{Algorithm, PrivateKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Response, Session, run_stream};
use russh::{Channel, ChannelId, MethodKind, MethodSet, Pty};
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) port: u16,
    /// The password, and whether it is taken only as an answer to a question.
    word: &'static str,
    asks: bool,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Door {
    pub(crate) async fn open(word: &'static str, asks: bool) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let door = Door { port, word, asks, seen: Arc::default() };
        let method = if asks { MethodKind::KeyboardInteractive } else { MethodKind::Password };
        let config = Arc::new(Config {
            methods: MethodSet::from(&[method][..]),
            auth_rejection_time: Duration::ZERO,
            auth_rejection_time_initial: Some(Duration::ZERO),
            keys: vec![PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).expect("a key")],
            ..Config::default()
        });
        let own = door.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (config, door) = (config.clone(), own.clone());
                tokio::spawn(async move {
                    if let Ok(running) = run_stream(config, stream, door).await {
                        let _ = running.await;
                    }
                });
            }
        });
        door
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("what was seen").clone()
    }

    fn see(&self, what: String) {
        self.seen.lock().expect("what was seen").push(what);
    }
}

impl Handler for Door {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        let good = !self.asks && password == self.word;
        self.see(format!("password of {user}: {good}"));
        Ok(if good { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _: &str,
        answers: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        let Some(mut answers) = answers else {
            return Ok(Auth::Partial {
                name: Cow::Borrowed("a door"),
                instructions: Cow::Borrowed("say the word"),
                prompts: Cow::Owned(vec![(Cow::Borrowed("the word: "), false)]),
            });
        };
        let good = answers.next().is_some_and(|word| *word == *self.word.as_bytes());
        self.see(format!("answer of {user}: {good}"));
        Ok(if good { Auth::Accept } else { Auth::reject() })
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
        let at = (host.to_owned(), u16::try_from(port).expect("a port"));
        tokio::spawn(async move {
            let Ok(mut there) = TcpStream::connect(at).await else { return };
            reply.accept().await;
            let mut here = channel.into_stream();
            let _ = copy_bidirectional(&mut here, &mut there).await;
            let _ = here.shutdown().await;
        });
        Ok(())
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
        self.see("an agent".to_owned());
        Ok(true)
    }

    async fn subsystem_request(&mut self, id: ChannelId, name: &str, session: &mut Session) -> Result<(), Self::Error> {
        self.see(format!("a subsystem: {name}"));
        session.channel_failure(id)
    }

    async fn exec_request(&mut self, id: ChannelId, command: &[u8], session: &mut Session) -> Result<(), Self::Error> {
        self.see(format!("a command: {}", String::from_utf8_lossy(command)));
        session.channel_success(id)?;
        session.data(id, "done\n".as_bytes().to_vec())?;
        session.exit_status_request(id, 0)?;
        session.eof(id)?;
        session.close(id)
    }
}
