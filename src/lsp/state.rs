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
    DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, FileChangeType,
    FileSystemWatcher, GlobPattern, InitializeParams, Registration, RegistrationParams, Uri,
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
    folders: BTreeSet<String>,
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
            folders: BTreeSet::new(),
            dirty: BTreeSet::new(),
            published: Published::default(),
            outgoing: Vec::new(),
            requests: 0,
        };
        let folders = params.workspace_folders.iter().flatten().map(|folder| files::path(&folder.uri));
        #[expect(deprecated, reason = "older clients name their folder so")]
        let root = params.root_uri.as_ref().filter(|_| params.workspace_folders.is_none()).map(files::path);
        for folder in folders.chain(root) {
            state.add_folder(folder);
        }
        state
    }

    fn add_folder(&mut self, folder: String) {
        for file in bake_files(&folder) {
            self.dirty.extend(self.workspace.changed(&file));
        }
        self.folders.insert(folder);
    }

    fn leave_folder(&mut self, folder: &str) {
        self.folders.remove(folder);
        self.workspace.leave(folder);
        // What lies in another folder, too, is known still.
        for other in self.folders.clone() {
            self.add_folder(other);
        }
        self.touch_all();
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
    pub(super) fn notified(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        match method.as_str() {
            Initialized::METHOD => self.watch(),
            DidOpenTextDocument::METHOD => known(params, |p| self.opened(p)),
            DidChangeTextDocument::METHOD => known(params, |p| self.edited(p)),
            DidCloseTextDocument::METHOD => known(params, |p| self.closed(p)),
            // Who is not told of files looks at them now and then.
            DidSaveTextDocument::METHOD if !self.client.watches => {
                self.workspace.forget_all();
                self.touch_all();
            }
            DidChangeWatchedFiles::METHOD => known(params, |p| self.disk_changed(p)),
            DidChangeWorkspaceFolders::METHOD => known(params, |p: DidChangeWorkspaceFoldersParams| {
                p.event.removed.iter().for_each(|folder| self.leave_folder(&files::path(&folder.uri)));
                p.event.added.iter().for_each(|folder| self.add_folder(files::path(&folder.uri)));
            }),
            _ => {}
        }
    }

    fn opened(&mut self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        let path = files::path(&document.uri);
        self.dirty.extend(self.workspace.set(&path, document.text.into()));
        self.documents.insert(path, Document { uri: document.uri, version: document.version });
    }

    fn edited(&mut self, params: DidChangeTextDocumentParams) {
        let path = files::path(&params.text_document.uri);
        let Some(text) = self.workspace.document(&path) else { return };
        let mut text = text.to_string();
        for change in params.content_changes {
            match change.range {
                Some(range) => {
                    let bytes = Lines::of(&text).bytes(range);
                    text.replace_range(bytes, &change.text);
                }
                None => text = change.text,
            }
        }
        self.dirty.extend(self.workspace.set(&path, text.into()));
        if let Some(document) = self.documents.get_mut(&path) {
            document.version = params.text_document.version;
        }
    }

    fn closed(&mut self, params: DidCloseTextDocumentParams) {
        let path = files::path(&params.text_document.uri);
        if self.documents.remove(&path).is_some() {
            self.dirty.extend(self.workspace.roots(&path));
            self.dirty.extend(self.workspace.close(&path));
        }
    }

    fn disk_changed(&mut self, params: DidChangeWatchedFilesParams) {
        for change in params.changes {
            let path = files::path(&change.uri);
            let touched = match change.typ {
                FileChangeType::DELETED => self.workspace.gone(&path),
                // A folder may come with all that is in it.
                FileChangeType::CREATED => {
                    let inside = bake_files(&path).into_iter().filter(|file| *file != path).collect::<Vec<_>>();
                    let mut touched = self.workspace.changed(&path);
                    touched.extend(inside.iter().flat_map(|file| self.workspace.changed(file)));
                    touched
                }
                _ => self.workspace.changed(&path),
            };
            self.dirty.extend(touched);
        }
    }

    fn touch_all(&mut self) {
        let open: Vec<String> = self.workspace.open().map(str::to_owned).collect();
        open.iter().for_each(|path| self.dirty.extend(self.workspace.roots(path)));
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

/// Does something with params; those that make no sense are left alone, for nobody waits for an answer.
fn known<P: DeserializeOwned>(params: serde_json::Value, with: impl FnOnce(P)) {
    if let Ok(params) = serde_json::from_value(params) {
        with(params);
    }
}
