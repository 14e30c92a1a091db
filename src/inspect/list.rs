//! The builds of a plan as a table for people, or as JSON for programs.

use std::fmt::Write;

use serde::Serialize;

use super::layers::Layers;
use crate::plan::{Build, Plan, Scalar, Value};

/// Spaces between columns.
const GAP: usize = 2;

/// The builds with their axes, one table an image, and the stage of each where there are several. Columns are as wide as their
/// widest cell.
pub fn table(plan: &Plan, layers: &Layers) -> String {
    let staged = layers.count() > 1;
    let mut out = String::new();
    for (index, image) in plan.images.iter().enumerate() {
        let builds: Vec<&Build> = plan.builds.iter().filter(|b| b.image as usize == index).collect();
        if builds.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        let with_region = !image.axes.iter().any(|a| a == "region") && builds.iter().any(|b| region(b).is_some());
        let mut rows = Vec::with_capacity(builds.len() + 1);
        let mut header = vec![image.name.to_string(), "kind".to_owned()];
        header.extend(staged.then(|| "stage".to_owned()));
        header.extend(image.axes.iter().map(ToString::to_string));
        header.extend(with_region.then(|| "region".to_owned()));
        rows.push(header);
        for build in builds {
            let mut row = vec![build.name.to_string(), build.kind.to_string()];
            row.extend(staged.then(|| layers.stage_of(&build.name).to_string()));
            row.extend(build.axes.iter().map(shown));
            row.extend(with_region.then(|| region(build).unwrap_or("-").to_owned()));
            rows.push(row);
        }
        aligned(&mut out, &rows);
    }
    if !out.is_empty() {
        out.push('\n');
    }
    // A `String` takes all text.
    let _ = writeln!(out, "{}", count(plan.builds.len()));
    out
}

/// `1 build`, `32 builds`.
pub fn count(builds: usize) -> String {
    format!("{builds} build{}", if builds == 1 { "" } else { "s" })
}

/// The builds as one JSON array.
pub fn json(plan: &Plan, layers: &Layers) -> String {
    let entries: Vec<Entry<'_>> = plan.builds.iter().map(|b| Entry::new(plan, b, layers)).collect();
    let mut text = serde_json::to_string_pretty(&entries).expect("invariant: plain data with text keys is JSON");
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Entry<'p> {
    name: &'p str,
    image: &'p str,
    kind: &'p str,
    stage: u32,
    axes: indexmap::IndexMap<&'p str, &'p Scalar>,
    origin: Place<'p>,
}

#[derive(Serialize)]
struct Place<'p> {
    file: &'p str,
    line: u32,
    column: u32,
}

impl<'p> Entry<'p> {
    fn new(plan: &'p Plan, build: &'p Build, layers: &Layers) -> Self {
        let image = plan.images.get(build.image as usize);
        Entry {
            name: &build.name,
            image: image.map_or("", |i| &i.name),
            kind: &build.kind,
            stage: layers.stage_of(&build.name),
            axes: image.into_iter().flat_map(|i| &i.axes).map(|a| a.as_str()).zip(build.axes.iter()).collect(),
            origin: Place {
                file: plan.files.get(build.origin.file as usize).map_or("", |f| f),
                line: build.origin.line,
                column: build.origin.column,
            },
        }
    }
}

fn region(build: &Build) -> Option<&str> {
    match build.option("region")? {
        Value::Text(text) => text.as_plain(),
        _ => None,
    }
}

/// A value on one line: control characters would break the table or paint the terminal.
fn shown(value: &Scalar) -> String {
    let text = value.to_string();
    if text.is_empty() || text.contains(char::is_control) { format!("{text:?}") } else { text }
}

fn aligned(out: &mut String, rows: &[Vec<String>]) {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let start = out.len();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(out, "{cell:width$}{:GAP$}", "");
        }
        let end = start + out[start..].trim_end().len();
        out.truncate(end);
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::plan::{Image, Origin, Setting, Text};

    fn plan() -> Plan {
        let setting = |text: &str| {
            let origin = Origin { file: 0, line: 1, column: 1 };
            Arc::new(Setting { value: Value::Text(Text::Plain(text.into())), origin })
        };
        let build = |name: &str, image, axes: &[Scalar]| Build {
            name: name.into(),
            image,
            kind: "amazon-ebs".into(),
            axes: axes.into(),
            options: vec![("region".into(), setting("eu-west-1"))],
            origin: Origin { file: 0, line: 4, column: 5 },
        };
        Plan {
            files: vec!["a.bake".into()],
            images: vec![
                Image { name: "official".into(), axes: vec!["region".into(), "n".into()] },
                Image { name: "none".into(), axes: vec![] },
                Image { name: "app".into(), axes: vec!["public".into()] },
            ],
            builds: vec![
                build("us-east-1-10", 0, &[Scalar::Text("us-east-1".into()), Scalar::Int(10)]),
                build("eu", 0, &[Scalar::Text("e\nu".into()), Scalar::Int(1)]),
                build("app-true", 2, &[Scalar::Bool(true)]),
            ],
            ..Plan::default()
        }
    }

    #[test]
    fn builds_stand_by_image_in_columns() {
        let wanted = "\
official      kind        region     n
us-east-1-10  amazon-ebs  us-east-1  10
eu            amazon-ebs  \"e\\nu\"     1

app       kind        public  region
app-true  amazon-ebs  true    eu-west-1

3 builds
";
        assert_eq!(table(&plan(), &Layers::default()), wanted);
        assert_eq!(table(&Plan::default(), &Layers::default()), "0 builds\n");
    }

    #[test]
    fn json_keeps_the_types_of_axes() {
        let json: serde_json::Value = serde_json::from_str(&json(&plan(), &Layers::default())).expect("JSON");
        let wanted = serde_json::json!({
            "name": "app-true", "image": "app", "kind": "amazon-ebs", "stage": 1, "axes": { "public": true },
            "origin": { "file": "a.bake", "line": 4, "column": 5 }
        });
        assert_eq!((json.as_array().map(Vec::len), &json[2]), (Some(3), &wanted));
    }
}
