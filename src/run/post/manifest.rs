//! `manifest`: adds what was made to a list in Packer's format.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::{Product, Scene};
use crate::diagnostic::code;
use crate::run::build::Manifest;
use crate::run::problem::Problem;
use crate::run::render::rendered;
use crate::run::whole::{Held, replace};

/// Adds the entry of a build, whole or not at all; what was made goes on.
pub(super) async fn run(
    manifest: &Manifest,
    scene: &Scene<'_>,
    product: &Product,
    again: bool,
) -> Result<Product, Problem> {
    let entry = entry(manifest, scene, product)?;
    let run = scene.values.named("uuid").unwrap_or_default();
    let path = scene.place(&manifest.output);
    let unwritten = |error: &dyn std::fmt::Display| {
        Problem::failed(code::RUN_POST, format!("the manifest `{}` cannot be written: {error}", path.display())).help(
            "the image is made and final; add its entry by hand, or build again with `output` where you may write",
        )
    };
    let Some(held) = Held::take(&path, &scene.cx.cancel).await.map_err(|e| unwritten(&e))? else {
        return Err(Problem::cancelled());
    };
    let before = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(unwritten(&error)),
    };
    let text = added(&before, entry, &run, manifest.force, again).map_err(|why| {
        Problem::failed(code::RUN_POST, format!("`{}` is no manifest: {why}", path.display()))
            .help("it is left as it is; move it away, or name another file by `output`")
    })?;
    replace(&path, text.as_bytes()).map_err(|e| unwritten(&e))?;
    drop(held);
    scene.wrote("the manifest", &manifest.output, &path);
    Ok(product.clone())
}

/// What a manifest says of a build.
fn entry(manifest: &Manifest, scene: &Scene<'_>, product: &Product) -> Result<Map<String, Json>, Problem> {
    let name = |function: &str| Json::from(scene.values.named(function).unwrap_or_default());
    let mut data: Vec<(String, String)> = Vec::new();
    for (key, value) in &manifest.custom_data {
        data.push((key.clone(), rendered(value, scene.values)?));
    }
    data.sort();
    let mut entry = Map::new();
    entry.insert("name".to_owned(), name("build_name"));
    entry.insert("builder_type".to_owned(), name("build_type"));
    if !manifest.strip_time {
        entry.insert("build_time".to_owned(), Timestamp::now().as_second().into());
    }
    let file = |name: &String| {
        let size = std::fs::metadata(name).map_or(0, |m| m.len());
        let shown = match Path::new(name).file_name() {
            Some(last) if manifest.strip_path => last.to_string_lossy().into_owned(),
            _ => name.clone(),
        };
        json!({ "name": shown, "size": size })
    };
    let files: Vec<Json> = product.files.iter().map(file).collect();
    entry.insert("files".to_owned(), if files.is_empty() { Json::Null } else { files.into() });
    entry.insert("artifact_id".to_owned(), product.id.as_str().into());
    entry.insert("packer_run_uuid".to_owned(), name("uuid"));
    let data: Map<String, Json> = data.into_iter().map(|(k, v)| (k, v.into())).collect();
    entry.insert("custom_data".to_owned(), if data.is_empty() { Json::Null } else { data.into() });
    Ok(entry)
}

/// The text of a manifest with one more entry. A new run begins it anew where that is asked for; an entry that an interrupted step
/// has written already is not written twice.
fn added(before: &str, entry: Map<String, Json>, run: &str, force: bool, again: bool) -> Result<String, String> {
    let mut root: Map<String, Json> = match before.trim() {
        "" => Map::new(),
        text => match serde_json::from_str(text).map_err(|error| error.to_string())? {
            Json::Object(root) => root,
            _ => return Err("it is no record".to_owned()),
        },
    };
    if force && root.get("last_run_uuid").and_then(Json::as_str) != Some(run) {
        root.clear();
    }
    let mut builds = match root.remove("builds") {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(builds)) => builds,
        Some(_) => return Err("its `builds` are no list".to_owned()),
    };
    if again {
        let timeless = |entry: &Map<String, Json>| {
            let mut entry = entry.clone();
            entry.shift_remove("build_time");
            entry
        };
        let own = timeless(&entry);
        builds.retain(|other| other.as_object().is_none_or(|other| timeless(other) != own));
    }
    builds.push(entry.into());
    root.shift_remove("last_run_uuid");
    root.shift_insert(0, "builds".to_owned(), builds.into());
    root.insert("last_run_uuid".to_owned(), run.into());
    let text = serde_json::to_string_pretty(&root).map_err(|error| error.to_string())?;
    Ok(as_go_writes(&text))
}

/// Go's JSON escapes what a browser would read.
fn as_go_writes(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len()), |mut out, c| {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            other => out.push(other),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, run: &str, time: i64) -> Map<String, Json> {
        let entry = json!({ "name": name, "build_time": time, "artifact_id": "<a&b>", "packer_run_uuid": run });
        entry.as_object().cloned().unwrap()
    }

    fn names(text: &str) -> Vec<String> {
        let root: Json = serde_json::from_str(text).unwrap();
        root["builds"].as_array().unwrap().iter().map(|b| b["name"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn entries_come_behind_those_that_are_there() {
        let one = added("", entry("one", "r1", 1), "r1", false, false).unwrap();
        assert!(one.starts_with("{\n  \"builds\": [\n    {\n      \"name\": \"one\",\n") && one.ends_with("\"r1\"\n}"));
        assert!(one.contains(r"\u003ca\u0026b\u003e") && !one.contains('<'), "{one}");
        let two = added(&one, entry("two", "r2", 2), "r2", false, false).unwrap();
        assert_eq!(names(&two), ["one", "two"]);
        // The same once more, as when a killed run goes on.
        assert_eq!(names(&added(&two, entry("two", "r2", 3), "r2", false, true).unwrap()), ["one", "two"]);
        assert_eq!(names(&added(&two, entry("two", "r2", 3), "r2", false, false).unwrap()), ["one", "two", "two"]);
        assert_eq!(names(&added(&two, entry("three", "r3", 3), "r3", true, false).unwrap()), ["three"]);
        assert_eq!(names(&added(&two, entry("three", "r2", 3), "r2", true, false).unwrap()), ["one", "two", "three"]);
    }

    #[test]
    fn what_is_no_manifest_is_left_alone() {
        for text in ["[]", "{", r#"{"builds": 1}"#] {
            assert!(added(text, Map::new(), "r", false, false).is_err(), "{text}");
        }
    }
}
