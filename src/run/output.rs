//! Outputs: files with the ids of what was built, written when a run is over.
//!
//! It must not know how an image is made. A file is written whole, and only when every AMI that it names is known: from this run,
//! or from the newest one before it that made the build. Neighbours: `input` reads them, `whole` writes, `work` does it at the end.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};

use super::begin::KEPT;
use super::event::{Artifact, Events};
use super::journal::fold::Record;
use super::journal::line::End;
use super::journal::{FILE, peek};
use super::post::rehearsed;
use super::problem::{Origin, Problem};
use super::step::Run;
use super::whole::replace;
use crate::diagnostic::code;

/// A file to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// As the program names it.
    pub file: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub data: Data,
    /// Where it is asked for.
    pub origin: Option<Origin>,
}

/// What a file holds, AMIs still by the names of their builds.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// What is known.
    Known(Json),
    /// A text with AMIs in it.
    Text(Vec<Piece>),
    /// A list.
    List(Vec<Data>),
    /// A record.
    Record(Vec<(String, Data)>),
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Characters.
    Text(String),
    /// The AMI of a build, in a region; in that of the build where none is said.
    Ami(String, Option<String>),
}

/// Writes the outputs whose AMIs are all known; says which are left alone. What could not be written.
pub fn write(outputs: &[Output], run: &Run, events: &Events) -> Vec<Problem> {
    let mut known = Known { own: run.journal.look(Clone::clone), folder: run.journal.folder(), former: None };
    let mut unwritten = Vec::new();
    for output in outputs {
        let told = output.path.display();
        let data = match known.resolved(&output.data) {
            Ok(data) => data,
            Err(why) => {
                events.say(format!("left `{told}` alone: {why}"));
                continue;
            }
        };
        let is_rehearsed = known.own.head.rehearsed;
        let path = if is_rehearsed { rehearsed(known.folder, &output.file) } else { output.path.clone() };
        match replace(&path, text(&output.file, &data).as_bytes()) {
            Ok(()) if is_rehearsed => events.say(format!("what would be `{told}`: {}", path.display())),
            Ok(()) => events.say(format!("wrote `{told}`")),
            Err(error) => {
                let problem = Problem::failed(
                    code::RUN_OUTPUT,
                    format!("the output `{}` cannot be written: {error}", path.display()),
                )
                .help(format!("what was built stands in `bakec show {} --json`", run.name));
                unwritten.push(problem.at(output.origin.clone()));
            }
        }
    }
    unwritten
}

/// The AMIs that are known.
struct Known<'a> {
    own: Record,
    folder: &'a Path,
    /// Former runs of the same program, the newest first; read when they are needed.
    former: Option<Vec<Record>>,
}

impl Known<'_> {
    fn resolved(&mut self, data: &Data) -> Result<Json, String> {
        Ok(match data {
            Data::Known(json) => json.clone(),
            Data::Text(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(part) => text.push_str(part),
                        Piece::Ami(build, region) => text.push_str(&self.ami(build, region.as_deref())?),
                    }
                }
                text.into()
            }
            Data::List(items) => items.iter().map(|item| self.resolved(item)).collect::<Result<Vec<_>, _>>()?.into(),
            Data::Record(entries) => {
                let mut record = Map::new();
                for (key, value) in entries {
                    record.insert(key.clone(), self.resolved(value)?);
                }
                record.into()
            }
        })
    }

    fn ami(&mut self, build: &str, region: Option<&str>) -> Result<String, String> {
        if self.own.builds.contains_key(build) {
            return match image(&self.own, build, region) {
                Some(ami) => Ok(ami),
                None if made(&self.own, build).is_some() => Err(format!("`{build}` has no AMI{}", within(region))),
                None => Err(format!("`{build}` is not built")),
            };
        }
        // What this run was not to make is what the last one made that did.
        let (own, folder) = (&self.own.head.run, self.folder);
        let former = self.former.get_or_insert_with(|| former(folder, own));
        let last = former.iter().find(|record| made(record, build).is_some());
        let ami = last.and_then(|record| image(record, build, region));
        ami.ok_or_else(|| match last {
            Some(record) => format!("`{build}` of the run {} has no AMI{}", record.head.run, within(region)),
            None => format!("`{build}` is not built, neither by this run nor by one before it"),
        })
    }
}

fn within(region: Option<&str>) -> String {
    region.map(|region| format!(" in {region}")).unwrap_or_default()
}

fn made<'a>(record: &'a Record, build: &str) -> Option<&'a Artifact> {
    match record.builds.get(build)?.end.as_ref()? {
        End::Done { artifact } | End::Unprocessed { artifact, .. } => Some(artifact),
        End::Failed { .. } => None,
    }
}

fn image(record: &Record, build: &str, region: Option<&str>) -> Option<String> {
    let region = region.or_else(|| record.head.ways.get(build).map(|way| way.region.as_str()))?;
    made(record, build)?.images.iter().find(|(at, _)| at == region).map(|(_, image)| image.clone())
}

/// Runs beside this one that were asked for by the same file, and really built something; the newest first.
fn former(folder: &Path, own: &str) -> Vec<Record> {
    let asked = |folder: &Path| -> Option<(Json, Json)> {
        let kept: Json = serde_json::from_str(&std::fs::read_to_string(folder.join(KEPT)).ok()?).ok()?;
        Some((kept["file"].clone(), kept["folder"].clone()))
    };
    let (Some(wanted), Some(runs)) = (asked(folder), folder.parent()) else { return Vec::new() };
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.join(FILE).is_file()).collect();
    folders.sort_by(|a, b| b.cmp(a));
    let same = folders.into_iter().filter(|path| asked(path).as_ref() == Some(&wanted));
    let records = same.filter_map(|path| peek(&path).ok());
    records.filter(|record| !record.head.rehearsed && record.head.run != own).collect()
}

/// The text of a file, by its ending.
fn text(file: &str, data: &Json) -> String {
    match data {
        Json::Object(entries) if file.ends_with(".tfvars") => {
            let line = |(name, value): (&String, &Json)| format!("{name} = {}\n", hcl(value, 0));
            entries.iter().map(line).collect()
        }
        data => format!("{data:#}\n"),
    }
}

/// A value as Terraform writes it.
fn hcl(value: &Json, depth: usize) -> String {
    let indent = "  ".repeat(depth + 1);
    let lines = |open: char, close: char, lines: Vec<String>| match lines.is_empty() {
        true => format!("{open}{close}"),
        false => format!("{open}\n{}{}{close}", lines.concat(), "  ".repeat(depth)),
    };
    match value {
        Json::String(text) => quoted(text),
        Json::Array(items) => {
            lines('[', ']', items.iter().map(|item| format!("{indent}{},\n", hcl(item, depth + 1))).collect())
        }
        Json::Object(entries) => {
            let entry =
                |(key, value): (&String, &Json)| format!("{indent}{} = {}\n", quoted(key), hcl(value, depth + 1));
            lines('{', '}', entries.iter().map(entry).collect())
        }
        other => other.to_string(),
    }
}

/// A text of Terraform's in which nothing is a template.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if rest.peek() == Some(&'{') => out.extend([c, c]),
            c if c.is_control() => drop(write!(out, "\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_is_written_by_its_ending() {
        let data =
            json!({ "a": "x ${y} \"z\"\n", "n": 1, "list": ["b", true, null], "map": { "k 1": {} }, "none": [] });
        assert_eq!(text("a.json", &data), format!("{data:#}\n"));
        assert_eq!(text("a.tfvars.json", &data), format!("{data:#}\n"));
        let hcl = "a = \"x $${y} \\\"z\\\"\\n\"\nn = 1\nlist = [\n  \"b\",\n  true,\n  null,\n]\n\
                   map = {\n  \"k 1\" = {}\n}\nnone = []\n";
        assert_eq!(text("a.tfvars", &data), hcl);
    }
}
