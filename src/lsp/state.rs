//! What the server knows: the open documents with their versions, the folders, and which programs are to be judged anew.

use std::collections::{BTreeMap, BTreeSet};

use lsp_server::{Message, Notification, Request};
use lsp_types::notification::{
    DidChangeTextDocument, DidChangeWatchedFiles, DidChangeWorkspaceFolders, DidCloseTextDocument, DidOpenTextDocument,
    DidSaveTextDocument, Initialized, Notification as _,
};
use lsp_types::request::{RegisterCapability, Request as _};
use lsp_types::{
    DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidChangeWatchedFilesRegistrationOptions,
    DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams,
    FileSystemWatcher, GlobPattern, InitializeParams, Registration, RegistrationParams, TextDocumentContentChangeEvent,
    Uri,
};
use serde::de::DeserializeOwned;

use super::capabilities::Client;
use super::files;
use super::position::Lines;
use super::publish::Published;
use crate::compile::Options;
use crate::ide::Workspace;
use crate::load::{World, bake_files};

/// An open document.
#[derive(Debug)]
pub(super) struct Document {
    /// Its address, as the client writes it.
    pub(super) uri: Uri,
    /// Its version, as the client counts.
    pub(super) version: i32,
}

/// What the server knows.
pub(super) struct State {
    pub(super) workspace: Workspace,
    pub(super) client: Client,
    pub(super) documents: BTreeMap<String, Document>,
    /// Roots of programs that are to be judged anew.
    pub(super) dirty: BTreeSet<String>,
    pub(super) published: Published,
    /// What is to be sent without having been asked for.
    pub(super) outgoing: Vec<Message>,
    requests: i32,
}

impl State {
    pub(super) fn new(world: Box<dyn World>, options: Options, params: &InitializeParams) -> Self {
        let mut state = State {
            workspace: Workspace::new(world, options),
            client: Client::of(params),
            documents: BTreeMap::new(),
            dirty: BTreeSet::new(),
            published: Published::default(),
            outgoing: Vec::new(),
            requests: 0,
        };
        let folders = params.workspace_folders.iter().flatten().map(|folder| files::path(&folder.uri));
        #[expect(deprecated, reason = "older clients name their folder so")]
        let root = params.root_uri.as_ref().filter(|_| params.workspace_folders.is_none()).map(files::path);
        for folder in folders.chain(root) {
            state.add_folder(&folder);
        }
        state
    }

    fn add_folder(&mut self, folder: &str) {
        for file in bake_files(folder) {
            self.workspace.changed(&file);
        }
    }

    /// Whether diagnostics are to be told.
    pub(super) fn has_work(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// After a bug of ours: what was known is found out again.
    pub(super) fn recover(&mut self) {
        let open: Vec<String> = self.workspace.open().map(str::to_owned).collect();
        for path in open {
            if let Some(text) = self.workspace.document(&path).cloned() {
                self.workspace.set(&path, text);
            }
        }
        self.dirty.clear();
    }

    /// The address of a path: the client's own where the document is open.
    pub(super) fn uri(&self, path: &str) -> Option<Uri> {
        self.documents.get(path).map(|document| document.uri.clone()).or_else(|| files::uri(path))
    }

    /// Takes in what the client tells.
    pub(super) fn notified(&mut self, notification: &Notification) {
        match notification.method.as_str() {
            Initialized::METHOD => self.watch(),
            DidOpenTextDocument::METHOD => {
                if let Some(DidOpenTextDocumentParams { text_document }) = params(notification) {
                    let path = files::path(&text_document.uri);
                    self.workspace.set(&path, text_document.text.into());
                    let document = Document { uri: text_document.uri, version: text_document.version };
                    self.documents.insert(path.clone(), document);
                    self.touch(&path);
                }
            }
            DidChangeTextDocument::METHOD => {
                if let Some(DidChangeTextDocumentParams { text_document, content_changes }) = params(notification) {
                    let path = files::path(&text_document.uri);
                    self.change(&path, text_document.version, content_changes);
                }
            }
            DidCloseTextDocument::METHOD => {
                if let Some(DidCloseTextDocumentParams { text_document }) = params(notification) {
                    let path = files::path(&text_document.uri);
                    let before = self.workspace.roots(&path);
                    self.documents.remove(&path);
                    self.workspace.close(&path);
                    self.dirty.extend(before);
                    self.touch(&path);
                }
            }
            DidSaveTextDocument::METHOD => {
                if let Some(DidSaveTextDocumentParams { text_document, .. }) = params(notification) {
                    self.touch(&files::path(&text_document.uri));
                }
            }
            DidChangeWatchedFiles::METHOD => {
                if let Some(DidChangeWatchedFilesParams { changes }) = params(notification) {
                    for change in changes {
                        let path = files::path(&change.uri);
                        self.workspace.changed(&path);
                    }
                    self.touch_all();
                }
            }
            DidChangeWorkspaceFolders::METHOD => {
                if let Some(DidChangeWorkspaceFoldersParams { event }) = params(notification) {
                    for folder in event.added {
                        self.add_folder(&files::path(&folder.uri));
                    }
                    self.touch_all();
                }
            }
            _ => {}
        }
    }

    fn change(&mut self, path: &str, version: i32, changes: Vec<TextDocumentContentChangeEvent>) {
        let Some(text) = self.workspace.document(path) else { return };
        let mut text = text.to_string();
        for change in changes {
            match change.range {
                Some(range) => {
                    let bytes = Lines::of(&text).bytes(range);
                    text.replace_range(bytes, &change.text);
                }
                None => text = change.text,
            }
        }
        // What it imported before is judged anew, too.
        let before = self.workspace.roots(path);
        self.workspace.set(path, text.into());
        if let Some(document) = self.documents.get_mut(path) {
            document.version = version;
        }
        self.dirty.extend(before);
        self.touch(path);
    }

    /// A file has changed: the programs that it is part of are to be judged anew.
    fn touch(&mut self, path: &str) {
        self.dirty.extend(self.workspace.roots(path));
    }

    fn touch_all(&mut self) {
        let open: Vec<String> = self.workspace.open().map(str::to_owned).collect();
        open.iter().for_each(|path| self.touch(path));
    }

    /// Asks to be told of files that others change.
    fn watch(&mut self) {
        if !self.client.watches {
            return;
        }
        // Scripts and params belong to programs, too; what a program has not asked for changes nothing.
        let watcher = |glob: &str| FileSystemWatcher { glob_pattern: GlobPattern::String(glob.into()), kind: None };
        let options = DidChangeWatchedFilesRegistrationOptions { watchers: vec![watcher("**/*")] };
        let registration = Registration {
            id: "bakec-files".into(),
            method: DidChangeWatchedFiles::METHOD.into(),
            register_options: serde_json::to_value(options).ok(),
        };
        self.ask(RegisterCapability::METHOD, RegistrationParams { registrations: vec![registration] });
    }

    /// Sends a request whose answer changes nothing.
    pub(super) fn ask(&mut self, method: &str, params: impl serde::Serialize) {
        self.requests += 1;
        self.outgoing.push(Request::new(self.requests.into(), method.into(), params).into());
    }
}

fn params<P: DeserializeOwned>(notification: &Notification) -> Option<P> {
    serde_json::from_value(notification.params.clone()).ok()
}
