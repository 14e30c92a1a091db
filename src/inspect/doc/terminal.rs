//! Documentation as it is read on a terminal: wrapped to its width, painted where it can be.

use smol_str::SmolStr;

use super::find::{OptionTopic, Topic, TypeTopic, title};
use super::groups::groups;
use super::view::{KindDoc, OptionDoc, RuleDoc, TypeDoc};
use super::{first_sentence, paragraphs};
use crate::schema::Category;

/// The widest text that is still read with pleasure.
const WIDEST: usize = 110;
/// Columns before the text of an entry.
const INDENT: usize = 6;

/// The heading of rules: what is known of them is what is said where they are broken.
const RULES: &str = "Mistakes that are found";

/// How it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The columns of the terminal.
    pub width: usize,
    /// Whether to paint.
    pub colour: bool,
}

/// Topics, one after the other.
pub fn pages(topics: &[Topic], look: Look) -> String {
    let mut page = Page { out: String::new(), look: Look { width: look.width.clamp(40, WIDEST), ..look } };
    for (index, topic) in topics.iter().enumerate() {
        if index > 0 {
            page.out.push('\n');
        }
        match topic {
            Topic::Kind(kind) => page.kind(kind),
            Topic::Option(option) => page.option(option),
            Topic::Type(ty) => page.named_type(ty),
        }
    }
    page.out
}

/// The kinds by category, each with the first sentence of its documentation.
pub fn index(kinds: &[KindDoc], look: Look) -> String {
    let mut page = Page { out: String::new(), look: Look { width: look.width.clamp(40, WIDEST), ..look } };
    let width = kinds.iter().map(|k| k.name.chars().count()).max().unwrap_or(0);
    for category in Category::ALL {
        let of: Vec<&KindDoc> = kinds.iter().filter(|k| k.category == category).collect();
        if of.is_empty() {
            continue;
        }
        if !page.out.is_empty() {
            page.out.push('\n');
        }
        page.heading(category.plural());
        for kind in of {
            let name = format!("  {:width$}  ", kind.name);
            let text = wrapped(&first_sentence(&kind.doc), page.look.width, name.len());
            let painted = page.painted(CYAN, &name);
            page.out.push_str(&painted);
            page.out.push_str(text.trim_start());
        }
    }
    page.out
}

const BOLD: &str = "1";
const CYAN: &str = "36";
const DIM: &str = "2";
const YELLOW: &str = "33";

struct Page {
    out: String,
    look: Look,
}

impl Page {
    fn kind(&mut self, kind: &KindDoc) {
        self.line(0, BOLD, &title(kind));
        if let Some(file) = kind.declared_in() {
            self.line(2, DIM, &format!("declared in {file}"));
        }
        self.text(2, &kind.doc);
        for group in groups(kind) {
            self.out.push('\n');
            self.heading(&group.title);
            group.text.iter().for_each(|t| self.paragraph(2, t));
            group.options.iter().for_each(|o| self.entry(o));
        }
        self.rules(RULES, &kind.rules);
        let refused: Vec<&OptionDoc> = kind.options.iter().filter(|o| !o.is_open()).collect();
        if !refused.is_empty() {
            self.out.push('\n');
            self.heading("Not written in bake");
            for option in refused {
                self.line(2, CYAN, &option.name);
                self.paragraph(INDENT, option.refused.as_deref().unwrap_or_default());
            }
        }
        self.out.push('\n');
        let name = &kind.name;
        self.paragraph(0, &format!("`bakec doc {name}.OPTION` shows all that there is to know of an option."));
    }

    fn option(&mut self, topic: &OptionTopic) {
        let option = &topic.option;
        self.line(0, BOLD, &topic.path);
        self.line(2, DIM, &format!("of {}", topic.kinds.join(" and ")));
        self.text(2, &option.doc);
        self.out.push('\n');
        self.facts(option);
        if option.is_open() {
            self.out.push('\n');
            self.line(2, "", &option.example);
        }
        let types: Vec<&TypeDoc> = topic.types.iter().filter(|t| Some(&t.name) != option.record.as_ref()).collect();
        self.members(&option.members, &option.member_rules);
        self.bullets(RULES, option.rules.iter());
        if !types.is_empty() {
            self.out.push('\n');
            self.heading("Types");
            types.iter().for_each(|ty| self.type_entry(ty));
        }
    }

    fn named_type(&mut self, topic: &TypeTopic) {
        let ty = &topic.of;
        self.line(0, BOLD, &format!("type {}", ty.name));
        self.paragraph(2, &format!("in {}", topic.kinds.join(", ")));
        self.text(2, &ty.doc);
        self.out.push('\n');
        self.fact("type", &ty.ty);
        self.values_and_fields(&ty.values, &ty.fields);
        self.members(&ty.members, &ty.member_rules);
    }

    /// What is to be said of an option in few words.
    fn facts(&mut self, option: &OptionDoc) {
        self.fact("type", &option.ty);
        match &option.default {
            Some(default) => self.fact("default", default),
            None if option.required => self.fact("default", "none: it must be given"),
            None => {}
        }
        self.values_and_fields(&option.values, &option.fields);
        if let Some(packer) = option.packer {
            self.fact("in Packer", packer);
        }
        if let Some(since) = &option.since {
            self.fact("since", &format!("Packer {since}"));
        }
        if !option.formerly.is_empty() {
            self.fact("formerly", &list(&option.formerly));
        }
        if let Some(words) = &option.deprecated {
            self.warned("deprecated", words);
        }
        if let Some(words) = &option.refused {
            self.warned("refused", words);
        }
    }

    fn values_and_fields(&mut self, values: &[String], fields: &[SmolStr]) {
        if !values.is_empty() {
            self.fact("values", &values.join(" "));
        }
        if !fields.is_empty() {
            let fields: Vec<String> = fields.iter().map(|f| format!("{{{{{f}}}}}")).collect();
            self.fact("fields", &fields.join(" "));
        }
    }

    fn members(&mut self, members: &[OptionDoc], rules: &[RuleDoc]) {
        if !members.is_empty() {
            self.out.push('\n');
            self.heading("Members");
            members.iter().filter(|m| m.is_open()).for_each(|m| self.entry(m));
        }
        self.rules("Mistakes that are found in the members", rules);
    }

    /// An option in a list: its type and default, the first words about it, what is special.
    fn entry(&mut self, option: &OptionDoc) {
        let name = self.painted(CYAN, &option.name);
        let value = option.value();
        self.out.push_str(&format!("  {name}: {}\n", self.painted(DIM, &value)));
        self.paragraph(INDENT, &paragraphs(&option.doc).into_iter().next().unwrap_or_default());
        let mut notes = Vec::new();
        notes.extend(option.since.as_ref().map(|v| format!("since Packer {v}")));
        notes.extend((!option.formerly.is_empty()).then(|| format!("formerly {}", list(&option.formerly))));
        notes.extend(option.deprecated.as_ref().map(|w| format!("deprecated: {w}")));
        if !notes.is_empty() {
            let text = wrapped(&notes.join("; "), self.look.width, INDENT);
            let painted = self.painted(YELLOW, text.trim_end());
            self.out.push_str(&painted);
            self.out.push('\n');
        }
    }

    fn type_entry(&mut self, ty: &TypeDoc) {
        let text = wrapped(&format!("{} = {}", ty.name, ty.ty), self.look.width, INDENT);
        let value = text.trim_start().strip_prefix(ty.name.as_str()).unwrap_or_default();
        self.out.push_str(&format!("  {}{}\n", self.painted(CYAN, &ty.name), self.painted(DIM, value.trim_end())));
        self.paragraph(INDENT, &paragraphs(&ty.doc).into_iter().next().unwrap_or_default());
        if !ty.members.is_empty() {
            let names: Vec<&str> = ty.members.iter().map(|m| m.name.as_str()).collect();
            self.paragraph(INDENT, &format!("`bakec doc {}`: {}", ty.name, names.join(", ")));
        }
    }

    fn rules(&mut self, heading: &str, rules: &[RuleDoc]) {
        self.bullets(heading, rules.iter().map(|r| &r.message));
    }

    fn bullets<'m>(&mut self, heading: &str, messages: impl Iterator<Item = &'m SmolStr>) {
        for (index, message) in messages.enumerate() {
            if index == 0 {
                self.out.push('\n');
                self.heading(heading);
            }
            let text = wrapped(message, self.look.width, 4);
            self.out.push_str("  - ");
            self.out.push_str(text.trim_start());
        }
    }

    fn heading(&mut self, heading: &str) {
        let mut letters = heading.chars();
        let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        self.line(0, BOLD, &capital);
    }

    fn fact(&mut self, label: &str, text: &str) {
        self.labelled(DIM, label, text);
    }

    fn warned(&mut self, label: &str, text: &str) {
        self.labelled(YELLOW, label, text);
    }

    fn labelled(&mut self, code: &str, label: &str, text: &str) {
        const LABEL: usize = 14;
        let label = self.painted(code, &format!("  {label:width$}", width = LABEL - 2));
        let text = wrapped(text, self.look.width, LABEL);
        self.out.push_str(&label);
        self.out.push_str(text.trim_start());
    }

    /// Documentation: its paragraphs with a line between them.
    fn text(&mut self, indent: usize, doc: &str) {
        for paragraph in paragraphs(doc) {
            self.out.push('\n');
            self.paragraph(indent, &paragraph);
        }
    }

    fn paragraph(&mut self, indent: usize, text: &str) {
        if !text.is_empty() {
            self.out.push_str(&wrapped(text, self.look.width, indent));
        }
    }

    fn line(&mut self, indent: usize, code: &str, text: &str) {
        let painted = self.painted(code, text);
        self.out.push_str(&format!("{:indent$}{painted}\n", ""));
    }

    fn painted(&self, code: &str, text: &str) -> String {
        if self.look.colour && !code.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn list(names: &[SmolStr]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

/// A text in lines that fit, each behind `indent` blanks and with its end.
fn wrapped(text: &str, width: usize, indent: usize) -> String {
    let blanks = " ".repeat(indent);
    let options = textwrap::Options::new(width)
        .initial_indent(&blanks)
        .subsequent_indent(&blanks)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let mut lines: String = textwrap::wrap(text, options).join("\n");
    lines.push('\n');
    lines
}
