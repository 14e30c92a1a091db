//! The options of a kind in the order in which they are read: what must be given, the kind's own, then set by set.

use super::view::{KindDoc, OptionDoc, SetDoc};
use super::{first_sentence, paragraphs};

/// Options under one heading.
pub(super) struct Group<'d> {
    pub(super) title: String,
    /// What is said under the heading.
    pub(super) text: Vec<String>,
    /// The set that declares them; none for a group across sets.
    pub(super) set: Option<&'d SetDoc>,
    pub(super) options: Vec<&'d OptionDoc>,
}

/// The groups of a kind that hold an option; those that bakec refuses are in none.
pub(super) fn groups(kind: &KindDoc) -> Vec<Group<'_>> {
    let open = || kind.options.iter().filter(|o| o.is_open());
    let across = |title: &str, options| Group { title: title.to_owned(), text: Vec::new(), set: None, options };
    let own: Vec<&OptionDoc> = open().filter(|o| !o.required && o.set.is_none()).collect();
    let own_title = if open().any(|o| o.set.is_some()) { "Options of its own" } else { "Options" };
    let mut groups = vec![across("Required", open().filter(|o| o.required).collect()), across(own_title, own)];
    // What a kind takes over last is nearest to it; what all kinds share comes first.
    for (index, set) in kind.sets.iter().enumerate().rev() {
        let options = open().filter(|o| !o.required && o.set == Some(index)).collect();
        groups.push(Group { title: title(set), text: explanation(set), set: Some(set), options });
    }
    groups.retain(|g| !g.options.is_empty());
    groups
}

/// The heading of a set: the first sentence of its documentation, or its name.
pub(super) fn title(set: &SetDoc) -> String {
    let title = first_sentence(&set.doc);
    if title.is_empty() { set.name.to_string() } else { title }
}

/// What a set's documentation says beyond its heading.
pub(super) fn explanation(set: &SetDoc) -> Vec<String> {
    let mut text = paragraphs(&set.doc);
    if let Some(first) = text.first_mut() {
        let behind = first.find(". ").map_or(first.len(), |dot| dot + 2);
        *first = first[behind..].to_owned();
    }
    text.retain(|p| !p.is_empty());
    text
}
