//! The reader of JSON against serde_json: they accept the same texts, but for comments, and read the same values.

use bakec::diagnostic::Diagnostic;
use bakec::json::{JsonProblem, Kind, Node, parse};
use bakec::text::FileId;
use serde_json::Value;

use super::{inside, sound};

pub(crate) fn check(text: &str) {
    let read = parse(FileId(0), text);
    assert!(read.value.is_some() || !read.problems.is_empty(), "neither a value nor a problem");
    assert!(read.problems.is_sorted_by_key(JsonProblem::span), "problems are not in order");
    assert!(parse(FileId(0), text) == read, "read twice, it gives two values");
    if let Some(value) = &read.value {
        places(text, value);
    }
    // Where the two differ on purpose: duplicate keys are told, and nesting is counted otherwise.
    let lenient = |p: &JsonProblem| matches!(p, JsonProblem::DuplicateKey { .. } | JsonProblem::TooDeep { .. });
    let refused = read.problems.iter().any(|p| !lenient(p));
    let doubtful = read.problems.iter().any(lenient);
    let theirs: Result<Value, _> = serde_json::from_str(&plain(text));
    match &theirs {
        Ok(theirs) => {
            assert!(!refused, "JSON is refused: {:?}", read.problems);
            if let (Some(ours), false) = (&read.value, doubtful) {
                equal(ours, theirs);
            }
        }
        Err(error) => {
            let range = error.to_string().contains("out of range") || error.to_string().contains("recursion limit");
            assert!(refused || doubtful || range, "not JSON, and accepted: {error}");
        }
    }
    for problem in read.problems {
        let diagnostic: Diagnostic = problem.into();
        sound(&diagnostic);
        let fix = diagnostic.fix.iter().map(|f| f.span);
        diagnostic.labels.iter().map(|l| l.span).chain(fix).for_each(|span| inside(text, span));
    }
}

/// The text with blanks for its comments and its byte order mark. What is not closed stays.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => {
                let mut escaped = false;
                let end = rest[1..].find(|c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                });
                let length = end.map_or(rest.len(), |end| end + 2);
                out.push_str(&rest[..length]);
                length
            }
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") && rest[2..].contains("*/") => {
                out.push(' ');
                rest[2..].find("*/").map_or(0, |end| end + 4)
            }
            other => {
                out.push(other);
                other.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    out
}

/// Every value stands where its span says.
fn places(text: &str, node: &Node) {
    inside(text, node.span);
    let written = &text[node.span.range()];
    match &node.kind {
        Kind::Null => assert_eq!(written, "null"),
        Kind::Bool(truth) => assert_eq!(written, truth.to_string()),
        Kind::Number(number) => assert_eq!(written, number),
        Kind::Text(_) => {
            assert!(written.len() > 1 && written.starts_with(['"', '\'']) && written.ends_with(['"', '\'']))
        }
        Kind::List(elements) => {
            assert!(written.starts_with('['));
            let mut end = node.span.start;
            for element in elements {
                assert!(end <= element.span.start && element.span.end <= node.span.end, "{:?}", element.span);
                end = element.span.end;
                places(text, element);
            }
        }
        Kind::Record(members) => {
            assert!(written.starts_with('{'));
            let mut end = node.span.start;
            for (key, value) in members {
                inside(text, key.span);
                assert!(end <= key.span.start && key.span.end <= value.span.start, "{:?}", key.span);
                assert!(value.span.end <= node.span.end, "{:?}", value.span);
                end = value.span.end;
                places(text, value);
            }
        }
    }
}

fn equal(ours: &Node, theirs: &Value) {
    match (&ours.kind, theirs) {
        (Kind::Null, Value::Null) => {}
        (Kind::Bool(a), Value::Bool(b)) => assert_eq!(a, b),
        (Kind::Number(written), Value::Number(b)) => {
            let near = match (written.parse::<f64>(), b.as_f64()) {
                // serde_json rounds by an ulp now and then.
                (Ok(a), Some(b)) => (a - b).abs() <= a.abs() * 1e-15,
                _ => false,
            };
            let same = b.as_i64().is_none_or(|b| written.parse::<i64>().is_ok_and(|a| a == b));
            assert!(near && same, "{written} is not {b}");
        }
        (Kind::Text(a), Value::String(b)) => assert_eq!(a, b),
        (Kind::List(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len());
            a.iter().zip(b).for_each(|(a, b)| equal(a, b));
        }
        (Kind::Record(a), Value::Object(b)) => {
            assert_eq!(a.len(), b.len());
            a.iter().zip(b).for_each(|((key, a), (name, b))| {
                assert_eq!(&key.name, name);
                equal(a, b);
            });
        }
        (a, b) => panic!("{a:?} is not {b:?}"),
    }
}
