//! An analysed program as questions of an editor need it: names, types and trees by where they stand.

use std::cell::OnceCell;

use rustc_hash::FxHashMap;

use super::builds::Index;
use crate::compile::Analysis;
use crate::plan::Plan;
use crate::resolve::hir::Program;
use crate::resolve::mention::{Mention, Symbol};
use crate::syntax::ast::File;
use crate::text::{FileId, Source, Span};
use crate::ty::Ty;

/// An analysed program.
#[derive(Debug)]
pub struct View {
    /// What the compiler found out.
    pub analysis: Analysis,
    /// All names, by place.
    names: Vec<Mention>,
    by_symbol: FxHashMap<Symbol, Vec<u32>>,
    /// The types of expressions: by place, of those that begin together the inner ones last.
    types: Vec<(Span, Ty)>,
    builds: OnceCell<Index>,
}

impl View {
    /// Sorts what the compiler found out.
    pub fn of(mut analysis: Analysis) -> Self {
        let mut names = std::mem::take(&mut analysis.checked.program.mentions);
        names.append(&mut analysis.seen.mentions);
        let key = |m: &Mention| (m.at.file, m.at.start, m.at.end);
        names.sort_by_key(|m| (key(m), std::cmp::Reverse(m.declares)));
        names.dedup_by(|b, a| a.at == b.at && a.symbol == b.symbol);
        let mut by_symbol: FxHashMap<Symbol, Vec<u32>> = FxHashMap::default();
        for (position, mention) in names.iter().enumerate() {
            by_symbol.entry(mention.symbol).or_default().push(position as u32);
        }
        let mut types = std::mem::take(&mut analysis.seen.types);
        let place = |span: Span| (span.file, span.start, std::cmp::Reverse(span.end));
        // The sort keeps the order of what was seen of one place; the last word counts.
        types.sort_by_key(|(span, _)| place(*span));
        types.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(&mut later.1, &mut earlier.1);
            }
            same
        });
        View { analysis, names, by_symbol, types, builds: OnceCell::new() }
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
        let behind = self.names.partition_point(|m| (m.at.file, m.at.start) <= (file, offset));
        // Names do not nest, but one may stand there more than once.
        let near = self.names[..behind].iter().rev().take_while(move |m| m.at.file == file).take(8);
        near.filter(move |m| offset <= m.at.end)
    }

    /// The names of a file, by place.
    pub fn names_of(&self, file: FileId) -> &[Mention] {
        let start = self.names.partition_point(|m| m.at.file < file);
        let end = self.names.partition_point(|m| m.at.file <= file);
        &self.names[start..end]
    }

    /// Where a symbol's name stands.
    pub fn uses(&self, symbol: Symbol) -> impl Iterator<Item = &Mention> {
        self.by_symbol.get(&symbol).into_iter().flatten().map(|position| &self.names[*position as usize])
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
        let key = (span.file, span.start, std::cmp::Reverse(span.end));
        let found = self.types.binary_search_by_key(&key, |(s, _)| (s.file, s.start, std::cmp::Reverse(s.end))).ok()?;
        Some(&self.types[found].1)
    }

    /// What the place of an expression takes.
    pub fn wanted(&self, span: Span) -> Option<&Ty> {
        self.analysis.seen.wants.iter().rev().find(|(at, _)| *at == span).map(|(_, ty)| ty)
    }
}
