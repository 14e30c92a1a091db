//! A value of a type, as one would write it, for the example line of an option.
//!
//! It knows types, no option: what it makes has the right type and form, and breaks the rules of a record only where these
//! cannot be read from the types.

use smol_str::SmolStr;

use crate::ty::{Field, Literal, Range, Record, Ty, describe};

/// Texts of many forms; a pattern takes the first that it matches.
const TEXTS: [&str; 15] = [
    "example",
    "web-{{timestamp}}",
    "web-1.0",
    "2030-01-31T12:00:00Z",
    "8080:localhost:80",
    "self",
    "auto",
    "0.05",
    "v2.0",
    "ephemeral0",
    "alias/images",
    "123456789012",
    "https://example.com",
    "https://example.com/formulas.git//web",
    "/dev/sdf",
];

/// How deep records are shown.
const DEEPEST: usize = 3;

/// A value for an option.
pub(super) fn example(field: &Field) -> String {
    let default = field.notes.as_ref().and_then(|n| n.default_text.clone());
    value(&field.ty, default.filter(|d| !is_empty(d)), 0)
}

/// Whether a default shows nothing.
fn is_empty(default: &str) -> bool {
    matches!(default, "null" | "[]" | "{}" | "\"\"" | "''")
}

fn value(ty: &Ty, default: Option<SmolStr>, depth: usize) -> String {
    if let Some(other) = other_literal(ty, default.as_deref()) {
        return other;
    }
    if let Some(default) = default.filter(|d| !d.contains('\n')) {
        return default.into();
    }
    match ty {
        Ty::Named(named) => value(&named.ty, None, depth),
        Ty::Optional(inner) | Ty::Late(inner) => value(inner, None, depth),
        Ty::Union(members) => members.first().map_or_else(|| "null".into(), |m| value(m, None, depth)),
        Ty::List(inner) => format!("[{}]", value(inner, None, depth)),
        Ty::Map(inner) => format!("{{ Name = {} }}", value(inner, None, depth)),
        Ty::Record(inner) => record(inner, depth),
        Ty::Int => "2".into(),
        Ty::Number => "1.5".into(),
        Ty::Duration => "10m".into(),
        Ty::Size => "8GiB".into(),
        Ty::Range(range) => within(range),
        Ty::Domain(domain) => quoted(domain.example()),
        Ty::Matches(pattern) => quoted(TEXTS.into_iter().find(|t| pattern.is_match(t)).unwrap_or("…")),
        Ty::Template(fields) => match fields.first() {
            Some(field) => quoted(&format!("example {{{{.{field}}}}}")),
            None => quoted(TEXTS[0]),
        },
        Ty::String => quoted(TEXTS[0]),
        _ => "null".into(),
    }
}

/// A literal of a type that has few values: one that is not the default.
fn other_literal(ty: &Ty, default: Option<&str>) -> Option<String> {
    let mut literals = ty.literals()?;
    if let Some(Literal::Bool(_)) = literals.first() {
        literals.sort_by_key(|l| *l != Literal::Bool(true));
    }
    let shown: Vec<String> = literals.iter().map(ToString::to_string).collect();
    shown.iter().find(|l| default != Some(l.as_str())).or(shown.first()).cloned()
}

/// The members that a record needs, or the first that it may have.
fn record(record: &Record, depth: usize) -> String {
    let open = |f: &&Field| f.notes.as_ref().is_none_or(|n| n.refused.is_none() && n.deprecated.is_none());
    let fields = || record.fields.iter().filter(|(_, f)| open(f));
    let mut wanted: Vec<(&SmolStr, &Field)> = fields().filter(|(_, f)| !f.optional).collect();
    if wanted.is_empty() && depth < DEEPEST {
        wanted = fields().take(1).collect();
    }
    let member = |(name, field): (&SmolStr, &Field)| {
        let default = field.notes.as_ref().and_then(|n| n.default_text.clone());
        format!("{name} = {}", value(&field.ty, default.filter(|d| !is_empty(d)), depth + 1))
    };
    let members: Vec<String> = wanted.into_iter().map(member).collect();
    if members.is_empty() { "{}".into() } else { format!("{{ {} }}", members.join(", ")) }
}

fn within(range: &Range) -> String {
    let whole = match range.base.plain() {
        Ty::Duration => 600_000_000_000,
        Ty::Size => 8 << 30,
        _ => 2,
    };
    let number = whole.max(range.low.unwrap_or(i64::MIN)).min(range.high.unwrap_or(i64::MAX));
    match range.base.plain() {
        Ty::Duration => describe::duration(number),
        Ty::Size => describe::size(u64::try_from(number).unwrap_or(0)),
        _ => number.to_string(),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}
