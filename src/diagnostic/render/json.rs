//! Diagnostics for programs: one JSON array, pretty printed.
//!
//! It knows no drawing. The first half of an object has the field names of miette's JSON; the second half holds the
//! primary place flat, with line and column, and the fix. Offsets and lengths are bytes; lines and columns count from 1,
//! columns in characters.

use serde::Serialize;

use super::place::Places;
use super::{page_url, severity_word};
use crate::diagnostic::{Diagnostic, Fix, Label};
use crate::text::{Sources, Span};

#[derive(Serialize)]
struct Object<'a> {
    message: &'a str,
    code: &'static str,
    severity: &'static str,
    causes: [&'a str; 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    filename: &'a str,
    labels: Vec<LabelObject<'a>>,
    related: [&'a str; 0],
    #[serde(flatten)]
    place: Option<PlaceObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<FixObject<'a>>,
}

#[derive(Serialize)]
struct LabelObject<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'a str,
    span: SpanObject,
    file: &'a str,
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct SpanObject {
    offset: usize,
    length: usize,
}

#[derive(Serialize)]
struct PlaceObject<'a> {
    file: &'a str,
    offset: usize,
    length: usize,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
struct FixObject<'a> {
    file: &'a str,
    offset: usize,
    length: usize,
    text: &'a str,
}

pub(super) fn render(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let places = Places::new(sources);
    let objects: Vec<Object> = diagnostics.iter().map(|d| object(d, &places)).collect();
    let mut text = serde_json::to_string_pretty(&objects).expect("invariant: strings and numbers have a JSON form");
    text.push('\n');
    text
}

fn object<'a>(diagnostic: &'a Diagnostic, places: &Places<'a>) -> Object<'a> {
    let place = diagnostic.labels.first().map(|label| place(label.span, places));
    Object {
        message: &diagnostic.message,
        code: diagnostic.code.as_str(),
        severity: severity_word(diagnostic.severity),
        causes: [],
        url: page_url(diagnostic.code),
        help: diagnostic.help.as_deref(),
        filename: place.as_ref().map_or("", |place| place.file),
        labels: diagnostic.labels.iter().map(|label| label_object(label, places)).collect(),
        related: [],
        place,
        fix: diagnostic.fix.as_ref().map(|fix| fix_object(fix, places)),
    }
}

fn place<'a>(span: Span, places: &Places<'a>) -> PlaceObject<'a> {
    let (start, end) = places.ends(span);
    PlaceObject {
        file: places.source(span.file).path(),
        offset: start.offset,
        length: end.offset - start.offset,
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
    }
}

fn label_object<'a>(label: &'a Label, places: &Places<'a>) -> LabelObject<'a> {
    let PlaceObject { file, offset, length, line, column, .. } = place(label.span, places);
    LabelObject { label: &label.text, span: SpanObject { offset, length }, file, line, column }
}

fn fix_object<'a>(fix: &'a Fix, places: &Places<'a>) -> FixObject<'a> {
    let PlaceObject { file, offset, length, .. } = place(fix.span, places);
    FixObject { file, offset, length, text: &fix.text }
}
