//! The language server: the protocol's words for what [`ide`](crate::ide) answers.
//!
//! Floor 7. It knows the protocol and nothing of the language. One thread does all the work, one message after the other; while it
//! works it looks at what has come, and leaves what is out of date. `inbox` has the messages, `state` the documents, `publish` tells
//! diagnostics when nothing else is to be done, `requests` has one function a question, `convert` and `position` the protocol's data,
//! `pipe` the client's two pipes.

mod capabilities;
mod convert;
mod files;
mod inbox;
mod pipe;
mod position;
mod publish;
mod requests;
mod state;

use std::panic::{AssertUnwindSafe, catch_unwind};

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::InitializeParams;
use lsp_types::notification::{Exit, Notification as _};
use lsp_types::request::{Initialize, Request as _, Shutdown};

use crate::compile::Options;
use crate::load::Disk;
use capabilities::Client;
use inbox::{Gone, Inbox};
pub use pipe::{Writer, connect};
use state::State;

/// How the conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client said goodbye in the proper order.
    Proper,
    /// It did not: it left, or ended without a shutdown before.
    Sudden,
}

/// Serves a client until it goes.
pub fn serve(connection: &Connection, options: Options) -> End {
    let inbox = Inbox::new(connection);
    match initialized(connection, &inbox, options) {
        Ok(Some(state)) => work(connection, &inbox, state).unwrap_or(End::Sudden),
        Ok(None) | Err(Gone) => End::Sudden,
    }
}

/// Waits for the client to introduce itself. None where it goes before that.
fn initialized(connection: &Connection, inbox: &Inbox<'_>, options: Options) -> Result<Option<State>, Gone> {
    loop {
        match inbox.next(true)? {
            Some(Message::Request(request)) if request.method == Initialize::METHOD => {
                let params: InitializeParams = match serde_json::from_value(request.params) {
                    Ok(params) => params,
                    Err(error) => {
                        let code = ErrorCode::InvalidParams as i32;
                        send(connection, Response::new_err(request.id, code, error.to_string()))?;
                        continue;
                    }
                };
                let answer = serde_json::json!({
                    "capabilities": capabilities::of(&Client::of(&params)),
                    "serverInfo": { "name": "bakec", "version": env!("CARGO_PKG_VERSION") },
                });
                send(connection, Response::new_ok(request.id, answer))?;
                // Nobody waits while the folders are looked through.
                return Ok(Some(State::new(Box::new(Disk), options, &params)));
            }
            Some(Message::Request(request)) => {
                let code = ErrorCode::ServerNotInitialized as i32;
                send(connection, Response::new_err(request.id, code, "the first request is `initialize`".into()))?;
            }
            Some(Message::Notification(notification)) if notification.method == Exit::METHOD => return Ok(None),
            _ => {}
        }
    }
}

fn work(connection: &Connection, inbox: &Inbox<'_>, mut state: State) -> Result<End, Gone> {
    let mut leaving = false;
    loop {
        let idle = leaving || !state.has_work();
        match inbox.next(idle)? {
            Some(Message::Request(request)) if leaving => {
                let code = ErrorCode::InvalidRequest as i32;
                send(connection, Response::new_err(request.id, code, "the server is shutting down".into()))?;
            }
            Some(Message::Request(request)) if request.method == Shutdown::METHOD => {
                leaving = true;
                send(connection, Response::new_ok(request.id, ()))?;
            }
            Some(Message::Request(request)) => send(connection, answered(&mut state, inbox, request))?,
            Some(Message::Notification(notification)) if notification.method == Exit::METHOD => {
                return Ok(if leaving { End::Proper } else { End::Sudden });
            }
            Some(Message::Notification(_)) if leaving => {}
            Some(Message::Notification(notification)) => {
                let failed = guarded(|| state.notified(notification)).is_err();
                if failed {
                    state.recover();
                }
            }
            // To what the server asked there is nothing to be done about the answer.
            Some(Message::Response(_)) => {}
            None => {
                let messages = match guarded(|| publish::next(&mut state, &|| inbox.is_stale())) {
                    Ok(messages) => messages,
                    Err(said) => {
                        state.recover();
                        vec![logged(&said)]
                    }
                };
                for message in messages {
                    send(connection, message)?;
                }
                // What nobody asks for any more is let go once the news is on its way: that takes its time, too.
                state.workspace.let_go();
            }
        }
        for message in state.outgoing.drain(..) {
            send(connection, message)?;
        }
    }
}

/// The answer to a request. One that was taken back, or that a later change has overtaken, is not worked at.
fn answered(state: &mut State, inbox: &Inbox<'_>, request: Request) -> Response {
    let Request { id, method, params, .. } = request;
    if inbox.is_cancelled(&id) {
        return Response::new_err(id, ErrorCode::RequestCanceled as i32, "taken back".into());
    }
    let given_up = || inbox.is_stale() || inbox.is_cancelled(&id);
    match guarded(|| requests::answer(state, &method, params, &given_up)) {
        Ok(Ok(value)) => Response::new_ok(id, value),
        Ok(Err(refusal)) => {
            let cancelled = inbox.is_cancelled(&id);
            let code = if cancelled { ErrorCode::RequestCanceled } else { refusal.code };
            Response::new_err(id, code as i32, refusal.message)
        }
        Err(said) => {
            state.recover();
            Response::new_err(id, ErrorCode::InternalError as i32, said)
        }
    }
}

/// Runs something that a bug of ours must not end the conversation by; gives what the bug says.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|thrown| {
        let said = thrown.downcast_ref::<String>().cloned();
        let said = said.or_else(|| thrown.downcast_ref::<&str>().map(|said| (*said).to_owned()));
        format!("a bug in bakec: {}", said.unwrap_or_else(|| "it did not say what".into()))
    })
}

fn logged(said: &str) -> Message {
    let params = lsp_types::LogMessageParams { typ: lsp_types::MessageType::ERROR, message: said.to_owned() };
    Notification::new("window/logMessage".into(), params).into()
}

fn send(connection: &Connection, message: impl Into<Message>) -> Result<(), Gone> {
    connection.sender.send(message.into()).map_err(|_| Gone)
}
