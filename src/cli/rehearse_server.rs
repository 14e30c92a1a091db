//! `bakec rehearse-server`: the embedded EC2 in a process of its own.

use serde_json::json;

use crate::load::{Disk, World};
use crate::rehearse::{Allowed, Policy, Server, Settings};

use super::args_rehearse::RehearseServer;
use super::terminal::Terminal;
use super::{Outcome, Stop};

pub(super) fn run(args: RehearseServer, terminal: &Terminal) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| terminal.fail(&format!("the server cannot be started: {error}"), None))?;
    runtime.block_on(serve(args, terminal))
}

async fn serve(args: RehearseServer, terminal: &Terminal) -> Outcome {
    super::descriptors::raise();
    let mut settings = Settings {
        port: args.port,
        ssh_port: args.ssh_port,
        bastion_port: args.bastion_port,
        scale: args.scale,
        ahead: args.clock_ahead,
        seed: args.seed,
        faults: args.fault,
        visible_after: args.visible_after,
        amis: args.ami,
        throttle: !args.no_throttle,
        policies: policies(&args.policy, terminal)?,
        ..Settings::default()
    };
    settings.quotas.vcpus = args.vcpus;
    let stopped = stopped().map_err(|error| terminal.fail(&format!("signals cannot be waited for: {error}"), None))?;
    let server = Server::start(settings).await;
    let server = server.map_err(|error| terminal.fail(&format!("no port can be listened on: {error}"), None))?;
    let Server { endpoint, ssh, bastion, host_key, .. } = &server;
    let line = json!({ "endpoint": endpoint, "ssh": ssh, "bastion": bastion, "host_key": host_key });
    terminal.result(|out| writeln!(out, "{line}"))?;
    stopped.await;
    Ok(())
}

/// What callers may do.
pub(super) fn policies(files: &[String], terminal: &Terminal) -> Result<Vec<Allowed>, Stop> {
    files.iter().map(|text| allowed(text, terminal)).collect()
}

/// `policy.json`, or `AKID=policy.json` for calls by that key.
fn allowed(text: &str, terminal: &Terminal) -> Result<Allowed, Stop> {
    let key = text.split_once('=').filter(|(key, _)| key.bytes().all(|b| b.is_ascii_alphanumeric()));
    let (key, path) = key.map_or((None, text), |(key, path)| (Some(key.to_owned()), path));
    let text = Disk
        .read(path)
        .map_err(|error| terminal.fail(&format!("the policy `{path}` cannot be read: {}", error.words().0), None))?;
    let policy: Policy = text.parse().map_err(|why: String| {
        let help = "it is as IAM has it: `bakec plan --iam` writes one";
        terminal.fail(&format!("the policy `{path}` is not understood: {why}"), Some(help))
    })?;
    Ok(Allowed { key, policy })
}

/// Ends with the first SIGTERM or Ctrl-C.
#[cfg(unix)]
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ends with the first Ctrl-C.
#[cfg(not(unix))]
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Where it cannot be waited for, the process is ended by other means.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
