//! The open documents over the files of a folder, and the programs that they belong to.
//!
//! A file that others import is judged as part of those programs: params and kinds are program-wide. A program is analysed
//! when it is first asked for, and again when a file of it has changed. `overlay` is the world that a program sees, `imports` knows
//! who imports whom.

mod imports;
mod overlay;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::View;
use crate::compile::{Depth, Options, analyse};
use crate::load::World;
use crate::syntax::ast::File;
use crate::syntax::parse;
use crate::text::FileId;
use imports::Imports;
pub use overlay::Overlay;

/// A file is judged as part of so many programs at most.
const MOST_ROOTS: usize = 20;

/// A program as it was when it was analysed.
struct Known {
    view: Rc<View>,
    /// The files that it was made of, and those that it asked for.
    files: BTreeSet<String>,
}

/// A document with the program that it is looked at in.
pub struct Home {
    /// The root of the program.
    pub root: String,
    /// The program.
    pub view: Rc<View>,
    /// The document in it.
    pub file: FileId,
}

/// The open documents and what is known of the other files. Paths are absolute and normalised.
pub struct Workspace {
    base: Box<dyn World>,
    /// What every program is given.
    pub options: Options,
    documents: BTreeMap<String, Arc<str>>,
    imports: Imports,
    programs: RefCell<BTreeMap<String, Known>>,
    /// Programs that are out of date, until there is time to take them apart.
    past: Vec<Known>,
}

impl Workspace {
    /// A workspace without documents.
    pub fn new(base: Box<dyn World>, options: Options) -> Self {
        let (documents, imports, programs) = (BTreeMap::new(), Imports::default(), RefCell::default());
        Workspace { base, options, documents, imports, programs, past: Vec::new() }
    }

    /// Opens a document, or changes its text. Gives the programs that are to be judged anew: those that it was part of, and those
    /// that it is part of now.
    pub fn set(&mut self, path: &str, text: Arc<str>) -> BTreeSet<String> {
        let mut touched = self.forget(path);
        touched.extend(self.roots(path));
        self.imports.set(path, &text);
        self.documents.insert(path.to_owned(), text);
        touched.extend(self.roots(path));
        touched
    }

    /// Closes a document: what lies in the folder counts again.
    pub fn close(&mut self, path: &str) -> BTreeSet<String> {
        self.documents.remove(path);
        self.changed(path)
    }

    /// A file of the folder may have changed, appeared or gone.
    pub fn changed(&mut self, path: &str) -> BTreeSet<String> {
        if self.documents.contains_key(path) {
            return BTreeSet::new();
        }
        let mut touched = self.forget(path);
        if path.ends_with(".bake") || self.imports.knows(path) {
            touched.extend(self.roots(path));
            match self.base.read(path) {
                Ok(text) => self.imports.set(path, &text),
                Err(_) => self.imports.remove(path),
            }
            touched.extend(self.roots(path));
        }
        touched
    }

    /// A file or folder has gone, with all that was in it.
    pub fn gone(&mut self, path: &str) -> BTreeSet<String> {
        let mut touched = self.changed(path);
        for file in self.imports.below(path) {
            touched.extend(self.changed(&file));
        }
        touched
    }

    /// A folder is not looked at any more; what is open in it stays.
    pub fn leave(&mut self, folder: &str) {
        for file in self.imports.below(folder) {
            if !self.documents.contains_key(&file) {
                self.imports.remove(&file);
            }
        }
    }

    /// Forgets the programs that a file is part of, or that have asked for it; gives their roots.
    fn forget(&mut self, path: &str) -> BTreeSet<String> {
        let folder = format!("{path}/");
        let part = |known: &Known| known.files.contains(path) || known.files.contains(&folder);
        let programs = self.programs.get_mut();
        let roots: BTreeSet<String> = programs.iter().filter(|(_, k)| part(k)).map(|(r, _)| r.clone()).collect();
        self.past.extend(roots.iter().filter_map(|root| programs.remove(root)));
        roots
    }

    /// Forgets all programs but these, and those that only seem to hold an open document: that they do not is worth knowing.
    pub fn keep(&mut self, roots: &BTreeSet<String>) {
        let seeming: BTreeSet<&str> = self.documents.keys().flat_map(|path| self.imports.roots(path)).collect();
        let programs = self.programs.get_mut();
        let kept = |root: &String| roots.contains(root) || seeming.contains(root.as_str());
        let others: Vec<String> = programs.keys().filter(|root| !kept(root)).cloned().collect();
        self.past.extend(others.iter().filter_map(|root| programs.remove(root)));
    }

    /// Forgets all programs.
    pub fn forget_all(&mut self) {
        self.past.extend(std::mem::take(self.programs.get_mut()).into_values());
    }

    /// Takes apart what is out of date.
    pub fn let_go(&mut self) {
        self.past.clear();
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
        self.imports.files()
    }

    /// The programs that a file is part of, by their roots: those that nobody imports; the file itself where it is imported by none,
    /// or where those that seem to import it turn out not to. The file itself comes first, then what is open.
    pub fn roots(&self, path: &str) -> Vec<String> {
        let programs = self.programs.borrow();
        let holds =
            |root: &&str| programs.get(*root).is_none_or(|known| *root == path || known.view.file(path).is_some());
        let mut roots: Vec<&str> = self.imports.roots(path).into_iter().filter(holds).collect();
        // Files that import each other in a circle, and a file whose name stands in a comment only.
        if roots.is_empty() {
            roots.push(path);
        }
        roots.sort_by_key(|root| (*root != path, !self.documents.contains_key(*root), *root));
        roots.truncate(MOST_ROOTS);
        roots.into_iter().map(str::to_owned).collect()
    }

    /// A document in the first program that holds it. None where that was given up, or where the document cannot be read.
    pub fn home(&self, path: &str, given_up: &dyn Fn() -> bool) -> Option<Home> {
        let own = std::iter::once(path.to_owned());
        for root in self.roots(path).into_iter().chain(own) {
            let view = self.view(&root, given_up)?;
            if let Some(file) = view.file(path) {
                return Some(Home { root, view, file });
            }
        }
        None
    }

    /// Looks at the tree of a document: that of a program which is known, or its own. None where it is not open.
    pub fn with_tree<R>(&self, path: &str, look: impl FnOnce(&File) -> R) -> Option<R> {
        let text = self.documents.get(path)?;
        let roots = self.roots(path);
        let programs = self.programs.borrow();
        let known = roots.iter().find_map(|root| {
            let view = &programs.get(root)?.view;
            view.tree(view.file(path)?)
        });
        Some(match known {
            Some(tree) => look(tree),
            None => look(&parse(FileId(0), text).file),
        })
    }

    /// The world of the documents.
    pub fn world<'w>(&'w self, given_up: &'w dyn Fn() -> bool) -> Overlay<'w> {
        Overlay::new(&self.documents, &*self.base, given_up)
    }

    /// A program by its root. None where it was given up.
    pub fn view(&self, root: &str, given_up: &dyn Fn() -> bool) -> Option<Rc<View>> {
        if let Some(known) = self.programs.borrow().get(root) {
            return Some(known.view.clone());
        }
        let world = self.world(given_up);
        let analysis = analyse(&world, root, &self.options, Depth::Builds);
        if given_up() {
            return None;
        }
        let mut files = world.asked();
        files.insert(root.to_owned());
        let view = Rc::new(View::of(analysis));
        self.programs.borrow_mut().insert(root.to_owned(), Known { view: view.clone(), files });
        Some(view)
    }

    /// The same with other texts in the place of some documents': what is typed with something put into it, what a change would
    /// make of a program. None where it was given up.
    pub fn view_with(
        &self,
        root: &str,
        texts: impl IntoIterator<Item = (String, Arc<str>)>,
        depth: Depth,
        given_up: &dyn Fn() -> bool,
    ) -> Option<View> {
        let mut documents = self.documents.clone();
        documents.extend(texts);
        let world = Overlay::new(&documents, &*self.base, given_up);
        let analysis = analyse(&world, root, &self.options, depth);
        if given_up() { None } else { Some(View::of(analysis)) }
    }
}
