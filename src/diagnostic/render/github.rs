//! Diagnostics as GitHub's workflow commands: each becomes an annotation at its line in a pull request.
//!
//! It knows no drawing. A command is one line, so everything that would end it early is percent-encoded.

use super::place::Places;
use super::severity_word;
use crate::diagnostic::Diagnostic;
use crate::text::Sources;

pub(super) fn render(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let places = Places::new(sources);
    diagnostics.iter().map(|d| command(d, &places)).collect()
}

fn command(diagnostic: &Diagnostic, places: &Places) -> String {
    let mut properties: Vec<(&str, String)> = Vec::new();
    let mut lines = vec![diagnostic.message.clone()];
    if let Some(primary) = diagnostic.labels.first() {
        let (start, end) = places.ends(primary.span);
        properties.push(("file", places.source(primary.span.file).path().to_string()));
        properties.push(("line", start.line.to_string()));
        // GitHub refuses columns where the place is more than one line.
        if start.line == end.line {
            properties.push(("col", start.column.to_string()));
        }
        properties.push(("endLine", end.line.to_string()));
        if start.line == end.line {
            properties.push(("endColumn", end.column.to_string()));
        }
        if !primary.text.is_empty() {
            lines.push(primary.text.clone());
        }
    }
    properties.push(("title", diagnostic.code.to_string()));
    for label in diagnostic.labels.iter().skip(1).filter(|l| !l.text.is_empty()) {
        let (start, _) = places.ends(label.span);
        lines.push(format!(
            "{}:{}:{}: {}",
            places.source(label.span.file).path(),
            start.line,
            start.column,
            label.text
        ));
    }
    if let Some(help) = &diagnostic.help {
        lines.push(format!("help: {help}"));
    }
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", escape_property(value))).collect();
    format!("::{} {}::{}\n", severity_word(diagnostic.severity), properties.join(","), escape(&lines.join("\n")))
}

fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape(text).replace(':', "%3A").replace(',', "%2C")
}
