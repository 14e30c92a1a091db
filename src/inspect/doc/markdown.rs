//! Documentation as Markdown: pages that stand alone, and the same parts for the pages of the book.

use smol_str::SmolStr;

use super::find::{OptionTopic, Topic, TypeTopic};
use super::groups::{Group, groups};
use super::view::{KindDoc, OptionDoc, RuleDoc, TypeDoc};
use super::{first_sentence, paragraphs};
use crate::schema::Category;

/// The heading of rules: what is known of them is what is said where they are broken.
pub(super) const RULES: &str = "Mistakes that are found";

/// Topics, one after the other.
pub fn pages(topics: &[Topic]) -> String {
    let page = |topic: &Topic| match topic {
        Topic::Kind(kind) => whole(kind),
        Topic::Option(topic) => option(topic),
        Topic::Type(topic) => named_type(topic),
    };
    topics.iter().map(page).collect::<Vec<_>>().join("\n")
}

/// The kinds by category.
pub fn index(kinds: &[KindDoc], link: &dyn Fn(&KindDoc) -> Option<String>) -> String {
    let mut out = String::new();
    for category in Category::ALL {
        let of: Vec<&KindDoc> = kinds.iter().filter(|k| k.category == category).collect();
        if of.is_empty() {
            continue;
        }
        out.push_str(&format!("\n## {}\n\n| kind | |\n| --- | --- |\n", capital(category.plural())));
        for kind in of {
            let name = match link(kind) {
                Some(link) => format!("[`{}`]({link})", kind.name),
                None => format!("`{}`", kind.name),
            };
            out.push_str(&format!("| {name} | {} |\n", cell(&first_sentence(&kind.doc))));
        }
    }
    out.trim_start().to_owned()
}

/// A kind on a page that needs no other.
fn whole(kind: &KindDoc) -> String {
    let mut out = head(kind);
    for group in groups(kind) {
        group_with_options(&mut out, kind, &group, &Links::here(kind));
    }
    refused(&mut out, kind);
    types(&mut out, &kind.types, &Links::here(kind));
    out
}

/// Where the named types are described.
pub(super) struct Links<'l> {
    /// The page, empty for the same one.
    pub(super) page: &'l str,
    /// The types that there are.
    pub(super) types: Vec<&'l SmolStr>,
}

impl<'l> Links<'l> {
    pub(super) fn here(kind: &'l KindDoc) -> Self {
        Links { page: "", types: kind.types.iter().map(|t| &t.name).collect() }
    }
}

/// The heading of a kind, what it is for, and how it is written.
pub(super) fn head(kind: &KindDoc) -> String {
    let mut out = format!("# {} `{}`\n", kind.category.word(), kind.name);
    if let Some(file) = kind.declared_in() {
        out.push_str(&format!("\nDeclared in {file}.\n"));
    }
    text(&mut out, &kind.doc);
    let required: Vec<&OptionDoc> = kind.options.iter().filter(|o| o.required && o.is_open()).collect();
    if !required.is_empty() {
        out.push_str(&format!("\n```text\n{} {} {{\n", kind.category.statement(), kind.name));
        let width = required.iter().map(|o| o.name.chars().count()).max().unwrap_or(0);
        for option in required {
            let value = option.example.split_once(" = ").map_or("", |(_, value)| value);
            out.push_str(&format!("    {:width$} = {value}\n", option.name));
        }
        out.push_str("    …\n}\n```\n");
    }
    out
}

pub(super) fn group_with_options(out: &mut String, kind: &KindDoc, group: &Group<'_>, links: &Links<'_>) {
    out.push_str(&format!("\n## {}\n", prose(&group.title)));
    group.text.iter().for_each(|t| out.push_str(&format!("\n{}\n", prose(t))));
    for option in &group.options {
        entry(out, "###", option, &kind.rules, links);
    }
}

/// An option under a heading of its own, with the rules that begin with it.
pub(super) fn entry(out: &mut String, level: &str, option: &OptionDoc, rules: &[RuleDoc], links: &Links<'_>) {
    out.push_str(&format!("\n{level} {}\n\n{}\n", option.name, facts(option, links)));
    text(out, &option.doc);
    if option.record.is_none() && !option.members.is_empty() {
        out.push('\n');
        members(out, &option.members, &option.member_rules, 0, links);
    }
    let mut rules = rules.iter().filter(|r| r.options.first() == Some(&option.name)).peekable();
    if rules.peek().is_some() {
        out.push_str(&format!("\n{RULES}:\n"));
        bullets(out, rules.map(|r| &r.message));
    }
}

fn option(topic: &OptionTopic) -> String {
    let option = &topic.option;
    let mut out =
        format!("# {}\n\nOf {}.\n", topic.path, topic.kinds.iter().map(|k| code(k)).collect::<Vec<_>>().join(" and "));
    text(&mut out, &option.doc);
    let links = Links { page: "", types: topic.types.iter().map(|t| &t.name).collect() };
    out.push_str(&format!("\n{}\n", facts(option, &links)));
    if option.is_open() {
        out.push_str(&format!("\n```text\n{}\n```\n", option.example));
    }
    if option.record.is_none() && !option.members.is_empty() {
        out.push_str("\n## Members\n\n");
        members(&mut out, &option.members, &option.member_rules, 0, &links);
    }
    if !option.rules.is_empty() {
        out.push_str(&format!("\n## {RULES}\n"));
        bullets(&mut out, option.rules.iter());
    }
    types(&mut out, &topic.types, &links);
    out
}

fn named_type(topic: &TypeTopic) -> String {
    let links = Links { page: "", types: Vec::new() };
    let mut out = format!("# type {}\n", topic.of.name);
    type_body(&mut out, &topic.of, &links);
    let kinds: Vec<String> = topic.kinds.iter().map(|k| code(k)).collect();
    out.push_str(&format!("\nIn {}.\n", kinds.join(", ")));
    out
}

/// What is to be said of an option in few words.
fn facts(option: &OptionDoc, links: &Links<'_>) -> String {
    let mut facts = vec![typed(&option.ty, option, links)];
    match &option.default {
        Some(default) => facts.push(format!("default {}", code(default))),
        None if option.required => facts.push("**required**".into()),
        None => {}
    }
    facts.extend(option.packer.map(|p| format!("in Packer {}", prose(p))));
    facts.extend(option.since.as_ref().map(|v| format!("since Packer {v}")));
    if !option.formerly.is_empty() {
        facts.push(format!("formerly {}", option.formerly.iter().map(|f| code(f)).collect::<Vec<_>>().join(", ")));
    }
    facts.extend(option.deprecated.as_ref().map(|w| format!("**deprecated**: {}", prose(w))));
    facts.extend(option.refused.as_ref().map(|w| format!("**refused**: {}", prose(w))));
    let mut text = facts.join(" · ");
    if option.record.is_none() && !option.names.iter().any(|n| links.types.contains(&n)) {
        text.push_str(&run_time_fields(&option.fields));
    }
    text
}

/// A type, as a link where it has a name that is described.
fn typed(ty: &str, option: &OptionDoc, links: &Links<'_>) -> String {
    match option.names.first().filter(|n| links.types.contains(n) && ty.contains(n.as_str())) {
        Some(name) => format!("[{}]({}#type-{})", code(ty), links.page, name.to_lowercase()),
        None => code(ty),
    }
}

fn run_time_fields(fields: &[SmolStr]) -> String {
    if fields.is_empty() {
        return String::new();
    }
    let fields: Vec<String> = fields.iter().map(|f| code(&format!("{{{{{f}}}}}"))).collect();
    format!("\n\nRun-time fields: {}", fields.join(" "))
}

/// Members as a list; members of members below them.
fn members(out: &mut String, all: &[OptionDoc], rules: &[RuleDoc], depth: usize, links: &Links<'_>) {
    let blanks = "  ".repeat(depth);
    for member in all.iter().filter(|m| m.is_open()) {
        let doc = paragraphs(&member.doc).join(" ");
        out.push_str(&format!("{blanks}* {}: {}", code(&member.name), facts(member, links).replace("\n\n", ". ")));
        out.push_str(&format!("\\\n{blanks}  {}\n", prose(&doc)));
        if member.record.is_none() {
            members(out, &member.members, &member.member_rules, depth + 1, links);
        }
    }
    for rule in rules {
        out.push_str(&format!("{blanks}* *Mistake*: {}\n", prose(&rule.message)));
    }
}

/// The section of named types.
fn types(out: &mut String, all: &[TypeDoc], links: &Links<'_>) {
    if !all.is_empty() {
        out.push_str("\n## Types\n");
        all.iter().for_each(|ty| type_entry(out, "###", ty, links));
    }
}

pub(super) fn type_entry(out: &mut String, level: &str, ty: &TypeDoc, links: &Links<'_>) {
    // With its word the heading is told apart from that of an option of this name.
    out.push_str(&format!("\n{level} type {}\n", ty.name));
    type_body(out, ty, links);
}

fn type_body(out: &mut String, ty: &TypeDoc, links: &Links<'_>) {
    text(out, &ty.doc);
    if ty.members.is_empty() {
        out.push_str(&format!("\n{}\n", code(&ty.ty)));
    } else {
        out.push('\n');
        members(out, &ty.members, &ty.member_rules, 0, links);
    }
}

/// The options that bakec refuses, with what to write.
pub(super) fn refused(out: &mut String, kind: &KindDoc) {
    let refused: Vec<&OptionDoc> = kind.options.iter().filter(|o| !o.is_open()).collect();
    if refused.is_empty() {
        return;
    }
    out.push_str("\n## Not written in bake\n\n");
    for option in refused {
        out.push_str(&format!("* {}: {}\n", code(&option.name), prose(option.refused.as_deref().unwrap_or_default())));
    }
}

pub(super) fn bullets<'m>(out: &mut String, messages: impl Iterator<Item = &'m SmolStr>) {
    for (index, message) in messages.enumerate() {
        out.push_str(&format!("{}* {}\n", if index == 0 { "\n" } else { "" }, prose(message)));
    }
}

fn text(out: &mut String, doc: &str) {
    paragraphs(doc).iter().for_each(|p| out.push_str(&format!("\n{}\n", prose(p))));
}

/// Text with what stands outside of backticks kept from being taken for HTML.
pub(super) fn prose(text: &str) -> String {
    let parts: Vec<String> = text
        .split('`')
        .enumerate()
        .map(|(index, part)| if index % 2 == 0 { part.replace('<', "&lt;") } else { part.to_owned() })
        .collect();
    parts.join("`")
}

/// The cell of a table.
fn cell(text: &str) -> String {
    prose(text).replace('|', "\\|")
}

/// Code on one line, whatever it holds.
fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
