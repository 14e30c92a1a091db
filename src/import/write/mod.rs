//! A program as text. The formatter lays it out afterwards; here every statement and entry has a line of its own.
//!
//! It knows how the language is spelt, nothing of templates.

mod text;
mod value;

use std::fmt::Write;

use crate::schema::Category;

use super::draft::Entry;
use super::program::{Axis, Chain, Image, Program, Statement, Table};

pub(super) use text::{key, plain};
use value::Writer;

/// A value alone.
#[cfg(test)]
pub(super) fn value(value: &super::draft::Value, names: &super::program::Names) -> String {
    Writer::new(names).value(value)
}

/// The text of a program, not yet formatted.
pub(super) fn write(program: &Program) -> String {
    let mut out = String::new();
    let writer = Writer::new(&program.names);
    program.doc.iter().for_each(|line| comment(&mut out, "//!", line));
    let mut items: Vec<String> = Vec::new();
    items.extend(program.externs.iter().map(external));
    let mut variables = String::new();
    for variable in &program.variables {
        variable.comments.iter().for_each(|line| comment(&mut variables, "//", line));
        variable.doc.iter().for_each(|line| comment(&mut variables, "///", line));
        let word = match (variable.early, variable.secret) {
            (true, _) => "param",
            (false, true) => "secret",
            (false, false) => "variable",
        };
        let default = variable.default.as_ref().map(|d| format!(" = {}", writer.value(d))).unwrap_or_default();
        push(&mut variables, &format!("{word} {}: {}{default}", variable.name, variable.ty));
    }
    items.push(variables);
    let mut lets = String::new();
    for entry in &program.lets {
        entry.comments.iter().for_each(|line| comment(&mut lets, "//", line));
        push(&mut lets, &format!("let {} = {}", entry.key, writer.value(&entry.value)));
    }
    items.push(lets);
    items.extend(program.tables.iter().map(|table| self::table(table, &writer)));
    items.extend(program.images.iter().map(|image| writer.deeper(|| self::image(image, &writer))));
    let mut end = String::new();
    program.end.iter().for_each(|line| comment(&mut end, "//", line));
    items.push(end);
    for item in items.iter().filter(|item| !item.is_empty()) {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(item);
    }
    out
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

/// A comment of one line; what would end it is left out.
fn comment(out: &mut String, mark: &str, line: &str) {
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.trim_end();
    // A comment that begins with a slash or `!` would be another kind of comment.
    let gap = if line.is_empty() { "" } else { " " };
    push(out, &format!("{mark}{gap}{line}"));
}

fn external(kind: &super::typed::Extern) -> String {
    let word = match kind.category {
        Category::Builder => "builder",
        Category::Provisioner => "provisioner",
        Category::Post => "post",
    };
    let mut out = format!(
        "/// A plugin of Packer's that bakec does not know; declared with the options in use.\nextern {word} {} {{\n",
        kind.kind
    );
    for (name, ty) in &kind.options {
        push(&mut out, &format!("    {}: {ty}", key(name)));
    }
    out.push_str("}\n");
    out
}

fn table(table: &Table, writer: &Writer<'_>) -> String {
    let mut out = format!("table {} key ({}) {{\n", table.name, table.key.join(", "));
    let header: Vec<String> = table.columns.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    let _ = writeln!(out, "    | {} |", header.join(" | "));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|cell| writer.cell(cell.as_ref())).collect();
        let _ = writeln!(out, "    | {} |", cells.join(" | "));
    }
    out.push_str("}\n");
    out
}

fn image(image: &Image, writer: &Writer<'_>) -> String {
    let mut parts: Vec<String> = Vec::new();
    if !image.axes.is_empty() {
        let mut matrix = "matrix {\n".to_owned();
        for axis in &image.axes {
            let line = match axis {
                Axis::List(name, values) => {
                    let values: Vec<String> = values.iter().map(|v| writer.value(v)).collect();
                    format!("axis {name} in [{}]", values.join(", "))
                }
                Axis::Columns(names, table, _) => format!("axis {{ {} }} in {table}", names.join(", ")),
            };
            push(&mut matrix, &line);
        }
        matrix.push_str("}\n");
        parts.push(matrix);
    }
    if let Some(builds) = &image.builds {
        parts.push(format!("name = {}\n", writer.value(builds)));
    }
    let mut lets = String::new();
    for entry in &image.lets {
        entry.comments.iter().for_each(|line| comment(&mut lets, "//", line));
        push(&mut lets, &format!("let {} = {}", entry.key, writer.value(&entry.value)));
    }
    parts.push(lets);
    parts.extend(image.builders.iter().map(|b| statement(b, writer)));
    parts.push(image.steps.iter().map(|s| statement(s, writer)).collect());
    parts.push(image.posts.iter().map(|c| chain(c, writer)).collect());
    let parts: Vec<String> = parts.into_iter().filter(|p| !p.is_empty()).collect();
    format!("image {} {{\n{}}}\n", image.name, parts.join("\n"))
}

fn chain(chain: &Chain, writer: &Writer<'_>) -> String {
    if let [only] = &chain.links[..] {
        let mut link = only.clone();
        link.word = "post";
        link.when = link.when.or_else(|| chain.when.clone());
        return statement(&link, writer);
    }
    let when = chain.when.as_ref().map(|w| format!("when {} ", writer.value(w))).unwrap_or_default();
    let mut out = format!("post {when}{{\n");
    for (number, link) in chain.links.iter().enumerate() {
        let mut text = writer.deeper(|| statement(link, writer));
        if number > 0 {
            // Comments stand before `then`.
            let at = text.lines().take_while(|l| l.starts_with("//")).map(|l| l.len() + 1).sum();
            text.insert_str(at, "then ");
        }
        out.push_str(&text);
    }
    out.push_str("}\n");
    out
}

fn statement(statement: &Statement, writer: &Writer<'_>) -> String {
    let mut out = String::new();
    statement.comments.iter().for_each(|line| comment(&mut out, "//", line));
    let mut head: Vec<String> = Vec::new();
    if !statement.word.is_empty() {
        head.push(statement.word.to_owned());
    }
    head.push(statement.kind.clone());
    head.extend(statement.label.as_ref().map(|label| plain(label)));
    head.extend(statement.when.as_ref().map(|when| format!("when {}", writer.value(when))));
    let short = statement.entries.len() < 2
        && statement.end.is_empty()
        && statement.entries.iter().all(|e| e.comments.is_empty());
    if short {
        let entry = statement.entries.first().map(|e| writer.deeper(|| format!(" {} ", writer.entry(e))));
        let entry = entry.unwrap_or_default();
        push(&mut out, &format!("{} {{{entry}}}", head.join(" ")));
        return out;
    }
    push(&mut out, &format!("{} {{", head.join(" ")));
    writer.deeper(|| entries(&mut out, &statement.entries, writer));
    statement.end.iter().for_each(|line| comment(&mut out, "//", line));
    out.push_str("}\n");
    out
}

fn entries(out: &mut String, entries: &[Entry], writer: &Writer<'_>) {
    for entry in entries {
        entry.comments.iter().for_each(|line| comment(out, "//", line));
        push(out, &writer.entry(entry));
    }
}
