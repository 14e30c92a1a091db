//! Diagnostics: told when nothing else is to be done, program by program, for every file that a program is made of.

use std::collections::{BTreeMap, BTreeSet};

use lsp_server::{Message, Notification};
use lsp_types::notification::{Notification as _, PublishDiagnostics};
use lsp_types::request::{CodeLensRefresh, InlayHintRefreshRequest, Request as _, SemanticTokensRefresh};
use lsp_types::{Diagnostic, PublishDiagnosticsParams, Uri};

use super::convert::Words;
use super::state::State;
use crate::diagnostic::MOST;
use crate::load::World;

/// What has been told.
#[derive(Debug, Default)]
pub(super) struct Published {
    /// What is wrong, by program and file.
    found: BTreeMap<String, BTreeMap<String, Vec<Diagnostic>>>,
    /// What the client knows of each file.
    told: BTreeMap<String, Told>,
}

/// What the client knows of a file: under which address, and of which version.
#[derive(Debug)]
struct Told {
    uri: Uri,
    version: Option<i32>,
    diagnostics: Vec<Diagnostic>,
}

/// Judges the next program, and gives the messages to send. Whatever comes in between is more important.
pub(super) fn next(state: &mut State, given_up: &dyn Fn() -> bool) -> Vec<Message> {
    let relevant = relevant(state);
    state.dirty.retain(|root| relevant.contains(root));
    // The program of the document that was changed last is not known to be first; the open ones are the fewest.
    let root = state.dirty.iter().find(|root| state.documents.contains_key(*root)).or_else(|| state.dirty.first());
    let mut shared = false;
    if let Some(root) = root.cloned() {
        let Some(found) = judged(state, &root, given_up) else { return Vec::new() };
        shared = found.keys().filter(|path| state.documents.contains_key(*path)).count() > 1;
        state.published.found.insert(root.clone(), found);
        state.dirty.remove(&root);
    }
    // A program tells what it is made of, and with it which programs there are.
    let relevant = self::relevant(state);
    state.dirty.extend(relevant.iter().filter(|root| !state.published.found.contains_key(*root)).cloned());
    if state.dirty.is_empty() {
        state.published.found.retain(|root, _| relevant.contains(root));
        state.workspace.keep(&relevant);
        if shared {
            refresh(state);
        }
    }
    told(state)
}

/// The programs of the open documents.
fn relevant(state: &State) -> BTreeSet<String> {
    state.workspace.open().flat_map(|path| state.workspace.roots(path)).collect()
}

/// What is wrong with a program, by file. None where it was given up.
fn judged(state: &State, root: &str, given_up: &dyn Fn() -> bool) -> Option<BTreeMap<String, Vec<Diagnostic>>> {
    let view = state.workspace.view(root, given_up)?;
    let mut found: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
    let compiled = &view.analysis.compiled;
    for path in &compiled.files {
        found.entry(path.to_string()).or_default();
    }
    let address = |path: &str| state.uri(path);
    let words = Words::of(&view, &address);
    let world = state.workspace.world(given_up);
    for diagnostic in compiled.diagnostics.iter().filter(|diagnostic| !diagnostic.span().file.is_builtin()) {
        let path = view.source(diagnostic.span().file).path();
        // What stands in no file that there is, such as an argument, is told at the top of the program.
        let there = state.uri(path).is_some() && world.exists(path);
        let home = if there { path } else { root };
        let list = found.entry(home.to_owned()).or_default();
        if list.len() < MOST {
            list.push(words.diagnostic(diagnostic));
        }
    }
    Some(found)
}

/// What has changed since it was told.
fn told(state: &mut State) -> Vec<Message> {
    let mut now: BTreeMap<&str, Vec<Diagnostic>> = BTreeMap::new();
    for of_program in state.published.found.values() {
        for (path, list) in of_program {
            let all = now.entry(path).or_default();
            for diagnostic in list {
                if !all.contains(diagnostic) {
                    all.push(diagnostic.clone());
                }
            }
        }
    }
    let gone: Vec<String> =
        state.published.told.keys().filter(|path| !now.contains_key(path.as_str())).cloned().collect();
    let mut news: Vec<(String, Vec<Diagnostic>)> = gone.into_iter().map(|path| (path, Vec::new())).collect();
    news.extend(now.into_iter().map(|(path, list)| (path.to_owned(), list)));
    let mut messages = Vec::new();
    for (path, diagnostics) in news {
        let version = state.documents.get(&path).map(|document| document.version);
        let known = state.published.told.get(&path);
        let same = known.is_some_and(|known| known.version == version && known.diagnostics == diagnostics);
        let nothing = known.is_none() && diagnostics.is_empty() && version.is_none();
        if same || nothing {
            continue;
        }
        // What has been closed has the address that it had: clients spell them in ways of their own.
        let open = state.documents.get(&path).map(|document| document.uri.clone());
        let uri = open.or_else(|| known.map(|known| known.uri.clone())).or_else(|| state.uri(&path));
        let Some(uri) = uri else { continue };
        let params = PublishDiagnosticsParams { uri: uri.clone(), diagnostics: diagnostics.clone(), version };
        messages.push(Notification::new(PublishDiagnostics::METHOD.into(), params).into());
        if diagnostics.is_empty() && version.is_none() {
            state.published.told.remove(&path);
        } else {
            state.published.told.insert(path, Told { uri, version, diagnostics });
        }
    }
    messages
}

/// Has the client ask again for what depends on other files: those that have not changed do not make it ask by themselves.
fn refresh(state: &mut State) {
    let client = state.client.clone();
    if client.refreshes_hints {
        state.ask(InlayHintRefreshRequest::METHOD, ());
    }
    if client.refreshes_lenses {
        state.ask(CodeLensRefresh::METHOD, ());
    }
    if client.refreshes_tokens {
        state.ask(SemanticTokensRefresh::METHOD, ());
    }
}
