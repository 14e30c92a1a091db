//! What a type becomes in a plan, as JSON Schema: the counterpart of [`shape`](super::super::shape).
//!
//! It knows types and their encodings. What is known only when the plan runs is a text with `{{…}}`, whatever its type.

use indexmap::IndexMap;
use serde_json::{Value, json};
use smol_str::SmolStr;

use crate::ty::{Encoding, Field, Literal, Range, Record, Ty};

/// The named types that have been met.
#[derive(Default)]
pub(super) struct Shapes {
    types: IndexMap<SmolStr, (Ty, Value)>,
}

impl Shapes {
    pub(super) fn into_types(mut self) -> impl Iterator<Item = (String, Value)> {
        self.types.sort_unstable_keys();
        self.types.into_iter().map(|(name, (_, shape))| (type_key(&name), shape))
    }
}

fn type_key(name: &str) -> String {
    format!("type.{name}")
}

/// A value that is known only when the plan runs.
pub(super) fn late() -> Value {
    json!({
        "description": "A value that Packer fills in when the plan runs.",
        "type": "string",
        "pattern": "\\{\\{",
    })
}

/// An option or member with its documentation.
pub(super) fn described(field: &Field, shapes: &mut Shapes) -> Value {
    let notes = field.notes.as_deref().cloned().unwrap_or_default();
    let mut shape = shape(&field.ty, notes.encoding, shapes);
    let mut words = field.doc.replace('\n', " ");
    if let Some(since) = &notes.since {
        words.push_str(&format!(" Since Packer {since}."));
    }
    if let Some(instead) = &notes.deprecated {
        words.push_str(&format!(" Deprecated: {instead}."));
        shape["deprecated"] = json!(true);
    }
    shape["description"] = json!(words.trim());
    if let (None, Some(default)) = (notes.encoding, &notes.default_text)
        && let Ok(default) = serde_json::from_str::<Value>(default)
    {
        shape["default"] = default;
    }
    shape
}

fn shape(ty: &Ty, encoding: Option<Encoding>, shapes: &mut Shapes) -> Value {
    match ty {
        Ty::Named(named) => {
            if encoding.is_some() {
                return shape(&named.ty, encoding, shapes);
            }
            match shapes.types.get(&named.name) {
                Some((known, _)) if *known != named.ty => return shape(&named.ty, None, shapes),
                Some(_) => {}
                None => {
                    let mut inner = shape(&named.ty, None, shapes);
                    inner["description"] = json!(named.doc.replace('\n', " "));
                    shapes.types.insert(named.name.clone(), (named.ty.clone(), inner));
                }
            }
            json!({ "$ref": format!("#/$defs/{}", type_key(&named.name)) })
        }
        Ty::Optional(inner) | Ty::Late(inner) => shape(inner, encoding, shapes),
        Ty::Bool => or_late(json!({ "type": "boolean" })),
        Ty::Int => or_late(json!({ "type": "integer" })),
        Ty::Number => or_late(json!({ "type": "number" })),
        Ty::String | Ty::Template(_) => json!({ "type": "string" }),
        Ty::Domain(domain) => json!({ "type": "string", "examples": [domain.example()] }),
        Ty::Matches(pattern) if is_portable(&pattern.source) => {
            or_late(json!({ "type": "string", "pattern": pattern.source }))
        }
        Ty::Matches(_) => json!({ "type": "string" }),
        Ty::Duration => or_late(duration(encoding)),
        Ty::Size => or_late(json!({ "type": "integer", "minimum": 0 })),
        Ty::Range(range) => or_late(between(range, encoding)),
        Ty::Literal(literal) => or_late(json!({ "enum": [value(literal)] })),
        Ty::Union(_) if ty.literals().is_some() => {
            let values: Vec<Value> = ty.literals().unwrap_or_default().iter().map(value).collect();
            or_late(json!({ "enum": values }))
        }
        Ty::Union(members) => {
            let mut any: Vec<Value> = Vec::new();
            for member in members.iter() {
                let shape = shape(member, encoding, shapes);
                let alternatives = match shape.get("anyOf").and_then(Value::as_array) {
                    Some(alternatives) => alternatives.clone(),
                    None => vec![shape],
                };
                for alternative in alternatives {
                    if !any.contains(&alternative) {
                        any.push(alternative);
                    }
                }
            }
            json!({ "anyOf": any })
        }
        Ty::Map(_) | Ty::Record(_) if encoding == Some(Encoding::Pairs) => {
            json!({ "type": "array", "items": { "type": "string", "pattern": "=" } })
        }
        Ty::List(inner) => or_late(json!({ "type": "array", "items": shape(inner, encoding, shapes) })),
        Ty::Map(inner) => json!({ "type": "object", "additionalProperties": shape(inner, encoding, shapes) }),
        Ty::Record(inner) => record(inner, shapes),
        _ => json!({}),
    }
}

fn or_late(shape: Value) -> Value {
    json!({ "anyOf": [shape, { "$ref": "#/$defs/late" }] })
}

fn record(record: &Record, shapes: &mut Shapes) -> Value {
    let fields = || record.fields.iter().filter(|(_, f)| !f.is_refused());
    let properties: serde_json::Map<String, Value> =
        fields().map(|(name, field)| (name.to_string(), described(field, shapes))).collect();
    let needed: Vec<&SmolStr> = fields().filter(|(_, f)| !f.optional).map(|(name, _)| name).collect();
    json!({ "type": "object", "properties": properties, "required": needed, "additionalProperties": false })
}

fn duration(encoding: Option<Encoding>) -> Value {
    match encoding {
        Some(Encoding::Minutes | Encoding::Seconds) => json!({ "type": "integer" }),
        _ => json!({ "type": "string", "pattern": "^-?([0-9]+(h|m|s|ms|us|ns))+$", "examples": ["1h30m"] }),
    }
}

fn between(range: &Range, encoding: Option<Encoding>) -> Value {
    let mut shape = match range.base.plain() {
        Ty::Duration => return duration(encoding),
        Ty::Number => json!({ "type": "number" }),
        _ => json!({ "type": "integer" }),
    };
    let gib = encoding == Some(Encoding::Gib) && *range.base.plain() == Ty::Size;
    let end = |end: i64| if gib { (end >> 30) + i64::from(end % (1 << 30) != 0) } else { end };
    if let Some(low) = range.low {
        shape["minimum"] = json!(end(low));
    }
    if let Some(high) = range.high {
        shape["maximum"] = json!(end(high));
    }
    shape
}

fn value(literal: &Literal) -> Value {
    match literal {
        Literal::Text(text) => json!(text),
        Literal::Int(int) => json!(int),
        Literal::Bool(bool) => json!(bool),
    }
}

/// Whether other engines for regular expressions read a pattern as ours does.
fn is_portable(pattern: &str) -> bool {
    !["(?", "\\A", "\\z", "\\p", "\\P", "&&", "--", "~~", "[:"].iter().any(|own| pattern.contains(own))
}
