//! Where a name is declared, where it is used, and what another name for it would change: over all programs that share its file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{View, Workspace};
use crate::compile::Depth;
use crate::resolve::mention::{Mention, Symbol};
use crate::text::{FileId, Span};

/// A place in a file of the user's, by path: what holds across programs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file.
    pub path: String,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// Why a name cannot be another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRename {
    /// It is part of the language or of the prelude.
    Builtin,
    /// A file is renamed by renaming the file.
    File,
    /// There is no name.
    Nothing,
    /// The new name is none.
    BadName,
    /// The new name means something already, where the old one stands or where it stands itself.
    Taken,
}

impl NoRename {
    /// Why, in words.
    pub fn words(self) -> &'static str {
        match self {
            NoRename::Builtin => "this name belongs to bakec, not to the file",
            NoRename::File => "the name of an imported file is that of the file; give it another with `as`",
            NoRename::Nothing => "there is no name here",
            NoRename::Taken => {
                "with that name the program would not mean the same: it means something already, or another place reads the old one"
            }
            NoRename::BadName => "a name begins with a letter or `_` and goes on with letters, digits and `_`",
        }
    }
}

/// Where what is named at a place is declared. Columns and options of the user's files count, those of the prelude do not.
pub fn definition(view: &View, file: FileId, offset: u32) -> Vec<Span> {
    let mut found: Vec<Span> = symbols_at(view, file, offset)
        .filter_map(|mention| view.declared(mention.symbol))
        .filter(|span| !span.file.is_builtin())
        .collect();
    found.sort();
    found.dedup();
    // Where a name is declared and a use at once, as in `axis { region } in table`, the use leads on.
    if found.len() > 1 {
        found.retain(|span| span.file != file || offset < span.start || span.end < offset);
    }
    found
}

/// The names at a place: of two that meet there the one that begins there.
fn symbols_at(view: &View, file: FileId, offset: u32) -> impl Iterator<Item = &Mention> {
    let best = view.names_at(file, offset).map(|mention| mention.at).max();
    view.names_at(file, offset).filter(move |mention| Some(mention.at) == best)
}

/// All places of the name at a place, in these programs; `true` for declarations. The first program holds the place.
pub fn references(views: &[&View], file: FileId, offset: u32) -> Vec<(Place, bool)> {
    let Some((first, _)) = views.split_first() else { return Vec::new() };
    let mut declared: BTreeSet<Place> = BTreeSet::new();
    let mut unplaced: Vec<Symbol> = Vec::new();
    for mention in symbols_at(first, file, offset) {
        match first.declared(mention.symbol) {
            Some(span) => _ = declared.insert(place(first, span)),
            None => unplaced.push(mention.symbol),
        }
    }
    let mut found: BTreeSet<(Place, bool)> = BTreeSet::new();
    for view in views {
        for symbol in closure(view, &declared, &unplaced) {
            found.extend(view.uses(symbol).map(|mention| (place(view, mention.at), mention.declares)));
        }
    }
    // A name that is a declaration in one program is one in all.
    let declarations: BTreeSet<Place> = found.iter().filter(|(_, d)| *d).map(|(p, _)| p.clone()).collect();
    found.retain(|(place, declares)| *declares || !declarations.contains(place));
    found.into_iter().collect()
}

/// The symbols that are declared at these places, and those that share a name with one of them: `axis { region } in table` names
/// an axis and a column at once.
fn closure(view: &View, declared: &BTreeSet<Place>, unplaced: &[Symbol]) -> Vec<Symbol> {
    let mut symbols: Vec<Symbol> = unplaced.to_vec();
    for wanted in declared {
        let Some(file) = view.file(&wanted.path).or_else(|| builtin(view, &wanted.path)) else { continue };
        let span = Span { file, start: wanted.start, end: wanted.end };
        let at_place = view.names_of(file).iter().filter(|mention| mention.at == span && mention.declares);
        symbols.extend(at_place.map(|mention| mention.symbol));
        symbols.extend([Symbol::Member(span), Symbol::Local(span), Symbol::Type(span), Symbol::OptionSet(span)]);
        if span.is_empty() {
            symbols.push(Symbol::File(file));
        }
        let kinds = view.program().kinds.values().enumerate().filter(|(_, kind)| kind.name.span == span);
        symbols.extend(kinds.map(|(index, _)| Symbol::Kind(index)));
    }
    let mut done = 0;
    while let Some(symbol) = symbols.get(done).copied() {
        done += 1;
        for mention in view.uses(symbol) {
            for other in view.names_at(mention.at.file, mention.at.start).filter(|other| other.at == mention.at) {
                if !symbols.contains(&other.symbol) {
                    symbols.push(other.symbol);
                }
            }
        }
    }
    symbols
}

fn builtin(view: &View, path: &str) -> Option<FileId> {
    view.analysis.modules.iter().map(|m| m.file).find(|file| file.is_builtin() && &**view.source(*file).path() == path)
}

/// What would be renamed at a place.
///
/// # Errors
/// See [`NoRename`].
pub fn renameable(view: &View, file: FileId, offset: u32) -> Result<Span, NoRename> {
    let mut at = None;
    for mention in symbols_at(view, file, offset) {
        at = Some(mention.at);
        match mention.symbol {
            Symbol::File(_) => return Err(NoRename::File),
            symbol => match view.declared(symbol) {
                Some(span) if !span.file.is_builtin() => {}
                _ => return Err(NoRename::Builtin),
            },
        }
    }
    at.ok_or(NoRename::Nothing)
}

/// The places that get another name.
///
/// # Errors
/// See [`NoRename`].
pub fn rename(views: &[&View], file: FileId, offset: u32, name: &str) -> Result<Vec<Place>, NoRename> {
    let Some((first, _)) = views.split_first() else { return Err(NoRename::Nothing) };
    renameable(first, file, offset)?;
    let kind = symbols_at(first, file, offset).any(|mention| matches!(mention.symbol, Symbol::Kind(_)));
    if !is_name(name, kind) {
        return Err(NoRename::BadName);
    }
    let places = references(views, file, offset);
    // A key that is an option of the prelude's somewhere keeps its name.
    for view in views {
        for (place, _) in &places {
            let Some(file) = view.file(&place.path) else { continue };
            let here = view.names_at(file, place.start).filter(|m| m.at.start == place.start && m.at.end == place.end);
            if here.filter_map(|m| view.declared(m.symbol)).any(|span| span.file.is_builtin()) {
                return Err(NoRename::Builtin);
            }
        }
    }
    Ok(places.into_iter().map(|(place, _)| place).collect())
}

/// Whether the programs say the same with the new name: no mistake is new, and the new name stands where the old one stood and
/// nowhere else.
///
/// # Errors
/// [`NoRename::Taken`] where they do not, or where it was given up.
pub fn try_out(
    workspace: &Workspace,
    views: &[&View],
    roots: &[String],
    places: &[Place],
    name: &str,
    given_up: &dyn Fn() -> bool,
) -> Result<(), NoRename> {
    let mut by_file: BTreeMap<&str, Vec<&Place>> = BTreeMap::new();
    places.iter().for_each(|place| by_file.entry(&place.path).or_default().push(place));
    let mut texts: Vec<(String, Arc<str>)> = Vec::new();
    let mut moved: BTreeSet<Place> = BTreeSet::new();
    for (path, mut places) in by_file {
        let source = views.iter().find_map(|view| Some(view.source(view.file(path)?).text().clone()));
        let Some(source) = source else { continue };
        places.sort();
        let (mut text, mut done) = (String::with_capacity(source.len()), 0);
        for place in places {
            text.push_str(source.get(done..place.start as usize).unwrap_or_default());
            let start = text.len() as u32;
            text.push_str(name);
            moved.insert(Place { path: path.to_owned(), start, end: text.len() as u32 });
            done = place.end as usize;
        }
        text.push_str(source.get(done..).unwrap_or_default());
        texts.push((path.to_owned(), text.into()));
    }
    let anew = |root: &String| workspace.view_with(root, texts.clone(), Depth::Builds, given_up).ok_or(NoRename::Taken);
    let after: Vec<View> = roots.iter().map(anew).collect::<Result<_, _>>()?;
    let mistakes = |view: &View| view.analysis.compiled.diagnostics.len();
    let before: usize = views.iter().map(|view| mistakes(view)).sum();
    if after.iter().map(mistakes).sum::<usize>() > before {
        return Err(NoRename::Taken);
    }
    let all: Vec<&View> = after.iter().collect();
    let file = moved.first().and_then(|first| Some((after.first()?.file(&first.path)?, first.start)));
    let Some((file, offset)) = file else { return Ok(()) };
    let found: BTreeSet<Place> = references(&all, file, offset).into_iter().map(|(place, _)| place).collect();
    if found == moved { Ok(()) } else { Err(NoRename::Taken) }
}

/// The words that are no names in expressions.
const RESERVED: [&str; 11] = ["if", "in", "else", "then", "true", "false", "for", "null", "match", "matches", "_"];

fn is_name(name: &str, kind: bool) -> bool {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || kind && c == '-');
    first && rest && (kind || !RESERVED.contains(&name))
}

fn place(view: &View, span: Span) -> Place {
    Place { path: view.source(span.file).path().to_string(), start: span.start, end: span.end }
}
