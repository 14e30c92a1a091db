//! Diagnostics as a SARIF 2.1.0 log, for code scanning services and editors.
//!
//! It knows no drawing. The structs are the part of the standard that bakec fills in, under the standard's names.

use std::fmt::Write;

use serde::Serialize;

use super::place::Places;
use super::{page_url, severity_word};
use crate::diagnostic::{Code, Diagnostic, code};
use crate::text::{Sources, Span};

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<RunResult<'a>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message<'static>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
}

#[derive(Serialize)]
struct Message<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunResult<'a> {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: OwnedMessage,
    locations: Vec<Location<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<FixObject<'a>>,
}

#[derive(Serialize)]
struct OwnedMessage {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
    char_offset: usize,
    char_length: usize,
    byte_offset: usize,
    byte_length: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FixObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Message<'a>>,
    artifact_changes: [ArtifactChange<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange<'a> {
    artifact_location: ArtifactLocation,
    replacements: [Replacement<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'a> {
    deleted_region: Region,
    inserted_content: Message<'a>,
}

pub(super) fn render(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let places = Places::new(sources);
    let used: Vec<(Code, &'static str)> =
        code::ALL.iter().copied().filter(|(code, _)| diagnostics.iter().any(|d| d.code == *code)).collect();
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "bakec",
                    version: env!("CARGO_PKG_VERSION"),
                    rules: used.iter().map(|(code, summary)| rule(*code, summary)).collect(),
                },
            },
            column_kind: "unicodeCodePoints",
            results: diagnostics.iter().map(|d| result(d, &used, &places)).collect(),
        }],
    };
    let mut text = serde_json::to_string_pretty(&log).expect("invariant: strings and numbers have a JSON form");
    text.push('\n');
    text
}

fn rule(code: Code, summary: &'static str) -> Rule {
    Rule { id: code.as_str(), short_description: Message { text: summary.trim() }, help_uri: page_url(code) }
}

fn result<'a>(diagnostic: &'a Diagnostic, used: &[(Code, &str)], places: &Places) -> RunResult<'a> {
    let text = match &diagnostic.help {
        Some(help) => format!("{}\nhelp: {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut locations = diagnostic.labels.iter().enumerate().map(|(i, label)| Location {
        id: (i > 0).then_some(i),
        physical_location: PhysicalLocation {
            artifact_location: artifact(label.span, places),
            region: region(label.span, places),
        },
        message: (!label.text.is_empty()).then_some(Message { text: &label.text }),
    });
    RunResult {
        rule_id: diagnostic.code.as_str(),
        rule_index: used.iter().position(|(code, _)| *code == diagnostic.code).unwrap_or_default(),
        level: severity_word(diagnostic.severity),
        message: OwnedMessage { text },
        locations: locations.by_ref().take(1).collect(),
        related_locations: locations.collect(),
        fixes: diagnostic
            .fix
            .iter()
            .map(|fix| fix_object(diagnostic.help.as_deref(), fix.span, &fix.text, places))
            .collect(),
    }
}

fn fix_object<'a>(help: Option<&'a str>, span: Span, text: &'a str, places: &Places) -> FixObject<'a> {
    FixObject {
        description: help.map(|text| Message { text }),
        artifact_changes: [ArtifactChange {
            artifact_location: artifact(span, places),
            replacements: [Replacement { deleted_region: region(span, places), inserted_content: Message { text } }],
        }],
    }
}

fn region(span: Span, places: &Places) -> Region {
    let (start, end) = places.ends(span);
    Region {
        start_line: start.line,
        start_column: start.column,
        end_line: end.line,
        end_column: end.column,
        char_offset: start.characters,
        char_length: end.characters - start.characters,
        byte_offset: start.offset,
        byte_length: end.offset - start.offset,
    }
}

fn artifact(span: Span, places: &Places) -> ArtifactLocation {
    ArtifactLocation { uri: uri(places.source(span.file).path()) }
}

/// The path as a URI reference: relative as it stands, absolute as a `file` URI.
fn uri(path: &str) -> String {
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_string() };
    let drive = cfg!(windows) && path.as_bytes().get(1) == Some(&b':');
    let mut uri = String::from(match (path.starts_with('/'), drive) {
        (true, _) => "file://",
        (_, true) => "file:///",
        _ => "",
    });
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => write!(uri, "%{byte:02X}").expect("invariant: a `String` takes all text"),
        }
    }
    uri
}
