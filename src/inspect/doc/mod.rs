//! What there is to know of kinds and options, for people and for programs.
//!
//! It reads the schema and knows no kind by name. `view` turns a kind into what is shown of it, `example` makes values of types,
//! `find` leads from what is typed to what is meant, `groups` puts options in the order in which they are read; `terminal`,
//! `markdown` and `book` write.

pub mod book;
mod example;
mod find;
mod groups;
pub mod markdown;
pub mod terminal;
mod view;

#[cfg(test)]
mod tests;

use crate::schema::{Category, Kinds};

pub use find::{Found, Missing, Topic, find, topics};
pub use view::{KindDoc, OptionDoc, RuleDoc, SetDoc, TypeDoc, kind};

/// All kinds, or those of a category, in the order of categories and then by name.
pub fn all(kinds: &Kinds, category: Option<Category>) -> Vec<KindDoc> {
    let mut found: Vec<KindDoc> = kinds
        .iter()
        .filter(|((of, _), _)| category.is_none_or(|wanted| wanted == *of))
        .map(|((of, _), plain)| kind(*of, plain))
        .collect();
    found.sort_by(|a, b| (a.category, &a.name).cmp(&(b.category, &b.name)));
    found
}

/// What was found, as JSON: an array with one element a kind, option or type.
pub fn json(topics: &[Topic]) -> String {
    let mut text = serde_json::to_string_pretty(topics).expect("invariant: plain data with text keys is JSON");
    text.push('\n');
    text
}

/// The first sentence of a documentation text, without its full stop.
pub fn first_sentence(doc: &str) -> String {
    let paragraph = paragraphs(doc).into_iter().next().unwrap_or_default();
    let end = paragraph.find(". ").unwrap_or(paragraph.len());
    paragraph[..end].trim_end_matches('.').to_owned()
}

/// The paragraphs of a documentation text, each on one line.
fn paragraphs(doc: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in doc.lines().map(str::trim) {
        match found.last_mut().filter(|_| open && !line.is_empty()) {
            Some(last) => {
                last.push(' ');
                last.push_str(line);
            }
            None if !line.is_empty() => found.push(line.to_owned()),
            None => {}
        }
        open = !line.is_empty();
    }
    found
}
