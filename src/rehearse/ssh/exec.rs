//! One command of a client: a transfer by scp, or something for the shell.

use std::sync::Arc;

use russh::Channel;
use russh::server::Msg;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::shell::{Said, Shell};
use super::{Guest, scp, words};
use crate::rehearse::shared::Shared;

/// How a command ends where a fault says so.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// With no exit status.
    Silent,
    Status(u32),
}

/// The most that a command is read from its input.
const INPUT: u64 = 64 << 20;

pub(super) async fn run(
    mut channel: Channel<Msg>,
    guest: Guest,
    command: String,
    end: Option<End>,
    shared: Arc<Shared>,
) {
    let mut restarts = false;
    let mut out = channel.make_writer();
    let mut err = channel.make_writer_ext(Some(1));
    let status = match end {
        Some(End::Status(status)) => {
            // What cannot be said any more is said to nobody.
            let _ = err.write_all(b"bakec rehearsal: this command fails, as a fault says\n").await;
            status
        }
        _ => match scp::asked(&command, &guest.user) {
            Some(ask) => {
                let mut input = channel.make_reader();
                scp::run(&ask, &guest.files, &mut input, &mut out).await
            }
            None => {
                let input = if words::wants_input(&command) {
                    let mut input = Vec::new();
                    let _ = channel.make_reader().take(INPUT).read_to_end(&mut input).await;
                    input
                } else {
                    Vec::new()
                };
                let mut shell = Shell::new(guest.files.clone(), &guest.user, input).of_start(super::start_of(&guest));
                let status = shell.run(&command).await;
                restarts = shell.restarts();
                for said in shell.said() {
                    let _ = match said {
                        Said::Out(bytes) => out.write_all(&bytes).await,
                        Said::Err(bytes) => err.write_all(&bytes).await,
                    };
                }
                status
            }
        },
    };
    let _ = (out.flush().await, err.flush().await);
    if !matches!(end, Some(End::Silent)) {
        let _ = channel.exit_status(status).await;
    }
    let _ = channel.eof().await;
    let _ = channel.close().await;
    if restarts {
        super::restart(&shared, &guest);
    }
}
