//! An analysed program as questions of an editor need it: names, types and trees by where they stand.

use std::cell::OnceCell;
use std::cmp::Reverse;

use rustc_hash::FxHashMap;

use super::builds::Index;
use crate::compile::Analysis;
use crate::plan::Plan;
use crate::resolve::hir::Program;
use crate::resolve::mention::{Mention, Symbol};
use crate::syntax::ast::File;
use crate::text::{FileId, Source, Span};
use crate::ty::Ty;

/// An analysed program. What it is sorted by is found out when it is first asked for: most programs are gone with the next key.
#[derive(Debug)]
pub struct View {
    /// What the compiler found out.
    pub analysis: Analysis,
    names: OnceCell<Vec<Mention>>,
    by_symbol: OnceCell<FxHashMap<Symbol, Vec<u32>>>,
    types: OnceCell<Vec<u32>>,
    builds: OnceCell<Index>,
}

/// What sorts places: those that begin together from the outermost to the innermost.
fn place(span: Span) -> (FileId, u32, Reverse<u32>) {
    (span.file, span.start, Reverse(span.end))
}

impl View {
    /// A program that has been analysed.
    pub fn of(analysis: Analysis) -> Self {
        View {
            analysis,
            names: OnceCell::new(),
            by_symbol: OnceCell::new(),
            types: OnceCell::new(),
            builds: OnceCell::new(),
        }
    }

    /// All names, by place.
    fn names(&self) -> &[Mention] {
        self.names.get_or_init(|| {
            let (resolved, checked) = (&self.program().mentions, &self.analysis.seen.mentions);
            let mut names: Vec<Mention> = resolved.iter().chain(checked).copied().collect();
            let key = |m: &Mention| (m.at.file, m.at.start, m.at.end);
            names.sort_by_key(|m| (key(m), Reverse(m.declares)));
            names.dedup_by(|b, a| a.at == b.at && a.symbol == b.symbol);
            names
        })
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.analysis.checked.program
    }

    /// The plan, and its builds by what makes them. None where builds are not known.
    pub(super) fn builds(&self) -> Option<(&Plan, &Index)> {
        let plan = self.analysis.compiled.plan.as_ref()?;
        Some((plan, self.builds.get_or_init(|| Index::of(plan))))
    }

    /// A file of the user's by its path.
    pub fn file(&self, path: &str) -> Option<FileId> {
        let own = self.analysis.modules.iter().filter(|m| !m.prelude).map(|m| m.file);
        own.into_iter().find(|file| &**self.source(*file).path() == path)
    }

    /// The text of a file.
    pub fn source(&self, file: FileId) -> &Source {
        self.analysis.compiled.sources.get(file)
    }

    /// The text that a span covers.
    pub fn slice(&self, span: Span) -> &str {
        self.analysis.compiled.sources.slice(span)
    }

    /// The tree of a file.
    pub fn tree(&self, file: FileId) -> Option<&File> {
        self.analysis.modules.iter().find(|m| m.file == file).map(|m| &*m.ast)
    }

    /// The names at a place, also those that end right before it.
    pub fn names_at(&self, file: FileId, offset: u32) -> impl Iterator<Item = &Mention> {
        let names = self.names();
        let behind = names.partition_point(|m| (m.at.file, m.at.start) <= (file, offset));
        // Names do not nest, but one may stand there more than once.
        let near = names[..behind].iter().rev().take_while(move |m| m.at.file == file).take(8);
        near.filter(move |m| offset <= m.at.end)
    }

    /// The names of a file, by place.
    pub fn names_of(&self, file: FileId) -> &[Mention] {
        let names = self.names();
        let start = names.partition_point(|m| m.at.file < file);
        let end = names.partition_point(|m| m.at.file <= file);
        &names[start..end]
    }

    /// Where a symbol's name stands.
    pub fn uses(&self, symbol: Symbol) -> impl Iterator<Item = &Mention> {
        let names = self.names();
        let by_symbol = self.by_symbol.get_or_init(|| {
            let mut by_symbol: FxHashMap<Symbol, Vec<u32>> = FxHashMap::default();
            for (position, mention) in names.iter().enumerate() {
                by_symbol.entry(mention.symbol).or_default().push(position as u32);
            }
            by_symbol
        });
        by_symbol.get(&symbol).into_iter().flatten().map(|position| &names[*position as usize])
    }

    /// Where a symbol is declared: in a file of the user's or in the prelude. None for what is part of the language.
    pub fn declared(&self, symbol: Symbol) -> Option<Span> {
        let program = self.program();
        Some(match symbol {
            Symbol::Param(i) => program.params.get(i)?.name.span,
            Symbol::Variable(i) => program.variables.get(i)?.name.span,
            Symbol::Let(i) => program.lets.get(i)?.name.span,
            Symbol::Function(i) => program.functions.get(i)?.name.span,
            Symbol::Table(i) => program.tables.get(i)?.name.span,
            Symbol::Image(i) => program.images.get(i)?.name.span,
            Symbol::Group(i) => program.groups.get(i)?.name.span,
            Symbol::Policy(i) => program.policies.get(i)?.name.span,
            Symbol::Kind(i) => program.kinds.get_index(i)?.1.name.span,
            Symbol::Type(span) | Symbol::OptionSet(span) | Symbol::Local(span) | Symbol::Member(span) => span,
            Symbol::File(file) => Span::file_start(file),
            Symbol::Builtin(_) => return None,
        })
    }

    /// The type of the expression at exactly this place.
    pub fn type_of(&self, span: Span) -> Option<&Ty> {
        let seen = &self.analysis.seen.types;
        let sorted = self.types.get_or_init(|| {
            let mut sorted: Vec<u32> = (0..seen.len() as u32).collect();
            // What was seen of one place stays in its order.
            sorted.sort_by_key(|position| place(seen[*position as usize].0));
            sorted
        });
        // The last word counts.
        let behind = sorted.partition_point(|position| place(seen[*position as usize].0) <= place(span));
        let (found, ty) = &seen[*sorted.get(behind.checked_sub(1)?)? as usize];
        (*found == span).then_some(ty)
    }

    /// What the place of an expression takes.
    pub fn wanted(&self, span: Span) -> Option<&Ty> {
        self.analysis.seen.wants.iter().rev().find(|(at, _)| *at == span).map(|(_, ty)| ty)
    }
}
