//! The JSON Schema of a plan: what [`packer_json`](super::packer_json) writes, for editors and for those who check plans.
//!
//! It knows Packer's sections and the schema's kinds; `shape` says what a type becomes in JSON, `comment` what the comment holds.
//! Kinds that are not among the given ones may have any options.

mod comment;
mod shape;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use smol_str::SmolStr;

use crate::packer::COMMENT_KEY;
use crate::schema::{Category, Kind, Kinds, OptionSet};

use shape::{Shapes, described};

/// The JSON Schema, of draft 2020-12, of plans whose kinds are these.
pub fn plan_schema(kinds: &Kinds) -> String {
    let mut sorted: Vec<(Category, &Kind)> = kinds.iter().map(|((category, _), kind)| (*category, kind)).collect();
    sorted.sort_by(|a, b| (a.0, &a.1.name).cmp(&(b.0, &b.1.name)));
    let mut shapes = Shapes::default();
    let mut sets: IndexMap<String, Value> = IndexMap::new();
    let mut of_kinds: Vec<(String, Value)> = Vec::new();
    for (category, kind) in &sorted {
        of_kinds.push((kind_key(*category, kind), block(*category, kind, &mut sets, &mut shapes)));
    }
    let mut defs = Map::new();
    defs.insert("late".into(), shape::late());
    for category in Category::ALL {
        let names: Vec<&Kind> = sorted.iter().filter(|(of, _)| *of == category).map(|(_, k)| *k).collect();
        defs.insert(category.word().into(), any_block(category, &names));
    }
    defs.extend(of_kinds);
    sets.sort_unstable_keys();
    defs.extend(sets);
    defs.extend(shapes.into_types());
    comment::definitions(&mut defs);
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A plan of bakec",
        "description": "What `bakec compile` writes: a template of Packer's in JSON, whose builders and steps have the options \
            that bakec knows.",
        "type": "object",
        "properties": root(),
        "required": ["builders"],
        "additionalProperties": false,
        "$defs": defs,
    });
    format!("{schema:#}\n")
}

/// The sections of a plan.
fn root() -> Value {
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    let mut sensitive = texts.clone();
    sensitive["description"] = json!("Names of variables whose values Packer does not show.");
    json!({
        COMMENT_KEY: {
            "description": "What Packer need not know, as JSON in a text.",
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": { "$ref": "#/$defs/comment" },
        },
        "min_packer_version": {
            "description": "The lowest version of Packer that knows every option of the plan.",
            "type": "string",
            "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$",
        },
        "variables": {
            "description": "What is known when the plan runs, with its default; `null` for what must be given.",
            "type": "object",
            "additionalProperties": { "type": ["string", "null"] },
        },
        "sensitive-variables": sensitive,
        "builders": {
            "description": "One entry a build.",
            "type": "array",
            "items": { "$ref": "#/$defs/builder" },
        },
        "provisioners": {
            "description": "Steps on the machine, in order.",
            "type": "array",
            "items": { "$ref": "#/$defs/provisioner" },
        },
        "error-cleanup-provisioner": {
            "description": "A step after a failure.",
            "$ref": "#/$defs/provisioner",
        },
        "post-processors": {
            "description": "Steps on the artifact, alone or in a chain.",
            "type": "array",
            "items": {
                "anyOf": [{ "$ref": "#/$defs/post" }, { "type": "array", "items": { "$ref": "#/$defs/post" } }],
            },
        },
    })
}

/// What a plan says of every block of a category, beside its options.
fn own(category: Category) -> Map<String, Value> {
    let builds = json!({ "description": "The builds that it is for.", "type": "array", "items": { "type": "string" } });
    let mut own = Map::new();
    if category == Category::Builder {
        let name = "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$";
        own.insert("name".into(), json!({ "description": "The build.", "type": "string", "pattern": name }));
    }
    own.insert("type".into(), json!({ "description": "The kind.", "type": "string" }));
    if category != Category::Builder {
        own.insert("only".into(), builds);
    }
    own
}

fn required(category: Category) -> Vec<&'static str> {
    if category == Category::Builder { vec!["name", "type"] } else { vec!["type"] }
}

/// A block of any kind of a category: held to its kind where that is known.
fn any_block(category: Category, kinds: &[&Kind]) -> Value {
    let known: Vec<Value> = kinds
        .iter()
        .map(|kind| {
            json!({
                "if": { "properties": { "type": { "const": kind.name } }, "required": ["type"] },
                "then": { "$ref": format!("#/$defs/{}", kind_key(category, kind)) },
            })
        })
        .collect();
    let mut block = json!({ "type": "object", "properties": own(category), "required": required(category) });
    if !known.is_empty() {
        block["allOf"] = Value::from(known);
    }
    block
}

fn kind_key(category: Category, kind: &Kind) -> String {
    format!("{}.{}", category.word(), kind.name)
}

fn set_key(set: &OptionSet) -> String {
    let stem = set.file.rsplit('/').next().unwrap_or(&set.file).trim_end_matches(".bake");
    format!("options.{stem}.{}", set.name)
}

/// A block of one kind. Options of sets are described once for all kinds.
fn block(category: Category, kind: &Kind, sets: &mut IndexMap<String, Value>, shapes: &mut Shapes) -> Value {
    let mut properties = own(category);
    properties.insert("type".into(), json!({ "const": kind.name }));
    let mut needed: Vec<SmolStr> = required(category).into_iter().map(SmolStr::new_static).collect();
    for (index, (name, field)) in kind.options.iter().enumerate().filter(|(_, (_, f))| !f.is_refused()) {
        let shape = described(field, shapes);
        let value = match kind.home(index).and_then(|home| kind.sets.get(home)) {
            None => shape,
            Some(set) => {
                let key = set_key(set);
                let held =
                    sets.entry(key.clone()).or_insert_with(|| json!({ "description": set.doc, "properties": {} }));
                match held["properties"].get(name.as_str()) {
                    Some(before) if *before != shape => shape,
                    _ => {
                        held["properties"][name.as_str()] = shape;
                        json!({ "$ref": format!("#/$defs/{key}/properties/{name}") })
                    }
                }
            }
        };
        properties.insert(name.to_string(), value);
        if !field.optional {
            needed.push(name.clone());
        }
    }
    json!({
        "description": kind.doc,
        "type": "object",
        "properties": properties,
        "required": needed,
        "additionalProperties": false,
    })
}
