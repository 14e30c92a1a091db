//! The keys of blocks and records: options that are not set yet, the required ones first.

use super::place::{Found, WORD};
use super::{Item, ItemKind};
use crate::ide::View;
use crate::ide::action::{example, offered, record_of};
use crate::ide::declare::field_words;
use crate::ide::tree::{Node, around};
use crate::load::prelude;
use crate::syntax::ast::{Entry, ExprKind};
use crate::ty::{Field, Ty};

/// The keys that may stand at the place.
pub(super) fn keys(view: &Option<View>, path: &str, found: &Found) -> Vec<Item> {
    let Some((view, file)) = view.as_ref().and_then(|view| Some((view, view.file(path)?))) else { return Vec::new() };
    let Some(tree) = view.tree(file) else { return Vec::new() };
    for node in around(tree, found.at as u32).iter().rev() {
        match node {
            Node::Block(block) => {
                let options = offered(view, block);
                return options
                    .into_iter()
                    .filter(|(_, field, given)| !given && !field.is_refused())
                    .map(item)
                    .collect();
            }
            Node::Expr(expr) => {
                let ExprKind::Record(entries) = &expr.kind else { continue };
                let given = |name: &str| {
                    entries.iter().any(|entry| matches!(entry, Entry::Field { key, .. } if key.name == name))
                };
                if let Some(record) = view.wanted(expr.span).and_then(record_of) {
                    let fields = record.fields.iter().filter(|(name, field)| !given(name) && !field.is_refused());
                    return fields.map(|(name, field)| item((name, field, false))).collect();
                }
                // A record that is spread into builders later.
                let mut names: Vec<&str> = prelude::builder_options().filter(|name| !given(name)).collect();
                names.sort_unstable();
                names.dedup();
                return names.into_iter().map(|name| assigned(name, Item::new(name, ItemKind::Option))).collect();
            }
            _ => {}
        }
    }
    Vec::new()
}

fn item((name, field, _): (&str, &Field, bool)) -> Item {
    if name == WORD {
        return Item::new(name, ItemKind::Option);
    }
    let words = field_words(name, field);
    let doc = std::iter::once(words.doc).chain(words.notes).filter(|p| !p.is_empty()).collect::<Vec<_>>().join("\n\n");
    let value = placeholder(&field.ty);
    let deprecated = field.notes.as_ref().is_some_and(|notes| notes.deprecated.is_some());
    Item {
        detail: field.ty.to_string(),
        doc,
        insert: format!("{name} = {value}"),
        snippet: true,
        rank: if !field.optional { 10 } else { 30 + u8::from(deprecated) * 40 },
        deprecated,
        ..Item::new(name, ItemKind::Option)
    }
}

fn assigned(name: &str, item: Item) -> Item {
    Item { insert: format!("{name} = $0"), snippet: true, ..item }
}

/// A value to begin with, with the place to go on at.
fn placeholder(ty: &Ty) -> String {
    match example(ty).as_str() {
        "\"\"" => "\"$0\"".into(),
        "[]" => "[$0]".into(),
        "{}" => "{ $0 }".into(),
        text => format!("${{0:{}}}", text.replace('\\', "\\\\").replace('$', "\\$").replace('}', "\\}")),
    }
}
