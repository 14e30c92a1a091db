//! One SSH connection: who it is for, and its channels.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::PublicKey;
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, VerifiedPublicKey};
use russh::{Channel, ChannelId, Pty};
use tokio::sync::{Notify, watch};

use super::exec::{self, End};
use super::{Guest, sftp};
use crate::rehearse::clock::Time;
use crate::rehearse::faults::{Kind, SSH};
use crate::rehearse::shared::Shared;
use crate::rehearse::world::instance::{Instance, State};
use crate::rehearse::world::network::Source;
use crate::rehearse::world::{Region, World};

/// How long, in real time, someone is kept waiting for an instance to boot.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Session {
    shared: Arc<Shared>,
    guest: watch::Sender<Option<Guest>>,
    reset: Arc<Notify>,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

/// What a key opens.
enum Door {
    /// Nothing here has that key.
    None,
    /// From then on.
    Later(Time),
    Open(Box<Guest>),
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>, guest: watch::Sender<Option<Guest>>, reset: Arc<Notify>) -> Self {
        Session { shared, guest, reset, channels: HashMap::new() }
    }

    fn door(&self, user: &str, key: &PublicKey) -> Door {
        let Some((public, ..)) = key.to_openssh().ok().and_then(|text| crate::rehearse::keys::read(&text)) else {
            return Door::None;
        };
        let mut state = self.shared.state();
        state.world.advance();
        let world = &state.world;
        let Some((region, instance)) = newest(world, &public) else { return Door::None };
        match (instance.state, instance.up) {
            (State::Running, Some(up)) if up <= world.now() => Door::Open(Box::new(Guest {
                region: region.name,
                instance: instance.id.clone(),
                user: user.to_string(),
                files: instance.files.clone(),
                cuts: instance.cuts,
            })),
            (State::Running, Some(up)) => Door::Later(up),
            _ => Door::Later(instance.next.map_or(world.now(), |(at, _)| at).after(Duration::from_millis(1))),
        }
    }
}

/// The newest instance whose key pair has that public key, and that lets someone in.
fn newest<'w>(world: &'w World, public: &str) -> Option<(&'w Region, &'w Instance)> {
    let of = world.regions().flat_map(|region| region.instances.values().map(move |instance| (region, instance)));
    let fits = |(region, i): &(&Region, &Instance)| {
        let key = i.key.as_ref().and_then(|name| region.keys.get(name));
        i.runs() && key.is_some_and(|key| key.public == public) && reachable(region, i)
    };
    of.filter(fits).max_by_key(|(_, instance)| instance.born)
}

/// Whether a rule of a group lets in TCP from an address. Which port it is cannot be told: all instances share one here.
fn reachable(region: &Region, instance: &Instance) -> bool {
    let rules = instance.groups.iter().filter_map(|id| region.groups.get(id)).flat_map(|group| &group.ingress);
    let mut rules = rules.filter(|rule| matches!(rule.protocol.as_str(), "tcp" | "-1"));
    rules.any(|rule| !matches!(rule.source, Source::Group(_)))
}

impl Handler for Session {
    type Error = russh::Error;

    async fn auth_publickey_offered(&mut self, user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        Ok(match self.door(user, offer.public_key) {
            Door::None => Auth::reject(),
            Door::Later(_) | Door::Open(_) => Auth::Accept,
        })
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let waited = std::time::Instant::now();
        loop {
            match self.door(user, key.public_key) {
                Door::None => return Ok(Auth::reject()),
                Door::Open(guest) => {
                    self.guest.send_replace(Some(*guest));
                    return Ok(Auth::Accept);
                }
                Door::Later(_) if waited.elapsed() > PATIENCE => return Ok(Auth::reject()),
                Door::Later(at) => {
                    let real = {
                        let state = self.shared.state();
                        state.world.clock.real(state.world.now().until(at))
                    };
                    // In steps: meanwhile it may be stopped.
                    tokio::time::sleep(real.clamp(Duration::from_millis(2), Duration::from_secs(1))).await;
                }
            }
        }
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _: &mut russh::server::Session) -> Result<(), Self::Error> {
        self.channels.remove(&id);
        Ok(())
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(id)
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        _: &str,
        _: &str,
        session: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        // As most servers do: no variable is taken over from a client.
        session.channel_failure(id)
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        command: &[u8],
        session: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        let guest = self.guest.borrow().clone();
        let (Some(channel), Some(guest)) = (self.channels.remove(&id), guest) else {
            return session.channel_failure(id);
        };
        let strikes = self.shared.state().faults.strike(SSH);
        if strikes.iter().any(|(kind, _)| *kind == Kind::SshReset) {
            self.reset.notify_one();
            return Ok(());
        }
        let end = strikes.iter().find_map(|(kind, value)| match kind {
            Kind::SshNoExit => Some(End::Silent),
            Kind::SshExit => Some(End::Status(u32::try_from(*value).unwrap_or(255))),
            _ => None,
        });
        session.channel_success(id)?;
        let command = String::from_utf8_lossy(command).into_owned();
        super::record(&self.shared, &guest, &command);
        tokio::spawn(exec::run(channel, guest, command, end, self.shared.clone()));
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        let guest = self.guest.borrow().clone();
        let (Some(channel), Some(guest), "sftp") = (self.channels.remove(&id), guest, name) else {
            return session.channel_failure(id);
        };
        if self.shared.state().faults.strike(SSH).iter().any(|(kind, _)| *kind == Kind::SshReset) {
            self.reset.notify_one();
            return Ok(());
        }
        session.channel_success(id)?;
        tokio::spawn(sftp::run(channel, guest));
        Ok(())
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut russh::server::Session) -> Result<(), Self::Error> {
        // There is no one to talk to.
        session.channel_failure(id)
    }
}
