//! HCL2's JSON form, `.pkr.json`, as the HCL that says the same: there is one reader for both. What is a block and what an option
//! is told by where it stands.

use std::fmt::Write as _;

use crate::json::{Key, Kind, Node};

use super::body::is_pair;

/// Labels of the blocks at the top, and of those within others.
const LABELS: &[(&str, usize)] = &[
    ("variable", 1),
    ("variables", 0),
    ("locals", 0),
    ("local", 1),
    ("source", 2),
    ("data", 2),
    ("build", 0),
    ("packer", 0),
];
const IN_BUILD: &[(&str, usize)] = &[
    ("source", 1),
    ("provisioner", 1),
    ("post-processor", 1),
    ("post-processors", 0),
    ("error-cleanup-provisioner", 1),
    ("hcp_packer_registry", 0),
    ("dynamic", 1),
];

/// Where members stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Variable,
    Build,
    Block,
}

/// The template as HCL.
pub(super) fn as_hcl(root: &Node) -> String {
    let mut writer = Writer { out: String::new(), depth: 0 };
    writer.members(root, Place::Top);
    writer.out
}

struct Writer {
    out: String,
    depth: usize,
}

impl Writer {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{}{text}", "  ".repeat(self.depth));
    }

    fn members(&mut self, node: &Node, place: Place) {
        for (key, value) in node.record().unwrap_or_default() {
            self.member(key, value, place);
        }
    }

    fn member(&mut self, key: &Key, value: &Node, place: Place) {
        let name = key.name.as_str();
        if name == "//" {
            for line in value.text().unwrap_or_default().lines() {
                self.line(&format!("# {line}"));
            }
            return;
        }
        let labels = match place {
            Place::Top => LABELS.iter().find(|(word, _)| *word == name).map(|(_, labels)| *labels),
            Place::Build => IN_BUILD.iter().find(|(word, _)| *word == name).map(|(_, labels)| *labels),
            Place::Variable => (name == "validation").then_some(0),
            Place::Block if name == "dynamic" => Some(1),
            Place::Block => (is_pair(name) || name == "content").then_some(0),
        };
        match (labels, &value.kind) {
            (Some(labels), _) => self.blocks(name, &mut Vec::new(), labels, value, place),
            // A type is written as a text.
            (None, Kind::Text(text)) if place == Place::Variable && name == "type" => {
                self.line(&format!("type = {}", one_line(text)));
            }
            (None, Kind::Text(text)) if name == "iterator" => self.line(&format!("iterator = {}", one_line(text))),
            _ => {
                let written = expression(value);
                self.line(&format!("{} = {written}", one_line(name)));
            }
        }
    }

    /// Blocks of a word: their labels are the keys on the way to them, and there may be several of each.
    fn blocks<'n>(&mut self, word: &str, labels: &mut Vec<&'n str>, missing: usize, node: &'n Node, place: Place) {
        if let Kind::List(several) = &node.kind {
            several.iter().for_each(|one| self.blocks(word, labels, missing, one, place));
            return;
        }
        if missing > 0 {
            for (key, inner) in node.record().unwrap_or_default() {
                if key.name == "//" {
                    continue;
                }
                labels.push(&key.name);
                self.blocks(word, labels, missing - 1, inner, place);
                labels.pop();
            }
            return;
        }
        let labels: String = labels.iter().map(|label| format!(" {}", quoted(label))).collect();
        self.line(&format!("{word}{labels} {{"));
        self.depth += 1;
        let inner = match (place, word) {
            (Place::Top, "variable") => Place::Variable,
            (Place::Top, "build") | (Place::Build, "post-processors") => Place::Build,
            _ => Place::Block,
        };
        self.members(node, inner);
        self.depth -= 1;
        self.line("}");
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A value: its texts are templates of HCL.
fn expression(node: &Node) -> String {
    match &node.kind {
        Kind::Null => "null".into(),
        Kind::Bool(bool) => bool.to_string(),
        Kind::Number(written) => written.clone(),
        Kind::Text(text) => quoted(text),
        Kind::List(values) => format!("[{}]", values.iter().map(expression).collect::<Vec<_>>().join(", ")),
        Kind::Record(members) => {
            let members = members.iter().filter(|(key, _)| key.name != "//");
            let members: Vec<String> =
                members.map(|(key, value)| format!("{} = {}", quoted(&key.name), expression(value))).collect();
            if members.is_empty() { "{}".into() } else { format!("{{ {} }}", members.join(", ")) }
        }
    }
}

/// A template as HCL writes it between quotes. What stands within `${…}` is code, and stays.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let escaped = rest.starts_with("$${") || rest.starts_with("%%{");
        if !escaped && (rest.starts_with("${") || rest.starts_with("%{")) {
            let (code, after) = rest.split_at(code_length(rest));
            out.push_str(code);
            rest = after;
            continue;
        }
        let length = if escaped { 3 } else { c.len_utf8() };
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            _ => out.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    out.push('"');
    out
}

/// How long an interpolation is, with all that stands in its braces; the whole rest, if they are never closed.
fn code_length(text: &str) -> usize {
    // Whether each brace that is open is one of code; if not, what is open is a text.
    let mut open = vec![true];
    let mut chars = text.char_indices().skip(2).peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        match (open.last().copied().unwrap_or(true), c) {
            (true, '{') => open.push(true),
            (true, '"') => open.push(false),
            (true, '}') => {
                open.pop();
                if open.is_empty() {
                    return at + 1;
                }
            }
            (false, '\\') => {
                chars.next();
            }
            (false, '$' | '%') if next == Some('{') => {
                chars.next();
                open.push(true);
            }
            (false, '"') => {
                open.pop();
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;
    use crate::text::FileId;

    #[test]
    fn json_is_said_as_hcl() {
        let text = r#"{
            "//": "About.",
            "variable": { "v": { "type": "list(string)", "default": ["a"] } },
            "source": { "null": { "n": { "communicator": "none", "tag": [{ "key": "a", "value": "b" }] } } },
            "build": { "sources": ["null.n"], "provisioner": [
                { "shell-local": { "inline": ["echo \"${join(\"}\", var.v)}\" $${x} \\ \n"] } },
                { "shell-local": [{ "command": "a" }, { "command": "b" }] }
            ] }
        }"#;
        let root = parse(FileId(0), text).value.expect("JSON");
        let hcl = as_hcl(&root);
        assert_eq!(
            hcl,
            r#"# About.
variable "v" {
  type = list(string)
  default = ["a"]
}
source "null" "n" {
  communicator = "none"
  tag {
    key = "a"
    value = "b"
  }
}
build {
  sources = ["null.n"]
  provisioner "shell-local" {
    inline = ["echo \"${join("}", var.v)}\" $${x} \\ \n"]
  }
  provisioner "shell-local" {
    command = "a"
  }
  provisioner "shell-local" {
    command = "b"
  }
}
"#
        );
        assert!(hcl_edit::parser::parse_body(&hcl).is_ok());
    }
}
