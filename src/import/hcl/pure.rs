//! Functions of HCL2 applied to values that are known now. It knows nothing of templates; a function that is not here, or does not
//! take such arguments, has no result.

use regex::{Captures, Regex};
use serde_json::{Map, Value as Json};

use crate::load::world::normalise;

use super::{cidr, format, moment};

/// A value as text, as an interpolation writes it.
pub(super) fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(bool) => Some(bool.to_string()),
        // HCL has no exponents.
        Json::Number(number) => match number.as_i64() {
            Some(int) => Some(int.to_string()),
            None => number.as_f64().map(|float| float.to_string()),
        },
        _ => None,
    }
}

/// A number, also one that a text holds.
pub(super) fn float(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A truth value, also one that a text holds.
pub(super) fn truth(value: &Json) -> Option<bool> {
    match value {
        Json::Bool(bool) => Some(*bool),
        Json::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// The members of a map in HCL's order.
pub(super) fn sorted(map: Map<String, Json>) -> Vec<(String, Json)> {
    let mut members: Vec<(String, Json)> = map.into_iter().collect();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    members
}

/// JSON as `jsonencode` writes it: keys in alphabetical order, and no characters that HTML takes for its own.
pub(super) fn json(value: &Json) -> String {
    match value {
        Json::Array(values) => format!("[{}]", values.iter().map(json).collect::<Vec<_>>().join(",")),
        Json::Object(members) => {
            let mut members: Vec<(&String, &Json)> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            let member = |(key, value): (&String, &Json)| format!("{}:{}", json(&key.as_str().into()), json(value));
            format!("{{{}}}", members.into_iter().map(member).collect::<Vec<_>>().join(","))
        }
        Json::String(_) => {
            let mut text = value.to_string();
            for c in ['<', '>', '&', '\u{2028}', '\u{2029}'] {
                text = text.replace(c, &format!("\\u{:04x}", u32::from(c)));
            }
            text
        }
        Json::Number(_) => text(value).unwrap_or_default(),
        other => other.to_string(),
    }
}

/// What a calculation gives: HCL calculates with decimals, of which binary numbers miss the last digits.
pub(super) fn calculated(value: f64) -> Option<Json> {
    number(format!("{value:.14e}").parse().ok()?)
}

/// A number that is whole if it can be.
pub(super) fn number(value: f64) -> Option<Json> {
    // Up to here every whole number is exact.
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return Some((value as i64).into());
    }
    serde_json::Number::from_f64(value).map(Json::Number)
}

/// A built-in function of the language, by the names and orders that this front half writes.
pub(super) fn built_in(name: &str, arguments: &[Json]) -> Option<Json> {
    let swapped: Vec<Json> = arguments.iter().rev().cloned().collect();
    match (name, arguments) {
        ("trim", [_]) => call("trimspace", arguments),
        ("split" | "join" | "indent", [_, _]) => call(name, &swapped),
        ("trim_prefix", _) => call("trimprefix", arguments),
        ("trim_suffix", _) => call("trimsuffix", arguments),
        ("starts_with", _) => call("startswith", arguments),
        ("ends_with", _) => call("endswith", arguments),
        ("len", _) => call("length", arguments),
        ("string", [one]) => text(one).map(Json::from),
        ("int", [one]) => number(float(one)?.trunc()),
        ("first", [Json::Array(values)]) => Some(values.first().cloned().unwrap_or(Json::Null)),
        ("last", [Json::Array(values)]) => Some(values.last().cloned().unwrap_or(Json::Null)),
        ("all", _) => call("alltrue", arguments),
        ("any", _) => call("anytrue", arguments),
        ("json", [one]) => call("jsonencode", std::slice::from_ref(one)),
        ("env" | "file", _) => None,
        _ => call(name, arguments),
    }
}

/// The most that a value may hold for something to be worked out of it.
const LARGEST: usize = 1 << 16;
/// The most that a text may grow to by what is put into it.
const GROWN: usize = 1 << 20;

/// How much a value holds.
fn size(value: &Json) -> usize {
    match value {
        Json::String(text) => text.len() + 1,
        Json::Array(values) => values.iter().map(size).sum::<usize>() + 1,
        Json::Object(members) => members.iter().map(|(key, value)| key.len() + size(value)).sum::<usize>() + 1,
        _ => 1,
    }
}

/// Whether a text may be put in so often.
fn grows(times: usize, text: &str) -> Option<()> {
    (times.saturating_mul(text.len()) <= GROWN).then_some(())
}

/// A function of HCL2's.
pub(super) fn call(name: &str, arguments: &[Json]) -> Option<Json> {
    if arguments.iter().map(size).sum::<usize>() > LARGEST {
        return None;
    }
    match arguments {
        [Json::Array(list)] => of_list(name, list).or_else(|| of_many(name, arguments)),
        [Json::Object(map)] => of_map(name, map).or_else(|| of_many(name, arguments)),
        [one] => of_text(name, one).or_else(|| of_many(name, arguments)),
        [a, b] => of_two(name, a, b).or_else(|| of_many(name, arguments)),
        [a, b, c] => of_three(name, a, b, c).or_else(|| of_many(name, arguments)),
        _ => of_many(name, arguments),
    }
}

fn of_text(name: &str, value: &Json) -> Option<Json> {
    if let ("abs" | "ceil" | "floor" | "signum", Some(x)) = (name, float(value)) {
        return number(match name {
            "abs" => x.abs(),
            "ceil" => x.ceil(),
            "floor" => x.floor(),
            _ if x == 0.0 => 0.0,
            _ => x.signum(),
        });
    }
    let text = text(value)?;
    Some(match name {
        "upper" => text.to_uppercase().into(),
        "lower" => text.to_lowercase().into(),
        "title" => title(&text).into(),
        "trimspace" => text.trim().into(),
        "chomp" => text.trim_end_matches(['\n', '\r']).into(),
        "strrev" => text.chars().rev().collect::<String>().into(),
        "length" => text.chars().count().into(),
        "basename" => match text.trim_end_matches('/').rsplit('/').next() {
            Some("") if text.is_empty() => ".".into(),
            Some("") | None => "/".into(),
            Some(name) => name.into(),
        },
        // Of `a/b/` it is `a/b`: what stands before the last slash.
        "dirname" => match text.rsplit_once('/') {
            Some((folder, _)) if folder.trim_end_matches('/').is_empty() => "/".into(),
            Some((folder, _)) => normalise(folder.trim_end_matches('/')).into(),
            None => ".".into(),
        },
        "cidrnetmask" => cidr::netmask(&text)?.into(),
        "jsonencode" => return Some(json(value).into()),
        "urlencode" => urlencoded(&text).into(),
        "jsondecode" => serde_json::from_str(&text).ok()?,
        "tostring" => text.into(),
        "tonumber" => number(float(value)?)?,
        "tobool" => text.parse::<bool>().ok()?.into(),
        _ => return None,
    })
}

fn title(text: &str) -> String {
    let mut before = ' ';
    text.chars()
        .flat_map(|c| {
            let starts = if before.is_ascii() {
                !before.is_ascii_alphanumeric() && before != '_'
            } else {
                before.is_whitespace()
            };
            before = c;
            if starts { c.to_uppercase().collect::<Vec<_>>() } else { vec![c] }
        })
        .collect()
}

fn urlencoded(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
            b' ' => "+".to_owned(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}

fn of_list(name: &str, list: &[Json]) -> Option<Json> {
    let texts = || list.iter().map(text).collect::<Option<Vec<String>>>();
    let numbers = || list.iter().map(float).collect::<Option<Vec<f64>>>();
    Some(match name {
        "length" => list.len().into(),
        "compact" => list.iter().filter(|v| !v.is_null() && v.as_str() != Some("")).cloned().collect(),
        "distinct" => distinct(list.iter().cloned()),
        "toset" => {
            let mut texts = texts()?;
            texts.sort();
            texts.dedup();
            texts.into()
        }
        "sort" => {
            let mut texts = texts()?;
            texts.sort();
            texts.into()
        }
        "tolist" => list.to_vec().into(),
        "reverse" => list.iter().rev().cloned().collect(),
        "flatten" => flat(list),
        "sum" => calculated(numbers()?.into_iter().sum())?,
        "jsonencode" => json(&Json::from(list.to_vec())).into(),
        "alltrue" => list.iter().all(|v| v.as_bool() == Some(true)).into(),
        "anytrue" => list.iter().any(|v| v.as_bool() == Some(true)).into(),
        _ => return None,
    })
}

fn distinct(values: impl Iterator<Item = Json>) -> Json {
    let mut seen: Vec<Json> = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen.into()
}

/// The elements of a set in HCL's order.
fn set(values: impl Iterator<Item = Json>) -> Json {
    let Json::Array(mut values) = distinct(values) else { return Json::Array(Vec::new()) };
    values.sort_by_key(|value| value.as_str().map(str::to_owned));
    values.into()
}

fn flat(list: &[Json]) -> Json {
    let flat = list.iter().flat_map(|value| match value {
        Json::Array(inner) => match flat(inner) {
            Json::Array(values) => values,
            other => vec![other],
        },
        other => vec![other.clone()],
    });
    flat.collect()
}

fn of_map(name: &str, map: &Map<String, Json>) -> Option<Json> {
    let mut keys: Vec<&String> = map.keys().collect();
    keys.sort();
    Some(match name {
        "length" => map.len().into(),
        "jsonencode" => json(&Json::Object(map.clone())).into(),
        "keys" => keys.into_iter().map(|k| Json::from(k.as_str())).collect(),
        "values" => keys.into_iter().filter_map(|k| map.get(k).cloned()).collect(),
        _ => return None,
    })
}

fn of_two(name: &str, a: &Json, b: &Json) -> Option<Json> {
    if let (Json::Array(list), other) = (a, b) {
        match (name, other) {
            ("contains", _) => return Some(list.contains(other).into()),
            ("index", _) => return list.iter().position(|v| v == other).map(Json::from),
            ("element", _) => {
                let at = usize::try_from(other.as_i64()?).ok()?;
                return list.get(at.checked_rem(list.len())?).cloned();
            }
            ("chunklist", _) => {
                let size = usize::try_from(other.as_i64()?).ok()?;
                return Some(list.chunks(size.max(1)).map(|c| Json::from(c.to_vec())).collect());
            }
            ("setintersection", Json::Array(others)) => {
                return Some(set(list.iter().filter(|v| others.contains(v)).cloned()));
            }
            ("setsubtract", Json::Array(others)) => {
                return Some(set(list.iter().filter(|v| !others.contains(v)).cloned()));
            }
            ("zipmap", Json::Array(values)) => {
                let keys = list.iter().map(text).collect::<Option<Vec<_>>>().filter(|k| k.len() == values.len())?;
                return Some(keys.into_iter().zip(values.iter().cloned()).collect());
            }
            _ => {}
        }
    }
    match (name, a, b) {
        ("join", _, Json::Array(list)) => {
            let texts = list.iter().map(text).collect::<Option<Vec<_>>>()?;
            let separator = text(a)?;
            grows(texts.len(), &separator)?;
            return Some(texts.join(&separator).into());
        }
        ("cidrhost", ..) => return cidr::host(&text(a)?, b.as_i64()?).map(Json::from),
        ("pow", ..) => return number(float(a)?.powf(float(b)?)),
        ("log", ..) => return number(float(a)?.log(float(b)?)),
        ("parseint", ..) => {
            let base = u32::try_from(b.as_i64()?).ok().filter(|base| (2..=36).contains(base))?;
            return i64::from_str_radix(&text(a)?, base).ok().map(Json::from);
        }
        ("lookup", Json::Object(map), _) => return map.get(&text(b)?).cloned(),
        _ => {}
    }
    let (a, b) = (text(a)?, text(b)?);
    Some(match name {
        "split" if a.is_empty() => b.chars().map(|c| Json::from(c.to_string())).collect(),
        "split" => b.split(a.as_str()).map(Json::from).collect(),
        "timeadd" => moment::later(&a, &b)?.into(),
        "formatdate" => moment::dated(&a, &b)?.into(),
        "trim" => a.trim_matches(|c| b.contains(c)).into(),
        "trimprefix" => a.strip_prefix(b.as_str()).unwrap_or(&a).into(),
        "trimsuffix" => a.strip_suffix(b.as_str()).unwrap_or(&a).into(),
        "startswith" => a.starts_with(b.as_str()).into(),
        "endswith" => a.ends_with(b.as_str()).into(),
        "strcontains" | "contains" => a.contains(b.as_str()).into(),
        "indent" => {
            let blanks = " ".repeat(a.parse::<usize>().ok().filter(|n| *n < 1000)?);
            grows(b.matches('\n').count(), &blanks)?;
            b.replace('\n', &format!("\n{blanks}")).into()
        }
        "regex" => {
            let regex = Regex::new(&a).ok()?;
            matched(&regex, &regex.captures(&b)?)
        }
        "regexall" => {
            let regex = Regex::new(&a).ok()?;
            regex.captures_iter(&b).map(|found| matched(&regex, &found)).collect()
        }
        _ => return None,
    })
}

/// What `regex` gives: the match, or its groups.
fn matched(regex: &Regex, found: &Captures<'_>) -> Json {
    let group = |i: usize| found.get(i).map_or(Json::Null, |m| m.as_str().into());
    if regex.captures_len() == 1 {
        return group(0);
    }
    if regex.capture_names().skip(1).all(|name| name.is_some()) {
        let names = regex.capture_names().flatten();
        return names.map(|n| (n.to_owned(), found.name(n).map_or(Json::Null, |m| m.as_str().into()))).collect();
    }
    (1..regex.captures_len()).map(group).collect()
}

fn of_three(name: &str, a: &Json, b: &Json, c: &Json) -> Option<Json> {
    let int = |value: &Json| value.as_i64();
    Some(match (name, a) {
        ("replace", _) => {
            let (whole, from, to) = (text(a)?, text(b)?, text(c)?);
            grows(whole.len() + 1, &to)?;
            whole.replace(&from, &to).into()
        }
        ("regex_replace", _) => {
            let (whole, with) = (text(a)?, text(c)?);
            grows(whole.len() + 1, &with)?;
            Regex::new(&text(b)?).ok()?.replace_all(&whole, with.as_str()).into_owned().into()
        }
        ("cidrsubnet", _) => cidr::subnet(&text(a)?, int(b)?, int(c)?)?.into(),
        ("substr", _) => {
            let chars: Vec<char> = text(a)?.chars().collect();
            let start = int(b)?;
            let length = i64::try_from(chars.len()).ok()?;
            let start = if start < 0 { (length + start).max(0) } else { start };
            let taken = if int(c)? < 0 { length } else { int(c)? };
            let (start, taken) = (usize::try_from(start).ok()?, usize::try_from(taken).ok()?);
            chars.iter().skip(start).take(taken).collect::<String>().into()
        }
        ("slice", Json::Array(list)) => {
            list.get(usize::try_from(int(b)?).ok()?..usize::try_from(int(c)?).ok()?)?.to_vec().into()
        }
        ("lookup", Json::Object(map)) => map.get(&text(b)?).unwrap_or(c).clone(),
        _ => return None,
    })
}

fn of_many(name: &str, arguments: &[Json]) -> Option<Json> {
    let numbers = || arguments.iter().map(float).collect::<Option<Vec<f64>>>();
    Some(match name {
        "max" => number(numbers()?.into_iter().reduce(f64::max)?)?,
        "min" => number(numbers()?.into_iter().reduce(f64::min)?)?,
        "join" => {
            let (separator, lists) = arguments.split_first()?;
            let lists = lists.iter().map(Json::as_array).collect::<Option<Vec<_>>>()?;
            let all: Json = lists.into_iter().flatten().cloned().collect();
            of_two("join", separator, &all)?
        }
        "cidrsubnets" => {
            let (prefix, more) = arguments.split_first()?;
            let more = more.iter().map(Json::as_i64).collect::<Option<Vec<i64>>>()?;
            cidr::subnets(&text(prefix)?, &more)?.into()
        }
        "formatlist" => format::listed(arguments)?,
        "coalesce" => arguments.iter().find(|v| !v.is_null())?.clone(),
        "coalescelist" => arguments.iter().find(|v| v.as_array().is_some_and(|l| !l.is_empty()))?.clone(),
        "concat" => {
            let lists = arguments.iter().map(Json::as_array).collect::<Option<Vec<_>>>()?;
            lists.into_iter().flatten().cloned().collect()
        }
        "setunion" => {
            let lists = arguments.iter().map(Json::as_array).collect::<Option<Vec<_>>>()?;
            set(lists.into_iter().flatten().cloned())
        }
        "merge" => {
            let maps = arguments.iter().filter(|a| !a.is_null()).map(Json::as_object).collect::<Option<Vec<_>>>()?;
            maps.into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect()
        }
        "setproduct" => product(arguments)?,
        "range" => range(&numbers()?)?,
        "format" => format::formatted(arguments)?.into(),
        _ => return None,
    })
}

/// The most elements that a product or range may have.
const MOST: usize = 4096;

fn product(lists: &[Json]) -> Option<Json> {
    let mut rows: Vec<Vec<Json>> = vec![Vec::new()];
    for list in lists {
        let list = list.as_array()?;
        let longer = rows.iter().flat_map(|row| list.iter().map(|v| row.iter().cloned().chain([v.clone()]).collect()));
        rows = longer.take(MOST + 1).collect();
    }
    (rows.len() <= MOST).then(|| rows.into_iter().map(Json::from).collect())
}

fn range(numbers: &[f64]) -> Option<Json> {
    let (start, end, step) = match numbers {
        [end] => (0.0, *end, if *end < 0.0 { -1.0 } else { 1.0 }),
        [start, end] => (*start, *end, if end < start { -1.0 } else { 1.0 }),
        [start, end, step] => (*start, *end, *step),
        _ => return None,
    };
    let count = ((end - start) / step).ceil();
    if !(0.0..=MOST as f64).contains(&count) {
        return None;
    }
    (0..count as usize).map(|i| number(start + i as f64 * step)).collect::<Option<Vec<_>>>().map(Json::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn functions_give_what_packer_gives() {
        let gives =
            |name: &str, arguments: Json| call(name, arguments.as_array().map(Vec::as_slice).unwrap_or_default());
        assert_eq!(gives("split", json!([",", "a,b"])), Some(json!(["a", "b"])));
        assert_eq!(gives("substr", json!(["hello", 1, -1])), Some(json!("ello")));
        assert_eq!(gives("regex", json!(["(\\d+)\\.(\\d+)", "v1.22"])), Some(json!(["1", "22"])));
        assert_eq!(gives("regexall", json!(["[a-z]", "a1b"])), Some(json!(["a", "b"])));
        assert_eq!(gives("regexall", json!(["\\bb", "ab b"])), Some(json!(["b"])));
        assert_eq!(gives("regex_replace", json!(["a.b.c", "\\.", "-"])), Some(json!("a-b-c")));
        assert_eq!(gives("format", json!(["%s-%03d%%", "a", 7])), Some(json!("a-007%")));
        assert_eq!(gives("format", json!(["%[2]s %[1]s", "a", "b"])), Some(json!("b a")));
        assert_eq!(gives("setproduct", json!([["a", "b"], [1]])), Some(json!([["a", 1], ["b", 1]])));
        assert_eq!(gives("keys", json!([{ "b": 1, "a": 2 }])), Some(json!(["a", "b"])));
        assert_eq!(gives("element", json!([["a", "b"], 3])), Some(json!("b")));
        assert_eq!(gives("coalesce", json!([null, "", "b"])), Some(json!("")));
        assert_eq!(gives("range", json!([1, 7, 3])), Some(json!([1, 4])));
        assert_eq!(gives("zipmap", json!([["a"], [1]])), Some(json!({ "a": 1 })));
        assert_eq!(gives("title", json!(["it's a-b_c d.e"])), Some(json!("It'S A-B_c D.E")));
        for (path, name, folder) in [
            ("/a", "a", "/"),
            ("a/b/", "b", "a/b"),
            ("a//b", "b", "a"),
            ("", ".", "."),
            ("/", "/", "/"),
            ("a", "a", "."),
        ] {
            assert_eq!(gives("basename", json!([path])), Some(json!(name)), "{path}");
            assert_eq!(gives("dirname", json!([path])), Some(json!(folder)), "{path}");
        }
        assert_eq!(gives("split", json!(["", "abc"])), Some(json!(["a", "b", "c"])));
        assert_eq!(gives("join", json!([",", ["a"], ["b"]])), Some(json!("a,b")));
        assert_eq!(gives("formatlist", json!(["%s-%s", ["a", "b"], "c"])), Some(json!(["a-c", "b-c"])));
        assert_eq!(gives("setunion", json!([["b", "a"], ["c", "a"]])), Some(json!(["a", "b", "c"])));
        assert_eq!(gives("setintersection", json!([["b", "a", "b"], ["b", "a"]])), Some(json!(["a", "b"])));
        assert_eq!(gives("merge", json!([{ "a": 1 }, null, { "b": 2 }])), Some(json!({ "a": 1, "b": 2 })));
        assert_eq!(
            gives("jsonencode", json!([{ "b": 1, "a": "<&>" }])),
            Some(json!(r#"{"a":"\u003c\u0026\u003e","b":1}"#))
        );
        assert_eq!(gives("timeadd", json!(["2020-01-01T00:00:00Z", "36h10m"])), Some(json!("2020-01-02T12:10:00Z")));
        assert_eq!(
            gives("timeadd", json!(["2020-01-01T00:00:00+02:00", "-1.5h"])),
            Some(json!("2019-12-31T22:30:00+02:00"))
        );
        assert_eq!(gives("formatdate", json!(["EEE, D MMM YY", "2018-01-02T23:12:01Z"])), Some(json!("Tue, 2 Jan 18")));
        assert_eq!(gives("replace", json!(["a.b.c", "/[.]/", "x"])), Some(json!("a.b.c")));
    }

    #[test]
    fn what_would_grow_without_end_is_not_worked_out() {
        let long = "a".repeat(1 << 15);
        assert_eq!(call("replace", &[json!(long), json!("a"), json!(long)]), None);
        assert_eq!(call("regex_replace", &[json!(long), json!("a"), json!(long)]), None);
        assert_eq!(call("upper", &[json!("a".repeat(1 << 17))]), None);
    }

    #[test]
    fn numbers_are_decimals() {
        assert_eq!(calculated(0.1 + 0.2), Some(json!(0.3)));
        assert_eq!(calculated(2.0 / 3.0 * 3.0), Some(json!(2)));
        assert_eq!(text(&json!(1e21)).as_deref(), Some("1000000000000000000000"));
        assert_eq!(text(&json!(0.0000002)).as_deref(), Some("0.0000002"));
    }
}
