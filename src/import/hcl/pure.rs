//! Functions of HCL2 applied to values that are known now. It knows nothing of templates; a function that is not here, or does not
//! take such arguments, has no result.

use regex::Regex;
use serde_json::{Map, Value as Json};

use super::format;

/// A value as text, as an interpolation writes it.
pub(super) fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(_) | Json::Bool(_) => Some(value.to_string()),
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
        ("env" | "file" | "json", _) => None,
        _ => call(name, arguments),
    }
}

/// A function of HCL2's.
pub(super) fn call(name: &str, arguments: &[Json]) -> Option<Json> {
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
        "basename" => text.trim_end_matches('/').rsplit('/').next().unwrap_or(&text).into(),
        "dirname" => match text.trim_end_matches('/').rsplit_once('/') {
            Some(("", _)) => "/".into(),
            Some((folder, _)) => folder.into(),
            None => ".".into(),
        },
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
            let starts = !before.is_alphanumeric() && before != '_' && before != '\'';
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
        "sum" => number(numbers()?.into_iter().sum())?,
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
            ("element", _) if !list.is_empty() => {
                let at = other.as_i64()?.rem_euclid(i64::try_from(list.len()).ok()?);
                return list.get(usize::try_from(at).ok()?).cloned();
            }
            ("chunklist", _) => {
                let size = usize::try_from(other.as_i64()?).ok()?;
                return Some(list.chunks(size.max(1)).map(|c| Json::from(c.to_vec())).collect());
            }
            ("setintersection", Json::Array(others)) => {
                return Some(distinct(list.iter().filter(|v| others.contains(v)).cloned()));
            }
            ("setsubtract", Json::Array(others)) => {
                return Some(distinct(list.iter().filter(|v| !others.contains(v)).cloned()));
            }
            ("zipmap", Json::Array(values)) => {
                let keys = list.iter().map(text).collect::<Option<Vec<_>>>()?;
                return Some(keys.into_iter().zip(values.iter().cloned()).collect());
            }
            _ => {}
        }
    }
    match (name, a, b) {
        ("join", _, Json::Array(list)) => {
            let texts = list.iter().map(text).collect::<Option<Vec<_>>>()?;
            return Some(texts.join(&text(a)?).into());
        }
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
        "split" => b.split(a.as_str()).map(Json::from).collect(),
        "trim" => a.trim_matches(|c| b.contains(c)).into(),
        "trimprefix" => a.strip_prefix(b.as_str()).unwrap_or(&a).into(),
        "trimsuffix" => a.strip_suffix(b.as_str()).unwrap_or(&a).into(),
        "startswith" => a.starts_with(b.as_str()).into(),
        "endswith" => a.ends_with(b.as_str()).into(),
        "strcontains" | "contains" => a.contains(b.as_str()).into(),
        "indent" => {
            b.replace('\n', &format!("\n{}", " ".repeat(a.parse::<usize>().ok().filter(|n| *n < 1000)?))).into()
        }
        "regex" => matched(&Regex::new(&a).ok()?, &b)?,
        "regexall" => {
            let regex = Regex::new(&a).ok()?;
            regex.find_iter(&b).map(|found| matched(&regex, found.as_str())).collect::<Option<Vec<_>>>()?.into()
        }
        _ => return None,
    })
}

/// What `regex` gives: the match, or its groups.
fn matched(regex: &Regex, text: &str) -> Option<Json> {
    let found = regex.captures(text)?;
    let group = |i: usize| found.get(i).map_or(Json::Null, |m| m.as_str().into());
    if regex.captures_len() == 1 {
        return Some(group(0));
    }
    if regex.capture_names().skip(1).all(|name| name.is_some()) {
        let names = regex.capture_names().flatten();
        return Some(names.map(|n| (n.to_owned(), found.name(n).map_or(Json::Null, |m| m.as_str().into()))).collect());
    }
    Some((1..regex.captures_len()).map(group).collect())
}

fn of_three(name: &str, a: &Json, b: &Json, c: &Json) -> Option<Json> {
    let int = |value: &Json| value.as_i64();
    Some(match (name, a) {
        ("replace", _) => text(a)?.replace(&text(b)?, &text(c)?).into(),
        ("regex_replace", _) => {
            let regex = Regex::new(&text(b)?).ok()?;
            regex.replace_all(&text(a)?, text(c)?.as_str()).into_owned().into()
        }
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
        "coalesce" => arguments.iter().find(|v| !v.is_null())?.clone(),
        "coalescelist" => arguments.iter().find(|v| v.as_array().is_some_and(|l| !l.is_empty()))?.clone(),
        "concat" => {
            let lists = arguments.iter().map(Json::as_array).collect::<Option<Vec<_>>>()?;
            lists.into_iter().flatten().cloned().collect()
        }
        "setunion" => {
            let lists = arguments.iter().map(Json::as_array).collect::<Option<Vec<_>>>()?;
            distinct(lists.into_iter().flatten().cloned())
        }
        "merge" => {
            let maps = arguments.iter().map(Json::as_object).collect::<Option<Vec<_>>>()?;
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
        assert_eq!(gives("regex_replace", json!(["a.b.c", "\\.", "-"])), Some(json!("a-b-c")));
        assert_eq!(gives("format", json!(["%s-%03d%%", "a", 7])), Some(json!("a-007%")));
        assert_eq!(gives("format", json!(["%[2]s %[1]s", "a", "b"])), Some(json!("b a")));
        assert_eq!(gives("setproduct", json!([["a", "b"], [1]])), Some(json!([["a", 1], ["b", 1]])));
        assert_eq!(gives("keys", json!([{ "b": 1, "a": 2 }])), Some(json!(["a", "b"])));
        assert_eq!(gives("element", json!([["a", "b"], 3])), Some(json!("b")));
        assert_eq!(gives("coalesce", json!([null, "", "b"])), Some(json!("")));
        assert_eq!(gives("range", json!([1, 7, 3])), Some(json!([1, 4])));
        assert_eq!(gives("zipmap", json!([["a"], [1]])), Some(json!({ "a": 1 })));
        assert_eq!(gives("title", json!(["a b-c"])), Some(json!("A B-C")));
        assert_eq!(gives("dirname", json!(["/a"])), Some(json!("/")));
        assert_eq!(gives("yamldecode", json!(["a: 1"])), None);
    }
}
