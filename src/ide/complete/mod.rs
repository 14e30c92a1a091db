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

/// What may be written at a place of an open document.
pub fn complete(workspace: &Workspace, path: &str, offset: usize) -> Completion {
    let Some(text) = workspace.document(path) else { return Completion::default() };
    let Some(found) = place::find(text, offset) else { return Completion::default() };
    let items = match &found.place {
        Place::Kind(statement) => words::kinds(&current(workspace, path), statement),
        Place::File(written) => values::files(workspace, path, written),
        Place::Statements(around) => words::statements(*around),
        Place::Type => words::types(&analysed(workspace, path, &found), path),
        Place::Key => options::keys(&analysed(workspace, path, &found), path, &found),
        Place::Field => values::fields(&analysed(workspace, path, &found), path, &found),
        Place::Text { .. } => values::inside_text(&analysed(workspace, path, &found), path, &found),
        Place::Action => values::inside_action(&analysed(workspace, path, &found), path, &found),
        Place::Value => values::expressions(&analysed(workspace, path, &found), path, &found),
        Place::Group => words::groups(&analysed(workspace, path, &found), path),
    };
    let mut items = items;
    items.sort_by(|a, b| (a.rank, &a.label).cmp(&(b.rank, &b.label)));
    items.dedup_by(|b, a| a.label == b.label && a.kind == b.kind);
    Completion { replaced: found.replaced.clone(), items }
}

/// The program with the word put in.
fn analysed(workspace: &Workspace, path: &str, found: &place::Found) -> Option<View> {
    let root = workspace.roots(path).into_iter().next()?;
    Some(workspace.view_with(&root, [(path.to_owned(), found.text.as_str().into())]))
}

/// The program as it is.
fn current(workspace: &Workspace, path: &str) -> Option<std::rc::Rc<View>> {
    let root = workspace.roots(path).into_iter().next()?;
    workspace.view(&root, &|| false)
}
