//! The messages of the client. Those that wait are looked at before their turn, so that nobody works at what has been cancelled or
//! is out of date.

use std::cell::RefCell;
use std::collections::VecDeque;

use lsp_server::{Connection, Message, RequestId};
use lsp_types::notification::{Cancel, DidChangeTextDocument, Exit, Notification as _};

/// Messages in the order in which they came.
pub(super) struct Inbox<'c> {
    connection: &'c Connection,
    waiting: RefCell<VecDeque<Message>>,
}

impl<'c> Inbox<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Inbox { connection, waiting: RefCell::default() }
    }

    /// The next message. None where nothing has come and `wait` is not wanted.
    ///
    /// # Errors
    /// The client is gone.
    pub(super) fn next(&self, wait: bool) -> Result<Option<Message>, Gone> {
        self.collect();
        if let Some(message) = self.waiting.borrow_mut().pop_front() {
            return Ok(Some(message));
        }
        if wait { self.connection.receiver.recv().map(Some).map_err(|_| Gone) } else { Ok(None) }
    }

    /// Takes in what has come.
    fn collect(&self) {
        self.waiting.borrow_mut().extend(self.connection.receiver.try_iter());
    }

    /// Whether a document has changed since, so that what is being worked at is out of date.
    pub(super) fn is_stale(&self) -> bool {
        self.has(|message| {
            let changes =
                |n: &lsp_server::Notification| n.method == DidChangeTextDocument::METHOD || n.method == Exit::METHOD;
            matches!(message, Message::Notification(notification) if changes(notification))
        })
    }

    /// Whether the client has taken a request back.
    pub(super) fn is_cancelled(&self, id: &RequestId) -> bool {
        let id = serde_json::to_value(id).unwrap_or_default();
        self.has(|message| match message {
            Message::Notification(n) => n.method == Cancel::METHOD && n.params.get("id") == Some(&id),
            Message::Request(_) | Message::Response(_) => false,
        })
    }

    fn has(&self, wanted: impl Fn(&Message) -> bool) -> bool {
        self.collect();
        self.waiting.borrow().iter().any(wanted)
    }
}

/// The client is gone without a word.
#[derive(Debug)]
pub(super) struct Gone;
