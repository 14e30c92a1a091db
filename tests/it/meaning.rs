//! Whether a plan means what a template means, both as Packer's JSON.
//!
//! Packer decodes loosely: `"true"` is a truth value, `"8"` a number, `"a,b"` a list, `""` nothing. A plan says the same with the right
//! types, so values are compared as Packer would have them.

use std::collections::BTreeMap;

use bakec::load::world::normalise;
use serde_json::{Map, Value};

/// What is different, one line each.
pub(crate) fn differences(template: &Value, plan: &Value) -> Vec<String> {
    differences_beside(template, plan, &[])
}

/// The same, of a program with params: each has taken the place of a variable, and its default that of the variable's value.
pub(crate) fn differences_beside(template: &Value, plan: &Value, params: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    variables(template, plan, params, &mut found);
    let template = &with_defaults(template, plan);
    let (ours, theirs) = (list(plan, "builders"), list(template, "builders"));
    if ours.len() != theirs.len() {
        found.push(format!("{} builders became {}", theirs.len(), ours.len()));
        return found;
    }
    for (theirs, ours) in theirs.iter().zip(ours) {
        let (before, now) = (name(theirs), name(ours));
        let mut left = theirs.as_object().cloned().unwrap_or_default();
        left.insert("name".into(), before.clone().into());
        let mut right = ours.as_object().cloned().unwrap_or_default();
        right.insert("name".into(), now.clone().into());
        records(&before, &left, &right, &mut found);
        let steps = |plan: &Value, name: &str| -> Vec<Value> {
            let cleanup = plan.get("error-cleanup-provisioner").cloned();
            list(plan, "provisioners").iter().filter_map(|s| applied(s, name)).chain(cleanup).collect()
        };
        several(&format!("{before}: steps"), &steps(template, &before), &steps(plan, &now), &mut found);
        let chains = |plan: &Value, name: &str| -> Vec<Value> {
            let chain = |chain: &Value| {
                let links = chain.as_array().map_or(std::slice::from_ref(chain), Vec::as_slice);
                links.iter().filter_map(|link| applied(link, name)).collect::<Vec<Value>>()
            };
            let chains = list(plan, "post-processors").iter().map(chain);
            chains.filter(|c| !c.is_empty()).map(Value::Array).collect()
        };
        several(&format!("{before}: chains"), &chains(template, &before), &chains(plan, &now), &mut found);
    }
    found
}

/// The template with the defaults of variables that the plan has not, where it uses them.
fn with_defaults(template: &Value, plan: &Value) -> Value {
    let absent = template["variables"].as_object().into_iter().flatten().filter_map(|(name, default)| {
        let default = default.as_str().filter(|_| plan["variables"].get(identifier(name)).is_none())?;
        Some((identifier(name), default))
    });
    let absent: Vec<(String, &str)> = absent.collect();
    // A default may hold another variable, and that one a third.
    (0..3).fold(template.clone(), |template, _| with_texts(&template, &absent))
}

/// A value with calls of variables replaced, in keys too.
fn with_texts(value: &Value, variables: &[(String, &str)]) -> Value {
    let said = |text: &str| {
        variables.iter().fold(calls(text), |text, (name, value)| text.replace(&format!("{{{{user `{name}`}}}}"), value))
    };
    match value {
        Value::String(text) if text.contains("{{") => said(text).into(),
        Value::Array(values) => values.iter().map(|v| with_texts(v, variables)).collect(),
        Value::Object(members) => members.iter().map(|(key, v)| (said(key), with_texts(v, variables))).collect(),
        other => other.clone(),
    }
}

fn name(builder: &Value) -> String {
    let name = builder.get("name").or(builder.get("type")).and_then(Value::as_str);
    name.unwrap_or_default().to_string()
}

fn list<'a>(template: &'a Value, key: &str) -> &'a [Value] {
    template[key].as_array().map_or(&[], Vec::as_slice)
}

/// The name that a variable has in the language.
fn identifier(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}

fn variables(template: &Value, plan: &Value, params: &[String], found: &mut Vec<String>) {
    let none = Map::new();
    let (theirs, ours) =
        (template["variables"].as_object().unwrap_or(&none), plan["variables"].as_object().unwrap_or(&none));
    for (name, default) in theirs {
        match ours.get(&identifier(name)) {
            Some(own) if same("", default, own) => {}
            // Packer knows no comments there.
            None if params.contains(&identifier(name)) || name.starts_with('_') => {}
            own => found.push(format!("variable {name}: {default} became {own:?}")),
        }
    }
    let known: Vec<String> = theirs.keys().map(|k| identifier(k)).collect();
    // One that the template forgot to declare wants a value.
    found.extend(
        ours.iter().filter(|(k, v)| !known.contains(k) && !v.is_null()).map(|(k, _)| format!("variable {k} is new")),
    );
    let secrets: Vec<&str> = list(plan, "sensitive-variables").iter().filter_map(Value::as_str).collect();
    for name in list(template, "sensitive-variables").iter().filter_map(Value::as_str) {
        if !secrets.contains(&identifier(name).as_str()) {
            found.push(format!("variable {name} is no secret any more"));
        }
    }
}

/// A step as it is for one build, if it is for it at all.
fn applied(step: &Value, build: &str) -> Option<Value> {
    let mut step = match step {
        Value::String(kind) => Map::from_iter([("type".to_string(), kind.as_str().into())]),
        other => other.as_object()?.clone(),
    };
    let mut named = |key: &str| {
        step.remove(key).and_then(|names| match names {
            Value::String(name) => Some(name == build),
            // An empty list restricts nothing.
            Value::Array(names) if names.is_empty() => None,
            names => Some(names.as_array().is_some_and(|names| names.iter().any(|name| name == build))),
        })
    };
    if named("only") == Some(false) || named("except") == Some(true) {
        return None;
    }
    if step["type"] != "vagrant"
        && let Some(Value::Object(overrides)) = step.remove("override")
    {
        step.extend(overrides.get(build).and_then(Value::as_object).cloned().unwrap_or_default());
    }
    Some(Value::Object(step))
}

fn several(what: &str, theirs: &[Value], ours: &[Value], found: &mut Vec<String>) {
    if theirs.len() != ours.len() {
        found.push(format!("{what}: {} became {}", theirs.len(), ours.len()));
        return;
    }
    for (number, (a, b)) in theirs.iter().zip(ours).enumerate() {
        match (a, b) {
            (Value::Object(a), Value::Object(b)) => records(&format!("{what} {number}"), a, b, found),
            (Value::Array(a), Value::Array(b)) => several(&format!("{what} {number}"), a, b, found),
            _ => found.push(format!("{what} {number}: {a} became {b}")),
        }
    }
}

fn records(what: &str, theirs: &Map<String, Value>, ours: &Map<String, Value>, found: &mut Vec<String>) {
    let keys: BTreeMap<&String, ()> = theirs.keys().chain(ours.keys()).map(|k| (k, ())).collect();
    for key in keys.keys().filter(|k| !k.starts_with('_')) {
        let (a, b) = (theirs.get(*key).unwrap_or(&Value::Null), ours.get(*key).unwrap_or(&Value::Null));
        if !same(key, a, b) {
            found.push(format!("{what}: {key}: {a} became {b}"));
        }
    }
}

/// Whether Packer takes both for the same.
fn same(key: &str, a: &Value, b: &Value) -> bool {
    let nothing = |v: &Value| match v {
        Value::Null => true,
        Value::String(s) => s.is_empty(),
        Value::Array(l) => l.is_empty(),
        Value::Object(o) => o.is_empty(),
        _ => false,
    };
    match (a, b) {
        _ if nothing(a) && nothing(b) => true,
        (Value::Array(a), Value::Array(b)) if matches!(key, "environment_vars" | "env") => pairs(a) == pairs(b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(key, a, b)),
        (Value::String(text), Value::Array(_)) => {
            let parts = text.split(',').map(Value::from).collect();
            same(key, &Value::Array(parts), b)
        }
        (other, Value::Array(list)) if list.len() == 1 && !other.is_null() => same(key, other, &list[0]),
        (Value::Object(a), Value::Object(b)) => a
            .keys()
            .chain(b.keys())
            .all(|k| same(k, a.get(k).unwrap_or(&Value::Null), b.get(k).unwrap_or(&Value::Null))),
        _ => {
            let (x, y) = (scalar(a), scalar(b));
            x.is_some() && (x == y || truth(&x) == truth(&y) && truth(&x).is_some())
        }
    }
}

/// The variables of a script: the last of one name counts, their order does not.
fn pairs(list: &[Value]) -> BTreeMap<String, Option<String>> {
    list.iter()
        .filter_map(Value::as_str)
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name.to_string(), scalar(&value.into()))
        })
        .collect()
}

fn truth(text: &Option<String>) -> Option<bool> {
    match text.as_deref()? {
        "true" | "1" => Some(true),
        "false" | "0" | "" => Some(false),
        _ => None,
    }
}

/// A scalar in one way of writing.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Bool(bool) => Some(bool.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(duration(text).unwrap_or_else(|| path(&calls(text)))),
        Value::Null => Some(String::new()),
        _ => None,
    }
}

/// Calls of variables and of the environment in one way of writing.
fn calls(text: &str) -> String {
    let longer = regex::Regex::new(r#"\buser\s+[`"]([^`"]*)[`"]"#).expect("a pattern");
    let text = longer.replace_all(text, |c: &regex::Captures<'_>| format!("user `{}`", identifier(&c[1])));
    let call = regex::Regex::new(r#"\{\{\s*(user|env)\s+[`"]([^`"]*)[`"]\s*\}\}"#).expect("a pattern");
    let text = call.replace_all(&text, |c: &regex::Captures<'_>| {
        let name = if &c[1] == "user" { identifier(&c[2]) } else { c[2].to_string() };
        format!("{{{{{} `{name}`}}}}", &c[1])
    });
    text.into_owned()
}

fn path(text: &str) -> String {
    if text.contains('/') && !text.contains(' ') && !text.contains("//") { normalise(text) } else { text.to_string() }
}

/// A duration as Go reads it, in nanoseconds.
fn duration(text: &str) -> Option<String> {
    let whole = regex::Regex::new(r"^([0-9.]+(h|ms|us|ns|m|s))+$").expect("a pattern");
    let part = regex::Regex::new(r"([0-9.]+)(h|ms|us|ns|m|s)").expect("a pattern");
    if !whole.is_match(text) {
        return None;
    }
    let unit = |u: &str| match u {
        "h" => 3.6e12,
        "m" => 6e10,
        "s" => 1e9,
        "ms" => 1e6,
        "us" => 1e3,
        _ => 1.0,
    };
    let nanos: f64 = part.captures_iter(text).filter_map(|c| Some(c[1].parse::<f64>().ok()? * unit(&c[2]))).sum();
    Some(format!("{nanos}ns"))
}

#[test]
fn what_packer_takes_for_the_same_is_the_same() {
    use serde_json::json;
    let same = |a: Value, b: Value| same("", &a, &b);
    assert!(same(json!("true"), json!(true)) && same(json!("8"), json!(8)) && same(json!("a,b"), json!(["a", "b"])));
    assert!(same(json!("90s"), json!("1m30s")) && same(json!(""), json!(null)) && same(json!("./a/b"), json!("a/b")));
    assert!(same(json!("{{ user \"a-b\" }}"), json!("{{user `a_b`}}")));
    assert!(!same(json!("a"), json!("b")) && !same(json!(["a"]), json!(["b"])) && !same(json!(true), json!(false)));
    assert!(!same(json!("a"), json!(null)) && !same(json!({ "a": 1 }), json!({ "b": 1 })));
}
