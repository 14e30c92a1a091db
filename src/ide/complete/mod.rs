//! What may be written at a place.
//!
//! The text is analysed once more with a word put where the cursor is, so that the place has a meaning although what is typed there
//! has none yet. [`place`] finds what kind of place it is, [`options`] and [`values`] know what may stand there, [`words`] the words of
//! the language.

mod options;
mod place;
mod values;
mod words;

use std::ops::Range;

use super::{View, Workspace};
use crate::compile::Depth;
use place::Place;

/// What an item of the list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum ItemKind {
    Option,
    Value,
    Name,
    Function,
    Type,
    Kind,
    Namespace,
    Field,
    File,
    Keyword,
    Snippet,
}

/// Something that may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What the list shows and what is typed to find it.
    pub label: String,
    /// What it is.
    pub kind: ItemKind,
    /// A few words beside it: a type.
    pub detail: String,
    /// Documentation, in Markdown.
    pub doc: String,
    /// What is inserted; `$0` and `${1:…}` are places to go on at, where `snippet` is set.
    pub insert: String,
    /// Whether `insert` has such places.
    pub snippet: bool,
    /// Where it stands in the list: the first ones are the most probable.
    pub rank: u8,
    /// Whether it is a thing of the past.
    pub deprecated: bool,
}

impl Item {
    fn new(label: impl Into<String>, kind: ItemKind) -> Self {
        let label = label.into();
        let insert = label.clone();
        Item {
            label,
            kind,
            detail: String::new(),
            doc: String::new(),
            insert,
            snippet: false,
            rank: 50,
            deprecated: false,
        }
    }
}

/// What may be written, and what of the text it replaces, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// What is replaced: the beginning of a word.
    pub replaced: Range<usize>,
    /// What may stand there instead.
    pub items: Vec<Item>,
}

/// What may be written at a place of an open document. Where it was given up, it may be anything.
pub fn complete(workspace: &Workspace, path: &str, offset: usize, given_up: &dyn Fn() -> bool) -> Completion {
    let Some(text) = workspace.document(path) else { return Completion::default() };
    let Some(found) = place::find(text, offset) else { return Completion::default() };
    let analysed = || analysed(workspace, path, &found, given_up);
    let mut items = match &found.place {
        Place::Kind(statement) => words::kinds(&workspace.home(path, given_up), statement),
        Place::File(written) => values::files(workspace, path, written),
        Place::Statements(around) => words::statements(*around),
        Place::Type => words::types(&analysed(), path),
        Place::Key => options::keys(&analysed(), path, &found),
        Place::Field => values::fields(&analysed(), path, &found),
        Place::Text { .. } => values::inside_text(&analysed(), path, &found),
        Place::Action => values::inside_action(&analysed(), path, &found),
        Place::Value => values::expressions(&analysed(), path, &found),
        Place::Group => words::groups(&analysed(), path),
    };
    items.sort_by(|a, b| (a.rank, &a.label).cmp(&(b.rank, &b.label)));
    items.dedup_by(|b, a| a.label == b.label && a.kind == b.kind);
    Completion { replaced: found.replaced.clone(), items }
}

/// The program with the word put in, without its builds. Where the program that imports the file does not hold it with the word in
/// it, it is looked at by itself.
fn analysed(workspace: &Workspace, path: &str, found: &place::Found, given_up: &dyn Fn() -> bool) -> Option<View> {
    let own = std::iter::once(path.to_owned());
    let mut roots = workspace.roots(path).into_iter().take(1).chain(own);
    roots.find_map(|root| {
        let text = (path.to_owned(), found.text.as_str().into());
        workspace.view_with(&root, [text], Depth::Types, given_up).filter(|view| view.file(path).is_some())
    })
}
