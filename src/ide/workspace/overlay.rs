//! The world that programs of an editor see: open documents before files.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::load::{ReadError, World};

/// Open documents before the files of another world.
pub struct Overlay<'w> {
    documents: &'w BTreeMap<String, Arc<str>>,
    base: &'w dyn World,
    given_up: &'w dyn Fn() -> bool,
    /// What has been asked for, also what was not there.
    asked: RefCell<BTreeSet<String>>,
}

impl<'w> Overlay<'w> {
    pub(super) fn new(
        documents: &'w BTreeMap<String, Arc<str>>,
        base: &'w dyn World,
        given_up: &'w dyn Fn() -> bool,
    ) -> Self {
        Overlay { documents, base, given_up, asked: RefCell::default() }
    }

    /// What has been asked for.
    pub(super) fn asked(self) -> BTreeSet<String> {
        self.asked.into_inner()
    }

    fn ask(&self, path: &str) {
        self.asked.borrow_mut().insert(path.to_owned());
    }
}

impl World for Overlay<'_> {
    fn read(&self, path: &str) -> Result<String, ReadError> {
        self.ask(path);
        match self.documents.get(path) {
            Some(text) => Ok(text.to_string()),
            // Standard input is the editor's voice.
            None if path == "-" => Err(ReadError::Nothing),
            None => self.base.read(path),
        }
    }

    fn exists(&self, path: &str) -> bool {
        self.ask(path);
        self.documents.contains_key(path) || self.base.exists(path)
    }

    fn is_folder(&self, path: &str) -> bool {
        self.ask(path);
        self.base.is_folder(path)
    }

    fn env(&self, name: &str) -> Option<String> {
        self.base.env(name)
    }

    fn beside(&self, path: &str) -> Vec<String> {
        self.base.beside(path)
    }

    fn given_up(&self) -> bool {
        (self.given_up)()
    }
}
