//! Which names are visible at a place: locals, innermost last, then the module, then the program.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::mention::Symbol;
use crate::text::Span;

/// What a name at the top of a module stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Def {
    Param(usize),
    Variable(usize),
    Let(usize),
    Function(usize),
    Table(usize),
    Image(usize),
    Group(usize),
}

impl Def {
    /// The sort, with its article.
    pub(super) fn sort(self) -> &'static str {
        match self {
            Def::Param(_) => "a param",
            Def::Variable(_) => "a variable",
            Def::Let(_) => "a value",
            Def::Function(_) => "a function",
            Def::Table(_) => "a table",
            Def::Image(_) => "an image",
            Def::Group(_) => "a group",
        }
    }
}

/// The names that one module declares.
#[derive(Default)]
pub(super) struct ModuleNames {
    pub(super) values: FxHashMap<SmolStr, (Def, Span)>,
    pub(super) types: FxHashMap<SmolStr, (usize, Span)>,
    pub(super) option_sets: FxHashMap<SmolStr, (usize, Span)>,
}

/// The locals of one body. The number of a local is its depth, so variables of a comprehension stand behind those around it.
pub(super) struct Scope {
    pub(super) module: usize,
    /// Their names, and where those are declared.
    locals: Vec<(SmolStr, Symbol)>,
    /// The numbers of each name, innermost last.
    numbers: FxHashMap<SmolStr, Vec<u32>>,
    /// Whether the name `builds` is known here.
    pub(super) builds: bool,
}

impl Scope {
    pub(super) fn new(module: usize) -> Self {
        Scope { module, locals: Vec::new(), numbers: FxHashMap::default(), builds: false }
    }

    /// Adds a local. It takes the number of one whose comprehension is over.
    pub(super) fn bind(&mut self, name: SmolStr, symbol: Symbol) -> u32 {
        let number = self.locals.len() as u32;
        self.numbers.entry(name.clone()).or_default().push(number);
        self.locals.push((name, symbol));
        number
    }

    /// What a local is to those who ask for its name.
    pub(super) fn symbol(&self, number: u32) -> Option<Symbol> {
        self.locals.get(number as usize).map(|(_, symbol)| *symbol)
    }

    /// How many locals there are.
    pub(super) fn depth(&self) -> usize {
        self.locals.len()
    }

    /// Forgets the locals that were added since.
    pub(super) fn leave(&mut self, depth: usize) {
        for (name, _) in self.locals.drain(depth..) {
            if let Some(numbers) = self.numbers.get_mut(&name) {
                numbers.pop();
            }
        }
    }

    /// The names of all locals.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.locals.iter().map(|(name, _)| name.as_str())
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(name)?.last().copied()
    }

    /// The first local of the name, which an inner one may hide.
    pub(super) fn first(&self, name: &str) -> Option<u32> {
        self.numbers.get(name)?.first().copied()
    }
}
