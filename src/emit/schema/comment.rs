//! What the comment of a plan holds, as JSON Schema: the counterpart of [`Comment`](crate::packer::Comment).

use serde_json::{Map, Value, json};

/// Adds the definitions of the comment and its parts.
pub(super) fn definitions(defs: &mut Map<String, Value>) {
    let parts = [
        ("comment", comment()),
        ("comment.place", place()),
        ("comment.origin", closed(&[("file", index()), ("line", number()), ("column", number())], &[])),
        ("comment.image", closed(&[("name", text()), ("axes", list(text()))], &[])),
        ("comment.variable", variable()),
        ("comment.edge", closed(&[("variable", text()), ("ami", part("ami"))], &[])),
        ("comment.ami", closed(&[("build", text()), ("region", json!({ "type": ["string", "null"] }))], &[])),
        ("comment.step", step()),
        ("comment.output", closed(&[("file", text()), ("value", part("value")), ("origin", part("origin"))], &[])),
        ("comment.retain", closed(&[("image", index()), ("options", list(pair(part("value"))))], &[])),
        ("comment.scalar", json!({ "type": ["boolean", "integer", "string"] })),
        ("comment.text", one_of(&[("Plain", text()), ("Parts", list(part("part")))], None)),
        (
            "comment.part",
            one_of(&[("Chars", text()), ("Action", text()), ("Variable", text()), ("Ami", part("ami"))], None),
        ),
        ("comment.value", value()),
    ];
    defs.extend(parts.into_iter().map(|(name, definition)| (name.to_owned(), definition)));
}

fn comment() -> Value {
    let mut comment = closed(
        &[
            ("bakec", with(text(), "The version of bakec that wrote the plan.")),
            ("format", with(number(), "The version of this comment's form.")),
            (
                "digest",
                with(json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }), "Of all that follows the comment."),
            ),
            ("files", with(list(text()), "Files that places point into.")),
            ("images", with(list(part("image")), "Images with their axes.")),
            ("policies", with(list(text()), "Names of the policies that the builds were held to.")),
            ("variables", with(list(part("variable")), "Variables as they are declared.")),
            ("edges", with(list(part("edge")), "Variables that stand for AMIs of builds.")),
            ("blocks", with(list(list(part("place"))), "Where builders were written: the block, then each option.")),
            ("builds", with(list(build()), "One entry a builder, in their order.")),
            (
                "provisioners",
                with(
                    list(part("step")),
                    "One entry a provisioner, in their order; one that stands here whole has others in its place there.",
                ),
            ),
            ("posts", with(list(part("step")), "One entry a post-processor, chains taken apart, in their order.")),
            ("cleanups", with(list(part("step")), "Steps after a failure.")),
            ("tests", with(list(part("step")), "Steps that try the finished image.")),
            ("outputs", with(list(part("output")), "Files to be written after the run.")),
            ("retain", with(list(part("retain")), "What to keep of former images.")),
        ],
        &["policies", "variables", "edges", "provisioners", "posts", "cleanups", "tests", "outputs", "retain"],
    );
    comment["description"] = json!("What Packer need not know of a plan.");
    comment
}

fn build() -> Value {
    let mut build = tuple(&[index(), index(), list(part("scalar"))]);
    build["description"] = json!("Its image, its block, the values of its axes.");
    build
}

fn place() -> Value {
    let mut place = tuple(&[index(), number(), number()]);
    place["description"] = json!("File, line, column.");
    place
}

fn variable() -> Value {
    closed(
        &[
            ("name", text()),
            ("doc", text()),
            ("default", one_of(&[("Text", part("text")), ("Environment", text())], Some("Required"))),
            ("secret", json!({ "type": "boolean" })),
            ("ty", with(text(), "The type, as the language writes it.")),
            ("form", with(json!({ "enum": ["Path", "Number", "Bool"] }), "What a value of it is, if no text.")),
            ("list", with(json!({ "const": true }), "It holds a list of such values.")),
            ("origin", part("origin")),
        ],
        &["form", "list"],
    )
}

fn step() -> Value {
    closed(
        &[
            ("label", text()),
            ("places", with(list(part("place")), "The block, then each option.")),
            ("step", json!({ "$ref": "#/$defs/provisioner" })),
            ("instead", with(number(), "How many provisioners Packer gets instead of it.")),
        ],
        &["label", "step", "instead"],
    )
}

/// A value in the shape of the language.
fn value() -> Value {
    one_of(
        &[
            ("Bool", json!({ "type": "boolean" })),
            ("Int", json!({ "type": "integer" })),
            ("Number", json!({ "type": "number" })),
            ("Text", part("text")),
            ("Path", part("text")),
            ("Duration", with(json!({ "type": "integer" }), "In nanoseconds.")),
            ("Size", with(index(), "In bytes.")),
            ("List", list(part("value"))),
            ("Record", list(pair(part("value")))),
        ],
        Some("Null"),
    )
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn index() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn number() -> Value {
    json!({ "type": "integer", "minimum": 1 })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn pair(value: Value) -> Value {
    tuple(&[text(), value])
}

fn tuple(items: &[Value]) -> Value {
    json!({ "type": "array", "prefixItems": items, "minItems": items.len(), "items": false })
}

fn part(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/comment.{name}") })
}

fn with(mut schema: Value, description: &str) -> Value {
    schema["description"] = json!(description);
    schema
}

/// An object with these entries and no others.
fn closed(entries: &[(&str, Value)], optional: &[&str]) -> Value {
    let properties: Map<String, Value> =
        entries.iter().map(|(name, schema)| ((*name).into(), schema.clone())).collect();
    let needed: Vec<&str> = entries.iter().map(|(name, _)| *name).filter(|name| !optional.contains(name)).collect();
    json!({ "type": "object", "properties": properties, "required": needed, "additionalProperties": false })
}

/// One of several forms, each an object with its name as the only key, or a mere word.
fn one_of(forms: &[(&str, Value)], word: Option<&str>) -> Value {
    let mut all: Vec<Value> = word.map(|w| json!({ "const": w })).into_iter().collect();
    all.extend(forms.iter().map(|(name, schema)| closed(&[(name, schema.clone())], &[])));
    json!({ "oneOf": all })
}
