//! Old names are mended as `packer fix` of Packer 1.6.6 mends them, in the same order.
//!
//! A fixer works on the JSON, so that everything keeps its place. What the schema knows as renamed is mended later, by the back
//! half: these are the mendings that need more than a name, or that concern kinds which bakec does not know.

mod amazon;
mod others;
mod posts;

use crate::json::{Key, Kind, Node};

/// Mends a template in place.
pub(super) fn mend(root: &mut Node) {
    each(root, "builders", &mut |builder| {
        let kind = builder.get("type").and_then(Node::text).unwrap_or_default().to_owned();
        let kind = others::builder(builder, &kind);
        amazon::builder(builder, &kind);
        others::late(builder, &kind);
    });
    each(root, "provisioners", &mut posts::provisioner);
    if let Some(members) = members(root)
        && let Some((_, list)) = members.iter_mut().find(|(key, _)| key.name == "post-processors")
        && let Kind::List(entries) = &mut list.kind
    {
        for entry in entries {
            match &mut entry.kind {
                Kind::List(chain) => chain.iter_mut().for_each(posts::post),
                _ => posts::post(entry),
            }
        }
    }
}

/// The names that a kind of builder had before.
pub(super) fn former_kinds(kind: &str) -> impl Iterator<Item = &'static str> {
    others::RENAMED.iter().filter(move |(_, new)| *new == kind).map(|(old, _)| *old)
}

fn each(root: &mut Node, section: &str, mend: &mut dyn FnMut(&mut Node)) {
    let Some(members) = members(root) else { return };
    let list = members.iter_mut().find(|(key, _)| key.name == section);
    if let Some(Kind::List(nodes)) = list.map(|(_, node)| &mut node.kind) {
        nodes.iter_mut().filter(|n| n.record().is_some()).for_each(mend);
    }
}

fn members(node: &mut Node) -> Option<&mut Vec<(Key, Node)>> {
    match &mut node.kind {
        Kind::Record(members) => Some(members),
        _ => None,
    }
}

/// Takes a key out.
fn remove(node: &mut Node, name: &str) -> Option<(Key, Node)> {
    let members = members(node)?;
    let at = members.iter().position(|(key, _)| key.name == name)?;
    Some(members.remove(at))
}

/// Puts a value under a key, in place of what is there; the key stands where `place` stood.
fn put(node: &mut Node, name: &str, place: Key, value: Node) {
    let Some(members) = members(node) else { return };
    match members.iter_mut().find(|(key, _)| key.name == name) {
        Some((_, old)) => *old = value,
        None => {
            // In the order of the text.
            let at = members.iter().position(|(key, _)| key.span.start > place.span.start).unwrap_or(members.len());
            members.insert(at, (Key { name: name.to_owned(), span: place.span }, value));
        }
    }
}

/// Renames a key; where the new one is there too, the old one has the last word.
fn carry(node: &mut Node, old: &str, new: &str) {
    if let Some((key, value)) = remove(node, old) {
        put(node, new, key, value);
    }
}

/// Renames a key; where the new one is there, the old one goes.
fn rename(node: &mut Node, old: &str, new: &str) {
    if let Some((key, value)) = remove(node, old)
        && node.get(new).is_none()
    {
        put(node, new, key, value);
    }
}

fn text_node(text: impl Into<String>, like: &Node) -> Node {
    Node { kind: Kind::Text(text.into()), span: like.span }
}

fn list_node(nodes: Vec<Node>, like: &Node) -> Node {
    Node { kind: Kind::List(nodes), span: like.span }
}

/// A truth value, also one that is written as a text, as Go reads them.
fn truth(node: &Node) -> Option<bool> {
    match &node.kind {
        Kind::Bool(bool) => Some(*bool),
        Kind::Text(text) => go_bool(text),
        _ => None,
    }
}

/// Go's way to read a truth value.
pub(in crate::import) fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// Calls `change` with every text in a value.
fn each_text(node: &mut Node, change: &dyn Fn(&mut String)) {
    match &mut node.kind {
        Kind::Text(text) => change(text),
        Kind::List(nodes) => nodes.iter_mut().for_each(|n| each_text(n, change)),
        Kind::Record(members) => members.iter_mut().for_each(|(_, n)| each_text(n, change)),
        _ => {}
    }
}

/// The text with every call of a field or function replaced where `{{` and blanks stand before it.
fn replaced_calls(text: &str, old: &str, new: &str) -> String {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    let mut inside = false;
    for (at, _) in text.match_indices(old) {
        let before = &text[done..at];
        let behind = &text[at + old.len()..];
        inside = match (before.rfind("{{"), before.rfind("}}")) {
            (Some(open), Some(close)) => open > close,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => inside,
        };
        let whole = !text[..at].ends_with(|c| word(c) || c == '.') && !behind.starts_with(word);
        out.push_str(before);
        out.push_str(if whole && inside { new } else { old });
        done = at + old.len();
    }
    out.push_str(&text[done..]);
    out
}
