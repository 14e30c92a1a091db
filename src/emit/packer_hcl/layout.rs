//! HCL as text, in the form that `packer fmt` leaves it in: two spaces a level, `=` aligned within a run of lines.
//!
//! It knows HCL's syntax and nothing of plans.

use std::fmt::Write;

/// The widest list that stands on one line.
const WIDTH: usize = 100;

/// What stands in a body, in order.
#[derive(Default)]
pub(super) struct Body(Vec<Item>);

enum Item {
    Attribute(String, Expr),
    Block(String, Body),
    Comment(String),
    Gap,
}

/// An expression.
pub(super) enum Expr {
    /// On one line, as it is written.
    Line(String),
    /// The lines of a text, all of which end in a line feed.
    Lines(String),
    List(Vec<Expr>),
    Map(Vec<(String, Expr)>),
    /// A call with one argument.
    Call(&'static str, Box<Expr>),
}

impl Body {
    pub(super) fn attribute(&mut self, name: &str, value: Expr) {
        // A text of several lines would pull its neighbours' `=` about.
        let apart = matches!(value, Expr::Lines(_));
        if apart || matches!(self.0.last(), Some(Item::Block(..) | Item::Attribute(_, Expr::Lines(_)))) {
            self.gap();
        }
        self.0.push(Item::Attribute(name.to_owned(), value));
    }

    /// A block; its head is the kind and the quoted labels.
    pub(super) fn block(&mut self, head: String, body: Body) {
        self.gap();
        self.0.push(Item::Block(head, body));
    }

    pub(super) fn comment(&mut self, text: String) {
        self.0.push(Item::Comment(text));
    }

    /// An empty line, unless there is one or nothing stands above it.
    pub(super) fn gap(&mut self) {
        if !matches!(self.0.last(), None | Some(Item::Gap)) {
            self.0.push(Item::Gap);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn append(&mut self, other: Body) {
        if !other.is_empty() {
            self.gap();
            self.0.extend(other.0);
        }
    }

    /// The body as text.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, indent: usize) {
        let mut rest = &self.0[..];
        while let Some(item) = rest.first() {
            let run =
                rest.iter().take_while(|i| matches!(i, Item::Attribute(_, value) if value.aligns(indent))).count();
            if run > 0 {
                let names =
                    rest[..run].iter().map(|i| if let Item::Attribute(name, _) = i { name.as_str() } else { "" });
                let width = widest(names);
                for item in &rest[..run] {
                    if let Item::Attribute(name, value) = item {
                        entry(out, name, width, value, indent);
                    }
                }
                rest = &rest[run..];
                continue;
            }
            match item {
                Item::Attribute(name, value) => entry(out, name, 0, value, indent),
                Item::Block(head, body) => {
                    spaces(out, indent);
                    out.push_str(head);
                    out.push_str(" {");
                    if !body.is_empty() {
                        out.push('\n');
                        body.write(out, indent + 2);
                        spaces(out, indent);
                    }
                    out.push_str("}\n");
                }
                Item::Comment(text) => {
                    for line in text.lines() {
                        spaces(out, indent);
                        out.push_str(if line.is_empty() { "#" } else { "# " });
                        out.push_str(line);
                        out.push('\n');
                    }
                }
                Item::Gap => out.push('\n'),
            }
            rest = &rest[1..];
        }
    }
}

impl Expr {
    /// A text that is known as a whole: a here-document where that shows its lines, a quoted text otherwise.
    pub(super) fn text(text: &str) -> Expr {
        let lines = text.len() > 1
            && text.ends_with('\n')
            && !text.starts_with('\n')
            && text.trim_end_matches('\n').contains('\n')
            // What only escapes can write, and indentation that would be taken away, wants quotes.
            && !text.contains(|c: char| c.is_control() && c != '\n' && c != '\t')
            && text.lines().any(|l| !l.is_empty() && !l.starts_with(char::is_whitespace))
            && !text.lines().any(|l| l.trim() == DELIMITER || (!l.is_empty() && l.trim().is_empty()));
        if lines { Expr::Lines(text.to_owned()) } else { Expr::Line(quoted(text)) }
    }

    /// The text on one line, whatever it is.
    pub(super) fn inline(&self) -> String {
        match self {
            Expr::Line(text) => text.clone(),
            Expr::Lines(text) => quoted(text),
            Expr::List(items) => format!("[{}]", items.iter().map(Expr::inline).collect::<Vec<_>>().join(", ")),
            Expr::Map(entries) => {
                let entries: Vec<String> = entries.iter().map(|(k, v)| format!("{k} = {}", v.inline())).collect();
                format!("{{ {} }}", entries.join(", "))
            }
            Expr::Call(function, argument) => format!("{function}({})", argument.inline()),
        }
    }

    /// The expression within a list or map: a here-document would not let a comma follow.
    fn nested(self) -> Expr {
        match self {
            Expr::Lines(text) => Expr::Line(quoted(&text)),
            other => other,
        }
    }

    pub(super) fn list(items: impl IntoIterator<Item = Expr>) -> Expr {
        Expr::List(items.into_iter().map(Expr::nested).collect())
    }

    /// Keys as they are written.
    pub(super) fn map(entries: impl IntoIterator<Item = (String, Expr)>) -> Expr {
        Expr::Map(entries.into_iter().map(|(key, value)| (key, value.nested())).collect())
    }

    /// The text on one line, where that is how it is written.
    fn flat(&self) -> Option<String> {
        match self {
            Expr::Line(text) => Some(text.clone()),
            Expr::List(items) => {
                let items: Option<Vec<String>> = items.iter().map(Expr::flat).collect();
                Some(format!("[{}]", items?.join(", ")))
            }
            Expr::Map(entries) if entries.is_empty() => Some("{}".to_owned()),
            Expr::Call(function, argument) => Some(format!("{function}({})", argument.flat()?)),
            Expr::Lines(_) | Expr::Map(_) => None,
        }
    }

    /// The text on one line, where it does not grow too wide there.
    fn one_line(&self, indent: usize) -> Option<String> {
        let bounded = matches!(self, Expr::List(_) | Expr::Call(..));
        self.flat().filter(|text| !bounded || indent + text.chars().count() <= WIDTH)
    }

    /// Whether the line of an attribute with this value takes part in the alignment.
    fn aligns(&self, indent: usize) -> bool {
        self.one_line(indent).is_some()
    }

    fn write(&self, out: &mut String, indent: usize) {
        if let Some(line) = self.one_line(indent) {
            out.push_str(&line);
            return;
        }
        match self {
            Expr::Line(text) => out.push_str(text),
            Expr::Lines(text) => {
                let _ = writeln!(out, "<<-{DELIMITER}");
                for line in text.lines() {
                    if !line.is_empty() {
                        spaces(out, indent + 2);
                        escape_introducers(out, line);
                    }
                    out.push('\n');
                }
                spaces(out, indent);
                out.push_str(DELIMITER);
            }
            Expr::Call(function, argument) => {
                out.push_str(function);
                out.push('(');
                argument.write(out, indent);
                out.push(')');
            }
            Expr::List(items) => {
                out.push_str("[\n");
                for item in items {
                    spaces(out, indent + 2);
                    item.write(out, indent + 2);
                    out.push_str(",\n");
                }
                spaces(out, indent);
                out.push(']');
            }
            Expr::Map(entries) => {
                out.push_str("{\n");
                let mut rest = &entries[..];
                while !rest.is_empty() {
                    let run = rest.iter().take_while(|(_, value)| value.aligns(indent + 2)).count();
                    let width = widest(rest[..run].iter().map(|(key, _)| key.as_str()));
                    for (key, value) in &rest[..run.max(1)] {
                        entry(out, key, width, value, indent + 2);
                    }
                    rest = &rest[run.max(1)..];
                }
                spaces(out, indent);
                out.push('}');
            }
        }
    }
}

/// The delimiter of here-documents.
const DELIMITER: &str = "EOT";

/// `name = value` on lines of its own.
fn entry(out: &mut String, name: &str, width: usize, value: &Expr, indent: usize) {
    spaces(out, indent);
    out.push_str(name);
    spaces(out, width.saturating_sub(name.chars().count()));
    out.push_str(" = ");
    value.write(out, indent);
    out.push('\n');
}

fn widest<'n>(names: impl Iterator<Item = &'n str>) -> usize {
    names.map(|n| n.chars().count()).max().unwrap_or(0)
}

fn spaces(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n(' ', count));
}

/// A text in quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    escape(&mut out, text);
    out.push('"');
    out
}

/// The characters of a text between quotes.
pub(super) fn escape(out: &mut String, text: &str) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if chars.peek() == Some(&'{') => {
                out.push(c);
                out.push(c);
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

fn escape_introducers(out: &mut String, line: &str) {
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        if matches!(c, '$' | '%') && chars.peek() == Some(&'{') {
            out.push(c);
        }
    }
}

/// The key of a map, in quotes where it is no name.
pub(super) fn key(text: &str) -> String {
    let keyword = matches!(text, "for" | "null" | "true" | "false");
    if is_name(text) && !keyword { text.to_owned() } else { quoted(text) }
}

/// Whether HCL reads the text as a name.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Expr {
        Expr::Line(text.into())
    }

    #[test]
    fn equal_signs_of_neighbours_are_aligned() {
        let mut body = Body::default();
        body.attribute("a", line("1"));
        body.attribute("long", Expr::List(vec![line("1"), line("2")]));
        body.attribute("tags", Expr::Map(vec![(key("for"), line("1")), (key("x"), line("2"))]));
        let mut inner = Body::default();
        inner.attribute("x", Expr::text("one\n\n  two ${a}\n"));
        inner.attribute("yy", Expr::text("one\n"));
        body.block("b \"c\"".into(), inner);
        body.block("d".into(), Body::default());
        body.attribute("e", line("3"));
        let wanted = "\
a    = 1
long = [1, 2]
tags = {
  \"for\" = 1
  x     = 2
}

b \"c\" {
  x = <<-EOT
    one

      two $${a}
  EOT

  yy = \"one\\n\"
}

d {}

e = 3
";
        assert_eq!(body.text(), wanted);
    }

    #[test]
    fn wide_lists_stand_one_a_line() {
        let mut body = Body::default();
        body.attribute("a", Expr::List((0..40).map(|n| line(&format!("\"{n}\""))).collect()));
        body.attribute("b", Expr::List(vec![Expr::Map(vec![("c".into(), line("1"))])]));
        let text = body.text();
        assert!(text.starts_with("a = [\n  \"0\",\n") && text.contains("b = [\n  {\n    c = 1\n  },\n]\n"), "{text}");
    }

    #[test]
    fn data_is_escaped() {
        assert_eq!(quoted("a\"\\\n$${x}%{y}$\u{1}ü"), "\"a\\\"\\\\\\n$$${x}%%{y}$\\u0001ü\"");
        assert_eq!((key("a-b"), key("a:b"), key("1")), ("a-b".into(), "\"a:b\"".into(), "\"1\"".into()));
    }
}
