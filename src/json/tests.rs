//! Reading of JSON: good files, every mistake, and totality.

use proptest::prelude::*;

use super::JsonProblem as P;
use super::*;
use crate::diagnostic::Diagnostic;
use crate::text::FileId;

const FILE: FileId = FileId(0);

fn read(text: &str) -> Parse {
    parse(FILE, text)
}

fn good(text: &str) -> Node {
    let parsed = read(text);
    assert_eq!(parsed.problems, [], "{text}");
    parsed.value.expect("a value")
}

/// The problems as `start..end message`, and what could be read all the same.
fn wrong(text: &str) -> (Vec<String>, String) {
    let parsed = read(text);
    let problems = parsed.problems.into_iter().map(|problem| {
        let diagnostic = Diagnostic::from(problem);
        format!("{:?} {}", diagnostic.span().range(), diagnostic.message)
    });
    (problems.collect(), parsed.value.map_or("nothing".to_owned(), |v| v.plain().to_string()))
}

#[test]
fn values_have_places() {
    let node = good("{ \"a\": [1, -2.5e3], // why\n # and\n \"b\" /* c */ : null, \"c\": {\"d\": true} }");
    assert_eq!(node.plain().to_string(), r#"{"a":[1,-2500.0],"b":null,"c":{"d":true}}"#);
    let members = node.record().expect("a record");
    assert_eq!((members[0].0.span.range(), members[0].1.span.range()), (2..5, 7..18));
    assert_eq!(node.get("a").and_then(Node::list).map(|l| l[1].span.range()), Some(11..17));
    assert_eq!(node.get("b").map(Node::describe), Some("`null`"));
    assert_eq!(node.get("x"), None);
}

#[test]
fn texts_are_decoded() {
    assert_eq!(good(r#""a\n\t\"\\\/\u00e9\ud83d\ude00é""#).text(), Some("a\n\t\"\\/é😀é"));
    assert_eq!(good("\u{feff}\"x\"").span.range(), 3..6);
    assert_eq!(
        wrong(r#"["a\q", "\ud800", "\u12", "b"]"#).0,
        [
            "3..5 `\\q` is no escape of JSON",
            "9..15 `\\ud800` is no escape of JSON",
            "19..21 `\\u` is no escape of JSON"
        ]
    );
    assert_eq!(wrong("\"a\tb\"").0, ["2..3 a control character in a text"]);
    assert_eq!(good("\"a\u{7f}b\"").text(), Some("a\u{7f}b"));
}

#[test]
fn each_mistake_is_named_and_the_rest_is_read() {
    let cases: &[(&str, &[&str], &str)] = &[
        ("", &["0..0 the file ends where a value should stand"], "nothing"),
        ("[1, 2,]", &["5..6 a comma before `]`"], "[1,2]"),
        ("{\"a\": 1,}", &["7..8 a comma before `}`"], r#"{"a":1}"#),
        ("[1 2]", &["2..2 a comma is missing"], "[1,2]"),
        ("{\"a\": 1\n\"b\": 2}", &["7..7 a comma is missing"], r#"{"a":1,"b":2}"#),
        ("[1,,2]", &["3..4 unexpected `,`"], "[1,2]"),
        ("[,1]", &["1..2 unexpected `,`"], "[1]"),
        ("{\"a\" = 1}", &["5..6 `=` between key and value"], r#"{"a":1}"#),
        ("{\"a\" 1, \"b\": 2}", &["5..6 unexpected `1`"], r#"{"b":2}"#),
        ("{a: 1}", &["1..2 the key `a` has no quotes"], r#"{"a":1}"#),
        ("{'a': 'b'}", &["1..4 a text in single quotes", "6..9 a text in single quotes"], r#"{"a":"b"}"#),
        ("{\"a\": 1, \"b\": 2, \"a\": 3}", &["17..20 the key `a` is written twice"], r#"{"b":2,"a":3}"#),
        ("{\"a\": }", &["6..7 unexpected `}`"], "{}"),
        ("{\"a\": [1, {\"b\": ?}, 3]}", &["16..17 unexpected `?`"], r#"{"a":[1,{},3]}"#),
        ("{1: 2, \"b\": 3}", &["1..2 unexpected `1`"], r#"{"b":3}"#),
        ("[1, 2", &["0..1 the list is not closed"], "[1,2]"),
        ("{\"a\": [1, 2}", &["11..12 the brackets do not match", "0..1 the record is not closed"], r#"{"a":[1,2]}"#),
        ("{\"a\": \"b\n, \"c\": 1}", &["6..7 the text is not closed"], r#"{"c":1}"#),
        ("1 /* x", &["2..4 the comment is not closed"], "1"),
        ("{} {}", &["3..4 a JSON file holds one value"], "{}"),
        (
            "[True, nul, yes, x]",
            &[
                "1..5 no value `True` in JSON",
                "7..10 no value `nul` in JSON",
                "12..15 no value `yes` in JSON",
                "17..18 no value `x` in JSON",
            ],
            "[]",
        ),
        ("?", &["0..1 unexpected `?`"], "nothing"),
    ];
    for (text, problems, value) in cases {
        let (mut wanted, (found, read)) = (problems.to_vec(), wrong(text));
        wanted.sort_unstable_by_key(|p| p.split("..").next().and_then(|n| n.parse::<usize>().ok()));
        assert_eq!((found, read), (wanted.into_iter().map(str::to_owned).collect(), (*value).to_owned()), "{text}");
    }
}

#[test]
fn numbers_are_those_of_json() {
    for text in ["0", "-0", "10", "1.5", "1e5", "1E-5", "-1.25e+10"] {
        assert_eq!(good(text).kind, Kind::Number(text.to_owned()));
    }
    for text in ["01", "1.", ".5", "+1", "-", "1e", "0x10", "1_000", "1.2.3", "--1"] {
        assert!(matches!(read(text).problems[..], [P::BadNumber { .. }]), "{text}");
    }
}

#[test]
fn deep_and_hopeless_files_end() {
    let deep = "[".repeat(100_000);
    assert!(matches!(read(&deep).problems[..], [P::Unclosed { .. }, .., P::TooDeep { .. }] | [P::TooDeep { .. }, ..]));
    assert!(read(&format!("{}{}", "[".repeat(100), "]".repeat(100))).problems.is_empty());
    let hopeless = read(&"[?,".repeat(1000));
    assert!(hopeless.problems.len() < 60);
    assert!(hopeless.problems.iter().any(|p| matches!(p, P::TooMany { .. })));
    // The last mistake that is told may be of any kind; what follows it is not read.
    for mistake in [",", "'a',", "01,", "\"\\q\",", "{\"a\"=1},", "a,", "1 ", "]", "\t\"\t\","] {
        let text = format!("[{}", mistake.repeat(60));
        for shift in 0..3 {
            let text = format!("{}{text}", "[".repeat(shift));
            let parsed = read(&text);
            assert!(parsed.problems.len() <= 51, "{mistake}: {}", parsed.problems.len());
            let spans = parsed.problems.iter().map(P::span).chain(parsed.value.map(|v| v.span));
            spans.for_each(|span| assert!(text.get(span.range()).is_some(), "{mistake}: {span:?}"));
        }
    }
}

#[test]
fn both_places_of_a_duplicate_are_shown() {
    let problem = read("{\"a\": 1, \"a\": 2}").problems.remove(0);
    let diagnostic = Diagnostic::from(problem);
    let places: Vec<_> = diagnostic.labels.iter().map(|l| l.span.range()).collect();
    assert_eq!(places, [9..12, 1..4]);
}

fn any_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            proptest::collection::btree_map(".{0,4}", inner, 0..5).prop_map(|m| m.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn what_another_writer_writes_is_read(value in any_value()) {
        for text in [value.to_string(), format!("{value:#}")] {
            let parsed = read(&text);
            prop_assert_eq!(&parsed.problems, &vec![]);
            prop_assert_eq!(parsed.value.as_ref().map(Node::plain), Some(value.clone()));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[\\[\\]{},:=\"'\\\\/*# \\n\\ta1.+u?é-]{0,60}") {
        let parsed = read(&text);
        prop_assert!(parsed.value.is_some() || !parsed.problems.is_empty());
        let strict = serde_json::from_str::<serde_json::Value>(&text).is_ok();
        let twice_only = parsed.problems.iter().all(|p| matches!(p, P::DuplicateKey { .. }));
        prop_assert!(twice_only || !strict);
        for problem in parsed.problems {
            let diagnostic = Diagnostic::from(problem);
            for label in &diagnostic.labels {
                prop_assert!(text.get(label.span.range()).is_some());
            }
        }
    }
}
