//! From a path to parsed modules: reads the root file, what it imports, and the parts of the prelude that it needs.
//!
//! Floor 3, and the only door to files. It knows syntax, and of the schema only which file declares which kind.

mod folder;
pub mod prelude;
mod problem;
#[cfg(test)]
mod tests;
mod together;
pub mod world;

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

pub use folder::bake_files;
pub use problem::LoadProblem;
pub use world::{Disk, Memory, ReadError, World, join};

use crate::diagnostic::Problems;
use crate::syntax::ast::{self, ExternKind, ImageItem, ItemKind};
use crate::syntax::{Parse, parse};
use crate::text::{FileId, Source, Sources, Span};

/// A parsed file and what its imports lead to.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its text in [`Loaded::sources`].
    pub file: FileId,
    /// Its tree. That of a file of the prelude is made once and shared by all compilations.
    pub ast: Arc<ast::File>,
    /// The namespaces that it imports.
    pub imports: Vec<Namespace>,
    /// The names of those that could not be loaded: why has been said.
    pub missing: Vec<SmolStr>,
    /// Whether it is part of the prelude.
    pub prelude: bool,
}

/// An import: under which name, which module.
#[derive(Clone, Debug)]
pub struct Namespace {
    /// The name.
    pub name: SmolStr,
    /// Index into [`Loaded::modules`].
    pub module: usize,
}

/// All files of a program.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Their texts.
    pub sources: Sources,
    /// The modules: the root first, imports before those who import them otherwise, the prelude last.
    pub modules: Vec<Module>,
    /// The user's files in the order in which they were read.
    pub files: Vec<Arc<str>>,
}

/// Reads and parses the root file and everything that it needs.
///
/// Whatever is wrong is reported; only a root that cannot be read leaves no modules.
pub fn load(world: &dyn World, root: &str, problems: &mut Problems) -> Loaded {
    let mut loader = Loader::new(world, problems);
    if loader.add_root(root) {
        loader.add_prelude(false);
    }
    loader.loaded()
}

/// Reads the whole prelude, and a file with all that it imports where one is named: what there is to know of kinds.
pub fn load_schema(world: &dyn World, root: Option<&str>, problems: &mut Problems) -> Loaded {
    let mut loader = Loader::new(world, problems);
    let there = match root {
        Some(root) => loader.add_root(root),
        // An empty root: the first module is the user's.
        None => loader.add_empty(),
    };
    if there {
        loader.add_prelude(true);
    }
    loader.loaded()
}

struct Loader<'a> {
    world: &'a dyn World,
    problems: &'a mut Problems,
    sources: Sources,
    modules: Vec<Module>,
    /// By whether they are part of the prelude, and their paths.
    known: FxHashMap<(bool, String), usize>,
    files: Vec<Arc<str>>,
}

impl<'a> Loader<'a> {
    fn new(world: &'a dyn World, problems: &'a mut Problems) -> Self {
        Loader {
            world,
            problems,
            sources: Sources::new(),
            modules: Vec::new(),
            known: FxHashMap::default(),
            files: Vec::new(),
        }
    }

    fn loaded(self) -> Loaded {
        Loaded { sources: self.sources, modules: self.modules, files: self.files }
    }

    /// Adds the root and all that it imports; false where it cannot be read.
    fn add_root(&mut self, root: &str) -> bool {
        match self.world.read(root) {
            // What was to write it has failed, or standard input is closed.
            Ok(text) if root == "-" && text.is_empty() => self.unreadable(root, ReadError::Nothing),
            Ok(text) => {
                self.add(root, text);
                self.follow_imports(0, &mut vec![0]);
                true
            }
            Err(error) => self.unreadable(root, error),
        }
    }

    fn unreadable(&mut self, root: &str, error: ReadError) -> bool {
        self.problems.report(LoadProblem::unreadable(self.world, root, error, &mut self.sources));
        false
    }

    /// Adds a file of the user's.
    fn add(&mut self, path: &str, text: String) -> usize {
        let source = Source::new(path, text);
        let text = source.text().clone();
        self.files.push(source.path().clone());
        let file = self.sources.add(source);
        let Parse { file: ast, problems } = parse(file, &text);
        for problem in problems {
            self.problems.report(problem);
        }
        self.add_module(path, file, Arc::new(ast), false)
    }

    /// Adds a root that says nothing, and is no file.
    fn add_empty(&mut self) -> bool {
        let file = self.sources.add(Source::new(prelude::FOLDER, ""));
        self.add_module(prelude::FOLDER, file, Arc::new(parse(file, "").file), true) == 0
    }

    fn add_module(&mut self, path: &str, file: FileId, ast: Arc<ast::File>, prelude: bool) -> usize {
        self.modules.push(Module { file, ast, imports: Vec::new(), missing: Vec::new(), prelude });
        let index = self.modules.len() - 1;
        self.known.insert((prelude, world::normalise(path)), index);
        index
    }

    /// Loads what a module imports, depth first. `path` holds the modules on the way from the root.
    fn follow_imports(&mut self, index: usize, path: &mut Vec<usize>) {
        let imports: Vec<(ast::Import, Span)> = self.modules[index]
            .ast
            .items
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Import(import) => Some((import.clone(), item.span)),
                _ => None,
            })
            .collect();
        let mut taken: FxHashMap<SmolStr, Span> = FxHashMap::default();
        for (import, span) in imports {
            // That it holds `${…}` has been said where it was parsed.
            let Some(written) = import.path.as_plain() else {
                self.modules[index].missing.extend(import.alias.map(|alias| alias.name));
                continue;
            };
            let Some(name) = self.namespace(&import, &written) else { continue };
            if let Some(first) = taken.insert(name.clone(), span) {
                self.problems.report(LoadProblem::SameNamespace { name, first, second: span });
                continue;
            }
            match self.import(index, &written, import.path.span, path) {
                Some(module) => self.modules[index].imports.push(Namespace { name, module }),
                None => self.modules[index].missing.push(name),
            }
        }
    }

    fn namespace(&mut self, import: &ast::Import, written: &str) -> Option<SmolStr> {
        if let Some(alias) = &import.alias {
            return Some(alias.name.clone());
        }
        let file = written.rsplit('/').next().unwrap_or(written);
        let stem = file.strip_suffix(".bake").unwrap_or(file);
        let identifier = stem.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && stem.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !identifier {
            self.problems.report(LoadProblem::NeedsAlias { stem: stem.into(), at: import.path.span });
            return None;
        }
        Some(stem.into())
    }

    fn import(&mut self, from: usize, written: &str, at: Span, path: &mut Vec<usize>) -> Option<usize> {
        let base = self.sources.get(self.modules[from].file).path().clone();
        let key = (self.modules[from].prelude, join(&base, written));
        if let Some(&known) = self.known.get(&key) {
            if let Some(start) = path.iter().position(|m| *m == known) {
                let names =
                    path[start..].iter().map(|m| self.sources.get(self.modules[*m].file).path().to_string()).collect();
                self.problems.report(LoadProblem::Cycle { files: names, at });
                return None;
            }
            return Some(known);
        }
        // What the prelude imports is there before its files are followed.
        let (_, target) = key;
        match self.world.read(&target) {
            Ok(text) => {
                let index = self.add(&target, text);
                path.push(index);
                self.follow_imports(index, path);
                path.pop();
                Some(index)
            }
            Err(error) => {
                let near = problem::near(self.world, &target, written, &error);
                self.problems.report(LoadProblem::Import { path: target, error, near, at });
                None
            }
        }
    }

    /// Adds the prelude's file of each kind that the program names and does not declare itself, or of all its kinds.
    fn add_prelude(&mut self, all: bool) {
        let mut wanted: Vec<&'static str> = Vec::new();
        let mut own: FxHashSet<(ExternKind, SmolStr)> = FxHashSet::default();
        for item in self.modules.iter().flat_map(|m| &m.ast.items) {
            if let ItemKind::Extern(e) = &item.kind {
                own.insert((e.category, e.kind.name.clone()));
            }
        }
        let mut want = |category, name: &SmolStr| {
            if let Some(file) = prelude::file_of(category, name)
                && !own.contains(&(category, name.clone()))
                && !wanted.contains(&file)
            {
                wanted.push(file);
            }
        };
        for item in self.modules.iter().flat_map(|m| &m.ast.items) {
            let body = match &item.kind {
                ItemKind::Image(image) => &image.body,
                ItemKind::Group(group) => &group.body,
                _ => continue,
            };
            body.iter().flat_map(named_kinds).for_each(|(category, name)| want(category, name));
        }
        if all {
            prelude::KINDS.iter().for_each(|(category, name, _)| want(*category, &SmolStr::new_static(name)));
        }
        self.add_prelude_files(&prelude::with_imports(&wanted));
    }

    /// Adds files of the prelude that are not there yet. Whatever they import is among them.
    fn add_prelude_files(&mut self, names: &[&'static str]) {
        let new = names.iter().filter_map(|name| {
            let path = format!("{}{name}", prelude::FOLDER);
            let file = prelude::file_id(name).filter(|_| !self.known.contains_key(&(true, path.clone())))?;
            Some((path, file))
        });
        let (paths, files): (Vec<String>, Vec<FileId>) = new.unzip();
        let mut modules = Vec::with_capacity(files.len());
        for ((path, file), tree) in paths.iter().zip(&files).zip(together::trees(&files)) {
            if let Some(text) = prelude::text(*file) {
                self.sources.add_builtin(*file, Source::new(path.as_str(), text));
                modules.push(self.add_module(path, *file, tree, true));
            }
        }
        for index in modules {
            self.follow_imports(index, &mut vec![index]);
        }
    }
}

/// The kinds that a statement names.
fn named_kinds(item: &ImageItem) -> impl Iterator<Item = (ExternKind, &SmolStr)> {
    let blocks = match item {
        ImageItem::Block(block) => std::slice::from_ref(block),
        ImageItem::Post(post) => &post.links,
        _ => &[],
    };
    blocks.iter().map(|block| (block.statement.category(), &block.kind.name))
}
