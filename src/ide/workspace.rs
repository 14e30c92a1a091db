//! The open documents over the files of a folder, and the programs that they belong to.
//!
//! A file that others import is judged as part of those programs: params and kinds are program-wide. A program is analysed
//! when it is first asked for, and again when a file of it has changed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::View;
use crate::compile::{Options, analyse};
use crate::load::{ReadError, World, join};

/// A file is judged as part of so many programs at most.
const MOST_ROOTS: usize = 20;

/// Open documents before the files of another world.
pub struct Overlay<'w> {
    documents: &'w BTreeMap<String, Arc<str>>,
    base: &'w dyn World,
    given_up: &'w dyn Fn() -> bool,
    /// What has been read, also what was not there.
    read: RefCell<BTreeSet<String>>,
}

impl World for Overlay<'_> {
    fn read(&self, path: &str) -> Result<String, ReadError> {
        self.read.borrow_mut().insert(path.to_owned());
        match self.documents.get(path) {
            Some(text) => Ok(text.to_string()),
            None => self.base.read(path),
        }
    }

    fn exists(&self, path: &str) -> bool {
        self.read.borrow_mut().insert(path.to_owned());
        self.documents.contains_key(path) || self.base.exists(path)
    }

    fn is_folder(&self, path: &str) -> bool {
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

/// A program as it was when it was analysed.
struct Known {
    view: Rc<View>,
    /// The files that it was made of, and those that it asked for.
    files: BTreeSet<String>,
}

/// The open documents and what is known of the other files. Paths are absolute and normalised.
pub struct Workspace {
    base: Box<dyn World>,
    /// What every program is given.
    pub options: Options,
    documents: BTreeMap<String, Arc<str>>,
    /// What each known file imports: those of the folder, and those that were open once.
    imports: BTreeMap<String, Vec<String>>,
    programs: RefCell<BTreeMap<String, Known>>,
}

impl Workspace {
    /// A workspace without documents.
    pub fn new(base: Box<dyn World>, options: Options) -> Self {
        let programs = RefCell::default();
        Workspace { base, options, documents: BTreeMap::new(), imports: BTreeMap::new(), programs }
    }

    /// Opens a document, or changes its text.
    pub fn set(&mut self, path: &str, text: Arc<str>) {
        self.imports.insert(path.to_owned(), imports(path, &text));
        self.documents.insert(path.to_owned(), text);
        self.forget(path);
    }

    /// Closes a document: what lies in the folder counts again.
    pub fn close(&mut self, path: &str) {
        self.documents.remove(path);
        self.changed(path);
    }

    /// A file of the folder may have changed, appeared or gone.
    pub fn changed(&mut self, path: &str) {
        if self.documents.contains_key(path) {
            return;
        }
        if path.ends_with(".bake") {
            match self.base.read(path) {
                Ok(text) => _ = self.imports.insert(path.to_owned(), imports(path, &text)),
                Err(_) => _ = self.imports.remove(path),
            }
        }
        self.forget(path);
    }

    fn forget(&mut self, path: &str) {
        self.programs.get_mut().retain(|_, known| !known.files.contains(path));
    }

    /// The text of an open document.
    pub fn document(&self, path: &str) -> Option<&Arc<str>> {
        self.documents.get(path)
    }

    /// The paths of the open documents.
    pub fn open(&self) -> impl Iterator<Item = &str> {
        self.documents.keys().map(String::as_str)
    }

    /// All known files: open documents and those of the folder.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.imports.keys().map(String::as_str)
    }

    /// The programs that a file is part of, by their roots: those that nobody imports; the file itself where it is imported by none.
    /// Those that are open come first.
    pub fn roots(&self, path: &str) -> Vec<String> {
        let mut seen: BTreeSet<&str> = BTreeSet::from([path]);
        let mut waiting: Vec<&str> = vec![path];
        let mut roots: Vec<&str> = Vec::new();
        while let Some(file) = waiting.pop() {
            let importers: Vec<&str> = self
                .imports
                .iter()
                .filter(|(_, targets)| targets.iter().any(|target| target == file))
                .map(|(importer, _)| importer.as_str())
                .collect();
            if importers.is_empty() {
                roots.push(file);
            }
            waiting.extend(importers.into_iter().filter(|importer| seen.insert(importer)));
        }
        // Files that import each other in a circle.
        if roots.is_empty() {
            roots.push(path);
        }
        roots.sort_by_key(|root| (*root != path, !self.documents.contains_key(*root), *root));
        roots.truncate(MOST_ROOTS);
        roots.into_iter().map(str::to_owned).collect()
    }

    /// The world of the documents.
    pub fn world<'w>(&'w self, given_up: &'w dyn Fn() -> bool) -> Overlay<'w> {
        Overlay { documents: &self.documents, base: &*self.base, given_up, read: RefCell::default() }
    }

    /// A program by its root. None where it was given up.
    pub fn view(&self, root: &str, given_up: &dyn Fn() -> bool) -> Option<Rc<View>> {
        if let Some(known) = self.programs.borrow().get(root) {
            return Some(known.view.clone());
        }
        let world = self.world(given_up);
        let analysis = analyse(&world, root, &self.options);
        if given_up() {
            return None;
        }
        let mut files = world.read.into_inner();
        files.insert(root.to_owned());
        let view = Rc::new(View::of(analysis));
        self.programs.borrow_mut().insert(root.to_owned(), Known { view: view.clone(), files });
        Some(view)
    }

    /// The same with other texts in the place of some documents': what is typed with something put into it, what a change would
    /// make of a program.
    pub fn view_with(&self, root: &str, texts: impl IntoIterator<Item = (String, Arc<str>)>) -> View {
        let mut documents = self.documents.clone();
        documents.extend(texts);
        let world = Overlay { documents: &documents, base: &*self.base, given_up: &|| false, read: RefCell::default() };
        View::of(analyse(&world, root, &self.options))
    }
}

/// What a file imports: found in its lines, so that files need not be parsed for it.
fn imports(path: &str, text: &str) -> Vec<String> {
    let quoted = |line: &str| {
        let rest = line.trim_start().strip_prefix("import")?.trim_start();
        let quote = rest.chars().next().filter(|c| *c == '"' || *c == '\'')?;
        rest[1..].split_once(quote).map(|(written, _)| join(path, written))
    };
    text.lines().filter_map(quoted).collect()
}
