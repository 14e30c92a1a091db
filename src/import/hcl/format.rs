//! `format`: texts in which verbs such as `%s` and `%03d` stand for values.

use serde_json::Value as Json;

use super::pure::{float, number, text};

/// A part of a format: characters, or the argument of a number with the verb.
pub(super) enum Part {
    Chars(String),
    Argument(usize, String),
}

/// The parts of a format of `format`; `None` where it is none.
pub(super) fn parts(format: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut chars = String::new();
    let mut rest = format;
    let mut next = 0;
    while let Some(at) = rest.find('%') {
        chars.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            chars.push('%');
            rest = after;
            continue;
        }
        let length = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (mut verb, after) = rest.split_at(length + 1);
        let mut argument = next;
        if let Some(inner) = verb.strip_prefix('[') {
            let (number, left) = inner.split_once(']')?;
            argument = number.parse::<usize>().ok()?.checked_sub(1)?;
            verb = left;
        }
        next = argument + 1;
        if !chars.is_empty() {
            parts.push(Part::Chars(std::mem::take(&mut chars)));
        }
        parts.push(Part::Argument(argument, verb.to_owned()));
        rest = after;
    }
    chars.push_str(rest);
    if !chars.is_empty() {
        parts.push(Part::Chars(chars));
    }
    Some(parts)
}

/// What `format` gives.
pub(super) fn formatted(arguments: &[Json]) -> Option<String> {
    let (format, values) = arguments.split_first()?;
    let mut out = String::new();
    for part in parts(&text(format)?)? {
        match part {
            Part::Chars(chars) => out.push_str(&chars),
            Part::Argument(i, verb) => out.push_str(&rendered(&verb, values.get(i)?)?),
        }
    }
    Some(out)
}

/// A value by a verb of `format`.
pub(super) fn rendered(verb: &str, value: &Json) -> Option<String> {
    let (flags, letter) = verb.split_at(verb.len().checked_sub(1)?);
    let plain = match (letter, value) {
        ("s" | "v", Json::Array(_) | Json::Object(_)) => value.to_string(),
        ("s" | "v" | "t", _) => text(value)?,
        ("d", _) => number(float(value)?.trunc())?.to_string(),
        ("q", _) => Json::from(text(value)?).to_string(),
        ("f", _) => {
            let places =
                flags.split_once('.').map_or(Some(6), |(_, p)| p.parse::<usize>().ok().filter(|p| *p < 100))?;
            format!("{:.places$}", float(value)?)
        }
        ("x", _) => format!("{:x}", float(value)? as i64),
        ("X", _) => format!("{:X}", float(value)? as i64),
        _ => return None,
    };
    let width = flags.split('.').next().unwrap_or("");
    let digits = width.trim_start_matches(['-', '0']);
    let size = if digits.is_empty() { 0 } else { digits.parse::<usize>().ok().filter(|n| *n < 1000)? };
    Some(if width.starts_with('-') {
        format!("{plain:<size$}")
    } else if width.starts_with('0') && letter != "s" {
        format!("{plain:0>size$}")
    } else {
        format!("{plain:>size$}")
    })
}
