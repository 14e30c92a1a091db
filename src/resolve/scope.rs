//! Which names are visible at a place: locals, innermost last, then the module, then the program.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

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

/// The locals of one body. Numbers are never reused in a frame, so a comprehension's variables stand behind those around it.
pub(super) struct Scope {
    pub(super) module: usize,
    pub(super) locals: Vec<(SmolStr, u32)>,
    /// Whether the name `builds` is known here.
    pub(super) builds: bool,
}

impl Scope {
    pub(super) fn new(module: usize) -> Self {
        Scope { module, locals: Vec::new(), builds: false }
    }

    /// Adds a local. Its number is its depth: a variable of a comprehension takes the place of one whose comprehension is over.
    pub(super) fn bind(&mut self, name: SmolStr) -> u32 {
        let number = self.locals.len() as u32;
        self.locals.push((name, number));
        number
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.locals.iter().rev().find(|(n, _)| n == name).map(|(_, number)| *number)
    }
}
