//! The embedded EC2: an API server and an SSH server on the loopback address, with EC2's states, delays, names and errors.
//!
//! `bakec rehearse-server` runs it alone, `bakec run --rehearse` beside a run; tests inject faults and hold calls. It runs no
//! code of anyone: uploads are kept in memory, and scripts are checked for their syntax only. It knows facts about EC2, and
//! nothing of plans or of the executor.
//!
//! A request becomes a call (`server`, `query`, `auth`), goes its way through faults, holds, limits and policies (`shared`,
//! `policy`), is run by its action (`actions`) on the state (`world`) and becomes XML (`xml`). `ssh` is the other way in; `control` is what is no part of
//! AWS's API.
//!
//! ```ignore
//! let server = Server::start(Settings { scale: 1000.0, ..Settings::default() }).await?;
//! // Point an SDK's endpoint at `server.endpoint`, and every SSH connection at `server.ssh`.
//! server.fault("lost@CreateImage:1".parse()?);
//! assert!(server.inventory()["instances"] == serde_json::json!([]));
//! ```

mod actions;
mod auth;
mod calls;
mod catalogue;
mod clock;
mod control;
mod error;
mod faults;
mod filter;
mod holds;
mod keys;
mod limits;
mod policy;
mod query;
mod server;
mod settings;
mod shared;
mod ssh;
mod supposed;
#[cfg(test)]
mod tests;
mod wire;
mod world;
mod xml;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use calls::Call;
pub use faults::{Fault, Kind as FaultKind};
pub use holds::{Hold, HoldAt, HoldState, When};
pub use policy::{Allowed, Policy};
pub use settings::{Ami, Delays, Quotas, Settings};
pub use ssh::Command;
pub use supposed::{Kind as SupposedKind, Supposed};

use shared::Shared;

/// A running server. It stops when it is dropped.
#[derive(Debug)]
pub struct Server {
    /// Where the API answers: `http://127.0.0.1:PORT`.
    pub endpoint: String,
    /// Where all instances answer SSH; which one is meant is seen by the key that is offered.
    pub ssh: SocketAddr,
    /// Where a bastion answers SSH: it lets everyone in, and leads to the instances and nowhere else.
    pub bastion: SocketAddr,
    /// The public key that the SSH listener shows, as OpenSSH writes it.
    pub host_key: String,
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts a server on the tokio runtime of the caller.
    pub async fn start(settings: Settings) -> io::Result<Server> {
        let seed = settings
            .seed
            .unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64));
        let (key, host_key) = ssh::host_key()?;
        let api = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
        let ssh = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.ssh_port)).await?;
        let bastion = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.bastion_port)).await?;
        let (api_address, ssh_address, bastion_address) = (api.local_addr()?, ssh.local_addr()?, bastion.local_addr()?);
        let public = host_key.public.clone();
        let shared = Arc::new(Shared::new(&settings, seed, host_key));
        let app = server::router(shared.clone()).into_make_service_with_connect_info::<wire::Wire>();
        let tasks = vec![
            tokio::spawn(async move {
                // It ends with the task only.
                let _ = axum::serve(wire::Cuttable(api), app).await;
            }),
            tokio::spawn(ssh::bastion(bastion, key.clone(), shared.clone(), ssh_address)),
            tokio::spawn(ssh::listen(ssh, key, shared.clone())),
        ];
        let endpoint = format!("http://{api_address}");
        Ok(Server { endpoint, ssh: ssh_address, bastion: bastion_address, host_key: public, shared, tasks })
    }

    /// Everything that was made and exists now: one list a kind.
    pub fn inventory(&self) -> serde_json::Value {
        self.shared.inventory()
    }

    /// All calls since the start or the last reset.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.calls()
    }

    /// All commands that came by SSH since the start, where [`Settings::record`] asks for them.
    pub fn commands(&self) -> Vec<Command> {
        self.shared.commands()
    }

    /// Sets a fault.
    pub fn fault(&self, fault: Fault) {
        self.shared.add_fault(fault);
    }

    /// Arms a hold; its number.
    pub fn hold(&self, what: HoldAt) -> usize {
        self.shared.holds.arm(what)
    }

    /// Waits until a hold has left a state; nothing where there is no such hold.
    pub async fn hold_leaves(&self, hold: usize, state: HoldState) -> Option<Hold> {
        self.shared.holds.leaves(hold, state).await
    }

    /// Lets a held call go.
    pub fn release(&self, hold: usize) -> bool {
        self.shared.holds.release(hold)
    }

    /// Has what a plan takes to be there, where it has not: what that is called.
    pub fn suppose(&self, what: &Supposed) -> Option<String> {
        self.shared.suppose(what)
    }

    /// Lets these policies decide from now on, in the place of former ones; without any, every call is allowed.
    pub fn allow(&self, policies: Vec<Allowed>) {
        self.shared.state().policies = policy::Policies::new(policies);
    }

    /// Forgets all that was made, all calls, faults and holds.
    pub fn reset(&self) {
        self.shared.reset();
    }

    /// How many times as fast as the real one the server's clock runs: a caller that polls divides its waits by it.
    pub fn scale(&self) -> f64 {
        self.shared.state().world.clock.scale()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
