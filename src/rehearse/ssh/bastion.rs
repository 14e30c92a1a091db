//! A bastion: it lets everyone in who shows anything, runs nothing, and leads to the instances and nowhere else.
//!
//! It stands for whatever bastion a plan names, whose users it cannot know. Where it leads to is the instances' own listener, for
//! their own addresses too, or itself once more, for plans with several. Neighbours: `mod` listens for the instances.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use russh::keys::{Certificate, PrivateKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, PublicKeyOffer, Response, VerifiedPublicKey};
use russh::{Channel, ChannelOpenFailure, MethodKind, MethodSet};
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::rehearse::shared::Shared;

pub(crate) async fn bastion(listener: TcpListener, key: PrivateKey, shared: Arc<Shared>, ssh: SocketAddr) {
    let methods = [MethodKind::PublicKey, MethodKind::Password, MethodKind::KeyboardInteractive];
    let config = Arc::new(Config {
        methods: MethodSet::from(&methods[..]),
        auth_rejection_time: Duration::ZERO,
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![key],
        inactivity_timeout: None,
        nodelay: true,
        ..Config::default()
    });
    let own = listener.local_addr().map_or(0, |at| at.port());
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (config, door) = (config.clone(), Door { shared: shared.clone(), ssh, own });
                tokio::spawn(async move {
                    // However it ends, it has ended.
                    if let Ok(running) = russh::server::run_stream(config, stream, door).await {
                        let _ = running.await;
                    }
                });
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

struct Door {
    shared: Arc<Shared>,
    ssh: SocketAddr,
    own: u16,
}

impl Door {
    /// The port here that a place is: that of the instances for their addresses; nothing for what is elsewhere.
    fn port(&self, host: &str, port: u32) -> Option<u16> {
        if host == "localhost" || host.parse::<IpAddr>().is_ok_and(|at| at.is_loopback()) {
            return [self.ssh.port(), self.own].into_iter().find(|own| u32::from(*own) == port);
        }
        let state = self.shared.state();
        let mut all = state.world.regions().flat_map(|r| r.instances.values().map(|i| (r.name, i)));
        let is = |(region, i): (&str, &crate::rehearse::world::instance::Instance)| {
            let public = i.public_ip.as_deref() == Some(host) || i.public_dns(region).as_deref() == Some(host);
            public || i.private_ip == host || i.private_dns(region) == host
        };
        all.any(is).then(|| self.ssh.port())
    }
}

impl Handler for Door {
    type Error = russh::Error;

    async fn auth_password(&mut self, _: &str, _: &str) -> Result<Auth, Self::Error> {
        Ok(Auth::Accept)
    }

    async fn auth_publickey_offered(&mut self, _: &str, _: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        Ok(Auth::Accept)
    }

    async fn auth_publickey(&mut self, _: &str, _: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        Ok(Auth::Accept)
    }

    async fn auth_openssh_certificate(&mut self, _: &str, _: &Certificate) -> Result<Auth, Self::Error> {
        Ok(Auth::Accept)
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _: &str,
        _: &str,
        answers: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        Ok(match answers {
            Some(_) => Auth::Accept,
            None => Auth::Partial {
                name: "a rehearsed bastion".into(),
                instructions: "".into(),
                prompts: vec![("anything: ".into(), false)].into(),
            },
        })
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
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
        _: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        match self.port(host, port) {
            Some(port) => {
                tokio::spawn(lead(SocketAddr::new(self.ssh.ip(), port), channel, reply));
            }
            None => reply.reject(ChannelOpenFailure::ConnectFailed).await,
        }
        Ok(())
    }
}

async fn lead(to: SocketAddr, channel: Channel<Msg>, reply: ChannelOpenHandle) {
    let connected: io::Result<TcpStream> = TcpStream::connect(to).await;
    let Ok(mut server) = connected else { return reply.reject(ChannelOpenFailure::ConnectFailed).await };
    // A wish only.
    let _ = server.set_nodelay(true);
    reply.accept().await;
    let mut client = channel.into_stream();
    // Whichever side ends first, nothing is owed to the other.
    let _ = copy_bidirectional(&mut client, &mut server).await;
    let _ = client.shutdown().await;
}
