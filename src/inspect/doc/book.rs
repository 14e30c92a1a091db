//! The option reference of the book: a page a kind, one a set of options that several kinds share, one for named types.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::all;
use super::groups::{explanation, groups, title as set_title};
use super::markdown::{
    self, Links, RULES, bullets, capital, entry, group_with_options, head, prose, refused, type_entry,
};
use super::view::{KindDoc, OptionDoc, RuleDoc, SetDoc, TypeDoc};
use crate::schema::{Category, Kinds};

/// A page of the reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Its file, without a folder.
    pub file: String,
    /// How it is called in the table of contents.
    pub title: String,
    /// The text.
    pub text: String,
}

/// What every page begins with.
const NOTE: &str = "<!-- Made from src/schema/prelude; UPDATE=1 cargo test makes it anew. -->\n\n";
/// The page of named types.
const TYPES: &str = "types.md";

/// A set that has a page, with all that kinds say of it.
struct Shared<'d> {
    set: &'d SetDoc,
    options: Vec<&'d OptionDoc>,
    rules: Vec<&'d RuleDoc>,
    kinds: Vec<&'d KindDoc>,
}

/// All pages, in their order: the index, the kinds, the shared sets, the types.
pub fn pages(kinds: &Kinds) -> Vec<Page> {
    let kinds = all(kinds, None);
    let shared = shared(&kinds);
    let types = types(&kinds);
    let names: Vec<&SmolStr> = types.iter().map(|t| &t.name).collect();
    let links = Links { page: TYPES, types: names.clone() };
    let mut pages = vec![index(&kinds, &shared)];
    pages.extend(kinds.iter().map(|k| kind_page(k, &shared, &links)));
    pages.extend(shared.values().map(|s| set_page(s, &links)));
    let mut text = format!("{NOTE}# Types\n\nThe named types that options are made of.\n");
    types.iter().for_each(|ty| type_entry(&mut text, "##", ty, &Links { page: "", types: names.clone() }));
    pages.push(Page { file: TYPES.into(), title: "Types".into(), text });
    pages
}

/// The sets that more than one kind takes over.
fn shared(kinds: &[KindDoc]) -> BTreeMap<String, Shared<'_>> {
    let mut found: BTreeMap<String, Shared<'_>> = BTreeMap::new();
    for kind in kinds {
        for (index, set) in kind.sets.iter().enumerate() {
            let shared = found.entry(set_file(set)).or_insert_with(|| Shared {
                set,
                options: Vec::new(),
                rules: Vec::new(),
                kinds: Vec::new(),
            });
            shared.kinds.push(kind);
            for option in kind.options.iter().filter(|o| o.set == Some(index) && o.is_open()) {
                if !shared.options.iter().any(|o| o.name == option.name) {
                    shared.options.push(option);
                }
            }
            for rule in kind.rules.iter().filter(|r| r.set == Some(index)) {
                if !shared.rules.iter().any(|r| r.message == rule.message && r.options == rule.options) {
                    shared.rules.push(rule);
                }
            }
        }
    }
    found.retain(|_, shared| shared.kinds.len() > 1 && !shared.options.is_empty());
    found
}

/// The named types of all kinds, by name.
fn types(kinds: &[KindDoc]) -> Vec<&TypeDoc> {
    let by_name: BTreeMap<&SmolStr, &TypeDoc> =
        kinds.iter().rev().flat_map(|k| &k.types).map(|t| (&t.name, t)).collect();
    by_name.into_values().collect()
}

fn kind_file(kind: &KindDoc) -> String {
    format!("{}-{}.md", kind.category.word(), kind.name)
}

fn set_file(set: &SetDoc) -> String {
    let stem = set.file.rsplit('/').next().unwrap_or(&set.file).trim_end_matches(".bake");
    if stem == set.name { format!("options-{stem}.md") } else { format!("options-{stem}-{}.md", set.name) }
}

fn index(kinds: &[KindDoc], shared: &BTreeMap<String, Shared<'_>>) -> Page {
    let mut text = format!(
        "{NOTE}# Kinds and options\n\n\
         All that bakec knows of builders, provisioners and post-processors. `bakec doc` says the same on the terminal: \
         `bakec doc amazon-ebs`, `bakec doc amazon-ebs.tags`. A plugin that is not among them is declared with \
         [`extern`](../language.md#extern).\n\n"
    );
    text.push_str(&markdown::index(kinds, &|k| Some(kind_file(k))));
    text.push_str("\n## Shared options\n\n| options | of |\n| --- | --- |\n");
    for (file, shared) in shared {
        let of: Vec<String> = shared.kinds.iter().map(|k| kind_link(k)).collect();
        text.push_str(&format!("| [{}]({file}) | {} |\n", prose(&set_title(shared.set)), of.join(", ")));
    }
    text.push_str(&format!(
        "\nThe types that have names are [described together]({TYPES}). What all of this becomes in a plan is told by its \
         [JSON Schema](plan.schema.json), which `bakec schema` writes too.\n"
    ));
    Page { file: "index.md".into(), title: "Kinds and options".into(), text }
}

fn kind_link(kind: &KindDoc) -> String {
    let word = if kind.category == Category::Builder { String::new() } else { format!("{} ", kind.category.word()) };
    format!("[{word}`{}`]({})", kind.name, kind_file(kind))
}

fn kind_page(kind: &KindDoc, shared: &BTreeMap<String, Shared<'_>>, links: &Links<'_>) -> Page {
    let mut text = format!("{NOTE}{}", head(kind));
    let mut shown: Vec<&SmolStr> = Vec::new();
    for group in groups(kind) {
        let Some((file, of)) = group.set.and_then(|set| shared.get_key_value(&set_file(set))) else {
            shown.extend(group.options.iter().map(|o| &o.name));
            group_with_options(&mut text, kind, &group, links);
            continue;
        };
        text.push_str(&format!("\n## {}\n", prose(&group.title)));
        let names: Vec<String> = group.options.iter().map(|o| format!("[`{0}`]({file}#{0})", o.name)).collect();
        text.push_str(&format!("\n[Shared by {}]({file}): {}.\n", count(of.kinds.len()), names.join(", ")));
    }
    let left = |r: &&RuleDoc| {
        let on_its_page = r.set.and_then(|s| kind.sets.get(s)).is_some_and(|s| shared.contains_key(&set_file(s)));
        !on_its_page && !r.options.first().is_some_and(|first| shown.contains(&first))
    };
    let rules: Vec<&RuleDoc> = kind.rules.iter().filter(left).collect();
    if !rules.is_empty() {
        text.push_str(&format!("\n## {RULES}\n"));
        bullets(&mut text, rules.iter().map(|r| &r.message));
    }
    refused(&mut text, kind);
    Page { file: kind_file(kind), title: format!("{} `{}`", kind.category.word(), kind.name), text }
}

fn count(kinds: usize) -> String {
    match kinds {
        2 => "two kinds".into(),
        3 => "three kinds".into(),
        n => format!("{n} kinds"),
    }
}

fn set_page(shared: &Shared<'_>, links: &Links<'_>) -> Page {
    let title = set_title(shared.set);
    let mut text = format!("{NOTE}# {}\n", prose(&title));
    explanation(shared.set).iter().for_each(|p| text.push_str(&format!("\n{}\n", prose(p))));
    let of: Vec<String> = shared.kinds.iter().map(|k| kind_link(k)).collect();
    text.push_str(&format!("\nOptions of {}.\n", of.join(", ")));
    let rules: Vec<RuleDoc> = shared.rules.iter().map(|r| (*r).clone()).collect();
    shared.options.iter().for_each(|o| entry(&mut text, "##", o, &rules, links));
    let left = |r: &&RuleDoc| !r.options.first().is_some_and(|first| shared.options.iter().any(|o| o.name == *first));
    let left: Vec<&RuleDoc> = rules.iter().filter(left).collect();
    if !left.is_empty() {
        text.push_str(&format!("\n## {RULES}\n"));
        bullets(&mut text, left.iter().map(|r| &r.message));
    }
    Page { file: set_file(shared.set), title: capital(&title), text }
}
