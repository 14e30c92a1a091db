//! From syntax trees to a program in which every name is an index.
//!
//! Floor 4, the first of three. It knows what names mean, not whether types agree (the checker's) nor what anything is worth (the
//! evaluator's). Two passes: [`declare`] gives every declaration its index, then [`items`] lowers the bodies.

pub mod builtin;
mod calls;
mod declare;
mod expr;
mod externs;
pub mod fact;
mod habit;
pub mod hir;
mod image;
mod items;
pub mod mention;
mod problem;
mod recursion;
pub mod schema;
mod scope;
mod table;
mod text;
mod types;
pub mod walk;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

pub use declare::MOST_PARAMETERS;
pub use externs::MOST_OPTIONS;
pub use hir::Program;
pub use problem::ResolveProblem;
pub use recursion::DEEPEST;
pub use table::MOST_COLUMNS;

use crate::diagnostic::Problems;
use crate::load::Loaded;
use crate::syntax::ast;
use crate::text::Span;
use crate::text::suggest::nearest;
use crate::ty::Ty;

use mention::Symbol;
use recursion::{Node, References};
use scope::{Def, ModuleNames};

/// Resolves all names of the loaded files.
pub fn resolve(loaded: &Loaded, problems: &mut Problems) -> Program {
    let mut lowerer = Lowerer {
        loaded,
        problems,
        program: Program::default(),
        names: Vec::new(),
        program_names: FxHashMap::default(),
        types: Vec::new(),
        option_sets: Vec::new(),
        function_params: Vec::new(),
        group_params: Vec::new(),
        references: References::default(),
        owner: None,
        type_depth: 0,
    };
    if loaded.modules.is_empty() {
        return lowerer.program;
    }
    lowerer.program.root = Some(loaded.modules[0].file);
    lowerer.declare_all();
    lowerer.lower_all();
    lowerer.report_recursion();
    lowerer.program
}

/// A type alias: where it is written, and what became of it.
struct TypeDef<'a> {
    module: usize,
    item: &'a ast::TypeItem,
    doc: SmolStr,
    state: TypeState,
}

enum TypeState {
    Waiting,
    Running,
    Done(Ty),
}

/// A set of options that externs take over.
struct OptionSet<'a> {
    module: usize,
    item: &'a ast::Extern,
    doc: SmolStr,
    /// The whole declaration.
    span: Span,
    running: bool,
}

struct Lowerer<'a> {
    loaded: &'a Loaded,
    problems: &'a mut Problems,
    program: Program,
    names: Vec<ModuleNames>,
    /// Params, variables and secrets: one namespace for the whole program.
    program_names: FxHashMap<SmolStr, Def>,
    types: Vec<TypeDef<'a>>,
    option_sets: Vec<OptionSet<'a>>,
    /// Parameters as written, by function and by group: a call may come before the body that it calls is lowered.
    function_params: Vec<&'a [ast::Parameter]>,
    group_params: Vec<&'a [ast::Parameter]>,
    /// Who needs whom among lets, functions and groups.
    references: References,
    owner: Option<Node>,
    /// How many types are being lowered, each for the one before.
    type_depth: usize,
}

impl<'a> Lowerer<'a> {
    fn report(&mut self, problem: ResolveProblem) {
        self.problems.report(problem);
    }

    /// Whether an item that did not parse seems to declare the name, or an import that could not be loaded: what is missing of it
    /// has been said.
    fn is_broken(&self, module: usize, name: &str) -> bool {
        let module = &self.loaded.modules[module];
        module.ast.broken_names.iter().any(|n| n.name == name) || module.missing.iter().any(|missing| missing == name)
    }

    /// The module that a namespace of `module` stands for.
    fn namespace(&self, module: usize, name: &str) -> Option<usize> {
        self.loaded.modules[module].imports.iter().find(|n| n.name == name).map(|n| n.module)
    }

    /// The module that a path of one name, or of namespace and name, leads to, and the name in it.
    fn home<'p>(&mut self, module: usize, path: &'p [ast::Ident]) -> Option<(usize, &'p ast::Ident)> {
        match path {
            [name] => Some((module, name)),
            [space, name] => match self.namespace(module, &space.name) {
                Some(home) => {
                    self.mention(space.span, Symbol::File(self.loaded.modules[home].file));
                    Some((home, name))
                }
                None if self.is_broken(module, &space.name) => None,
                None => {
                    let nearest = self.nearest(&space.name, self.namespace_names(module));
                    let (name, at) = (space.name.clone(), space.span);
                    self.report(ResolveProblem::Unknown { what: "namespace", name, at, nearest, help: None });
                    None
                }
            },
            _ => None,
        }
    }

    fn namespace_names(&self, module: usize) -> impl Iterator<Item = &str> {
        self.loaded.modules[module].imports.iter().map(|n| n.name.as_str())
    }

    /// The meaning of a bare name that is no local.
    fn value(&self, module: usize, name: &str) -> Option<Def> {
        self.names[module].values.get(name).map(|(d, _)| *d).or_else(|| self.program_names.get(name).copied())
    }

    fn value_names(&self, module: usize) -> impl Iterator<Item = &str> {
        self.names[module].values.keys().chain(self.program_names.keys()).map(SmolStr::as_str)
    }

    /// The nearest of the names that would have been right. One is looked for as long as somebody reads it.
    fn nearest<'n>(&self, name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<SmolStr> {
        if self.problems.is_full() { None } else { nearest(name, names).map(SmolStr::from) }
    }

    /// A name of another sort than wanted, or no name at all.
    fn wrong_or_unknown(
        &mut self,
        what: &'static str,
        module: usize,
        name: &SmolStr,
        at: Span,
        wanted: impl Fn(Def) -> bool,
    ) {
        if let Some(def) = self.value(module, name) {
            let help = match def {
                Def::Group(_) => "a group is taken by `use name(…)` in an image",
                Def::Function(_) => "call it: `name(…)`",
                Def::Image(_) => "an image is indexed by its axes: `image[axis = value]`",
                Def::Table(_) => "a table is indexed by its key: `table[key]`",
                _ => "only a function can be called, and only a group used",
            };
            self.report(ResolveProblem::WrongSort { wanted: what, found: def.sort(), name: name.clone(), at, help });
            return;
        }
        if self.is_broken(module, name) {
            return;
        }
        let names = self.value_names(module).filter(|n| self.value(module, n).is_some_and(&wanted));
        let nearest = self.nearest(name, names);
        let what = what.trim_start_matches("a ").trim_start_matches("an ");
        self.report(ResolveProblem::Unknown { what, name: name.clone(), at, nearest, help: None });
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Problems;
    use crate::diagnostic::render::{Format, Style, render};
    use crate::load::prelude::KINDS;
    use crate::load::{Loaded, Memory, load, load_schema};

    fn shown(problems: Problems, loaded: &Loaded) -> String {
        let style = Style { colour: false, unicode: false, links: false, width: 100 };
        render(&problems.into_sorted(), &loaded.sources, &Format::Human(style))
    }

    #[test]
    fn the_prelude_resolves_without_a_problem() {
        let mut problems = Problems::new();
        let loaded = load_schema(&Memory::default(), None, &mut problems);
        let program = super::resolve(&loaded, &mut problems);
        assert_eq!(shown(problems, &loaded), "");
        assert_eq!(program.kinds.len(), KINDS.len());
    }

    #[test]
    fn an_own_kind_takes_the_place_of_one_of_two_in_a_file_of_the_prelude() {
        let source = "extern provisioner shell-local { inline: [string] }\n\
                      image x { provision shell-local { inline = [] } \n post shell-local { inline = [] } }";
        let mut problems = Problems::new();
        let loaded = load(&Memory::of([("x.bake", source)]), "x.bake", &mut problems);
        let program = super::resolve(&loaded, &mut problems);
        assert_eq!(shown(problems, &loaded), "");
        assert_eq!(program.kinds.values().map(|k| k.prelude).collect::<Vec<_>>(), [false, true]);
    }
}
